/// Builds the words that one word of the source becomes. Text arrives in pieces: quoted, literal,
/// or from an expansion (which is split at $IFS). Each field is kept twice: as text, and as a
/// pattern in which quoted characters cannot act as wildcards.
import { quotePattern } from './pattern_syntax.ts';

export interface Field {
  text: string;
  pattern: string;
  wild: boolean; // an unquoted * ? [ is in it
}

export interface Fields {
  readonly done: Field[];
  open: Field | null; // the field that is being built; null: none yet
  readonly ifs: string | null; // null: no splitting, everything is one field
}

export const makeFields = (ifs: string | null): Fields => ({ done: [], open: null, ifs });

const WILD = /[*?[\]]|[+@!]\(/;

function current(f: Fields): Field {
  return (f.open ??= { text: '', pattern: '', wild: false });
}

export function addQuoted(f: Fields, text: string): void {
  const field = current(f);
  field.text += text;
  field.pattern += quotePattern(text);
}

/// Literal text without quotes: wildcards act, nothing is split.
export function addLiteral(f: Fields, text: string): void {
  const field = current(f);
  field.text += text;
  field.pattern += text;
  field.wild ||= WILD.test(text);
}

/// Source text without quotes, in which a backslash quotes the next character.
export function addSource(f: Fields, text: string): void {
  if (!text.includes('\\')) return addLiteral(f, text);
  for (const [piece] of text.matchAll(/\\[\s\S]?|[^\\]+/g)) {
    if (piece[0] !== '\\') addLiteral(f, piece);
    else if (piece === '\\') addQuoted(f, '\\');
    else if (piece !== '\\\n') addQuoted(f, piece.slice(1));
  }
}

/// What an expansion without quotes gave: split at $IFS, wildcards act.
export function addExpanded(f: Fields, text: string): void {
  if (f.ifs === null) {
    if (text !== '') addUnsplit(f, text);
    return;
  }
  let i = 0;
  while (i < text.length) {
    const separator = separatorAt(text, i, f.ifs);
    if (separator > i) {
      endField(f, !isBlankRun(text.slice(i, separator)));
      i = separator;
    } else {
      let end = i;
      while (end < text.length && !f.ifs.includes(text[end] ?? '')) end++;
      addUnsplit(f, text.slice(i, end));
      i = end;
    }
  }
}

/// A backslash from a variable stands for itself in the text, but quotes in the pattern.
function addUnsplit(f: Fields, text: string): void {
  const field = current(f);
  field.text += text;
  field.pattern += text;
  field.wild ||= WILD.test(text);
}

const BLANKS = ' \t\n';
const isBlankRun = (text: string) => [...text].every((c) => BLANKS.includes(c));

/// The end of the separator at `i`: blanks of $IFS around at most one other character of $IFS.
function separatorAt(text: string, i: number, ifs: string): number {
  const blank = (c: string | undefined) => c !== undefined && ifs.includes(c) && BLANKS.includes(c);
  let j = i;
  while (blank(text[j])) j++;
  const c = text[j];
  if (c === undefined || !ifs.includes(c)) return j;
  j++;
  while (blank(text[j])) j++;
  return j;
}

/// Closes the open field. `hard` closes even a field that was never opened: an empty word.
export function endField(f: Fields, hard: boolean): void {
  if (hard) current(f);
  if (f.open) f.done.push(f.open);
  f.open = null;
}

/// Several values, each a field of its own ("$@"); the first joins what came before.
export function addList(
  f: Fields,
  items: readonly string[],
  add: (f: Fields, text: string) => void,
  joint: string,
): void {
  items.forEach((item, i) => {
    if (i > 0) {
      if (f.ifs === null) addQuoted(f, joint);
      else endField(f, false);
    }
    add(f, item);
  });
}

export function finish(f: Fields): Field[] {
  endField(f, false);
  return f.done;
}

/// The only field of an unsplit word; an empty one when nothing was added.
export function single(f: Fields): Field {
  return finish(f)[0] ?? { text: '', pattern: '', wild: false };
}
