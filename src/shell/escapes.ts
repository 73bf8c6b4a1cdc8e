/// Backslash escapes of `echo -e`, `printf` formats, `%b` and the like.

const NAMED: Record<string, string> = {
  a: '\x07',
  b: '\b',
  e: '\x1b',
  E: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};

/// Replaces the escapes. `echo` and %b know \0nnn and \c (stop here); a printf format knows \nnn, \" and \'.
export function backslashEscape(
  text: string,
  kind: 'echo' | 'format',
): { text: string; stopped: boolean } {
  if (!text.includes('\\')) return { text, stopped: false };
  let out = '';
  for (let i = 0; i < text.length;) {
    if (text[i] !== '\\' || i + 1 >= text.length) {
      out += text[i++] ?? '';
      continue;
    }
    const rest = text.slice(i + 1);
    if (rest[0] === 'c' && kind === 'echo') return { text: out, stopped: true };
    const found = escapeAt(rest, kind);
    out += found.text;
    i += 1 + found.length;
  }
  return { text: out, stopped: false };
}

function escapeAt(rest: string, kind: 'echo' | 'format'): { text: string; length: number } {
  const first = rest[0] ?? '';
  const named = NAMED[first];
  if (named !== undefined) return { text: named, length: 1 };
  if (kind === 'format' && (first === '"' || first === "'")) return { text: first, length: 1 };
  const octal = (kind === 'echo' ? /^0([0-7]{0,3})|^([1-7][0-7]{0,2})/ : /^([0-7]{1,3})/).exec(
    rest,
  );
  if (octal) return { text: code(octal[1] ?? octal[2] ?? '', 8), length: octal[0].length };
  const hex = /^x([0-9a-fA-F]{1,2})|^u([0-9a-fA-F]{1,4})|^U([0-9a-fA-F]{1,8})/.exec(rest);
  if (hex) return { text: code(hex[1] ?? hex[2] ?? hex[3] ?? '', 16), length: hex[0].length };
  return { text: '\\' + first, length: 1 };
}

function code(digits: string, base: number): string {
  const value = digits === '' ? 0 : parseInt(digits, base);
  return String.fromCodePoint(base === 8 ? value & 255 : Math.min(value, 0x10ffff));
}
