/// Traps: EXIT, INT and the other signals that a reader can send here.
/// Left out: ERR, DEBUG and RETURN, which `trap` refuses.
import { Killed } from './command.ts';
import type { Running } from './command.ts';
import { runSource } from './evaluate.ts';
import { BREATH } from './process.ts';
import type { Process } from './process.ts';

/// Runs a body in which Ctrl-C ends the whole line, unless a trap catches it.
export function* interruptible(p: Process, body: () => Running): Running {
  try {
    return yield* body();
  } catch (error) {
    const action =
      error instanceof Killed && error.status === 130 ? p.session.traps['INT'] : undefined;
    if (action === undefined) throw error;
    p.session.status = 130;
    yield* runTrap(p, action);
    return 130;
  }
}

/// Lets the page live, and takes a Ctrl-C that came.
export function* breathe(p: Process): Running<void> {
  yield* interruptible(p, function* () {
    yield BREATH;
    return 0;
  });
}

/// Runs a trap's action; `$?` is the same after it.
function* runTrap(p: Process, action: string): Running<void> {
  const status = p.session.status;
  p.evaluating++;
  yield* runSource(p, action);
  p.evaluating--;
  if (!p.leaving) p.session.status = status;
}

/// The EXIT trap, once. Gives the status that the shell ends with.
export function* runExitTrap(p: Process): Running {
  const action = p.session.traps['EXIT'];
  const status = p.session.status;
  if (action === undefined) return status;
  delete p.session.traps['EXIT'];
  p.leaving = null;
  yield* runSource(p, action);
  return p.leaving ? p.session.status : status;
}
