/// less and more, as they are where their output is not a terminal: they copy their input. Paging is left
/// out; options are taken and change nothing.
import { strerror } from '../../kernel/errno.ts';
import type { Command, Io, Running } from '../command.ts';
import { forEachInput, forEachLine } from '../inputs.ts';

export const less: Command = pager('less');
export const more: Command = pager('more');

function pager(name: string): Command {
  return {
    name,
    summary: 'Writes files to the terminal, without stopping at each page here.',
    usage: `${name} [FILE]...`,
    run: copy,
  };
}

function* copy(io: Io): Running {
  const names = io.argv.slice(1).filter((word) => !/^[-+]./.test(word));
  return yield* forEachInput(
    io,
    names,
    ({ input }) => forEachLine(input, (line) => io.out.pass(line)),
    (name, error) =>
      io.argv[0] === 'less' && error === 'EISDIR'
        ? `${name} is a directory`
        : `${name}: ${strerror(error)}`,
  );
}
