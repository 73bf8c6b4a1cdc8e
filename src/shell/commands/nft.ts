/// nft, of nftables 1.1.3: tables, chains, rules and sets of the host's packet filter. All that one call
/// says is one transaction: it is in force whole, or not at all.
/// Left out: the interactive mode, -e, -o, -d, -I, and what parse.ts names.
import { nfnetlink_rcv_batch } from '../../kernel/netfilter/nfnetlink.ts';
import { strerror } from '../../kernel/errno.ts';
import type { Kernel } from '../../kernel/state.ts';
import type { Command, Io, Mark, Running } from '../command.ts';
import { files } from '../files.ts';
import { evaluate, refusal, type Sent, type Task } from '../nft/evaluate.ts';
import { getElements } from '../nft/get_element.ts';
import { listJson } from '../nft/json.ts';
import { tokensOf } from '../nft/lexer.ts';
import { parse } from '../nft/parse.ts';
import type { Style } from '../nft/print_rule.ts';
import { listText } from '../nft/print_ruleset.ts';
import { Absent, Trouble, troubleText, type Source } from '../nft/trouble.ts';
import { absolute } from '../paths.ts';

const VERSION = 'nftables v1.1.3 (Commodore Bullmoose #4)';
const HELP = `Usage: nft [ options ] [ cmds... ]

Options (general):
  -h, --help                      Show this help
  -v, --version                   Show version information
  -V                              Show extended version information

Options (ruleset input handling):
  -f, --file <filename>           Read input from <filename>
  -D, --define <name=value>       Define variable, e.g. --define foo=1.2.3.4
  -i, --interactive               Read input from interactive CLI
  -I, --includepath <directory>   Add <directory> to the paths searched for include files. Default is: /etc
  -c, --check                     Check commands validity without actually applying the changes.
  -o, --optimize                  Optimize ruleset

Options (ruleset list formatting):
  -a, --handle                    Output rule handle.
  -s, --stateless                 Omit stateful information of ruleset.
  -t, --terse                     Omit contents of sets.
  -S, --service                   Translate ports to service names as described in /etc/services.
  -N, --reversedns                Translate IP addresses to names.
  -u, --guid                      Print UID/GID as defined in /etc/passwd and /etc/group.
  -n, --numeric                   Print fully numerical output.
  -y, --numeric-priority          Print chain priority numerically.
  -p, --numeric-protocol          Print layer 4 protocols numerically.
  -T, --numeric-time              Print time values numerically.

Options (command output formatting):
  -e, --echo                      Echo what has been added, inserted or replaced.
  -j, --json                      Format output in JSON
  -d, --debug <level [,level...]> Specify debugging level (scanner, parser, eval, netlink, mnl, proto-ctx, segtree, all)

`;

const LONG: Readonly<Record<string, string>> = {
  ...{ help: 'h', version: 'v', file: 'f', define: 'D', interactive: 'i', includepath: 'I' },
  ...{ check: 'c', optimize: 'o', handle: 'a', stateless: 's', terse: 't', service: 'S' },
  ...{ reversedns: 'N', guid: 'u', numeric: 'n', 'numeric-priority': 'y' },
  ...{ 'numeric-protocol': 'p', 'numeric-time': 'T', echo: 'e', json: 'j', debug: 'd' },
};
const WITH_VALUE = 'fDId';
const ABSENT = 'iIoedDSNu';

interface Wishes {
  readonly letters: string;
  readonly file: string | null;
  readonly words: readonly string[];
  readonly unknown: string; // an option that nft does not have
}

function wishesOf(argv: readonly string[]): Wishes {
  let letters = '';
  let file: string | null = null;
  let i = 1;
  for (; i < argv.length && /^-./.test(argv[i]!) && argv[i] !== '--'; i++) {
    const word = argv[i]!;
    const [name = '', value] = word.slice(2).split('=');
    const long = word.startsWith('--');
    if (long && !Object.hasOwn(LONG, name)) return { letters, file, words: [], unknown: word };
    const found = long ? LONG[name]! : word.slice(1);
    for (let j = 0; j < found.length; j++) {
      const letter = found[j]!;
      if (!`hvV${Object.values(LONG).join('')}`.includes(letter))
        return { letters, file, words: [], unknown: `-${letter}` };
      letters += letter;
      if (!WITH_VALUE.includes(letter)) continue;
      const rest = long ? value : found.slice(j + 1) || undefined;
      const given = rest ?? argv[++i] ?? '';
      if (letter === 'f') file = given;
      break;
    }
  }
  return { letters, file, words: argv.slice(i), unknown: '' };
}

function* run(io: Io): Running {
  const wishes = wishesOf(io.argv);
  const { letters } = wishes;
  if (wishes.unknown !== '') {
    const name = wishes.unknown;
    yield* io.err.line(
      name.startsWith('--')
        ? `nft: unrecognized option '${name}'`
        : `nft: invalid option -- '${name[1]!}'`,
    );
    return 1;
  }
  if (letters.includes('h')) {
    yield* io.out.write(HELP);
    return 0;
  }
  if (letters.includes('v')) {
    yield* io.out.line(VERSION);
    return 0;
  }
  const absent = [...letters].find((letter) => ABSENT.includes(letter) || letter === 'V');
  if (absent) return yield* notModelled(io, `nft -${absent}`);
  const source = yield* sourceOf(io, wishes);
  if (typeof source === 'number') return source;
  try {
    return yield* runText(io, source, letters);
  } catch (error) {
    if (!(error instanceof Absent)) throw error;
    return yield* notModelled(io, error.message);
  }
}

function* notModelled(io: Io, what: string): Running {
  yield* io.err.line(`softnet: not modelled here: ${what}`);
  return 1;
}

function* sourceOf(io: Io, { words, file }: Wishes): Running<Source | number> {
  if (words.length > 0) {
    if (words.slice(1).some((word) => /^-[a-zA-Z-]/.test(word) && !word.includes(' '))) {
      yield* io.err.line('Error: syntax error, options must be specified before commands');
      yield* io.err.write(io.argv.map((word) => `${word} `).join(''));
      const at = io.argv.findIndex((word, i) => i > 1 && /^-[a-zA-Z-]/.test(word));
      const position = io.argv.slice(0, at).reduce((sum, word) => sum + word.length + 1, 0);
      yield* io.out.write(`\n${'^'.padStart(4)}${'~~'.padStart(position - 2)}\n`);
      return 1;
    }
    return { name: '', text: `${words.join(' ')}\n` };
  }
  if (file === null) {
    yield* io.err.line(`${io.argv[0]!}: no command specified`);
    return 1;
  }
  if (file === '-') return { name: '/dev/stdin', text: yield* io.in.all() };
  const found = files.read(io, absolute(io, file));
  if (typeof found !== 'string')
    return { name: file, text: found.lines.map(({ text }) => text).join('\n') + '\n' };
  yield* io.err.write(
    `internal:0:0-0: Error: Could not open file "${file}": ${strerror(found)}\n\n\n`,
  );
  return 1;
}

function* runText(io: Io, source: Source, letters: string): Running {
  const { cmds, troubles } = parse(io.k, tokensOf(source.text));
  if (troubles.length > 0) return yield* complain(io, source, troubles);
  if (io.uid !== 0) {
    yield* io.err.line('Operation not permitted (you must be root)');
    yield* io.err.line('netlink: Error: cache initialization failed: Operation not permitted');
    return 1;
  }
  const found = evaluate(io.k, cmds);
  if (found.troubles.length > 0) return yield* complain(io, source, found.troubles);
  return yield* carryOut(io, source, found.tasks, letters);
}

function* complain(io: Io, source: Source, troubles: readonly Trouble[]): Running {
  for (const { place, message, also } of troubles)
    yield* io.err.write(troubleText(source, place, message, also));
  return 1;
}

/// What is to be shown is shown first, from the ruleset as it is; then the changes go to the kernel.
function* carryOut(io: Io, source: Source, tasks: readonly Task[], letters: string): Running {
  const style: Style = {
    stateless: letters.includes('s'),
    handles: letters.includes('a'),
    numeric: letters.includes('n'),
    numericProtocol: letters.includes('p'),
    numericPriority: /[ny]/.test(letters),
    terse: letters.includes('t'),
  };
  const json = letters.includes('j');
  for (const task of tasks)
    if (task.do !== 'send') {
      const status = yield* show(io, source, task, style, json);
      if (status !== 0) return status;
    }
  const sent = tasks.flatMap((task) => (task.do === 'send' ? task.sent : []));
  if (sent.length === 0) return 0;
  return yield* send(io, io.k, source, sent, letters.includes('c'));
}

function* show(
  io: Io,
  source: Source,
  task: Exclude<Task, { do: 'send' }>,
  style: Style,
  json: boolean,
): Running {
  if (task.do === 'get') {
    if (json) throw new Absent('nft -j get element');
    try {
      yield* io.out.write(getElements(io.k, task.cmd, style));
      return 0;
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
      return yield* complain(io, source, [error]);
    }
  }
  if (json) {
    yield* io.out.write(listJson(io.k, task.cmd));
    return 0;
  }
  const { out, warnings } = listText(io.k, task.cmd, style);
  yield* io.err.write(warnings);
  for (const line of out.split('\n').slice(0, -1)) yield* io.out.line(line, marksOf(line));
  return 0;
}

/// The numbers of a rule's counter know what they are.
function marksOf(line: string): Mark[] {
  const found = /counter packets (\d+) bytes (\d+)/.exec(line);
  if (!found) return [];
  const first = found.index + 'counter packets '.length;
  const second = found.index + found[0].length - found[2]!.length;
  return [
    { start: first, end: first + found[1]!.length, ref: 'counter:nft:packets' },
    { start: second, end: second + found[2]!.length, ref: 'counter:nft:bytes' },
  ];
}

function* send(io: Io, k: Kernel, source: Source, sent: readonly Sent[], check: boolean): Running {
  const errors = nfnetlink_rcv_batch(
    k,
    sent.map(({ message }) => message),
    check,
  );
  for (const error of errors) {
    const { place, says } = refusal(k, sent[error.message]!, error);
    yield* io.err.write(troubleText(source, place, says));
  }
  return errors.length > 0 ? 1 : 0;
}

function complete(_k: Kernel, words: readonly string[]): readonly string[] {
  if (words.length <= 2) return ['list', 'add', 'delete', 'flush', 'insert', '-a', '-f'];
  return ['ruleset', 'table', 'chain', 'rule', 'set', 'element', 'ip', 'ip6', 'inet', 'netdev'];
}

export const nft: Command = {
  name: 'nft',
  summary: 'tables, chains, rules and sets of the packet filter',
  usage: 'nft [-a] [-n] [-s] [-c] [-f FILE] [COMMAND]',
  run,
  complete,
};
