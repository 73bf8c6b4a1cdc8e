/// What each CPU did, as pieces on a lane: read off the accounting of CPU time (cpuTimes) at a fixed
/// distance, so every nanosecond belongs to the context that the host charged it to. Within one
/// reading the order of the pieces is not known, only their lengths; they are laid out from the
/// innermost context outwards.
import { cpuTimes } from '../kernel/piece.ts';
import type { Cpu, Kernel } from '../kernel/state.ts';
import type { Lane, LaneContext, Lanes } from './protocol.ts';

const contexts: readonly LaneContext[] = [
  'hardirq',
  'softirq',
  'kthread',
  'process',
  'user',
  'idle',
];

export interface LaneRecorder {
  readonly grain_ns: number; // distance of the readings
  readonly keep_ns: number; // how far back pieces are kept
  readonly cpus: Track[];
  read_ns: number; // moment of the last reading
}

interface Track {
  totals: number[]; // time by context at the last reading, in the order of `contexts`
  edges: number[]; // where each piece begins, ns of the run
  kinds: number[]; // indices into `contexts`
  readonly origin_ns: number; // moment at which the sum of the totals was zero
}

interface Pieces {
  readonly edges: number[];
  readonly contexts: LaneContext[];
}

export function createLanes(grain_ns: number, keep_ns: number): LaneRecorder {
  return { grain_ns, keep_ns, cpus: [], read_ns: -1 };
}

/// Reads the accounting and lays out what was charged since the last reading. A moment that was read
/// before gives nothing new.
export function readLanes(lanes: LaneRecorder, k: Kernel): void {
  if (k.now <= lanes.read_ns) return;
  for (const cpu of k.cpus) {
    const totals = totalsOf(k, cpu);
    const track = lanes.cpus[cpu.id];
    if (!track)
      lanes.cpus[cpu.id] = { totals, edges: [], kinds: [], origin_ns: k.now - sum(totals) };
    else layOut(track, totals, k.now - lanes.keep_ns);
  }
  lanes.read_ns = k.now;
}

/// Forgets what lies after the host's present moment, at which the run was changed.
export function cutLanes(lanes: LaneRecorder, k: Kernel): void {
  for (const cpu of k.cpus) {
    const track = lanes.cpus[cpu.id];
    if (!track) continue;
    track.totals = totalsOf(k, cpu);
    const laid_ns = laidUntil(track);
    while (track.edges.length > 0 && track.edges[track.edges.length - 1]! >= laid_ns) {
      track.edges.pop();
      track.kinds.pop();
    }
  }
  lanes.read_ns = Math.min(lanes.read_ns, k.now);
}

/// The lanes between two moments, times counted from the first. After the last reading a CPU does
/// what it says that it runs now.
export function lanesBetween(
  lanes: LaneRecorder,
  k: Kernel,
  from_ns: number,
  to_ns: number,
): Lanes {
  const cpus = k.cpus.map((cpu): Lane => {
    const track = lanes.cpus[cpu.id];
    const pieces = track
      ? clip(track, from_ns, to_ns, cpu.running.context)
      : { edges: [], contexts: [] };
    return { id: cpu.id, node: cpu.node, ...pieces };
  });
  return { from_ns, to_ns, grain_ns: lanes.grain_ns, cpus };
}

function totalsOf(k: Kernel, cpu: Cpu): number[] {
  const time = cpuTimes(k, cpu);
  return [time.hardirq, time.softirq, time.kthread, time.process, time.user, time.idle];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/// Everything before this moment is laid out.
function laidUntil(track: Track): number {
  return track.origin_ns + sum(track.totals);
}

function layOut(track: Track, totals: number[], oldest_ns: number): void {
  let laid_ns = laidUntil(track);
  totals.forEach((total, kind) => {
    const ns = total - track.totals[kind]!;
    if (ns <= 0) return;
    if (track.kinds[track.kinds.length - 1] !== kind) {
      track.edges.push(laid_ns);
      track.kinds.push(kind);
    }
    laid_ns += ns;
  });
  track.totals = totals;
  let stale = 0;
  while (stale + 1 < track.edges.length && track.edges[stale + 1]! < oldest_ns) stale++;
  // Dropping from the front of an array is dear: in bulk only.
  if (stale > 1_000) {
    track.edges.splice(0, stale);
    track.kinds.splice(0, stale);
  }
}

/// The pieces of a track between two moments; after the last one the CPU does what it runs now.
function clip(track: Track, from_ns: number, to_ns: number, running: LaneContext): Pieces {
  const pieces: Pieces = { edges: [], contexts: [] };
  if (to_ns <= from_ns) return pieces;
  const laid_ns = laidUntil(track);
  const add = (start: number, end: number, context: LaneContext): void => {
    if (end <= from_ns || start >= to_ns) return;
    pieces.edges.push(Math.max(0, start - from_ns));
    pieces.contexts.push(context);
  };
  track.edges.forEach((start, i) =>
    add(start, track.edges[i + 1] ?? laid_ns, contexts[track.kinds[i]!]!),
  );
  add(laid_ns, Math.max(to_ns, laid_ns), running);
  return pieces;
}
