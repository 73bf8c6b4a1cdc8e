/// The orders of sort: by bytes, numbers, sizes with units, months, versions.
import type { Ordering } from './keys.ts';

/// What a key becomes before lines are compared: a number, or a text.
export type Value = number | string | readonly (string | number)[];

export function valueOf(text: string, order: Ordering): Value {
  if (order.numeric) return numericValue(text);
  if (order.general) return generalValue(text);
  if (order.human) return humanValue(text);
  if (order.month) return monthValue(text);
  return textValue(text, order);
}

export function compareValues(a: Value, b: Value, order: Ordering): number {
  const sign = order.reverse ? -1 : 1;
  if (order.version) return sign * compareVersions(String(a), String(b));
  if (typeof a === 'object' && typeof b === 'object') return sign * compareDecimals(a, b);
  return sign * (a < b ? -1 : a > b ? 1 : 0);
}

function textValue(text: string, order: Ordering): string {
  let result = text;
  if (order.dictionary) result = result.replace(/[^A-Za-z0-9 \t]/g, '');
  if (order.printable) result = result.replace(/[^ -~]/g, '');
  return order.fold ? result.replace(/[a-z]/g, (ch) => ch.toUpperCase()) : result;
}

/// A number in digits, of any length: sign, digits before the point, digits after it.
function numericValue(text: string): readonly (string | number)[] {
  const [, minus = '', whole = '', rest = ''] = /^[ \t]*(-?)(\d*)(?:\.(\d*))?/.exec(text) ?? [];
  const digits = whole.replace(/^0+/, '');
  const fraction = rest.replace(/0+$/, '');
  const zero = digits === '' && fraction === '';
  return [zero ? 0 : minus ? -1 : 1, digits, fraction];
}

function compareDecimals(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  const [signA = 0, wholeA = '', restA = ''] = a;
  const [signB = 0, wholeB = '', restB = ''] = b;
  if (signA !== signB) return signA < signB ? -1 : 1;
  const longer = String(wholeA).length - String(wholeB).length;
  const order =
    longer !== 0
      ? longer
      : compareText(String(wholeA), String(wholeB)) || compareText(String(restA), String(restB));
  return Number(signA) * order;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

// What is not a number comes before every number; a NaN before those.
function generalValue(text: string): number {
  const match =
    /^\s*([-+]?(?:0[xX][\da-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|inf(?:inity)?))/i.exec(
      text,
    );
  if (!match) return -Number.MAX_VALUE * 2;
  const word = (match[1] ?? '').toLowerCase();
  if (word.includes('inf')) return word.startsWith('-') ? -Number.MAX_VALUE : Infinity;
  if (/^[-+]0x/.test(word)) return Number(word.slice(1)) * (word.startsWith('-') ? -1 : 1);
  return Number(word);
}

const units = 'KMGTPEZYRQ';

/// 2K < 1M: the unit counts before the digits, as in the real tool.
function humanValue(text: string): readonly (string | number)[] {
  const [sign = 0, whole = '', rest = ''] = numericValue(text);
  const unit = /^[ \t]*-?\d*(?:\.\d*)?([kKMGTPEZYRQ])/.exec(text)?.[1]?.toUpperCase();
  const power = sign === 0 || unit === undefined ? 0 : units.indexOf(unit) + 1;
  // Longer digits compare as greater, so the unit becomes digits before all others.
  return [sign, `${String.fromCharCode(97 + power)}${String(whole).padStart(320, '0')}`, rest];
}

const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];

function monthValue(text: string): number {
  return months.indexOf(text.trimStart().slice(0, 3).toUpperCase());
}

/// As filevercmp() of gnulib orders: runs of digits as numbers, `~` before the end of the text,
/// letters before other characters, a file suffix such as .tar.gz last.
export function compareVersions(a: string, b: string): number {
  if (a === b) return 0;
  for (const special of ['', '.', '..']) {
    if (a === special) return -1;
    if (b === special) return 1;
  }
  if (a.startsWith('.') !== b.startsWith('.')) return a.startsWith('.') ? -1 : 1;
  const stemA = a.slice(0, suffixStart(a));
  const stemB = b.slice(0, suffixStart(b));
  const order = stemA === stemB ? 0 : compareRuns(stemA, stemB);
  return order !== 0 ? order : compareRuns(a, b);
}

function suffixStart(text: string): number {
  const match = /(?:\.[A-Za-z~][A-Za-z0-9~]*)*$/.exec(text);
  const at = match ? match.index : text.length;
  return at === 0 ? text.length : at;
}

function charOrder(ch: string | undefined): number {
  if (ch === undefined || /\d/.test(ch)) return 0;
  if (ch === '~') return -2;
  return /[A-Za-z]/.test(ch) ? ch.charCodeAt(0) : ch.charCodeAt(0) + 256;
}

function compareRuns(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    while ((i < a.length && !/\d/.test(a.charAt(i))) || (j < b.length && !/\d/.test(b.charAt(j)))) {
      const difference =
        (i < a.length ? charOrder(a[i]) : -1) - (j < b.length ? charOrder(b[j]) : -1);
      if (difference !== 0) return difference;
      i++;
      j++;
    }
    const digitsA = /^\d*/.exec(a.slice(i))?.[0] ?? '';
    const digitsB = /^\d*/.exec(b.slice(j))?.[0] ?? '';
    const order = compareDecimals(
      [1, digitsA.replace(/^0+/, ''), ''],
      [1, digitsB.replace(/^0+/, ''), ''],
    );
    if (order !== 0) return order;
    i += digitsA.length;
    j += digitsB.length;
    if (digitsA === '' && digitsB === '' && i >= a.length && j >= b.length) break;
  }
  return 0;
}
