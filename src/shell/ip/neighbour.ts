/// ip neighbour and ip maddress.
/// Left out: IPv6 neighbours, proxies, groups that a program joins.
import { addressText6 } from '../../kernel/address.ts';
import { groups6, multicastList } from '../../kernel/multicast.ts';
import { neigh_add, neigh_delete, neighNow, neighState, NUD } from '../../kernel/neighbour.ts';
import type { Kernel, Neighbour, NetDevice } from '../../kernel/state.ts';
import type { Io, Running } from '../command.ts';
import { jsonText, type Json } from '../json_writer.ts';
import { addressText, parseAddress } from './prefix.ts';
import { paint, type Style } from './style.ts';
import { answer, forbidden, incomplete, noDevice, notModelled, wrongArgument } from './trouble.ts';

/// The words of ip neigh add and del; a number is the exit status of what was wrong with them.
interface Words {
  addr: number | null;
  dev: string | null;
  lladdr: string;
  state: number;
}

const STATES: readonly (readonly [string, number])[] = [
  ['permanent', NUD.PERMANENT],
  ['reachable', NUD.REACHABLE],
  ['noarp', NUD.NOARP],
  ['none', NUD.NONE],
  ['stale', NUD.STALE],
  ['incomplete', NUD.INCOMPLETE],
  ['delay', NUD.DELAY],
  ['probe', NUD.PROBE],
  ['failed', NUD.FAILED],
];

function* parse(io: Io, list: readonly string[]): Running<Words | number> {
  const words: Words = { addr: null, dev: null, lladdr: '', state: NUD.PERMANENT };
  for (let i = 0; i < list.length; i++) {
    const word = list[i]!;
    const keyed = ['lladdr', 'dev', 'nud', 'to'].includes(word);
    const next = keyed ? list[++i] : word;
    if (next === undefined) return yield* incomplete(io);
    if (word === 'lladdr') {
      if (!/^([0-9a-f]{1,2}:){5}[0-9a-f]{1,2}$/i.test(next)) {
        yield* io.err.line(`"${next}" is invalid lladdr.`);
        return 1;
      }
      words.lladdr = next
        .split(':')
        .map((byte) => byte.toLowerCase().padStart(2, '0'))
        .join(':');
    } else if (word === 'dev') words.dev = next;
    else if (word === 'nud') {
      const state = STATES.find(([name]) => name === next);
      if (!state) return yield* wrongArgument(io, next, 'nud state is bad');
      words.state = state[1];
    } else {
      const addr = parseAddress(next);
      if (addr === null) {
        if (next.includes(':')) return yield* notModelled(io, 'neigh for IPv6');
        yield* io.err.line(`Error: any valid address is expected rather than "${next}".`);
        return 1;
      }
      words.addr = addr;
    }
  }
  return words;
}

/// How each verb asks the kernel; null: to delete.
const CHANGES: Readonly<
  Record<
    string,
    { readonly create: boolean; readonly excl: boolean; readonly replace: boolean } | null
  >
> = {
  add: { create: true, excl: true, replace: false },
  change: { create: false, excl: false, replace: true },
  chg: { create: false, excl: false, replace: true },
  replace: { create: true, excl: false, replace: true },
  delete: null,
};
const SHOW = ['show', 'lst', 'list'];
/// Verbs in the tool's order, which decides what a shortened word means.
const VERBS = [...Object.keys(CHANGES), 'get', ...SHOW, 'flush', 'help'];

export function* neighbour(io: Io, style: Style, words: readonly string[]): Running {
  const [typed = 'show', ...rest] = words;
  const verb = VERBS.find((name) => name.startsWith(typed));
  if (verb === undefined) {
    yield* io.err.line(`Command "${typed}" is unknown, try "ip neigh help".`);
    return 255;
  }
  if (SHOW.includes(verb) || verb === 'flush') return yield* list(io, style, verb, rest);
  if (!Object.hasOwn(CHANGES, verb)) return yield* notModelled(io, `neigh ${verb}`);
  const parsed = yield* parse(io, rest);
  if (typeof parsed === 'number') return parsed;
  if (parsed.addr === null || parsed.dev === null) {
    yield* io.err.line('Device and destination are required arguments.');
    return 255;
  }
  const dev = io.k.devs.findIndex((one) => one.name === parsed.dev);
  if (dev < 0) return yield* noDevice(io, parsed.dev);
  if (io.uid !== 0) return yield* forbidden(io);
  const how = CHANGES[verb]!;
  return yield* answer(
    io,
    how === null
      ? neigh_delete(io.k, dev, parsed.addr)
      : neigh_add(io.k, dev, parsed.addr, parsed.lladdr, parsed.state, how),
  );
}

interface Filter {
  dev: string | null;
  addr: number | null;
  state: number | null;
}

/// ip neigh show and flush: those of a device, of an address, in a state.
function* list(io: Io, style: Style, verb: string, words: readonly string[]): Running {
  const filter: Filter = { dev: null, addr: null, state: null };
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const next = ['dev', 'nud', 'to'].includes(word) ? words[++i] : word;
    if (next === undefined) return yield* incomplete(io);
    if (word === 'dev') filter.dev = next;
    else if (word === 'nud') {
      const state = STATES.find(([name]) => name === next);
      if (!state && next !== 'all') return yield* wrongArgument(io, next, 'nud state is bad');
      filter.state = state ? state[1] : 0xff;
    } else {
      filter.addr = parseAddress(next);
      if (filter.addr === null) return yield* notModelled(io, `neigh ${verb} ${next}`);
    }
  }
  if (filter.dev !== null && !io.k.devs.some((dev) => dev.name === filter.dev))
    return yield* noDevice(io, filter.dev);
  if (verb === 'flush') return yield* flush(io, filter, words.length);
  const found = style.family === 'inet6' ? [] : chosen(io.k, filter, ~NUD.NOARP);
  if (style.json) yield* io.out.write(jsonText(found.map(json(io.k)), style.pretty) + '\n');
  else for (const n of found) yield* io.out.line(text(io.k, n, style, filter.dev !== null));
  return 0;
}

/// The newest come first: the kernel's order is that of a hash.
function chosen(k: Kernel, filter: Filter, states: number): Neighbour[] {
  return k.neighs
    .filter(
      (n) =>
        (filter.dev === null || k.devs[n.dev]!.name === filter.dev) &&
        (filter.addr === null || n.addr === filter.addr) &&
        (neighState(k, n) & (filter.state ?? states)) !== 0,
    )
    .toReversed();
}

function* flush(io: Io, filter: Filter, given: number): Running {
  if (given === 0) {
    yield* io.err.line('Flush requires arguments.');
    return 1;
  }
  const gone = chosen(io.k, filter, ~(NUD.PERMANENT | NUD.NOARP));
  if (gone.length > 0 && io.uid !== 0) return yield* forbidden(io);
  for (const n of gone) neigh_delete(io.k, n.dev, n.addr);
  return 0;
}

function stateName(k: Kernel, n: Neighbour): string {
  const state = neighState(k, n);
  return STATES.find(([, value]) => value === state)?.[0].toUpperCase() ?? 'NONE';
}

function seconds(k: Kernel, since: number): number {
  return Math.floor((k.now - since) / 1_000_000_000);
}

function text(k: Kernel, n: Neighbour, style: Style, hideDev: boolean): string {
  const known = n.lladdr !== '';
  const permanent = (n.state & NUD.PERMANENT) !== 0;
  const { confirmed, updated } = neighNow(k, n);
  const ages = [n.used, confirmed, updated].map((since) => seconds(k, since)).join('/');
  const stats = ` ${permanent ? '' : 'ref 1 '}used ${ages}probes ${n.probes} `;
  return [
    `${paint(style, 'inet', addressText(n.addr))} `,
    hideDev ? '' : `dev ${paint(style, 'device', `${k.devs[n.dev]!.name} `)}`,
    known ? `lladdr ${paint(style, 'mac', `${n.lladdr} `)}` : '',
    style.stats ? stats : '',
    `${stateName(k, n)} `,
  ].join('');
}

function json(k: Kernel): (n: Neighbour) => Json {
  return (n) => ({
    dst: addressText(n.addr),
    dev: k.devs[n.dev]!.name,
    ...(n.lladdr && { lladdr: n.lladdr }),
    state: [stateName(k, n)],
  });
}

/// The groups of a device, with the link addresses that its NIC lets through for them.
export function* maddress(io: Io, style: Style, words: readonly string[]): Running {
  const [verb = 'show', ...rest] = words;
  if (!['show', 'list', 'lst'].includes(verb)) return yield* notModelled(io, `maddress ${verb}`);
  const name = rest[0] === 'dev' ? rest[1] : rest[0];
  const chosen = io.k.devs.filter((dev) => name === undefined || dev.name === name);
  if (!chosen.length) return yield* noDevice(io, name!);
  for (const dev of chosen) {
    yield* io.out.line(`${dev.ifindex}:\t${dev.name}`);
    for (const line of groups(io.k, dev, style)) yield* io.out.line(`\t${line}`);
  }
  return 0;
}

function groups(k: Kernel, dev: NetDevice, style: Style): string[] {
  const show = (family: Style['family'], lines: readonly string[]): readonly string[] =>
    style.family === 'any' || style.family === family ? lines : [];
  const often = (users: number): string => (users === 1 ? '' : ` users ${users}`);
  const link = multicastList(k, dev).map(({ address, users }) => `link  ${address}${often(users)}`);
  const inet6 = groups6(k, dev).map(
    ({ address, users }) => `inet6 ${paint(style, 'inet6', addressText6(address))}${often(users)}`,
  );
  return [
    ...show('link', link),
    ...show('inet', [`inet  ${paint(style, 'inet', '224.0.0.1')}`]),
    ...show('inet6', inet6.toReversed()),
  ];
}
