/// Sets of characters for regular expressions: a table for ASCII, ranges and classes beyond it.
/// A character is a Unicode code point. Left out: collation order and locales; beyond ASCII a letter
/// is a character that has an upper and a lower case.

export interface CharSet {
  readonly ascii: Uint8Array; // 128 entries, negation already applied
  readonly ranges: readonly (readonly [number, number])[]; // beyond ASCII
  readonly letters: boolean; // holds the letters beyond ASCII
  readonly negated: boolean; // of what is beyond ASCII
}

const between = (c: number, low: string, high: string): boolean =>
  c >= low.charCodeAt(0) && c <= high.charCodeAt(0);
const digit = (c: number): boolean => between(c, '0', '9');
const lower = (c: number): boolean => between(c, 'a', 'z');
const upper = (c: number): boolean => between(c, 'A', 'Z');
const alpha = (c: number): boolean => lower(c) || upper(c);
const graph = (c: number): boolean => c > 32 && c < 127;

/// The classes that [:name:] knows, as tests on ASCII characters.
export const classes: Readonly<Record<string, (c: number) => boolean>> = {
  alpha,
  digit,
  alnum: (c) => alpha(c) || digit(c),
  upper,
  lower,
  space: (c) => c === 32 || (c >= 9 && c <= 13),
  blank: (c) => c === 32 || c === 9,
  punct: (c) => graph(c) && !alpha(c) && !digit(c),
  print: (c) => c >= 32 && c < 127,
  graph,
  cntrl: (c) => c < 32 || c === 127,
  xdigit: (c) => digit(c) || between(c, 'a', 'f') || between(c, 'A', 'F'),
};

const lettered = new Set(['alpha', 'alnum', 'print', 'graph', 'upper', 'lower']);

export function isWord(c: number): boolean {
  if (c < 128) return alpha(c) || digit(c) || c === 95;
  return isLetter(c);
}

function isLetter(c: number): boolean {
  const text = String.fromCodePoint(c);
  return text.toLowerCase() !== text.toUpperCase();
}

/// Collects a set; `done` turns it round when `negated`, and closes it under case when `icase`.
export function charSetBuilder(icase: boolean): {
  add(low: number, high: number): void;
  addClass(name: string): void;
  done(negated: boolean): CharSet;
} {
  const ascii = new Uint8Array(128);
  const ranges: [number, number][] = [];
  let letters = false;
  const addOne = (c: number): void => {
    if (c < 128) ascii[c] = 1;
    else ranges.push([c, c]);
  };
  return {
    add(low, high) {
      for (let c = low; c <= Math.min(high, 127); c++) ascii[c] = 1;
      if (high >= 128) ranges.push([Math.max(low, 128), high]);
      if (icase && low === high) for (const other of cases(low)) addOne(other);
    },
    addClass(name) {
      const test = classes[name];
      if (!test) throw new Error(`no character class ${name}`);
      for (let c = 0; c < 128; c++) if (test(c)) ascii[c] = 1;
      letters ||= lettered.has(name);
    },
    done(negated) {
      if (icase) {
        for (let c = 65; c <= 90; c++) if (ascii[c] || ascii[c + 32]) ascii[c] = ascii[c + 32] = 1;
      }
      if (negated) for (let c = 0; c < 128; c++) ascii[c] = ascii[c] ? 0 : 1;
      return { ascii, ranges, letters, negated };
    },
  };
}

/// The other case of a character, if it is one code point.
function cases(c: number): number[] {
  const text = String.fromCodePoint(c);
  return [text.toLowerCase(), text.toUpperCase()]
    .map((other) => other.codePointAt(0) ?? c)
    .filter((other, i, all) => other !== c && all.indexOf(other) === i);
}

export function hasChar(set: CharSet, c: number): boolean {
  if (c < 128) return set.ascii[c] === 1;
  const inside =
    set.ranges.some(([low, high]) => c >= low && c <= high) || (set.letters && isLetter(c));
  return inside !== set.negated;
}

/// A set of one character, or of its two cases.
export function oneChar(c: number, icase: boolean): CharSet {
  const builder = charSetBuilder(icase);
  builder.add(c, c);
  return builder.done(false);
}

/// Every character, or every one except those given.
export function anyExcept(...out: number[]): CharSet {
  const builder = charSetBuilder(false);
  for (const c of out) builder.add(c, c);
  return builder.done(true);
}

export function classSet(names: readonly string[], extra: string, negated: boolean): CharSet {
  const builder = charSetBuilder(false);
  for (const name of names) builder.addClass(name);
  for (const ch of extra) builder.add(ch.charCodeAt(0), ch.charCodeAt(0));
  return builder.done(negated);
}
