/// The process number of a command that lives on as a process of the host: that of its job, or the next
/// one in the foreground.
import type { Io } from './command.ts';
import { processOf } from './run_command.ts';

export function jobPid(io: Io): number {
  const p = processOf(io);
  const { tasks } = io.k;
  if (p.group !== 0 && !tasks.some((task) => task.pid === p.group)) return p.group;
  const pid = Math.max(p.session.next_pid, ...tasks.map((task) => task.pid + 1));
  p.session.next_pid = pid + 1;
  return pid;
}
