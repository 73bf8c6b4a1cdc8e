/// Writing a step of the path into the trace, when there is one. The cursor of a CPU walks through
/// its piece of work, so a step's time is where in the piece it lies.
import { place, tag, type Trace } from '../engine/trace.ts';
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
  BUILD: stepIndex('IN-11'),
  GRO: stepIndex('IN-12'),
  FLUSH: stepIndex('IN-13'),
  RPS: stepIndex('IN-14'),
  BACKLOG: stepIndex('IN-15'),
  PROCESS_BACKLOG: stepIndex('IN-16'),
  CORE: stepIndex('IN-17'),
  DISPATCH: stepIndex('IN-21'),
  IP_RCV: stepIndex('IN-22'),
  ROUTE: stepIndex('IN-25'),
  LOCAL_IN: stepIndex('IN-26'),
  TRANSPORT: stepIndex('IN-27'),
  LOOKUP: stepIndex('IN-28'),
  WAKE: stepIndex('IN-34'),
  RECVMSG: stepIndex('IN-35'),
  UDP: stepIndex('IN-U1'),
});

/// A step on a CPU that takes `ns` of the piece in hand.
export function takeStep(k: Kernel, c: Cpu, step: number, skb: Skb, ns: number): void {
  if (k.trace !== null) onCpu(k, k.trace, c, step, skb, 0);
  c.cursor_ns += ns;
}

/// A step on a CPU with a number to tell (packets in a poll, bytes in a queue).
export function noteStep(k: Kernel, c: Cpu, step: number, skb: Skb, value: number): void {
  if (k.trace !== null) onCpu(k, k.trace, c, step, skb, value);
}

/// A step on a CPU at this moment, whatever piece it is in: an interrupt.
export function momentStep(k: Kernel, c: Cpu, step: number, value: number): void {
  if (k.trace !== null) now(k, k.trace, tag(step, c.id, 0), -1, value);
}

/// A step in the hardware, now.
export function hardwareStep(k: Kernel, step: number, skb: Skb, value: number): void {
  if (k.trace !== null) now(k, k.trace, tag(step, -1, 0), skb, value);
}

/// The end of a packet: `cpu` null is the hardware.
export function dropStep(k: Kernel, c: Cpu | null, step: number, skb: Skb, reason: number): void {
  const { trace } = k;
  if (trace === null) return;
  const i = place(trace, k.skbs.serial[skb]! | 0, tag(step, c ? c.id : -1, reason), 0);
  trace.times[i] = c ? c.cursor_ns : k.now;
}

// Two writers rather than one with a time: a fraction handed over would be an allocation a record.
function onCpu(k: Kernel, trace: Trace, c: Cpu, step: number, skb: Skb, value: number): void {
  const packet = skb < 0 ? -1 : k.skbs.serial[skb]! | 0;
  const i = place(trace, packet, step | (c.id << 8), value);
  trace.times[i] = c.cursor_ns;
}

function now(k: Kernel, trace: Trace, label: number, skb: Skb, value: number): void {
  const packet = skb < 0 ? -1 : k.skbs.serial[skb]! | 0;
  const i = place(trace, packet, label, value);
  trace.times[i] = k.now;
}
