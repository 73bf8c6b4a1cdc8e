/// The start of a run as text: the machine at moment 0, after boot, setup and prelude, computed when
/// the site is built. Typed arrays are written as runs of equal numbers, infinite numbers by name; the
/// description of the host is left out, as the scenario has it.
// The state names a driver by its place in the table: it must be filled, though nobody boots here.
import '../hardware/driver_path.ts';
import type { Kernel } from '../kernel/state.ts';
import type { Scenario } from './scenario.ts';
import type { Snapshot } from './snapshots.ts';

export interface Start {
  readonly scenario: string;
  readonly seed: number;
  readonly prompt: string; // of the terminal's shell
  readonly snapshot: Snapshot;
}

const columns = {
  Int32Array,
  Uint32Array,
  Float64Array,
  Uint8Array,
  Int16Array,
  Uint16Array,
};

/// What JSON cannot say, by the kind of it.
interface Packed {
  readonly $: keyof typeof columns | 'Infinity';
  readonly runs?: readonly (number | null)[]; // count, value, count, value ...; null: Infinity
}

export function packStart(start: Start): string {
  const { snapshot } = start;
  const k = { ...snapshot.k, desc: null };
  return JSON.stringify(pack({ ...start, snapshot: { ...snapshot, k } }));
}

/// The start that a text tells, on the scenario's host.
export function unpackStart(text: string, scenario: Scenario): Start {
  const start = unpack(JSON.parse(text)) as Start;
  if (start.scenario !== scenario.slug)
    throw new Error(`the start of ${start.scenario} was given for ${scenario.slug}`);
  const k: Kernel = { ...start.snapshot.k, desc: scenario.host };
  return { ...start, snapshot: { ...start.snapshot, k } };
}

function pack(value: unknown): unknown {
  if (value === Infinity) return { $: 'Infinity' } satisfies Packed;
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new Error(`a start cannot hold ${value}`);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(pack);
  if (ArrayBuffer.isView(value)) return packColumn(value as Int32Array);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, pack(each)]));
}

function packColumn(column: Int32Array): Packed {
  const name = column.constructor.name as keyof typeof columns;
  if (!(name in columns)) throw new Error(`a start cannot hold a ${name}`);
  const runs: (number | null)[] = [];
  let from = 0;
  column.forEach((value, i) => {
    if (value === column[i + 1]) return;
    runs.push(i + 1 - from, value === Infinity ? null : value);
    from = i + 1;
  });
  return { $: name, runs };
}

function unpack(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(unpack);
  if ('$' in value) return unpackSpecial(value as Packed);
  const made = value as Record<string, unknown>;
  for (const key of Object.keys(made)) made[key] = unpack(made[key]);
  return made;
}

function unpackSpecial({ $, runs = [] }: Packed): unknown {
  if ($ === 'Infinity') return Infinity;
  const pairs = runs.flatMap((_, i) =>
    i % 2 === 0 ? [[runs[i] ?? 0, runs[i + 1] ?? Infinity]] : [],
  );
  const made = new columns[$](pairs.reduce((sum, [count]) => sum + count!, 0));
  let at = 0;
  for (const [count, value] of pairs) made.fill(value!, at, (at += count!));
  return made;
}
