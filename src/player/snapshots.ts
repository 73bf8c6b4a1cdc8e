/// Snapshots of a run, so that any moment is at most a short replay away. They are taken where no
/// command is at work, every so many packets or so much time, and thinned out when they need more
/// memory than allowed: first where they stand closest together for their age.
import { clone, cloneAndWeigh, copyPart, roomFor } from '../engine/snapshot.ts';
import type { Trace } from '../engine/trace.ts';
import type { FlowTable, Kernel, SkbPool } from '../kernel/state.ts';
import type { Session } from '../shell/session.ts';
import { isIdle, machineWith } from './machine.ts';
import type { Machine } from './machine.ts';
import { pageOf } from './page_clock.ts';
import type { PageClock } from './page_clock.ts';
import type { ShellProgram } from './shell_program.ts';

/// So many packets are computed anew in less than a frame of the screen; and snapshots that far apart
/// need less than a tenth of the memory of a full trace (npm run bench measures both).
const spacing_packets = 10_000;

export interface Snapshot {
  readonly at_ns: number;
  readonly done: number; // entries typed
  readonly k: Kernel;
  readonly terminal: Session;
  readonly scene: Session;
  readonly bytes: number;
}

export interface Snapshots {
  readonly budget: number; // bytes
  readonly spacing: { readonly ns: number; readonly packets: number };
  list: Snapshot[]; // in order of (at_ns, done); the first is never dropped
  bytes: number;
}

export function createSnapshots(budget: number, spacing_ns: number): Snapshots {
  return { budget, spacing: { ns: spacing_ns, packets: spacing_packets }, list: [], bytes: 0 };
}

/// Whether the machine has come far enough from the snapshot before it to deserve one.
export function isDue(store: Snapshots, m: Machine, clock: PageClock): boolean {
  if (!isIdle(m)) return false;
  const before = store.list[findBefore(store, m.host.k.now, m.done)];
  if (!before || before.done !== m.done) return true;
  return (
    pageOf(clock, m.host.k.now) - pageOf(clock, before.at_ns) >= store.spacing.ns ||
    m.host.k.ledger.offered - before.k.ledger.offered >= store.spacing.packets
  );
}

/// Keeps the state of an idle machine.
export function take(store: Snapshots, m: Machine): void {
  if (!isIdle(m)) throw new Error(`snapshot at ${m.host.k.now} ns while a command runs`);
  const same = store.list[findBefore(store, m.host.k.now, m.done)];
  if (same && same.at_ns === m.host.k.now && same.done === m.done) return;
  const { k, bytes } = copyOf(m.host.k, same?.k ?? null);
  keep(store, {
    at_ns: k.now,
    done: m.done,
    k,
    terminal: clone(m.terminal.session),
    scene: clone(m.scene.session),
    bytes,
  });
}

/// A copy of the host to keep, and the memory it needs beside what it shares with the one before: the
/// sysctls and what is known of the flows seldom change.
function copyOf(host: Kernel, before: Kernel | null): { k: Kernel; bytes: number } {
  const { flows } = host;
  const apart = { desc: NOTHING, sysctl: NOTHING, flows: NOTHING, skbs: NOTHING };
  const rest: Open<Kernel> = { ...host, trace: null, ...apart };
  const { copy: k, bytes } = cloneAndWeigh(rest);
  k.skbs = withoutZeros(host.skbs);
  k.desc = host.desc;
  const same = before !== null && sameFields(host.sysctl, before.sysctl);
  k.sysctl = same ? before.sysctl : { ...host.sysctl };
  k.flows = { ...flows };
  let unshared = (same ? 0 : 8 * Object.keys(k.sysctl).length) + bytesOf(k.skbs);
  for (const key of Object.keys(flows) as (keyof FlowTable)[])
    unshared += copyColumn(k.flows, before?.flows ?? null, key);
  return { k, bytes: bytes + unshared };
}

// In the place of what is copied in another way.
type Open<T> = { -readonly [Field in keyof T]: T[Field] };
const NOTHING = Object.freeze({}) as never;

// Lists, for an engine compares lists faster than fields.
function sameFields(a: Record<string, string>, b: Record<string, string>): boolean {
  return sameItems(Object.keys(a), Object.keys(b)) && sameItems(Object.values(a), Object.values(b));
}

function sameItems(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

/// Puts the column of the table before in place of this one if they are the same, else a copy; the bytes of
/// the copy.
function copyColumn<K extends keyof FlowTable>(
  now: FlowTable,
  before: FlowTable | null,
  key: K,
): number {
  const column = now[key];
  if (!Array.isArray(column)) return 0;
  const other: unknown = before?.[key];
  // With at(): it leaves a list of numbers what it is to the engine, whatever lists it is used on.
  if (
    Array.isArray(other) &&
    other.length === column.length &&
    column.every((value, i) => value === other.at(i))
  ) {
    now[key] = other as FlowTable[K];
    return 0;
  }
  const { copy, bytes } = cloneAndWeigh(column);
  now[key] = copy;
  return bytes;
}

/// Keeps a snapshot in its place among the others.
export function keep(store: Snapshots, snapshot: Snapshot): void {
  const at = findBefore(store, snapshot.at_ns, snapshot.done);
  store.list.splice(at + 1, 0, snapshot);
  store.bytes += snapshot.bytes;
  while (store.bytes > store.budget && store.list.length > 2) dropOne(store);
}

/// The last snapshot at or before a moment with at most `done` entries typed.
export function nearest(store: Snapshots, at_ns: number, done = Infinity): Snapshot {
  const snapshot = store.list[findBefore(store, at_ns, done)];
  if (!snapshot) throw new Error(`no snapshot at or before ${at_ns} ns with ${done} entries typed`);
  return snapshot;
}

/// Forgets what a change of the run has made untrue: every state with more entries typed, or after
/// the moment.
export function cut(store: Snapshots, at_ns: number, done: number): void {
  store.list = store.list.filter((one) => one.done <= done && one.at_ns <= at_ns);
  store.bytes = store.list.reduce((sum, one) => sum + one.bytes, 0);
}

/// A machine in the state of a snapshot.
export function machineAt(
  snapshot: Snapshot,
  trace: Trace | null,
  shell: ShellProgram | null,
): Machine {
  const { k, terminal, scene, done } = snapshot;
  const rest: Open<Kernel> = { ...k, desc: NOTHING, sysctl: NOTHING };
  const host = clone(rest);
  host.desc = k.desc;
  host.sysctl = { ...k.sysctl };
  return machineWith(host, clone(terminal), clone(scene), done, trace, shell);
}

/// Index of the last snapshot at or before (at_ns, done); -1 when there is none.
function findBefore(store: Snapshots, at_ns: number, done: number): number {
  let at = store.list.length - 1;
  while (at >= 0 && (store.list[at]!.at_ns > at_ns || store.list[at]!.done > done)) at--;
  return at;
}

function dropOne(store: Snapshots): void {
  const { list } = store;
  const newest = list[list.length - 1]!.at_ns;
  let victim = 1;
  let least = Infinity;
  for (let i = 1; i < list.length - 1; i++) {
    const gap = list[i + 1]!.at_ns - list[i - 1]!.at_ns;
    const crowd = gap / (newest - list[i]!.at_ns + 1_000_000_000);
    if (crowd < least) {
      least = crowd;
      victim = i;
    }
  }
  store.bytes -= list.splice(victim, 1)[0]!.bytes;
}

/// A copy of the packet pool with empty columns in place of those that hold nothing: most hosts never use
/// most of them. clone() makes zeros of them again.
function withoutZeros(pool: SkbPool): SkbPool {
  const room = Math.min(pool.capacity, roomFor(pool.used));
  const made: Record<string, unknown> = { ...pool, capacity: room };
  for (const [key, column] of Object.entries(pool)) {
    if (!ArrayBuffer.isView(column)) continue;
    const values = column as Int32Array;
    made[key] = copyPart(values, pool.used, isZero(values, pool.used) ? 0 : room);
  }
  return made as unknown as SkbPool;
}

function isZero(column: Int32Array, used: number): boolean {
  for (let i = 0; i < used; i++) if (column[i] !== 0) return false;
  return true;
}

function bytesOf(pool: SkbPool): number {
  let bytes = 0;
  for (const column of Object.values(pool))
    if (ArrayBuffer.isView(column)) bytes += column.byteLength;
  return bytes;
}
