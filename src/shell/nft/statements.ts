/// The statements of a rule. Stands for the rules of src/parser_bison.y of nftables 1.1.3.
/// Left out: objects by name, synproxy, tproxy, dup, fwd, meters, flow offload, and setting other
/// things than marks; they say so.
import type { NftExpr } from '../../kernel/netfilter/types.ts';
import type { Kernel } from '../../kernel/state.ts';
import type { Cursor } from './cursor.ts';
import {
  beginsField,
  beginsVerdict,
  readField,
  readFields,
  readMs,
  readVerdict,
} from './expressions.ts';
import { readMatch } from './matches.ts';
import { readNat } from './nat_statement.ts';
import { RuleDraft } from './rule_draft.ts';
import { Absent, Trouble, span, type Place } from './trouble.ts';
import { ICMPV6_CODES, ICMPX_CODES, ICMP_CODES } from './values.ts';
import { wordTable } from '../word_table.ts';

const ABSENT = new Set([
  ...['synproxy', 'tproxy', 'dup', 'fwd', 'meter', 'flow', 'tunnel', 'xt', 'last', 'set', 'map'],
  ...['fib', 'rt', 'socket', 'osf', 'numgen', 'jhash', 'symhash', 'ipsec', 'arp', 'sctp', 'dccp'],
  ...['esp', 'ah', 'comp', 'exthdr', 'hbh', 'frag', 'dst', 'mh', 'skuid', 'skgid', 'cgroup'],
  ...[
    'iifgroup',
    'oifgroup',
    'ibrname',
    'obrname',
    'nftrace',
    'rtclassid',
    'reset',
    'time',
    'hour',
    'day',
    'udplite',
    'priority',
  ],
]);

/// Reads a rule up to the end of its line.
export function readRule(k: Kernel, cursor: Cursor, family: string): RuleDraft {
  const draft = new RuleDraft(family);
  while (!cursor.atSeparator() && !cursor.atEnd() && !cursor.sees('}')) {
    if (cursor.takes('comment')) {
      draft.comment = cursor.quoted().text;
      break;
    }
    readStatement(k, cursor, draft);
  }
  if (draft.exprs.length === 0) throw cursor.unexpected();
  return draft;
}

function readStatement(k: Kernel, cursor: Cursor, draft: RuleDraft): void {
  const { text, place: from, kind } = cursor.peek();
  const setter = markSetter(cursor);
  if (setter) return draft.add(readMark(cursor, setter), span(from, cursor.last()));
  if (beginsField(cursor)) return readMatch(k, cursor, draft);
  if (beginsVerdict(cursor)) {
    const expr: NftExpr = { kind: 'verdict', ...readVerdict(cursor) };
    return draft.add(expr, span(from, cursor.last()));
  }
  const read = kind === 'string' ? readers[text] : undefined;
  if (!read) {
    if (kind === 'string' && ABSENT.has(text)) throw new Absent(`nft: ${text}`);
    throw cursor.unexpected();
  }
  cursor.next();
  draft.add(read(cursor, draft, k), span(from, cursor.last()));
}

type Reader = (cursor: Cursor, draft: RuleDraft, k: Kernel) => NftExpr;

const readers: Readonly<Record<string, Reader>> = wordTable({
  counter: readCounter,
  limit: readLimit,
  quota: readQuota,
  log: readLog,
  reject: readReject,
  notrack: () => ({ kind: 'notrack' }),
  queue: readQueue,
  add: (cursor, draft) => readDynset(cursor, draft, 'add'),
  update: (cursor, draft) => readDynset(cursor, draft, 'update'),
  delete: (cursor, draft) => readDynset(cursor, draft, 'delete'),
  snat: (cursor, draft) => readNat(cursor, draft, 'snat'),
  dnat: (cursor, draft) => readNat(cursor, draft, 'dnat'),
  masquerade: (cursor, draft) => readNat(cursor, draft, 'masquerade'),
  redirect: (cursor, draft) => readNat(cursor, draft, 'redirect'),
});

function readCounter(cursor: Cursor): NftExpr {
  if (cursor.sees('name') || cursor.peek().kind === 'quoted string')
    throw new Absent('nft: counters by name');
  const counts = { packets: 0, bytes: 0 };
  for (let i = 0; i < 2; i++)
    if (cursor.takes('packets')) counts.packets = Number(cursor.number().text);
    else if (cursor.takes('bytes')) counts.bytes = Number(cursor.number().text);
  return { kind: 'counter', ...counts };
}

const UNITS: Readonly<Record<string, number>> = wordTable({
  ...{ second: 1, minute: 60, hour: 3600, day: 86_400, week: 604_800 },
});
const SIZES: Readonly<Record<string, number>> = wordTable({
  bytes: 1,
  kbytes: 1024,
  mbytes: 1024 ** 2,
});

function readLimit(cursor: Cursor): NftExpr {
  if (cursor.sees('name')) throw new Absent('nft: limits by name');
  cursor.need('rate');
  const over = cursor.takes('over');
  if (!over) cursor.takes('until');
  const rate = Number(cursor.number().text);
  const token = cursor.peek();
  const [size = '', glued] = token.kind === 'string' ? token.text.split('/') : [];
  let bytes = 0;
  if (size !== '') {
    bytes = SIZES[size] ?? 0;
    if (bytes === 0) throw new Trouble(token.place, 'Wrong rate format');
    cursor.next();
  }
  let unit = glued;
  if (unit === undefined) {
    cursor.need('/');
    unit = cursor.peek().text;
    if (!Object.hasOwn(UNITS, unit)) throw cursor.unexpected();
    cursor.next();
  }
  const burst = readBurst(cursor, bytes > 0);
  return {
    kind: 'limit',
    rate: bytes > 0 ? rate * bytes : rate,
    unit: UNITS[unit] ?? 1,
    burst,
    bytes: bytes > 0,
    over,
  };
}

function readBurst(cursor: Cursor, bytes: boolean): number {
  if (!cursor.takes('burst')) return bytes ? 0 : 5;
  const { text, place } = cursor.number();
  const unit = cursor.peek().text;
  if (bytes ? !Object.hasOwn(SIZES, unit) : unit !== 'packets')
    throw cursor.unexpected(...(bytes ? ['bytes', 'string'] : ['packets']));
  cursor.next();
  if (!bytes && Number(text) === 0) throw new Trouble(place, 'packet limit burst must be > 0');
  return Number(text) * (bytes ? SIZES[unit]! : 1);
}

function readQuota(cursor: Cursor): NftExpr {
  if (cursor.sees('name')) throw new Absent('nft: quotas by name');
  const over = cursor.takes('over');
  if (!over) cursor.takes('until');
  const bytes = readSize(cursor);
  return { kind: 'quota', bytes, used: cursor.takes('used') ? readSize(cursor) : 0, over };
}

function readSize(cursor: Cursor): number {
  const amount = Number(cursor.number().text);
  const token = cursor.next();
  const size = SIZES[token.text];
  if (size === undefined) throw new Trouble(token.place, 'Wrong rate format');
  return amount * size;
}

const LEVELS = ['emerg', 'alert', 'crit', 'err', 'warn', 'notice', 'info', 'debug'];
const LOG_FLAGS: Readonly<Record<string, number>> = wordTable({ skuid: 8, ether: 32, all: 0x2f });

function readLog(cursor: Cursor): NftExpr {
  let prefix = '';
  let level = 4;
  let flags = 0;
  for (;;) {
    if (cursor.takes('prefix')) {
      const { text, place } = cursor.quoted();
      if (text.length > 127) throw new Trouble(place, 'log prefix is too long');
      prefix = text;
    } else if (cursor.takes('level')) {
      const { text, place } = cursor.next();
      level = LEVELS.indexOf(text);
      if (text === 'audit') throw new Absent('nft: log level audit');
      if (level < 0) throw new Trouble(place, 'invalid log level');
    } else if (cursor.takes('flags')) flags |= readLogFlags(cursor);
    else if (['group', 'snaplen', 'queue-threshold'].includes(cursor.peek().text))
      throw new Absent('nft: log to a program in user space (group)');
    else return { kind: 'log', prefix, level, flags };
  }
}

// NF_LOG_*: include/uapi/linux/netfilter/nf_log.h
function readLogFlags(cursor: Cursor): number {
  const { text } = cursor.peek();
  if (LOG_FLAGS[text]) {
    cursor.next();
    return LOG_FLAGS[text];
  }
  if (cursor.takes('ip')) {
    cursor.need('options');
    return 4;
  }
  cursor.need('tcp');
  let flags = 0;
  do {
    if (cursor.takes('sequence')) flags |= 1;
    else if (cursor.takes('options')) flags |= 2;
    else throw cursor.unexpected();
  } while (cursor.takes(','));
  return flags;
}

const PORT_UNREACH = { icmp: 3, icmpv6: 4, icmpx: 1 } as const;
const CODES = { icmp: ICMP_CODES, icmpv6: ICMPV6_CODES, icmpx: ICMPX_CODES } as const;

function readReject(cursor: Cursor, draft: RuleDraft): NftExpr {
  if (!cursor.takes('with')) {
    const known = draft.family === 'ip' || draft.family === 'ip6' ? draft.family : draft.l3;
    const type = known === 'ip' ? 'icmp' : known === 'ip6' ? 'icmpv6' : 'icmpx';
    return { kind: 'reject', type, code: PORT_UNREACH[type], family: 0 };
  }
  if (cursor.takes('tcp')) {
    const { place } = cursor.need('reset');
    if (draft.l4 !== '' && draft.l4 !== 'tcp')
      throw new Trouble(place, `conflicting protocols specified: ${draft.l4} vs. tcp`);
    if (draft.l4 === '') draft.addFirst(l4Is(6), place);
    return { kind: 'reject', type: 'tcp reset', code: 0, family: 0 };
  }
  const type = (['icmp', 'icmpv6', 'icmpx'] as const).find((name) => cursor.takes(name));
  if (!type) throw cursor.unexpected();
  cursor.takes('type');
  const { text, place } = cursor.next();
  const code = CODES[type][text] ?? (/^\d+$/.test(text) ? Number(text) : -1);
  if (code < 0) throw new Trouble(place, `Could not parse ${type} code`);
  return { kind: 'reject', type, code, family: 0 };
}

function l4Is(proto: number): NftExpr {
  return {
    kind: 'match',
    field: 'meta l4proto',
    mask: null,
    op: 'eq',
    value: [proto],
    prefix: -1,
  };
}

function readQueue(cursor: Cursor): NftExpr {
  let [num, last, bypass, fanout] = [0, 0, false, false];
  for (;;) {
    if (cursor.takes('num') || cursor.takes('to')) {
      if (cursor.peek().kind === 'string') throw new Absent('nft: queue by an expression');
      num = Number(cursor.number().text);
      last = cursor.takes('-') ? Number(cursor.number().text) : num;
    } else if (cursor.takes('bypass')) bypass = true;
    else if (cursor.takes('fanout')) fanout = true;
    else if (!cursor.takes('flags') && !cursor.takes(',')) break;
  }
  return { kind: 'queue', num, last, bypass, fanout };
}

function readDynset(cursor: Cursor, draft: RuleDraft, op: 'add' | 'update' | 'delete'): NftExpr {
  const sign: Place = cursor.need('@').place;
  const { text, place } = cursor.name();
  cursor.need('{');
  const sides = readFields(cursor);
  const timeout_ns = cursor.takes('timeout') ? readMs(cursor) * 1_000_000 : 0;
  if (!cursor.sees('}')) throw new Absent('nft: statements of set elements');
  cursor.need('}');
  draft.refs.push({
    name: text,
    place: span(sign, place),
    types: sides.map((side) => side.field.type),
    data: '',
  });
  const fields = sides.map((side) => side.field.name);
  return { kind: 'dynset', op, fields, set: text, timeout_ns };
}

/// meta mark set, mark set, ct mark set: whose mark; null: another statement.
function markSetter(cursor: Cursor): 'meta' | 'ct' | null {
  const [a, b, c] = [cursor.peek().text, cursor.peek(1).text, cursor.peek(2).text];
  if (a === 'mark' && b === 'set') return 'meta';
  if ((a === 'meta' || a === 'ct') && c === 'set') {
    if (b !== 'mark') throw new Absent(`nft: ${a} ${b} set`);
    return a;
  }
  return null;
}

function readMark(cursor: Cursor, target: 'meta' | 'ct'): NftExpr {
  while (!cursor.takes('set')) cursor.next();
  if (cursor.peek().kind === 'number') {
    const xor = Number(cursor.number().text);
    if (
      !cursor.atSeparator() &&
      ['and', 'or', 'xor', '&', '|', '^', '<<', '>>'].includes(cursor.peek().text)
    )
      throw new Absent('nft: arithmetic of fields');
    return { kind: 'mark', target, and: 0, xor: xor >>> 0 };
  }
  if (!beginsField(cursor)) throw new Absent('nft: a mark set from another field');
  const { field } = readField(cursor);
  if (field.name !== `${target} mark`) throw new Absent('nft: a mark set from another field');
  const sign = cursor.next().text;
  const value = Number(cursor.number().text) >>> 0;
  if (sign === '&' || sign === 'and') return { kind: 'mark', target, and: value | 0, xor: 0 };
  if (sign === '|' || sign === 'or') return { kind: 'mark', target, and: ~value, xor: value };
  if (sign === '^' || sign === 'xor') return { kind: 'mark', target, and: -1, xor: value };
  throw new Absent(`nft: a mark set with ${sign}`);
}
