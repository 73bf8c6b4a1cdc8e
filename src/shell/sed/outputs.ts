/// Where sed writes to. A last line without a newline gets one when something follows it.
import type { Io, Line, Output, Running } from '../command.ts';
import { files } from '../files.ts';
import type { FsError } from '../filesystem.ts';
import { absolute } from '../paths.ts';
import { fileOutput } from '../stream.ts';
import type { OutputStream } from '../stream.ts';

export class SedOutput {
  private missing = false; // the newline of the last line
  private readonly out: Output;
  private readonly end: string;

  constructor(out: Output, end: string) {
    this.out = out;
    this.end = end;
  }

  /// Text as it is: of a, i, r and =.
  *text(text: string): Running<void> {
    if (text === '') return;
    yield* this.complete();
    yield* this.out.write(text);
  }

  /// A line, ended as it came. One that was not changed keeps its marks.
  *line(text: string, origin: Line): Running<void> {
    yield* this.complete();
    if (this.end === '\n')
      yield* this.out.pass(text === origin.text ? origin : { text, nl: origin.nl });
    else yield* this.out.write(origin.nl ? text + this.end : text);
    this.missing = !origin.nl;
  }

  private *complete(): Running<void> {
    if (this.missing) yield* this.out.write(this.end);
    this.missing = false;
  }
}

/// The files of w, W and the w flag, opened once before the first line is read.
export class WriteFiles {
  private readonly open = new Map<string, { stream: OutputStream; output: SedOutput }>();
  private readonly io: Io;
  private readonly stdout: SedOutput;
  private readonly end: string;

  constructor(io: Io, stdout: SedOutput, end: string) {
    this.io = io;
    this.stdout = stdout;
    this.end = end;
  }

  prepare(name: string): FsError | null {
    if (name === '/dev/stdout' || name === '/dev/stderr' || this.open.has(name)) return null;
    const path = absolute(this.io, name);
    const refused = files.write(this.io, path, '', { append: false });
    if (refused) return refused;
    const stream = fileOutput((text) => files.write(this.io, path, text, { append: true }));
    this.open.set(name, { stream, output: new SedOutput(stream, this.end) });
    return null;
  }

  get(name: string): SedOutput {
    const found = this.open.get(name);
    if (found) return found.output;
    return name === '/dev/stderr' ? new SedOutput(this.io.err, this.end) : this.stdout;
  }

  /// Hands everything to write(2); gives the first refusal.
  finish(): { name: string; error: FsError } | null {
    for (const [name, { stream }] of this.open) {
      const error = stream.flush();
      if (error) return { name, error };
    }
    return null;
  }
}
