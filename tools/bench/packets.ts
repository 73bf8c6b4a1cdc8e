/// One measurement in a process of its own: packets a CPU second, as JSON on one line.
/// Arguments: scenario, packets, records of a full trace (0: none), seed, and 'steps' to run one event
/// at a time.
import { digest } from '../../src/engine/digest.ts';
import { checkLedger, ledgerOf } from '../../src/kernel/ledger.ts';
import { advance, nextTime, stepEvent } from '../../src/kernel/run.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { createPathTrace } from '../../src/kernel/tracing.ts';
import { startScenario } from './scenarios.ts';

const [name = 'udp2m', count = '2000000', records = '0', seed = '7', how = ''] =
  process.argv.slice(2);
const { k, scenario } = startScenario(name, Number(seed));
const go = how === 'steps' ? byEvent : advance;
if (Number(records) > 0) k.trace = createPathTrace(Number(records));
go(k, at(200_000)); // the compiler has seen every path
const warm = { offered: k.ledger.offered, records: k.trace?.count ?? 0 };
const heap = process.memoryUsage().heapUsed;
const started = process.cpuUsage();
go(k, k.now + at(Number(count)));
const { user, system } = process.cpuUsage(started);
checkLedger(k);
const trouble = scenario.trouble(k);
if (trouble) throw new Error(`${name}: ${trouble}: ${JSON.stringify(ledgerOf(k).dropped)}`);
const packets = k.ledger.offered - warm.offered;
const memory = process.memoryUsage();
console.log(
  JSON.stringify({
    packets,
    mpps_cpu: packets / (user + system),
    digest: digest(k),
    records: k.trace ? (k.trace.count - warm.records) / packets : 0, // a packet
    heap_growth_mb: (memory.heapUsed - heap) / 1e6,
    rss_mb: memory.rss / 1e6,
  }),
);

/// How long the scenario takes to offer so many packets, ns.
function at(offered: number): number {
  return Math.round((offered / scenario.pps) * 1e9);
}

function byEvent(host: Kernel, until_ns: number): void {
  while (nextTime(host) <= until_ns) stepEvent(host);
  advance(host, until_ns);
}
