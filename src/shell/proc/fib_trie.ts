/// /proc/net/fib_trie, fib_triestat, /proc/net/route and /proc/net/arp: the routing tables as they lie in their tries, the
/// main table for old tools, and the neighbours.
/// Stands for fib_trie_seq_show(), fib_triestat_seq_show() and fib_route_seq_show() in net/ipv4/fib_trie.c, arp_seq_show() in
/// net/ipv4/arp.c.
import { addressText } from '../../kernel/flows.ts';
import { fib_get_table, RT_TABLE_LOCAL, RT_TABLE_MAIN } from '../../kernel/fib_rules.ts';
import { leaves, RTN, trieOf } from '../../kernel/fib_trie.ts';
import { NUD, neighState } from '../../kernel/neighbour.ts';
import type { FibAlias, FibTable, FibTrie, Kernel } from '../../kernel/state.ts';
import type { Line } from '../command.ts';
import { row } from '../nodes.ts';
import { littleEndian } from './sockets.ts';

const TYPES = [
  ...['UNSPEC', 'UNICAST', 'LOCAL', 'BROADCAST', 'ANYCAST', 'MULTICAST'],
  ...['BLACKHOLE', 'UNREACHABLE', 'PROHIBIT', 'THROW'],
];
const SCOPES: Readonly<Record<number, string>> = {
  ...{ 0: 'universe', 200: 'site', 253: 'link', 254: 'host', 255: 'nowhere' },
};

function indent(depth: number): string {
  return '   '.repeat(Math.max(0, depth));
}

/// The kernel walks its hash of tables: by the low eight bits of their numbers.
function tablesOf(k: Kernel): FibTable[] {
  return k.fib.tables.toSorted((a, b) => (a.id & 255) - (b.id & 255));
}

function tableName(id: number): string {
  const names: Readonly<Record<number, string>> = { 254: 'Main', 255: 'Local' };
  return `${names[id] ?? `Id ${id}`}:`;
}

/// /proc/net/fib_trie
export function fibTrie(k: Kernel): Line[] {
  return tablesOf(k).flatMap((table) => {
    const root = trieOf(k, table).nodes[0]!.child[0]!;
    if (root < 0) return [];
    return [row(tableName(table.id)), ...nodeLines(trieOf(k, table), root, 0)];
  });
}

const LEAF_SIZE = 48; // bytes, of the structures on a 64-bit machine
const TNODE_SIZE = 40;
const ALIAS_SIZE = 56;
const POINTER_SIZE = 8;

interface TrieShape {
  leaves: number;
  prefixes: number;
  depths: number; // of all leaves together
  deepest: number;
  empty: number;
  readonly sizes: number[]; // inner nodes by bits
}

/// net/ipv4/fib_trie.c:trie_collect_stats()
function collect(t: FibTrie, n: number, depth: number, into: TrieShape): TrieShape {
  const { bits, child, leaf, empty } = t.nodes[n]!;
  if (bits === 0) {
    into.leaves++;
    into.prefixes += leaf.length;
    into.depths += depth;
    into.deepest = Math.max(into.deepest, depth);
    return into;
  }
  into.sizes[bits] = into.sizes[bits]! + 1;
  into.empty += empty;
  for (const one of child) if (one >= 0) collect(t, one, depth + 1, into);
  return into;
}

/// /proc/net/fib_triestat: the shape of each table's trie, and what look-ups met in it. A resize is never
/// skipped, as memory for one is never missing here.
export function fibTrieStat(k: Kernel): Line[] {
  const sizes = `size of leaf: ${LEAF_SIZE} bytes, size of tnode: ${TNODE_SIZE} bytes.`;
  const tables = tablesOf(k).flatMap((table) => [
    row(tableName(table.id)),
    ...shapeLines(trieOf(k, table)).map((line) => row(line)),
  ]);
  return [row(`Basic info: ${sizes}`), ...tables];
}

function shapeLines(t: FibTrie): string[] {
  const shape: TrieShape = {
    ...{ leaves: 0, prefixes: 0, depths: 0, deepest: 0, empty: 0 },
    sizes: new Array<number>(33).fill(0),
  };
  const root = t.nodes[0]!.child[0]!;
  if (root >= 0) collect(t, root, 0, shape);
  const { leaves: count, prefixes, depths, deepest, empty } = shape;
  const average = count > 0 ? Math.floor((depths * 100) / count) : 0;
  const used = shape.sizes.map((nodes, bits) => ({ bits, nodes })).filter(({ nodes }) => nodes > 0);
  const nodes = used.reduce((sum, one) => sum + one.nodes, 0);
  const pointers = used.reduce((sum, one) => sum + one.nodes * 2 ** one.bits, 0);
  const bytes =
    LEAF_SIZE * count + ALIAS_SIZE * prefixes + TNODE_SIZE * nodes + POINTER_SIZE * pointers;
  const { stats } = t;
  return [
    `\tAver depth:     ${Math.floor(average / 100)}.${String(average % 100).padStart(2, '0')}`,
    `\tMax depth:      ${deepest}`,
    `\tLeaves:         ${count}`,
    `\tPrefixes:       ${prefixes}`,
    `\tInternal nodes: ${nodes}`,
    `\t${used.map((one) => `  ${one.bits}: ${one.nodes}`).join('')}`,
    `\tPointers: ${pointers}`,
    `Null ptrs: ${empty}`,
    `Total size: ${Math.ceil(bytes / 1024)}  kB`,
    ...['', 'Counters:', '---------'],
    `gets = ${stats.gets}`,
    `backtracks = ${stats.backtrack}`,
    `semantic match passed = ${stats.semantic_match_passed}`,
    `semantic match miss = ${stats.semantic_match_miss}`,
    `null node hit= ${stats.null_node_hit}`,
    ...['skipped node resize = 0', ''],
  ];
}

function nodeLines(t: FibTrie, n: number, depth: number): Line[] {
  const { key, pos, bits, full, empty, child, leaf } = t.nodes[n]!;
  if (bits === 0)
    return [
      row(`${indent(depth)}  |-- ${addressText(key)}`),
      ...leaf.map((fa) => row(`${indent(depth + 1)}  ${aliasText(fa)}`)),
    ];
  const net = `${addressText(key)}/${32 - pos - bits}`;
  return [
    row(`${indent(depth)}  +-- ${net} ${bits} ${full} ${empty}`),
    ...child.flatMap((one) => (one < 0 ? [] : nodeLines(t, one, depth + 1))),
  ];
}

function aliasText(fa: FibAlias): string {
  const scope = SCOPES[fa.scope] ?? `scope=${fa.scope}`;
  return `/${32 - fa.slen} ${scope} ${TYPES[fa.type]}${fa.tos ? ` tos=${fa.tos}` : ''}`;
}

function hex(number: number): string {
  return littleEndian(addressText(number >>> 0));
}

/// /proc/net/route: the main table.
export function routes(k: Kernel): Line[] {
  const heading =
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT';
  const main = fib_get_table(k, RT_TABLE_MAIN);
  const list = main ? leaves(trieOf(k, main)) : [];
  return [
    row(heading.padEnd(127)),
    ...list.flatMap(({ key, leaf }) =>
      leaf
        .filter((fa) => fa.table !== RT_TABLE_LOCAL)
        .filter((fa) => fa.type !== RTN.BROADCAST && fa.type !== RTN.MULTICAST)
        .map((fa) => row(routeLine(k, key, fa).padEnd(127))),
    ),
  ];
}

const RTF_UP = 1;
const RTF_GATEWAY = 2;
const RTF_HOST = 4;
const RTF_REJECT = 0x200;

function routeLine(k: Kernel, key: number, fa: FibAlias): string {
  const refused = fa.type === RTN.UNREACHABLE || fa.type === RTN.PROHIBIT;
  const flags =
    RTF_UP |
    (fa.gw ? RTF_GATEWAY : 0) |
    (fa.slen === 0 ? RTF_HOST : 0) |
    (refused ? RTF_REJECT : 0);
  const mask = fa.slen === 32 ? 0 : (-1 << fa.slen) >>> 0;
  const advmss = fa.metrics['advmss'] ? fa.metrics['advmss'] + 40 : 0;
  return [
    ...[k.devs[fa.dev]?.name ?? '*', hex(key), hex(fa.gw)],
    ...[flags.toString(16).toUpperCase().padStart(4, '0'), 0, 0, fa.priority, hex(mask)],
    ...[advmss, fa.metrics['window'] ?? 0, (fa.metrics['rtt'] ?? 0) >> 3],
  ].join('\t');
}

const ATF_COM = 2;
const ATF_PERM = 4;

/// /proc/net/arp
export function arp(k: Kernel): Line[] {
  const heading = 'IP address       HW type     Flags       HW address            Mask     Device';
  const lines = k.neighs.toReversed().map((n) => {
    const state = neighState(k, n);
    const valid = (state & ~(NUD.INCOMPLETE | NUD.FAILED)) !== 0;
    const flags = (valid ? ATF_COM : 0) | (state & NUD.PERMANENT ? ATF_PERM : 0);
    const address = n.lladdr || '00:00:00:00:00:00';
    return row(
      `${addressText(n.addr).padEnd(16)} 0x1         0x${flags.toString(16).padEnd(10)}` +
        `${address.padEnd(21)} *        ${k.devs[n.dev]!.name}`,
    );
  });
  return [row(heading), ...lines];
}
