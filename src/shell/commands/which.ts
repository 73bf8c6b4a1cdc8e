/// which: where a program is installed.
import type { Command } from '../command.ts';
import { processOf } from '../run_command.ts';
import { toolPath } from '../tool_paths.ts';

/// Builtins of the shell that are programs too.
const programs = new Set(['echo', 'printf', 'test', '[', 'true', 'false', 'pwd', 'kill']);

export const which: Command = {
  name: 'which',
  summary: 'Writes where a program is installed.',
  usage: 'which [-a] NAME...',
  *run(io) {
    const { machine } = processOf(io);
    let status = 0;
    for (const name of io.argv.slice(1)) {
      if (name === '-a' || name === '-s') continue;
      const base = name.slice(name.lastIndexOf('/') + 1);
      const known = machine.commands.has(base) || programs.has(base);
      if (known && (name === base || name === toolPath(base))) yield* io.out.line(toolPath(base));
      else status = 1;
    }
    return status;
  },
};
