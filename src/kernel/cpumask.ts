/// CPU masks and lists as the kernel reads and prints them: hexadecimal groups of 32 bits
/// (smp_affinity, rps_cpus) and lists of ranges (smp_affinity_list). A mask is an array of 32-bit
/// words, lowest first, as state.ts keeps it.
/// Stands for lib/bitmap-str.c and for the %*pb and %*pbl formats of lib/vsprintf.c.
/// Left out: relative bitmaps.
import type { ErrnoName } from './errno.ts';

/// Mask words, or the name of the error with which the kernel refuses the text.
export type ParsedMask = readonly number[] | ErrnoName;

/// A mask of `bits` bits with none set.
export function emptyMask(bits: number): number[] {
  return new Array<number>(Math.max(1, Math.ceil(bits / 32))).fill(0);
}

/// A mask of `bits` bits with these CPUs set.
export function maskOf(cpus: Iterable<number>, bits: number): number[] {
  const mask = emptyMask(bits);
  for (const cpu of cpus) setBit(mask, cpu);
  return mask;
}

/// The CPUs in a mask, ascending.
export function cpusIn(mask: readonly number[]): number[] {
  const cpus: number[] = [];
  mask.forEach((word, index) => {
    for (let bit = 0; bit < 32; bit++) if ((word >>> bit) & 1) cpus.push(index * 32 + bit);
  });
  return cpus;
}

/// True when the mask holds this CPU.
export function maskHas(mask: readonly number[], cpu: number): boolean {
  return (((mask[cpu >> 5] ?? 0) >>> (cpu & 31)) & 1) === 1;
}

/// The CPUs that are in both masks, as wide as the first.
export function maskAnd(a: readonly number[], b: readonly number[]): number[] {
  return a.map((word, index) => (word & (b[index] ?? 0)) >>> 0);
}

/// True when no bit is set.
export function maskIsEmpty(mask: readonly number[]): boolean {
  return mask.every((word) => word === 0);
}

/// Hexadecimal, padded to `bits`, in groups of eight digits: `%*pb`.
export function printMask(mask: readonly number[], bits: number): string {
  const groups: string[] = [];
  for (let low = 0; low < bits; low += 32) {
    const digits = Math.ceil(Math.min(32, bits - low) / 4);
    groups.unshift((mask[low >> 5] ?? 0).toString(16).padStart(digits, '0'));
  }
  return groups.join(',');
}

/// A list of numbers and ranges, `0-3,6`: `%*pbl`.
export function printList(mask: readonly number[]): string {
  const parts: string[] = [];
  const cpus = cpusIn(mask);
  for (let first = 0; first < cpus.length;) {
    let last = first;
    while (cpus[last + 1] === (cpus[last] ?? 0) + 1) last++;
    parts.push(first === last ? `${cpus[first]}` : `${cpus[first]}-${cpus[last]}`);
    first = last + 1;
  }
  return parts.join(',');
}

/// Reads hexadecimal groups separated by commas or blanks, up to the first newline. Nothing at all is
/// an empty mask. EINVAL: not a hexadecimal digit; EOVERFLOW: a group longer than eight digits, more
/// groups than the mask has, or a bit beyond `bits`.
export function parseMask(text: string, bits: number): ParsedMask {
  const line = text.split('\n', 1)[0] ?? '';
  const groups = line.split(/[\s,]+/).filter((group) => group !== '');
  const mask = emptyMask(bits);
  // The kernel reads from the end, so of several faults the one furthest right is reported.
  for (const [index, group] of groups.reverse().entries()) {
    if (index >= mask.length) return 'EOVERFLOW';
    const tail = group.slice(-8);
    if (!/^[0-9a-f]+$/i.test(tail)) return 'EINVAL';
    if (group.length > 8) return /[0-9a-f]/i.test(group.at(-9) ?? '') ? 'EOVERFLOW' : 'EINVAL';
    mask[index] = Number.parseInt(group, 16);
  }
  return cpusIn(mask).some((cpu) => cpu >= bits) ? 'EOVERFLOW' : mask;
}

/// Reads a list of numbers and ranges: `0-3`, `1,3`, `all`, `N` for the last bit, `0-31:2/4` for two of
/// every four. ERANGE: a bit beyond `bits`; EINVAL: anything else that it cannot read.
export function parseList(text: string, bits: number): ParsedMask {
  const line = text.split('\n', 1)[0] ?? '';
  const mask = emptyMask(bits);
  for (const region of line.split(/[\s,]+/)) {
    if (region === '') continue;
    const fault = setRegion(mask, region, bits);
    if (fault) return fault;
  }
  return mask;
}

const regionForm = /^(?:(all)|(\d+|N)(?:-(\d+|N))?)(?::(\d+|N)\/(\d+|N))?$/i;

function setRegion(mask: number[], region: string, bits: number): ErrnoName | null {
  const match = regionForm.exec(region);
  if (!match) return 'EINVAL';
  const [, all, from, to, used, group] = match;
  // A single number takes no pattern: only a range or `all` does.
  if (used !== undefined && all === undefined && to === undefined) return 'EINVAL';
  const numbers = [from, to, used, group].map((word) => bitNumber(word, bits));
  if (numbers.some((number) => number !== undefined && number > 0xffff_ffff)) return 'EOVERFLOW';
  const start = all === undefined ? (numbers[0] ?? 0) : 0;
  const end = all === undefined ? (numbers[1] ?? start) : bits - 1;
  const each = numbers[2] ?? end + 1;
  const every = numbers[3] ?? end + 1;
  if (start > end || every === 0 || each > every) return 'EINVAL';
  if (end >= bits) return 'ERANGE';
  for (let at = start; at <= end; at++) if ((at - start) % every < each) setBit(mask, at);
  return null;
}

function bitNumber(word: string | undefined, bits: number): number | undefined {
  if (word === undefined) return undefined;
  return word === 'N' ? bits - 1 : Number(word);
}

function setBit(mask: number[], bit: number): void {
  const word = bit >> 5;
  mask[word] = ((mask[word] ?? 0) | (1 << (bit & 31))) >>> 0;
}
