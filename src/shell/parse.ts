/// Source text to syntax tree, with a cache, and syntax errors in bash's words. The parser (unbash)
/// goes on after an error; bash does not, so what stands on the lines before the error still runs.
/// Left out: the alternative grammar of POSIX mode.
import { parse } from 'unbash';
import type { ParseError, ParsedScript, Statement, Word } from 'unbash';

/// A script, cut into the groups that bash reads and runs one after another: commands that share a line.
export interface Parsed {
  readonly source: string;
  readonly groups: readonly (readonly Statement[])[];
  readonly fault: Fault | null; // found after the groups above
}

export interface Fault {
  readonly message: string; // syntax error near unexpected token `)'
  readonly line: number;
  readonly offending: string | null; // the line that a script's error message shows below
  readonly incomplete: boolean; // more input could make it right
}

const CACHE_LIMIT = 1000;
const scripts = new Map<string, Parsed>();
const words = new Map<string, Word>();

export function parseScript(source: string): Parsed {
  const found = scripts.get(source);
  if (found) return found;
  const made = build(source, parse(source));
  if (scripts.size >= CACHE_LIMIT) scripts.clear();
  scripts.set(source, made);
  return made;
}

/// One word of source text, as an argument of a command. What is not one word is taken literally.
export function parseWord(text: string): Word {
  const found = words.get(text);
  if (found) return found;
  const command = parse(': ' + text).commands[0]?.command;
  const word = command?.type === 'Command' ? command.suffix[0] : undefined;
  const literal: Word = { type: 'Word', text: `'${text}'`, value: text, pos: 0, end: text.length };
  const made = word?.type === 'Word' && word.text === text ? word : literal;
  if (words.size >= CACHE_LIMIT) words.clear();
  words.set(text, made);
  return made;
}

function build(source: string, script: ParsedScript): Parsed {
  const groups = byLine(source, script.commands);
  const first = earliest(script.errors ?? []);
  if (!first) return { source, groups, fault: null };
  const bad = groups.findIndex((group) => reaches(source, group, first.pos));
  return {
    source,
    groups: bad < 0 ? groups : groups.slice(0, bad),
    fault: describe(source, first),
  };
}

function earliest(errors: readonly ParseError[]): ParseError | undefined {
  return [...errors].sort((a, b) => a.pos - b.pos)[0];
}

function byLine(source: string, statements: readonly Statement[]): Statement[][] {
  const groups: Statement[][] = [];
  let end = -1;
  for (const statement of statements) {
    const last = groups.at(-1);
    if (last && !source.slice(end, statement.pos).includes('\n')) last.push(statement);
    else groups.push([statement]);
    end = statement.end;
  }
  return groups;
}

function reaches(source: string, group: readonly Statement[], pos: number): boolean {
  const end = Math.max(...group.map((statement) => statement.end));
  return end >= pos || !source.slice(end, pos).includes('\n');
}

/// Closing marks of what was left open.
const OPENED: Record<string, string> = {
  'unterminated double quote': '"',
  'unterminated single quote': "'",
  'unterminated ANSI-C quote': "'",
  'unterminated backtick': '`',
  'unterminated parameter expansion': '}',
  'unterminated array subscript': ']',
};

/// Errors after which bash names the end of the line, not the end of the file.
const WANTS_WORD = /redirect target|function body|'in' after|after 'coproc'/;

function describe(source: string, error: ParseError): Fault {
  const open = error.message.startsWith('unterminated') ? (OPENED[error.message] ?? ')') : null;
  const nested =
    /(command|process) substitution$/.test(error.message) && !source.startsWith('$((', error.pos);
  const line = nested ? lastLine(source) : lineAt(source, error.pos);
  if (open !== null) {
    const message = `unexpected EOF while looking for matching \`${open}'`;
    return { message, line, offending: null, incomplete: true };
  }
  const token =
    tokenAt(source, /in (subshell|brace group)$/.test(error.message) ? error.pos + 1 : error.pos) ??
    swallowed(source, error);
  if (token === null && !WANTS_WORD.test(error.message)) {
    return {
      message: 'syntax error: unexpected end of file',
      line: lastLine(source),
      offending: null,
      incomplete: true,
    };
  }
  const message = /^maximum/.test(error.message)
    ? `softnet: ${error.message}`
    : `syntax error near unexpected token \`${token ?? 'newline'}'`;
  return { message, line, offending: source.split('\n')[line - 1] ?? '', incomplete: false };
}

/// The line that bash is at when it meets the end of its input.
function lastLine(source: string): number {
  return lineAt(source, source.length) + (source.endsWith('\n') ? 0 : 1);
}

/// `if a; fi`: the parser has read past the word that came too early.
function swallowed(source: string, error: ParseError): string | null {
  if (!/^expected '(then|do)'$/.test(error.message)) return null;
  return (
    /(?:^|[\s;&|])(fi|done|else|elif|esac|then|do)\s*$/.exec(source.slice(0, error.pos))?.[1] ??
    null
  );
}

function lineAt(source: string, pos: number): number {
  return source.slice(0, pos).split('\n').length;
}

/// The token at or after a place; null: nothing follows but blanks and comments.
function tokenAt(source: string, pos: number): string | null {
  const rest = source.slice(pos).replace(/^(?:[ \t]|\\\n)+/, '');
  if (/^(?:\s|#.*)*$/.test(rest)) return null;
  if (rest.startsWith('\n')) return 'newline';
  const operator = /^(?:;;&|;;|;&|&&|\|\||\|&|<<<|<<-|<<|>>|<&|>&|&>>|&>|<>|>\||[;&|<>()])/.exec(
    rest,
  );
  return operator?.[0] ?? /^[^\s;&|<>()]+/.exec(rest)?.[0] ?? null;
}

/// True when more lines could complete the command: a prompt then shows `> `.
export function isIncomplete(source: string): boolean {
  if (/(^|[^\\])(\\\\)*\\\n?$/.test(source)) return true;
  const parsed = parseScript(source);
  if (parsed.fault) return parsed.fault.incomplete;
  return openHereDocument(source);
}

/// A here-document whose end word has not come yet.
function openHereDocument(source: string): boolean {
  const pending: boolean[] = [];
  JSON.stringify(parse(source).commands, (_key, value: unknown) => {
    if (isHereDoc(value)) pending.push(value.closing === undefined);
    return value;
  });
  return pending.includes(true);
}

function isHereDoc(value: unknown): value is { closing: unknown } {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'HereDoc';
}
