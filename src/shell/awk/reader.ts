/// Records of one input: lines, or what RS parts: one character, a regular expression, or empty lines.
import type { Input, Running } from '../command.ts';
import type { Regex } from '../regex.ts';

export interface RecordText {
  readonly text: string;
  readonly terminator: string; // RT
}

/// How RS parts records at this moment.
export type Separator =
  | { readonly kind: 'line' }
  | { readonly kind: 'char'; readonly char: string }
  | { readonly kind: 'paragraph' }
  | { readonly kind: 'regex'; readonly regex: Regex };

export class RecordReader {
  private rest: string | null = null; // what was read ahead, where RS is not a newline
  private readonly input: Input;

  constructor(input: Input) {
    this.input = input;
  }

  /// The next record, or null at the end.
  *next(separator: Separator): Running<RecordText | null> {
    if (separator.kind === 'line' && this.rest === null) {
      const line = yield* this.input.line();
      return line && { text: line.text, terminator: line.nl ? '\n' : '' };
    }
    this.rest ??= yield* this.input.all();
    return this.cut(separator);
  }

  private cut(separator: Separator): RecordText | null {
    let text = this.rest ?? '';
    if (separator.kind === 'paragraph') text = text.replace(/^\n+/, '');
    if (text === '') {
      this.rest = '';
      return null;
    }
    const found = terminatorIn(text, separator);
    if (!found) {
      this.rest = '';
      return { text: lastRecord(text, separator), terminator: '' };
    }
    this.rest = text.slice(found[1]);
    return { text: text.slice(0, found[0]), terminator: text.slice(found[0], found[1]) };
  }
}

// The newline at the end of the input belongs to no record where records are parted otherwise.
function lastRecord(text: string, separator: Separator): string {
  return separator.kind === 'paragraph' ? text.replace(/\n$/, '') : text;
}

function terminatorIn(text: string, separator: Separator): readonly [number, number] | null {
  switch (separator.kind) {
    case 'line':
      return at(text.indexOf('\n'), 1);
    case 'char':
      return at(text.indexOf(separator.char), separator.char.length);
    case 'paragraph': {
      const match = /\n\n+/.exec(text);
      return match && at(match.index, match[0].length);
    }
    case 'regex': {
      for (let from = 0; from <= text.length;) {
        const found = separator.regex.find(text, from);
        if (!found) return null;
        if (found[1] > found[0]) return found;
        from = found[1] + 1;
      }
      return null;
    }
  }
}

function at(start: number, length: number): readonly [number, number] | null {
  return start < 0 ? null : [start, start + length];
}
