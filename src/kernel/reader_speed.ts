/// How fast an application works: an experiment's dial, with no counterpart in Linux.
import { done, fails, type Result } from './errno.ts';
import type { Kernel } from './state.ts';

/// Sets the user time that the readers of a UDP port, all threads of them, spend on each datagram, ns. ESRCH
/// when nothing reads the port.
export function setReaderService(k: Kernel, port: number, service_ns: number): Result {
  const pids = k.socks
    .filter((one) => one.port === port && one.task !== 0)
    .flatMap((one) => k.tasks[one.reader]?.tgid ?? []);
  if (pids.length === 0) return fails('ESRCH');
  for (const task of k.tasks) if (pids.includes(task.tgid)) task.service_ns = service_ns;
  k.config_version++;
  return done;
}
