/// ip rule: policy routing. Stands for iprule.c of iproute2.
/// Left out: rules by user and tunnel, realms, VRFs; IPv6.
import { fib_nl_delrule, fib_nl_newrule, FR_ACT, RT_TABLE_MAIN } from '../../kernel/fib_rules.ts';
import { rt_cache_flush } from '../../kernel/fib_frontend.ts';
import type { FibRule } from '../../kernel/state.ts';
import type { Io, Running } from '../command.ts';
import { jsonText, type Json } from '../json_writer.ts';
import { addressText } from './prefix.ts';
import { cNumber, destination, protocolName, tableName, tableNumber } from './route_words.ts';
import { paint, type Style } from './style.ts';
import { answer, forbidden, incomplete, notModelled, wrongArgument } from './trouble.ts';

const ACTIONS: Readonly<Record<string, number>> = {
  blackhole: FR_ACT.BLACKHOLE,
  unreachable: FR_ACT.UNREACHABLE,
  prohibit: FR_ACT.PROHIBIT,
  nop: FR_ACT.NOP,
};
const PROTOCOLS: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17 };
const SHOW = ['list', 'lst', 'show'];
/// Verbs in the tool's order, which decides what a shortened word means.
const VERBS = [...SHOW, 'add', 'delete', 'flush', 'help'];

export function* rule(io: Io, style: Style, words: readonly string[]): Running {
  const [typed = 'show', ...rest] = words;
  const verb = VERBS.find((name) => name.startsWith(typed));
  if (verb === undefined) {
    yield* io.err.line(`Command "${typed}" is unknown, try "ip rule help".`);
    return 255;
  }
  if (style.family === 'inet6') return yield* notModelled(io, '-6 rule');
  if (SHOW.includes(verb)) return yield* show(io, style, rest);
  if (verb === 'add' || verb === 'delete') return yield* change(io, verb, rest);
  return yield* notModelled(io, `rule ${verb}`);
}

function* show(io: Io, style: Style, words: readonly string[]): Running {
  if (words.length > 0) return yield* notModelled(io, `rule show ${words[0]}`);
  if (style.json) {
    yield* io.out.write(jsonText(io.k.fib.rules.map(ruleJson), style.pretty) + '\n');
    return 0;
  }
  for (const one of io.k.fib.rules) yield* io.out.line(ruleText(io, one, style));
  return 0;
}

function prefix(address: number, length: number): string {
  return addressText(address) + (length === 32 ? '' : `/${length}`);
}

function ports(range: readonly number[]): string {
  return range[0] === range[1] ? `${range[0]}` : range.join('-');
}

function protocolText(proto: number): string {
  return Object.entries(PROTOCOLS).find(([, number]) => number === proto)?.[0] ?? `${proto}`;
}

function ruleText(io: Io, one: FibRule, style: Style): string {
  const detached = (name: string): string =>
    io.k.devs.some((dev) => dev.name === name) ? '' : '[detached] ';
  const mask = one.mark_mask === 0xffff_ffff ? '' : `/0x${one.mark_mask.toString(16)}`;
  const words = [
    `${one.pref}:\t${one.invert ? 'not ' : ''}from `,
    one.src_len ? paint(style, 'inet', prefix(one.src, one.src_len)) : 'all',
    one.dst_len ? ` to ${paint(style, 'inet', prefix(one.dst, one.dst_len))}` : '',
    one.tos ? ` tos 0x${one.tos.toString(16)}` : '',
    one.mark_mask ? ` fwmark 0x${one.mark.toString(16)}${mask}` : '',
    one.iif ? ` iif ${paint(style, 'device', one.iif)} ${detached(one.iif)}`.trimEnd() : '',
    one.oif ? ` oif ${paint(style, 'device', one.oif)} ${detached(one.oif)}`.trimEnd() : '',
    one.proto ? ` ipproto ${protocolText(one.proto)}` : '',
    one.sport.length ? ` sport ${ports(one.sport)}` : '',
    one.dport.length ? ` dport ${ports(one.dport)}` : '',
    ` ${actionText(one)}`,
    one.suppress_prefixlen >= 0 ? ` suppress_prefixlength ${one.suppress_prefixlen}` : '',
    one.protocol > 2 ? ` proto ${protocolName(one.protocol)}` : '',
  ];
  return words.join('');
}

function actionText(one: FibRule): string {
  if (one.action === FR_ACT.TO_TBL) return `lookup ${tableName(one.table)}`;
  if (one.action === FR_ACT.GOTO) return `goto ${one.target}`;
  return Object.keys(ACTIONS).find((name) => ACTIONS[name] === one.action) ?? `${one.action}`;
}

function ruleJson(one: FibRule): Json {
  return {
    priority: one.pref,
    ...(one.invert && { not: null }),
    src: one.src_len ? addressText(one.src) : 'all',
    ...(one.src_len > 0 && one.src_len < 32 && { srclen: one.src_len }),
    ...(one.dst_len > 0 && { dst: addressText(one.dst) }),
    ...(one.dst_len > 0 && one.dst_len < 32 && { dstlen: one.dst_len }),
    ...(one.mark_mask > 0 && { fwmark: `0x${one.mark.toString(16)}` }),
    ...(one.iif && { iif: one.iif }),
    ...(one.action === FR_ACT.TO_TBL && { table: tableName(one.table) }),
  };
}

type Mutable = { -readonly [K in keyof FibRule]?: FibRule[K] };

const KEYS = [
  ...['from', 'to', 'preference', 'order', 'priority', 'pref', 'tos', 'dsfield', 'fwmark', 'iif'],
  ...['dev', 'oif', 'ipproto', 'sport', 'dport', 'table', 'lookup', 'goto', 'protocol'],
  ...['suppress_prefixlength', 'sup_pl'],
];

function* change(io: Io, verb: 'add' | 'delete', words: readonly string[]): Running {
  if (words.length === 0 && verb === 'add') {
    yield* io.err.line('"ip rule add" requires arguments.');
    return 1;
  }
  const given: Mutable = {};
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === 'not') given.invert = true;
    else if (Object.hasOwn(ACTIONS, word)) given.action = ACTIONS[word]!;
    else if (!KEYS.includes(word)) return yield* notModelled(io, `rule ${verb} ... ${word}`);
    else {
      const next = words[++i];
      if (next === undefined) return yield* incomplete(io);
      const status = yield* take(io, given, word, next);
      if (status !== null) return status;
    }
  }
  if (io.uid !== 0) return yield* forbidden(io);
  if (verb === 'delete') return yield* answer(io, flushed(io, fib_nl_delrule(io.k, given)));
  if (given.table === undefined && given.action === undefined) given.table = RT_TABLE_MAIN;
  return yield* answer(io, flushed(io, fib_nl_newrule(io.k, given, true)));
}

/// fib4_rule_flush_cache()
function flushed<T extends { readonly ok: boolean }>(io: Io, result: T): T {
  if (result.ok) {
    rt_cache_flush(io.k);
    io.k.config_version++;
  }
  return result;
}

/// Takes one keyword with its word; null when all is well.
function* take(io: Io, given: Mutable, key: string, word: string): Running<number | null> {
  switch (key) {
    case 'from':
    case 'to':
      return yield* takePrefix(io, given, key, word);
    case 'iif':
    case 'dev':
      given.iif = word;
      return null;
    case 'oif':
      given.oif = word;
      return null;
    case 'fwmark':
      return yield* takeMark(io, given, word);
    case 'sport':
    case 'dport': {
      const range = word.split('-').map(Number);
      if (!/^\d+(-\d+)?$/.test(word) || range.some((port) => port > 65535))
        return yield* wrongArgument(io, word, `invalid ${key} range`);
      given[key] = range.length === 1 ? [range[0]!, range[0]!] : range;
      return null;
    }
    default:
      return yield* takeNumber(io, given, key, word);
  }
}

function* takePrefix(
  io: Io,
  given: Mutable,
  key: 'from' | 'to',
  word: string,
): Running<number | null> {
  const prefixed = destination(word);
  if (prefixed === null) {
    yield* io.err.line(`Error: any valid prefix is expected rather than "${word}".`);
    return 1;
  }
  const length = prefixed.length < 0 ? 32 : prefixed.length;
  given[key === 'from' ? 'src' : 'dst'] = prefixed.number;
  given[key === 'from' ? 'src_len' : 'dst_len'] = length;
  return null;
}

function* takeMark(io: Io, given: Mutable, word: string): Running<number | null> {
  const [mark = '', mask, ...rest] = word.split('/');
  const number = cNumber(mark);
  const masked = mask === undefined ? 0xffff_ffff : cNumber(mask);
  if (number === null || masked === null || rest.length)
    return yield* wrongArgument(io, word, 'fwmark value is invalid\n');
  given.mark = number;
  given.mark_mask = masked;
  return null;
}

function* takeNumber(io: Io, given: Mutable, key: string, word: string): Running<number | null> {
  if (key === 'table' || key === 'lookup') {
    const table = tableNumber(word);
    if (table === null) return yield* wrongArgument(io, word, 'invalid table ID\n');
    given.table = table;
    return null;
  }
  const number = key === 'ipproto' ? (PROTOCOLS[word] ?? cNumber(word)) : cNumber(word);
  if (number === null)
    return yield* wrongArgument(
      io,
      word,
      ['preference', 'order', 'priority', 'pref'].includes(key)
        ? 'preference value is invalid\n'
        : `invalid "${key}" value\n`,
    );
  if (key === 'tos' || key === 'dsfield') given.tos = number;
  else if (key === 'ipproto') given.proto = number;
  else if (key === 'protocol') given.protocol = number;
  else if (key === 'suppress_prefixlength' || key === 'sup_pl') given.suppress_prefixlen = number;
  else if (key === 'goto') {
    given.action = FR_ACT.GOTO;
    given.target = number;
  } else given.pref = number;
  return null;
}
