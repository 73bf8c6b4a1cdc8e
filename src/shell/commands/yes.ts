/// yes of coreutils: the same line for ever.
import type { Command } from '../command.ts';

const LINES = 512; // it writes a buffer full, as the real one does

export const yes: Command = {
  name: 'yes',
  summary: 'print a line again and again until stopped',
  usage: 'yes [STRING]...',
  *run(io) {
    const words = io.argv.slice(1);
    const text = words.length > 0 ? words.join(' ') : 'y';
    const buffer = (text + '\n').repeat(LINES);
    for (;;) yield* io.out.write(buffer);
  },
};
