/// cp and mv: copy and move files. A file of /proc or /sys can be copied from; copying onto one writes
/// it. Left out, and said so: links, times, asking, backups.
import { strerror } from '../../kernel/errno.ts';
import type { Command, Io, Running } from '../command.ts';
import { files } from '../files.ts';
import { breath } from '../inputs.ts';
import { quoted } from '../names.ts';
import {
  answerCommon,
  common,
  fail,
  notModelled,
  parseOptions,
  refuseUsage,
  spelled,
} from '../options.ts';
import { absolute } from '../paths.ts';

interface Job {
  readonly recursive: boolean;
  readonly verbose: boolean;
  readonly keep: boolean; // -n
  readonly moves: boolean;
}

const copyTable = {
  short: 'abdfHilLnpPrRst:TuvxZ',
  long: {
    archive: 'a',
    force: 'f',
    interactive: 'i',
    'no-clobber': 'n',
    recursive: 'r',
    'target-directory=': 't',
    'no-target-directory': 'T',
    verbose: 'v',
    ...common,
  },
};

export const cp: Command = {
  name: 'cp',
  summary: 'Copies files.',
  usage: 'cp [-f] [-n] [-r] [-v] SOURCE... TARGET',
  run: (io) => transfer(io, cp, copyTable, 'afnprRv', false),
};

const moveTable = {
  short: 'bfint:TuvZ',
  long: {
    force: 'f',
    interactive: 'i',
    'no-clobber': 'n',
    'target-directory=': 't',
    'no-target-directory': 'T',
    verbose: 'v',
    ...common,
  },
};

export const mv: Command = {
  name: 'mv',
  summary: 'Moves or renames files.',
  usage: 'mv [-f] [-n] [-v] SOURCE... TARGET',
  run: (io) => transfer(io, mv, moveTable, 'fnv', true),
};

function* transfer(
  io: Io,
  command: Command,
  table: typeof copyTable | typeof moveTable,
  known: string,
  moves: boolean,
): Running {
  const parsed = parseOptions(io.argv.slice(1), table);
  if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
  if (yield* answerCommon(io, command, 'GNU coreutils 9.7', parsed.options)) return 0;
  const other = parsed.options.find(({ name }) => !known.includes(name));
  if (other) return yield* notModelled(io, spelled(other));
  const has = (names: string): boolean => parsed.options.some(({ name }) => names.includes(name));
  const job: Job = { recursive: moves || has('arR'), verbose: has('v'), keep: has('n'), moves };
  const sources = [...parsed.operands];
  const target = sources.pop();
  if (target === undefined) return yield* refuseUsage(io, 'missing file operand');
  if (sources.length === 0)
    return yield* refuseUsage(io, `missing destination file operand after ${quoted(target)}`);
  const stat = files.stat(io, absolute(io, target));
  const into = typeof stat !== 'string' && stat.kind === 'dir';
  if (sources.length > 1 && !into) {
    const why = typeof stat === 'string' ? strerror(stat) : strerror('ENOTDIR');
    return yield* fail(io, `target ${quoted(target)}: ${why}`);
  }
  let status = 0;
  for (const source of sources) {
    const name = source.replace(/\/+$/, '').split('/').at(-1) ?? source;
    const goal = into ? `${target.replace(/\/+$/, '')}/${name}` : target;
    if ((yield* transferOne(io, source, goal, job)) !== 0) status = 1;
  }
  return status;
}

function* transferOne(io: Io, source: string, goal: string, job: Job): Running {
  const [from, to] = [absolute(io, source), absolute(io, goal)];
  const stat = source === '' ? 'ENOENT' : files.stat(io, from);
  if (typeof stat === 'string')
    return yield* fail(io, `cannot stat ${quoted(source)}: ${strerror(stat)}`);
  if (from === to)
    return yield* fail(io, `${quoted(source)} and ${quoted(goal)} are the same file`);
  if (stat.kind === 'dir' && !job.recursive)
    return yield* fail(io, `-r not specified; omitting directory ${quoted(source)}`);
  if (stat.kind === 'dir' && to.startsWith(`${from}/`)) {
    const verb = job.moves ? 'move' : 'copy a directory,';
    const rest = job.moves ? 'to a subdirectory of itself,' : 'into itself,';
    return yield* fail(io, `cannot ${verb} ${quoted(source)} ${rest} ${quoted(goal)}`);
  }
  if (job.keep && typeof files.lstat(io, to) !== 'string') return 0;
  const status =
    stat.kind === 'dir'
      ? yield* copyTree(io, source, goal, job)
      : yield* copyFile(io, source, goal, job);
  if (status !== 0 || !job.moves || stat.kind === 'dir') return status;
  const refused = files.remove(io, from);
  return refused ? yield* fail(io, `cannot remove ${quoted(source)}: ${strerror(refused)}`) : 0;
}

function* copyFile(io: Io, source: string, goal: string, job: Job): Running {
  const [from, to] = [absolute(io, source), absolute(io, goal)];
  const target = files.stat(io, to);
  if (typeof target !== 'string' && target.kind === 'dir')
    return yield* fail(io, `cannot overwrite directory ${quoted(goal)} with non-directory`);
  const read = files.read(io, from);
  if (typeof read === 'string')
    return yield* fail(io, `cannot open ${quoted(source)} for reading: ${strerror(read)}`);
  const text = read.lines.map((line) => (line.nl ? line.text + '\n' : line.text)).join('');
  const opened = files.write(io, to, '', { append: false });
  if (opened)
    return yield* fail(io, `cannot create regular file ${quoted(goal)}: ${strerror(opened)}`);
  const written = text === '' ? null : files.write(io, to, text, { append: true });
  if (written) return yield* fail(io, `error writing ${quoted(goal)}: ${strerror(written)}`);
  const stat = files.stat(io, from);
  if (typeof stat !== 'string' && typeof target === 'string')
    files.chmod(io, to, stat.mode & 0o777 & ~io.session.umask);
  if (job.verbose)
    yield* io.out.line(`${job.moves ? 'renamed ' : ''}${quoted(source)} -> ${quoted(goal)}`);
  return 0;
}

function* copyTree(io: Io, source: string, goal: string, job: Job): Running {
  yield breath;
  const [from, to] = [absolute(io, source), absolute(io, goal)];
  const target = files.stat(io, to);
  const made = typeof target === 'string' ? files.mkdir(io, to) : null;
  if (made) return yield* fail(io, `cannot create directory ${quoted(goal)}: ${strerror(made)}`);
  const names = files.list(io, from);
  if (typeof names === 'string')
    return yield* fail(io, `cannot access ${quoted(source)}: ${strerror(names)}`);
  let status = 0;
  for (const name of [...names]) {
    const child = files.lstat(io, absolute(io, `${source}/${name}`));
    if (typeof child !== 'string' && child.kind === 'link') {
      yield* notModelled(io, `of symbolic links (${source}/${name})`);
      status = 1;
    } else if ((yield* transferOne(io, `${source}/${name}`, `${goal}/${name}`, job)) !== 0)
      status = 1;
  }
  if (status !== 0 || !job.moves) return status;
  const refused = files.remove(io, from);
  return refused ? yield* fail(io, `cannot remove ${quoted(source)}: ${strerror(refused)}`) : 0;
}
