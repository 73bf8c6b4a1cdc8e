/// mkdir and rmdir among the reader's own files. Left out: -Z, --ignore-fail-on-non-empty.
import { strerror } from '../../kernel/errno.ts';
import type { Command, Io, Running } from '../command.ts';
import { files } from '../files.ts';
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

export const mkdir: Command = {
  name: 'mkdir',
  summary: 'Makes directories.',
  usage: 'mkdir [-p] [-v] [-m MODE] DIRECTORY...',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), {
      short: 'm:pvZ',
      long: { 'mode=': 'm', parents: 'p', verbose: 'v', ...common },
    });
    if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
    if (yield* answerCommon(io, mkdir, 'GNU coreutils 9.7', parsed.options)) return 0;
    let mode = -1;
    for (const option of parsed.options) {
      if (option.name === 'Z') return yield* notModelled(io, spelled(option));
      if (option.name !== 'm') continue;
      if (!/^[0-7]{1,4}$/.test(option.value)) return yield* notModelled(io, `-m ${option.value}`);
      mode = parseInt(option.value, 8);
    }
    if (parsed.operands.length === 0) return yield* refuseUsage(io, 'missing operand');
    const has = (name: string): boolean => parsed.options.some((option) => option.name === name);
    let status = 0;
    for (const name of parsed.operands)
      if ((yield* makeOne(io, name, has('p'), has('v'), mode)) !== 0) status = 1;
    return status;
  },
};

function* makeOne(io: Io, name: string, parents: boolean, verbose: boolean, mode: number): Running {
  const parts = name.split('/');
  const steps = parents
    ? parts.map((_, i) => parts.slice(0, i + 1).join('/')).filter((step) => step !== '')
    : [name];
  for (const [i, step] of steps.entries()) {
    const path = absolute(io, step);
    const stat = files.stat(io, path);
    if (parents && typeof stat !== 'string' && stat.kind === 'dir') continue;
    const refused =
      name === '' ? 'ENOENT' : typeof stat === 'string' ? files.mkdir(io, path) : 'EEXIST';
    if (refused)
      return yield* fail(io, `cannot create directory ${quoted(step)}: ${strerror(refused)}`);
    if (verbose) yield* io.out.line(`mkdir: created directory ${quoted(step)}`);
    if (mode >= 0 && i === steps.length - 1) files.chmod(io, path, mode);
  }
  return 0;
}

export const rmdir: Command = {
  name: 'rmdir',
  summary: 'Removes empty directories.',
  usage: 'rmdir [-p] [-v] DIRECTORY...',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), {
      short: 'pv',
      long: {
        parents: 'p',
        verbose: 'v',
        'ignore-fail-on-non-empty': 'ignore-fail-on-non-empty',
        ...common,
      },
    });
    if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
    if (yield* answerCommon(io, rmdir, 'GNU coreutils 9.7', parsed.options)) return 0;
    const other = parsed.options.find(({ name }) => name.length > 1);
    if (other) return yield* notModelled(io, spelled(other));
    if (parsed.operands.length === 0) return yield* refuseUsage(io, 'missing operand');
    const has = (name: string): boolean => parsed.options.some((option) => option.name === name);
    let status = 0;
    for (const name of parsed.operands) {
      const parts = name.replace(/\/+$/, '').split('/');
      const steps = has('p')
        ? parts.map((_, i) => parts.slice(0, parts.length - i).join('/'))
        : [name];
      for (const step of steps.filter((path) => path !== '')) {
        if (has('v')) yield* io.out.line(`rmdir: removing directory, ${quoted(step)}`);
        const stat = files.lstat(io, absolute(io, step));
        const refused =
          typeof stat === 'string'
            ? stat
            : stat.kind === 'dir'
              ? files.remove(io, absolute(io, step))
              : 'ENOTDIR';
        if (!refused) continue;
        status = yield* fail(io, `failed to remove ${quoted(step)}: ${strerror(refused)}`);
        break;
      }
    }
    return status;
  },
};
