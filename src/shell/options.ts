/// Command-line options as getopt_long(3) reads them for the GNU tools: options and operands in any
/// order, `--` ends the options, short ones bundled, long ones shortened as far as they are unique.
/// The messages are glibc's.
import type { Command, Io, Running } from './command.ts';

/// Long options: name to what it stands for. `=` after the name: an argument is required; `[=]`: it
/// may be given with `--name=value`.
export interface OptionTable {
  readonly short: string; // as for getopt(3): `n:` takes an argument, `n::` may have one attached
  readonly long?: Readonly<Record<string, string>>; // 'lines=': 'n'
  readonly posix?: boolean; // the first operand ends the options
}

export interface Option {
  readonly name: string; // the short letter, or what the table gives for the long name
  readonly value: string; // '' when the option has none
  readonly given: boolean; // whether a value was given
}

export interface Options {
  readonly options: readonly Option[];
  readonly operands: readonly string[];
}

export type OptionFault = { readonly fault: string };

type Wants = 'nothing' | 'value' | 'maybe';

export function parseOptions(words: readonly string[], table: OptionTable): Options | OptionFault {
  const options: Option[] = [];
  const operands: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    if (word === '--') {
      operands.push(...words.slice(i + 1));
      break;
    }
    if (!word.startsWith('-') || word === '-') {
      if (table.posix) {
        operands.push(...words.slice(i));
        break;
      }
      operands.push(word);
      continue;
    }
    const read = word.startsWith('--')
      ? readLong(word.slice(2), words[i + 1], table)
      : readShort(word.slice(1), words[i + 1], table);
    if ('fault' in read) return read;
    options.push(...read.options);
    if (read.tookNext) i++;
  }
  return { options, operands };
}

interface Read {
  readonly options: Option[];
  readonly tookNext: boolean;
}

function readShort(
  bundle: string,
  next: string | undefined,
  table: OptionTable,
): Read | OptionFault {
  const options: Option[] = [];
  for (let i = 0; i < bundle.length; i++) {
    const name = bundle[i] as string;
    const at = name === ':' ? -1 : table.short.indexOf(name);
    if (at < 0) return { fault: `invalid option -- '${name}'` };
    const wants = /^::?/.exec(table.short.slice(at + 1))?.[0].length ?? 0;
    const rest = bundle.slice(i + 1);
    if (wants === 0) {
      options.push({ name, value: '', given: false });
      continue;
    }
    if (rest !== '' || wants === 2) {
      options.push({ name, value: rest, given: rest !== '' });
      return { options, tookNext: false };
    }
    if (next === undefined) return { fault: `option requires an argument -- '${name}'` };
    options.push({ name, value: next, given: true });
    return { options, tookNext: true };
  }
  return { options, tookNext: false };
}

function readLong(word: string, next: string | undefined, table: OptionTable): Read | OptionFault {
  const equals = word.indexOf('=');
  const typed = equals < 0 ? word : word.slice(0, equals);
  const value = equals < 0 ? null : word.slice(equals + 1);
  const found = findLong(typed, table);
  if ('fault' in found) return found;
  const { long, name, wants } = found;
  if (value !== null && wants === 'nothing')
    return { fault: `option '--${long}' doesn't allow an argument` };
  if (value === null && wants === 'value') {
    if (next === undefined) return { fault: `option '--${long}' requires an argument` };
    return { options: [{ name, value: next, given: true }], tookNext: true };
  }
  return { options: [{ name, value: value ?? '', given: value !== null }], tookNext: false };
}

function findLong(
  typed: string,
  table: OptionTable,
): { long: string; name: string; wants: Wants } | OptionFault {
  const all = Object.entries(table.long ?? {}).map(([key, name]) => {
    const wants: Wants = key.endsWith('[=]') ? 'maybe' : key.endsWith('=') ? 'value' : 'nothing';
    return { long: key.replace(/\[=\]$|=$/, ''), name, wants };
  });
  const exact = all.find((entry) => entry.long === typed);
  if (exact) return exact;
  const near = all.filter((entry) => entry.long.startsWith(typed));
  const [first] = near;
  if (!first) return { fault: `unrecognized option '--${typed}'` };
  if (near.some((entry) => entry.name !== first.name)) {
    const names = near.map((entry) => ` '--${entry.long}'`).join('');
    return { fault: `option '--${typed}' is ambiguous; possibilities:${names}` };
  }
  return first;
}

/// `cat: TEXT`, then where to find help; gives the exit status.
export function* refuseUsage(io: Io, text: string, status = 1): Running {
  const name = io.argv[0] ?? '';
  yield* io.err.write(`${name}: ${text}\nTry '${name} --help' for more information.\n`);
  return status;
}

/// `cat: TEXT`.
export function* fail(io: Io, text: string, status = 1): Running {
  yield* io.err.line(`${io.argv[0] ?? ''}: ${text}`);
  return status;
}

/// An option that the real tool has and this one has not.
export function* notModelled(io: Io, what: string, status = 1): Running {
  yield* io.err.line(`softnet: not modelled here: ${io.argv[0] ?? ''} ${what}`);
  return status;
}

/// The name under which an option was typed, for notModelled().
export function spelled(option: Option): string {
  return option.name.length === 1 ? `-${option.name}` : `--${option.name}`;
}

/// --help and --version, which every GNU tool has. The help is ours and short.
export const common = { help: 'help', version: 'version' } as const;

/// Answers --help or --version when one was given.
export function* answerCommon(
  io: Io,
  command: Pick<Command, 'usage' | 'summary'>,
  version: string,
  options: readonly Option[],
): Running<boolean> {
  const asked = options.find((option) => option.name === 'help' || option.name === 'version');
  if (!asked) return false;
  if (asked.name === 'help') yield* io.out.write(`Usage: ${command.usage}\n${command.summary}\n`);
  else yield* io.out.write(`${io.argv[0] ?? ''} (${version.replace(/ (\S+)$/, ') $1')}\n`);
  return true;
}
