/// npm run bench -- [--rounds N]
/// Speed as ratios within one run, in CPU time (user and system, collector and compiler included), rounds
/// interleaved, medians with their ranges; seeking; and the sizes of the built pages. Outputs are
/// checked before a time counts. A pair of equal runs (A/A) shows the noise: outside 0.93 to 1.07 the
/// run is void.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildNs3, ns3Name, runNs3 } from './bench/ns3.ts';
import { benchScenarios } from './bench/scenarios.ts';
import { pageSizes } from './bench/sizes.ts';

interface Measured {
  readonly packets: number;
  readonly mpps_cpu: number;
  readonly digest: string;
  readonly records: number;
  readonly heap_growth_mb: number;
  readonly rss_mb: number;
}

interface Sought {
  readonly seeks: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly p99_cpu_ms: number;
  readonly snapshots: number;
  readonly snapshot_bytes: number;
  readonly trace_bytes: number;
  readonly overhead: number;
}

const { values } = parseArgs({ options: { rounds: { type: 'string' } } });
const rounds = Number(values.rounds ?? 7);
const PACKETS = 2_000_000;
const RECORDS = 1 << 22;
const ns3 = buildNs3();

equalToSteps();
const series = new Map<string, Measured[]>();
const peer: number[] = [];
for (let round = 0; round < rounds; round++) {
  measure('A', 'udp2m', PACKETS);
  if (ns3) peer.push(runNs3(ns3));
  measure('traced', 'udp2m', PACKETS, RECORDS);
  measure('B', 'udp2m', PACKETS);
  for (const { name } of benchScenarios) if (name !== 'udp2m') measure(name, name, PACKETS);
  measure('short', 'udp2m', 500_000);
  measure('long', 'udp2m', 10_000_000);
}
report();
reportSeeks();
for (const { page, first, islands, later } of pageSizes())
  console.log(
    `${page.padEnd(36)} ${kB(first)} of script to read it (at most 25); when idle ${kB(islands + later)} (at most 120), of which the host ${kB(later)}`,
  );

/// Every workload once in one go and once event by event: the digests of the whole state must be equal.
function equalToSteps(): void {
  for (const { name } of benchScenarios) {
    const [whole, steps] = ['', 'steps'].map((how) => packets([name, '200000', '0', '7', how]));
    if (whole!.digest !== steps!.digest)
      throw new Error(`${name} is not its own run event by event`);
  }
  console.log('each workload comes to the same state (digest) as when run one event at a time');
}

function measure(label: string, scenario: string, count: number, records = 0): void {
  const runs = series.get(label) ?? [];
  series.set(label, runs);
  const measured = packets([scenario, String(count), String(records)]);
  const before = runs[0];
  if (before && before.digest !== measured.digest)
    throw new Error(`${label}: digest ${measured.digest} after ${before.digest}`);
  runs.push(measured);
}

function packets(words: readonly string[]): Measured {
  return worker('packets.ts', words) as Measured;
}

function worker(file: string, words: readonly string[]): unknown {
  const path = fileURLToPath(new URL(`./bench/${file}`, import.meta.url));
  const r = spawnSync(process.execPath, [path, ...words], { encoding: 'utf8' });
  if (r.status !== 0) throw new Error(r.stderr);
  return JSON.parse(r.stdout);
}

function report(): void {
  const a = speeds('A');
  const noise = median(a) / median(speeds('B'));
  ratio('A/A pair, udp2m', noise, '0.93 to 1.07');
  if (noise < 0.93 || noise > 1.07)
    console.log('the machine was too noisy: the ratios of this run are void');
  if (ns3) {
    console.log(`ns-3: ${ns3Name()}; receive only, ${spread(peer)} M packets a CPU second`);
    against('udp2m', a, 'at least 3');
    against('over', speeds('over'), 'at least 6, aim 9');
  }
  for (const { name, what } of benchScenarios)
    console.log(
      `${name.padEnd(7)} ${spread(speeds(name === 'udp2m' ? 'A' : name))} M packets a CPU second: ${what}`,
    );
  const traced = series.get('traced') ?? [];
  if (traced[0]?.digest !== series.get('A')?.[0]?.digest)
    throw new Error('a trace changes the run');
  ratio(
    'speed kept with a full trace',
    median(speeds('traced')) / median([...a, ...speeds('B')]),
    'at least 0.85',
  );
  ratio(
    'records of 20 bytes a packet in it',
    median(traced.map((run) => run.records)),
    'about 15 steps a packet',
  );
  ratio(
    'udp2m at 10 M packets against 0.5 M',
    median(speeds('long')) / median(speeds('short')),
    'at least 0.95',
  );
  const rss = (label: string): number => median((series.get(label) ?? []).map((run) => run.rss_mb));
  ratio('resident memory at 10 M packets against 0.5 M', rss('long') / rss('short'), 'about 1');
}

function reportSeeks(): void {
  const runs = [1, 2, 3].map(() => worker('seek.ts', ['200']) as Sought);
  const { seeks, snapshots, snapshot_bytes, trace_bytes } = runs[0]!;
  const of = (key: keyof Sought): number => median(runs.map((run) => run[key]));
  console.log(
    `seeking in 1 s of udp2m, ${seeks} moments, the state checked at each, median of 3 runs: half within ${of('p50_ms').toFixed(1)} ms, 99 % within ${of('p99_ms').toFixed(1)} ms (CPU ${of('p99_cpu_ms').toFixed(1)} ms; at most 16.7)`,
  );
  ratio(
    `memory of ${snapshots} snapshots (${kB(snapshot_bytes).trim()}) against a full trace (${kB(trace_bytes).trim()})`,
    snapshot_bytes / trace_bytes,
    'at most 0.1',
  );
  ratio('CPU time for snapshots against the run', of('overhead'), 'at most 0.02');
}

function against(name: string, speed: readonly number[], goal: string): void {
  ratio(
    `${name} against ns-3 receive-only, packets a CPU second`,
    median(speed) / median(peer),
    goal,
  );
}

function speeds(label: string): number[] {
  return (series.get(label) ?? []).map((run) => run.mpps_cpu);
}

function ratio(what: string, value: number, goal: string): void {
  console.log(`${what}: ${value.toFixed(2)} (${goal})`);
}

function spread(values: readonly number[]): string {
  return `${median(values).toFixed(2)} (${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)})`;
}

function kB(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`.padStart(9);
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}
