/// A copy of the world, for rewinding: plain data in, plain data out. Frozen objects are shared, as
/// they cannot change. A pool (an object with numeric `capacity` and `used`) has its typed arrays
/// copied only up to `used`, since nothing above that mark was ever given out, and the copy has room for
/// little more: a power of two. A column of length 0 stands for zeros.
/// Left out: cycles, class instances, Map and Set; the state holds none.

/// Copies plain data: objects, arrays, typed arrays, numbers, strings, booleans and null. The key
/// `trace` is shared, not copied: a trace is a record of the run, not part of its state.
export function clone<T>(plain: T): T {
  return copy(plain) as T;
}

/// A copy, and the memory that it takes, about: typed arrays exactly, everything else 8 bytes a value.
export function cloneAndWeigh<T>(plain: T): { copy: T; bytes: number } {
  weight = 0;
  return { copy: copy(plain) as T, bytes: weight };
}

let weight = 0; // bytes of the copy in hand

type TypedArray = Int32Array | Uint32Array | Float64Array | Uint8Array | Int16Array | Uint16Array;

function copy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  if (Array.isArray(value)) return copyArray(value);
  if (ArrayBuffer.isView(value)) return copyWhole(value as TypedArray);
  return copyObject(value as Record<string, unknown>);
}

function copyArray(list: readonly unknown[]): unknown[] {
  weight += 16 + 8 * list.length;
  const made = list.slice();
  // An engine keeps a list of numbers as such only where nothing else is ever stored.
  if (list.some(isObject)) for (let i = 0; i < made.length; i++) made[i] = copy(made[i]);
  return made;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function copyObject(source: Record<string, unknown>): Record<string, unknown> {
  if (Object.getPrototypeOf(source) !== Object.prototype)
    throw new Error(`${source.constructor?.name ?? 'an object'} is not plain data`);
  // Spreading keeps the engine's hidden class, so code that runs on the original is as fast on the copy.
  const made = { ...source };
  const { capacity, used } = source;
  if (typeof capacity === 'number' && typeof used === 'number') {
    const room = Math.min(capacity, roomFor(used));
    made['capacity'] = room;
    copyFields(made, (column) => copyPart(column, used, room));
  } else copyFields(made, copyWhole);
  return made;
}

function copyFields(
  made: Record<string, unknown>,
  copyColumn: (column: TypedArray) => TypedArray,
): void {
  const values = Object.values(made);
  weight += 16 + 8 * values.length;
  if (!values.some(isObject)) return;
  const keys = Object.keys(made);
  for (let i = 0; i < values.length; i++) {
    const item = values[i];
    if (!isObject(item) || keys[i] === 'trace') continue;
    made[keys[i]!] = ArrayBuffer.isView(item) ? copyColumn(item as TypedArray) : copy(item);
  }
}

function copyWhole(column: TypedArray): TypedArray {
  weight += column.byteLength;
  return column.slice();
}

/// The power of two, 16 at least, that holds that many entries.
export function roomFor(used: number): number {
  let room = 16;
  while (room < used) room *= 2;
  return room;
}

/// The first `used` entries of a column in one of `room` entries; of 0 entries when there is no room.
export function copyPart(column: TypedArray, used: number, room: number): TypedArray {
  const made = new (column.constructor as new (n: number) => TypedArray)(room);
  if (room > 0) made.set(column.subarray(0, used));
  weight += made.byteLength;
  return made;
}
