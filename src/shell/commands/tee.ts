/// tee: copies standard input to standard output and to files. A file under /proc or /sys gets the
/// text in one write(2), as when a pipe delivers it in one piece; other files as it comes.
import { strerror } from '../../kernel/errno.ts';
import type { Command, Io, Running } from '../command.ts';
import { files } from '../files.ts';
import type { FsError } from '../filesystem.ts';
import { forEachLine } from '../inputs.ts';
import { answerCommon, common, parseOptions, refuseUsage } from '../options.ts';
import { absolute } from '../paths.ts';
import { bare } from '../names.ts';

const table = {
  short: 'aip',
  long: { append: 'a', 'ignore-interrupts': 'i', 'output-error[=]': 'p', ...common },
};

interface Target {
  readonly name: string;
  readonly path: string;
  readonly kernel: boolean; // under /proc or /sys
  held: string;
}

export const tee: Command = {
  name: 'tee',
  summary: 'Copies standard input to standard output and to files.',
  usage: 'tee [-a] [FILE]...',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), table);
    if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
    if (yield* answerCommon(io, tee, 'GNU coreutils 9.7', parsed.options)) return 0;
    const append = parsed.options.some(({ name }) => name === 'a');
    let status = 0;
    let targets: Target[] = [];
    for (const name of parsed.operands) {
      const path = absolute(io, name);
      const refused = path === '/dev/null' ? null : files.write(io, path, '', { append });
      if (refused) status = yield* complain(io, name, refused);
      else if (path !== '/dev/null')
        targets.push({ name, path, kernel: /^\/(?:proc|sys)\//.test(path), held: '' });
    }
    yield* forEachLine(io.in, function* (line) {
      yield* io.out.pass(line);
      const text = line.nl ? line.text + '\n' : line.text;
      for (const target of targets) {
        const refused = put(io, target, text);
        if (!refused) continue;
        status = yield* complain(io, target.name, refused);
        targets = targets.filter((other) => other !== target);
      }
    });
    for (const { name, path, held } of targets.filter(({ kernel }) => kernel)) {
      const refused = held === '' ? null : files.write(io, path, held, { append });
      if (refused) status = yield* complain(io, name, refused);
    }
    return status;
  },
};

function put(io: Io, target: Target, text: string): FsError | null {
  if (!target.kernel) return files.write(io, target.path, text, { append: true });
  target.held += text;
  return null;
}

function* complain(io: Io, name: string, error: FsError): Running {
  yield* io.err.line(`${io.argv[0] ?? ''}: ${bare(name)}: ${strerror(error)}`);
  return 1;
}
