/// nice of coreutils 9.7: starts a command with another nice value, which programs that live on as processes of
/// the host keep.
import { strerror } from '../../kernel/errno.ts';
import type { Command } from '../command.ts';

const DEFAULT = 10;

export const nice: Command = {
  name: 'nice',
  summary: 'start a command with another nice value',
  usage: 'nice [-n ADJUSTMENT] [COMMAND [ARGUMENT]...]',
  *run(io) {
    const words = io.argv.slice(1);
    const current = io.session.child_nice;
    let by = String(DEFAULT);
    let given = false;
    const [, inline] = /^(?:-n|--adjustment=|-)([-+]?\d+)$/.exec(words[0] ?? '') ?? [];
    if (inline !== undefined || words[0] === '-n') {
      words.shift();
      by = inline ?? words.shift() ?? '';
      given = true;
    }
    if (!/^[-+]?\d+$/.test(by)) {
      yield* io.err.line(`nice: invalid adjustment ‘${by}’`);
      return 125;
    }
    if (words.length === 0) {
      if (!given) {
        yield* io.out.line(String(current));
        return 0;
      }
      yield* io.err.write(
        "nice: a command must be given with an adjustment\nTry 'nice --help' for more information.\n",
      );
      return 125;
    }
    const wanted = Math.max(-20, Math.min(19, current + Number(by)));
    const allowed = wanted >= current || io.uid === 0;
    // Without the right to it the command runs as it is.
    if (!allowed) yield* io.err.line(`nice: cannot set niceness: ${strerror('EACCES')}`);
    const status = yield* io.exec(words, allowed ? { nice: wanted } : {});
    if (typeof status === 'number') return status;
    yield* io.err.line(`nice: ‘${words[0] ?? ''}’: ${strerror(status)}`);
    return status === 'ENOENT' ? 127 : 126;
  },
};
