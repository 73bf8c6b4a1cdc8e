/// What the live host shows: the numbers of the map and of the live page, each read from a counter of
/// the host, or how much one grew over the last window.
import { DROP_REASONS } from '../../src/kernel/reasons.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import type { Context, StepId } from '../../src/kernel/steps.ts';
import type { Past } from '../../src/player/scenario.ts';
import { lost, lostAt, reasons, stepOfReason } from '../losses.ts';
import { deviceNamed, waitingIn } from '../queues.ts';
import { rateOf, shareOf } from '../rates.ts';

export interface Scene {
  readonly dev: string;
  readonly bits_in: number; // on the wire of all NICs, b/s
  readonly byStep: Partial<Record<StepId, StepRate>>;
  readonly rings: readonly RingView[]; // of `dev`
  readonly vectors: readonly { readonly irq: number; readonly cpu: number }[]; // of `dev`
  readonly interrupts: number; // device interrupts a second
  /// Packets that a run of net_rx_action() took of its budget, on average over the last window; null
  /// when none ran.
  readonly budget: { readonly used: number; readonly limit: number } | null;
  readonly ksoftirqd: { readonly cpu: number; readonly share: number } | null; // the busiest
  readonly backlog: { readonly used: readonly number[]; readonly limit: number }; // skbs, by CPU
  readonly sockets: readonly SocketView[];
  readonly apps: readonly { readonly comm: string; readonly cpu: number }[];
  readonly drops: readonly DropView[]; // reasons that ever dropped a packet
  readonly busy: number; // share of all CPUs, 0 to 1
  readonly softnet: readonly SoftnetView[];
}

/// What passes a step and what ends there, packets a second over the last window.
export interface StepRate {
  readonly rate: number;
  readonly dropRate: number;
  readonly reason: string; // of the most drops there; '' when none
}

export interface RingView {
  readonly name: string; // rx-0
  readonly size: number;
  readonly used: number;
  readonly limit: number; // size, under the name that every queue has
  readonly head: number;
  readonly tail: number;
  readonly dropping: boolean; // lost a frame in the last window
}

export interface SocketView {
  readonly port: number;
  readonly used: number; // sk_rmem_alloc, bytes
  readonly limit: number; // sk_rcvbuf, bytes
  readonly skbs: number;
}

export interface DropView {
  readonly step: StepId;
  readonly reason: string;
  readonly context: Context;
  readonly rate: number; // a second
  readonly packets: number; // since the run began
}

export interface SoftnetView {
  readonly cpu: number;
  readonly processed: number;
  readonly dropped: number;
  readonly time_squeeze: number;
  readonly received_rps: number;
  readonly flow_limit_count: number;
  readonly backlog: number;
}

/// What each step has let through so far, by counters of the host.
const passed: Partial<Record<StepId, (k: Kernel) => number>> = {
  'IN-01': (k) => k.ledger.offered,
  'IN-03': (k) => frames(k) - lostAt(k, 'IN-03'),
  'IN-12': (k) => queues(k).reduce((sum, queue) => sum + queue.packets, 0),
  'IN-22': (k) => k.mib.IpInReceives,
  'IN-28': (k) => k.mib.IpInDelivers,
  'IN-U1': (k) => k.mib.IpInDelivers - lostAt(k, 'IN-28') - lostAt(k, 'IN-U1'),
  'IN-35': (k) => k.ledger.delivered,
};
const steps = Object.keys(passed) as StepId[];

/// The numbers that rates are made of, in the order in which sceneOf() reads them.
export function tallyOf(k: Kernel): number[] {
  return [
    ...steps.map((step) => passed[step]!(k)),
    ...reasons.map((name) => lost(k, [name])),
    interrupts(k),
    bytes(k),
    busyTime(k),
    processed(k),
    runs(k),
    ...k.cpus.map((cpu) => cpu.time.kthread),
    ...deviceNamed(k, 'eth0').rx.map((queue) => queue.drops),
  ];
}

export function sceneOf(k: Kernel, past: Past): Scene {
  const eth0 = deviceNamed(k, 'eth0');
  const at = { reasons: steps.length, interrupts: steps.length + reasons.length };
  const rate = (index: number, now: number): number => Math.round(rateOf(past, index, now, k.now));
  const dropRate = reasons.map((name, i) => rate(at.reasons + i, lost(k, [name])));
  const kthreads = k.cpus.map((cpu, i) =>
    shareOf(past, at.interrupts + 5 + i, cpu.time.kthread, k.now),
  );
  const busiest = kthreads.indexOf(Math.max(...kthreads));
  const drops_at = at.interrupts + 5 + k.cpus.length;
  return {
    dev: eth0.name,
    bits_in: 8 * rate(at.interrupts + 1, bytes(k)),
    byStep: Object.fromEntries(
      steps.map((step, i) => [
        step,
        { rate: rate(i, passed[step]!(k)), ...dropsAt(step, dropRate) },
      ]),
    ),
    rings: eth0.rx.map((queue, i) => ({
      name: `rx-${queue.index}`,
      size: queue.slots.length,
      limit: queue.slots.length,
      used: queue.used,
      head: queue.head,
      tail: queue.tail,
      dropping: queue.drops > (past.tally[drops_at + i] ?? queue.drops),
    })),
    vectors: k.irqs
      .filter((irq) => irq.napi >= 0 && k.devs[irq.dev] === eth0)
      .map((irq) => ({ irq: irq.irq, cpu: irq.effective })),
    interrupts: rate(at.interrupts, interrupts(k)),
    budget: budgetOf(k, past, at.interrupts + 3),
    ksoftirqd: busiest < 0 ? null : { cpu: busiest, share: kthreads[busiest]! },
    backlog: {
      used: k.cpus.map((cpu) => cpu.input_qlen + cpu.process_qlen),
      limit: k.hot.netdev_max_backlog,
    },
    sockets: k.socks.map((sock) => ({
      port: sock.port,
      used: sock.rmem_alloc,
      limit: sock.rcvbuf,
      skbs: waitingIn(sock),
    })),
    apps: k.tasks.filter((task) => task.kind === 'reader').map(({ comm, cpu }) => ({ comm, cpu })),
    drops: dropsOf(k, dropRate),
    busy: rateOf(past, at.interrupts + 2, busyTime(k), k.now) / 1e9 / k.cpus.length,
    softnet: k.cpus.map((cpu) => ({
      cpu: cpu.id,
      processed: cpu.processed,
      dropped: cpu.dropped,
      time_squeeze: cpu.time_squeeze,
      received_rps: cpu.received_rps,
      flow_limit_count: cpu.flow_limit_count,
      backlog: cpu.input_qlen + cpu.process_qlen,
    })),
  };
}

/// What a run of net_rx_action() took on average since a past tally, whose numbers from `at` on are
/// processed() and runs().
function budgetOf(k: Kernel, past: Past, at: number): Scene['budget'] {
  const ran = runs(k) - (past.tally[at + 1] ?? runs(k));
  if (ran <= 0) return null;
  const took = processed(k) - (past.tally[at] ?? 0);
  return { used: took / ran, limit: k.hot.netdev_budget };
}

function dropsAt(step: StepId, rates: readonly number[]): { dropRate: number; reason: string } {
  let dropRate = 0;
  let most = { rate: 0, reason: '' };
  reasons.forEach((reason, i) => {
    if (stepOfReason[reason] !== step) return;
    dropRate += rates[i]!;
    if (rates[i]! > most.rate) most = { rate: rates[i]!, reason };
  });
  return { dropRate, reason: most.reason };
}

function dropsOf(k: Kernel, rates: readonly number[]): DropView[] {
  return reasons
    .map((reason, i) => {
      const { context } = DROP_REASONS.find((one) => one.name === reason)!;
      return {
        step: stepOfReason[reason],
        reason,
        context,
        rate: rates[i]!,
        packets: lost(k, [reason]),
      };
    })
    .filter((drop) => drop.packets > 0);
}

const nics = (k: Kernel) => k.devs.filter((dev) => dev.driver !== '');
const queues = (k: Kernel) => nics(k).flatMap((dev) => dev.rx);
const frames = (k: Kernel): number => nics(k).reduce((sum, dev) => sum + dev.hw.rx_packets, 0);
const bytes = (k: Kernel): number => nics(k).reduce((sum, dev) => sum + dev.hw.rx_bytes, 0);
const interrupts = (k: Kernel): number =>
  queues(k).reduce((sum, queue) => sum + queue.interrupts, 0);

const NET_RX = 3; // in the order of /proc/softirqs
const runs = (k: Kernel): number => k.cpus.reduce((sum, cpu) => sum + cpu.softirqs[NET_RX]!, 0);
const processed = (k: Kernel): number => k.cpus.reduce((sum, cpu) => sum + cpu.processed, 0);

function busyTime(k: Kernel): number {
  return k.cpus.reduce(
    (sum, { time }) => sum + time.hardirq + time.softirq + time.kthread + time.process + time.user,
    0,
  );
}
