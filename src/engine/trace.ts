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
  words: Int32Array; // three a record: packet (modulo 2^32; -1 none), value, label: tag()
  readonly grammar: Grammar;
  // The run that the next step may continue: the newest record.
  awaits: number; // what would continue it, handle and step as one number; NOTHING: nothing would
  due_ns: number; // and when
}

/// Which steps usually follow each other on the same CPU for the same packet, as lines.
export interface Grammar {
  readonly single: readonly Run[]; // by step: that step alone
  readonly arrival: readonly [number, number, number]; // steps of the hardware at one moment
}

/// Steps of one line, one or several right behind each other.
export interface Run {
  readonly steps: readonly number[];
  readonly first: number;
  readonly next: number; // what continues it; END: nothing
  readonly gap: number; // after how long that comes, ns
  readonly label: number; // of its record, without the CPU
  readonly growth: number; // of the label of a record that it continues
}

/// Where a CPU is in its work, and which it is.
export interface Place extends Moment {
  readonly id: number;
}

export interface Moment {
  readonly cursor_ns: number; // ns
}

/// Behind the last step of a line. No step has this number, or the one before it.
const END = 0xff;
const NOTHING = -1; // awaited by the newest record
const NO_CPU = 0xff; // hardware

/// In the place of a step: three steps of the hardware at one moment. Of the three values the second is
/// where the CPU else is, the others share the word of the value.
const ARRIVAL = 0xfe;
const REASONS = 0x3ff; // ten bits of the label
const MORE = 26; // above them: how many steps follow in this run
const FIRST_BITS = 17; // of the first value of an arrival; the rest is the third one's, signed
const MOST_FIRST = (1 << FIRST_BITS) - 1;
const MOST_THIRD = (1 << (31 - FIRST_BITS)) - 1;

/// A grammar without lines: every step has a record of its own.
const SINGLE = createGrammar([], [ARRIVAL, ARRIVAL, ARRIVAL]);

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
    due_ns: -1,
  };
}

/// The grammar of those lines: steps, each with the time until the next one, ns.
export function createGrammar(
  lines: readonly (readonly (readonly [step: number, ns: number])[])[],
  arrival: readonly [number, number, number],
): Grammar {
  const single = Array.from({ length: END }, (_, step) => createRun([step], END, 0));
  for (const line of lines)
    line.forEach(([step, ns], nth) => {
      single[step] = createRun([step], line[nth + 1]?.[0] ?? END, ns);
    });
  return Object.freeze({ single, arrival });
}

function createRun(steps: readonly number[], next: number, gap: number): Run {
  const [first = END] = steps;
  const label = tag(first, 0, 0, steps.length - 1);
  return Object.freeze({ steps, first, next, gap, label, growth: steps.length << MORE });
}

/// The steps of a line from one to another as a run.
export function runOf({ single }: Grammar, first: number, last: number): Run {
  const steps = [first];
  let gap = single[first]!.gap;
  for (let step = first; step !== last; steps.push(step)) {
    step = single[step]!.next;
    gap += single[step]!.gap;
  }
  return createRun(steps, single[last]!.next, gap);
}

/// Step, CPU (-1: hardware) and drop reason as one word of a record; `more` steps follow in its run.
export function tag(step: number, cpu: number, reason: number, more = 0): number {
  return step | ((cpu & NO_CPU) << 8) | (reason << 16) | (more << MORE);
}

/// Writes a record that nothing continues, at the time where `at` stands: a time handed over would be an
/// allocation a record. `packet` -1 is none; `label` is of tag(), or of a run and a CPU.
export function put(trace: Trace, at: Moment, packet: number, value: number, label: number): void {
  const n = trace.count++ & (trace.size - 1);
  const { words } = trace;
  const i = 3 * n;
  trace.times[n] = at.cursor_ns;
  words[i] = packet;
  words[i + 1] = value;
  words[i + 2] = label;
  trace.awaits = NOTHING;
}

/// Writes a run of steps of the packet with that handle (-1: none) at the place of a CPU: into the newest
/// record if that waits for it, else into one of its own. `serials` has the packets' numbers.
/// All in one piece, as it is called several times a packet.
export function writeRun(
  trace: Trace,
  at: Place,
  run: Run,
  handle: number,
  serials: Int32Array,
): void {
  const { words } = trace;
  const now_ns = at.cursor_ns;
  if (trace.awaits === ((handle << 8) | run.first) && trace.due_ns === now_ns) {
    const i = 3 * ((trace.count - 1) & (trace.size - 1));
    words[i + 2] = words[i + 2]! + run.growth;
  } else {
    const n = trace.count++ & (trace.size - 1);
    const i = 3 * n;
    trace.times[n] = now_ns;
    words[i] = handle < 0 ? -1 : serials[handle]!;
    words[i + 1] = 0;
    words[i + 2] = run.label | (at.id << 8);
  }
  trace.awaits = (handle << 8) | run.next;
  trace.due_ns = now_ns + run.gap;
}

/// The same for a step with a value or a reason: it ends the run, as the reader gives those to the last step.
export function writeLast(
  trace: Trace,
  at: Place,
  step: number,
  handle: number,
  serials: Int32Array,
  value: number,
  reason: number,
): void {
  if (trace.awaits !== ((handle << 8) | step) || trace.due_ns !== at.cursor_ns)
    return put(trace, at, handle < 0 ? -1 : serials[handle]!, value, tag(step, at.id, reason));
  const { words } = trace;
  const i = 3 * ((trace.count - 1) & (trace.size - 1));
  words[i + 1] = value;
  words[i + 2] = words[i + 2]! + ((1 << MORE) | (reason << 16));
  trace.awaits = NOTHING;
}

/// Nothing continues the newest record any more: who has read it has read all of it.
export function closeRun(trace: Trace): void {
  trace.awaits = NOTHING;
}

/// Writes the three steps of the grammar's arrival, now; the reason is that of the last one. False when their
/// values do not fit into a record, or the trace holds single steps.
export function writeArrival(
  trace: Trace,
  clock: { readonly now: number },
  packet: number,
  first: number,
  second: number,
  third: number,
  reason: number,
): boolean {
  if (first > MOST_FIRST || second >= NO_CPU || third > MOST_THIRD || third < -MOST_THIRD)
    return false;
  if (trace.grammar === SINGLE) return false;
  const n = trace.count++ & (trace.size - 1);
  const { words } = trace;
  const i = 3 * n;
  trace.times[n] = clock.now;
  words[i] = packet;
  words[i + 1] = first | (third << FIRST_BITS);
  words[i + 2] = ARRIVAL | (second << 8) | (reason << 16);
  trace.awaits = NOTHING;
  return true;
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
  put(trace, { cursor_ns: time }, packet, value, tag(step, cpu, reason));
}

/// Number of the oldest record that is still kept.
export function oldest(trace: Trace): number {
  return Math.max(0, trace.count - trace.size);
}

/// The steps in the record of that number, in order; none when it was never written or is overwritten.
export function readSteps(trace: Trace, index: number): TraceRecord[] {
  if (index < oldest(trace) || index >= trace.count) return [];
  const i = index & (trace.size - 1);
  const from_ns = trace.times[i]!;
  const [packet, value, label] = trace.words.subarray(3 * i, 3 * i + 3) as unknown as Words;
  const reason = (label >>> 16) & REASONS;
  const common = { index, packet: packet === -1 ? -1 : packet >>> 0 };
  if ((label & 0xff) === ARRIVAL) {
    const values = [value & MOST_FIRST, (label >>> 8) & 0xff, value >> FIRST_BITS];
    return trace.grammar.arrival.map((step, nth) => ({
      ...{ ...common, time: from_ns, step, cpu: -1 },
      ...{ reason: nth === 2 ? reason : 0, value: values[nth]! },
    }));
  }
  const { single } = trace.grammar;
  const cpu = ((label >>> 8) & 0xff) === NO_CPU ? -1 : (label >>> 8) & 0xff;
  const steps: TraceRecord[] = [];
  let time = from_ns;
  for (
    let more = label >>> MORE, step = label & 0xff;
    more >= 0;
    more--, step = single[step]!.next
  ) {
    const last = more === 0;
    steps.push({ ...common, time, step, cpu, reason: last ? reason : 0, value: last ? value : 0 });
    time += single[step]!.gap;
  }
  return steps;
}

type Words = [packet: number, value: number, label: number];

/// The first step in the record of that number; null when it was never written or is overwritten.
export function readRecord(trace: Trace, index: number): TraceRecord | null {
  return readSteps(trace, index)[0] ?? null;
}

/// Every kept step with from <= time <= to, in order of (time, order of writing). A piece of work writes
/// its steps when it ends, so those of different CPUs are not in order of time by themselves.
export function recordsBetween(trace: Trace, from: number, to: number): TraceRecord[] {
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
