/// ethtool -n and -N: the header fields that receive-side scaling hashes, and the rules that would
/// steer single flows. Left out: rules that a NIC takes, since an 82576 and virtio_net take none.
import { driverOf } from '../../hardware/driver.ts';
import type { ErrnoName } from '../../kernel/errno.ts';
import { ethtool_set_rxnfc, rxFlowHash } from '../../kernel/ethtool_ops_rss.ts';
import type { Running } from '../command.ts';
import { print, value } from '../marked.ts';
import { badArguments, deviceOf, ioctlError, notModelled, type Call } from './call.ts';

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
  if (errno) yield* ioctlError(io, 'Cannot get RX rings', errno);
  else yield* io.out.line(`${deviceOf(call)!.rx.length} RX rings available`);
  if (rules?.countsRules) {
    yield* io.out.line('Total 0 rules');
    yield* io.out.line('');
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
  const letters = errno ? null : flow ? rxFlowHash(deviceOf(call)!, type) : null;
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

function* showRule(call: Call): Running {
  const { io, args } = call;
  if (!/^\d{1,10}$/.test(args[1]!)) return yield* badArguments(io);
  const errno = missing(call) ?? (countsRules(call) ? 'EINVAL' : 'EOPNOTSUPP');
  yield* ioctlError(io, 'rxclass: Cannot get RX class rule', errno);
  yield* io.err.line('Cannot get RX classification rule');
  return 1;
}

function countsRules(call: Call): boolean {
  const dev = deviceOf(call);
  return (dev && driverOf(dev).flowHash?.countsRules) ?? false;
}

export function* configNfc(call: Call): Running {
  const { io, args } = call;
  if (args.length < 2) return yield* badArguments(io);
  if (args[0] === 'rx-flow-hash') return yield* setFlowHash(call);
  if (args[0] === 'flow-type') return yield* insertRule(call);
  if (args[0] !== 'delete' || !/^\d{1,10}$/.test(args[1]!)) return yield* badArguments(io);
  const errno = refusal(call) ?? (countsRules(call) ? 'EINVAL' : 'EOPNOTSUPP');
  yield* ioctlError(io, 'rmgr: Cannot delete RX class rule', errno);
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

const RULE_TYPES = /^((tcp|udp|sctp|ah|esp|ip)[46]|ether)$/;
const COMMON = ['vlan-etype', 'vlan', 'user-def', 'dst-mac', 'action', 'vf', 'queue', 'loc'];

/// Options of a rule by kind of flow.
function ruleOptions(type: string): readonly string[] {
  if (type === 'ether')
    return ['src', 'dst', 'proto', ...COMMON.filter((name) => name !== 'dst-mac')];
  const six = type.endsWith('6');
  const upper = /^(ah|esp)/.test(type)
    ? ['spi']
    : type.startsWith('ip')
      ? ['l4data', 'spi', 'src-port', 'dst-port', 'l4proto']
      : ['src-port', 'dst-port'];
  return ['src-ip', 'dst-ip', six ? 'tclass' : 'tos', ...upper, ...COMMON];
}

function* insertRule(call: Call): Running {
  const { io } = call;
  const [, type = '', ...words] = call.args;
  if (!RULE_TYPES.test(type)) {
    yield* io.err.line('Add rule, invalid syntax');
    return yield* badArguments(io);
  }
  const options = ruleOptions(type);
  for (let i = 0; i < words.length; i += 2) {
    if (words[i] === 'm' && i > 0) continue;
    if (options.includes(words[i]!)) continue;
    yield* io.out.line(`Add rule, unrecognized option[${words[i]}]`);
    return yield* badArguments(io);
  }
  const errno = refusal(call) ?? 'EOPNOTSUPP';
  // Without a location the tool first asks how many rules there are.
  const counted = words.includes('loc') || countsRules(call);
  const doing = counted
    ? 'rmgr: Cannot insert RX class rule'
    : 'rxclass: Cannot get RX class rule count';
  yield* ioctlError(io, doing, counted ? errno : (missing(call) ?? 'EOPNOTSUPP'));
  yield* io.err.line('Cannot insert classification rule');
  return 1;
}
