/// The command line of iptables and ip6tables: one command, and a rule where it takes one. Stands for do_parse()
/// in iptables/xshared.c.
/// Left out: several addresses in one option, fragments (-f), counters given with a rule (-c), options cut short,
/// except where getopt gives them a name of their own here, and which options go with which commands.
import { absent, badParameter, unasked } from './fault.ts';
import { ABSENT_MATCHES, MATCHES, SYN_OPTION, matchNamed } from './matches.ts';
import { NO_ADDRESS, type Address, type Option, type Part, type Rule } from './rule.ts';
import { ABSENT_TARGETS, TARGETS } from './targets.ts';
import { address, protocolName, protocolOf } from './values.ts';
import type { Variant } from './variant.ts';
import { wordTable } from '../word_table.ts';

export interface Line {
  readonly zero: boolean; // -Z beside -L or -S
  readonly command: string; // A, D, I, R, C, L, S, F, X, N, P, Z, E, V, h; '' none
  readonly chain: string;
  readonly number: number; // of a rule; 0: not given
  readonly text: string; // -P: the policy, -E: the new name
  readonly table: string;
  readonly verbose: boolean;
  readonly numeric: boolean;
  readonly exact: boolean;
  readonly lineNumbers: boolean;
  readonly other: boolean; // -4 for ip6tables, -6 for iptables
  readonly rule: Rule;
}

const LONG: Readonly<Record<string, string>> = wordTable({
  ...{ append: 'A', delete: 'D', insert: 'I', replace: 'R', check: 'C', list: 'L' },
  ...{ 'list-rules': 'S', flush: 'F', 'delete-chain': 'X', new: 'N', 'new-chain': 'N' },
  ...{ policy: 'P', zero: 'Z', 'rename-chain': 'E', table: 't', proto: 'p', protocol: 'p' },
  ...{ source: 's', src: 's', destination: 'd', dst: 'd', 'in-interface': 'i' },
  ...{ 'out-interface': 'o', jump: 'j', goto: 'g', match: 'm', verbose: 'v', numeric: 'n' },
  ...{ exact: 'x', wait: 'w', version: 'V', help: 'h', ipv4: '4', ipv6: '6', 'line-numbers': '0' },
  ...{ fragments: 'f', 'set-counters': 'c' },
});
const COMMANDS = 'ADIRCLSFXNPZE';
const FLAGS = 'vnx46Vhf';

/// What is found while reading, until the whole is known.
class Reader {
  readonly words: string[];
  readonly six: boolean;
  at = 0;
  not = false;
  command = '';
  zero = false;
  chain = '';
  number = 0;
  text = '';
  table = 'filter';
  flags = '';
  given = ''; // options that may be there only once
  src: Address = NO_ADDRESS;
  dst: Address = NO_ADDRESS;
  in = { name: '', not: false };
  out = { name: '', not: false };
  proto = 0;
  notProto = false;
  matches: { name: string; options: Option[] }[] = [];
  target = '';
  goto = false;
  options: Option[] = [];

  constructor(words: readonly string[], six: boolean) {
    this.words = [...words];
    this.six = six;
  }

  value(option: string): string {
    const word = this.words[this.at];
    if (word === undefined) throw badParameter(`option "${option}" requires an argument`);
    this.at++;
    return word;
  }

  optional(): string {
    const word = this.words[this.at];
    if (word === undefined || word.startsWith('-') || word === '!') return '';
    this.at++;
    return word;
  }

  taken(): boolean {
    const { not } = this;
    this.not = false;
    return not;
  }
}

/// Reads the words behind the command's name, or a line of a saved text. Throws a Fault.
export function parse(words: readonly string[], { six }: Variant, restoring = false): Line {
  const r = new Reader(words, six);
  while (r.at < r.words.length) {
    const word = r.words[r.at++]!;
    if (word === '!') {
      if (r.not) throw badParameter('multiple consecutive ! not allowed');
      r.not = true;
    } else if (word.startsWith('--')) long(r, word.slice(2));
    else if (word.length > 1 && word.startsWith('-')) short(r, word.slice(1));
    else throw unasked(`Bad argument \`${word}'\n`);
  }
  const other = r.flags.includes(six ? '4' : '6');
  if (other && !restoring) throw unasked('');
  finish(r);
  const { command, zero, chain, number, text, table, flags } = r;
  return {
    ...{ command, zero, chain, number, text, table },
    verbose: flags.includes('v'),
    numeric: flags.includes('n'),
    exact: flags.includes('x'),
    lineNumbers: flags.includes('0'),
    other,
    rule: ruleOf(r),
  };
}

function ruleOf(r: Reader): Rule {
  const { src, dst, proto, notProto, target, goto, options } = r;
  const matches: Part[] = r.matches;
  return { src, dst, in: r.in, out: r.out, proto, notProto, matches, target, goto, options };
}

function short(r: Reader, letters: string): void {
  for (let i = 0; i < letters.length; i++) {
    const letter = letters[i]!;
    const rest = letters.slice(i + 1);
    if (FLAGS.includes(letter)) {
      take(r, letter);
      continue;
    }
    if (rest !== '') r.words.splice(r.at, 0, rest);
    return take(r, letter);
  }
}

function long(r: Reader, word: string): void {
  const [name = '', given] = word.split('=');
  if (given !== undefined) r.words.splice(r.at, 0, given);
  const letter = LONG[name];
  if (letter !== undefined) return take(r, letter);
  if (!extension(r, name)) throw badParameter(`unknown option "--${name}"`);
}

function take(r: Reader, letter: string): void {
  if (letter === 'f') {
    if (r.six) throw badParameter("`-f' is not supported in IPv6, use -m frag instead");
    throw absent('iptables: -f');
  }
  if (letter === 'c') throw absent('iptables: -c');
  if (letter === '0' || FLAGS.includes(letter)) {
    if (letter === 'V' || letter === 'h') r.command = letter;
    r.flags += letter;
  } else if (COMMANDS.includes(letter)) command(r, letter);
  else parameter(r, letter);
}

const BOTH: Readonly<Record<string, string>> = { Z: 'LS', L: 'Z', S: 'Z' };

function command(r: Reader, letter: string): void {
  if (r.taken()) throw badParameter("unexpected '!' flag");
  const both = r.command !== '' && (BOTH[letter] ?? '').includes(r.command);
  if (r.command !== '' && !both) throw badParameter(`Cannot use -${letter} with -${r.command}`);
  r.zero = both;
  if (!both || letter !== 'Z') r.command = letter;
  const optional = 'LSFXZ'.includes(letter);
  const chain = optional ? r.optional() : r.value(`-${letter}`);
  if (!both || chain !== '') r.chain = chain;
  if (letter === 'P' || letter === 'E') {
    r.text = r.optional();
    if (r.text === '')
      throw badParameter(
        letter === 'P'
          ? '-P requires a chain and a policy'
          : '-E requires old-chain-name and new-chain-name',
      );
  }
  if (letter === 'N' && (r.chain.startsWith('-') || r.chain.startsWith('!')))
    throw badParameter(`chain name not allowed to start with \`${r.chain[0]!}'`);
  if (letter === 'N' && (Object.hasOwn(TARGETS, r.chain) || ABSENT_TARGETS.includes(r.chain)))
    throw badParameter('chain name may not clash with target name');
  if (r.chain.length >= XT_EXTENSION_MAXNAMELEN)
    throw badParameter(
      `chain name \`${r.chain}' too long (must be under ${XT_EXTENSION_MAXNAMELEN} chars)`,
    );
  if (!'DIRLSZ'.includes(letter)) return;
  const next = r.words[r.at];
  if (next !== undefined && /^\d+$/.test(next)) {
    r.number = Number(next);
    r.at++;
    if (r.number === 0) throw badParameter(`Invalid rule number \`${next}'`);
  } else if (letter === 'R') throw badParameter('-R requires a rule number');
}

const OPTION_NAMES: Readonly<Record<string, string>> = {
  ...{ p: '--protocol', s: '--source', d: '--destination', j: '--jump' },
  ...{ i: '--in-interface', o: '--out-interface' },
};

// What may be there only once. iptables/xshared.c:set_option()
function once(r: Reader, letter: string): void {
  const own = letter === 'g' ? 'j' : letter;
  if (r.given.includes(own))
    throw badParameter(`multiple ${OPTION_NAMES[own]} options not allowed`);
  r.given += own;
}

function parameter(r: Reader, letter: string): void {
  const not = r.taken();
  if ('psdiojg'.includes(letter)) once(r, letter);
  if (not && 'jg'.includes(letter)) throw badParameter('cannot have ! before --jump');
  switch (letter) {
    case 't':
      if (not) throw badParameter('unexpected ! flag before --table');
      r.table = r.value('-t');
      return;
    case 'p':
      r.proto = protocolOf(r.value('-p'));
      r.notProto = not;
      if (r.proto === 0 && not) throw badParameter('rule would never match protocol');
      return;
    case 's':
    case 'd': {
      const text = r.value(`-${letter}`);
      if (text.includes(',')) throw absent('iptables: several addresses in one option');
      if (letter === 's') r.src = address(text, not, r.six);
      else r.dst = address(text, not, r.six);
      return;
    }
    case 'i':
      r.in = { name: iface(r.value('-i')), not };
      return;
    case 'o':
      r.out = { name: iface(r.value('-o')), not };
      return;
    case 'j':
    case 'g':
      return jump(r, r.value(`-${letter}`), letter === 'g');
    case 'm':
      return load(r, r.value('-m'));
    case 'w':
      if (/^\d+$/.test(r.words[r.at] ?? '')) r.at++;
      return;
    default:
      throw badParameter(`unknown option "-${letter}"`);
  }
}

const XT_EXTENSION_MAXNAMELEN = 29;
const IFNAMSIZ = 16;

function iface(name: string): string {
  if (name === '') throw badParameter('Empty interface is likely to be undesired');
  if (name.length + 1 > IFNAMSIZ)
    throw badParameter(`interface name \`${name}' must be shorter than IFNAMSIZ (${IFNAMSIZ - 1})`);
  return name;
}

function jump(r: Reader, name: string, goto: boolean): void {
  if (ABSENT_TARGETS.includes(name)) throw absent(`iptables: target ${name}`);
  r.target = name;
  r.goto = goto;
}

function load(r: Reader, name: string): void {
  if (ABSENT_MATCHES.includes(name)) throw absent(`iptables: match ${name}`);
  const found = matchNamed(name, r.six);
  if (!found) throw badParameter(`Couldn't load match \`${name}':No such file or directory\n`);
  r.matches.push({ name: found[0], options: [] });
}

// An option of a match that is loaded, of the protocol's own match, or of the target.
function extension(r: Reader, name: string): boolean {
  if (name === 'syn') return syn(r);
  for (const part of [...r.matches].reverse()) if (ofMatch(r, part, name)) return true;
  const [own, known] = matchNamed(protocolName(r.proto, true), r.six) ?? ['', null];
  if (
    r.proto > 0 &&
    !r.notProto &&
    known?.proto === r.proto &&
    Object.hasOwn(known.options, name)
  ) {
    r.matches.push({ name: own, options: [] });
    return ofMatch(r, r.matches.at(-1)!, name);
  }
  const target = TARGETS[r.target];
  if (!target || !Object.hasOwn(target.options, name)) return false;
  const read = target.options[name];
  if (r.taken()) throw badParameter(`unexpected ! flag before --${name}`);
  const value = typeof read === 'function' ? read(r.value(`--${name}`), r.six, r.proto) : '';
  const stored = name.endsWith('-mark') ? 'set-xmark' : name;
  if (r.options.some((option) => option.name === stored))
    throw badParameter(`${r.target}: option "--${stored}" can only be used once.\n`);
  r.options.push({ name: stored, not: false, value });
  return true;
}

function syn(r: Reader): boolean {
  if (r.proto !== 6) return false;
  let part = r.matches.find((one) => one.name === 'tcp');
  if (!part) r.matches.push((part = { name: 'tcp', options: [] }));
  part.options.push({ name: 'tcp-flags', not: r.taken(), value: SYN_OPTION });
  return true;
}

function ofMatch(r: Reader, part: { name: string; options: Option[] }, name: string): boolean {
  const { options } = MATCHES[part.name]!;
  if (!Object.hasOwn(options, name)) return false;
  const entry = options[name]!;
  const own = typeof entry === 'string' ? entry : name;
  const read = typeof entry === 'string' ? options[entry] : entry;
  if (typeof read !== 'function') throw new Error(`option ${name} leads nowhere`);
  const not = r.taken();
  const value = read(r.value(`--${name}`), () => r.value(`--${name}`));
  if (part.options.some((option) => option.name === own))
    throw badParameter(`${part.name}: option "--${own}" can only be used once.\n`);
  part.options.push({ name: own, not, value });
  return true;
}

// In the order in which -S writes them; what a match or target must have is there.
function finish(r: Reader): void {
  for (const part of r.matches) {
    const order = Object.keys(MATCHES[part.name]!.options);
    part.options.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
    const { proto } = MATCHES[part.name]!;
    if (proto !== undefined && proto !== r.proto)
      throw badParameter(`unknown option "-m ${part.name}"`);
    const needed = NEEDED[part.name];
    if (needed && !part.options.some((option) => needed[1].includes(option.name)))
      throw badParameter(needed[0]);
  }
  const target = TARGETS[r.target];
  if (r.options.length === 0) r.options = [...(target?.defaults?.(r.six) ?? [])];
  const must = MUST[r.target];
  if (must && !r.options.some((option) => option.name === must))
    throw badParameter(`${r.target}: option "--${must}" must be specified\n`);
  if (r.table === 'nat' && (r.target === 'DROP' || (r.command === 'P' && r.text === 'DROP')))
    throw badParameter(
      '\nThe "nat" table is not intended for filtering, the use of DROP is therefore inhibited.\n\n',
    );
  if (r.not) throw badParameter('nothing appropriate following !');
  if ('ADICR'.includes(r.command)) devicesFit(r);
}

// No packet has a device there. The names of chains decide, whatever the table.
function devicesFit(r: Reader): void {
  const { chain } = r;
  if (['PREROUTING', 'INPUT'].includes(chain) && r.out.name !== '')
    throw badParameter(`Can't use --out-interface with ${chain}`);
  if (['POSTROUTING', 'OUTPUT'].includes(chain) && r.in.name !== '')
    throw badParameter(`Can't use --in-interface with ${chain}`);
}

const MUST: Readonly<Record<string, string>> = wordTable({
  ...{ SNAT: 'to-source', DNAT: 'to-destination', CT: 'notrack', MARK: 'set-xmark' },
});
const NEEDED: Readonly<Record<string, readonly [says: string, options: readonly string[]]>> =
  wordTable({
    multiport: ['multiport expection an option', ['sports', 'dports']],
    conntrack: ['conntrack: At least one option is required', ['ctstate']],
    state: ['state: option "--state" must be specified\n', ['state']],
    mark: ['mark: option "--mark" must be specified\n', ['mark']],
    mac: ['mac: option "--mac-source" must be specified\n', ['mac-source']],
    comment: ['comment: option "--comment" must be specified\n', ['comment']],
  });
