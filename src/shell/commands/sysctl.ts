/// sysctl(8) of procps-ng 4.0.4: reads and writes /proc/sys by dotted names.
/// Left out: patterns in names of settings that are written, and values longer than a line.
import { strerror } from '../../kernel/errno.ts';
import { dotted, readSysctl, sysctlMode, undotted, writeSysctl } from '../../kernel/sysctl.ts';
import type { Command, Io, Running } from '../command.ts';
import { files } from '../files.ts';
import { print, value } from '../marked.ts';
import { parseOptions, type Options as Parsed } from '../options.ts';
import { absolute } from '../paths.ts';
import { sysctlRef } from '../proc/sys.ts';
import { posixRegex, RegexError, TooHard, type Regex } from '../regex.ts';

interface Options {
  readonly all: boolean;
  readonly deprecated: boolean;
  readonly dryRun: boolean;
  readonly binary: boolean;
  readonly ignore: boolean;
  readonly names: boolean;
  readonly values: boolean;
  readonly load: boolean;
  readonly system: boolean;
  readonly pattern: Regex | null;
  readonly quiet: boolean;
  readonly write: boolean;
}

const usage = `
Usage:
 sysctl [options] [variable[=value] ...]

Options:
  -a, --all            display all variables
  -A                   alias of -a
  -X                   alias of -a
      --deprecated     include deprecated parameters to listing
      --dry-run        Print the key and values but do not write
  -b, --binary         print value without new line
  -e, --ignore         ignore unknown variables errors
  -N, --names          print variable names without values
  -n, --values         print only values of the given variable(s)
  -p, --load[=<file>]  read values from file
  -f                   alias of -p
      --system         read values from all system directories
  -r, --pattern <expression>
                       select setting that match expression
  -q, --quiet          do not echo variable set
  -w, --write          enable writing a value to variable
  -o                   does nothing
  -x                   does nothing
  -d                   alias of -h

 -h, --help     display this help and exit
 -V, --version  output version information and exit

For more details see sysctl(8).`;

const table = {
  short: 'aAXbeNnp::f::r:qwoxdhV',
  long: {
    all: 'a',
    deprecated: 'deprecated',
    'dry-run': 'dry-run',
    binary: 'b',
    ignore: 'e',
    names: 'N',
    values: 'n',
    'load[=]': 'p',
    system: 'system',
    'pattern=': 'r',
    quiet: 'q',
    write: 'w',
    help: 'h',
    version: 'V',
  },
};

/// Settings that Debian 13 ships, applied by --system before the reader's own files.
const shipped: readonly (readonly [string, string])[] = [
  ['/usr/lib/sysctl.d/10-coredump-debian.conf', 'kernel.core_pattern=core'],
  ['/usr/lib/sysctl.d/50-pid-max.conf', 'kernel.pid_max=4194304'],
];

/// Names that have a better twin in milliseconds; -a leaves them out.
const deprecatedNames = /\.(base_reachable_time|retrans_time)$/;

/// A line `name = value` of a file or of the command line. null: nothing to set.
interface Setting {
  readonly name: string;
  readonly value: string;
}

/// Dots or slashes between the words; the first of them decides (procps: slashdot).
function nameOf(word: string): string {
  const slash = word.indexOf('/');
  const dot = word.indexOf('.');
  return slash >= 0 && (dot < 0 || slash < dot) ? dotted(word) : word;
}

function parseSetting(line: string): Setting | 'nothing' | 'bad' {
  const text = line.trim();
  if (text === '' || text.startsWith('#') || text.startsWith(';')) return 'nothing';
  const at = text.indexOf('=');
  if (at < 0) return text.startsWith('-') ? 'nothing' : 'bad';
  const name = text.slice(0, at).trim().replace(/^-/, '');
  return { name: nameOf(name), value: text.slice(at + 1).trim() };
}

function* complain(io: Io, text: string): Running<void> {
  yield* io.err.line(`sysctl: ${text}`);
}

function* show(io: Io, o: Options, name: string, text: string): Running<void> {
  if (o.names) yield* io.out.line(name);
  else if (o.binary) yield* io.out.write(text);
  else if (o.values) yield* print(io.out, value(text, sysctlRef(name)));
  else yield* print(io.out, `${name} = `, value(text, sysctlRef(name)));
}

/// Whether this user may read or write a sysctl with these mode bits; root has the owner's.
function may(io: Io, mode: number, bit: 2 | 4): boolean {
  return ((io.uid === 0 ? mode >> 6 : mode) & bit) !== 0;
}

/// Reads one sysctl. `asked` is false when it is part of a listing, where refusals are passed over.
function* readOne(io: Io, o: Options, name: string, asked: boolean): Running<number> {
  const mode = sysctlMode(name) ?? 0o644;
  if ((mode & 0o444) === 0) return 0;
  if (!may(io, mode, 4)) {
    yield* complain(io, `permission denied on key '${name}'`);
    return 1;
  }
  const found = readSysctl(io.k, name);
  if (typeof found === 'string') {
    if (asked) yield* complain(io, `reading key "${name}": ${strerror(found)}`);
    return asked ? 1 : 0;
  }
  const empty = found.value === '' && name !== 'net.ipv4.ip_local_reserved_ports';
  if (!empty) yield* show(io, o, name, found.value);
  return 0;
}

function* read(io: Io, o: Options, word: string): Running<number> {
  const name = nameOf(word);
  if (io.k.sysctl[name] !== undefined)
    return matches(o, name) ? yield* readOne(io, o, name, true) : 0;
  const below = Object.keys(io.k.sysctl)
    .filter((other) => other.startsWith(`${name}.`))
    .sort();
  if (below.length === 0) return yield* missing(io, o, name);
  return yield* list(io, o, below);
}

function matches(o: Options, name: string): boolean {
  return o.pattern === null || o.pattern.find(name) !== null;
}

function* list(io: Io, o: Options, names: readonly string[]): Running<number> {
  let status = 0;
  for (const name of names) {
    if (!matches(o, name) || (!o.deprecated && deprecatedNames.test(name))) continue;
    if ((yield* readOne(io, o, name, false)) !== 0) status = 1;
  }
  return o.all ? 0 : status;
}

function* missing(io: Io, o: Options, name: string): Running<number> {
  if (o.ignore) return 0;
  yield* complain(io, `cannot stat /proc/sys/${undotted(name)}: ${strerror('ENOENT')}`);
  return 1;
}

function* writeOne(io: Io, o: Options, { name, value: text }: Setting): Running<number> {
  const mode = io.k.sysctl[name] === undefined ? null : sysctlMode(name);
  if (mode === null) return yield* missing(io, o, name);
  if ((mode & 0o200) === 0) {
    yield* complain(io, `setting key "${name}": ${strerror('EPERM')}`);
    return 0;
  }
  if (!may(io, mode, 2)) {
    yield* complain(io, `permission denied on key "${name}"`);
    return 1;
  }
  const result = o.dryRun ? null : writeSysctl(io.k, name, `${text}\n`);
  if (result && !result.ok) {
    yield* complain(io, `setting key "${name}": ${strerror(result.errno)}`);
    return 1;
  }
  if (!o.quiet) yield* show(io, o, name, text);
  return 0;
}

/// Settings of a text; lines that are none are reported with their place.
function* settingsOf(io: Io, place: string, text: string): Running<Setting[]> {
  const settings: Setting[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const setting = parseSetting(line);
    if (setting === 'bad')
      yield* complain(io, `${place}(${index + 1}): invalid syntax, continuing...`);
    else if (setting !== 'nothing') settings.push(setting);
  }
  return settings;
}

function* apply(io: Io, o: Options, settings: readonly Setting[]): Running<number> {
  let status = 0;
  for (const setting of settings) if ((yield* writeOne(io, o, setting)) !== 0) status = 1;
  return status;
}

/// -p: settings from files, /etc/sysctl.conf when none is named, standard input for `-`.
function* load(io: Io, o: Options, names: readonly string[]): Running<number> {
  let status = 0;
  const settings: Setting[] = [];
  for (const name of names.length > 0 ? names : ['/etc/sysctl.conf']) {
    const text = name === '-' ? yield* io.in.all() : contents(io, name);
    if (text === null) {
      yield* complain(io, `cannot open "${name}": ${strerror('ENOENT')}`);
      status = 1;
    } else settings.push(...(yield* settingsOf(io, name, text)));
  }
  const applied = yield* apply(io, o, settings);
  return status || applied;
}

function contents(io: Io, name: string): string | null {
  const found = files.read(io, absolute(io, name));
  return typeof found === 'string' ? null : found.lines.map(({ text }) => text).join('\n');
}

/// --system: every sysctl.d directory, in the order of the files' names, then /etc/sysctl.conf.
function* system(io: Io, o: Options): Running<number> {
  const found = new Map<string, readonly [string, string]>();
  for (const [path, text] of shipped)
    found.set(path.slice(path.lastIndexOf('/') + 1), [path, text]);
  for (const directory of ['/run/sysctl.d', '/etc/sysctl.d']) {
    const names = files.list(io, directory);
    for (const name of typeof names === 'string' ? [] : names)
      if (name.endsWith('.conf'))
        found.set(name, [`${directory}/${name}`, contents(io, `${directory}/${name}`) ?? '']);
  }
  const settings: Setting[] = [];
  const all = [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
  const last = contents(io, '/etc/sysctl.conf');
  if (last !== null) all.push(['/etc/sysctl.conf', last]);
  for (const [path, text] of all) {
    if (!o.quiet) yield* io.out.line(`* Applying ${path} ...`);
    settings.push(...(yield* settingsOf(io, path, text)));
  }
  return yield* apply(io, { ...o, ignore: true }, settings);
}

function* eachWord(io: Io, o: Options, words: readonly string[]): Running<number> {
  let status = 0;
  for (const word of words) {
    if (!o.write && !word.includes('=')) {
      if ((yield* read(io, o, word)) !== 0) status = 1;
      continue;
    }
    const setting = parseSetting(word);
    if (typeof setting === 'string') {
      yield* complain(io, 'command line(0): invalid syntax, continuing...');
      status = 1;
    } else if (setting.name === '') {
      // A lone `=` ends the work without a word: `sysctl -w name = value`.
      return 1;
    } else if ((yield* writeOne(io, o, setting)) !== 0) status = 1;
  }
  return status;
}

/// What the options ask for, and the words that are left; files named with the options come first.
function asked(parsed: Parsed): { readonly o: Options; readonly words: readonly string[] } {
  const has = (...names: string[]) => parsed.options.some(({ name }) => names.includes(name));
  const attached = parsed.options.filter(({ name, given }) => /^[pf]$/.test(name) && given);
  const pattern = parsed.options.findLast(({ name }) => name === 'r');
  const o: Options = {
    all: has('a', 'A', 'X'),
    deprecated: has('deprecated'),
    dryRun: has('dry-run'),
    binary: has('b'),
    ignore: has('e'),
    names: has('N'),
    values: has('n'),
    load: has('p', 'f'),
    system: has('system'),
    pattern: pattern ? posixRegex(pattern.value, { dialect: 'egrep' }) : null,
    quiet: has('q'),
    write: has('w'),
  };
  return { o, words: [...attached.map(({ value: name }) => name), ...parsed.operands] };
}

function* work(io: Io, parsed: Parsed): Running {
  const { o, words } = asked(parsed);
  if (o.system) return yield* system(io, o);
  if (o.load) return yield* load(io, o, words);
  if (o.all) return yield* list(io, o, Object.keys(io.k.sysctl).sort());
  if (words.length > 0) return yield* eachWord(io, o, words);
  yield* io.err.write(`${usage}\n`);
  return 1;
}

export const sysctl: Command = {
  name: 'sysctl',
  summary: 'read and set kernel parameters',
  usage: 'sysctl [options] [variable[=value] ...]',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), table);
    if ('fault' in parsed) {
      yield* complain(io, parsed.fault);
      yield* io.err.write(`${usage}\n`);
      return 1;
    }
    const flags = new Set(parsed.options.map(({ name }) => name));
    if (flags.has('h') || flags.has('d') || flags.has('V')) {
      yield* io.out.write(flags.has('V') ? 'sysctl from procps-ng 4.0.4\n' : `${usage}\n`);
      return 0;
    }
    try {
      return yield* work(io, parsed);
    } catch (error) {
      if (!(error instanceof RegexError || error instanceof TooHard)) throw error;
      yield* complain(io, error.message);
      return 1;
    }
  },
  complete(k) {
    return Object.keys(k.sysctl).sort();
  },
};
