/// Turns a rule's expressions into numbers, once, when the ruleset is put in force: what a packet meets
/// is an array of codes and no objects. Stands for what nf_tables_commit_chain_prepare() does for the
/// kernel: rules laid out behind each other, ready to be walked.
/// The codes, with their operands:
import { fieldNamed, type Field } from './fields.ts';
import { NF_ACCEPT, NF_DROP, type CmpOp, type NftExpr, type NftTable, type Word } from './types.ts';

export const OP_CMP = 1; // field, comparison, mask, value
export const OP_RANGE = 2; // field, lowest, highest, not
export const OP_FLAGS = 3; // field, bits, not
export const OP_WIDE_CMP = 4; // field, comparison, words, masks..., values...
export const OP_WIDE_RANGE = 5; // field, not, words, lowest..., highest...
export const OP_NAME = 6; // field, not, index into names
export const OP_LOOKUP = 7; // set, not, fields, field...
export const OP_VMAP = 8; // set, fields, field...
export const OP_DYNSET = 9; // set, expression, fields, field...
export const OP_COUNTER = 10; // place in state: packets, bytes
export const OP_LIMIT = 11; // place in state, bytes or packets, over
export const OP_QUOTA = 12; // place in state, over
export const OP_MARK = 13; // 0 meta or 1 ct, and, xor
export const OP_NOTRACK = 14;
export const OP_LOG = 15; // expression
export const OP_REJECT = 16; // expression
export const OP_NAT = 17; // expression
export const OP_VERDICT = 18; // the verdict
export const OP_JUMP = 19; // chain
export const OP_GOTO = 20; // chain

// Verdicts of rules beside the NF_ ones. include/uapi/linux/netfilter/nf_tables.h
export const NFT_CONTINUE = -1;
export const NFT_BREAK = -2;
export const NFT_JUMP = -3;
export const NFT_GOTO = -4;
export const NFT_RETURN = -5;

const CMP: Readonly<Record<CmpOp, number>> = {
  ...{ eq: 0, neq: 1, lt: 2, gt: 3, lte: 4, gte: 5 },
};

interface Compiled {
  readonly code: readonly number[];
  readonly names: readonly string[];
  /// What the rule's counters and buckets hold before the first packet.
  readonly state: readonly number[];
}

interface Build {
  readonly table: NftTable;
  readonly code: number[];
  readonly names: string[];
  readonly state: number[];
}

// Sets and chains are named by where they are now.
function compileRule(table: NftTable, exprs: readonly NftExpr[], now: number): Compiled {
  const build: Build = { table, code: [], names: [], state: [] };
  exprs.forEach((expr, i) => compileExpr(build, expr, i, now));
  return {
    code: Object.freeze(build.code),
    names: Object.freeze(build.names),
    state: build.state,
  };
}

/// Compiles the rules of a table that have not been yet; `all` of them where chains or sets have moved.
export function compileTable(table: NftTable, all: boolean, now: number): void {
  for (const { rules } of table.chains)
    for (const rule of rules) {
      if (rule.code.length > 0 && !all) continue;
      const { code, names, state } = compileRule(table, rule.exprs, now);
      // What a rule has counted stays: only one that is new starts with its first values.
      if (rule.code.length === 0) rule.state = [...state];
      rule.code = code;
      rule.names = names;
    }
}

function compileExpr(build: Build, expr: NftExpr, index: number, now: number): void {
  const { code, state } = build;
  switch (expr.kind) {
    case 'match':
      return compileMatch(build, expr);
    case 'range':
      return compileRange(build, expr);
    case 'flags':
      code.push(OP_FLAGS, fieldOf(expr.field).id, expr.bits, Number(expr.not));
      return;
    case 'lookup':
      code.push(OP_LOOKUP, setIndex(build, expr.set), Number(expr.not));
      return pushFields(build, expr.fields);
    case 'vmap':
      code.push(OP_VMAP, setIndex(build, expr.set));
      return pushFields(build, expr.fields);
    case 'dynset':
      code.push(OP_DYNSET, setIndex(build, expr.set), index);
      return pushFields(build, expr.fields);
    case 'counter':
      code.push(OP_COUNTER, state.length);
      state.push(expr.packets, expr.bytes);
      return;
    case 'limit':
      code.push(OP_LIMIT, state.length, Number(expr.bytes), Number(expr.over));
      state.push(...bucketOf(expr), now);
      return;
    case 'quota':
      code.push(OP_QUOTA, state.length, Number(expr.over));
      state.push(expr.bytes, expr.used);
      return;
    case 'mark':
      code.push(OP_MARK, Number(expr.target === 'ct'), expr.and, expr.xor);
      return;
    case 'notrack':
      code.push(OP_NOTRACK);
      return;
    case 'log':
      code.push(OP_LOG, index);
      return;
    case 'reject':
      code.push(OP_REJECT, index);
      return;
    case 'nat':
      code.push(OP_NAT, index);
      return;
    case 'queue':
      // Nobody listens on a queue here: the packet passes with `bypass`, and is lost without.
      code.push(OP_VERDICT, expr.bypass ? NF_ACCEPT : NF_DROP);
      return;
    case 'verdict':
      return compileVerdict(build, expr.verdict, expr.chain);
  }
}

function compileVerdict(build: Build, verdict: string, chain: string): void {
  const { code } = build;
  if (verdict === 'jump' || verdict === 'goto')
    code.push(verdict === 'jump' ? OP_JUMP : OP_GOTO, chainIndex(build.table, chain));
  else code.push(OP_VERDICT, verdictCode(verdict));
}

export function verdictCode(verdict: string): number {
  if (verdict === 'accept') return NF_ACCEPT;
  if (verdict === 'drop') return NF_DROP;
  return verdict === 'return' ? NFT_RETURN : NFT_CONTINUE;
}

function compileMatch(build: Build, expr: Extract<NftExpr, { kind: 'match' }>): void {
  const field = fieldOf(expr.field);
  const { code } = build;
  if (field.words === 0) {
    code.push(OP_NAME, field.id, Number(expr.op === 'neq'), build.names.length);
    build.names.push(String(expr.value[0]));
  } else if (field.words === 1) {
    code.push(OP_CMP, field.id, CMP[expr.op], (expr.mask?.[0] ?? 0xffff_ffff) | 0);
    code.push(numberOf(expr.value[0]!));
  } else {
    const ones = new Array<number>(field.words).fill(0xffff_ffff);
    code.push(OP_WIDE_CMP, field.id, CMP[expr.op], field.words);
    code.push(...(expr.mask ?? ones), ...expr.value.map(numberOf));
  }
}

function compileRange(build: Build, expr: Extract<NftExpr, { kind: 'range' }>): void {
  const field = fieldOf(expr.field);
  const { code } = build;
  const [lo, hi] = [expr.lo.map(numberOf), expr.hi.map(numberOf)];
  if (field.words === 1) code.push(OP_RANGE, field.id, lo[0]!, hi[0]!, Number(expr.not));
  else code.push(OP_WIDE_RANGE, field.id, Number(expr.not), field.words, ...lo, ...hi);
}

function pushFields(build: Build, names: readonly string[]): void {
  build.code.push(names.length, ...names.map((name) => fieldOf(name).id));
}

function fieldOf(name: string): Field {
  const field = fieldNamed(name);
  if (!field) throw new Error(`a rule compares ${name}, which is no field`);
  return field;
}

function numberOf(word: Word): number {
  if (typeof word !== 'number') throw new Error(`${word} is compared as a number`);
  return word;
}

function setIndex(build: Build, name: string): number {
  return build.table.sets.findIndex((set) => set.name === name);
}

/// Where a chain is in its table; -1: there is none of that name.
export function chainIndex(table: NftTable, name: string): number {
  return table.chains.findIndex((chain) => chain.name === name);
}

const NSEC_PER_SEC = 1_000_000_000;
const NFT_LIMIT_PKT_BURST_DEFAULT = 5;

/// A fresh token bucket: cost of one packet in ns (of bytes: ns of the whole unit), rate, most
/// tokens, tokens. net/netfilter/nft_limit.c:nft_limit_init()
export function bucketOf(expr: Extract<NftExpr, { kind: 'limit' }>): number[] {
  const nsecs = expr.unit * NSEC_PER_SEC;
  const burst = !expr.bytes && expr.burst === 0 ? NFT_LIMIT_PKT_BURST_DEFAULT : expr.burst;
  const each = Math.floor(nsecs / expr.rate);
  const most = expr.bytes
    ? Number((BigInt(nsecs) * BigInt(expr.rate + burst)) / BigInt(expr.rate))
    : each * burst;
  return [expr.bytes ? nsecs : each, expr.rate, most, most];
}
