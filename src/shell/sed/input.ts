/// The lines that sed goes through, over all files, with one line of foresight where `$` asks for it.
import { strerror } from '../../kernel/errno.ts';
import type { Io, Line, Running } from '../command.ts';
import { openInput } from '../inputs.ts';
import type { Opened } from '../inputs.ts';
import { ScriptFault } from './script.ts';

export interface SedInputOptions {
  readonly separate: boolean; // -s, -i: each file ends by itself
  readonly zero: boolean; // -z: lines end with a zero byte
}

export class SedInput {
  status = 0;
  number = 0; // of the line read last
  private ahead: Line | null = null;
  private current: Opened | null = null;
  private at = 0;
  private zeroRest: string | null = null;
  /// Called when a file begins and when it ends.
  onOpen: (opened: Opened) => Running<void> = function* () {};
  onClose: (opened: Opened) => Running<void> = function* () {};
  private readonly io: Io;
  private readonly names: readonly string[];
  private readonly options: SedInputOptions;

  constructor(io: Io, names: readonly string[], options: SedInputOptions) {
    this.io = io;
    this.names = names;
    this.options = options;
  }

  get fileName(): string {
    return this.current?.name ?? '-';
  }

  /// The next line, or null when all files are read.
  *next(): Running<Line | null> {
    for (;;) {
      const line = this.ahead ?? (yield* this.fromCurrent());
      this.ahead = null;
      if (line) {
        this.number++;
        return line;
      }
      if (!(yield* this.open())) return null;
    }
  }

  /// Whether no line follows; with -s, in this file.
  *atEnd(): Running<boolean> {
    if (this.ahead) return false;
    this.ahead = yield* this.fromCurrent();
    if (this.ahead) return false;
    if (this.options.separate) return this.at >= this.names.length || this.current !== null;
    while (yield* this.open()) {
      this.ahead = yield* this.fromCurrent();
      if (this.ahead) return false;
    }
    return true;
  }

  /// Whether this was the last line of the last file, whatever -s says.
  *nothingLeft(): Running<boolean> {
    if (this.ahead) return false;
    this.ahead = yield* this.fromCurrent();
    return this.ahead === null && this.at >= this.names.length;
  }

  private *fromCurrent(): Running<Line | null> {
    if (!this.current) return null;
    if (!this.options.zero) return yield* this.current.input.line();
    this.zeroRest ??= yield* this.current.input.all();
    if (this.zeroRest === '') return null;
    const end = this.zeroRest.indexOf('\0');
    const text = end < 0 ? this.zeroRest : this.zeroRest.slice(0, end);
    this.zeroRest = end < 0 ? '' : this.zeroRest.slice(end + 1);
    return { text, nl: end >= 0 };
  }

  /// Ends the file at hand where the script stopped in the middle: the rest is copied by nobody.
  *finish(): Running<void> {
    if (this.current) yield* this.onClose(this.current);
    this.current = null;
  }

  private *open(): Running<boolean> {
    if (this.current && this.options.separate) yield* this.onClose(this.current);
    this.zeroRest = null;
    for (;;) {
      const name = this.names[this.at++];
      if (name === undefined) {
        this.current = null;
        return false;
      }
      const opened = openInput(this.io, name);
      if (typeof opened === 'string') {
        if (opened === 'EISDIR')
          throw new ScriptFault(`read error on ${name}: ${strerror(opened)}`, 4);
        yield* this.io.err.line(`sed: can't read ${name}: ${strerror(opened)}`);
        this.status = 2;
        continue;
      }
      this.current = opened;
      if (this.options.separate) {
        this.number = 0;
        yield* this.onOpen(opened);
      }
      return true;
    }
  }
}
