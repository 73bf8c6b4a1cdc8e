/// rm: removes files. Left out, and said so: -i and its kin, which ask.
import { strerror } from '../../kernel/errno.ts';
import type { Command, Io, Running } from '../command.ts';
import { files } from '../files.ts';
import type { FsError } from '../filesystem.ts';
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

const table = {
  short: 'dfiIrRv',
  long: {
    dir: 'd',
    force: 'f',
    'interactive[=]': 'i',
    'no-preserve-root': 'no-preserve-root',
    'one-file-system': 'v1',
    'preserve-root[=]': 'v1',
    recursive: 'r',
    verbose: 'v',
    ...common,
  },
};

interface Job {
  readonly recursive: boolean;
  readonly force: boolean;
  readonly empty: boolean; // -d
  readonly verbose: boolean;
}

export const rm: Command = {
  name: 'rm',
  summary: 'Removes files.',
  usage: 'rm [-f] [-r] [-d] [-v] FILE...',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), table);
    if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
    if (yield* answerCommon(io, rm, 'GNU coreutils 9.7', parsed.options)) return 0;
    const other = parsed.options.find(
      ({ name }) => 'iI'.includes(name) || name === 'no-preserve-root',
    );
    if (other) return yield* notModelled(io, spelled(other));
    const has = (names: string): boolean => parsed.options.some(({ name }) => names.includes(name));
    const job: Job = {
      recursive: has('rR'),
      force: has('f'),
      empty: has('d'),
      verbose: parsed.options.some(({ name }) => name === 'v'),
    };
    if (parsed.operands.length === 0)
      return job.force ? 0 : yield* refuseUsage(io, 'missing operand');
    let status = 0;
    for (const name of parsed.operands) if ((yield* removeOne(io, name, job)) !== 0) status = 1;
    return status;
  },
};

function* removeOne(io: Io, name: string, job: Job): Running {
  const base = name.replace(/\/+$/, '').split('/').at(-1);
  if (base === '.' || base === '..')
    return yield* fail(io, `refusing to remove '.' or '..' directory: skipping ${quoted(name)}`);
  const path = absolute(io, name);
  if (path === '/' && job.recursive) {
    yield* io.err.write(
      "rm: it is dangerous to operate recursively on '/'\nrm: use --no-preserve-root to override this failsafe\n",
    );
    return 1;
  }
  const stat = name === '' ? 'ENOENT' : files.lstat(io, path);
  if (typeof stat === 'string')
    return stat === 'ENOENT' && job.force ? 0 : yield* refuse(io, name, stat);
  if (stat.kind !== 'dir') return yield* unlink(io, name, path, job, 'removed');
  if (!job.recursive && !job.empty) return yield* refuse(io, name, 'EISDIR');
  let status = 0;
  const inner = job.recursive ? files.list(io, path) : [];
  if (typeof inner === 'string') return yield* refuse(io, name, inner);
  for (const child of [...inner]) {
    yield breath;
    if ((yield* removeOne(io, `${name.replace(/\/+$/, '')}/${child}`, job)) !== 0) status = 1;
  }
  return status !== 0 ? status : yield* unlink(io, name, path, job, 'removed directory');
}

function* unlink(io: Io, name: string, path: string, job: Job, what: string): Running {
  const refused = files.remove(io, path);
  if (refused) return yield* refuse(io, name, refused);
  if (job.verbose) yield* io.out.line(`${what} ${quoted(name)}`);
  return 0;
}

function refuse(io: Io, name: string, error: FsError): Running {
  return fail(io, `cannot remove ${quoted(name)}: ${strerror(error)}`);
}
