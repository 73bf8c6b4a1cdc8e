/// What a command line of iptables does: it asks the kernel for changes, or gives the text to be shown.
/// Stands for do_commandx() and nft_cmd_*() in iptables 1.8.11.
import { NF_ACCEPT, NF_DROP, type NftChain } from '../../kernel/netfilter/types.ts';
import type { NftMessage } from '../../kernel/netfilter/nf_tables_message.ts';
import { resetCounters, policyCounters, ruleCounters } from '../../kernel/netfilter/xtables.ts';
import type { Kernel } from '../../kernel/state.ts';
import { Fault, VERSION, absent, badParameter, refusal } from './fault.ts';
import type { Line } from './parse.ts';
import { chainTable, ruleLine } from './print.ts';
import { sameRule } from './rule.ts';
import {
  TABLES,
  VERDICTS,
  chainIn,
  commit,
  ensure,
  isBuiltin,
  newRule,
  presentIn,
  ruleAs,
  shownChains,
  tableIn,
  type Shown,
} from './ruleset.ts';
import { TARGETS } from './targets.ts';

const NO_CHAIN = 'No chain/target/match by that name';

export function noTable(table: string): Fault {
  return new Fault(
    `iptables ${VERSION} (nf_tables): table '${table}' does not exist\nPerhaps iptables or your kernel needs to be upgraded.\n`,
    3,
  );
}

/// Carries out a line; gives what is printed. Throws a Fault.
export function carryOut(k: Kernel, line: Line, uid: number): string {
  const { command, table } = line;
  if (command === '') throw badParameter('no command specified');
  if (!Object.hasOwn(TABLES, table)) throw noTable(table);
  if (uid !== 0)
    throw new Fault(
      `iptables ${VERSION} (nf_tables): Could not fetch rule set generation id: Permission denied (you must be root)\n`,
      4,
    );
  if ('ADIRC'.includes(command)) checkTarget(k, line);
  switch (command) {
    case 'L':
      return list(k, line);
    case 'S':
      return listRules(k, line);
    case 'Z':
      for (const { name } of chosen(k, line)) resetCounters(k, table, name, line.number);
      return '';
    default:
      commit(k, changes(k, line));
      return '';
  }
}

// The target is a verdict, a target for this table, or a chain.
function checkTarget(k: Kernel, { table, rule }: Line): void {
  const { target } = rule;
  if (target === '' || Object.hasOwn(VERDICTS, target)) {
    if (rule.goto && target !== '') throw badParameter(`Chain '${target}' does not exist`);
    return;
  }
  const known = TARGETS[target];
  if (known) {
    if (known.tables.length === 0 || known.tables.includes(table)) return;
    throw absent(`iptables: ${target} in table ${table}, which refuses it`);
  }
  if (target === 'QUEUE') throw absent('iptables: target QUEUE');
  if (!chainIn(k, table, target)) throw badParameter(`Chain '${target}' does not exist`);
}

function chosen(k: Kernel, { table, chain }: Line): Shown[] {
  const all = shownChains(k, table);
  if (chain === '') return all;
  const found = all.filter(({ name }) => name === chain);
  if (found.length === 0) throw refusal(NO_CHAIN);
  return found;
}

function list(k: Kernel, line: Line): string {
  return chosen(k, line)
    .map((shown) => chainTable(shown, line, line.number))
    .join('\n');
}

function listRules(k: Kernel, line: Line): string {
  const shown = chosen(k, line);
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

function changes(k: Kernel, line: Line): NftMessage[] {
  const { command, table, chain } = line;
  switch (command) {
    case 'A':
    case 'I':
    case 'R':
      return added(k, line);
    case 'D':
    case 'C':
      return removed(k, line);
    case 'F':
      return flushed(k, line);
    case 'X':
      return chainsRemoved(k, line);
    case 'N':
      if (isBuiltin(table, chain) || chainIn(k, table, chain))
        throw refusal('Chain already exists');
      return [
        ...ensure(presentIn(k, table), table, ''),
        {
          ...{ type: 'newchain', family: 'ip', table, chain, excl: true, base: null },
          ...{ policy: null, comment: '' },
        },
      ];
    case 'P':
      return policy(k, line);
    case 'E':
      if (!chainIn(k, table, chain)) throw refusal(NO_CHAIN);
      if (chainIn(k, table, line.text)) throw refusal('File exists');
      return [{ type: 'renamechain', family: 'ip', table, chain, name: line.text }];
    default:
      throw new Error(`iptables has no command ${command}`);
  }
}

function policy(k: Kernel, { table, chain, text }: Line): NftMessage[] {
  if (!isBuiltin(table, chain)) throw refusal('Bad built-in chain name');
  if (text !== 'ACCEPT' && text !== 'DROP')
    throw refusal("Bad policy name. Run `dmesg' for more information");
  return ensure(presentIn(k, table), table, chain, text === 'DROP' ? NF_DROP : NF_ACCEPT);
}

function added(k: Kernel, line: Line): NftMessage[] {
  const { table, chain, command, number } = line;
  const there = chainIn(k, table, chain);
  if (!there && !isBuiltin(table, chain)) throw refusal(NO_CHAIN);
  const rules = there?.rules ?? [];
  const messages = ensure(presentIn(k, table), table, chain);
  if (command === 'R') {
    const old = rules[number - 1];
    if (!old) throw refusal('Index of replacement too big');
    return [...messages, newRule(table, chain, line.rule, 'replace', old.handle)];
  }
  if (command === 'A' || (number > 1 && number === rules.length + 1))
    return [...messages, newRule(table, chain, line.rule, 'append', 0)];
  if (number > rules.length + 1) throw refusal('Index of insertion too big');
  const before = number > 1 ? rules[number - 1]!.handle : 0;
  return [...messages, newRule(table, chain, line.rule, 'insert', before)];
}

function removed(k: Kernel, line: Line): NftMessage[] {
  const { table, chain, command, number } = line;
  const there = chainIn(k, table, chain);
  if (!there && !isBuiltin(table, chain)) throw refusal(NO_CHAIN);
  const rules = there?.rules ?? [];
  const at = number > 0 ? number - 1 : indexOf(there, line);
  const found = rules[at];
  if (number > 0 && !found) throw refusal('Index of deletion too big');
  if (!found) throw refusal('Bad rule (does a matching rule exist in that chain?)');
  if (command === 'C') return [];
  return [{ type: 'delrule', family: 'ip', table, chain, handle: found.handle, destroy: false }];
}

function indexOf(chain: NftChain | undefined, line: Line): number {
  return (chain?.rules ?? []).findIndex((rule) => sameRule(ruleAs(rule), line.rule));
}

function flushed(k: Kernel, { table, chain }: Line): NftMessage[] {
  const there = chain === '' ? undefined : chainIn(k, table, chain);
  if (chain !== '' && !there && !isBuiltin(table, chain)) throw refusal(NO_CHAIN);
  if (!tableIn(k, table) || (chain !== '' && !there)) return [];
  return [{ type: 'delrule', family: 'ip', table, chain, handle: 0, destroy: false }];
}

// Without a name: every chain of the user's, and the built-in ones that are empty and accept.
function chainsRemoved(k: Kernel, { table, chain }: Line): NftMessage[] {
  const gone = (name: string): NftMessage => ({
    ...{ type: 'delchain', family: 'ip', table, chain: name, handle: 0 },
    ...{ nonrec: true, destroy: false },
  });
  if (chain !== '') {
    if (isBuiltin(table, chain)) throw refusal(NO_CHAIN);
    if (!chainIn(k, table, chain)) throw refusal(NO_CHAIN);
    return [gone(chain)];
  }
  return (tableIn(k, table)?.chains ?? [])
    .filter(({ base, rules }) => !base || (rules.length === 0 && base.policy === NF_ACCEPT))
    .map(({ name }) => gone(name));
}
