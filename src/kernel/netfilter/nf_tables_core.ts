/// Runs a base chain for a packet: rule after rule, expression after expression, until a verdict.
/// Stands for nft_do_chain() in net/netfilter/nf_tables_core.c.
/// Left out: tracing (nftrace).
import { COSTS } from '../costs.ts';
import { FLAG_MARK } from '../skb.ts';
import type { Cpu, Kernel, Skb } from '../state.ts';
import {
  NFT_BREAK,
  NFT_CONTINUE,
  NFT_GOTO,
  NFT_JUMP,
  OP_CMP,
  OP_COUNTER,
  OP_DYNSET,
  OP_FLAGS,
  OP_GOTO,
  OP_JUMP,
  OP_LIMIT,
  OP_LOG,
  OP_LOOKUP,
  OP_MARK,
  OP_NAME,
  OP_NAT,
  OP_NOTRACK,
  OP_QUOTA,
  OP_RANGE,
  OP_REJECT,
  OP_VERDICT,
  OP_VMAP,
  OP_WIDE_CMP,
  OP_WIDE_RANGE,
  chainIndex,
  compileTable,
  verdictCode,
} from './compile.ts';
import { nft_nat_eval } from './conntrack/nat.ts';
import { ctMark, notrack, setCtMark } from './ct_state.ts';
import { FIELDS } from './fields.ts';
import { nf_log_packet } from './nf_log.ts';
import { nft_limit_eval, nft_quota_do_eval } from './nft_limit.ts';
import { nameMatches, nft_set_do_lookup } from './nft_set.ts';
import { dynset } from './nft_dynset.ts';
import { wantRejection } from './rejection.ts';
import { NO_FIELD, loadField, loadName, loadWide, skbLen } from './packet.ts';
import {
  NF_DROP,
  type NfHookEntry,
  type NftBase,
  type NftExpr,
  type NftRule,
  type NftTable,
  type Word,
} from './types.ts';

const NFT_JUMP_STACK_SIZE = 16;

// Scratch of one evaluation, written before it is read; nothing is kept between packets.
const stackChain = new Int32Array(NFT_JUMP_STACK_SIZE);
const stackRule = new Int32Array(NFT_JUMP_STACK_SIZE);
const wide = new Uint32Array(4);
const key: Word[] = new Array<Word>(32).fill(0);
let target = -1; // chain of a jump or goto

/// The packet as the rules of one evaluation need it.
interface Pktinfo {
  skb: Skb;
  hook: number;
  indev: number;
  outdev: number;
}
const pkt: Pktinfo = { skb: -1, hook: 0, indev: -1, outdev: -1 };

/// The verdict of a base chain: NF_ACCEPT, NF_DROP or NF_STOLEN.
export function nft_do_chain(
  k: Kernel,
  c: Cpu,
  skb: Skb,
  entry: NfHookEntry,
  hook: number,
  indev: number,
  outdev: number,
): number {
  const table = k.nf.tables[entry.table]!;
  if (table.stale) {
    compileTable(table, true, c.cursor_ns);
    table.stale = false;
  }
  pkt.skb = skb;
  pkt.hook = hook;
  pkt.indev = indev;
  pkt.outdev = outdev;
  c.cursor_ns += COSTS.nft_do_chain.ns;
  let chain = entry.chain;
  let rule = 0;
  let depth = 0;
  for (;;) {
    const { rules } = table.chains[chain]!;
    const verdict = rule < rules.length ? nextVerdict(k, c, table, rules, rule) : NFT_CONTINUE;
    if (verdict >= 0) return verdict;
    if (verdict === NFT_JUMP) {
      if (depth === NFT_JUMP_STACK_SIZE) return NF_DROP;
      stackChain[depth] = chain;
      stackRule[depth] = reached + 1;
      depth++;
    }
    if (verdict === NFT_JUMP || verdict === NFT_GOTO) {
      chain = target;
      rule = 0;
    } else if (depth > 0) {
      depth--;
      chain = stackChain[depth]!;
      rule = stackRule[depth]!;
    } else return policyOf(k, skb, table.chains[entry.chain]!.base!);
  }
}

// net/netfilter/nf_tables_core.c:nft_update_chain_stats()
function policyOf(k: Kernel, skb: Skb, base: NftBase): number {
  if (base.counted) {
    base.packets++;
    base.bytes += skbLen(k, skb);
  }
  return base.policy;
}

let reached = 0; // the rule that gave the verdict

// The verdict of the first rule from `first` on that has one.
function nextVerdict(
  k: Kernel,
  c: Cpu,
  table: NftTable,
  rules: readonly NftRule[],
  first: number,
): number {
  for (let i = first; i < rules.length; i++) {
    c.cursor_ns += COSTS.nft_rule.ns;
    const verdict = evaluate(k, c, table, rules[i]!);
    if (verdict === NFT_BREAK || verdict === NFT_CONTINUE) continue;
    reached = i;
    return verdict;
  }
  return NFT_CONTINUE;
}

// One rule: each case moves `i` past its operands, or leaves with a verdict.
function evaluate(k: Kernel, c: Cpu, table: NftTable, rule: NftRule): number {
  const { code } = rule;
  const { skb } = pkt;
  for (let i = 0; i < code.length;) {
    switch (code[i]!) {
      case OP_CMP: {
        const value = loadField(k, c, skb, code[i + 1]!, pkt.indev, pkt.outdev);
        if (value === NO_FIELD) return NFT_BREAK;
        if (!compares((value & code[i + 3]!) >>> 0, code[i + 2]!, code[i + 4]!)) return NFT_BREAK;
        i += 5;
        break;
      }
      case OP_COUNTER: {
        const at = code[i + 1]!;
        rule.state[at] = rule.state[at]! + 1;
        rule.state[at + 1] = rule.state[at + 1]! + skbLen(k, skb);
        i += 2;
        break;
      }
      case OP_VERDICT:
        return code[i + 1]!;
      case OP_JUMP:
        target = code[i + 1]!;
        return NFT_JUMP;
      case OP_GOTO:
        target = code[i + 1]!;
        return NFT_GOTO;
      case OP_RANGE: {
        const value = loadField(k, c, skb, code[i + 1]!, pkt.indev, pkt.outdev);
        if (value === NO_FIELD) return NFT_BREAK;
        const inside = value >= code[i + 2]! && value <= code[i + 3]!;
        if (inside === (code[i + 4]! === 1)) return NFT_BREAK;
        i += 5;
        break;
      }
      case OP_FLAGS: {
        const value = loadField(k, c, skb, code[i + 1]!, pkt.indev, pkt.outdev);
        if (value === NO_FIELD) return NFT_BREAK;
        if (((value & code[i + 2]!) !== 0) === (code[i + 3]! === 1)) return NFT_BREAK;
        i += 4;
        break;
      }
      case OP_NAME: {
        const name = loadName(k, code[i + 1]!, pkt.indev, pkt.outdev);
        const same = nameMatches(rule.names[code[i + 3]!]!, name);
        if (same === (code[i + 2]! === 1)) return NFT_BREAK;
        i += 4;
        break;
      }
      case OP_WIDE_CMP:
        if (!wideCompares(k, skb, code, i)) return NFT_BREAK;
        i += 4 + 2 * code[i + 3]!;
        break;
      case OP_WIDE_RANGE:
        if (!wideInside(k, skb, code, i)) return NFT_BREAK;
        i += 4 + 2 * code[i + 3]!;
        break;
      case OP_LOOKUP: {
        const n = loadKey(k, c, code, i + 3);
        if (n < 0) return NFT_BREAK;
        const found = nft_set_do_lookup(table.sets[code[i + 1]!]!, key, n, c.cursor_ns) >= 0;
        if (found === (code[i + 2]! === 1)) return NFT_BREAK;
        i += 4 + code[i + 3]!;
        break;
      }
      case OP_VMAP: {
        const verdict = mappedVerdict(k, c, table, code, i);
        if (verdict !== NFT_CONTINUE) return verdict;
        i += 3 + code[i + 2]!;
        break;
      }
      case OP_DYNSET: {
        const n = loadKey(k, c, code, i + 3);
        if (n < 0) return NFT_BREAK;
        if (!dynset(table.sets[code[i + 1]!]!, rule.exprs[code[i + 2]!]!, key, n, c.cursor_ns))
          return NFT_BREAK;
        i += 4 + code[i + 3]!;
        break;
      }
      case OP_LIMIT: {
        const bytes = code[i + 2]! === 1 ? skbLen(k, skb) : -1;
        if (!nft_limit_eval(rule.state, code[i + 1]!, bytes, code[i + 3]! === 1, c.cursor_ns))
          return NFT_BREAK;
        i += 4;
        break;
      }
      case OP_QUOTA:
        if (!nft_quota_do_eval(rule.state, code[i + 1]!, skbLen(k, skb), code[i + 2]! === 1))
          return NFT_BREAK;
        i += 3;
        break;
      case OP_MARK:
        setMark(k, skb, code[i + 1]! === 1, code[i + 2]!, code[i + 3]!);
        i += 4;
        break;
      case OP_NOTRACK:
        notrack(k, skb);
        i += 1;
        break;
      case OP_LOG:
        c.cursor_ns += COSTS.nf_log_packet.ns;
        nf_log_packet(k, c, skb, pkt.indev, pkt.outdev, rule.exprs[code[i + 1]!]!);
        i += 2;
        break;
      case OP_REJECT:
        wantRejection(rule.exprs[code[i + 1]!]!);
        return NF_DROP;
      case OP_NAT:
        return translate(k, c, rule.exprs[code[i + 1]!]!);
      default:
        throw new Error(`a rule of table ${table.name} holds the code ${code[i]}`);
    }
  }
  return NFT_CONTINUE;
}

function translate(k: Kernel, c: Cpu, expr: NftExpr): number {
  return nft_nat_eval(k, c, pkt.skb, expr, pkt.hook, pkt.indev, pkt.outdev);
}

function compares(value: number, op: number, other: number): boolean {
  switch (op) {
    case 0:
      return value === other;
    case 1:
      return value !== other;
    case 2:
      return value < other;
    case 3:
      return value > other;
    case 4:
      return value <= other;
    default:
      return value >= other;
  }
}

function wideCompares(k: Kernel, skb: Skb, code: readonly number[], i: number): boolean {
  if (!loadWide(k, skb, code[i + 1]!, wide)) return false;
  const words = code[i + 3]!;
  let order = 0;
  for (let w = 0; w < words && order === 0; w++) {
    const value = (wide[w]! & code[i + 4 + w]!) >>> 0;
    const other = code[i + 4 + words + w]!;
    order = value === other ? 0 : value < other ? -1 : 1;
  }
  return compares(order, code[i + 2]!, 0);
}

function wideInside(k: Kernel, skb: Skb, code: readonly number[], i: number): boolean {
  if (!loadWide(k, skb, code[i + 1]!, wide)) return false;
  const words = code[i + 3]!;
  const inside = wideOrder(code, i + 4, words) >= 0 && wideOrder(code, i + 4 + words, words) <= 0;
  return inside !== (code[i + 2]! === 1);
}

// How the loaded value stands to the one at `at`.
function wideOrder(code: readonly number[], at: number, words: number): number {
  for (let w = 0; w < words; w++)
    if (wide[w]! !== code[at + w]!) return wide[w]! < code[at + w]! ? -1 : 1;
  return 0;
}

// Puts the fields named at `at` together; the number of parts, or -1 where the packet lacks one.
function loadKey(k: Kernel, c: Cpu, code: readonly number[], at: number): number {
  const fields = code[at]!;
  let n = 0;
  for (let f = 1; f <= fields; f++) {
    const field = code[at + f]!;
    const { words } = FIELDS[field]!;
    if (words === 0) key[n++] = loadName(k, field, pkt.indev, pkt.outdev);
    else if (words === 1) {
      const value = loadField(k, c, pkt.skb, field, pkt.indev, pkt.outdev);
      if (value === NO_FIELD) return -1;
      key[n++] = value;
    } else {
      if (!loadWide(k, pkt.skb, field, wide)) return -1;
      for (let w = 0; w < words; w++) key[n++] = wide[w]!;
    }
  }
  return n;
}

function mappedVerdict(
  k: Kernel,
  c: Cpu,
  table: NftTable,
  code: readonly number[],
  i: number,
): number {
  const n = loadKey(k, c, code, i + 2);
  if (n < 0) return NFT_BREAK;
  const set = table.sets[code[i + 1]!]!;
  const found = nft_set_do_lookup(set, key, n, c.cursor_ns);
  if (found < 0) return NFT_BREAK;
  const { verdict, chain } = set.elements[found]!.verdict!;
  if (verdict !== 'jump' && verdict !== 'goto') return verdictCode(verdict);
  target = chainIndex(table, chain);
  return verdict === 'jump' ? NFT_JUMP : NFT_GOTO;
}

function setMark(k: Kernel, skb: Skb, ct: boolean, and: number, xor: number): void {
  if (ct) {
    const old = ctMark(k, skb);
    if (old !== NO_FIELD) setCtMark(k, skb, ((old & and) ^ xor) >>> 0);
    return;
  }
  const { flags, mark } = k.skbs;
  const old = flags[skb]! & FLAG_MARK ? mark[skb]! : 0;
  flags[skb] = flags[skb]! | FLAG_MARK;
  mark[skb] = (old & and) ^ xor;
}
