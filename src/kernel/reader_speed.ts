/// How fast an application works: an experiment's dial, with no counterpart in Linux.
import { done, fails, type Result } from './errno.ts';
import type { Kernel } from './state.ts';

/// Sets the user time that the reader of a UDP port spends on each datagram, ns. ESRCH when nothing
/// reads the port.
export function setReaderService(k: Kernel, port: number, service_ns: number): Result {
  const sock = k.socks.find((one) => one.port === port && one.task !== 0);
  const task = sock && k.tasks[sock.reader];
  if (!task) return fails('ESRCH');
  task.service_ns = service_ns;
  k.config_version++;
  return done;
}
