/// AWK's values. A text from outside (a field, getline, -v) that looks like a number counts as one in
/// comparisons: POSIX's numeric strings.
import { general, fixed, scientific, integerText } from '../decimal.ts';

/// Text from outside.
export class UserText {
  readonly text: string;
  private number: number | null | undefined;

  constructor(text: string) {
    this.text = text;
  }

  /// Its number, or null where it does not look like one.
  numeric(): number | null {
    if (this.number === undefined)
      this.number = looksNumeric(this.text) ? leadingNumber(this.text) : null;
    return this.number;
  }
}

/// undefined: never set, which is both '' and 0.
export type Value = number | string | UserText | undefined;

const numeric = /^[ \t\n\r\f\v]*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?[ \t\n\r\f\v]*$/;
const special = /^[ \t\n\r\f\v]*[-+](?:inf|nan)[ \t\n\r\f\v]*$/i;
const leading = /^[ \t\n\r\f\v]*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)/;

function looksNumeric(text: string): boolean {
  return numeric.test(text) || special.test(text);
}

/// The number at the beginning of a text, or 0.
export function leadingNumber(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  const match = leading.exec(text);
  if (match) return Number(match[1]);
  const word = special.exec(text)?.[0].trim().toLowerCase();
  if (word === undefined) return 0;
  return word.endsWith('nan') ? NaN : word.startsWith('-') ? -Infinity : Infinity;
}

export function toNumber(value: Value): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return leadingNumber(value);
  if (value === undefined) return 0;
  return value.numeric() ?? leadingNumber(value.text);
}

/// `format` is CONVFMT, or OFMT for print.
export function toText(value: Value, format: string): string {
  if (typeof value === 'string') return value;
  if (value === undefined) return '';
  return typeof value === 'number' ? numberText(value, format) : value.text;
}

export function toBoolean(value: Value): boolean {
  if (typeof value === 'number') return value !== 0;
  if (typeof value === 'string') return value !== '';
  if (value === undefined) return false;
  const number = value.numeric();
  return number === null ? value.text !== '' : number !== 0;
}

function numberText(x: number, format: string): string {
  if (Number.isInteger(x)) return Math.abs(x) < 1e15 ? String(x === 0 ? 0 : x) : integerText(x);
  if (!Number.isFinite(x)) return infiniteText(x);
  if (format === '%.6g') return (x < 0 ? '-' : '') + general(x, 6);
  return convert(x, format);
}

/// gawk writes a sign before nan and inf. The sign of a NaN is that of x86: results of impossible
/// operations are negative.
export function infiniteText(x: number): string {
  if (Number.isNaN(x)) return '-nan';
  return x < 0 ? '-inf' : '+inf';
}

/// A CONVFMT or OFMT other than the usual one: the first conversion in it.
function convert(x: number, format: string): string {
  const match = /^([^%]*)%([-+ #0]*)(\d*)(?:\.(\d*))?([a-zA-Z])([^]*)$/.exec(format);
  if (!match) return format;
  const [, before = '', flags = '', width = '', precision, letter = '', after = ''] = match;
  const digits = Math.min(precision === undefined ? 6 : Number(precision), 400);
  const minus = x < 0 ? '-' : flags.includes('+') ? '+' : '';
  const body = plainDigits(Math.abs(x), letter, digits);
  const text = minus + body;
  const padded = flags.includes('-')
    ? text.padEnd(Math.min(Number(width), 10_000))
    : text.padStart(Math.min(Number(width), 10_000));
  return before + padded + after;
}

function plainDigits(x: number, letter: string, digits: number): string {
  switch (letter) {
    case 'd':
    case 'i':
      return integerText(Math.trunc(x));
    case 'f':
    case 'F':
      return fixed(x, digits);
    case 'e':
    case 'E':
      return letter === 'E' ? scientific(x, digits).toUpperCase() : scientific(x, digits);
    case 'G':
      return general(x, digits).toUpperCase();
    default:
      return general(x, digits);
  }
}

/// Whether a value counts as a number in a comparison.
function isNumeric(value: Value): boolean {
  if (typeof value === 'number' || value === undefined) return true;
  return typeof value !== 'string' && value.numeric() !== null;
}

/// Negative, zero or positive; NaN where a NaN takes part, which no comparison holds for.
export function compare(a: Value, b: Value, format: string): number {
  if (isNumeric(a) && isNumeric(b) && !(a === undefined && b === undefined)) {
    const [x, y] = [toNumber(a), toNumber(b)];
    return x < y ? -1 : x > y ? 1 : x === y ? 0 : NaN;
  }
  const [x, y] = [toText(a, format), toText(b, format)];
  return x < y ? -1 : x > y ? 1 : 0;
}
