/// readlink and realpath: where symbolic links lead. Left out: --relative-to and its kin.
import { strerror } from '../../kernel/errno.ts';
import type { Command, Io, Running } from '../command.ts';
import { files } from '../files.ts';
import { bare } from '../names.ts';
import {
  answerCommon,
  common,
  notModelled,
  parseOptions,
  refuseUsage,
  spelled,
} from '../options.ts';
import { absolute, realPath } from '../paths.ts';

const table = {
  short: 'efmnqsvz',
  long: {
    canonicalize: 'f',
    'canonicalize-existing': 'e',
    'canonicalize-missing': 'm',
    'no-newline': 'n',
    quiet: 'q',
    silent: 's',
    verbose: 'v',
    zero: 'z',
    ...common,
  },
};

export const readlink: Command = {
  name: 'readlink',
  summary: 'Writes what a symbolic link holds, or with -f where a path leads to.',
  usage: 'readlink [-f|-e|-m] [-n] [-v] PATH...',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), table);
    if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
    if (yield* answerCommon(io, readlink, 'GNU coreutils 9.7', parsed.options)) return 0;
    if (parsed.operands.length === 0) return yield* refuseUsage(io, 'missing operand');
    const has = (name: string): boolean => parsed.options.some((option) => option.name === name);
    const mode = parsed.options.findLast(({ name }) => 'efm'.includes(name))?.name ?? '';
    const end = has('z') ? '\0' : has('n') && parsed.operands.length === 1 ? '' : '\n';
    let status = 0;
    for (const name of parsed.operands) {
      const found = mode === '' ? held(io, name) : resolved(io, name, mode);
      if ('path' in found) yield* io.out.write(found.path + end);
      else {
        status = 1;
        if (has('v')) yield* io.err.line(`readlink: ${bare(name)}: ${found.why}`);
      }
    }
    return status;
  },
};

export const realpath: Command = {
  name: 'realpath',
  summary: 'Writes the path without links, . and ..',
  usage: 'realpath [-e|-m] [-q] [-z] PATH...',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), {
      short: 'eELmPqsz',
      long: {
        'canonicalize-existing': 'e',
        'canonicalize-missing': 'm',
        quiet: 'q',
        zero: 'z',
        ...common,
      },
    });
    if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
    if (yield* answerCommon(io, realpath, 'GNU coreutils 9.7', parsed.options)) return 0;
    const other = parsed.options.find(({ name }) => !'emqz'.includes(name));
    if (other) return yield* notModelled(io, spelled(other));
    if (parsed.operands.length === 0) return yield* refuseUsage(io, 'missing operand');
    const has = (name: string): boolean => parsed.options.some((option) => option.name === name);
    return yield* writeReal(
      io,
      parsed.operands,
      has('m') ? 'm' : has('e') ? 'e' : 'f',
      has('q'),
      has('z') ? '\0' : '\n',
    );
  },
};

function* writeReal(
  io: Io,
  names: readonly string[],
  mode: string,
  quiet: boolean,
  end: string,
): Running {
  let status = 0;
  for (const name of names) {
    const found = resolved(io, name, mode);
    if ('path' in found) yield* io.out.write(found.path + end);
    else {
      status = 1;
      if (!quiet) yield* io.err.line(`realpath: ${bare(name)}: ${found.why}`);
    }
  }
  return status;
}

type Found = { readonly path: string } | { readonly why: string };

function held(io: Io, name: string): Found {
  const stat = files.lstat(io, absolute(io, name));
  if (typeof stat === 'string') return { why: strerror(stat) };
  return stat.kind === 'link' ? { path: stat.target ?? '' } : { why: strerror('EINVAL') };
}

/// -m: nothing need exist; -e: all must; -f: all but the last.
function resolved(io: Io, name: string, mode: string): Found {
  const path = name === '' ? null : realPath(io, name);
  if (path === null) return { why: strerror(name === '' ? 'ENOENT' : 'ELOOP') };
  if (mode === 'm') return { path };
  const stat = files.stat(io, path);
  if (typeof stat !== 'string') return { path };
  const parent = files.stat(io, path.slice(0, path.lastIndexOf('/')) || '/');
  const last =
    mode === 'f' && stat === 'ENOENT' && typeof parent !== 'string' && parent.kind === 'dir';
  return last ? { path } : { why: strerror(stat) };
}
