/// The totals of "What a packet costs", measured: each on a host of its own, set up by the commands that a reader
/// would type.
import { COSTS } from '../src/kernel/costs.ts';
import { hosts } from '../src/hardware/hosts.ts';
import {
  COST_TOTALS,
  softirqPerFrame,
  stepsNs,
  type CostTotal,
} from '../src/kernel/cost_totals.ts';
import type { HostDescription } from '../src/kernel/host.ts';
import { cpuTimes } from '../src/kernel/piece.ts';
import { boot } from '../src/kernel/boot.ts';
import { advance } from '../src/kernel/run.ts';
import type { Kernel } from '../src/kernel/state.ts';
import { createSession, run, type Session, type Sinks } from '../src/shell/shell.ts';

const WARM_NS = 5_000_000;
const WINDOW_NS = 10_000_000;
const READERS_CPU = 3;

const virtio = hosts['virtio']!;

/// One queue, and a link without a speed, so that the CPU is what limits; a reader on a CPU of its own.
const flooded: HostDescription = {
  ...virtio,
  nics: virtio.nics.map((nic) => ({ ...nic, queues: 1, speed_mbps: -1 })),
  apps: [
    { comm: 'udp-sink', user: 'alice', port: 9000, cpu: READERS_CPU, service_ns: 0, rcvbuf: 0 },
  ],
};

export interface MeasuredTotal {
  readonly total: CostTotal;
  readonly ns: number; // softirq time per frame
  readonly steps_ns: number; // of which the named steps are
  readonly ratio: number; // to the known figure
  readonly k: Kernel; // the host afterwards
}

/// Measures one total. Throws when a command fails, or when the flood did not fill the CPU.
export function measureTotal(total: CostTotal): MeasuredTotal {
  const k = hostAfter(flooded, total.setup);
  const dev = k.devs.find(({ name }) => name === 'eth0')!;
  const c = k.cpus[k.irqs[k.napis[dev.rx[0]!.napi]!.irq]!.effective]!;
  advance(k, k.now + WARM_NS);
  const idle = cpuTimes(k, c).idle;
  const ns = softirqPerFrame(k, dev, c, WINDOW_NS);
  if (cpuTimes(k, c).idle > idle) throw new Error(`${total.id}: CPU ${c.id} is not flooded`);
  return { total, ns, steps_ns: stepsNs(total), ratio: ns / total.known_ns, k };
}

export function measureTotals(): MeasuredTotal[] {
  return COST_TOTALS.map(measureTotal);
}

/// A bar of the picture: a total cut into the steps it names, and what is left for the poll.
export interface Bar {
  readonly id: string;
  readonly name: string;
  readonly ns: number;
  readonly known: string; // published 41.6
  readonly known_ns: number;
  readonly setup: readonly string[];
  readonly parts: readonly { readonly name: string; readonly ns: number; readonly rest: boolean }[];
}

/// Steps that a packet passes twice are one part.
export function barOf({ total, ns, steps_ns }: MeasuredTotal): Bar {
  const names = [...new Set(total.steps)];
  const parts = names.map((name) => ({
    name,
    ns: COSTS[name].ns * total.steps.filter((step) => step === name).length,
    rest: false,
  }));
  const rest = ns > steps_ns ? [{ name: 'poll', ns: ns - steps_ns, rest: true }] : [];
  const { id, name, known_ns, setup } = total;
  const known = `${total.known} ${known_ns}`;
  return { id, name, ns, known, known_ns, setup, parts: [...parts, ...rest] };
}

/// A total's name at the beginning of a line.
export function sentence(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/// A host after these command lines, each of which must succeed.
function hostAfter(desc: HostDescription, lines: readonly string[]): Kernel {
  const host = { k: boot(desc, 1) };
  const session = createSession(host.k, 'root');
  for (const line of lines) typeLine(host, session, line);
  return host.k;
}

function typeLine(host: { k: Kernel }, session: Session, line: string): void {
  const errors: string[] = [];
  const sinks: Sinks = {
    out: () => undefined,
    err: ({ text }) => void errors.push(text),
    columns: null,
  };
  const running = run(host, session, line, sinks);
  let result = running.next();
  while (!result.done) {
    if (result.value.kind === 'sleep') advance(host.k, host.k.now + result.value.ns);
    result = running.next();
  }
  if (result.value !== 0)
    throw new Error(`${line}: ${errors.join(' ') || `status ${result.value}`}`);
}
