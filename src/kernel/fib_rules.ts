/// Policy routing: which table is asked, by rules in order of preference.
/// Stands for net/ipv4/fib_rules.c and net/core/fib_rules.c, and fib_lookup() in include/net/ip_fib.h.
/// Left out: rules by user, by tunnel, by realm, by VRF; notifications.
import { done, fails, type ErrnoName, type Result } from './errno.ts';
import { fib_table_flush, fib_table_lookup, fib_trie_unmerge, trieOf } from './fib_trie.ts';
import type { FibResult, FlowKey } from './fib_trie.ts';
import type { Fib, FibRule, FibTable, Kernel } from './state.ts';

export const RT_TABLE_DEFAULT = 253;
export const RT_TABLE_MAIN = 254;
export const RT_TABLE_LOCAL = 255;

// What a rule does, FR_ACT_* in include/uapi/linux/fib_rules.h.
export const FR_ACT = Object.freeze({
  TO_TBL: 1,
  GOTO: 2,
  NOP: 3,
  BLACKHOLE: 6,
  UNREACHABLE: 7,
  PROHIBIT: 8,
});

/// A rule that matches everything; the caller says what is different.
export function plainRule(rest: Partial<FibRule>): FibRule {
  return {
    pref: 0,
    table: 0,
    action: FR_ACT.TO_TBL,
    src: 0,
    src_len: 0,
    dst: 0,
    dst_len: 0,
    iif: '',
    oif: '',
    mark: 0,
    mark_mask: 0,
    tos: 0,
    proto: 0,
    sport: [],
    dport: [],
    target: 0,
    suppress_prefixlen: -1,
    invert: false,
    protocol: 0,
    ...rest,
  };
}

const RTPROT_KERNEL = 2;

/// Nothing routed yet: the three rules that every host boots with. fib4_rules_init()
export function createFib(): Fib {
  const rule = (pref: number, table: number): FibRule =>
    plainRule({ pref, table, protocol: RTPROT_KERNEL });
  return {
    genid: 0,
    custom_rules: false,
    custom_local: false,
    tables: [],
    tries: [],
    rules: [rule(0, RT_TABLE_LOCAL), rule(0x7ffe, RT_TABLE_MAIN), rule(0x7fff, RT_TABLE_DEFAULT)],
    dsts: [],
  };
}

/// The table of that number, or undefined when nothing was ever put into it.
export function fib_get_table(k: Kernel, id: number): FibTable | undefined {
  return k.fib.tables.find((table) => table.id === id);
}

/// What was found, and in which table it was looked for.
export interface LookupResult extends FibResult {
  table: number;
}

/// The route for a flow: null when found, else why not. Without rules of one's own the main table,
/// which holds the local routes too, is asked at once. include/net/ip_fib.h:fib_lookup()
export function fib_lookup(
  k: Kernel,
  flow: FlowKey,
  res: LookupResult,
  ignoreLinkstate = false,
): ErrnoName | null {
  if (k.fib.custom_rules) return fib_rules_lookup(k, flow, res, ignoreLinkstate);
  for (const id of [RT_TABLE_MAIN, RT_TABLE_DEFAULT]) {
    const table = fib_get_table(k, id);
    if (table === undefined) continue;
    const err = fib_table_lookup(k, table, flow, res, ignoreLinkstate);
    res.table = id;
    if (err !== 'EAGAIN') return err;
  }
  return 'ENETUNREACH';
}

/// net/core/fib_rules.c:fib_rules_lookup()
function fib_rules_lookup(
  k: Kernel,
  flow: FlowKey,
  res: LookupResult,
  ignoreLinkstate: boolean,
): ErrnoName | null {
  let from = 0; // rules before that preference have been jumped over
  for (const rule of k.fib.rules) {
    if (rule.pref < from || !fib_rule_match(k, rule, flow)) continue;
    if (rule.action === FR_ACT.NOP) continue;
    if (rule.action === FR_ACT.GOTO) {
      from = k.fib.rules.some((one) => one.pref === rule.target) ? rule.target : from;
      continue;
    }
    const err = fib4_rule_action(k, rule, flow, res, ignoreLinkstate);
    if (err === 'EAGAIN') continue;
    // A route that is too general does not count for this rule.
    if (err === null && res.prefixlen <= rule.suppress_prefixlen) continue;
    return err;
  }
  return 'ENETUNREACH';
}

function fib4_rule_action(
  k: Kernel,
  rule: FibRule,
  flow: FlowKey,
  res: LookupResult,
  ignoreLinkstate: boolean,
): ErrnoName | null {
  switch (rule.action) {
    case FR_ACT.TO_TBL: {
      const table = fib_get_table(k, rule.table);
      res.table = rule.table;
      return table ? fib_table_lookup(k, table, flow, res, ignoreLinkstate) : 'EAGAIN';
    }
    case FR_ACT.UNREACHABLE:
      return 'ENETUNREACH';
    case FR_ACT.PROHIBIT:
      return 'EACCES';
    default:
      return 'EINVAL';
  }
}

/// Is the address in net/length?
export function inNet(addr: number, net: number, length: number): boolean {
  return length === 0 || (addr ^ net) >>> (32 - length) === 0;
}

function inRange(port: number, range: readonly number[]): boolean {
  return range.length === 0 || (port >= range[0]! && port <= range[1]!);
}

/// Does a rule speak of this flow? fib_rule_match(), fib4_rule_match()
function fib_rule_match(k: Kernel, rule: FibRule, flow: FlowKey): boolean {
  const fits =
    (rule.iif === '' || k.devs[flow.iif]?.name === rule.iif) &&
    (rule.oif === '' || k.devs[flow.oif]?.name === rule.oif) &&
    ((rule.mark ^ flow.mark) & rule.mark_mask) === 0 &&
    inNet(flow.saddr, rule.src, rule.src_len) &&
    inNet(flow.daddr, rule.dst, rule.dst_len) &&
    (rule.tos === 0 || rule.tos === (flow.tos & 0x1c)) &&
    (rule.proto === 0 || rule.proto === flow.proto) &&
    inRange(flow.sport, rule.sport) &&
    inRange(flow.dport, rule.dport);
  return fits !== rule.invert;
}

/// Local routes get a trie of their own, before the first rule. net/ipv4/fib_frontend.c:fib_unmerge()
function fib_unmerge(k: Kernel): void {
  const local = fib_get_table(k, RT_TABLE_LOCAL);
  const main = fib_get_table(k, RT_TABLE_MAIN);
  if (!local || !main || local.trie !== main.trie) return;
  const shared = trieOf(k, main);
  k.fib.tries.push(fib_trie_unmerge(shared, RT_TABLE_LOCAL));
  local.trie = k.fib.tries.length - 1;
  fib_table_flush(shared, (fa) => fa.table === RT_TABLE_LOCAL);
}

/// Adds a rule; one without a preference goes just before the second rule. EEXIST for a rule that is
/// there already. net/core/fib_rules.c:fib_nl_newrule()
export function fib_nl_newrule(k: Kernel, given: Partial<FibRule>, exclusive: boolean): Result {
  const rule = plainRule({ ...given, pref: given.pref ?? defaultPreference(k) });
  if (rule.action === FR_ACT.GOTO && rule.target <= rule.pref)
    return fails('EINVAL', 'Backward goto not supported');
  const twin = k.fib.rules.some((one) => sameSelector(one, rule) && one.pref === rule.pref);
  if (exclusive && twin) return fails('EEXIST');
  fib_unmerge(k);
  const after = k.fib.rules.findIndex((one) => one.pref > rule.pref);
  k.fib.rules.splice(after < 0 ? k.fib.rules.length : after, 0, rule);
  k.fib.custom_rules = true;
  return done;
}

/// net/core/fib_rules.c:fib_default_rule_pref()
function defaultPreference(k: Kernel): number {
  const second = k.fib.rules[1];
  return second && second.pref > 0 ? second.pref - 1 : 0;
}

/// Whether one of two rules is one too many: the kernel asks neither for `not` nor where goto leads. rule_exists()
function sameSelector(a: FibRule, b: FibRule): boolean {
  const asked = (rule: FibRule): string => JSON.stringify({ ...rule, invert: false, target: 0 });
  return asked(a) === asked(b);
}

/// Removes the first rule that has all that is given; ENOENT when none does. fib_nl_delrule()
export function fib_nl_delrule(k: Kernel, given: Partial<FibRule>): Result {
  const keys = Object.keys(given) as (keyof FibRule)[];
  const at = k.fib.rules.findIndex((rule) =>
    keys.every((key) => JSON.stringify(rule[key]) === JSON.stringify(given[key])),
  );
  if (at < 0) return fails('ENOENT');
  fib_unmerge(k);
  k.fib.rules.splice(at, 1);
  k.fib.custom_rules = true;
  return done;
}
