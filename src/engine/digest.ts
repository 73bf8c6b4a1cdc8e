/// A short fingerprint of plain data, to compare two runs. Two 32-bit lanes of a multiply-xor hash
/// over a canonical walk: keys in their order, numbers by their bits, pools up to their used mark.
/// Not cryptographic. The key `trace` is left out: a traced run has the digest of an untraced one.

/// Sixteen hex digits. Throws on what is not plain data.
export function digest(plain: unknown): string {
  const lanes: Lanes = { a: 0x811c9dc5, b: 0x2545f491 };
  walk(lanes, plain);
  return hex(finish(lanes.a)) + hex(finish(lanes.b ^ lanes.a));
}

interface Lanes {
  a: number;
  b: number;
}

const cell = new Float64Array(1);
const words = new Uint32Array(cell.buffer);

function walk(lanes: Lanes, value: unknown): void {
  switch (typeof value) {
    case 'number':
      return number(lanes, value);
    case 'string':
      return text(lanes, value);
    case 'boolean':
      return word(lanes, value ? 3 : 2);
    case 'undefined':
      return word(lanes, 1);
    case 'object':
      if (value === null) return word(lanes, 4);
      if (ArrayBuffer.isView(value)) return column(lanes, value as Float64Array, Infinity);
      if (Array.isArray(value)) {
        word(lanes, 0x5b000000 ^ value.length);
        for (const item of value) walk(lanes, item);
        return;
      }
      return record(lanes, value as Record<string, unknown>);
    default:
      throw new Error(`a ${typeof value} is not plain data`);
  }
}

function record(lanes: Lanes, value: Record<string, unknown>): void {
  const used = value['used'];
  const limit = typeof value['capacity'] === 'number' && typeof used === 'number' ? used : Infinity;
  word(lanes, 0x7b);
  for (const key in value) {
    // How much room a pool has is not part of what it holds.
    if (key === 'trace' || (key === 'capacity' && limit !== Infinity)) continue;
    text(lanes, key);
    const item = value[key];
    if (ArrayBuffer.isView(item)) column(lanes, item as Float64Array, limit);
    else walk(lanes, item);
  }
  word(lanes, 0x7d);
}

function column(lanes: Lanes, values: Float64Array, limit: number): void {
  const end = Math.min(values.length, limit);
  word(lanes, 0x5d000000 ^ end);
  for (let i = 0; i < end; i++) number(lanes, values[i]!);
}

function number(lanes: Lanes, value: number): void {
  cell[0] = value === 0 ? 0 : value; // -0 and 0 are the same state
  word(lanes, words[0]!);
  word(lanes, words[1]!);
}

function text(lanes: Lanes, value: string): void {
  word(lanes, 0x22000000 ^ value.length);
  for (let i = 0; i < value.length; i++) word(lanes, value.charCodeAt(i));
}

function word(lanes: Lanes, value: number): void {
  lanes.a = Math.imul(lanes.a ^ value, 0x01000193) ^ (lanes.a >>> 15);
  lanes.b = (Math.imul(lanes.b ^ value, 0x85ebca6b) + 0x9e3779b9) ^ (lanes.b >>> 13);
}

function finish(h: number): number {
  h ^= h >>> 16;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 13)) >>> 0;
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
