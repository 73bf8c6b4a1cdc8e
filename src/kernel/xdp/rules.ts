/// A program at work on one packet: its rules, first match decides. Stands for what the byte code of such a program
/// does, and for __bpf_xdp_redirect_map() in include/linux/filter.h.
/// Left out: changes of the packet itself (adjust_head, adjust_tail, rewritten addresses), frames in several buffers,
/// tail calls.
import { COSTS } from '../costs.ts';
import { FLAG_MARK, FLAG_META } from '../skb.ts';
import type { Cpu, Kernel, Skb } from '../state.ts';
import { fieldOf, words6Of } from './fields.ts';
import { countInMap, mapFind, mapFind6, mapHas } from './maps.ts';
import { adjustMeta, metaHeadroom } from './metadata.ts';
import {
  BY_MASK,
  BY_RANGE,
  FIELD,
  GOTO_RULE,
  KEEP_MARK,
  KEY_HASH,
  KEY_QUEUE,
  MARK_FROM_META,
  META_FOUND,
  NEXT_RULE,
  XDP_ABORTED,
  XDP_REDIRECT,
  type BpfMap,
  type BpfProg,
  type XdpMatch,
  type XdpRule,
} from './types.ts';

const XDP_PACKET_HEADROOM = 256;
const TC_ACT_UNSPEC = -1;

/// Where the program's redirect leads: struct bpf_redirect_info. Of no meaning between two frames.
export const redirectInfo = { map: -1, key: 0 };

/// What the last look-up in a map has found. Of no meaning between two frames.
const found = { value: 0 };

/// Where a program runs: on a driver's own buffer, or on one with the full 256 bytes of room before the frame.
export type Place = 'driver' | 'roomy' | 'skb';

/// The verdict of a program. One that no rule decides is aborted, or says nothing; verify.ts refuses programs that
/// could end so.
export function runRules(k: Kernel, c: Cpu, prog: BpfProg, skb: Skb, place: Place): number {
  const { rules } = prog;
  for (let i = 0; i < rules.length;) {
    const rule = rules[i]!;
    if (!matches(k, c, prog, rule, skb)) {
      i++;
      continue;
    }
    if (rule.count_map >= 0) {
      c.cursor_ns += COSTS.bpf_array_lookup.ns;
      countInMap(mapOf(k, prog, rule.count_map), c.id, rule.count_key);
    }
    if (rule.meta_len > 0 && !putMeta(k, c, rule, skb, place)) return rule.meta_fails;
    if (rule.mark !== KEEP_MARK) putMark(k, rule.mark, skb);
    if (rule.verdict === NEXT_RULE) i++;
    else if (rule.verdict === GOTO_RULE) i = rule.goto;
    else return rule.map >= 0 ? redirect(k, prog, rule, skb) : rule.verdict;
  }
  return prog.type === 'xdp' ? XDP_ABORTED : TC_ACT_UNSPEC;
}

function mapOf(k: Kernel, prog: BpfProg, map: number): BpfMap {
  return k.bpf.maps[prog.maps[map]!]!;
}

/// False: the helper has refused.
function putMeta(k: Kernel, c: Cpu, rule: XdpRule, skb: Skb, place: Place): boolean {
  c.cursor_ns += COSTS.bpf_xdp_adjust_meta.ns;
  const dev = k.devs[k.skbs.dev[skb]!]!;
  const headroom = place === 'driver' ? metaHeadroom(dev) : XDP_PACKET_HEADROOM;
  const word = rule.meta === META_FOUND ? found.value >>> 0 : rule.meta;
  return adjustMeta(k, headroom, skb, rule.meta_len, word) === null;
}

function putMark(k: Kernel, mark: number, skb: Skb): void {
  const { flags, meta } = k.skbs;
  const value =
    mark !== MARK_FROM_META ? mark : flags[skb]! & FLAG_META ? k.bpf.metas[meta[skb]!]!.word : 0;
  k.skbs.mark[skb] = value | 0;
  flags[skb] = flags[skb]! | FLAG_MARK;
}

/// Notes where the frame is to go; the rule's own fallback when the map has nothing there.
function redirect(k: Kernel, prog: BpfProg, rule: XdpRule, skb: Skb): number {
  const map = mapOf(k, prog, rule.map);
  redirectInfo.map = prog.maps[rule.map]!;
  redirectInfo.key =
    rule.key === KEY_QUEUE
      ? k.skbs.queue[skb]!
      : rule.key === KEY_HASH
        ? (k.flows.hash[k.skbs.flow[skb]!]! >>> 0) % map.max_entries
        : rule.key;
  return mapHas(map, redirectInfo.key) ? XDP_REDIRECT : rule.fallback;
}

function matches(k: Kernel, c: Cpu, prog: BpfProg, rule: XdpRule, skb: Skb): boolean {
  for (const match of rule.matches) {
    c.cursor_ns += COSTS.bpf_match.ns;
    if (match.field === FIELD.RATE) {
      if (isOver(c, prog, match) === match.not) return false;
    } else if (match.field === FIELD.SRC6 || match.field === FIELD.DST6) {
      const words = words6Of(k, prog.type, skb);
      if (words === null || holds6(k, c, prog, match, words) === match.not) return false;
    } else {
      const value = fieldOf(k, prog.type, match.field, skb);
      if (value < 0 || holds(k, c, prog, match, value) === match.not) return false;
    }
  }
  return true;
}

function holds(k: Kernel, c: Cpu, prog: BpfProg, match: XdpMatch, value: number): boolean {
  if (match.how === BY_MASK) return (value & match.b) >>> 0 === match.a;
  if (match.how === BY_RANGE) return value >= match.a && value <= match.b;
  const map = mapOf(k, prog, match.map);
  c.cursor_ns += map.trie !== null ? COSTS.bpf_trie_lookup.ns : COSTS.bpf_hash_lookup.ns;
  return hasFound(mapFind(map, value));
}

function holds6(
  k: Kernel,
  c: Cpu,
  prog: BpfProg,
  { field, how, map, wide }: XdpMatch,
  words: readonly number[],
): boolean {
  const at = field === FIELD.SRC6 ? 0 : 4;
  if (how === BY_MASK) {
    for (let i = 0; i < 4; i++)
      if ((words[at + i]! & wide[4 + i]!) >>> 0 !== wide[i]!) return false;
    return true;
  }
  c.cursor_ns += COSTS.bpf_trie_lookup.ns;
  for (let i = 0; i < 4; i++) address[i] = words[at + i]!;
  return hasFound(mapFind6(mapOf(k, prog, map), address));
}

const address = [0, 0, 0, 0];

function hasFound(value: number): boolean {
  if (value < 0) return false;
  found.value = value;
  return true;
}

/// Whether the frame comes faster than the rate allows; else it takes its share out of the bucket.
function isOver(c: Cpu, prog: BpfProg, match: XdpMatch): boolean {
  const at = match.map * 2;
  const passed = c.cursor_ns - prog.buckets[at + 1]!;
  const left = Math.min(match.b, prog.buckets[at]! + Math.max(0, passed));
  prog.buckets[at + 1] = Math.max(c.cursor_ns, prog.buckets[at + 1]!);
  const over = left < match.a;
  prog.buckets[at] = over ? left : left - match.a;
  return over;
}
