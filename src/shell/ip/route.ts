/// ip route: the routes that follow from the addresses, and the default route by the first NIC's
/// peer. Left out: routes that one adds, metrics, multipath, other tables.
import type { Kernel, NetDevice } from '../../kernel/state.ts';
import type { Io, Running } from '../command.ts';
import { jsonText, type Json } from '../json_writer.ts';
import { linkLocalOf } from './addresses.ts';
import { addressText, broadcastOf, parseAddress, parsePrefix, type Prefix } from './prefix.ts';
import { paint, type Style } from './style.ts';
import { answer, forbidden, incomplete, noDevice, notModelled, wrongArgument } from './trouble.ts';

export interface Route {
  readonly type: 'unicast' | 'local' | 'broadcast' | 'multicast';
  readonly dst: string; // default, 10.0.0.0/24
  readonly prefix: Prefix | null; // null: IPv6
  readonly via: string; // '' none
  readonly dev: string;
  readonly table: 'main' | 'local';
  readonly scope: string; // '' global
  readonly src: string; // preferred source address; '' none
  readonly rest: string; // what an IPv6 route adds
}

const DEFAULT: Prefix = { address: '0.0.0.0', number: 0, length: 0, network: 0 };

/// IPv4 routes of one table, in the kernel's order.
export function routes(k: Kernel, table: 'main' | 'local'): Route[] {
  const found: Route[] = [];
  for (const dev of k.devs) {
    if (!dev.up) continue;
    if (table === 'main' && dev.gateway) found.push(defaultRoute(dev));
    for (const text of dev.addrs) {
      const prefix = parsePrefix(text);
      if (prefix) found.push(...(table === 'main' ? connected(dev, prefix) : local(dev, prefix)));
    }
  }
  return found.sort((a, b) => order(a) - order(b));
}

function order({ prefix }: Route): number {
  return prefix!.network * 64 + prefix!.length;
}

function defaultRoute(dev: NetDevice): Route {
  return {
    ...{ type: 'unicast', dst: 'default', prefix: DEFAULT, via: dev.gateway, dev: dev.name },
    ...{ table: 'main', scope: '', src: '', rest: '' },
  };
}

function connected(dev: NetDevice, prefix: Prefix): Route[] {
  if (prefix.length === 32 || dev.driver === '') return [];
  const dst = `${addressText(prefix.network)}/${prefix.length}`;
  const rest = { via: '', dev: dev.name, table: 'main', scope: 'link', rest: '' } as const;
  return [
    {
      type: 'unicast',
      dst,
      prefix: { ...prefix, number: prefix.network },
      src: prefix.address,
      ...rest,
    },
  ];
}

function local(dev: NetDevice, prefix: Prefix): Route[] {
  const one = (type: 'local' | 'broadcast', network: number, length: number): Route => ({
    type,
    dst: addressText(network) + (length === 32 ? '' : `/${length}`),
    prefix: { address: addressText(network), number: network, length, network },
    ...{ via: '', dev: dev.name, table: 'local', rest: '' },
    scope: type === 'local' ? 'host' : 'link',
    src: prefix.address,
  });
  const last = broadcastOf(prefix.network, prefix.length);
  return [
    ...(dev.driver === '' ? [one('local', prefix.network, prefix.length)] : []),
    one('local', prefix.number, 32),
    ...(prefix.length < 31 ? [one('broadcast', last, 32)] : []),
  ];
}

/// IPv6 routes that the kernel makes for its own addresses.
function routes6(k: Kernel, table: 'main' | 'local'): Route[] {
  const common = { prefix: null, via: '', scope: '', src: '' } as const;
  const found: Route[] = [];
  for (const dev of k.devs.filter((one) => one.up)) {
    const own = dev.driver === '' ? '::1' : linkLocalOf(dev);
    const at = { ...common, dev: dev.name, table };
    if (table === 'local')
      found.push({ ...at, type: 'local', dst: own, rest: 'metric 0 pref medium' });
    else if (dev.driver !== '')
      found.push({ ...at, type: 'unicast', dst: 'fe80::/64', rest: 'metric 256 pref medium' });
  }
  if (table === 'local')
    for (const dev of k.devs.filter((one) => one.up && one.driver !== ''))
      found.push({
        ...{ ...common, dev: dev.name, table, type: 'multicast', dst: 'ff00::/8' },
        rest: 'metric 256 pref medium',
      });
  return found;
}

function routeText(route: Route, style: Style): string {
  const color = route.prefix ? 'inet' : 'inet6';
  const words = [
    route.type === 'unicast' ? '' : `${route.type} `,
    route.dst === 'default' ? 'default ' : paint(style, color, `${route.dst} `),
    route.via ? `via ${paint(style, color, `${route.via} `)}` : '',
    `dev ${paint(style, 'device', `${route.dev} `)}`,
    route.table === 'local' ? 'table local ' : '',
    route.dst === 'default' ? '' : 'proto kernel ',
    route.scope ? `scope ${route.scope} ` : '',
    route.src ? `src ${paint(style, color, `${route.src} `)}` : '',
    route.rest,
  ];
  return words.join('');
}

function routeJson(route: Route): Json {
  return {
    ...(route.type !== 'unicast' && { type: route.type }),
    dst: route.dst,
    ...(route.via && { gateway: route.via }),
    dev: route.dev,
    ...(route.table === 'local' && { table: 'local' }),
    ...(route.dst !== 'default' && { protocol: 'kernel' }),
    ...(route.scope && { scope: route.scope }),
    ...(route.src && { prefsrc: route.src }),
    flags: [],
  };
}

export function* route(io: Io, style: Style, words: readonly string[]): Running {
  const [verb = 'show', ...rest] = words;
  if (['show', 'list', 'lst', 's', 'sh', 'ls'].includes(verb))
    return yield* showRoutes(io, style, rest);
  if (verb === 'get') return yield* getRoute(io, style, rest);
  if (verb === 'flush' && rest[0] === 'cache') return io.uid === 0 ? 0 : yield* forbidden(io);
  if (['add', 'del', 'delete', 'replace', 'change', 'append', 'flush'].includes(verb)) {
    if (io.uid !== 0) return yield* forbidden(io);
    return yield* changeRoute(io, verb, rest);
  }
  yield* io.err.line(`Command "${verb}" is unknown, try "ip route help".`);
  return 255;
}

/// Changes are not modelled; what the kernel would refuse anyway is refused in its words.
function* changeRoute(io: Io, verb: string, words: readonly string[]): Running {
  const dst = words[0];
  if (verb === 'add' && dst !== undefined) {
    const text = dst === 'default' ? dst : dst.includes('/') ? dst : `${dst}/32`;
    const known = routes(io.k, 'main').some((one) => one.dst === text && !words.includes('metric'));
    const at = words.indexOf('table');
    if (known && at < 0) return yield* answer(io, { ok: false, errno: 'EEXIST' });
  }
  return yield* notModelled(io, `route ${verb}`);
}

function* showRoutes(io: Io, style: Style, words: readonly string[]): Running {
  let table = 'main';
  let dev: string | null = null;
  let exact: string | null = null;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === 'table' || word === 'dev') {
      const next = words[++i];
      if (next === undefined) return yield* incomplete(io);
      if (word === 'dev') dev = next;
      else table = next;
    } else if (word === 'cache') table = 'cache';
    else if (word === 'default' || parsePrefix(word)) exact = word;
    else return yield* notModelled(io, `route show ${word}`);
  }
  if (dev !== null && !io.k.devs.some((one) => one.name === dev)) return yield* noDevice(io, dev);
  const six = style.family === 'inet6';
  const all = table === 'all' ? (['main', 'local'] as const) : ([table] as readonly string[]);
  const of = (list: (k: Kernel, name: 'main' | 'local') => Route[]): Route[] =>
    all.flatMap((name) => (name === 'main' || name === 'local' ? list(io.k, name) : []));
  const found = [
    ...(six ? [] : of(routes)),
    ...(six || (table === 'all' && style.family === 'any') ? of(routes6) : []),
  ].filter((one) => (dev === null || one.dev === dev) && (exact === null || one.dst === exact));
  if (style.json) yield* io.out.write(jsonText(found.map(routeJson), style.pretty) + '\n');
  else for (const one of found) yield* io.out.line(routeText(one, style));
  return 0;
}

function* getRoute(io: Io, style: Style, words: readonly string[]): Running {
  const to = words[0] === 'to' ? words[1] : words[0];
  if (to === undefined) {
    yield* io.err.line('need at least a destination address');
    return 1;
  }
  const number = parseAddress(to.split('/')[0]!);
  if (number === null)
    return yield* wrongArgument(io, to, 'any valid prefix is expected rather than');
  if (words.length > (words[0] === 'to' ? 2 : 1))
    return yield* notModelled(io, 'route get ... from, iif, mark');
  const { k } = io;
  const matches = (one: Route): boolean =>
    one.type !== 'multicast' &&
    one.prefix !== null &&
    (number & -1) >>> (32 - (one.prefix.length || 1)) ===
      one.prefix.network >>> (32 - (one.prefix.length || 1));
  const own = routes(k, 'local').find((one) => one.type === 'local' && matches(one));
  const best = routes(k, 'main')
    .filter((one) => one.prefix!.length === 0 || matches(one))
    .sort((a, b) => b.prefix!.length - a.prefix!.length)[0];
  if (!own && !best) return yield* answer(io, { ok: false, errno: 'ENETUNREACH' });
  const out = own ? 'lo' : best!.dev;
  const src = own
    ? own.src
    : best!.src || k.devs.find((dev) => dev.name === out)!.addrs[0]?.split('/')[0];
  yield* io.out.line(
    `${own ? 'local ' : ''}${paint(style, 'inet', to)} ${best && !own && best.via ? `via ${best.via} ` : ''}` +
      `dev ${paint(style, 'device', `${out} `)}src ${paint(style, 'inet', `${src ?? ''} `)}uid ${io.uid} `,
  );
  yield* io.out.line(`    cache ${own ? '<local> ' : ''}`);
  return 0;
}
