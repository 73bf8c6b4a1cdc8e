/// The sets of tr: a-z, \n, \012, [:alpha:], [=x=], and in the second set [x*3] and [x*].
import { toBytes } from './bytes.ts';
import { quoted } from './names.ts';
import { classes } from './regex/charset.ts';

export class SetError extends Error {}

export interface TrSet {
  readonly bytes: readonly number[];
  /// Where in `bytes` a class begins: upper and lower pair up.
  readonly classes: readonly { readonly at: number; readonly name: string }[];
}

const escapes: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
};

interface Char {
  readonly byte: number;
  readonly escaped: boolean;
}

/// Expands a set. `fill` is the length that [x*] fills the second set up to.
export function expandSet(source: string, second: boolean, fill = 0): TrSet {
  const chars = unescape(source);
  const plain = (i: number): string => {
    const char = chars[i];
    return char && !char.escaped ? String.fromCharCode(char.byte) : '';
  };
  const bytes: number[] = [];
  const found: { at: number; name: string }[] = [];
  let filler: { at: number; byte: number } | null = null;
  for (let i = 0; i < chars.length;) {
    const byte = (chars[i] as Char).byte;
    const text = chars
      .slice(i, i + 40)
      .map((_, k) => plain(i + k) || '\0')
      .join('');
    const named = /^\[([:=])([^\0]*?)\1\]/.exec(text);
    if (named) {
      i += addNamed(named, bytes, found);
      continue;
    }
    const repeat =
      plain(i) === '[' && plain(i + 2) === '*' ? /^\*(\d*)\]/.exec(text.slice(2)) : null;
    if (repeat) {
      const wanted = (chars[i + 1] as Char).byte;
      const [whole, count = ''] = repeat;
      const times = count.startsWith('0') ? parseInt(count, 8) : Number(count || 0);
      if (times === 0 && !second)
        throw new SetError('the [c*] repeat construct may not appear in string1');
      if (times === 0) filler = { at: bytes.length, byte: wanted };
      else for (let k = 0; k < Math.min(times, 100_000); k++) bytes.push(wanted);
      i += 2 + whole.length;
      continue;
    }
    if (plain(i + 1) === '-' && i + 2 < chars.length) {
      addRange(byte, (chars[i + 2] as Char).byte, bytes);
      i += 3;
    } else {
      bytes.push(byte);
      i++;
    }
  }
  if (filler)
    bytes.splice(
      filler.at,
      0,
      ...new Array<number>(Math.max(0, fill - bytes.length)).fill(filler.byte),
    );
  return { bytes, classes: found };
}

function addNamed(
  match: RegExpExecArray,
  bytes: number[],
  found: { at: number; name: string }[],
): number {
  const [whole, kind, name = ''] = match;
  if (kind === '=') {
    if (name.length !== 1)
      throw new SetError(`${name}: equivalence class operand must be a single character`);
    bytes.push(name.charCodeAt(0));
    return whole.length;
  }
  const test = classes[name];
  if (!test || !Object.hasOwn(classes, name))
    throw new SetError(`invalid character class ${quoted(name)}`);
  found.push({ at: bytes.length, name });
  for (let c = 0; c < 128; c++) if (test(c)) bytes.push(c);
  return whole.length;
}

function addRange(from: number, to: number, bytes: number[]): void {
  if (to < from) {
    const shown = `${printable(from)}-${printable(to)}`;
    throw new SetError(
      `range-endpoints of ${quoted(shown)} are in reverse collating sequence order`,
    );
  }
  for (let byte = from; byte <= to; byte++) bytes.push(byte);
}

function printable(byte: number): string {
  if (byte >= 32 && byte < 127) return String.fromCharCode(byte);
  return '\\' + byte.toString(8).padStart(3, '0');
}

function unescape(source: string): Char[] {
  const chars: Char[] = [];
  const bytes = toBytes(source);
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    if (byte !== 92 || i + 1 >= bytes.length) {
      chars.push({ byte, escaped: false });
      continue;
    }
    const octal = /^[0-3][0-7]{0,2}|^[0-7]{1,2}/.exec(
      String.fromCharCode(...bytes.subarray(i + 1, i + 4)),
    )?.[0];
    if (octal) {
      chars.push({ byte: parseInt(octal, 8), escaped: true });
      i += octal.length;
      continue;
    }
    const next = bytes[++i] as number;
    chars.push({ byte: escapes[String.fromCharCode(next)] ?? next, escaped: true });
  }
  return chars;
}
