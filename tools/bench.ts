/// npm run bench -- [--rounds N]
/// Speed as ratios within one run, in CPU time, rounds interleaved, medians; and the sizes of the
/// built pages. A pair of equal runs (A/A) shows the noise: outside 0.93 to 1.07 the run is void.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildNs3, runNs3 } from './bench/ns3.ts';
import { pageSizes } from './bench/sizes.ts';

interface Measured {
  readonly packets: number;
  readonly lost: number;
  readonly mpps_cpu: number;
  readonly heap_growth_mb: number;
  readonly rss_mb: number;
}

const { values } = parseArgs({ options: { rounds: { type: 'string' } } });
const rounds = Number(values.rounds ?? 7);
const worker = fileURLToPath(new URL('./bench/packets.ts', import.meta.url));
const ns3 = buildNs3();
const series = {
  a: [] as Measured[],
  b: [] as Measured[],
  short: [] as Measured[],
  long: [] as Measured[],
  ns3: [] as number[],
};

for (let round = 0; round < rounds; round++) {
  series.a.push(packets(2_000_000));
  if (ns3) series.ns3.push(runNs3(ns3));
  series.b.push(packets(2_000_000));
  series.short.push(packets(500_000));
  series.long.push(packets(10_000_000));
}
const speed = (runs: readonly Measured[]) => runs.map((run) => run.mpps_cpu);
const noise = median(speed(series.a)) / median(speed(series.b));
ratio('A/A pair, udp2m', noise, '0.93 to 1.07');
if (noise < 0.93 || noise > 1.07) console.log('the machine was too noisy: these figures are void');
if (ns3)
  ratio(
    'udp2m against ns-3 receive-only (package libns3, HeapScheduler), packets a CPU second',
    median(speed(series.a)) / median(series.ns3),
    'at least 1.5',
  );
ratio(
  'udp2m at 10 M packets against 0.5 M, packets a CPU second',
  median(speed(series.long)) / median(speed(series.short)),
  'at least 0.95',
);
ratio(
  'resident memory at 10 M packets against 0.5 M',
  median(series.long.map((run) => run.rss_mb)) / median(series.short.map((run) => run.rss_mb)),
  'about 1',
);
for (const { page, first, islands, later } of pageSizes())
  console.log(
    `${page.padEnd(36)} ${kB(first)} of script to read it (at most 25); when idle ${kB(islands + later)} (at most 120), of which the host ${kB(later)}`,
  );

function packets(count: number): Measured {
  const r = spawnSync(process.execPath, [worker, String(count)], { encoding: 'utf8' });
  if (r.status !== 0) throw new Error(r.stderr);
  const measured = JSON.parse(r.stdout) as Measured;
  if (measured.lost > 0)
    throw new Error(`udp2m lost ${measured.lost} of ${measured.packets} packets`);
  return measured;
}

function ratio(what: string, value: number, goal: string): void {
  console.log(`${what}: ${value.toFixed(2)} (${goal})`);
}

function kB(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`.padStart(9);
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}
