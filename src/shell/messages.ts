/// What the shell itself prints on standard error, and how it prints it.
import type { Running } from './command.ts';
import type { Fault } from './parse.ts';
import { errorPrefix } from './process.ts';
import type { Process } from './process.ts';

/// Writes lines to the shell's standard error.
export function* complain(p: Process, text: string): Running<void> {
  const err = p.fds.get(2)?.out;
  if (!err) return;
  yield* err.write(text + '\n');
  err.flush();
}

/// `bash: name: text`, and status 1: how most refusals of the shell end.
export function* refuse(p: Process, text: string, status = 1): Running {
  yield* complain(p, errorPrefix(p) + text);
  return status;
}

/// A syntax error: one line at a prompt; a script also shows the line where it happened.
export function describeFault(p: Process, fault: Fault, where = ''): string {
  if (p.session.interactive) return `${p.session.name}: ${where}${fault.message}`;
  const command = p.from_command && where === '' ? '-c: ' : where;
  const head = `${p.session.name}: ${command}line ${fault.line}: `;
  return head + fault.message + (fault.offending === null ? '' : `\n${head}\`${fault.offending}'`);
}
