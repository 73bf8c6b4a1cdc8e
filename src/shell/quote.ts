/// Text quoted so that the shell reads it back: `declare -p`, `set`, `${x@Q}`, `printf %q`, `set -x`.
import type { Process } from './process.ts';
import { arrayOf, keysOf, get } from './variables.ts';

const CONTROL = /[\x00-\x1f\x7f]/; // eslint-disable-line no-control-regex
const ESCAPES: Record<string, string> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\x1b': '\\E',
  '\\': '\\\\',
  "'": "\\'",
};

/// $'...': the form for text with control characters.
function ansiQuote(text: string): string {
  const inner = [...text].map((c) => {
    const named = ESCAPES[c];
    if (named !== undefined) return named;
    return CONTROL.test(c) ? '\\' + c.charCodeAt(0).toString(8).padStart(3, '0') : c;
  });
  return `$'${inner.join('')}'`;
}

/// ${x@Q}: always quoted, single quotes where possible.
export function quoteForShell(text: string): string {
  return CONTROL.test(text) ? ansiQuote(text) : singleQuote(text);
}

export const singleQuote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/// printf %q: backslashes before what is special.
export function backslashQuote(text: string): string {
  if (text === '') return "''";
  if (CONTROL.test(text)) return ansiQuote(text);
  return text.replace(/[ !"$&'()*,;<>?[\\\]^`{|}]/g, '\\$&').replace(/^[#~]/, '\\$&');
}

const NEEDS_QUOTES = /[\s!"$&'()*;<>?[\\\]^`{|}]|^[#~]|[=:]~/;

/// `set -x` and `set`: quotes only where they are needed.
export function quoteIfNeeded(text: string): string {
  if (text === '') return "''";
  if (CONTROL.test(text)) return ansiQuote(text);
  return NEEDS_QUOTES.test(text) ? singleQuote(text) : text;
}

/// Inside double quotes, as `declare -p` prints values.
export function doubleQuote(text: string): string {
  return CONTROL.test(text) ? ansiQuote(text) : `"${text.replace(/["$\\`]/g, '\\$&')}"`;
}

/// What `declare -p name` prints, without a newline; undefined: no such variable.
export function declaration(p: Process, name: string, shown: string): string | undefined {
  const s = p.session;
  const array = arrayOf(s, name);
  const value = array ? undefined : get(p, name);
  if (!array && value === undefined && !s.exported.includes(name)) return undefined;
  const flags = [
    array ? (array.associative ? 'A' : 'a') : '',
    s.integer_vars.includes(name) ? 'i' : '',
    s.readonly_vars.includes(name) ? 'r' : '',
    s.exported.includes(name) ? 'x' : '',
  ].join('');
  const head = `declare -${flags === '' ? '-' : flags} ${shown}`;
  if (!array) return value === undefined ? head : `${head}=${doubleQuote(value)}`;
  const items = keysOf(array).map((key) => `[${key}]=${doubleQuote(array.items[key] ?? '')}`);
  return `${head}=(${items.join(' ')}${array.associative && items.length > 0 ? ' ' : ''})`;
}
