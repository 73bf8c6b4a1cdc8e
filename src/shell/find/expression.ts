/// The expression of find, read into a tree of tests and actions.
import { matches } from '../pattern.ts';

/// What find knows about a file.
export interface Visit {
  readonly path: string; // as printed
  readonly name: string;
  readonly kind: 'file' | 'dir' | 'link';
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly depth: number;
  readonly target: string;
  readonly entries: number; // of a directory
}

export type Action =
  | { readonly kind: 'print'; readonly end: string }
  | { readonly kind: 'printf'; readonly format: string }
  | { readonly kind: 'exec'; readonly words: readonly string[]; readonly together: boolean }
  | { readonly kind: 'delete' | 'prune' | 'quit' | 'ls' };

export type Node =
  | { readonly kind: 'test'; readonly holds: (visit: Visit) => boolean }
  | { readonly kind: 'action'; readonly action: Action }
  | { readonly kind: 'not'; readonly of: Node }
  | { readonly kind: 'and' | 'or' | 'list'; readonly left: Node; readonly right: Node };

export interface Plan {
  readonly root: Node;
  readonly most: number; // -maxdepth
  readonly least: number; // -mindepth
  readonly inner: boolean; // -depth, -delete: what is in a directory comes first
}

export class FindFault extends Error {}
export class FindUnmodelled extends Error {}

const always: Node = { kind: 'test', holds: () => true };
const unmodelled = new Set(
  '-amin -anewer -atime -cmin -cnewer -ctime -fstype -gid -group -ilname -inum -iregex -links -lname -mmin -mtime -newer -nogroup -nouser -ok -okdir -execdir -perm -regex -regextype -samefile -used -user -uid -xtype -fls -fprint -fprintf -context -ls'.split(
    ' ',
  ),
);

export function parseFind(words: readonly string[]): Plan {
  return new Parser(words).plan();
}

class Parser {
  private at = 0;
  private most = Infinity;
  private least = 0;
  private inner = false;
  private acts = false;
  private depth = 0;
  private readonly words: readonly string[];

  constructor(words: readonly string[]) {
    this.words = words;
  }

  plan(): Plan {
    const root = this.words.length === 0 ? always : this.list();
    const rest = this.words[this.at];
    if (rest === ')')
      throw new FindFault("invalid expression; you have used a ')' without a matching '('");
    const print: Node = { kind: 'action', action: { kind: 'print', end: '\n' } };
    return {
      root: this.acts ? root : { kind: 'and', left: root, right: print },
      most: this.most,
      least: this.least,
      inner: this.inner,
    };
  }

  private list(): Node {
    if (++this.depth > 200)
      throw new FindFault('softnet: the expression is nested too deeply here');
    let left = this.or();
    while (this.words[this.at] === ',') {
      this.at++;
      left = { kind: 'list', left, right: this.or() };
    }
    this.depth--;
    return left;
  }

  private or(): Node {
    let left = this.and();
    while (this.words[this.at] === '-o' || this.words[this.at] === '-or') {
      this.at++;
      left = { kind: 'or', left, right: this.and() };
    }
    return left;
  }

  private and(): Node {
    let left = this.not();
    for (;;) {
      const word = this.words[this.at];
      if (word === undefined || [')', '-o', '-or', ','].includes(word)) return left;
      if (word === '-a' || word === '-and') this.at++;
      left = { kind: 'and', left, right: this.not() };
    }
  }

  private not(): Node {
    const word = this.words[this.at];
    if (word !== '!' && word !== '-not') return this.primary();
    this.at++;
    return { kind: 'not', of: this.not() };
  }

  private primary(): Node {
    const word = this.words[this.at++];
    if (word === undefined) throw new FindFault('expected an expression');
    if (word === '(') {
      const inside = this.list();
      if (this.words[this.at++] !== ')')
        throw new FindFault(
          "invalid expression; I was expecting to find a ')' somewhere but did not see one.",
        );
      return inside;
    }
    if (unmodelled.has(word)) throw new FindUnmodelled(word);
    if (!word.startsWith('-')) throw new FindFault(`paths must precede expression: \`${word}'`);
    return this.option(word) ?? this.test(word) ?? this.action(word) ?? unknown(word);
  }

  private argument(word: string): string {
    const value = this.words[this.at++];
    if (value === undefined) throw new FindFault(`missing argument to \`${word}'`);
    return value;
  }

  private option(word: string): Node | null {
    if (word === '-maxdepth' || word === '-mindepth') {
      const text = this.argument(word);
      if (!/^\d+$/.test(text))
        throw new FindFault(
          `Expected a positive decimal integer argument to ${word}, but got '${text}'`,
        );
      if (word === '-maxdepth') this.most = Number(text);
      else this.least = Number(text);
      return always;
    }
    if (word === '-depth' || word === '-d') {
      this.inner = true;
      return always;
    }
    return [
      '-follow',
      '-mount',
      '-xdev',
      '-noleaf',
      '-warn',
      '-nowarn',
      '-daystart',
      '-ignore_readdir_race',
    ].includes(word)
      ? always
      : null;
  }

  private test(word: string): Node | null {
    const test = (holds: (visit: Visit) => boolean): Node => ({ kind: 'test', holds });
    switch (word) {
      case '-name':
      case '-iname': {
        const pattern = this.argument(word);
        return test(({ name }) => matches(pattern, name, word === '-iname'));
      }
      case '-path':
      case '-wholename':
      case '-ipath': {
        const pattern = this.argument(word);
        return test(({ path }) => matches(pattern, path, word === '-ipath'));
      }
      case '-type':
        return test(this.type(this.argument(word)));
      case '-size':
        return test(size(this.argument(word)));
      case '-empty':
        return test(({ kind, size: bytes, entries }) =>
          kind === 'dir' ? entries === 0 : kind === 'file' && bytes === 0,
        );
      case '-readable':
      case '-writable':
      case '-executable': {
        const bit = word === '-readable' ? 0o444 : word === '-writable' ? 0o222 : 0o111;
        return test(({ mode }) => (mode & bit) !== 0);
      }
      case '-true':
        return always;
      case '-false':
        return test(() => false);
      default:
        return null;
    }
  }

  private type(text: string): (visit: Visit) => boolean {
    const kinds = text.split(',').map((letter) => {
      if (!/^[bcdpflsD]$/.test(letter))
        throw new FindFault(`Unknown argument to -type: ${text.charAt(0)}`);
      return letter === 'f' ? 'file' : letter === 'd' ? 'dir' : letter === 'l' ? 'link' : letter;
    });
    return ({ kind }) => kinds.includes(kind);
  }

  private action(word: string): Node | null {
    const action = (what: Action): Node => {
      this.acts ||= what.kind !== 'prune' && what.kind !== 'quit';
      return { kind: 'action', action: what };
    };
    switch (word) {
      case '-print':
        return action({ kind: 'print', end: '\n' });
      case '-print0':
        return action({ kind: 'print', end: '\0' });
      case '-printf':
        return action({ kind: 'printf', format: this.argument(word) });
      case '-delete':
        this.inner = true;
        return action({ kind: 'delete' });
      case '-prune':
        return action({ kind: 'prune' });
      case '-quit':
        return action({ kind: 'quit' });
      case '-exec':
        return action(this.exec());
      default:
        return null;
    }
  }

  private exec(): Action {
    const words: string[] = [];
    for (;;) {
      const word = this.words[this.at++];
      if (word === undefined) throw new FindFault("missing argument to `-exec'");
      if (word === ';') return { kind: 'exec', words, together: false };
      if (word === '+' && words.at(-1) === '{}')
        return { kind: 'exec', words: words.slice(0, -1), together: true };
      words.push(word);
    }
  }
}

function unknown(word: string): never {
  throw new FindFault(`unknown predicate \`${word}'`);
}

const units: Readonly<Record<string, number>> = {
  c: 1,
  w: 2,
  b: 512,
  k: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
};

/// -size +4k: in units, rounded up.
function size(text: string): (visit: Visit) => boolean {
  const match = /^([-+]?)(\d+)([cwbkMG]?)$/.exec(text);
  if (!match) throw new FindFault(`invalid argument \`${text}' to \`-size'`);
  const [, sign, count, unit = ''] = match;
  const scale = units[unit] ?? 512;
  return ({ size: bytes }) => {
    const whole = Math.ceil(bytes / scale);
    return sign === '+'
      ? whole > Number(count)
      : sign === '-'
        ? whole < Number(count)
        : whole === Number(count);
  };
}
