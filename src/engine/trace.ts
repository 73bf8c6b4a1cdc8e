/// A bounded record of steps: a ring of 20 bytes a record on typed arrays. Recording allocates
/// nothing; when the ring is full the oldest record is overwritten.
///
/// What happens to a packet mostly happens in the same order and at the same distances. So one record may
/// stand for a run of steps: those that follow each other exactly as a line of the trace's grammar says.
/// Reading takes the runs apart again, and shows what a trace without a grammar would have shown: a
/// step joins a run only if the reader will find it again with the same time, CPU, packet, value and reason.

/// What happened, oldest first from `count - kept`. A step is (time, step, cpu, packet, reason, value).
export interface Trace {
  size: number; // records there is room for, a power of two
  count: number; // records written since the start
  times: Float64Array; // ns
  words: Int32Array; // three a record: packet, value, and step, CPU, reason and further steps in one
  readonly grammar: Grammar;
  // The run that the next step may continue: the newest record.
  awaits: number; // awaited() of what would continue it; NOTHING: nothing would
  more: number; // steps in it behind the first
  begun: number; // when its line began, or would have, ns
}

/// Which steps usually follow each other on the same CPU for the same packet, as lines.
export interface Grammar {
  readonly next: Uint8Array; // by step: the one that follows it in its line; END: none
  readonly offsets: Float64Array; // by step: how long after the beginning of its line, ns
  readonly arrival: readonly [number, number, number]; // steps of the hardware at one moment
}

/// Behind the last step of a line. No step has this number, or the one before it.
export const END = 0xff;
const NOTHING = -1; // awaited(-1, END)
export const NO_PACKET = 0xffff_ffff; // else the serial number of the frame, modulo 2^32
export const NO_CPU = 0xff; // hardware

/// In the place of a step: three steps of the hardware at one moment. Of the three values the second is
/// where the CPU else is, the others share the word of the value.
const ARRIVAL = 0xfe;
const REASONS = 0x3ff; // ten bits of the label
const MORE = 26; // above them: how many steps follow in this run
const FIRST_BITS = 17; // of the first value of an arrival; the rest is the third one's, signed
const MOST_FIRST = (1 << FIRST_BITS) - 1;
const MOST_THIRD = (1 << (31 - FIRST_BITS)) - 1;

/// A grammar without lines: every step has a record of its own.
const SINGLE: Grammar = Object.freeze({
  next: new Uint8Array(0x100).fill(END),
  offsets: new Float64Array(0x100),
  arrival: [ARRIVAL, ARRIVAL, ARRIVAL] as const,
});

/// One step, read back.
export interface TraceRecord {
  readonly index: number; // number of the record that holds it; a run of steps shares one
  readonly time: number;
  readonly step: number;
  readonly cpu: number; // -1: hardware
  readonly packet: number; // -1: none
  readonly reason: number;
  readonly value: number;
}

/// A trace with room for at least that many records.
export function createTrace(records: number, grammar: Grammar = SINGLE): Trace {
  let size = 1;
  while (size < records) size *= 2;
  return {
    size,
    count: 0,
    times: new Float64Array(size),
    words: new Int32Array(3 * size),
    grammar,
    awaits: NOTHING,
    more: 0,
    begun: -1,
  };
}

/// The grammar of those lines: steps, each with the time until the next one, ns.
export function createGrammar(
  lines: readonly (readonly (readonly [step: number, ns: number])[])[],
  arrival: readonly [number, number, number],
): Grammar {
  const next = new Uint8Array(0x100).fill(END);
  const offsets = new Float64Array(0x100);
  for (const line of lines) {
    let offset = 0;
    line.forEach(([step, ns], nth) => {
      next[step] = line[nth + 1]?.[0] ?? END;
      offsets[step] = offset;
      offset += ns;
    });
  }
  return Object.freeze({ next, offsets, arrival });
}

/// Step, CPU (-1: hardware) and drop reason as one word of a record.
export function tag(step: number, cpu: number, reason: number): number {
  return step | ((cpu & NO_CPU) << 8) | (reason << 16);
}

/// A step of the packet with that handle (-1: none), as one number.
export function awaited(handle: number, step: number): number {
  return (handle << 8) | step;
}

/// Makes room for one record, writes all of it but its time, and returns where in `times` that goes.
/// The caller stores the time: a fraction handed to a function would be an allocation a record.
/// `packet` -1 is none. Whatever run was open is closed: steps are read in the order of writing.
export function place(trace: Trace, packet: number, label: number, value: number): number {
  if (trace.more !== 0) writeLength(trace);
  trace.awaits = NOTHING;
  const i = trace.count++ & (trace.size - 1);
  const { words } = trace;
  const at = 3 * i;
  words[at] = packet;
  words[at + 1] = value;
  words[at + 2] = label;
  return i;
}

/// Ends the open run with a step that it waited for, and that has a value or a reason: the reader gives
/// those to the last step.
export function endRun(trace: Trace, value: number, reason: number): void {
  const at = 3 * ((trace.count - 1) & (trace.size - 1));
  const { words } = trace;
  words[at + 1] = value;
  words[at + 2] = words[at + 2]! | (reason << 16);
  trace.awaits = NOTHING;
}

/// Nothing continues the newest record any more. Before it is read, this must have been done.
export function closeRun(trace: Trace): void {
  if (trace.more !== 0) writeLength(trace);
  trace.awaits = NOTHING;
}

function writeLength(trace: Trace): void {
  const at = 3 * ((trace.count - 1) & (trace.size - 1)) + 2;
  trace.words[at] = trace.words[at]! | (trace.more << MORE);
  trace.more = 0;
}

/// Whether the values of an arrival fit into its record.
export function fitsArrival(trace: Trace, first: number, second: number, third: number): boolean {
  return (
    trace.grammar !== SINGLE &&
    first <= MOST_FIRST &&
    second < NO_CPU &&
    third <= MOST_THIRD &&
    third >= -MOST_THIRD
  );
}

/// Makes room for the three steps of the grammar's arrival, and returns where in `times` their moment
/// goes. The reason is that of the last step.
export function placeArrival(
  trace: Trace,
  packet: number,
  first: number,
  second: number,
  third: number,
  reason: number,
): number {
  const label = ARRIVAL | (second << 8) | (reason << 16);
  return place(trace, packet, label, first | (third << FIRST_BITS));
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

/// The steps in the record of that number, in order; none when it was never written or is overwritten.
export function readSteps(trace: Trace, index: number): TraceRecord[] {
  closeRun(trace);
  if (index < oldest(trace) || index >= trace.count) return [];
  const i = index & (trace.size - 1);
  const label = trace.words[3 * i + 2]!;
  if ((label & 0xff) === ARRIVAL) return readArrival(trace, index, i);
  const { next, offsets } = trace.grammar;
  const steps: TraceRecord[] = [];
  const first = label & 0xff;
  const start = trace.times[i]!;
  for (let more = label >>> MORE, step = first; more >= 0; more--, step = next[step]!)
    steps.push({
      index,
      time: step === first ? start : start - offsets[first]! + offsets[step]!,
      step,
      cpu: cpuOf(label),
      packet: packetOf(trace, i),
      reason: more === 0 ? (label >>> 16) & REASONS : 0,
      value: more === 0 ? trace.words[3 * i + 1]! : 0,
    });
  return steps;
}

function readArrival(trace: Trace, index: number, i: number): TraceRecord[] {
  const label = trace.words[3 * i + 2]!;
  const both = trace.words[3 * i + 1]!;
  const values = [both & MOST_FIRST, (label >>> 8) & 0xff, both >> FIRST_BITS];
  const reason = (label >>> 16) & REASONS;
  return trace.grammar.arrival.map((step, nth) => ({
    index,
    time: trace.times[i]!,
    step,
    cpu: -1,
    packet: packetOf(trace, i),
    reason: nth === 2 ? reason : 0,
    value: values[nth]!,
  }));
}

function cpuOf(label: number): number {
  const cpu = (label >>> 8) & 0xff;
  return cpu === NO_CPU ? -1 : cpu;
}

function packetOf(trace: Trace, i: number): number {
  const packet = trace.words[3 * i]! >>> 0;
  return packet === NO_PACKET ? -1 : packet;
}

/// The first step in the record of that number; null when it was never written or is overwritten.
export function readRecord(trace: Trace, index: number): TraceRecord | null {
  return readSteps(trace, index)[0] ?? null;
}

/// Every kept step with from <= time <= to, in order of (time, order of writing). A piece of work writes
/// its steps when it ends, so those of different CPUs are not in order of time by themselves.
export function recordsBetween(trace: Trace, from: number, to: number): TraceRecord[] {
  closeRun(trace);
  const found: TraceRecord[] = [];
  for (let index = oldest(trace); index < trace.count; index++) {
    const i = index & (trace.size - 1);
    const start = trace.times[i]!;
    // A run of one step ends where it begins.
    if (start > to || (start < from && trace.words[3 * i + 2]! >>> MORE === 0)) continue;
    for (const step of readSteps(trace, index))
      if (step.time >= from && step.time <= to) found.push(step);
  }
  return found.sort((a, b) => a.time - b.time); // stable: steps of one moment stay as written
}
