/// The text form of an XDP program: what it decides, said in rules. It stands for the C source of such a program and
/// for the byte code that a compiler makes of it, which Softnet does not run.
///
///   program NAME | license GPL | section NAME | object TAG xlated BYTES jited BYTES
///   map NAME TYPE [key ipv6] entries N [value 4|8]
///   entry MAP KEY [VALUE]
///   [LABEL:] [if MATCH {and MATCH}] [count MAP KEY] [meta N|found [size BYTES] [else VERDICT]] [mark N|meta]
///            [VERDICT | redirect MAP KEY [else VERDICT] | goto LABEL]
///
/// A match is [not] src|dst ADDRESS[/BITS], sport|dport|len N[-N], src|dst|sport|dport|proto in MAP, proto
/// udp|tcp|icmp|icmpv6|N, ipv4, ipv6, arp, ethertype N, rate over N [burst N]. The first rule that decides, decides.
/// Verdicts of XDP are aborted, drop, pass, tx. A section `tc` or `classifier` makes a program for tc instead: its
/// verdicts are ok, shot, stolen, unspec; it may compare `mark N` and `meta N|any`, and set the mark. `meta N` puts
/// metadata before the packet, `meta found` the value of the map's element that the rule has matched.
import type { MapSpec } from '../../kernel/xdp/maps.ts';
import {
  GOTO_RULE,
  KEEP_MARK,
  KEY_HASH,
  KEY_QUEUE,
  MARK_FROM_META,
  META_FOUND,
  NEXT_RULE,
  XDP_ABORTED,
  XDP_DROP,
  XDP_PASS,
  XDP_TX,
  type MapType,
  type ProgType,
} from '../../kernel/xdp/types.ts';
import { TC_ACT } from '../../kernel/tc/types.ts';
import type { DraftEntry, DraftRule, ProgramDraft } from '../../kernel/xdp/verify.ts';
import { wordTable } from '../word_table.ts';
import { address32, prefix6, takeMatch } from './source_match.ts';
import { SourceTrouble, Words } from './source_words.ts';

export { SourceTrouble };

const VERDICTS: Readonly<Record<string, number>> = wordTable({
  aborted: XDP_ABORTED,
  drop: XDP_DROP,
  pass: XDP_PASS,
  tx: XDP_TX,
});
const TC_VERDICTS: Readonly<Record<string, number>> = wordTable({
  ok: TC_ACT.OK,
  shot: TC_ACT.SHOT,
  stolen: TC_ACT.STOLEN,
  unspec: TC_ACT.UNSPEC,
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
  const ipv6 = words.takes('key') && takeFamily(words);
  if (ipv6 && type !== 'lpm_trie') throw words.trouble(`no IPv6 keys in a ${type} here`);
  if (!words.takes('entries')) throw words.trouble('entries N expected');
  const max_entries = words.number();
  const short = type === 'devmap' || type === 'cpumap' || type === 'xskmap';
  const value_size = words.takes('value') ? words.number() : short ? 4 : 8;
  if (value_size !== 4 && value_size !== 8) throw words.trouble('a value has 4 or 8 bytes');
  return { name, type, max_entries, value_size, ipv6 };
}

/// True: IPv6.
function takeFamily(words: Words): boolean {
  const word = words.take();
  if (word !== 'ipv4' && word !== 'ipv6') throw words.trouble(`keys of ${word}`);
  return word === 'ipv6';
}

function takeEntry(draft: Draft, words: Words): DraftEntry {
  const map = words.take();
  const spec = draft.maps.find((one) => one.name === map);
  const type = spec?.type;
  const written = words.take();
  if (spec?.ipv6 === true) return takeEntry6(words, map, written);
  const [address, bits] = written.split('/');
  const prefixlen = bits === undefined ? 32 : Number(bits);
  const key = written.includes('.') ? address32(words, address ?? '') : Number(written);
  if (!Number.isInteger(key) || !Number.isInteger(prefixlen) || prefixlen > 32)
    throw words.trouble(`${written} is not a key`);
  if (bits !== undefined && type !== 'lpm_trie') throw words.trouble(`${map} has no prefixes`);
  return { line: words.line, map, key, prefixlen, value: words.over ? 1 : words.number() };
}

function takeEntry6(words: Words, map: string, written: string): DraftEntry {
  const { wide, prefixlen } = prefix6(words, written);
  const value = words.over ? 1 : words.number();
  return { line: words.line, map, key: 0, wide, prefixlen, value };
}

function takeRule(words: Words): DraftRule {
  const label = words.peek().endsWith(':') ? words.take().slice(0, -1) : '';
  const matches: DraftRule['matches'][number][] = [];
  if (words.takes('if')) {
    do matches.push(takeMatch(words));
    while (words.takes('and'));
  }
  const count = words.takes('count') ? { map: words.take(), key: words.number() } : null;
  const meta = words.takes('meta') ? takeMeta(words) : null;
  const mark = words.takes('mark') ? takeMark(words) : KEEP_MARK;
  words.takes('then');
  const end = takeVerdict(words);
  const does = count !== null || meta !== null || mark !== KEEP_MARK;
  if (!does && matches.length === 0 && end.verdict === NEXT_RULE && label === '')
    throw words.trouble(`unknown word ${words.peek()}`);
  const speaks = meta !== null ? 'xdp' : mark !== KEEP_MARK ? 'sched_cls' : end.speaks;
  return { line: words.line, label, matches, count, meta, mark, ...end, speaks };
}

function takeMeta(words: Words): DraftRule['meta'] {
  const word = words.takes('found') ? META_FOUND : word32(words);
  const len = words.takes('size') ? words.number() : 4;
  const fails = words.takes('else') ? verdictOf(words).verdict : XDP_ABORTED;
  return { len, word, fails };
}

function takeMark(words: Words): number {
  return words.takes('meta') ? MARK_FROM_META : word32(words);
}

function word32(words: Words): number {
  const value = words.number();
  if (value > 0xffff_ffff) throw words.trouble(`${value} has more than 32 bits`);
  return value;
}

function takeVerdict(words: Words): Pick<DraftRule, 'verdict' | 'goto' | 'redirect' | 'speaks'> {
  const nowhere = { goto: '', redirect: null, speaks: null };
  if (words.over) return { verdict: NEXT_RULE, ...nowhere };
  if (words.takes('goto')) return { ...nowhere, verdict: GOTO_RULE, goto: words.take() };
  if (words.takes('redirect')) {
    const map = words.take();
    const key = words.takes('queue') ? KEY_QUEUE : words.takes('hash') ? KEY_HASH : words.number();
    const fallback = words.takes('else') ? verdictOf(words).verdict : XDP_ABORTED;
    return { verdict: fallback, goto: '', redirect: { map, key, fallback }, speaks: 'xdp' };
  }
  return { ...nowhere, ...verdictOf(words) };
}

function verdictOf(words: Words): { verdict: number; speaks: ProgType } {
  const word = words.take();
  const xdp = VERDICTS[word];
  if (xdp !== undefined) return { verdict: xdp, speaks: 'xdp' };
  const verdict = TC_VERDICTS[word];
  if (verdict === undefined) throw words.trouble(`no verdict ${word}`);
  return { verdict, speaks: 'sched_cls' };
}
