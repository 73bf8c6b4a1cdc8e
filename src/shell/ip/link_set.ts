/// ip link set: up and down, MTU, queue length, promiscuous mode, name and alias; XDP is in link_xdp.ts.
/// Left out: everything about other kinds of device, namespaces, addresses.
import {
  dev_change_tx_queue_len,
  dev_close,
  dev_open,
  dev_set_mtu,
  dev_set_promiscuity,
} from '../../kernel/dev.ts';
import { dev_change_name, dev_set_alias, dev_set_allmulti } from '../../kernel/dev_names.ts';
import { done, fails, type Result } from '../../kernel/errno.ts';
import { do_set_master } from '../../kernel/rtnl_link.ts';
import type { Kernel, NetDevice } from '../../kernel/state.ts';
import type { Io, Running } from '../command.ts';
import { applyXdp, isXdpWord, parseXdp, type XdpRequest } from './link_xdp.ts';
import {
  answer,
  forbidden,
  garbage,
  incomplete,
  noDevice,
  notModelled,
  wrongArgument,
} from './trouble.ts';

interface Request {
  dev: string | null;
  name: string | null;
  up: boolean | null;
  mtu: number | null;
  qlen: number | null;
  promisc: boolean | null;
  allmulti: boolean | null;
  alias: string | null;
  xdp: XdpRequest | null;
  master: string | null; // '' nomaster
  gro: number | null; // gro_max_size, bytes
  gro4: number | null; // gro_ipv4_max_size, bytes
}

const SWITCHES: Readonly<Record<string, 'promisc' | 'allmulti'>> = {
  promisc: 'promisc',
  allmulticast: 'allmulti',
};

const ABSENT = [
  ...['address', 'broadcast', 'brd', 'netns', 'vf'],
  ...['vrf', 'type', 'group', 'mode', 'state', 'carrier', 'multicast'],
  ...['arp', 'dynamic', 'trailers', 'numtxqueues', 'numrxqueues', 'addrgenmode', 'protodown'],
  ...['gso_max_size', 'gso_max_segs', 'gso_ipv4_max_size'],
];

/// The words after `set`; a number is the exit status of what was wrong with them.
function* parseRequest(io: Io, words: readonly string[]): Running<Request | number> {
  const request: Request = {
    ...{ dev: null, name: null, up: null, mtu: null, qlen: null },
    ...{ promisc: null, allmulti: null, alias: null, xdp: null },
    ...{ master: null, gro: null, gro4: null },
  };
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === 'up' || word === 'down') {
      request.up = word === 'up';
      continue;
    }
    if (word === 'nomaster') {
      request.master = '';
      continue;
    }
    if (isXdpWord(word)) {
      const rest = words.slice(i + 1);
      const xdp = yield* parseXdp(io, word, rest);
      if (typeof xdp === 'number') return xdp;
      request.xdp = xdp;
      i = words.length - rest.length - 1;
      continue;
    }
    const known =
      ['mtu', 'txqueuelen', 'qlen', 'txqlen', 'name', 'alias', 'dev', 'master'].includes(word) ||
      ['gro_max_size', 'gro_ipv4_max_size'].includes(word) ||
      Object.hasOwn(SWITCHES, word);
    if (ABSENT.includes(word)) return yield* absent(io, word);
    const next = known ? words[++i] : word;
    if (next === undefined) return yield* incomplete(io);
    const status = yield* take(io, request, known ? word : 'dev', next);
    if (status !== null) return status;
  }
  return request;
}

/// Takes one keyword with its word; null when all is well.
function* take(io: Io, request: Request, key: string, word: string): Running<number | null> {
  const flag = SWITCHES[key];
  if (flag) {
    if (word !== 'on' && word !== 'off') {
      yield* io.err.line(`Error: argument of "${key}" must be "on" or "off", not "${word}"`);
      return 1;
    }
    request[flag] = word === 'on';
  } else if (key === 'mtu' || key === 'txqueuelen' || key === 'qlen' || key === 'txqlen') {
    const number = integer(word);
    const name = key === 'mtu' ? 'mtu' : 'txqueuelen';
    // The message ends its own line, and so does the tool.
    if (number === null) return yield* wrongArgument(io, word, `Invalid "${name}" value\n`);
    request[key === 'mtu' ? 'mtu' : 'qlen'] = number;
  } else if (key === 'name') {
    if (!validName(word)) return yield* wrongArgument(io, word, '"name" not a valid ifname');
    request.name = word;
  } else if (key === 'alias') request.alias = word;
  else if (key === 'master') {
    if (!io.k.devs.some((dev) => dev.name === word)) {
      yield* io.err.line(`Error: argument "${word}" is wrong: Device does not exist\n`);
      return 255;
    }
    request.master = word;
  } else if (key === 'gro_max_size' || key === 'gro_ipv4_max_size') {
    const number = integer(word);
    if (number === null) return yield* wrongArgument(io, word, `Invalid "${key}" value\n`);
    request[key === 'gro_max_size' ? 'gro' : 'gro4'] = number;
  } else if (request.dev !== null) return yield* garbage(io, 'dev', word);
  else if (!/^[^\s/]+$/.test(word))
    return yield* wrongArgument(io, word, '"dev" not a valid ifname');
  else request.dev = word;
  return null;
}

function* absent(io: Io, word: string): Running {
  if (io.uid !== 0) return yield* forbidden(io);
  return yield* notModelled(io, `link set ... ${word}`);
}

/// A C integer: decimal, octal after 0, hexadecimal after 0x, with a sign; null for anything else.
function integer(word: string): number | null {
  const [, sign = '', digits = ''] = /^([-+]?)(0x[0-9a-f]+|\d+)$/i.exec(word) ?? [];
  if (!digits) return null;
  const base = /^0x/i.test(digits) ? 16 : digits.startsWith('0') ? 8 : 10;
  const size = Number.parseInt(base === 16 ? digits.slice(2) : digits, base);
  const number = sign === '-' ? -size : size;
  return Math.abs(number) > 0x7fffffff || Number.isNaN(number) ? null : number;
}

export function validName(name: string): boolean {
  return name.length > 0 && name.length < 16 && !/[/\s:%]/.test(name);
}

/// `force` is ip's own option: an XDP program may take another one's place.
export function* linkSet(io: Io, words: readonly string[], force: boolean): Running {
  const request = yield* parseRequest(io, words);
  if (typeof request === 'number') return request;
  if (request.dev === null && request.name === null) {
    yield* io.err.line('Not enough information: "dev" argument is required.');
    return 255;
  }
  const name = request.dev ?? request.name!;
  const dev = io.k.devs.find((one) => one.name === name);
  if (!dev) return yield* noDevice(io, name);
  if (io.uid !== 0) return yield* forbidden(io);
  const result = apply(io.k, dev, request, force);
  if (result.warning !== undefined) yield* io.err.line(`Warning: ${result.warning}.`);
  return yield* answer(io, result);
}

/// One request changes the settings in the order of do_setlink() in net/core/rtnetlink.c; the first
/// refusal leaves what was done before it.
function apply(
  k: Kernel,
  dev: NetDevice,
  request: Request,
  force: boolean,
): ReturnType<typeof applyXdp> {
  const steps: (() => Result)[] = [];
  const { mtu, name, alias, qlen, up, promisc, allmulti, xdp, master, gro, gro4 } = request;
  if (mtu !== null) steps.push(() => dev_set_mtu(k, dev, mtu));
  if (name !== null && name !== dev.name) steps.push(() => dev_change_name(k, dev, name));
  if (alias !== null) steps.push(() => dev_set_alias(k, dev, alias));
  if (promisc !== null && promisc !== dev.promisc > dev.links.promisc_held)
    steps.push(() => setPromisc(k, dev, promisc));
  if (allmulti !== null && allmulti !== dev.allmulti > 0)
    steps.push(() => dev_set_allmulti(k, dev, allmulti ? 1 : -1));
  if (master !== null) steps.push(() => do_set_master(k, dev, master));
  if (up !== null && up !== dev.up) steps.push(() => (up ? dev_open(k, dev) : dev_close(k, dev)));
  if (qlen !== null) steps.push(() => dev_change_tx_queue_len(k, dev, qlen >>> 0));
  if (gro !== null) steps.push(() => setGroMaxSize(k, dev, 'gro_max_size', gro));
  if (gro4 !== null) steps.push(() => setGroMaxSize(k, dev, 'gro_ipv4_max_size', gro4));
  for (const step of steps) {
    const result = step();
    if (!result.ok) return result;
  }
  return xdp === null ? done : applyXdp(k, dev, xdp, force);
}

// include/linux/netdevice.h: GRO_MAX_SIZE.
const GRO_MAX_SIZE = 8 * 65_535;

/// netif_set_gro_max_size() and its IPv4 twin. A size up to the old limit serves both families.
/// net/core/rtnetlink.c:do_setlink()
function setGroMaxSize(
  k: Kernel,
  dev: NetDevice,
  which: 'gro_max_size' | 'gro_ipv4_max_size',
  bytes: number,
): Result {
  if (bytes < 0 || bytes > GRO_MAX_SIZE) return fails('EINVAL', 'too big gro_max_size');
  dev[which] = bytes;
  if (which === 'gro_max_size' && bytes <= 65_536) dev.gro_ipv4_max_size = bytes;
  k.config_version++;
  return done;
}

function setPromisc(k: Kernel, dev: NetDevice, on: boolean): Result {
  dev_set_promiscuity(k, dev, on ? 1 : -1);
  return done;
}
