/// modprobe of kmod 34: loads a module by its name. Nothing happens to one that is there already.
/// Left out: removing (-r), options of modules, aliases, configuration, and modules that the model has nothing for.
import { loadModule } from '../../kernel/modules.ts';
import type { Command } from '../command.ts';
import { notModelled, parseOptions, spelled } from '../options.ts';
import { modules } from '../proc/cpuinfo.ts';

export const modprobe: Command = {
  name: 'modprobe',
  summary: 'load a kernel module',
  usage: 'modprobe [-q] MODULE',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), { short: 'arRDcnqvsVhfibS:d:C:' });
    if ('fault' in parsed) {
      yield* io.err.line(`modprobe: ${parsed.fault}`);
      return 1;
    }
    const left = parsed.options.find(({ name }) => name !== 'q' && name !== 'b');
    if (left) return yield* notModelled(io, spelled(left));
    const [name] = parsed.operands;
    if (name === undefined) {
      yield* io.err.line('modprobe: ERROR: missing parameters. See -h.');
      return 1;
    }
    // A dash and an underscore are the same in a module's name.
    const plain = name.replaceAll('-', '_');
    if (modules(io.k).some((module) => module.name === plain)) return 0;
    if (io.uid !== 0) {
      yield* io.err.line(`modprobe: ERROR: could not insert '${plain}': Operation not permitted`);
      return 1;
    }
    return loadModule(io.k, plain).ok ? 0 : yield* notModelled(io, name);
  },
};
