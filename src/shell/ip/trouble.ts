/// What ip says when a command line or a request is wrong, with its exit status.
import { strerror, type Result } from '../../kernel/errno.ts';
import type { Io, Running } from '../command.ts';

const WRONG_LINE = 255;

export function* incomplete(io: Io): Running {
  yield* io.err.line('Command line is not complete. Try option "help"');
  return WRONG_LINE;
}

/// A word that a keyword cannot take.
export function* wrongArgument(io: Io, word: string, why: string): Running {
  yield* io.err.write(`Error: argument "${word}" is wrong: ${why}\n`);
  return WRONG_LINE;
}

export function* garbage(io: Io, key: string, word: string): Running {
  yield* io.err.line(`Error: either "${key}" is duplicate, or "${word}" is garbage.`);
  return WRONG_LINE;
}

export function* noDevice(io: Io, name: string): Running {
  yield* io.err.line(`Cannot find device "${name}"`);
  return 1;
}

/// The kernel's answer to a request; its own sentence, where it has one, replaces the errno.
export function* answer(io: Io, result: Result): Running {
  if (result.ok) return 0;
  yield* io.err.line(
    result.extack === undefined
      ? `RTNETLINK answers: ${strerror(result.errno)}`
      : `Error: ${result.extack}.`,
  );
  return 2;
}

/// A request that only root may make.
export function* forbidden(io: Io): Running {
  return yield* answer(io, { ok: false, errno: 'EPERM' });
}

export function* notModelled(io: Io, what: string): Running {
  yield* io.err.line(`softnet: not modelled here: ip ${what}`);
  return 1;
}
