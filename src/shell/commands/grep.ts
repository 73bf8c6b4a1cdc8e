/// grep, egrep and fgrep: lines that match. Left out, and said so: -z, -T, -D, --binary-files,
/// --exclude-from; of Perl's syntax what regex/perl.ts leaves out.
import { strerror } from '../../kernel/errno.ts';
import type { Command, Io, Running } from '../command.ts';
import { files } from '../files.ts';
import type { FsError } from '../filesystem.ts';
import { makeMatcher } from '../grep/matcher.ts';
import type { Matcher } from '../grep/matcher.ts';
import { newJob, readOptions, table } from '../grep/options.ts';
import type { Job } from '../grep/options.ts';
import { searchInput } from '../grep/search.ts';
import type { Search } from '../grep/search.ts';
import { openInput } from '../inputs.ts';
import { bare } from '../names.ts';
import { fail, notModelled, parseOptions } from '../options.ts';
import { absolute } from '../paths.ts';
import { matches } from '../pattern.ts';
import { NotModelled, RegexError, TooHard } from '../regex.ts';

export const grep: Command = grepAs('grep', 'G', 'Writes the lines that match a pattern.');
export const egrep: Command = grepAs('egrep', 'E', 'The same as grep -E.');
export const fgrep: Command = grepAs('fgrep', 'F', 'The same as grep -F.');

function grepAs(name: string, syntax: Job['syntax'], summary: string): Command {
  return {
    name,
    summary,
    usage: `${name} [OPTION]... PATTERNS [FILE]...`,
    run: (io) => runGrep(io, syntax),
  };
}

function* runGrep(io: Io, syntax: Job['syntax']): Running {
  const parsed = parseOptions(io.argv.slice(1), table);
  if ('fault' in parsed) return yield* usage(io, parsed.fault);
  if (parsed.options.some(({ name }) => name === 'help')) {
    yield* io.out.write(`Usage: ${grep.usage}\n${grep.summary}\n`);
    return 0;
  }
  if (parsed.options.some(({ name }) => name === 'V')) {
    yield* io.out.line('grep (GNU grep) 3.11');
    return 0;
  }
  const job = { ...newJob(), syntax };
  const refused = yield* readOptions(io, job, parsed.options);
  if (refused) {
    if ('usage' in refused) return yield* usage(io, refused.usage);
    if ('missing' in refused) return yield* notModelled(io, refused.missing, 2);
    return yield* fail(io, refused.fault, 2);
  }
  const names = [...parsed.operands];
  if (job.patterns === null) {
    const pattern = names.shift();
    if (pattern === undefined) return yield* usage(io, '');
    job.patterns = pattern.split('\n');
  }
  return yield* compileAndSearch(io, job, names);
}

function* usage(io: Io, fault: string): Running {
  const name = io.argv[0] ?? 'grep';
  if (fault !== '') yield* io.err.line(`${name}: ${fault}`);
  yield* io.err.write(
    `Usage: ${name} [OPTION]... PATTERNS [FILE]...\nTry '${name} --help' for more information.\n`,
  );
  return 2;
}

function* compileAndSearch(io: Io, job: Job, names: readonly string[]): Running {
  try {
    const matcher = makeMatcher(job);
    for (const warning of matcher.warnings) yield* io.err.line(`grep: warning: ${warning}`);
    return yield* searchAll(io, job, matcher, names);
  } catch (error) {
    if (error instanceof RegexError) return yield* fail(io, error.message, 2);
    if (error instanceof NotModelled)
      return yield* notModelled(io, error.message.replace(/ of grep -P$/, ' in -P'), 2);
    if (!(error instanceof TooHard)) throw error;
    if (job.syntax === 'P') return yield* fail(io, "exceeded PCRE's backtracking limit", 2);
    yield* io.err.line('softnet: this back-reference takes too many steps to match here');
    return 2;
  }
}

interface Outcome {
  found: boolean;
  failed: boolean;
}

function* searchAll(io: Io, job: Job, matcher: Matcher, names: readonly string[]): Running {
  const operands = names.length > 0 ? names : [job.recursive ? '.' : '-'];
  const showNames =
    job.names ??
    (operands.length > 1 || (job.recursive && operands.some((name) => isDirectory(io, name))));
  const search: Search = { io, job, matcher, showNames, separate: false };
  const outcome: Outcome = { found: false, failed: false };
  for (const name of operands) {
    if (job.recursive && isDirectory(io, name)) {
      const implied = names.length === 0 ? '' : name;
      yield* searchTree(search, outcome, name, implied, 0);
    } else if (wanted(job, name)) yield* searchFile(search, outcome, name);
    if (job.report === 'nothing' && outcome.found) return 0;
  }
  if (outcome.failed) return 2;
  return outcome.found ? 0 : 1;
}

function* searchFile(search: Search, outcome: Outcome, name: string): Running<void> {
  const opened = openInput(search.io, name);
  if (typeof opened !== 'string') {
    const shown = opened.stdin ? search.job.label : name;
    if (yield* searchInput(search, opened.input, shown)) outcome.found = true;
    return;
  }
  if (opened === 'EISDIR' && search.job.skipDirectories) return;
  yield* complain(search, outcome, name, opened);
}

function* complain(search: Search, outcome: Outcome, name: string, error: FsError): Running<void> {
  outcome.failed = true;
  if (search.job.quietErrors) return;
  yield* search.io.err.line(`${search.io.argv[0] ?? 'grep'}: ${bare(name)}: ${strerror(error)}`);
}

/// Everything below a directory, in the directory's own order; links met on the way are not followed.
function* searchTree(
  search: Search,
  outcome: Outcome,
  path: string,
  shown: string,
  depth: number,
): Running<void> {
  const { io, job } = search;
  const names = files.list(io, absolute(io, path));
  if (typeof names === 'string') return yield* complain(search, outcome, path, names);
  if (depth > 40) return;
  for (const name of names) {
    const child = path.endsWith('/') ? path + name : `${path}/${name}`;
    const childShown =
      shown === '' ? name : shown.endsWith('/') ? shown + name : `${shown}/${name}`;
    const stat = files.lstat(io, absolute(io, child));
    if (typeof stat === 'string' || stat.kind === 'link') continue;
    if (stat.kind === 'dir') {
      const skipped = job.excludeDirectories.some((pattern) => matches(pattern, name));
      if (!skipped) yield* searchTree(search, outcome, child, childShown, depth + 1);
    } else if (wanted(job, name)) yield* searchFile(search, outcome, shown === '' ? name : child);
    if (job.report === 'nothing' && outcome.found) return;
  }
}

function isDirectory(io: Io, name: string): boolean {
  const stat = files.stat(io, absolute(io, name));
  return typeof stat !== 'string' && stat.kind === 'dir';
}

/// Whether --include and --exclude let the file through.
function wanted(job: Job, name: string): boolean {
  const base = name.slice(name.lastIndexOf('/') + 1);
  if (job.exclude.some((pattern) => matches(pattern, base))) return false;
  return job.include.length === 0 || job.include.some((pattern) => matches(pattern, base));
}
