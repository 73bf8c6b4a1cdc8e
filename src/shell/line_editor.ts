/// The line editor of the terminal: keys in, a new state and an order out. It draws nothing and
/// knows no terminal; line_drawing.ts turns two states into what to print.
/// Left out: vi mode, undo, numeric arguments, kill ring deeper than one.
import { isIncomplete } from './parse.ts';

export interface Editor {
  readonly text: string; // the line being typed; may hold newlines
  readonly cursor: number; // UTF-16 index into it
  readonly above: string; // lines already entered that need more, each with its newline
  readonly at: number; // place in the history; -1: the line being typed
  readonly draft: string; // the line being typed, while the history is shown
  readonly killed: string; // what Ctrl-K, Ctrl-U and Ctrl-W removed last
  readonly search: { readonly query: string; readonly at: number; readonly before: string } | null;
}

export type Order =
  | { readonly kind: 'none' }
  | { readonly kind: 'bell' }
  | { readonly kind: 'run'; readonly line: string } // Enter on a whole command
  | { readonly kind: 'more' } // Enter, but the command goes on: prompt with `> `
  | { readonly kind: 'interrupt' } // Ctrl-C
  | { readonly kind: 'end' } // Ctrl-D on an empty line
  | { readonly kind: 'clear' } // Ctrl-L
  | { readonly kind: 'complete' }; // Tab

interface Pressed {
  readonly editor: Editor;
  readonly order: Order;
}

export const emptyEditor: Editor = {
  text: '',
  cursor: 0,
  above: '',
  at: -1,
  draft: '',
  killed: '',
  search: null,
};

const none: Order = { kind: 'none' };
const bell: Order = { kind: 'bell' };

/// Cuts what a terminal sends into keys: escape sequences, control characters, characters.
export function keysOf(data: string): string[] {
  // eslint-disable-next-line no-control-regex
  return data.match(/\x1b\[[0-9;]*[A-Za-z~]|\x1bO[A-Za-z]|\x1b[^[O]|[\s\S]/gu) ?? [];
}

/// What one key does. `history` is oldest first.
export function press(e: Editor, key: string, history: readonly string[]): Pressed {
  if (e.search) return searching(e, e.search, key, history);
  const edit = EDITS[key];
  if (edit) {
    const editor = edit(e);
    return { editor, order: editor === e ? bell : none };
  }
  switch (key) {
    case '\r':
    case '\n':
      return enter(e);
    case '\t':
      return { editor: e, order: { kind: 'complete' } };
    case '\x03':
      return { editor: { ...emptyEditor, killed: e.killed }, order: { kind: 'interrupt' } };
    case '\x04':
      if (e.text !== '') return press(e, '\x1b[3~', history);
      return { editor: e, order: e.above === '' ? { kind: 'end' } : bell };
    case '\x0c':
      return { editor: e, order: { kind: 'clear' } };
    case '\x10':
    case '\x1b[A':
    case '\x1bOA':
      return older(e, history);
    case '\x0e':
    case '\x1b[B':
    case '\x1bOB':
      return newer(e, history);
    case '\x12':
      return {
        editor: { ...e, search: { query: '', at: history.length, before: e.text } },
        order: none,
      };
    default:
      // eslint-disable-next-line no-control-regex
      if (/^[\x00-\x1f\x7f]/.test(key)) return { editor: e, order: none };
      return { editor: insert(e, key), order: none };
  }
}

/// Puts text in at the cursor, as typing or a completion does.
export function insert(e: Editor, text: string): Editor {
  return {
    ...e,
    text: e.text.slice(0, e.cursor) + text + e.text.slice(e.cursor),
    cursor: e.cursor + text.length,
  };
}

const moved = (e: Editor, cursor: number): Editor => (cursor === e.cursor ? e : { ...e, cursor });

function remove(e: Editor, from: number, to: number, keep = false): Editor {
  if (from === to) return e;
  const killed = keep ? e.text.slice(from, to) : e.killed;
  return { ...e, text: e.text.slice(0, from) + e.text.slice(to), cursor: from, killed };
}

/// One character to the left or right; a pair of surrogates is one.
function left(e: Editor): number {
  const low = /[\udc00-\udfff]/.test(e.text[e.cursor - 1] ?? '') && e.cursor > 1;
  return Math.max(0, e.cursor - (low ? 2 : 1));
}

function right(e: Editor): number {
  const high = /[\ud800-\udbff]/.test(e.text[e.cursor] ?? '');
  return Math.min(e.text.length, e.cursor + (high ? 2 : 1));
}

/// Where the word before the cursor begins; for Ctrl-W a word ends at blanks only.
function wordStart(e: Editor, blanks: boolean): number {
  const before = e.text.slice(0, e.cursor);
  return (
    before.length -
    ((blanks ? /\S+\s*$/ : /[\p{L}\p{N}]+[^\p{L}\p{N}]*$/u).exec(before)?.[0].length ??
      before.length)
  );
}

function wordEnd(e: Editor): number {
  return (
    e.cursor +
    (/^[^\p{L}\p{N}]*[\p{L}\p{N}]+/u.exec(e.text.slice(e.cursor))?.[0].length ??
      e.text.length - e.cursor)
  );
}

const toStart = (e: Editor) => moved(e, 0);
const toEnd = (e: Editor) => moved(e, e.text.length);
const goLeft = (e: Editor) => moved(e, left(e));
const goRight = (e: Editor) => moved(e, right(e));
const backspace = (e: Editor) => remove(e, left(e), e.cursor);
const wordLeft = (e: Editor) => moved(e, wordStart(e, false));
const wordRight = (e: Editor) => moved(e, wordEnd(e));

/// Keys that only change the line. The same editor back means that nothing could be done.
const EDITS: Record<string, (e: Editor) => Editor> = {
  '\x7f': backspace,
  '\b': backspace,
  '\x1b[3~': (e) => remove(e, e.cursor, right(e)),
  '\x1b[D': goLeft,
  '\x1bOD': goLeft,
  '\x02': goLeft,
  '\x1b[C': goRight,
  '\x1bOC': goRight,
  '\x06': goRight,
  '\x01': toStart,
  '\x1b[H': toStart,
  '\x1bOH': toStart,
  '\x1b[1~': toStart,
  '\x05': toEnd,
  '\x1b[F': toEnd,
  '\x1bOF': toEnd,
  '\x1b[4~': toEnd,
  '\x1bb': wordLeft,
  '\x1b[1;5D': wordLeft,
  '\x1b[1;3D': wordLeft,
  '\x1bf': wordRight,
  '\x1b[1;5C': wordRight,
  '\x1b[1;3C': wordRight,
  '\x0b': (e) => remove(e, e.cursor, e.text.length, true),
  '\x15': (e) => remove(e, 0, e.cursor, true),
  '\x17': (e) => remove(e, wordStart(e, true), e.cursor, true),
  '\x1b\x7f': (e) => remove(e, wordStart(e, false), e.cursor, true),
  '\x1bd': (e) => remove(e, e.cursor, wordEnd(e), true),
  '\x19': (e) => (e.killed === '' ? e : insert(e, e.killed)),
};

function enter(e: Editor): Pressed {
  const whole = e.above + e.text;
  if (isIncomplete(whole)) {
    return {
      editor: { ...emptyEditor, killed: e.killed, above: whole + '\n' },
      order: { kind: 'more' },
    };
  }
  return { editor: { ...emptyEditor, killed: e.killed }, order: { kind: 'run', line: whole } };
}

function show(e: Editor, at: number, text: string): Editor {
  return { ...e, at, text, cursor: text.length };
}

function older(e: Editor, history: readonly string[]): Pressed {
  const at = (e.at < 0 ? history.length : e.at) - 1;
  const text = history[at];
  if (text === undefined) return { editor: e, order: bell };
  return { editor: show({ ...e, draft: e.at < 0 ? e.text : e.draft }, at, text), order: none };
}

function newer(e: Editor, history: readonly string[]): Pressed {
  if (e.at < 0) return { editor: e, order: bell };
  const text = history[e.at + 1];
  if (text === undefined) return { editor: show({ ...e, draft: '' }, -1, e.draft), order: none };
  return { editor: show(e, e.at + 1, text), order: none };
}

type Search = NonNullable<Editor['search']>;

/// Ctrl-R: what is typed is looked for, further back at each Ctrl-R.
function searching(e: Editor, search: Search, key: string, history: readonly string[]): Pressed {
  if (key === '\x12') return find(e, search, search.query, search.at - 1, history);
  if (key === '\x7f' || key === '\b')
    return find(e, search, search.query.slice(0, -1), history.length - 1, history);
  if (key === '\x07' || key === '\x03') {
    return {
      editor: { ...e, search: null, text: search.before, cursor: search.before.length },
      order: none,
    };
  }
  // eslint-disable-next-line no-control-regex
  if (!/^[\x00-\x1f\x7f]/.test(key))
    return find(e, search, search.query + key, Math.min(search.at, history.length - 1), history);
  const left: Editor = { ...e, search: null };
  return key === '\x1b' ? { editor: left, order: none } : press(left, key, history);
}

function find(
  e: Editor,
  search: Search,
  query: string,
  from: number,
  history: readonly string[],
): Pressed {
  for (let at = from; at >= 0; at--) {
    const text = history[at] ?? '';
    const index = query === '' ? -1 : text.lastIndexOf(query);
    if (index >= 0)
      return {
        editor: { ...e, text, cursor: index, search: { ...search, query, at } },
        order: none,
      };
  }
  return { editor: { ...e, search: { ...search, query } }, order: query === '' ? none : bell };
}

/// Tab: inserts what all candidates share. When they differ from there on, they are listed.
export function applyCompletions(
  e: Editor,
  from: number,
  words: readonly string[],
): { editor: Editor; list: readonly string[] } {
  const [first] = words;
  if (first === undefined) return { editor: e, list: [] };
  const typed = e.text.slice(from, e.cursor);
  const shared = words.reduce((a, b) => commonStart(a, b), first);
  if (words.length === 1)
    return {
      editor: insert(e, first.slice(typed.length) + (/[/=]$/.test(first) ? '' : ' ')),
      list: [],
    };
  if (shared.length > typed.length)
    return { editor: insert(e, shared.slice(typed.length)), list: [] };
  return { editor: e, list: words };
}

function commonStart(a: string, b: string): string {
  let n = 0;
  while (n < a.length && a[n] === b[n]) n++;
  return a.slice(0, n);
}
