/// What is known of a run along its time: samples of the scenario's series and tallies, and each
/// CPU's time, at a fixed distance. Several machines may fill it, as they all compute the same run;
/// a sample is kept the first time somebody passes its moment.
/// A microscope's timeline keeps every sample and doubles their distance when there are too many;
/// a live one forgets the oldest.
import { cpuTimes } from '../kernel/piece.ts';
import type { Cpu, Kernel } from '../kernel/state.ts';
import { hostOf, pageOf } from './page_clock.ts';
import type { PageClock } from './page_clock.ts';
import type { SampleBlock } from './protocol.ts';
import type { Past, Scenario } from './scenario.ts';

const most = 4_096; // samples

export interface Timeline {
  readonly scenario: Scenario;
  sample_ns: number;
  first: number; // number of the oldest sample kept; sample i stands at i * sample_ns of the page
  readonly clock: PageClock;
  samples: Sample[];
}

export interface Sample {
  readonly values: readonly number[]; // by series
  readonly limits: readonly (number | null)[]; // by series
  readonly tally: readonly number[];
  readonly busy: readonly number[]; // by CPU: ns not idle since boot
}

export function createTimeline(scenario: Scenario, clock: PageClock): Timeline {
  return { scenario, sample_ns: scenario.sample_ns, first: 0, clock, samples: [] };
}

/// How far the run is known.
export function knownUntil(timeline: Timeline): number {
  return timeOf(timeline, Math.max(0, timeline.first + timeline.samples.length - 1));
}

/// The next moment after `now_ns` at which a sample may be due.
export function nextSample(timeline: Timeline, now_ns: number): number {
  return timeOf(timeline, Math.max(0, numberAt(timeline, now_ns) + 1));
}

/// Takes the sample of the present moment, if it is the next one to take. Whether it did.
export function sample(timeline: Timeline, k: Kernel): boolean {
  if (k.now !== timeOf(timeline, timeline.first + timeline.samples.length)) return false;
  const { series } = timeline.scenario;
  timeline.samples.push({
    values: series.map((one) => one.value(k)),
    limits: series.map((one) => one.limit?.(k) ?? null),
    tally: timeline.scenario.tally?.(k, timeline.samples.at(-1)?.tally ?? []) ?? [],
    busy: k.cpus.map((cpu) => busyOf(k, cpu)),
  });
  if (timeline.samples.length > most) makeRoom(timeline);
  return true;
}

/// Forgets the samples at `at_ns` and later.
export function cutTimeline(timeline: Timeline, at_ns: number): void {
  const last = numberAt(timeline, at_ns);
  const next = Math.max(0, last >= 0 && timeOf(timeline, last) === at_ns ? last : last + 1);
  if (next < timeline.first) {
    timeline.first = next;
    timeline.samples = [];
  }
  timeline.samples.length = Math.min(timeline.samples.length, next - timeline.first);
}

/// The tally of the window before `now_ns`: between one and two samples ago. Without one (the run
/// begins, or it is forgotten) the window has no length and the tally no numbers.
export function pastOf(timeline: Timeline, now_ns: number): Past {
  const found = windowOf(timeline, now_ns);
  return { at_ns: found?.at_ns ?? now_ns, tally: found?.sample.tally ?? [] };
}

/// Each CPU's share of time not idle over the window before now, 0 to 1.
export function busyShares(timeline: Timeline, k: Kernel): number[] {
  const found = windowOf(timeline, k.now);
  return k.cpus.map((cpu) => {
    const elapsed = found ? k.now - found.at_ns : 0;
    const before = found?.sample.busy[cpu.id] ?? 0;
    const share = elapsed > 0 ? (busyOf(k, cpu) - before) / elapsed : 0;
    return Math.min(1, Math.max(0, share));
  });
}

/// The samples from number `from` on, as columns.
export function blockFrom(timeline: Timeline, from: number): SampleBlock {
  const rows = timeline.samples.slice(Math.max(0, from - timeline.first));
  const columns = timeline.scenario.series.map((_, i) => i);
  return {
    sample_ns: timeline.sample_ns,
    values: columns.map((i) => rows.map((row) => row.values[i]!)),
    limits: columns.map((i) =>
      timeline.scenario.series[i]!.limit ? rows.map((row) => row.limits[i] ?? 0) : null,
    ),
  };
}

function windowOf(timeline: Timeline, now_ns: number): { at_ns: number; sample: Sample } | null {
  const { window_ns } = timeline.scenario;
  const number = Math.max(
    0,
    Math.min(numberAt(timeline, now_ns) - 1, numberAt(timeline, now_ns - window_ns)),
  );
  const found = timeline.samples[number - timeline.first];
  return found ? { at_ns: timeOf(timeline, number), sample: found } : null;
}

function timeOf(timeline: Timeline, number: number): number {
  return hostOf(timeline.clock, number * timeline.sample_ns);
}

/// The number of the last sample not after a moment; negative in the prelude.
function numberAt(timeline: Timeline, at_ns: number): number {
  return Math.floor(pageOf(timeline.clock, at_ns) / timeline.sample_ns);
}

function makeRoom(timeline: Timeline): void {
  if (timeline.scenario.zoom === 'live') {
    timeline.samples.splice(0, most / 4);
    timeline.first += most / 4;
    return;
  }
  timeline.samples = timeline.samples.filter((_, i) => i % 2 === 0);
  timeline.sample_ns *= 2;
}

function busyOf(k: Kernel, cpu: Cpu): number {
  const { hardirq, softirq, kthread, process, user } = cpuTimes(k, cpu);
  return hardirq + softirq + kthread + process + user;
}
