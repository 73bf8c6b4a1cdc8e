/// Regular expressions of AWK programs: escapes first, then the grammar of regex.ts. Compiled ones are
/// kept.
import { posixRegex, RegexError } from '../regex.ts';
import type { Regex } from '../regex.ts';

const characters: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  f: '\f',
  v: '\v',
  a: '\x07',
  b: '\b',
  '/': '/',
  '"': '"',
};

const mostKept = 500;

export class Regexps {
  private readonly kept = new Map<string, Regex>();

  /// The expression, or a text: why it is refused.
  get(source: string, icase: boolean): Regex | string {
    const key = (icase ? 'i' : '-') + source;
    const known = this.kept.get(key);
    if (known) return known;
    try {
      const regex = posixRegex(plainSource(source), { dialect: 'awk', icase });
      if (this.kept.size >= mostKept) this.kept.clear();
      this.kept.set(key, regex);
      return regex;
    } catch (error) {
      if (error instanceof RegexError) return error.message;
      throw error;
    }
  }
}

/// The escape sequences that stand for one character become it.
function plainSource(source: string): string {
  return source.replace(
    /\\(?:([0-7]{1,3})|x([\da-fA-F]{1,2})|([^]))/g,
    (whole, octal?: string, hex?: string, ch?: string) => {
      if (octal !== undefined) return literal(parseInt(octal, 8) & 0xff);
      if (hex !== undefined) return literal(parseInt(hex, 16));
      return ch === undefined ? whole : (characters[ch] ?? whole);
    },
  );
}

function literal(code: number): string {
  const ch = String.fromCharCode(code);
  return /[\\^$.[\]|()*+?{}]/.test(ch) ? `\\${ch}` : ch;
}
