/// How ip route prints a route. Stands for print_route() of iproute2.
/// Left out: what routes here never have: next hop lists, encapsulation, realms.
import { addressBytes, addressText6 } from '../../kernel/address.ts';
import { addressText } from '../../kernel/flows.ts';
import { fib_get_table, RT_TABLE_LOCAL, RT_TABLE_MAIN } from '../../kernel/fib_rules.ts';
import { leaves, RTN, trieOf } from '../../kernel/fib_trie.ts';
import type { FibAlias, Kernel, NetDevice } from '../../kernel/state.ts';
import type { Json } from '../json_writer.ts';
import { linkLocalOf } from './addresses.ts';
import { protocolName, scopeName, tableName, typeName } from './route_words.ts';
import { paint, type Style } from './style.ts';

const RTPROT_BOOT = 3;

/// A route with its prefix.
export interface Listed {
  readonly key: number;
  readonly fa: FibAlias;
}

/// Every IPv4 route, table by table in the kernel's order.
export function listRoutes(k: Kernel): Listed[] {
  return k.fib.tables
    .toSorted((a, b) => (a.id & 255) - (b.id & 255))
    .flatMap((table) =>
      leaves(trieOf(k, table)).flatMap(({ key, leaf }) =>
        leaf.filter((fa) => fa.table === table.id).map((fa) => ({ key, fa })),
      ),
    );
}

export function prefixText(key: number, slen: number): string {
  if (slen === 32 && key === 0) return 'default';
  return addressText(key) + (slen === 0 ? '' : `/${32 - slen}`);
}

/// The metrics of a route in the order of their numbers (RTAX_*).
const METRICS: readonly (readonly [string, string])[] = [
  ...([
    ['mtu', ''],
    ['window', ''],
    ['rtt', 'ms'],
    ['rttvar', 'ms'],
    ['ssthresh', ''],
  ] as const),
  ...([
    ['cwnd', ''],
    ['advmss', ''],
    ['reordering', ''],
    ['hoplimit', ''],
  ] as const),
  ...([
    ['initcwnd', ''],
    ['features', ''],
    ['rto_min', 'ms'],
    ['initrwnd', ''],
  ] as const),
  ['quickack', ''],
];
export const METRIC_NAMES: readonly string[] = METRICS.map(([name]) => name);

/// mtu lock 1300 initcwnd 20, each with a space behind it.
export function metricText(metrics: Readonly<Record<string, number>>, mtuLock: boolean): string {
  return METRICS.filter(([name]) => metrics[name] !== undefined)
    .map(([name, unit]) => {
      const lock = name === 'mtu' && mtuLock ? 'lock ' : '';
      return `${name} ${lock}${metrics[name]}${unit} `;
    })
    .join('');
}

/// A line of ip route show. `hideTable`: the reader asked for this table only. `hideDev`: for that
/// device only.
export function routeText(
  k: Kernel,
  { key, fa }: Listed,
  style: Style,
  hideTable: boolean,
  hideDev = false,
): string {
  const dev = k.devs[fa.dev];
  const prefix = prefixText(key, fa.slen);
  const words = [
    fa.type !== RTN.UNICAST || style.details ? `${typeName(fa.type)} ` : '',
    prefix === 'default' ? 'default ' : paint(style, 'inet', `${prefix} `),
    fa.tos ? `tos 0x${fa.tos.toString(16)} ` : '',
    fa.gw ? `via ${paint(style, 'inet', `${addressText(fa.gw)} `)}` : '',
    dev && !hideDev ? `dev ${paint(style, 'device', `${dev.name} `)}` : '',
    fa.table !== RT_TABLE_MAIN && !hideTable ? `table ${tableName(fa.table)} ` : '',
    fa.protocol !== RTPROT_BOOT || style.details ? `proto ${protocolName(fa.protocol)} ` : '',
    fa.scope !== 0 || style.details ? `scope ${scopeName(fa.scope)} ` : '',
    fa.prefsrc ? `src ${paint(style, 'inet', `${addressText(fa.prefsrc)} `)}` : '',
    fa.priority ? `metric ${fa.priority} ` : '',
    fa.onlink ? 'onlink ' : '',
    dev && dev.up && !dev.carrier ? 'linkdown ' : '',
    metricText(fa.metrics, fa.mtu_lock),
  ];
  return words.join('');
}

export function routeJson(k: Kernel, { key, fa }: Listed, hideTable: boolean): Json {
  const dev = k.devs[fa.dev];
  const flags = [
    ...(fa.onlink ? ['onlink'] : []),
    ...(dev && dev.up && !dev.carrier ? ['linkdown'] : []),
  ];
  return {
    ...(fa.type !== RTN.UNICAST && { type: typeName(fa.type) }),
    dst: prefixText(key, fa.slen),
    ...(fa.gw && { gateway: addressText(fa.gw) }),
    ...(dev && { dev: dev.name }),
    ...(fa.table !== RT_TABLE_MAIN && !hideTable && { table: tableName(fa.table) }),
    ...(fa.protocol !== RTPROT_BOOT && { protocol: protocolName(fa.protocol) }),
    ...(fa.scope !== 0 && { scope: scopeName(fa.scope) }),
    ...(fa.prefsrc && { prefsrc: addressText(fa.prefsrc) }),
    ...(fa.priority && { metric: fa.priority }),
    flags,
    ...(Object.keys(fa.metrics).length > 0 && { metrics: [fa.metrics] }),
  };
}

/// An IPv6 route as text; the kernel makes them for its own addresses.
export interface Route6 {
  readonly text: string;
  readonly dev: string;
  readonly json: Json;
}

/// The IPv6 routes of a table, in the kernel's order.
export function routes6(k: Kernel, table: number, style: Style): Route6[] {
  const up = k.devs.filter((dev) => dev.up);
  const of = (type: string, dst: string, dev: string, rest: string): Route6 => {
    const head = type === 'unicast' ? '' : `${type} `;
    const from = table === RT_TABLE_LOCAL ? 'table local ' : '';
    const text =
      head +
      paint(style, 'inet6', `${dst} `) +
      `dev ${paint(style, 'device', `${dev} `)}${from}proto kernel ${rest}`;
    const json = {
      ...(head && { type }),
      dst,
      dev,
      ...(from && { table: 'local' }),
      protocol: 'kernel',
      flags: [],
    };
    return { text, dev, json };
  };
  if (table === RT_TABLE_MAIN)
    return [
      ...up.flatMap((dev) =>
        networks6(dev).map((net) => of('unicast', net, dev.name, 'metric 256 pref medium')),
      ),
      ...up
        .filter((dev) => dev.driver !== '')
        .map((dev) => of('unicast', 'fe80::/64', dev.name, 'metric 256 pref medium')),
    ];
  if (table !== RT_TABLE_LOCAL) return [];
  const local = (address: string, dev: NetDevice): Route6 =>
    of('local', address, dev.name, 'metric 0 pref medium');
  return [
    ...up.filter((dev) => dev.driver === '').map((dev) => local('::1', dev)),
    ...up.flatMap((dev) => dev.addrs6.map((text) => local(text.split('/')[0]!, dev))),
    ...up.filter((dev) => dev.driver !== '').map((dev) => local(linkLocalOf(dev), dev)),
    ...up
      .filter((dev) => dev.driver !== '')
      .map((dev) => of('multicast', 'ff00::/8', dev.name, 'metric 256 pref medium')),
  ];
}

/// The networks of a device's IPv6 addresses, each once.
function networks6(dev: NetDevice): string[] {
  const nets = dev.addrs6.map((text) => {
    const [address = '', bits = '128'] = text.split('/');
    const length = Number(bits);
    const masked = addressBytes(address).map((byte, i) => {
      const kept = Math.min(8, Math.max(0, length - 8 * i));
      return byte & (0xff00 >> kept) & 0xff;
    });
    return length === 128 ? addressText6(masked) : `${addressText6(masked)}/${length}`;
  });
  return [...new Set(nets)].toReversed();
}

export function tableExists(k: Kernel, id: number): boolean {
  return fib_get_table(k, id) !== undefined;
}
