/// A bounded record of steps: a ring of 20 bytes a record on typed arrays. Recording allocates
/// nothing; when the ring is full the oldest record is overwritten.

/// What happened, oldest first from `count - kept`. A record is (time, step, cpu, packet, reason).
export interface Trace {
  size: number; // records there is room for, a power of two
  count: number; // records written since the start
  times: Float64Array; // ns
  packets: Uint32Array; // serial number of the frame, modulo 2^32; NO_PACKET: none
  values: Int32Array; // what the step has to say: queue length, bytes, ...
  steps: Uint8Array; // index into STEPS
  cpus: Uint8Array; // NO_CPU: hardware
  reasons: Uint16Array; // index into the drop reasons; 0: not dropped
}

export const NO_PACKET = 0xffff_ffff;
export const NO_CPU = 0xff;

/// One record, read back.
export interface TraceRecord {
  readonly index: number; // number of the record since the start
  readonly time: number;
  readonly step: number;
  readonly cpu: number; // -1: hardware
  readonly packet: number; // -1: none
  readonly reason: number;
  readonly value: number;
}

/// A trace with room for at least that many records.
export function createTrace(records: number): Trace {
  let size = 1;
  while (size < records) size *= 2;
  return {
    size,
    count: 0,
    times: new Float64Array(size),
    packets: new Uint32Array(size),
    values: new Int32Array(size),
    steps: new Uint8Array(size),
    cpus: new Uint8Array(size),
    reasons: new Uint16Array(size),
  };
}

/// Writes one record. `cpu` -1 is the hardware, `packet` -1 is none.
export function record(
  trace: Trace,
  time: number,
  step: number,
  cpu: number,
  packet: number,
  reason: number,
  value: number,
): void {
  const i = trace.count++ & (trace.size - 1);
  trace.times[i] = time;
  trace.packets[i] = packet;
  trace.values[i] = value;
  trace.steps[i] = step;
  trace.cpus[i] = cpu;
  trace.reasons[i] = reason;
}

/// Number of the oldest record that is still kept.
export function oldest(trace: Trace): number {
  return Math.max(0, trace.count - trace.size);
}

/// The record of that number; null when it was never written or is overwritten.
export function readRecord(trace: Trace, index: number): TraceRecord | null {
  if (index < oldest(trace) || index >= trace.count) return null;
  const i = index & (trace.size - 1);
  const packet = trace.packets[i]!;
  const cpu = trace.cpus[i]!;
  return {
    index,
    time: trace.times[i]!,
    step: trace.steps[i]!,
    cpu: cpu === NO_CPU ? -1 : cpu,
    packet: packet === NO_PACKET ? -1 : packet,
    reason: trace.reasons[i]!,
    value: trace.values[i]!,
  };
}

/// Every kept record with from <= time <= to, in order of (time, number). A piece of work writes its
/// steps when it ends, so records of different CPUs are not in order of time by themselves.
export function recordsBetween(trace: Trace, from: number, to: number): TraceRecord[] {
  const found: TraceRecord[] = [];
  for (let index = oldest(trace); index < trace.count; index++) {
    const time = trace.times[index & (trace.size - 1)]!;
    if (time >= from && time <= to) found.push(readRecord(trace, index)!);
  }
  return found.sort((a, b) => a.time - b.time || a.index - b.index);
}
