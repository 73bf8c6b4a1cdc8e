/// A rule as nft prints it: its expressions in order, without what goes without saying (that a UDP port
/// needs UDP). Stands for src/statement.c, expression.c and netlink_delinearize.c of nftables 1.1.3.
import { fieldNamed, type Field } from '../../kernel/netfilter/fields.ts';
import type {
  NftElement,
  NftExpr,
  NftRule,
  NftSet,
  NftTable,
  Word,
} from '../../kernel/netfilter/types.ts';
import type { Kernel } from '../../kernel/state.ts';
import { prefixMask, typeNamed } from './expressions.ts';
import {
  ICMPV6_CODES,
  ICMPX_CODES,
  ICMP_CODES,
  bitNames,
  isBitmask,
  timeText,
  valueText,
} from './values.ts';

export interface Style {
  readonly stateless: boolean; // -s
  readonly handles: boolean; // -a
  readonly numeric: boolean; // -n: protocols and symbols as numbers
  readonly numericProtocol: boolean; // -p
  readonly numericPriority: boolean; // -y
  readonly terse: boolean; // -t: no elements of sets
}

const OPS = { eq: '==', neq: '!=', lt: '<', gt: '>', lte: '<=', gte: '>=' } as const;

/// The text of a rule, without its handle.
export function ruleText(k: Kernel, table: NftTable, rule: NftRule, style: Style): string {
  const words: string[] = [];
  let place = 0; // of the expression's numbers in rule.state
  rule.exprs.forEach((expr, i) => {
    const state = rule.state.slice(place);
    place += stateWords(expr);
    if (expr.xt !== undefined) words.push(expr.xt);
    else if (!implied(table, rule.exprs, i)) words.push(exprText(k, table, expr, state, style));
  });
  if (rule.comment !== '') words.push(`comment "${rule.comment}"`);
  return words.join(' ');
}

function stateWords(expr: NftExpr): number {
  if (expr.kind === 'limit') return 5;
  return expr.kind === 'counter' || expr.kind === 'quota' ? 2 : 0;
}

// A comparison with a protocol that a header field behind it asks for anyway; only matches may stand
// between the two.
function implied(table: NftTable, exprs: readonly NftExpr[], at: number): boolean {
  const expr = exprs[at]!;
  if (expr.kind !== 'match' || expr.op !== 'eq' || expr.mask) return false;
  const value = Number(expr.value[0]);
  const own = table.family === 'ip' ? 'ip protocol' : 'ip6 nexthdr';
  const l4 = expr.field === 'meta l4proto' || expr.field === own;
  if (!l4 && expr.field !== 'meta nfproto') return false;
  for (const next of exprs.slice(at + 1)) {
    if (next.kind === 'reject' && !l4) return next.type === (value === 2 ? 'icmp' : 'icmpv6');
    if (next.kind === 'reject' && next.type === 'tcp reset' && l4)
      return value === 6 && table.family !== 'inet';
    const fields = fieldsOf(next);
    if (fields.length === 0) return false;
    if (fields.some((field) => (l4 ? field.l4 === value : field.l3 === value))) return true;
  }
  return false;
}

// What iptables wrote in its own form says nothing about header fields.
function fieldsOf(expr: NftExpr): Field[] {
  if (expr.xt !== undefined) return [];
  const names = 'fields' in expr ? expr.fields : 'field' in expr ? [expr.field] : [];
  return names.flatMap((name) => fieldNamed(name) ?? []);
}

function exprText(
  k: Kernel,
  table: NftTable,
  expr: NftExpr,
  state: readonly number[],
  style: Style,
): string {
  switch (expr.kind) {
    case 'match':
      return matchText(k, expr, style);
    case 'range': {
      const type = fieldNamed(expr.field)!.type;
      const [lo, hi] = [expr.lo, expr.hi].map((words) =>
        valueText(k, type, words, { numeric: true }),
      );
      return `${expr.field} ${expr.not ? '!= ' : ''}${lo}-${hi}`;
    }
    case 'flags':
      return `${expr.field} ${expr.not ? '! ' : ''}${flagsText(expr.field, expr.bits, ',')}`;
    case 'lookup':
      return `${expr.fields.join(' . ')} ${expr.not ? '!= ' : ''}${setText(k, table, expr.set, style)}`;
    case 'vmap':
      return `${expr.fields.join(' . ')} vmap ${setText(k, table, expr.set, style)}`;
    case 'dynset': {
      const timeout = expr.timeout_ns > 0 ? ` timeout ${timeText(expr.timeout_ns / 1e6)}` : '';
      return `${expr.op} @${expr.set} { ${expr.fields.join(' . ')}${timeout} }`;
    }
    case 'counter':
      if (style.stateless) return 'counter';
      return `counter packets ${state[0] ?? expr.packets} bytes ${state[1] ?? expr.bytes}`;
    case 'limit':
      return limitText(expr);
    case 'quota': {
      const used = state[1] ?? expr.used;
      const shown = used > 0 && !style.stateless ? ` used ${sizeText(used)}` : '';
      return `quota ${expr.over ? 'over ' : ''}${sizeText(expr.bytes)}${shown}`;
    }
    case 'log':
      return logText(expr);
    case 'reject':
      return rejectText(table, expr);
    case 'notrack':
      return 'notrack';
    case 'mark':
      return `${expr.target} mark set ${markText(k, expr)}`;
    case 'nat':
      return natText(k, expr);
    case 'queue':
      return queueText(expr);
    case 'verdict':
      return expr.chain === '' ? expr.verdict : `${expr.verdict} ${expr.chain}`;
  }
}

function flagsText(field: string, bits: number, sign: string): string {
  const names = bitNames(fieldNamed(field)!.type, bits);
  // All flags together are shown as a number.
  const all = sign !== ',' && bits === 2 ** fieldNamed(field)!.bits - 1;
  return names && names.length > 0 && !all ? names.join(sign) : `0x${bits.toString(16)}`;
}

function matchText(k: Kernel, expr: Extract<NftExpr, { kind: 'match' }>, style: Style): string {
  const { type, bits } = fieldNamed(expr.field)!;
  const value = (words: readonly Word[]): string => valueText(k, type, words, style);
  const sign = expr.op === 'eq' ? '' : `${OPS[expr.op]} `;
  if (expr.prefix >= 0) return `${expr.field} ${sign}${value(expr.value)}/${expr.prefix}`;
  if (!expr.mask) {
    if (!isBitmask(type)) return `${expr.field} ${sign}${value(expr.value)}`;
    const names = flagsText(expr.field, Number(expr.value[0]), ' | ');
    return `${expr.field} ${OPS[expr.op]} ${names}`;
  }
  if (expr.mask.length > 1) return `${expr.field} ${sign}${value(expr.value)}/${bits}`;
  const mask = expr.mask[0]!;
  if (!isBitmask(type))
    return `${expr.field} & ${value(expr.mask)} ${OPS[expr.op]} ${value(expr.value)}`;
  const wanted = Number(expr.value[0]);
  if (mask === 2 ** bits - 1) return `${expr.field} ${OPS[expr.op]} 0x${wanted.toString(16)}`;
  const one = (mask & (mask - 1)) === 0;
  if (one || (expr.op !== 'eq' && expr.op !== 'neq'))
    return `${expr.field} & ${flagsText(expr.field, mask, ' | ')} ${OPS[expr.op]} ${flagsText(expr.field, wanted, ' | ')}`;
  return `${expr.field} ${sign}${flagsText(expr.field, wanted, ',')} / ${flagsText(expr.field, mask, ',')}`;
}

const UNITS: Readonly<Record<number, string>> = {
  ...{ 1: 'second', 60: 'minute', 3600: 'hour', 86_400: 'day', 604_800: 'week' },
};

function limitText(expr: Extract<NftExpr, { kind: 'limit' }>): string {
  const over = expr.over ? 'over ' : '';
  const unit = UNITS[expr.unit] ?? 'error';
  if (!expr.bytes) return `limit rate ${over}${expr.rate}/${unit} burst ${expr.burst || 5} packets`;
  const burst = expr.burst > 0 ? ` burst ${sizeText(expr.burst)}` : '';
  return `limit rate ${over}${sizeText(expr.rate)}/${unit}${burst}`;
}

/// The largest unit that divides it. src/statement.c:get_rate()
function sizeText(bytes: number): string {
  const units = ['bytes', 'kbytes', 'mbytes'];
  let [value, at] = [bytes, 0];
  while (value > 0 && at < units.length - 1 && value % 1024 === 0) {
    value /= 1024;
    at++;
  }
  return `${value} ${units[at]!}`;
}

const LEVELS = ['emerg', 'alert', 'crit', 'err', 'warn', 'notice', 'info', 'debug'];

function logText(expr: Extract<NftExpr, { kind: 'log' }>): string {
  let text = 'log';
  if (expr.prefix !== '') text += ` prefix "${expr.prefix}"`;
  if (expr.level !== 4) text += ` level ${LEVELS[expr.level]!}`;
  const { flags } = expr;
  if ((flags & 0x2f) === 0x2f) return `${text} flags all`;
  const tcp = [flags & 1 ? 'sequence' : '', flags & 2 ? 'options' : ''].filter((one) => one !== '');
  if (tcp.length > 0) text += ` flags tcp ${tcp.join(',')}`;
  if (flags & 4) text += ' flags ip options';
  if (flags & 8) text += ' flags skuid';
  if (flags & 32) text += ' flags ether';
  return text;
}

const CODES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  ...{ icmp: ICMP_CODES, icmpv6: ICMPV6_CODES, icmpx: ICMPX_CODES },
};
const DEFAULTS: Readonly<Record<string, number>> = { icmp: 3, icmpv6: 4, icmpx: 1 };

function rejectText(table: NftTable, expr: Extract<NftExpr, { kind: 'reject' }>): string {
  const { type, code } = expr;
  if (type === 'tcp reset') return 'reject with tcp reset';
  const inet = table.family === 'inet' || table.family === 'netdev';
  if (code === DEFAULTS[type] && inet === (type === 'icmpx')) return 'reject';
  const name = Object.entries(CODES[type]!).find(([, number]) => number === code)?.[0];
  return `reject with ${type} ${name ?? code}`;
}

function markText(k: Kernel, expr: Extract<NftExpr, { kind: 'mark' }>): string {
  const hex = (value: number): string => valueText(k, 'mark', [value >>> 0]);
  const { and, xor, target } = expr;
  if (and === 0) return hex(xor);
  if (xor === 0) return `${target} mark & ${hex(and)}`;
  if (and === -1) return `${target} mark ^ ${hex(xor)}`;
  if ((and | 0) === ~xor) return `${target} mark | ${hex(xor)}`;
  return `${target} mark & ${hex(and)} ^ ${hex(xor)}`;
}

function natText(k: Kernel, expr: Extract<NftExpr, { kind: 'nat' }>): string {
  const { type, family, addr, port, flags } = expr;
  let text: string = type;
  if (addr.length > 0 || port.length > 0) {
    if (family !== '') text += ` ${family}`;
    text += ' to';
  }
  const addresses = addr.map((words) => {
    const six = words.length === 4;
    const address = valueText(k, six ? 'ipv6_addr' : 'ipv4_addr', words);
    return six && port.length > 0 ? `[${address}]` : address;
  });
  if (addr.length > 0) text += ` ${addresses.join('-')}`;
  if (port.length > 0) text += `${addr.length > 0 ? '' : ' '}:${port.join('-')}`;
  return flags.length > 0 ? `${text} ${flags.join(',')}` : text;
}

function queueText(expr: Extract<NftExpr, { kind: 'queue' }>): string {
  const flags = [expr.bypass ? 'bypass' : '', expr.fanout ? 'fanout' : ''].filter((f) => f !== '');
  const range = expr.last > expr.num ? `${expr.num}-${expr.last}` : `${expr.num}`;
  return `queue${flags.length > 0 ? ` flags ${flags.join(',')}` : ''} to ${range}`;
}

function setText(k: Kernel, table: NftTable, name: string, style: Style): string {
  if (!name.startsWith('__')) return `@${name}`;
  const set = table.sets.find((one) => one.name === name)!;
  return `{ ${set.elements.map((element) => elementText(k, set, element, style)).join(', ')} }`;
}

const PREFIXED = new Set(['ipv4_addr', 'ipv6_addr']);

/// An element: its key, its time, and what it leads to.
export function elementText(k: Kernel, set: NftSet, element: NftElement, style: Style): string {
  let text = element.catchall ? '*' : keyText(k, set, element, style);
  if (element.timeout_ns > 0 && element.timeout_ns !== set.default_timeout_ns)
    text += ` timeout ${timeText(element.timeout_ns / 1e6)}`;
  if (element.expires > 0 && !style.stateless)
    text += ` expires ${timeText(Math.max(0, Math.floor((element.expires - k.now) / 1e6)))}`;
  if (element.comment !== '') text += ` comment "${element.comment}"`;
  const { verdict } = element;
  if (!verdict) return text;
  return `${text} : ${verdict.chain === '' ? verdict.verdict : `${verdict.verdict} ${verdict.chain}`}`;
}

function keyText(k: Kernel, set: NftSet, element: NftElement, style: Style): string {
  const texts: string[] = [];
  let at = 0;
  for (const type of set.fields) {
    const words = WIDTHS[type] ?? 1;
    const [lo, hi] = [element.lo.slice(at, at + words), element.hi.slice(at, at + words)];
    at += words;
    texts.push(partText(k, type, lo, hi, style));
  }
  return texts.join(' . ');
}

const WIDTHS: Readonly<Record<string, number>> = { ipv6_addr: 4, ether_addr: 2 };

function partText(
  k: Kernel,
  type: string,
  lo: readonly Word[],
  hi: readonly Word[],
  style: Style,
): string {
  if (lo.every((word, i) => word === hi[i])) return valueText(k, type, lo, style);
  const length = PREFIXED.has(type) ? prefixLength(lo.map(Number), hi.map(Number), type) : -1;
  if (length >= 0) return `${valueText(k, type, lo)}/${length}`;
  const numbers = { numeric: true };
  return `${valueText(k, type, lo, numbers)}-${valueText(k, type, hi, numbers)}`;
}

// The length of the prefix that is exactly this range; -1: none is.
function prefixLength(lo: readonly number[], hi: readonly number[], type: string): number {
  const { bits } = typeNamed(type)!;
  for (let length = 0; length < bits; length++) {
    const mask = prefixMask(bits, length);
    const fits = (word: number, i: number): boolean =>
      (word & mask[i]!) >>> 0 === word && (word | ~mask[i]!) >>> 0 === hi[i];
    if (lo.every(fits)) return length;
  }
  return -1;
}
