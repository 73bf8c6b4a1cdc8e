/// Rules as iptables shows them: -L in columns, -S and iptables-save as command lines. Stands for
/// iptables/nft-shared.c and xshared.c.
/// Left out: names of hosts and networks for addresses, except that none is `anywhere`.
import { policyCounters, ruleCounters } from '../../kernel/netfilter/xtables.ts';
import type { NftRule } from '../../kernel/netfilter/types.ts';
import { MATCHES } from './matches.ts';
import type { Line } from './parse.ts';
import type { Address, Iface, Option, Rule } from './rule.ts';
import { ruleAs, type Shown } from './ruleset.ts';
import { TARGETS } from './targets.ts';
import { protocolName } from './values.ts';
import type { Variant } from './variant.ts';

type Style = Pick<Line, 'verbose' | 'numeric' | 'exact' | 'lineNumbers'>;

/// A number short enough for its column: 12345K. libxtables/xtables.c:xtables_print_num()
function short(value: number, exact: boolean): string {
  if (exact || value <= 99_999) return String(value);
  let rest = value;
  for (const unit of ['K', 'M', 'G']) {
    rest = Math.floor((rest + 500) / 1000);
    if (rest <= 9999) return `${rest}${unit}`;
  }
  return `${Math.floor((rest + 500) / 1000)}T`;
}

/// A chain with its head.
export function chainTable(v: Variant, shown: Shown, style: Style, number: number): string {
  const rules = shown.chain?.rules ?? [];
  const lines = rules
    .map((rule, i) => ({ rule, at: i + 1 }))
    .filter(({ at }) => number === 0 || number === at)
    .map(({ rule, at }) => row(v, rule, style, at));
  return number > 0 ? lines.join('') : head(shown, style) + lines.join('');
}

function head(shown: Shown, { verbose, exact, lineNumbers }: Style): string {
  let text = `Chain ${shown.name} (`;
  if (shown.builtin) {
    text += `policy ${shown.drops ? 'DROP' : 'ACCEPT'}`;
    const [packets, bytes] = shown.chain ? policyCounters(shown.chain) : [0, 0];
    if (verbose) text += ` ${short(packets, exact)} packets, ${short(bytes, exact)} bytes`;
  } else text += `${shown.references} references`;
  const number = lineNumbers ? 'num  ' : '';
  const counts = exact ? '    pkts      bytes ' : ' pkts bytes ';
  const where = verbose ? 'in     out     ' : '';
  return (
    `${text})\n${number}${verbose ? counts : ''}target     prot opt ${where}` +
    'source               destination         \n'
  );
}

function row(v: Variant, rule: NftRule, style: Style, at: number): string {
  const own = ruleAs(rule);
  const { verbose, numeric, exact } = style;
  let text = style.lineNumbers ? `${String(at).padEnd(4)} ` : '';
  if (verbose) {
    const width = exact ? 8 : 5;
    for (const count of ruleCounters(rule)) text += `${short(count, exact).padStart(width)} `;
  }
  const name = TARGETS[own.target]?.shownAs ?? own.target;
  text += `${name.padEnd(9)} `;
  text += `${own.notProto ? '!' : ' '}${protocolName(own.proto, numeric).padEnd(4)} -- `;
  if (verbose) {
    const any = numeric ? '*' : 'any';
    const shown = ({ name: dev, not }: Iface): string => `${not ? '!' : ''}${dev || any}`.padEnd(6);
    text += ` ${shown(own.in)} ${shown(own.out)} `;
  }
  for (const one of [own.src, own.dst])
    text += `${one.not ? '!' : ' '}${addressShown(v, one, numeric).padEnd(19)} `;
  if (own.goto) text += '[goto] ';
  for (const part of own.matches) text += MATCHES[part.name]!.show(part, numeric, own.proto);
  return `${text}${TARGETS[own.target]?.show(own, numeric) ?? ''}\n`;
}

function addressShown(v: Variant, { addr, bits }: Address, numeric: boolean): string {
  if (bits === 0) return numeric ? (v.six ? '::/0' : '0.0.0.0/0') : 'anywhere';
  return `${addr}${bits === v.bits ? '' : `/${bits}`}`;
}

/// A rule as a command line, from -A on.
export function ruleLine(chain: string, rule: Rule): string {
  let text = `-A ${chain}`;
  for (const [letter, { addr, bits, not }] of [
    ['s', rule.src],
    ['d', rule.dst],
  ] as const)
    if (bits > 0 || not) text += `${not ? ' !' : ''} -${letter} ${addr}/${bits}`;
  for (const [letter, { name, not }] of [
    ['i', rule.in],
    ['o', rule.out],
  ] as const)
    if (name !== '' && (name !== '+' || not)) text += `${not ? ' !' : ''} -${letter} ${name}`;
  if (rule.proto > 0) text += `${rule.notProto ? ' !' : ''} -p ${protocolName(rule.proto, true)}`;
  for (const { name, options } of rule.matches) text += ` -m ${name}${optionsLine(name, options)}`;
  if (rule.target !== '')
    text += ` -${rule.goto ? 'g' : 'j'} ${rule.target}${optionsLine(rule.target, rule.options)}`;
  return text;
}

function optionsLine(owner: string, options: readonly Option[]): string {
  let text = '';
  for (const { name, not, value } of options) {
    if (owner === 'limit' && name === 'limit-burst' && value === '5') continue;
    if (owner === 'LOG' && name === 'log-level' && value === '4') continue;
    text += `${not ? ' !' : ''} --${name}`;
    if (value !== '') text += ` ${FREE_TEXT.includes(name) ? quoted(value) : value}`;
  }
  return text;
}

const FREE_TEXT = ['comment', 'log-prefix'];

// libxtables/xtables.c:xtables_save_string()
function quoted(text: string): string {
  if (/^[\w-]+$/.test(text)) return text;
  return `"${text.replace(/["\\']/g, (sign) => `\\${sign}`)}"`;
}
