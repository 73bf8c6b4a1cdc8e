/// Starts the worker that runs the page's host, with one of its two programs. Each program, and the
/// start of each scenario, is a chunk of its own, fetched only here.
import type { ToWorker } from '../src/player/protocol.ts';

const starts: Readonly<Record<string, () => Promise<{ default: string }>>> = {
  'rx-ring': () => import('virtual:start/rx-ring'),
  'interrupt-moderation': () => import('virtual:start/interrupt-moderation'),
  'softirq-budget': () => import('virtual:start/softirq-budget'),
  'live-host': () => import('virtual:start/live-host'),
};

/// `host`: the small program, with the start of that scenario; the whole one for a scenario without a
/// start here (Scenario.whole). `shell`: the one with the shell.
export async function startWorker(program: 'host' | 'shell', scenario: string): Promise<Worker> {
  const load = starts[scenario];
  if (program === 'shell' || !load) {
    const { default: PlayerWorker } = await import('./player.worker.ts?worker&inline');
    return new PlayerWorker();
  }
  const [{ default: HostWorker }, start] = await Promise.all([
    import('./host.worker.ts?worker&inline'),
    load(),
  ]);
  const worker = new HostWorker();
  worker.postMessage({ type: 'start', start: start.default } satisfies ToWorker);
  return worker;
}

startWorker.small = (scenario: string): boolean => scenario in starts;
