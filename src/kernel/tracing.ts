/// Writing a step of the path into the trace, when there is one. The cursor of a CPU walks through
/// its piece of work, so a step's time is where in the piece it lies.
/// Steps that follow each other as on the plain path of a UDP datagram share a record (engine/trace.ts).
import {
  createGrammar,
  createTrace,
  put,
  runOf,
  tag,
  writeArrival,
  writeLast,
  writeRun,
  type Run,
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

/// Steps of one line that a function takes at once: there is nothing in between that could take time.
export interface Steps {
  readonly run: Run;
  readonly ns: number; // of all of them together
}

export const RUN = Object.freeze({
  FRAME: stepsOf(STEP.BUILD, STEP.GRO, COSTS.napi_gro_receive.ns),
  STEER: stepsOf(STEP.RPS, STEP.BACKLOG, COSTS.enqueue_to_backlog.ns),
  CORE: stepsOf(STEP.CORE, STEP.DISPATCH, COSTS.deliver_ptype_list_skb.ns),
  ROUTE: stepsOf(STEP.ROUTE, STEP.TRANSPORT, COSTS.ip_protocol_deliver_rcu.ns),
  LOCAL_IN: stepsOf(STEP.LOCAL_IN, STEP.TRANSPORT, COSTS.ip_protocol_deliver_rcu.ns),
});

/// The way of a datagram up to its socket's queue, and the part of it that a datagram has that finds none.
export interface Way {
  readonly whole: Steps;
  readonly refused: Steps;
}

export const WAY = Object.freeze({
  FROM_BACKLOG: wayFrom(STEP.PROCESS_BACKLOG),
  FROM_CORE: wayFrom(STEP.CORE),
});

function wayFrom(first: number): Way {
  return Object.freeze({
    whole: stepsOf(first, STEP.UDP, COSTS.__udp_enqueue_schedule_skb.ns),
    refused: stepsOf(first, STEP.LOOKUP, COSTS.__udp4_lib_lookup.ns),
  });
}

/// A part of a line of the grammar; `last_ns` is what its last step takes.
function stepsOf(first: number, last: number, last_ns: number): Steps {
  const run = runOf(GRAMMAR, first, last);
  return Object.freeze({ run, ns: run.gap - GRAMMAR.single[last]!.gap + last_ns });
}

/// A trace of the packet's path with room for at least that many records; a record holds one step or
/// several. createTrace() of the engine makes one that never joins steps: the same steps, more memory.
export function createPathTrace(records: number): Trace {
  return createTrace(records, GRAMMAR);
}

/// A step on a CPU that takes `ns` of the piece in hand.
export function takeStep(k: Kernel, c: Cpu, step: number, skb: Skb, ns: number): void {
  const { trace } = k;
  if (trace !== null) writeRun(trace, c, trace.grammar.single[step]!, skb, k.skbs.serial);
  c.cursor_ns += ns;
}

/// The steps of `steps`, one of RUN, right behind each other.
export function takeSteps(k: Kernel, c: Cpu, steps: Steps, skb: Skb): void {
  const { trace } = k;
  if (trace !== null) {
    if (trace.grammar === GRAMMAR) writeRun(trace, c, steps.run, skb, k.skbs.serial);
    else writeEach(k, trace, c, steps, skb, 0);
  }
  c.cursor_ns += steps.ns;
}

/// All of `steps`, which nothing will follow in their line; the last one has a number to tell. At once for
/// what happens to every packet: a step that may join others costs more to write.
export function takeWhole(k: Kernel, c: Cpu, steps: Steps, skb: Skb, value: number): void {
  const { trace } = k;
  if (trace !== null) {
    if (trace.grammar !== GRAMMAR) writeEach(k, trace, c, steps, skb, value);
    else put(trace, c, k.skbs.serial[skb]!, value, steps.run.label | (c.id << 8));
  }
  c.cursor_ns += steps.ns;
}

/// A step that is in no line.
export function takeLone(k: Kernel, c: Cpu, step: number, skb: Skb, ns: number): void {
  if (k.trace !== null) put(k.trace, c, k.skbs.serial[skb]!, 0, step | (c.id << 8));
  c.cursor_ns += ns;
}

/// A step on a CPU with a number to tell (packets in a poll, bytes in a queue).
export function noteStep(k: Kernel, c: Cpu, step: number, skb: Skb, value: number): void {
  if (k.trace !== null) writeLast(k.trace, c, step, skb, k.skbs.serial, value, 0);
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
  const { trace, skbs } = k;
  if (trace === null) return;
  const len = skbs.len[skb]!;
  if (writeArrival(trace, k, skbs.serial[skb]!, len, queue, fill, reason)) return;
  hardwareStep(k, STEP.FILTER, skb, len);
  hardwareStep(k, STEP.RSS, skb, queue);
  now(k, trace, tag(STEP.RING, -1, reason), skb, fill);
}

/// The end of a packet: `cpu` null is the hardware.
export function dropStep(k: Kernel, c: Cpu | null, step: number, skb: Skb, reason: number): void {
  const { trace } = k;
  if (trace === null) return;
  if (c === null) now(k, trace, tag(step, -1, reason), skb, 0);
  else writeLast(trace, c, step, skb, k.skbs.serial, 0, reason);
}

/// A run in a trace of single steps.
function writeEach(k: Kernel, trace: Trace, c: Cpu, { run }: Steps, skb: Skb, value: number): void {
  const begun = c.cursor_ns;
  for (const step of run.steps) {
    const told = step === run.steps.at(-1) ? value : 0;
    put(trace, c, k.skbs.serial[skb] ?? -1, told, tag(step, c.id, 0));
    c.cursor_ns += GRAMMAR.single[step]!.gap;
  }
  c.cursor_ns = begun;
}

// The present as put() takes a time; of no meaning between two steps.
const present = { cursor_ns: 0.5 };

function now(k: Kernel, trace: Trace, label: number, skb: Skb, value: number): void {
  present.cursor_ns = k.now;
  put(trace, present, skb < 0 ? -1 : k.skbs.serial[skb]!, value, label);
}
