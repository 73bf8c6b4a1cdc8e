/// stat -c: what is known of a file. Left out, and said so: the form without -c, file systems (-f), and
/// the fields for what the model does not keep: device, inode, times.
import { strerror } from '../../kernel/errno.ts';
import type { Command, Io, Running } from '../command.ts';
import { files } from '../files.ts';
import type { Stat } from '../filesystem.ts';
import { modeText } from '../ls/entry.ts';
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
  short: 'c:fLt',
  long: {
    'format=': 'c',
    'file-system': 'f',
    dereference: 'L',
    'printf=': 'printf',
    terse: 't',
    ...common,
  },
};

export const stat: Command = {
  name: 'stat',
  summary: 'Writes what is known of a file.',
  usage: 'stat [-L] -c FORMAT FILE...',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), table);
    if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
    if (yield* answerCommon(io, stat, 'GNU coreutils 9.7', parsed.options)) return 0;
    if (parsed.operands.length === 0) return yield* refuseUsage(io, 'missing operand');
    const other = parsed.options.find(({ name }) => name === 'f' || name === 't');
    if (other) return yield* notModelled(io, spelled(other));
    const format = parsed.options.findLast(({ name }) => name === 'c' || name === 'printf');
    if (!format) return yield* notModelled(io, 'without -c FORMAT');
    const follow = parsed.options.some(({ name }) => name === 'L');
    return yield* showAll(
      io,
      parsed.operands,
      format.value,
      format.name === 'c' ? '\n' : '',
      follow,
    );
  },
};

function* showAll(
  io: Io,
  names: readonly string[],
  format: string,
  end: string,
  follow: boolean,
): Running {
  let status = 0;
  for (const name of names) {
    const path = absolute(io, name);
    const found = follow ? files.stat(io, path) : files.lstat(io, path);
    if (typeof found === 'string') {
      status = yield* fail(io, `cannot statx ${quoted(name)}: ${strerror(found)}`);
      continue;
    }
    const unknown = /%[^%AaFgGnNsuUf]/.exec(format.replaceAll('%%', ''))?.[0];
    if (unknown) return yield* notModelled(io, `-c ${unknown}`);
    yield* io.out.write(shown(format, name, found) + end);
  }
  return status;
}

const types = { file: 0o100000, dir: 0o040000, link: 0o120000 } as const;

function shown(format: string, name: string, found: Stat): string {
  const owner = found.uid === 0 ? 'root' : found.uid === 1000 ? 'alice' : String(found.uid);
  return format.replace(/%(.)/g, (_, letter: string) => {
    switch (letter) {
      case 'n':
        return name;
      case 'N':
        return quoted(name) + (found.kind === 'link' ? ` -> ${quoted(found.target ?? '')}` : '');
      case 's':
        return String(found.size);
      case 'a':
        return (found.mode & 0o7777).toString(8);
      case 'A':
        return modeText(found);
      case 'f':
        return (types[found.kind] | found.mode).toString(16);
      case 'F':
        return kindText(found);
      case 'u':
      case 'g':
        return String(found.uid);
      case 'U':
      case 'G':
        return owner;
      default:
        return '%';
    }
  });
}

function kindText({ kind, size }: Stat): string {
  if (kind === 'dir') return 'directory';
  if (kind === 'link') return 'symbolic link';
  return size === 0 ? 'regular empty file' : 'regular file';
}
