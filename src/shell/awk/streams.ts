/// Where print writes to and getline reads from, besides standard input and output: files and
/// commands, open until close() or the end. A command that is written to runs when it is closed; one
/// that is read from runs to its end before the first line is taken.
import { strerror } from '../../kernel/errno.ts';
import type { Io, Output, Running } from '../command.ts';
import { files } from '../files.ts';
import type { FsError } from '../filesystem.ts';
import { openInput } from '../inputs.ts';
import { absolute } from '../paths.ts';
import { capture, fileOutput, inputOfText, WriteFailed } from '../stream.ts';
import type { OutputStream } from '../stream.ts';
import { RecordReader } from './reader.ts';

interface Target {
  readonly out: Output;
  /// Ends it; gives what close() returns, or the errno of a write that failed.
  close(): Running<number | FsError>;
  flush(): FsError | null;
}

export class Streams {
  private readonly targets = new Map<string, Target>();
  private readonly sources = new Map<string, { reader: RecordReader; status: number }>();
  private readonly io: Io;

  constructor(io: Io) {
    this.io = io;
  }

  /// A file for print, opened at its first use.
  file(name: string, append: boolean): Output | FsError {
    const known = this.targets.get(name);
    if (known) return known.out;
    if (name === '/dev/stdout' || name === '/dev/fd/1' || name === '-') return this.io.out;
    if (name === '/dev/stderr' || name === '/dev/fd/2') return this.io.err;
    const path = absolute(this.io, name);
    const refused = files.write(this.io, path, '', { append });
    if (refused) return refused;
    const out = fileOutput((text) => files.write(this.io, path, text, { append: true }));
    this.targets.set(name, {
      out,
      flush: () => out.flush(),
      *close() {
        return out.flush() ?? 0;
      },
    });
    return out;
  }

  /// A command that print writes to.
  command(line: string): Output {
    const known = this.targets.get(line);
    if (known) return known.out;
    const { io } = this;
    const held = capture();
    this.targets.set(line, {
      out: held.output,
      flush: () => null,
      *close() {
        return yield* run(io, line, { in: inputOfText(held.text()) });
      },
    });
    return held.output;
  }

  /// What `getline < name` reads.
  reader(name: string): RecordReader | FsError {
    const known = this.sources.get(name);
    if (known) return known.reader;
    const opened = openInput(this.io, name);
    if (typeof opened === 'string') return opened;
    const reader = new RecordReader(opened.input);
    this.sources.set(name, { reader, status: 0 });
    return reader;
  }

  /// What `line | getline` reads.
  *commandReader(line: string): Running<RecordReader> {
    const known = this.sources.get(line);
    if (known) return known.reader;
    const held = capture();
    const status = yield* run(this.io, line, { out: held.output });
    const reader = new RecordReader(inputOfText(held.text()));
    this.sources.set(line, { reader, status });
    return reader;
  }

  *close(name: string): Running<number> {
    const source = this.sources.get(name);
    this.sources.delete(name);
    const target = this.targets.get(name);
    if (!target) return source ? source.status : -1;
    this.targets.delete(name);
    const result = yield* target.close();
    if (typeof result === 'string') throw new FlushFailed(name, result);
    return result;
  }

  *closeAll(): Running<void> {
    for (const name of [...this.targets.keys()]) yield* this.close(name);
  }

  /// Hands everything written so far to write(2).
  flush(): void {
    for (const [name, target] of this.targets) {
      const failed = target.flush();
      if (failed) throw new FlushFailed(name, failed);
    }
  }
}

/// write(2) to a file refused what print wrote.
export class FlushFailed extends Error {
  constructor(name: string, error: FsError) {
    super(`flush to "${name}" failed: ${strerror(error)}`);
  }
}

/// A write in the middle of a print that went wrong.
export function writeFault(error: unknown, name: string): FlushFailed | null {
  return error instanceof WriteFailed ? new FlushFailed(name, error.errno) : null;
}

/// Runs a command line with sh, as system(3) and popen(3) do; gives its exit status.
export function* run(
  io: Io,
  line: string,
  change: { readonly in?: ReturnType<typeof inputOfText>; readonly out?: OutputStream },
): Running<number> {
  const status = yield* io.exec(['sh', '-c', line], change);
  return typeof status === 'number' ? status : 127;
}
