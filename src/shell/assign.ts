/// Assignments: name=value, name+=value, name[key]=value and name=(list).
import type { ArrayValue, Assignment } from 'unbash';
import type { Running } from './command.ts';
import { expandAssigned, expandText, expandWords } from './expand.ts';
import { parseWord } from './parse.ts';
import type { Process } from './process.ts';
import { quoteIfNeeded } from './quote.ts';
import { keyFor, refuseReadonly, set, setElement, toArray } from './variables.ts';

/// The elements of name=(...): with their keys, or in order.
export type ArrayItems = readonly {
  readonly key: string | null;
  readonly text: string;
  readonly append: boolean;
}[];

/// Carries out one assignment. Gives it as `set -x` shows it.
export function* assign(p: Process, a: Assignment): Running<string> {
  const append = a.append ?? false;
  const operator = append ? '+=' : '=';
  if (a.value.type === 'ArrayValue') {
    const items = yield* arrayItems(p, a.value);
    assignArray(p, a.name, items, append);
    return `${a.name}${operator}(${items.map((item) => quoteIfNeeded(item.text)).join(' ')})`;
  }
  const text = yield* expandAssigned(p, a.value);
  if (a.index) {
    const subscript = yield* expandText(p, a.index);
    setElement(p, a.name, keyFor(p, a.name, subscript), text, append);
    return `${a.name}[${subscript}]${operator}${quoteIfNeeded(text)}`;
  }
  set(p, a.name, text, append);
  return `${a.name}${operator}${text === '' ? '' : quoteIfNeeded(text)}`;
}

export function* arrayItems(p: Process, value: ArrayValue): Running<ArrayItems> {
  const items: { key: string | null; text: string; append: boolean }[] = [];
  for (const word of value.elements) {
    const keyed = /^\[((?:[^\]"'\\]|\\.|"[^"]*"|'[^']*')*)\](\+?)=([\s\S]*)$/.exec(word.text);
    if (!keyed) {
      for (const text of yield* expandWords(p, [word]))
        items.push({ key: null, text, append: false });
      continue;
    }
    const key = yield* expandText(p, parseWord(keyed[1] ?? ''));
    const text = keyed[3] === '' ? '' : yield* expandText(p, parseWord(keyed[3] ?? ''));
    items.push({ key, text, append: keyed[2] === '+' });
  }
  return items;
}

export function assignArray(p: Process, name: string, items: ArrayItems, append: boolean): void {
  refuseReadonly(p, name);
  const array = toArray(p, name);
  if (!append) array.items = {};
  if (array.associative) return assignPairs(p, name, items);
  let next = Math.max(-1, ...Object.keys(array.items).map(Number)) + 1;
  for (const item of items) {
    const key = item.key === null ? next : Number(keyFor(p, name, item.key));
    setElement(p, name, String(key), item.text, item.append);
    next = key + 1;
  }
}

/// Without keys the words of an associative array are taken in pairs.
function assignPairs(p: Process, name: string, items: ArrayItems): void {
  const loose: string[] = [];
  for (const item of items) {
    if (item.key === null) loose.push(item.text);
    else setElement(p, name, item.key, item.text, item.append);
  }
  for (let i = 0; i < loose.length; i += 2) setElement(p, name, loose[i] ?? '', loose[i + 1] ?? '');
}
