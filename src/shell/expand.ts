/// Word expansion in bash's order: braces, tilde, parameters, $( ), $(( )), splitting, pathnames,
/// quote removal. A word's parts are already parsed; this walks them.
/// Left out: history expansion with `!`.
import type { DoubleQuotedChild, ExtendedGlobPart, Word, WordPart } from 'unbash';
import { evaluate } from './arithmetic.ts';
import { expandBraces, WORD_LIMIT } from './brace.ts';
import type { Running } from './command.ts';
import { expandParameter, expandSimple } from './expand_parameter.ts';
import type { Value } from './expand_parameter.ts';
import {
  addExpanded,
  addList,
  addLiteral,
  addQuoted,
  addSource,
  endField,
  finish,
  makeFields,
  single,
} from './fields.ts';
import type { Field, Fields } from './fields.ts';
import { glob } from './glob.ts';
import { parseWord } from './parse.ts';
import { isPattern } from './pattern_syntax.ts';
import { Abort, contextOf, errorPrefix } from './process.ts';
import type { Process } from './process.ts';
import { commandSubstitution, processSubstitution } from './substitution.ts';
import { get, ifs } from './variables.ts';

/// All words of a command, fully expanded.
export function* expandWords(p: Process, words: readonly Word[]): Running<string[]> {
  const out: string[] = [];
  for (const word of words) {
    if (isPlain(word)) {
      out.push(word.value);
      continue;
    }
    for (const field of yield* expandFields(p, word)) out.push(...pathnames(p, field));
    if (out.length > WORD_LIMIT) {
      throw new Abort(`softnet: more than ${WORD_LIMIT} words in one command are not allowed here`);
    }
  }
  return out;
}

/// Nothing in it can expand, so most words of most commands end here.
function isPlain(word: Word): boolean {
  return word.parts === undefined && word.text === word.value && word.text[0] !== '~';
}

function* expandFields(p: Process, word: Word): Running<Field[]> {
  if (word.parts?.some((part) => part.type === 'BraceExpansion')) {
    const texts = expandBraces(word.text);
    if (texts.length !== 1 || texts[0] !== word.text) {
      const fields: Field[] = [];
      for (const text of texts)
        if (text !== '') fields.push(...(yield* splitWord(p, parseWord(text))));
      return fields;
    }
  }
  return yield* splitWord(p, word);
}

function* splitWord(p: Process, word: Word): Running<Field[]> {
  const fields = makeFields(ifs(p));
  yield* addWord(p, fields, word, false);
  return finish(fields);
}

function pathnames(p: Process, field: Field): string[] {
  const options = p.session.options;
  if (!field.wild || options['noglob'] || !isPattern(field.pattern)) return [field.text];
  const found = glob(p.machine.fs, contextOf(p), field.pattern, {
    dotglob: options['dotglob'] ?? false,
    nocaseglob: options['nocaseglob'] ?? false,
    globstar: options['globstar'] ?? false,
  });
  if (found.length > 0) return found;
  if (options['failglob']) throw new Abort(`${errorPrefix(p)}no match: ${field.text}`);
  return options['nullglob'] ? [] : [field.text];
}

/// One word without splitting or pathnames: assignments, `case` words, here-strings.
export function* expandText(p: Process, word: Word): Running<string> {
  if (isPlain(word)) return word.value;
  return (yield* expandSingle(p, word)).text;
}

/// The same as a pattern: quoted characters cannot act as wildcards.
export function* expandPattern(p: Process, word: Word): Running<string> {
  return (yield* expandSingle(p, word)).pattern;
}

function* expandSingle(p: Process, word: Word): Running<Field> {
  const fields = makeFields(null);
  yield* addWord(p, fields, word, false);
  return single(fields);
}

/// The value of an assignment: a tilde counts after `=` and after each `:`.
export function* expandAssigned(p: Process, word: Word): Running<string> {
  if (word.parts === undefined && word.text === word.value && word.text.includes('~')) {
    return word.text
      .split(':')
      .map((piece) => tilde(p, piece))
      .join(':');
  }
  return yield* expandText(p, word);
}

export function* addWord(p: Process, fields: Fields, word: Word, quoted: boolean): Running<void> {
  if (word.parts) {
    const [first, ...rest] = word.parts;
    if (!quoted && first?.type === 'Literal' && first.text[0] === '~')
      addTilde(p, fields, first.text);
    else if (first) yield* addPart(p, fields, first, quoted);
    for (const part of rest) yield* addPart(p, fields, part, quoted);
  } else if (quoted) addQuoted(fields, word.value);
  else if (word.text[0] === '~') addTilde(p, fields, word.text);
  else if (word.text !== '') addSource(fields, word.text);
}

function addTilde(p: Process, fields: Fields, text: string): void {
  const done = tilde(p, text);
  if (done === text) return addSource(fields, text);
  const name = /^~[^/]*/.exec(text)?.[0] ?? '~';
  addQuoted(fields, tilde(p, name));
  addSource(fields, text.slice(name.length));
}

const HOMES: Record<string, string> = { root: '/root', alice: '/home/alice' };

function tilde(p: Process, text: string): string {
  const found = /^~([A-Za-z_][\w.-]*|[+-])?(?=\/|$)/.exec(text);
  if (!found) return text;
  const name = found[1];
  const home =
    name === undefined
      ? (get(p, 'HOME') ?? HOMES[p.session.user])
      : name === '+'
        ? get(p, 'PWD')
        : name === '-'
          ? get(p, 'OLDPWD')
          : HOMES[name];
  return home === undefined ? text : home + text.slice(found[0].length);
}

function* addPart(p: Process, fields: Fields, part: WordPart, quoted: boolean): Running<void> {
  switch (part.type) {
    case 'Literal':
      return quoted ? addQuoted(fields, part.value) : addSource(fields, part.text);
    case 'SingleQuoted':
    case 'AnsiCQuoted':
      return addQuoted(fields, part.value);
    case 'DoubleQuoted':
    case 'LocaleString':
      return yield* addDoubleQuoted(p, fields, part.parts);
    case 'SimpleExpansion':
      return addValue(p, fields, expandSimple(p, part.text.slice(1)), quoted);
    case 'ParameterExpansion':
      return yield* addParameter(p, fields, part, quoted);
    case 'CommandExpansion':
      return add(fields, yield* commandSubstitution(p, part), quoted);
    case 'ArithmeticExpansion':
      return add(fields, String(yield* arithmeticText(p, arithmeticSource(part.text))), quoted);
    case 'ProcessSubstitution':
      return addQuoted(fields, yield* processSubstitution(p, part));
    case 'Glob':
      if (part.kind !== 'bracket') return addLiteral(fields, part.text);
      addLiteral(fields, '[');
      for (const inner of part.parts) yield* addBracketPart(p, fields, inner);
      return addLiteral(fields, ']');
    case 'ExtendedGlob':
      return yield* addExtendedGlob(p, fields, part);
    case 'BraceExpansion':
      if (!part.parts) return addSource(fields, part.text);
      for (const inner of part.parts) yield* addPart(p, fields, inner, quoted);
  }
}

function* addBracketPart(p: Process, fields: Fields, part: WordPart): Running<void> {
  if (part.type === 'Literal') addSource(fields, part.text);
  else yield* addPart(p, fields, part, false);
}

function* addExtendedGlob(p: Process, fields: Fields, part: ExtendedGlobPart): Running<void> {
  addLiteral(fields, part.operator + '(');
  if (part.parts) for (const inner of part.parts) yield* addPart(p, fields, inner, false);
  else addSource(fields, part.pattern);
  addLiteral(fields, ')');
}

function* addDoubleQuoted(
  p: Process,
  fields: Fields,
  parts: readonly DoubleQuotedChild[],
): Running<void> {
  // "" is an empty word, but "$@" without arguments is no word at all.
  const onlyList = parts.length === 1 && parts[0] !== undefined && isList(parts[0]);
  if (!onlyList) addQuoted(fields, '');
  for (const part of parts) yield* addPart(p, fields, part, true);
}

function isList(part: DoubleQuotedChild): boolean {
  if (part.type === 'SimpleExpansion') return part.text === '$@';
  return part.type === 'ParameterExpansion' && (part.parameter === '@' || part.index?.text === '@');
}

function* addParameter(
  p: Process,
  fields: Fields,
  part: WordPart & { type: 'ParameterExpansion' },
  quoted: boolean,
): Running<void> {
  const value = yield* expandParameter(p, part, quoted);
  if (value.kind === 'word') yield* addWord(p, fields, value.word, quoted && !value.word.parts);
  else addValue(p, fields, value, quoted);
}

function add(fields: Fields, text: string, quoted: boolean): void {
  if (quoted) addQuoted(fields, text);
  else addExpanded(fields, text);
}

function addValue(p: Process, fields: Fields, value: Value, quoted: boolean): void {
  if (value.kind === 'word') throw new Error('an operand is expanded by its caller');
  if (value.kind === 'one') return add(fields, value.text, quoted);
  const separator = get(p, 'IFS') ?? ' ';
  if (value.star && (quoted || fields.ifs === null)) {
    return addQuoted(fields, value.items.join(quoted || value.star ? separator.slice(0, 1) : ' '));
  }
  if (value.items.length === 0) return;
  addList(fields, value.items, quoted ? addQuoted : addUnquotedItem, ' ');
}

function addUnquotedItem(fields: Fields, text: string): void {
  if (text === '') endField(fields, false);
  else addExpanded(fields, text);
}

/// The inside of $(( )) or the older $[ ].
function arithmeticSource(text: string): string {
  return text.startsWith('$((') ? text.slice(3, -2) : text.slice(2, -1);
}

/// An arithmetic expression in source form: expansions happen first, as in double quotes.
export function* arithmeticText(p: Process, source: string, what = ''): Running<bigint> {
  const text = /[$`\\"']/.test(source)
    ? yield* expandText(p, parseWord(`"${unquoted(source)}"`))
    : source;
  return evaluate(p, text, what);
}

/// Double quotes inside arithmetic have no meaning; those inside $( ) have.
function unquoted(source: string): string {
  let depth = 0;
  let out = '';
  for (let i = 0; i < source.length; i++) {
    const c = source[i] ?? '';
    if (c === '$' && source[i + 1] === '(') depth++;
    if (c === ')' && depth > 0) depth--;
    if (c === '\\') out += c + (source[++i] ?? '');
    else if (c !== '"' || depth > 0) out += c;
  }
  return out;
}

/// The regular expression on the right of =~: quoted pieces stand for themselves.
export function* expandRegex(p: Process, word: Word): Running<string> {
  if (!word.parts) return word.text;
  let out = '';
  for (const part of word.parts) {
    if (part.type === 'Literal' || part.type === 'Glob' || part.type === 'BraceExpansion')
      out += part.text;
    else {
      const fields = makeFields(null);
      yield* addPart(p, fields, part, false);
      const text = single(fields).text;
      const literal = /Quoted|Locale/.test(part.type);
      out +=
        part.type === 'ExtendedGlob'
          ? part.text
          : literal
            ? text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
            : text;
    }
  }
  return out;
}
