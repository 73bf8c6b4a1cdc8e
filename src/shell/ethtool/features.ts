/// ethtool -k and -K: offload features, alone and in the groups of older kernels.
import { freeFeatures } from '../../hardware/driver.ts';
import { FEATURES, kernelString } from '../../hardware/features.ts';
import { ethtool_set_features, type FeatureChanges } from '../../kernel/ethtool_ops_features.ts';
import type { NetDevice } from '../../kernel/state.ts';
import type { Running } from '../command.ts';
import { jsonText, type Json } from '../json_writer.ts';
import { print, value } from '../marked.ts';
import {
  afterHeader,
  aligned,
  deviceToChange,
  deviceToRead,
  netlinkError,
  unexpected,
  type Call,
} from './call.ts';

/// Groups as the tool knows them: short name, long name, and what they hold by kernel string.
const GROUPS: readonly (readonly [string, string, RegExp])[] = [
  ['rx', 'rx-checksumming', /^rx-checksum$/],
  ['tx', 'tx-checksumming', /^tx-checksum-/],
  ['sg', 'scatter-gather', /^tx-scatter-gather/],
  ['tso', 'tcp-segmentation-offload', /^tx-tcp.*-segmentation$/],
  ['gso', 'generic-segmentation-offload', /^tx-generic-segmentation$/],
  ['gro', 'generic-receive-offload', /^rx-gro$/],
  ['lro', 'large-receive-offload', /^rx-lro$/],
  ['rxvlan', 'rx-vlan-offload', /^rx-vlan-hw-parse$/],
  ['txvlan', 'tx-vlan-offload', /^tx-vlan-hw-insert$/],
  ['ntuple', 'ntuple-filters', /^rx-ntuple-filter$/],
  ['rxhash', 'receive-hashing', /^rx-hashing$/],
];

/// Names that a user can give to -K, for completion.
export const FEATURE_WORDS: readonly string[] = [
  ...GROUPS.map(([short]) => short),
  ...FEATURES.map(kernelString),
];

/// One line of the report. A group of several features has neither a user nor a driver behind it.
export interface FeatureRow {
  readonly name: string;
  readonly indent: string;
  readonly on: boolean;
  readonly fixed: boolean | null; // null: a group
  readonly wanted: boolean | null;
}

export function featureRows(dev: NetDevice): FeatureRow[] {
  const free = freeFeatures(dev);
  const row = (name: string, indent = ''): FeatureRow => ({
    name,
    indent,
    on: dev.features[name] ?? false,
    fixed: !free.includes(name),
    wanted: dev.wanted_features[name] ?? false,
  });
  const rows: FeatureRow[] = [];
  const members = GROUPS.map(([, , pattern]) =>
    FEATURES.filter((name) => pattern.test(kernelString(name))),
  );
  GROUPS.forEach(([, name], i) => {
    const inside = members[i]!;
    if (inside.length === 1) rows.push(row(inside[0]!));
    else {
      const on = inside.some((member) => dev.features[member]);
      rows.push({ name, indent: '', on, fixed: null, wanted: null });
      rows.push(...inside.map((member) => row(member, '\t')));
    }
  });
  const grouped = new Set(members.flat());
  return [...rows, ...FEATURES.filter((name) => !grouped.has(name)).map((name) => row(name))];
}

export function* showFeatures(call: Call): Running {
  if (call.args.length) return yield* unexpected(call);
  const dev = yield* deviceToRead(call);
  if (!dev) return 1;
  const rows = featureRows(dev);
  if (call.json) {
    const object: Record<string, Json> = { ifname: dev.name };
    for (const { name, on, fixed, wanted } of rows)
      object[name] = { active: on, fixed, requested: wanted };
    yield* call.io.out.write(jsonText([object], true) + '\n');
    return 0;
  }
  yield* call.io.out.line(`Features for ${dev.name}:`);
  for (const { name, indent, on, fixed, wanted } of rows) {
    const suffix = fixed
      ? ' [fixed]'
      : wanted === null || wanted === on
        ? ''
        : ` [requested ${wanted ? 'on' : 'off'}]`;
    const ref = `tunable:ethtool:feature:${name}@${dev.name}`;
    yield* print(call.io.out, `${indent}${name}: `, value(on ? 'on' : 'off', ref), suffix);
  }
  return 0;
}

const REFUSED = 92;

export function* setFeatures(call: Call): Running {
  const { args, io } = call;
  const asked: Record<string, boolean> = {};
  for (let i = 0; i < args.length && args[i] !== '--'; i += 2) {
    const state = args[i + 1];
    if (state !== 'on' && state !== 'off') {
      yield* io.err.line(
        `ethtool (-K): flag '${state ?? '(null)'}' for parameter '(null)' is not followed by 'on' or 'off'`,
      );
      return 1;
    }
    const group = GROUPS.find(([short, long]) => short === args[i] || long === args[i]);
    const names = group
      ? FEATURES.map(kernelString).filter((name) => group[2].test(name))
      : [args[i]!];
    for (const name of names) asked[name] = state === 'on';
  }
  const dev = yield* deviceToChange(call);
  if (!dev) return REFUSED;
  const result = ethtool_set_features(io.k, dev, asked);
  if (!result.ok) {
    yield* refusal(call, result, asked);
    return REFUSED;
  }
  return yield* report(call, dev, asked, result);
}

type Refused = Extract<ReturnType<typeof ethtool_set_features>, { ok: false }>;

/// The offset that the kernel reports lies in a nest of bits, each with a name and perhaps a flag.
function* refusal(call: Call, refused: Refused, asked: Record<string, boolean>): Running<void> {
  if (!('attr' in refused)) return yield* netlinkError(call, refused);
  let offset = afterHeader(call.devname) + 8 + 4 + 4 + 4; // header flags, and three nests
  for (const [name, on] of Object.entries(asked)) {
    if (name === refused.attr) break;
    offset += 4 + aligned(4 + name.length + 1) + (on ? 4 : 0);
  }
  const extack = `${refused.extack} (offset ${offset})`;
  yield* netlinkError(call, { ok: false, errno: refused.errno, extack });
}

/// Says what came of a request that was not met to the letter.
function* report(
  call: Call,
  dev: NetDevice,
  asked: Readonly<Record<string, boolean>>,
  { refused, changed }: FeatureChanges,
): Running {
  const requested = (name: string): boolean => kernelString(name) in asked;
  if (refused.length || changed.some((name) => !requested(name))) {
    yield* call.io.out.line('Actual changes:');
    for (const name of FEATURES) {
      const denied = refused.find((one) => one.name === name);
      if (!denied && !changed.includes(name)) continue;
      const on = denied ? !denied.asked : (dev.features[name] ?? false);
      const remark = denied
        ? ` [requested ${denied.asked ? 'on' : 'off'}]`
        : requested(name)
          ? ''
          : ' [not requested]';
      yield* call.io.out.line(`${kernelString(name)}: ${on ? 'on' : 'off'}${remark}`);
    }
  }
  if (refused.length !== Object.keys(asked).length) return 0;
  yield* call.io.err.line('Could not change any device features');
  return 1;
}
