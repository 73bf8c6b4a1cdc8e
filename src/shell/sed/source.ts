/// The characters of a sed script, which comes in pieces: each -e and each -f is one. Knows where it is
/// for error messages.
import { ScriptFault } from './script.ts';

export interface Chunk {
  readonly text: string;
  readonly file: string | null; // of -f; null: an -e expression
}

export class Source {
  private chunk = 0;
  private at = 0;
  private readonly chunks: readonly Chunk[];

  constructor(chunks: readonly Chunk[]) {
    this.chunks = chunks;
  }

  /// The next character; '' at the end. Between pieces there is a newline.
  next(): string {
    const current = this.chunks[this.chunk];
    if (!current) return '';
    if (this.at < current.text.length) {
      const point = current.text.codePointAt(this.at) ?? 0;
      const ch = String.fromCodePoint(point);
      this.at += ch.length;
      return ch;
    }
    if (this.chunk + 1 >= this.chunks.length) return '';
    this.chunk++;
    this.at = 0;
    return '\n';
  }

  peek(): string {
    const saved: [number, number] = [this.chunk, this.at];
    const ch = this.next();
    [this.chunk, this.at] = saved;
    return ch;
  }

  skipBlanks(): void {
    while (/^[ \t\r\f\v]$/.test(this.peek())) this.next();
  }

  /// Skips blanks that end the line; leaves them where something follows.
  blankLine(): boolean {
    const saved: [number, number] = [this.chunk, this.at];
    this.skipBlanks();
    if (/^\n?$/.test(this.peek())) return true;
    [this.chunk, this.at] = saved;
    return false;
  }

  skipSpace(): void {
    while (/^[\s;]$/.test(this.peek())) this.next();
  }

  digits(): string {
    let text = '';
    while (/^\d$/.test(this.peek())) text += this.next();
    return text;
  }

  /// Up to the end of the line, which is taken too.
  restOfLine(): string {
    let text = '';
    for (let ch = this.next(); ch !== '' && ch !== '\n'; ch = this.next()) text += ch;
    return text;
  }

  fault(message: string, at = this.at): ScriptFault {
    const current = this.chunks[Math.min(this.chunk, this.chunks.length - 1)];
    if (!current?.file) {
      const before = this.chunks
        .slice(0, this.chunk + 1)
        .filter(({ file }) => file === null).length;
      return new ScriptFault(`-e expression #${before}, char ${at}: ${message}`);
    }
    const line = current.text.slice(0, this.at).split('\n').length;
    return new ScriptFault(`file ${current.file} line ${line}: ${message}`);
  }
}
