/// ip, of iproute2 6.15: devices, addresses, routes. The objects are in ../ip/.
import type { Kernel } from '../../kernel/state.ts';
import type { Command, Io, Running } from '../command.ts';
import { addressFlush, addressSet } from '../ip/address_set.ts';
import { linkAdd, linkDelete } from '../ip/link_add.ts';
import { linkSet } from '../ip/link_set.ts';
import { maddress, neighbour } from '../ip/neighbour.ts';
import { route } from '../ip/route.ts';
import { rule } from '../ip/rule.ts';
import { show } from '../ip/show.ts';
import type { Style } from '../ip/style.ts';
import { forbidden, notModelled, wrongArgument } from '../ip/trouble.ts';

const VERSION = 'ip utility, iproute2-6.15.0, libbpf 1.5.0';

type ObjectFunction = (io: Io, style: Style, words: readonly string[]) => Running;

/// Objects in the tool's order, which decides what a shortened word means.
const OBJECTS: readonly (readonly [string, ObjectFunction])[] = [
  ['address', address],
  ['addrlabel', absent('addrlabel')],
  ['maddress', maddress],
  ['route', route],
  ['rule', rule],
  ['neighbor', neighbour],
  ['neighbour', neighbour],
  ['ntable', absent('ntable')],
  ['ntbl', absent('ntbl')],
  ['link', link],
  ['l2tp', absent('l2tp')],
  ['fou', absent('fou')],
  ['tunnel', absent('tunnel')],
  ['tuntap', absent('tuntap')],
  ['tcp_metrics', absent('tcp_metrics')],
  ['token', absent('token')],
  ['monitor', absent('monitor')],
  ['xfrm', absent('xfrm')],
  ['mroute', absent('mroute')],
  ['mrule', absent('mrule')],
  ['netns', netns],
  ['netconf', absent('netconf')],
  ['vrf', absent('vrf')],
  ['sr', absent('sr')],
  ['nexthop', absent('nexthop')],
  ['mptcp', absent('mptcp')],
  ['ioam', absent('ioam')],
  ['stats', absent('stats')],
  ['help', help],
];

function absent(name: string): ObjectFunction {
  return (io) => notModelled(io, name);
}

/// The first of some words that begins with what was typed.
function starts(typed: string, words: readonly string[]): string | undefined {
  return words.find((word) => word.startsWith(typed));
}

function* link(io: Io, style: Style, words: readonly string[]): Running {
  const [typed, ...rest] = words;
  const verbs = [
    'add',
    'set',
    'change',
    'replace',
    'delete',
    'show',
    'lst',
    'list',
    'xstats',
    'help',
  ];
  const verb = typed === undefined ? 'show' : starts(typed, verbs);
  if (verb === undefined) {
    yield* io.err.line(`Command "${typed}" is unknown, try "ip link help".`);
    return 255;
  }
  if (verb === 'set' || verb === 'change') return yield* linkSet(io, rest, style.force === true);
  if (verb === 'add') return yield* linkAdd(io, rest);
  if (verb === 'delete') return yield* linkDelete(io, rest);
  if (verb === 'show' || verb === 'lst' || verb === 'list')
    return yield* show(io, style, rest, true);
  if (verb === 'help') {
    yield* io.err.line('Usage: ip link set { DEVICE | dev DEVICE } [ { up | down } ] [ mtu MTU ]');
    yield* io.err.line('\t\t[ txqueuelen PACKETS ] [ promisc { on | off} ] [ name NEWNAME ]');
    yield* io.err.line('\tip link show [ DEVICE | group GROUP ] [ up ]');
    return 255;
  }
  if (io.uid !== 0) return yield* forbidden(io);
  return yield* notModelled(io, `link ${verb}`);
}

function* address(io: Io, style: Style, words: readonly string[]): Running {
  const [typed, ...rest] = words;
  const verbs = [
    'add',
    'change',
    'chg',
    'replace',
    'delete',
    'show',
    'list',
    'lst',
    'flush',
    'help',
  ];
  const verb = typed === undefined ? 'show' : starts(typed, verbs);
  if (verb === undefined) {
    yield* io.err.line(`Command "${typed}" is unknown, try "ip address help".`);
    return 255;
  }
  if (verb === 'show' || verb === 'list' || verb === 'lst')
    return yield* show(io, style, rest, false);
  if (verb === 'help') {
    yield* io.err.line('Usage: ip address {add|change|replace} IFADDR dev IFNAME [ LIFETIME ]');
    yield* io.err.line('                                                      [ CONFFLAG-LIST ]');
    yield* io.err.line('       ip address del IFADDR dev IFNAME [mngtmpaddr]');
    yield* io.err.line(
      '       ip address {save|flush} [ dev IFNAME ] [ scope SCOPE-ID ] [ to PREFIX ]',
    );
    yield* io.err.line(
      '                            [ FLAG-LIST ] [ label LABEL ] [ { up | down } ]',
    );
    return 255;
  }
  if (verb === 'flush') return yield* addressFlush(io, style, rest);
  return yield* addressSet(io, verb, rest);
}

function* netns(io: Io, _style: Style, words: readonly string[]): Running {
  if (io.uid !== 0 && words[0] === 'add') {
    yield* io.err.line('mount --make-shared /run/netns failed: Operation not permitted');
    return 1;
  }
  return yield* notModelled(io, 'netns');
}

function* help(io: Io): Running {
  yield* io.err.line('Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }');
  yield* io.err.line('where  OBJECT := { address | link | maddress | neighbour | route | rule }');
  yield* io.err.line(
    '       OPTIONS := { -V[ersion] | -s[tatistics] | -d[etails] | -j[son] | -p[retty] |',
  );
  yield* io.err.line('                    -f[amily] { inet | inet6 | link } | -4 | -6 | -0 |');
  yield* io.err.line('                    -o[neline] | -br[ief] | -c[olor] }');
  return 255;
}

type Mutable = { -readonly [K in keyof Style]: Style[K] };

/// Options in the tool's order, which decides what a shortened word means.
const OPTIONS: readonly (readonly [string, (style: Mutable) => void])[] = [
  ['-human', () => undefined],
  ['-iec', () => undefined],
  ['-stats', (style) => style.stats++],
  ['-statistics', (style) => style.stats++],
  ['-details', (style) => (style.details = true)],
  ['-resolve', () => undefined],
  ['-oneline', (style) => (style.oneline = true)],
  ['-timestamp', () => undefined],
  ['-tshort', () => undefined],
  ['-force', (style) => (style.force = true)],
  ['-brief', (style) => (style.brief = true)],
  ['-json', (style) => (style.json = true)],
  ['-pretty', (style) => (style.pretty = true)],
  ['-color', () => undefined],
  ['-Numeric', (style) => (style.numeric = true)],
  ['-all', () => undefined],
];
const FAMILIES: Readonly<Record<string, Style['family']>> = {
  ...{ '-4': 'inet', '-6': 'inet6', '-0': 'link', inet: 'inet', inet6: 'inet6', link: 'link' },
};
const ABSENT = ['-batch', '-netns', '-rcvbuf', '-loops', '-M', '-B'];

function* run(io: Io): Running {
  const style: Mutable = {
    ...{ family: 'any', stats: 0, details: false, oneline: false, brief: false, json: false },
    ...{ pretty: false, numeric: false, color: io.columns !== null },
  };
  const words = io.argv.slice(1);
  while (words[0]?.startsWith('-')) {
    const typed = words.shift()!.replace(/^--/, '-');
    if (typed === '-') break;
    if (FAMILIES[typed]) style.family = FAMILIES[typed];
    else if (typed.length > 1 && '-family'.startsWith(typed)) {
      const family = words.shift() ?? '';
      if (!FAMILIES[family]) return yield* wrongArgument(io, family, 'invalid protocol family');
      style.family = FAMILIES[family];
    } else if ('-Version'.startsWith(typed)) {
      yield* io.out.line(VERSION);
      return 0;
    } else if ('-help'.startsWith(typed) && typed.length > 2) return yield* help(io);
    else {
      const option = OPTIONS.find(([name]) => name.startsWith(typed));
      if (!option) return yield* unknownOption(io, typed);
      option[1](style);
    }
  }
  if (style.json) style.color = false;
  return yield* object(io, style, words);
}

function* unknownOption(io: Io, typed: string): Running {
  if (ABSENT.some((name) => name.startsWith(typed))) return yield* notModelled(io, typed);
  yield* io.err.line(`Option "${typed}" is unknown, try "ip -help".`);
  return 255;
}

function* object(io: Io, style: Style, [typed, ...rest]: readonly string[]): Running {
  if (typed === undefined) return yield* help(io);
  const found = OBJECTS.find(([name]) => name.startsWith(typed));
  if (found) return yield* found[1](io, style, rest);
  yield* io.err.line(`Object "${typed}" is unknown, try "ip help".`);
  return 1;
}

function complete(k: Kernel, words: readonly string[]): readonly string[] {
  const devices = k.devs.map((dev) => dev.name);
  const plain = words.slice(1).filter((word) => !word.startsWith('-'));
  if (plain.length <= 1) return [...OBJECTS.map(([name]) => name), '-s', '-d', '-br', '-j'];
  const verbs = { link: ['show', 'set'], address: ['show', 'add', 'del'], route: ['show', 'get'] };
  if (plain.length === 2)
    return Object.entries(verbs).find(([name]) => name.startsWith(plain[0]!))?.[1] ?? ['show'];
  const settings = ['up', 'down', 'mtu', 'txqueuelen', 'promisc', 'allmulticast', 'name', 'alias'];
  return [...devices, 'dev', ...(plain[1] === 'set' ? settings : [])];
}

export const ip: Command = {
  name: 'ip',
  summary: 'show and change network devices, addresses and routes',
  usage: 'ip [OPTIONS] OBJECT [COMMAND]',
  run,
  complete,
};
