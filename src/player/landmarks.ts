/// Marks on the track of a run: bursts, interrupts, drops, squeezes. In a microscope the drops and
/// interrupts are read off the trace and stand at the very step; in a live run, which has no trace,
/// drops are read off the ledger and stand at the sample before which they happened, as squeezes do.
/// Marks of one kind and label that lie close together are one, so noting a thing twice is harmless.
import { closeRun, readSteps } from '../engine/trace.ts';
import type { TraceRecord } from '../engine/trace.ts';
import { DROP_REASONS } from '../kernel/reasons.ts';
import type { Kernel } from '../kernel/state.ts';
import { STEPS } from '../kernel/steps.ts';
import type { Context } from '../kernel/steps.ts';
import type { Machine } from './machine.ts';
import type { Entry } from './protocol.ts';
import type { Landmark, Scenario } from './scenario.ts';

const most = 10_000; // marks of one kind
const many = 100; // of one kind
const last_ns = 2_000_000;
const near = 64; // marks to look back for one to join
const dark_ns = 10_000_000; // what is lost while the link is down is one mark, if it comes this often
const late_ns = 50_000; // a piece of work writes its steps when it ends

export interface Marks {
  readonly gap_ns: number; // drops and squeezes that lie closer together are one mark
  readonly byKind: Record<Landmark['kind'], Mark[]>; // each in the order in which they were noted
  seen: Counts | null; // at the last sample
}

interface Mark extends Landmark {
  at_ns: number;
  until_ns: number;
}

interface Counts {
  readonly at_ns: number;
  readonly drops: readonly number[]; // by index of the reason
  readonly squeezes: readonly number[]; // by CPU
}

export function createMarks(scenario: Scenario): Marks {
  return {
    gap_ns: Math.ceil(scenario.length_ns / 100),
    byKind: { irq: [], drop: [], squeeze: [], command: [], burst: [], wake: [], link: [] },
    seen: null,
  };
}

/// Notes what happened since the last sample. `fresh`: nobody had passed this sample before.
export function noteMarks(marks: Marks, m: Machine, fresh: boolean): void {
  if (!fresh) return;
  const { k } = m.host;
  if (marks.seen) {
    noteBursts(marks, k, marks.seen.at_ns);
    noteSqueezes(marks, k, marks.seen);
    if (!m.trace) noteDrops(marks, k, marks.seen);
  }
  if (m.trace) {
    const from_ns = (marks.seen?.at_ns ?? 0) - late_ns;
    closeRun(m.trace);
    for (; m.read < m.trace.count; m.read++) {
      for (const step of readSteps(m.trace, m.read))
        if (step.time >= from_ns) noteRecord(marks, step);
    }
  }
  marks.seen = countsOf(k);
}

/// Forgets the marks after the host's present moment, at which the run was changed.
export function cutMarks(marks: Marks, k: Kernel): void {
  for (const list of Object.values(marks.byKind)) {
    const keep = list.filter((mark) => mark.at_ns <= k.now);
    for (const mark of keep) mark.until_ns = Math.min(mark.until_ns, k.now);
    list.splice(0, list.length, ...keep);
  }
  marks.seen = countsOf(k);
}

/// The marks in order of time, the typed lines among them. Of a kind that has very many only those of
/// the last moments before `now_ns` are given: the others would fill the track.
export function landmarksOf(
  marks: Marks,
  entries: readonly Entry[],
  links: readonly Landmark[],
  now_ns: number,
): Landmark[] {
  const typed = entries.filter((entry) => entry.from === 'terminal' || entry.from === 'knob');
  const commands = typed.map((entry): Landmark => {
    const label = entry.line === '\u0003' ? 'Ctrl-C' : entry.line;
    return { at_ns: entry.at_ns, kind: 'command', label, context: 'process' };
  });
  const found = Object.values(marks.byKind).flatMap((list) =>
    list
      .filter(({ at_ns }) => list.length <= many || (at_ns <= now_ns && at_ns > now_ns - last_ns))
      .map(({ at_ns, kind, label, context }) => ({ at_ns, kind, label, context })),
  );
  return [...commands, ...links, ...found].sort((a, b) => a.at_ns - b.at_ns);
}

function noteRecord(marks: Marks, record: TraceRecord): void {
  if (record.reason > 0) {
    const { name, context } = DROP_REASONS[record.reason]!;
    const gap_ns = name === 'hw:link_down' ? dark_ns : marks.gap_ns;
    add(marks, { at_ns: record.time, kind: 'drop', label: name, context }, gap_ns);
  } else if (STEPS[record.step]!.id === 'IN-05') {
    add(
      marks,
      { at_ns: record.time, kind: 'irq', label: `CPU ${record.cpu}`, context: 'hardirq' },
      0,
    );
  }
}

function noteDrops(marks: Marks, k: Kernel, before: Counts): void {
  DROP_REASONS.forEach(({ name, context }, i) => {
    if (k.ledger.drops[i] === before.drops[i]) return;
    add(marks, { at_ns: k.now, kind: 'drop', label: name, context }, marks.gap_ns);
  });
}

function noteSqueezes(marks: Marks, k: Kernel, before: Counts): void {
  for (const cpu of k.cpus) {
    if (cpu.time_squeeze === before.squeezes[cpu.id]) continue;
    const context: Context = cpu.running.context === 'kthread' ? 'kthread' : 'softirq';
    add(marks, { at_ns: k.now, kind: 'squeeze', label: `CPU ${cpu.id}`, context }, marks.gap_ns);
  }
}

/// A burst source begins a burst every period; the marks follow from its clock alone.
function noteBursts(marks: Marks, k: Kernel, since_ns: number): void {
  for (const source of k.sources) {
    if (source.pattern !== 'burst' || !source.active || source.sent === 0) continue;
    if (!k.devs[source.dev]!.carrier) continue;
    const period = Math.floor((k.now - source.started) / source.period_ns);
    const at_ns = source.started + period * source.period_ns;
    if (at_ns <= since_ns && since_ns > source.started) continue;
    add(marks, { at_ns, kind: 'burst', label: `${source.burst} frames`, context: 'hw' }, 0);
  }
}

function add(marks: Marks, landmark: Landmark, gap_ns: number): void {
  const { at_ns, kind, label } = landmark;
  const list = marks.byKind[kind];
  for (const mark of list.slice(-near)) {
    if (mark.label !== label || at_ns < mark.at_ns - gap_ns || at_ns > mark.until_ns + gap_ns)
      continue;
    mark.at_ns = Math.min(mark.at_ns, at_ns);
    mark.until_ns = Math.max(mark.until_ns, at_ns);
    return;
  }
  if (list.length < most) list.push({ ...landmark, until_ns: at_ns });
}

function countsOf(k: Kernel): Counts {
  return {
    at_ns: k.now,
    drops: [...k.ledger.drops],
    squeezes: k.cpus.map((cpu) => cpu.time_squeeze),
  };
}
