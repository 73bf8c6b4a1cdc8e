/// dmesg of util-linux 2.41: what the kernel logged since the virtual time began. The lines of the boot
/// itself are not kept.
/// Left out: following, clearing, filters by level and facility, colours.
import { strerror } from '../../kernel/errno.ts';
import type { Command } from '../command.ts';
import { notModelled, parseOptions, spelled } from '../options.ts';

export const dmesg: Command = {
  name: 'dmesg',
  summary: 'print the kernel log',
  usage: 'dmesg',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), {
      short: 'CcDEeF:f:HhJkL::l:n:PprSs:TtuVWwx',
      long: {
        clear: 'C',
        ctime: 'T',
        follow: 'w',
        human: 'H',
        'level=': 'l',
        notime: 't',
        help: 'h',
        version: 'V',
      },
    });
    if ('fault' in parsed) {
      yield* io.err.write(`dmesg: ${parsed.fault}\nTry 'dmesg --help' for more information.\n`);
      return 1;
    }
    const names = parsed.options.map(({ name }) => name);
    if (names.includes('V')) {
      yield* io.out.line('dmesg from util-linux 2.41.5');
      return 0;
    }
    const left = parsed.options.find(({ name }) => name !== 't' && name !== 'P');
    if (left) return yield* notModelled(io, spelled(left));
    if (io.uid !== 0 && io.k.sysctl['kernel.dmesg_restrict'] !== '0') {
      yield* io.err.line(`dmesg: read kernel buffer failed: ${strerror('EPERM')}`);
      return 1;
    }
    for (const line of io.k.dmesg)
      yield* io.out.line(names.includes('t') ? line.replace(/^\[[^\]]*\] /, '') : line);
    return 0;
  },
};
