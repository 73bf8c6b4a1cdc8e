/// The text form of an XDP program: what it decides, said in rules. It stands for the C source of such a program and
/// for the byte code that a compiler makes of it, which Softnet does not run.
///
///   program NAME | license GPL | section NAME | object TAG xlated BYTES jited BYTES
///   map NAME TYPE entries N [value 4|8]
///   entry MAP KEY [VALUE]
///   [LABEL:] [if MATCH {and MATCH}] [count MAP KEY] [VERDICT | redirect MAP KEY [else VERDICT] | goto LABEL]
///
/// A match is [not] src|dst ADDRESS[/BITS], sport|dport|len N[-N], src|dst|sport|dport|proto in MAP, proto
/// udp|tcp|icmp|N, ipv4, ipv6, arp, ethertype N, rate over N [burst N]. The first rule that decides, decides.
import { addressNumber } from '../../kernel/flows.ts';
import type { MapSpec } from '../../kernel/xdp/maps.ts';
import {
  BY_MASK,
  BY_RANGE,
  FIELD,
  GOTO_RULE,
  IN_MAP,
  KEY_HASH,
  KEY_QUEUE,
  NEXT_RULE,
  XDP_ABORTED,
  XDP_DROP,
  XDP_PASS,
  XDP_TX,
  type MapType,
} from '../../kernel/xdp/types.ts';
import type { DraftEntry, DraftRule, ProgramDraft } from '../../kernel/xdp/verify.ts';
import { wordTable } from '../word_table.ts';

/// What is wrong with a source, and where.
export class SourceTrouble extends Error {
  readonly line: number;
  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

const VERDICTS: Readonly<Record<string, number>> = wordTable({
  aborted: XDP_ABORTED,
  drop: XDP_DROP,
  pass: XDP_PASS,
  tx: XDP_TX,
});
const FIELDS: Readonly<Record<string, number>> = wordTable({
  src: FIELD.SRC,
  dst: FIELD.DST,
  sport: FIELD.SPORT,
  dport: FIELD.DPORT,
  proto: FIELD.PROTO,
  ethertype: FIELD.ETHERTYPE,
  len: FIELD.LEN,
});
const PROTOCOLS: Readonly<Record<string, number>> = wordTable({ icmp: 1, tcp: 6, udp: 17 });
const ETHERTYPES: Readonly<Record<string, number>> = wordTable({
  ipv4: 0x0800,
  ipv6: 0x86dd,
  arp: 0x0806,
});
const TYPES: readonly MapType[] = [
  ...(['array', 'percpu_array', 'hash', 'lpm_trie', 'devmap', 'cpumap', 'xskmap'] as const),
];

type Draft = { -readonly [K in keyof ProgramDraft]: ProgramDraft[K] } & {
  maps: MapSpec[];
  entries: DraftEntry[];
  rules: DraftRule[];
};

/// Reads a source; throws SourceTrouble.
export function parseProgram(text: string): ProgramDraft {
  const draft: Draft = {
    ...{ name: 'xdp_prog', section: 'xdp', gpl: false, object: null },
    ...{ maps: [], entries: [], rules: [] },
  };
  for (const [i, written] of text.split('\n').entries()) {
    const words = written
      .replace(/#.*/, '')
      .split(/\s+/)
      .filter((word) => word !== '');
    if (words.length > 0) takeLine(draft, new Words(words, i + 1));
  }
  return draft;
}

/// The words of one line, taken from the left.
class Words {
  readonly line: number;
  private readonly words: string[];
  constructor(words: string[], line: number) {
    this.words = words;
    this.line = line;
  }
  peek(): string {
    return this.words[0] ?? '';
  }
  take(): string {
    const word = this.words.shift();
    if (word === undefined) throw this.trouble('the line ends too early');
    return word;
  }
  takes(word: string): boolean {
    if (this.words[0] !== word) return false;
    this.words.shift();
    return true;
  }
  number(): number {
    const word = this.take();
    if (!/^(\d+|0x[0-9a-f]+)$/i.test(word)) throw this.trouble(`${word} is not a number`);
    return Number(word);
  }
  get over(): boolean {
    return this.words.length === 0;
  }
  trouble(message: string): SourceTrouble {
    return new SourceTrouble(this.line, message);
  }
}

function takeLine(draft: Draft, words: Words): void {
  if (words.takes('program')) draft.name = words.take();
  else if (words.takes('license')) draft.gpl = words.take() === 'GPL';
  else if (words.takes('section')) draft.section = words.take();
  else if (words.takes('object')) draft.object = takeObject(words);
  else if (words.takes('map')) draft.maps.push(takeMap(words));
  else if (words.takes('entry')) draft.entries.push(takeEntry(draft, words));
  else draft.rules.push(takeRule(words));
  if (!words.over) throw words.trouble(`unexpected ${words.peek()}`);
}

function takeObject(words: Words): ProgramDraft['object'] {
  const tag = words.take();
  const xlated = words.takes('xlated') ? words.number() : 0;
  return { tag, xlated, jited: words.takes('jited') ? words.number() : 0 };
}

function takeMap(words: Words): MapSpec {
  const name = words.take();
  const typed = words.take();
  const type = TYPES.find((one) => one === typed);
  if (!type) throw words.trouble(`no map type ${typed}`);
  if (!words.takes('entries')) throw words.trouble('entries N expected');
  const max_entries = words.number();
  const short = type === 'devmap' || type === 'cpumap' || type === 'xskmap';
  const value_size = words.takes('value') ? words.number() : short ? 4 : 8;
  if (value_size !== 4 && value_size !== 8) throw words.trouble('a value has 4 or 8 bytes');
  return { name, type, max_entries, value_size };
}

function takeEntry(draft: Draft, words: Words): DraftEntry {
  const map = words.take();
  const type = draft.maps.find((one) => one.name === map)?.type;
  const written = words.take();
  const [address, bits] = written.split('/');
  const prefixlen = bits === undefined ? 32 : Number(bits);
  const key = written.includes('.') ? address32(words, address ?? '') : Number(written);
  if (!Number.isInteger(key) || !Number.isInteger(prefixlen) || prefixlen > 32)
    throw words.trouble(`${written} is not a key`);
  if (bits !== undefined && type !== 'lpm_trie') throw words.trouble(`${map} has no prefixes`);
  return { line: words.line, map, key, prefixlen, value: words.over ? 1 : words.number() };
}

function address32(words: Words, text: string): number {
  try {
    return addressNumber(text);
  } catch {
    throw words.trouble(`${text} is not an IPv4 address`);
  }
}

function takeRule(words: Words): DraftRule {
  const label = words.peek().endsWith(':') ? words.take().slice(0, -1) : '';
  const matches: DraftRule['matches'][number][] = [];
  if (words.takes('if')) {
    do matches.push(takeMatch(words));
    while (words.takes('and'));
  }
  const count = words.takes('count') ? { map: words.take(), key: words.number() } : null;
  words.takes('then');
  const end = takeVerdict(words);
  if (count === null && matches.length === 0 && end.verdict === NEXT_RULE && label === '')
    throw words.trouble(`unknown word ${words.peek()}`);
  return { line: words.line, label, matches, count, ...end };
}

function takeVerdict(words: Words): Pick<DraftRule, 'verdict' | 'goto' | 'redirect'> {
  const nowhere = { goto: '', redirect: null };
  if (words.over) return { verdict: NEXT_RULE, ...nowhere };
  if (words.takes('goto')) return { verdict: GOTO_RULE, goto: words.take(), redirect: null };
  if (words.takes('redirect')) {
    const map = words.take();
    const key = words.takes('queue') ? KEY_QUEUE : words.takes('hash') ? KEY_HASH : words.number();
    const fallback = words.takes('else') ? verdictOf(words) : XDP_ABORTED;
    return { verdict: fallback, goto: '', redirect: { map, key, fallback } };
  }
  return { verdict: verdictOf(words), ...nowhere };
}

function verdictOf(words: Words): number {
  const word = words.take();
  const verdict = VERDICTS[word];
  if (verdict === undefined) throw words.trouble(`no verdict ${word}`);
  return verdict;
}

function takeMatch(words: Words): DraftRule['matches'][number] {
  const not = words.takes('not');
  const word = words.take();
  const ethertype = ETHERTYPES[word];
  if (ethertype !== undefined)
    return { field: FIELD.ETHERTYPE, how: BY_RANGE, not, a: ethertype, b: ethertype, map: '' };
  if (word === 'rate') return takeRate(words, not);
  const field = FIELDS[word];
  if (field === undefined) throw words.trouble(`nothing to match by the name ${word}`);
  if (words.takes('in')) return { field, how: IN_MAP, not, a: 0, b: 0, map: words.take() };
  if (field === FIELD.SRC || field === FIELD.DST) return { field, not, ...takePrefix(words) };
  const protocol = field === FIELD.PROTO ? PROTOCOLS[words.peek()] : undefined;
  if (protocol !== undefined) {
    words.take();
    return { field, how: BY_RANGE, not, a: protocol, b: protocol, map: '' };
  }
  return { field, not, ...takeRange(words) };
}

function takePrefix(words: Words) {
  const [address = '', bits = '32'] = words.take().split('/');
  const length = Number(bits);
  if (!Number.isInteger(length) || length < 0 || length > 32)
    throw words.trouble(`${bits} is no prefix length`);
  const mask = length === 0 ? 0 : (-1 << (32 - length)) >>> 0;
  return { how: BY_MASK, a: (address32(words, address) & mask) >>> 0, b: mask, map: '' };
}

function takeRange(words: Words) {
  const typed = words.take();
  const [, from, to] = /^(0x[0-9a-f]+|\d+)(?:-(\d+))?$/i.exec(typed) ?? [];
  if (from === undefined) throw words.trouble(`${typed} is not a number or a range`);
  return { how: BY_RANGE, a: Number(from), b: Number(to ?? from), map: '' };
}

/// A token bucket: a frame costs its share of a second, the bucket holds `burst` of them.
function takeRate(words: Words, not: boolean): DraftRule['matches'][number] {
  if (!words.takes('over')) throw words.trouble('rate over N expected');
  const rate = words.number();
  if (rate < 1 || rate > 1e9) throw words.trouble(`a rate of ${rate} a second`);
  const cost = Math.floor(1e9 / rate);
  const burst = words.takes('burst') ? Math.max(1, words.number()) : 1;
  return { field: FIELD.RATE, how: BY_RANGE, not, a: cost, b: cost * burst, map: '' };
}
