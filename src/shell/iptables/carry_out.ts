/// What a command line of iptables does: it asks the kernel for changes, or gives the text to be shown.
/// Stands for do_commandx() and nft_cmd_*() in iptables 1.8.11.
import { NF_ACCEPT, NF_DROP, type NftChain } from '../../kernel/netfilter/types.ts';
import type { NftMessage } from '../../kernel/netfilter/nf_tables_message.ts';
import {
  policyCounters,
  reject_tg_check,
  resetCounters,
  ruleCounters,
  xt_check_target,
} from '../../kernel/netfilter/xtables.ts';
import { strerror } from '../../kernel/errno.ts';
import type { Kernel } from '../../kernel/state.ts';
import { absent, badParameter, complaint, refusal, Fault } from './fault.ts';
import type { Line } from './parse.ts';
import { chainTable, ruleLine } from './print.ts';
import {
  HOOKS,
  TABLES,
  VERDICTS,
  chainIn,
  commit,
  ensure,
  isBuiltin,
  newRule,
  presentIn,
  recordOf,
  ruleAs,
  shownChains,
  tableIn,
  type Shown,
} from './ruleset.ts';
import { TARGETS } from './targets.ts';
import type { Variant } from './variant.ts';

const NO_CHAIN = 'No chain/target/match by that name';

function noTable(table: string): Fault {
  return complaint(
    `table '${table}' does not exist`,
    3,
    'Perhaps iptables or your kernel needs to be upgraded.\n',
  );
}

/// Only root may ask the kernel for its rules.
export function notRoot(): Fault {
  const says = 'Could not fetch rule set generation id: Permission denied (you must be root)';
  return complaint(says, 4);
}

/// Carries out a line; gives what is printed. Throws a Fault.
export function carryOut(k: Kernel, v: Variant, line: Line, uid: number): string {
  const { command, table } = line;
  if (command === '') throw badParameter('no command specified');
  if (!Object.hasOwn(TABLES, table)) throw noTable(table);
  if (uid !== 0) throw notRoot();
  if ('ADIRC'.includes(command)) checkTarget(k, v, line);
  switch (command) {
    case 'L':
    case 'S': {
      const text = command === 'L' ? list(k, v, line) : listRules(k, v, line);
      if (line.zero) zero(k, v, line);
      return text;
    }
    case 'Z':
      zero(k, v, line);
      return '';
    default:
      commit(k, changes(k, v, line));
      return '';
  }
}

function zero(k: Kernel, v: Variant, line: Line): void {
  for (const { name } of chosen(k, v, line))
    resetCounters(k, v.family, line.table, name, line.number);
}

// The target is a verdict, a target for this table, or a chain.
function checkTarget(k: Kernel, v: Variant, line: Line): void {
  const { command, table, rule } = line;
  const { target } = rule;
  if (target === '' || Object.hasOwn(VERDICTS, target)) {
    if (rule.goto && target !== '') throw badParameter(`Chain '${target}' does not exist`);
    return;
  }
  if (Object.hasOwn(TARGETS, target)) {
    if ('AIR'.includes(command)) checkPlace(k, v, line);
    return;
  }
  if (target === 'QUEUE') throw absent('iptables: target QUEUE');
  if (!chainIn(k, v, table, target)) throw badParameter(`Chain '${target}' does not exist`);
}

/// May the target stand there? The kernel is asked when the rule is on its way; `where` opens the complaint: the
/// line of a text that it comes from. Throws a Fault.
export function checkPlace(
  k: Kernel,
  v: Variant,
  { command, table, chain, rule }: Pick<Line, 'command' | 'table' | 'chain' | 'rule'>,
  where = ' ',
): void {
  const { target, proto, notProto } = rule;
  const hook = isBuiltin(table, chain) ? HOOKS.indexOf(chain) : -1;
  const reset = rule.options.some(({ value }) => target === 'REJECT' && value === 'tcp-reset');
  const error =
    xt_check_target(k, v.family, target, table, hook) ??
    (reset ? reject_tg_check(k, v.family, proto === 6 && !notProto) : null);
  if (error === null) return;
  const call = { A: 'RULE_APPEND', I: 'RULE_INSERT', R: 'RULE_REPLACE' }[command]!;
  throw complaint(`${where}${call} failed (${strerror(error)}): rule in chain ${chain}`, 4);
}

function chosen(k: Kernel, v: Variant, { table, chain }: Line): Shown[] {
  const all = shownChains(k, v, table);
  if (chain === '') return all;
  const found = all.filter(({ name }) => name === chain);
  if (found.length === 0) throw refusal(NO_CHAIN);
  return found;
}

function list(k: Kernel, v: Variant, line: Line): string {
  return chosen(k, v, line)
    .map((shown) => chainTable(v, shown, line, line.number))
    .join('\n');
}

function listRules(k: Kernel, v: Variant, line: Line): string {
  const shown = chosen(k, v, line);
  let text = '';
  if (line.number === 0)
    for (const { name, builtin, drops, chain } of shown) {
      const [packets, bytes] = chain ? policyCounters(chain) : [0, 0];
      const counted = line.verbose && builtin ? ` -c ${packets} ${bytes}` : '';
      text += builtin ? `-P ${name} ${drops ? 'DROP' : 'ACCEPT'}${counted}\n` : `-N ${name}\n`;
    }
  for (const { name, chain } of shown)
    for (const [i, rule] of (chain?.rules ?? []).entries()) {
      if (line.number > 0 && line.number !== i + 1) continue;
      const [packets, bytes] = ruleCounters(rule);
      const own = ruleAs(rule);
      const whole = ruleLine(name, own);
      if (!line.verbose) text += `${whole}\n`;
      else {
        // Counters stand before the target.
        const at = own.target === '' ? whole.length : whole.lastIndexOf(own.goto ? ' -g ' : ' -j ');
        text += `${whole.slice(0, at)} -c ${packets} ${bytes}${whole.slice(at)}\n`;
      }
    }
  return text;
}

function changes(k: Kernel, v: Variant, line: Line): NftMessage[] {
  const { command, table, chain } = line;
  switch (command) {
    case 'A':
    case 'I':
    case 'R':
      return added(k, v, line);
    case 'D':
    case 'C':
      return removed(k, v, line);
    case 'F':
      return flushed(k, v, line);
    case 'X':
      return chainsRemoved(k, v, line);
    case 'N':
      if (isBuiltin(table, chain) || chainIn(k, v, table, chain))
        throw refusal('Chain already exists');
      return [
        ...ensure(v, presentIn(k, v, table), table, ''),
        {
          ...{ type: 'newchain', family: v.family, table, chain, excl: true, base: null },
          ...{ policy: null, comment: '' },
        },
      ];
    case 'P':
      return policy(k, v, line);
    case 'E':
      if (!chainIn(k, v, table, chain)) throw refusal(NO_CHAIN);
      if (chainIn(k, v, table, line.text)) throw refusal('File exists');
      return [{ type: 'renamechain', family: v.family, table, chain, name: line.text }];
    default:
      throw new Error(`iptables has no command ${command}`);
  }
}

function policy(k: Kernel, v: Variant, { table, chain, text }: Line): NftMessage[] {
  if (!isBuiltin(table, chain)) throw refusal('Bad built-in chain name');
  if (text !== 'ACCEPT' && text !== 'DROP')
    throw new Fault(
      ({ program }) => `${program}: Bad policy name. Run \`dmesg' for more information.\n`,
      1,
    );
  return ensure(v, presentIn(k, v, table), table, chain, text === 'DROP' ? NF_DROP : NF_ACCEPT);
}

function added(k: Kernel, v: Variant, line: Line): NftMessage[] {
  const { table, chain, command, number } = line;
  const there = chainIn(k, v, table, chain);
  if (!there && !isBuiltin(table, chain)) throw refusal(NO_CHAIN);
  const rules = there?.rules ?? [];
  const messages = ensure(v, presentIn(k, v, table), table, chain);
  if (command === 'R') {
    const old = rules[number - 1];
    if (!old) throw refusal('Index of replacement too big');
    return [...messages, newRule(v, table, chain, line.rule, 'replace', old.handle)];
  }
  if (command === 'A' || (number > 1 && number === rules.length + 1))
    return [...messages, newRule(v, table, chain, line.rule, 'append', 0)];
  if (number > rules.length + 1) throw refusal('Index of insertion too big');
  const before = number > 1 ? rules[number - 1]!.handle : 0;
  return [...messages, newRule(v, table, chain, line.rule, 'insert', before)];
}

function removed(k: Kernel, v: Variant, line: Line): NftMessage[] {
  const { table, chain, command, number } = line;
  const there = chainIn(k, v, table, chain);
  if (!there && !isBuiltin(table, chain)) throw refusal(NO_CHAIN);
  const rules = there?.rules ?? [];
  const at = number > 0 ? number - 1 : indexOf(there, line);
  const found = rules[at];
  if (number > 0 && !found) throw refusal('Index of deletion too big');
  if (!found) throw refusal('Bad rule (does a matching rule exist in that chain?)');
  if (command === 'C') return [];
  return [
    { type: 'delrule', family: v.family, table, chain, handle: found.handle, destroy: false },
  ];
}

function indexOf(chain: NftChain | undefined, line: Line): number {
  const wanted = JSON.stringify(line.rule);
  return (chain?.rules ?? []).findIndex((rule) => recordOf(rule) === wanted);
}

function flushed(k: Kernel, v: Variant, { table, chain }: Line): NftMessage[] {
  const there = chain === '' ? undefined : chainIn(k, v, table, chain);
  if (chain !== '' && !there && !isBuiltin(table, chain)) throw refusal(NO_CHAIN);
  if (!tableIn(k, v, table) || (chain !== '' && !there)) return [];
  return [{ type: 'delrule', family: v.family, table, chain, handle: 0, destroy: false }];
}

// Without a name: every chain of the user's, and the built-in ones that are empty and accept.
function chainsRemoved(k: Kernel, v: Variant, { table, chain }: Line): NftMessage[] {
  const gone = (name: string): NftMessage => ({
    ...{ type: 'delchain', family: v.family, table, chain: name, handle: 0 },
    ...{ nonrec: true, destroy: false },
  });
  if (chain !== '') {
    if (isBuiltin(table, chain)) throw refusal(NO_CHAIN);
    if (!chainIn(k, v, table, chain)) throw refusal(NO_CHAIN);
    return [gone(chain)];
  }
  return (tableIn(k, v, table)?.chains ?? [])
    .filter(({ base, rules }) => !base || (rules.length === 0 && base.policy === NF_ACCEPT))
    .map(({ name }) => gone(name));
}
