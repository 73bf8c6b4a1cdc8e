/// Writing a step of the path into the trace, when there is one. The cursor of a CPU walks through
/// its piece of work, so a step's time is where in the piece it lies.
/// Steps that follow each other as on the plain path of a UDP datagram share a record (engine/trace.ts).
import {
  awaited,
  createGrammar,
  createTrace,
  END,
  endRun,
  fitsArrival,
  place,
  placeArrival,
  tag,
  type Trace,
} from '../engine/trace.ts';
import { COSTS } from './costs.ts';
import type { Cpu, Kernel, Skb } from './state.ts';
import { STEPS, type StepId } from './steps.ts';

/// Index of a step, as traces and CpuWork hold it.
export function stepIndex(id: StepId): number {
  return STEPS.findIndex((step) => step.id === id);
}

/// The steps that the receive path writes, by index.
export const STEP = Object.freeze({
  FILTER: stepIndex('IN-01'),
  RSS: stepIndex('IN-02'),
  RING: stepIndex('IN-03'),
  MODERATION: stepIndex('IN-04'),
  IRQ: stepIndex('IN-05'),
  NAPI_SCHEDULE: stepIndex('IN-06'),
  SOFTIRQ: stepIndex('IN-07'),
  NET_RX: stepIndex('IN-08'),
  POLL: stepIndex('IN-09'),
  XDP: stepIndex('IN-10'),
  BUILD: stepIndex('IN-11'),
  GRO: stepIndex('IN-12'),
  FLUSH: stepIndex('IN-13'),
  RPS: stepIndex('IN-14'),
  BACKLOG: stepIndex('IN-15'),
  PROCESS_BACKLOG: stepIndex('IN-16'),
  CORE: stepIndex('IN-17'),
  XDP_GENERIC: stepIndex('IN-17'),
  TAPS: stepIndex('IN-18'),
  INGRESS: stepIndex('IN-19'),
  RX_HANDLER: stepIndex('IN-20'),
  DISPATCH: stepIndex('IN-21'),
  IP_RCV: stepIndex('IN-22'),
  EARLY_DEMUX: stepIndex('IN-24'),
  ROUTE: stepIndex('IN-25'),
  LOCAL_IN: stepIndex('IN-26'),
  TRANSPORT: stepIndex('IN-27'),
  LOOKUP: stepIndex('IN-28'),
  SYN: stepIndex('IN-29'),
  ACCEPT_QUEUE: stepIndex('IN-30'),
  TCP_BACKLOG: stepIndex('IN-31'),
  TCP: stepIndex('IN-32'),
  TCP_MEMORY: stepIndex('IN-33'),
  WAKE: stepIndex('IN-34'),
  RECVMSG: stepIndex('IN-35'),
  UDP: stepIndex('IN-U1'),
  TCP_OUT: stepIndex('EG-09'),
  TRANSMIT: stepIndex('EG-24'),
  FORWARD: stepIndex('FW-02'),
});

/// What usually follows a step, and after what time: the plain way of a UDP datagram.
const GRAMMAR = createGrammar(
  [
    [
      [STEP.BUILD, COSTS.igb_clean_rx_irq.ns + COSTS.igb_build_skb.ns],
      [STEP.GRO, COSTS.napi_gro_receive.ns],
    ],
    [
      [STEP.RPS, COSTS.get_rps_cpu.ns],
      [STEP.BACKLOG, COSTS.enqueue_to_backlog.ns],
    ],
    [
      [STEP.PROCESS_BACKLOG, COSTS.process_backlog.ns],
      [STEP.CORE, COSTS.__netif_receive_skb_core.ns],
      [STEP.DISPATCH, COSTS.deliver_ptype_list_skb.ns],
      [STEP.IP_RCV, COSTS.ip_rcv.ns + COSTS.nf_hook_slow.ns],
      [STEP.ROUTE, COSTS.ip_route_input_noref.ns],
      [STEP.LOCAL_IN, COSTS.ip_local_deliver.ns],
      [STEP.TRANSPORT, COSTS.ip_protocol_deliver_rcu.ns],
      [STEP.LOOKUP, COSTS.__udp4_lib_lookup.ns],
      [STEP.UDP, COSTS.__udp_enqueue_schedule_skb.ns],
    ],
  ],
  [STEP.FILTER, STEP.RSS, STEP.RING],
);

const NEXT = GRAMMAR.next;
const OFFSETS = GRAMMAR.offsets;

/// Steps of one line that a function takes at once: there is nothing in between that could take time.
export interface Run {
  readonly steps: readonly number[];
  readonly first: number;
  readonly more: number; // steps behind the first
  readonly next: number; // what continues it; END: nothing
  readonly ns: number; // of all of them together
}

export const RUN = Object.freeze({
  STEER: runOf(STEP.RPS, STEP.BACKLOG, COSTS.enqueue_to_backlog.ns),
  CORE: runOf(STEP.CORE, STEP.DISPATCH, COSTS.deliver_ptype_list_skb.ns),
  ROUTE: runOf(STEP.ROUTE, STEP.TRANSPORT, COSTS.ip_protocol_deliver_rcu.ns),
  LOCAL_IN: runOf(STEP.LOCAL_IN, STEP.TRANSPORT, COSTS.ip_protocol_deliver_rcu.ns),
});

/// A part of a line of the grammar; `last_ns` is what its last step takes.
function runOf(first: number, last: number, last_ns: number): Run {
  const steps = [first];
  for (let step = first; step !== last; steps.push(step)) step = NEXT[step]!;
  const ns = OFFSETS[last]! - OFFSETS[first]! + last_ns;
  return Object.freeze({ steps, first, more: steps.length - 1, next: NEXT[last]!, ns });
}

/// A trace of the packet's path with room for at least that many records; a record holds one step or
/// several. createTrace() of the engine makes one that never joins steps: the same steps, more memory.
export function createPathTrace(records: number): Trace {
  return createTrace(records, GRAMMAR);
}

/// A step on a CPU that takes `ns` of the piece in hand.
export function takeStep(k: Kernel, c: Cpu, step: number, skb: Skb, ns: number): void {
  if (k.trace !== null) writeStep(k, k.trace, c, step, skb);
  c.cursor_ns += ns;
}

/// The steps of `run`, one of RUN, right behind each other.
export function takeSteps(k: Kernel, c: Cpu, run: Run, skb: Skb): void {
  if (k.trace !== null) writeRun(k, k.trace, c, run, skb);
  c.cursor_ns += run.ns;
}

/// A step on a CPU with a number to tell (packets in a poll, bytes in a queue).
export function noteStep(k: Kernel, c: Cpu, step: number, skb: Skb, value: number): void {
  if (k.trace !== null) lastStep(k, k.trace, c, step, skb, value, 0);
}

/// A step on a CPU at this moment, whatever piece it is in: an interrupt.
export function momentStep(k: Kernel, c: Cpu, step: number, value: number): void {
  if (k.trace !== null) now(k, k.trace, tag(step, c.id, 0), -1, value);
}

/// A step in the hardware, now.
export function hardwareStep(k: Kernel, step: number, skb: Skb, value: number): void {
  if (k.trace !== null) now(k, k.trace, tag(step, -1, 0), skb, value);
}

/// A frame's way through the NIC, now: past the filter, to its queue, and to the ring, where `fill`
/// says how full it is, or to its loss for `reason`.
export function arrivalSteps(
  k: Kernel,
  skb: Skb,
  queue: number,
  fill: number,
  reason: number,
): void {
  const { trace } = k;
  if (trace === null) return;
  const len = k.skbs.len[skb]!;
  if (fitsArrival(trace, len, queue, fill)) {
    const i = placeArrival(trace, k.skbs.serial[skb]! | 0, len, queue, fill, reason);
    trace.times[i] = k.now;
    return;
  }
  hardwareStep(k, STEP.FILTER, skb, len);
  hardwareStep(k, STEP.RSS, skb, queue);
  now(k, trace, tag(STEP.RING, -1, reason), skb, fill);
}

/// The end of a packet: `cpu` null is the hardware.
export function dropStep(k: Kernel, c: Cpu | null, step: number, skb: Skb, reason: number): void {
  const { trace } = k;
  if (trace === null) return;
  if (c === null) now(k, trace, tag(step, -1, reason), skb, 0);
  else lastStep(k, trace, c, step, skb, 0, reason);
}

function writeStep(k: Kernel, trace: Trace, c: Cpu, step: number, skb: Skb): void {
  if (continues(trace, c, step, skb)) {
    trace.more++;
    trace.awaits = awaited(skb, NEXT[step]!);
  } else onCpu(k, trace, c, step, skb, 0, 0);
}

function writeRun(k: Kernel, trace: Trace, c: Cpu, run: Run, skb: Skb): void {
  if (continues(trace, c, run.first, skb)) trace.more += run.more + 1;
  else {
    if (trace.grammar !== GRAMMAR) return writeEach(k, trace, c, run, skb);
    onCpu(k, trace, c, run.first, skb, 0, 0);
    trace.more = run.more;
  }
  trace.awaits = awaited(skb, run.next);
}

/// A run in a trace of single steps.
function writeEach(k: Kernel, trace: Trace, c: Cpu, run: Run, skb: Skb): void {
  const begun = c.cursor_ns;
  for (const step of run.steps) {
    c.cursor_ns = begun + OFFSETS[step]! - OFFSETS[run.first]!;
    onCpu(k, trace, c, step, skb, 0, 0);
  }
  c.cursor_ns = begun;
}

/// Whether the newest record of the trace can take this step in: the reader will find it again.
function continues(trace: Trace, c: Cpu, step: number, skb: Skb): boolean {
  return awaited(skb, step) === trace.awaits && c.cursor_ns - trace.begun === OFFSETS[step];
}

function lastStep(
  k: Kernel,
  trace: Trace,
  c: Cpu,
  step: number,
  skb: Skb,
  value: number,
  reason: number,
): void {
  if (!continues(trace, c, step, skb)) return onCpu(k, trace, c, step, skb, value, reason);
  trace.more++;
  endRun(trace, value, reason);
}

// Two writers rather than one with a time: a fraction handed over would be an allocation a record.
function onCpu(
  k: Kernel,
  trace: Trace,
  c: Cpu,
  step: number,
  skb: Skb,
  value: number,
  reason: number,
): void {
  const packet = skb < 0 ? -1 : k.skbs.serial[skb]! | 0;
  const i = place(trace, packet, step | (c.id << 8) | (reason << 16), value);
  trace.times[i] = c.cursor_ns;
  if (value !== 0 || reason !== 0) return;
  // No other CPU can take the next step of the same packet unless it was handed over, which is a step.
  const next = trace.grammar.next[step]!;
  if (next === END) return;
  trace.awaits = awaited(skb, next);
  trace.begun = c.cursor_ns - OFFSETS[step]!;
}

function now(k: Kernel, trace: Trace, label: number, skb: Skb, value: number): void {
  const packet = skb < 0 ? -1 : k.skbs.serial[skb]! | 0;
  const i = place(trace, packet, label, value);
  trace.times[i] = k.now;
}
