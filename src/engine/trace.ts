/// A bounded record of steps: a ring of 20 bytes a record on typed arrays. Recording allocates
/// nothing; when the ring is full the oldest record is overwritten.

/// What happened, oldest first from `count - kept`. A record is (time, step, cpu, packet, reason, value).
export interface Trace {
  size: number; // records there is room for, a power of two
  count: number; // records written since the start
  times: Float64Array; // ns
  words: Int32Array; // three a record: packet, value, and step, CPU and reason in one
}

export const NO_PACKET = 0xffff_ffff; // else the serial number of the frame, modulo 2^32
export const NO_CPU = 0xff; // hardware

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
  return { size, count: 0, times: new Float64Array(size), words: new Int32Array(3 * size) };
}

/// Step, CPU (-1: hardware) and drop reason as one word of a record.
export function tag(step: number, cpu: number, reason: number): number {
  return step | ((cpu & NO_CPU) << 8) | (reason << 16);
}

/// Makes room for one record, writes all of it but its time, and returns where in `times` that goes.
/// The caller stores the time: a fraction handed to a function would be an allocation a record.
/// `packet` -1 is none.
export function place(trace: Trace, packet: number, label: number, value: number): number {
  const i = trace.count++ & (trace.size - 1);
  const { words } = trace;
  const at = 3 * i;
  words[at] = packet;
  words[at + 1] = value;
  words[at + 2] = label;
  return i;
}

/// Writes one record.
export function record(
  trace: Trace,
  time: number,
  step: number,
  cpu: number,
  packet: number,
  reason: number,
  value: number,
): void {
  const i = place(trace, packet, tag(step, cpu, reason), value);
  trace.times[i] = time;
}

/// Number of the oldest record that is still kept.
export function oldest(trace: Trace): number {
  return Math.max(0, trace.count - trace.size);
}

/// The record of that number; null when it was never written or is overwritten.
export function readRecord(trace: Trace, index: number): TraceRecord | null {
  if (index < oldest(trace) || index >= trace.count) return null;
  const i = index & (trace.size - 1);
  const packet = trace.words[3 * i]! >>> 0;
  const label = trace.words[3 * i + 2]! >>> 0;
  const cpu = (label >>> 8) & 0xff;
  return {
    index,
    time: trace.times[i]!,
    step: label & 0xff,
    cpu: cpu === NO_CPU ? -1 : cpu,
    packet: packet === NO_PACKET ? -1 : packet,
    reason: label >>> 16,
    value: trace.words[3 * i + 1]!,
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
