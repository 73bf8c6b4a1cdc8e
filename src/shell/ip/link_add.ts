/// ip link add and ip link delete: devices without hardware. Stands for iplink_modify() of ip/iplink.c with
/// iplink_vlan.c, iplink_bridge.c, iplink_bond.c, iplink_macvlan.c and iplink_veth's peer of iproute2 6.15.
/// Left out: other kinds, 802.1ad, GVRP and MVRP, most options of bridges and bonds, namespaces.
import { BOND_MODES } from '../../kernel/bond.ts';
import type { BondMode, DeviceKind, MacvlanMode } from '../../kernel/links.ts';
import { rtnl_dellink, rtnl_newlink, type NewLink } from '../../kernel/rtnl_link.ts';
import type { Io, Running } from '../command.ts';
import { validName } from './link_set.ts';
import {
  answer,
  forbidden,
  garbage,
  incomplete,
  noDevice,
  notModelled,
  wrongArgument,
} from './trouble.ts';

const KINDS: readonly DeviceKind[] = ['vlan', 'bridge', 'bond', 'macvlan', 'veth', 'dummy'];

const QUEUES: Readonly<Record<string, 'rx' | 'tx'>> = { numrxqueues: 'rx', numtxqueues: 'tx' };

type Draft = { -readonly [K in keyof NewLink]?: NewLink[K] };

/// What was wrong with the words: an exit status, said already.
interface Trouble {
  readonly status: number;
}

export function* linkAdd(io: Io, words: readonly string[]): Running {
  const wanted: Draft = {};
  const rest = [...words];
  for (;;) {
    const word = rest.shift();
    if (word === undefined) break;
    if (word === 'type') {
      const trouble = yield* readKind(io, wanted, rest);
      if (trouble) return trouble.status;
      break;
    }
    const trouble = yield* readWord(io, wanted, word, rest);
    if (trouble) return trouble.status;
  }
  if (wanted.kind === undefined) {
    yield* io.err.line('Not enough information: "type" argument is required');
    return 255;
  }
  if (wanted.link !== undefined && !io.k.devs.some((dev) => dev.name === wanted.link))
    return yield* noDevice(io, wanted.link);
  if (io.uid !== 0) return yield* forbidden(io);
  return yield* answer(io, rtnl_newlink(io.k, { name: wanted.name ?? '', ...wanted } as NewLink));
}

function* readWord(io: Io, wanted: Draft, word: string, rest: string[]): Running<Trouble | null> {
  if (word in QUEUES) return yield* readQueues(io, wanted, 'queues', word, rest);
  const known = ['link', 'name', 'address', 'mtu', 'dev'].includes(word);
  if (['txqueuelen', 'qlen', 'index', 'netns', 'up', 'down', 'master', 'alias'].includes(word))
    return { status: yield* notModelled(io, `link add ... ${word}`) };
  const value = known ? rest.shift() : word;
  if (value === undefined) return { status: yield* incomplete(io) };
  if (word === 'link') wanted.link = value;
  else if (word === 'address') wanted.mac = value.toLowerCase();
  else if (word === 'mtu') {
    if (!/^\d+$/.test(value))
      return { status: yield* wrongArgument(io, value, 'Invalid "mtu" value\n') };
    wanted.mtu = Number(value);
  } else if (wanted.name !== undefined) return { status: yield* garbage(io, 'name', value) };
  else if (!validName(value))
    return { status: yield* wrongArgument(io, value, '"name" not a valid ifname') };
  else wanted.name = value;
  return null;
}

/// How many queues the device is made with.
function* readQueues(
  io: Io,
  wanted: Draft,
  whose: 'queues' | 'peer_queues',
  word: string,
  rest: string[],
): Running<Trouble | null> {
  const value = rest.shift();
  if (value === undefined) return { status: yield* incomplete(io) };
  if (!/^\d+$/.test(value))
    return { status: yield* wrongArgument(io, value, `Invalid "${word}" value\n`) };
  wanted[whose] = { ...wanted[whose], [QUEUES[word]!]: Number(value) };
  return null;
}

function* readKind(io: Io, wanted: Draft, rest: string[]): Running<Trouble | null> {
  const kind = rest.shift();
  if (kind === undefined) return { status: yield* incomplete(io) };
  if (!KINDS.includes(kind as DeviceKind))
    return { status: yield* notModelled(io, `link add type ${kind}`) };
  wanted.kind = kind as NewLink['kind'];
  if (kind === 'vlan') return yield* readVlan(io, wanted, rest);
  if (kind === 'macvlan') return yield* readMacvlan(io, wanted, rest);
  if (kind === 'bond') return yield* readBond(io, wanted, rest);
  if (kind === 'bridge') return yield* readBridge(io, wanted, rest);
  if (kind === 'veth') wanted.peer = '';
  if (kind !== 'veth' && wanted.queues)
    return { status: yield* notModelled(io, `link add ... numrxqueues ... type ${kind}`) };
  if (kind === 'veth' && rest[0] === 'peer') {
    rest.shift();
    while (rest.length > 0) {
      const word = rest.shift()!;
      const trouble =
        word in QUEUES ? yield* readQueues(io, wanted, 'peer_queues', word, rest) : null;
      if (trouble) return trouble;
      if (word === 'name') wanted.peer = rest.shift() ?? '';
      else if (!(word in QUEUES)) {
        if (wanted.peer !== '') return { status: yield* unknown(io, kind, `peer ... ${word}`) };
        wanted.peer = word;
      }
    }
  }
  const extra = rest[0];
  if (extra === undefined) return null;
  return { status: yield* unknown(io, kind, extra) };
}

function* unknown(io: Io, kind: string, word: string): Running {
  return yield* notModelled(io, `link add type ${kind} ${word}`);
}

function* readVlan(io: Io, wanted: Draft, rest: string[]): Running<Trouble | null> {
  let id: number | null = null;
  let reorder_hdr = true;
  const ingress = new Array<number>(8).fill(0);
  const egress: Record<string, number> = {};
  while (rest.length > 0) {
    const word = rest.shift()!;
    const value = rest.shift();
    if (value === undefined) return { status: yield* incomplete(io) };
    if (word === 'id') {
      if (!/^\d+$/.test(value) || Number(value) > 0xffff)
        return { status: yield* wrongArgument(io, value, 'id is invalid') };
      id = Number(value);
    } else if (word === 'protocol') {
      if (!/^802\.1q$/i.test(value))
        return { status: yield* unknown(io, 'vlan', `protocol ${value}`) };
    } else if (word === 'reorder_hdr') reorder_hdr = value === 'on';
    else if (word === 'ingress-qos-map' || word === 'egress-qos-map') {
      for (let pair: string | undefined = value; pair !== undefined; pair = nextPair(rest)) {
        const [from = 0, to = 0] = pair.split(':').map(Number);
        if (word === 'ingress-qos-map') ingress[from & 7] = to;
        else egress[String(from)] = to & 7;
      }
    } else return { status: yield* unknown(io, 'vlan', word) };
  }
  if (id !== null) wanted.vlan = { id, reorder_hdr, ingress, egress };
  return null;
}

function nextPair(rest: string[]): string | undefined {
  return /^\d+:\d+$/.test(rest[0] ?? '') ? rest.shift() : undefined;
}

const MACVLAN_MODES: readonly MacvlanMode[] = ['private', 'vepa', 'bridge', 'passthru'];

function* readMacvlan(io: Io, wanted: Draft, rest: string[]): Running<Trouble | null> {
  while (rest.length > 0) {
    const word = rest.shift()!;
    if (word !== 'mode') return { status: yield* unknown(io, 'macvlan', word) };
    const mode = rest.shift() ?? '';
    if (!MACVLAN_MODES.includes(mode as MacvlanMode)) {
      if (mode === 'source') return { status: yield* unknown(io, 'macvlan', 'mode source') };
      yield* io.err.line(
        `Error: argument of "mode" must be "private", "vepa", "bridge", "passthru" or "source", not "${mode}"`,
      );
      return { status: 255 };
    }
    wanted.macvlan = mode as MacvlanMode;
  }
  return null;
}

function* readBond(io: Io, wanted: Draft, rest: string[]): Running<Trouble | null> {
  let mode: BondMode = 'balance-rr';
  let miimon = 0;
  while (rest.length > 0) {
    const word = rest.shift()!;
    const value = rest.shift();
    if (value === undefined) return { status: yield* incomplete(io) };
    if (word === 'mode') {
      const found = BOND_MODES[Number(value)] ?? BOND_MODES.find((one) => one === value);
      if (!found) {
        if (/^balance-(tlb|alb)$|^[56]$/.test(value))
          return { status: yield* unknown(io, 'bond', `mode ${value}`) };
        return { status: yield* wrongArgument(io, value, 'invalid mode') };
      }
      mode = found;
    } else if (word === 'miimon') miimon = Number(value);
    else return { status: yield* unknown(io, 'bond', word) };
  }
  wanted.bond = { mode, miimon };
  return null;
}

function* readBridge(io: Io, wanted: Draft, rest: string[]): Running<Trouble | null> {
  let ageing_ns = 300e9;
  let forward_delay_ns = 15e9;
  while (rest.length > 0) {
    const word = rest.shift()!;
    const value = rest.shift();
    if (value === undefined) return { status: yield* incomplete(io) };
    const hundredths = Number(value);
    if (word === 'ageing_time') ageing_ns = hundredths * 1e7;
    else if (word === 'forward_delay') forward_delay_ns = hundredths * 1e7;
    else if (word !== 'stp_state' || value !== '0')
      return { status: yield* unknown(io, 'bridge', word) };
  }
  wanted.bridge = { ageing_ns, forward_delay_ns };
  return null;
}

export function* linkDelete(io: Io, words: readonly string[]): Running {
  const rest = words.filter((word) => word !== 'dev');
  const name = rest[0];
  if (name === undefined) {
    yield* io.err.line('Not enough information: "dev" argument is required.');
    return 255;
  }
  const dev = io.k.devs.find((one) => one.name === name);
  if (!dev) return yield* noDevice(io, name);
  if (io.uid !== 0) return yield* forbidden(io);
  return yield* answer(io, rtnl_dellink(io.k, dev));
}
