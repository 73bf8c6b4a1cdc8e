/// env: shows the environment, or runs a command in a changed one.
/// Left out: -S, -C, --block-signal and the like.
import { strerror } from '../../kernel/errno.ts';
import type { Command, Io, Running } from '../command.ts';
import {
  answerCommon,
  common,
  notModelled,
  parseOptions,
  refuseUsage,
  spelled,
} from '../options.ts';

const table = {
  short: 'iu:0S:C:v',
  long: { 'ignore-environment': 'i', 'unset=': 'u', null: '0', ...common },
  posix: true,
};

function* run(io: Io): Running {
  const parsed = parseOptions(io.argv.slice(1), table);
  if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault, 125);
  if (yield* answerCommon(io, env, 'GNU coreutils 9.7', parsed.options)) return 0;
  let vars = new Map(io.env);
  for (const option of parsed.options) {
    if (option.name === 'i') vars = new Map();
    else if (option.name === 'u') vars.delete(option.value);
    else if (option.name !== '0') return yield* notModelled(io, spelled(option), 125);
  }
  const words = [...parsed.operands];
  if (words[0] === '-') vars = new Map(words.shift() ? [] : []);
  while (words[0]?.includes('=')) {
    const word = words.shift() ?? '';
    vars.set(word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1));
  }
  if (words.length === 0) {
    const end = parsed.options.some((option) => option.name === '0') ? '\0' : '\n';
    for (const [name, value] of vars) yield* io.out.write(`${name}=${value}${end}`);
    return 0;
  }
  const status = yield* io.exec(words, { env: vars });
  if (typeof status === 'number') return status;
  yield* io.err.line(`env: '${words[0] ?? ''}': ${strerror(status)}`);
  return status === 'ENOENT' ? 127 : 126;
}

export const env: Command = {
  name: 'env',
  summary: 'print the environment, or run a command in a changed one',
  usage: 'env [-i] [-u NAME] [NAME=VALUE]... [COMMAND [ARGUMENT]...]',
  run,
};
