/// Pasted text becomes typed lines, one after the other, with a bound and a word about it.

const bound = { lines: 100, chars: 20_000 };

export interface Pasted {
  readonly lines: readonly string[]; // run one after the other
  readonly rest: string; // after the last newline: waits for Enter
  readonly notice: string; // '' when everything was taken
}

/// Splits pasted text at its newlines. Control characters other than tabs are left out: a terminal
/// would take them for keys.
export function typedLines(text: string): Pasted {
  const clean = text
    .slice(0, bound.chars)
    .replace(/\r\n?/g, '\n')
    // eslint-disable-next-line no-control-regex -- these are the characters meant
    .replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '');
  const lines = clean.split('\n');
  const rest = lines.pop() ?? '';
  if (text.length <= bound.chars && lines.length <= bound.lines) return { lines, rest, notice: '' };
  const kept = lines.slice(0, bound.lines);
  return {
    lines: kept,
    rest: '',
    notice: `Only the first ${kept.length} lines of the pasted text were typed.`,
  };
}
