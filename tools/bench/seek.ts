/// Seeking in a process of its own: a run of 1 s of `udp2m` as the player plays it, live and with snapshots,
/// then random moments of it. Prints milliseconds, memory and what the snapshots cost, as JSON.
/// Arguments: seeks, seed.
import { digest } from '../../src/engine/digest.ts';
import { stream, uniform } from '../../src/engine/random.ts';
import { advance } from '../../src/kernel/run.ts';
import { createPathTrace } from '../../src/kernel/tracing.ts';
import { openRun } from '../../src/player/open_run.ts';
import { seek, work } from '../../src/player/run.ts';
import type { Scenario } from '../../src/player/scenario.ts';
import { take } from '../../src/player/snapshots.ts';
import { startScenario } from './scenarios.ts';

const length_ns = 1_000_000_000;
const RECORD_BYTES = 20;
const [seeks = '200', seed = '7'] = process.argv.slice(2);
const never = (): boolean => false;

const { k: bench, scenario: udp2m } = startScenario('udp2m', Number(seed));
const scenario: Scenario = {
  slug: 'bench-udp2m',
  title: 'udp2m',
  host: udp2m.host,
  seed: Number(seed),
  zoom: 'live',
  speed: 1,
  length_ns,
  setup: [
    'ethtool -N eth0 rx-flow-hash udp4 sdfn',
    'for q in /sys/class/net/eth0/queues/rx-*; do echo ff > $q/rps_cpus; done',
  ],
  prelude_ns: 0,
  start: ['traffic start udp --rate 2M --flows 256 --ports 8'],
  knobs: [],
  series: [],
  sample_ns: 1_000_000,
  window_ns: 10_000_000,
  picture_ns: 0,
  predict: null,
  scene: () => null,
};

const state = { scenario: scenario.slug, seed: scenario.seed, entries: [], at_ns: length_ns };
const run = openRun(scenario, state, () => undefined);
const began = process.cpuUsage();
work(run, never);
const whole = spent(began);
const { list, bytes } = run.snapshots;

// What each landing must look like, from a run that never looked back.
const random = stream(Number(seed), 'seek');
const goals = Array.from({ length: Number(seeks) }, () => Math.floor(uniform(random) * length_ns));
const straight = openRun(scenario, { ...state, at_ns: 0 }, () => undefined);
const expected = new Map<number, string>();
for (const goal of [...goals].sort((a, b) => a - b)) {
  seek(straight, goal);
  work(straight, never);
  expected.set(goal, digest(straight.machine.host.k));
}

const times = goals.map((goal) => {
  const started = process.hrtime.bigint();
  const cpu = process.cpuUsage();
  seek(run, goal);
  work(run, never);
  const ms = Number(process.hrtime.bigint() - started) / 1e6;
  const cpu_ms = spent(cpu) / 1e3;
  if (digest(run.machine.host.k) !== expected.get(goal))
    throw new Error(`another state at ${goal} ns`);
  return { ms, cpu_ms };
});

// A full trace of the same second, by its records in a tenth of it.
bench.trace = createPathTrace(1024);
advance(bench, length_ns / 10);
const trace_bytes = bench.trace.count * 10 * RECORD_BYTES;

const spare: typeof run.snapshots = { ...run.snapshots, list: [], bytes: 0 };
const cloning = process.cpuUsage();
for (let i = 0; i < 100; i++) {
  spare.list = list.slice(-2, -1);
  take(spare, run.machine);
}
console.log(
  JSON.stringify({
    seeks: goals.length,
    p50_ms: quantile(
      times.map((t) => t.ms),
      0.5,
    ),
    p99_ms: quantile(
      times.map((t) => t.ms),
      0.99,
    ),
    p99_cpu_ms: quantile(
      times.map((t) => t.cpu_ms),
      0.99,
    ),
    snapshots: list.length,
    snapshot_bytes: bytes,
    trace_bytes,
    overhead: ((spent(cloning) / 100) * list.length) / whole,
  }),
);

function spent(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return user + system;
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)]!;
}
