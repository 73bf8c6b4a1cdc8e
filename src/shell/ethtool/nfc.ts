/// ethtool -n and -N: the header fields that receive-side scaling hashes, and the rules that steer
/// single flows past it (nfc_rules.ts reads and prints them).
import { driverOf } from '../../hardware/driver.ts';
import type { ErrnoName } from '../../kernel/errno.ts';
import {
  deleteRule,
  ethtool_set_rxnfc,
  insertRule,
  rxFlowHash,
} from '../../kernel/ethtool_ops_rss.ts';
import type { NtupleRule } from '../../kernel/state.ts';
import type { Running } from '../command.ts';
import { print, value } from '../marked.ts';
import { badArguments, deviceOf, ioctlError, notModelled, type Call } from './call.ts';
import { parseRule, ruleLines, type TypedRule } from './nfc_rules.ts';

const FLOWS: Readonly<Record<string, string>> = {
  tcp: 'TCP',
  udp: 'UDP',
  sctp: 'SCTP',
  ah: 'IPSEC AH/ESP',
  esp: 'IPSEC AH/ESP',
};

const FIELDS: readonly (readonly [string, string])[] = [
  ['m', 'L2DA'],
  ['v', 'VLAN tag'],
  ['t', 'L3 proto'],
  ['s', 'IP SA'],
  ['d', 'IP DA'],
  ['f', 'L4 bytes 0 & 1 [TCP/UDP src port]'],
  ['n', 'L4 bytes 2 & 3 [TCP/UDP dst port]'],
  ['e', 'GTP TEID'],
];

const FLOW_TYPE = /^(tcp|udp|sctp|ah|esp)([46])$/;
const GTP_TYPE = /^(ether|gtp[cu][46](t|e|u|d)?)$/;

export function* showNfc(call: Call): Running {
  const { io, args } = call;
  if (args[0] === 'rx-flow-hash') return yield* showFlowHash(call);
  if (args[0] === 'rule' && args.length === 2) return yield* showRule(call);
  if (args.length) return yield* badArguments(io);
  const rules = deviceOf(call) && driverOf(deviceOf(call)!).flowHash;
  const errno = missing(call);
  const answers = deviceOf(call) && driverOf(deviceOf(call)!).answersRings;
  if (!answers) yield* ioctlError(io, 'Cannot get RX rings', errno ?? 'EOPNOTSUPP');
  else yield* io.out.line(`${deviceOf(call)!.rx.length} RX rings available`);
  if (rules?.countsRules) {
    const { ntuple } = deviceOf(call)!;
    yield* io.out.line(`Total ${ntuple.length} rules`);
    yield* io.out.line('');
    for (const rule of ntuple) yield* printRule(call, rule);
    return 0;
  }
  yield* ioctlError(io, 'rxclass: Cannot get RX class rule count', errno ?? 'EOPNOTSUPP');
  yield* io.err.line('RX classification rule retrieval failed');
  return 1;
}

/// Why no ioctl about receive classification can be answered; null when one can.
function missing(call: Call): ErrnoName | null {
  const dev = deviceOf(call);
  if (!dev) return 'ENODEV';
  return driverOf(dev).flowHash ? null : 'EOPNOTSUPP';
}

function* showFlowHash(call: Call): Running {
  const { io, args } = call;
  const type = args[1] ?? '';
  const flow = FLOW_TYPE.exec(type);
  if (args.length === 4 && args[2] === 'context')
    return yield* notModelled(io, '-n DEV rx-flow-hash ... context');
  if (args.length !== 2 || (!flow && !GTP_TYPE.test(type))) return yield* badArguments(io);
  const errno = missing(call);
  const letters = errno ? null : flow ? rxFlowHash(io.k, deviceOf(call)!, type) : null;
  if (typeof letters !== 'string') {
    const why = letters && !letters.ok ? letters.errno : (errno ?? 'EINVAL');
    yield* ioctlError(io, 'Cannot get RX network flow hashing options', why);
    return 1;
  }
  const name = `${FLOWS[flow![1]!]} over IPV${flow![2]} flows`;
  if (letters.includes('r')) {
    yield* io.out.line(`${name} - All matching flows discarded on RX`);
    return 0;
  }
  yield* io.out.line(`${name} use these fields for computing Hash flow key:`);
  const ref = `tunable:ethtool:rx-flow-hash@${call.devname}`;
  for (const [letter, field] of FIELDS)
    if (letters.includes(letter)) yield* print(io.out, value(field, ref));
  yield* io.out.line(letters ? '' : 'None');
  return 0;
}

function* printRule(call: Call, rule: NtupleRule): Running<void> {
  for (const line of ruleLines(rule)) yield* call.io.out.line(line);
}

function* showRule(call: Call): Running {
  const { io, args } = call;
  if (!/^\d{1,10}$/.test(args[1]!)) return yield* badArguments(io);
  const rule = deviceOf(call)?.ntuple.find(({ location }) => location === Number(args[1]));
  if (rule) {
    yield* printRule(call, rule);
    return 0;
  }
  const errno = missing(call) ?? (countsRules(call) ? absence(call) : 'EOPNOTSUPP');
  yield* ioctlError(io, 'rxclass: Cannot get RX class rule', errno);
  yield* io.err.line('Cannot get RX classification rule');
  return 1;
}

/// Why there is nothing to show at the place that was named.
function absence(call: Call): ErrnoName {
  const dev = deviceOf(call)!;
  return driverOf(dev).ntuple?.absent?.(dev, Number(call.args[1]), 'show') ?? 'EINVAL';
}

function countsRules(call: Call): boolean {
  const dev = deviceOf(call);
  return (dev && driverOf(dev).flowHash?.countsRules) ?? false;
}

export function* configNfc(call: Call): Running {
  const { io, args } = call;
  if (args.length < 2) return yield* badArguments(io);
  if (args[0] === 'rx-flow-hash') return yield* setFlowHash(call);
  if (args[0] === 'flow-type') return yield* insertRuleOf(call);
  if (args[0] !== 'delete' || !/^\d{1,10}$/.test(args[1]!)) return yield* badArguments(io);
  const refused = refusal(call);
  const result = refused
    ? ({ ok: false, errno: refused } as const)
    : deleteRule(io.k, deviceOf(call)!, Number(args[1]));
  if (result.ok) return 0;
  yield* ioctlError(io, 'rmgr: Cannot delete RX class rule', result.errno);
  yield* io.err.line('Cannot delete classification rule');
  return 1;
}

/// Why a change is refused before the driver is asked.
function refusal(call: Call): ErrnoName | null {
  if (!deviceOf(call)) return 'ENODEV';
  return call.io.uid === 0 ? missing(call) : 'EPERM';
}

function* setFlowHash(call: Call): Running {
  const { io, args } = call;
  const [, type = '', letters = ''] = args;
  const known = FLOW_TYPE.test(type);
  if (args.length !== 3 || !/^[mvtsdfnre]*$/.test(letters) || (!known && !GTP_TYPE.test(type)))
    return yield* badArguments(io);
  // The kernel sees a set of fields, whatever the order of the letters.
  const set = [...'mvtsdfnre'].filter((letter) => letters.includes(letter)).join('');
  const errno = refusal(call) ?? (known ? null : 'EINVAL');
  const result = errno
    ? ({ ok: false, errno } as const)
    : ethtool_set_rxnfc(io.k, deviceOf(call)!, type, set);
  if (result.ok) return 0;
  yield* ioctlError(io, 'Cannot change RX network flow hashing options', result.errno);
  return 1;
}

function* insertRuleOf(call: Call): Running {
  const { io } = call;
  const typed = parseRule(call.args.slice(1));
  if ('text' in typed) {
    yield* io[typed.to].line(typed.text);
    return yield* badArguments(io);
  }
  const place = yield* placeRule(call, typed);
  if (place === null) return yield* notInserted(call);
  const dev = deviceOf(call);
  const takes = dev !== undefined && driverOf(dev).ntuple !== undefined;
  const refused = refusal(call);
  if (typed.further && takes && !refused)
    return yield* notModelled(io, `-N DEV flow-type ... ${typed.further}`);
  const result = refused
    ? ({ ok: false, errno: refused } as const)
    : insertRule(io.k, dev!, { ...typed.rule, location: place });
  if (!result.ok) {
    yield* ioctlError(io, 'rmgr: Cannot insert RX class rule', result.errno);
    return yield* notInserted(call);
  }
  if (!typed.placed) yield* io.out.line(`Added rule with ID ${place}`);
  return 0;
}

/// Where the rule goes: without a location the tool asks for the rules there are and takes the last free
/// place. Null when it cannot, which it has said then.
function* placeRule(call: Call, typed: TypedRule): Running<number | null> {
  if (typed.placed) return typed.rule.location;
  const { io } = call;
  if (!countsRules(call)) {
    const errno = missing(call) ?? 'EOPNOTSUPP';
    yield* ioctlError(io, 'rxclass: Cannot get RX class rule count', errno);
    return null;
  }
  const dev = deviceOf(call)!;
  const size = driverOf(dev).ntuple?.size ?? 1; // a driver that takes none says so when asked
  const taken = new Set(dev.ntuple.map(({ location }) => location));
  for (let place = size - 1; place >= 0; place--) if (!taken.has(place)) return place;
  yield* io.err.line('rmgr: Cannot find appropriate slot to insert rule');
  return null;
}

function* notInserted(call: Call): Running {
  yield* call.io.err.line('Cannot insert classification rule');
  return 1;
}
