/// What file descriptors lead to: pipes with a capacity, files, the terminal, text held in memory.
/// Everything travels as lines, so that a number keeps its mark through `grep` and `head`.
/// Left out: bytes that are not text, seeking, and sharing one file offset between descriptors.
import type { ErrnoName } from '../kernel/errno.ts';
import { Killed } from './command.ts';
import type { Input, Line, Mark, Output, Running, Wait } from './command.ts';

const PIPE_CAPACITY = 65_536; // characters: pipe(7)
const HELD_LIMIT = 8 * 1024 * 1024; // characters that one $( ), file or `sort` may hold
const PASSED_LIMIT = 64 * 1024 * 1024; // characters that may go through one pipe
const STDIO_BUFFER = 4096; // bytes before a write(2) to a file happens
const LINES_A_BREATH = 256;

const BREATH: Wait = { kind: 'breath' };
export const PIPE_WAIT: Wait = { kind: 'pipe' };

/// Counts whatever may let a blocked task go on. A task that waits is asked again only after it
/// has moved.
export interface Progress {
  version: number;
}

/// write(2) refused: the command that wrote prints it.
export class WriteFailed extends Error {
  readonly errno: ErrnoName;
  constructor(errno: ErrnoName) {
    super(errno);
    this.errno = errno;
  }
}

/// More than this page holds. Stops the whole line with a plain message.
export class TooMuch extends Error {}

export interface InputStream extends Input {
  /// What lies ready: a chunk, null at the end of file, undefined: nothing yet.
  next(): Line | null | undefined;
  readonly wait: Wait; // what to yield when nothing is ready
  unread(chunk: Line): void;
  close(): void;
  readonly terminal: boolean;
}

export interface OutputStream extends Output {
  /// Hands what is buffered to write(2). Called when a command ends.
  flush(): ErrnoName | null;
  /// One more holder of the same open file; each calls close().
  hold(): void;
  close(): void;
  readonly columns: number | null;
}

/// A descriptor may be open for reading, for writing, or for both.
export interface Descriptor {
  readonly in?: InputStream;
  readonly out?: OutputStream;
}

interface Source {
  next(): Line | null | undefined;
  readonly wait?: Wait;
  readonly terminal?: boolean;
  close?(): void;
}

export function inputFrom(source: Source): InputStream {
  const back: Line[] = [];
  const wait = source.wait ?? PIPE_WAIT;
  let lines = 0;
  const next = () => back.pop() ?? source.next();
  return {
    next,
    wait,
    terminal: source.terminal ?? false,
    unread: (chunk) => void back.push(chunk),
    close: () => source.close?.(),
    *line() {
      if (++lines % LINES_A_BREATH === 0) yield BREATH;
      let joined: Line | null = null;
      for (;;) {
        const chunk = next();
        if (chunk === undefined) yield wait;
        else if (chunk === null) return joined;
        else {
          joined = joined ? join(joined, chunk) : chunk;
          if (joined.nl) return joined;
          if (joined.text.length > HELD_LIMIT)
            throw new TooMuch(`a line is limited to ${mib(HELD_LIMIT)}`);
        }
      }
    },
    *all() {
      const texts: string[] = [];
      let length = 0;
      for (let count = 1; ; count++) {
        const chunk = next();
        if (chunk === null) return texts.join('');
        if (chunk === undefined) yield wait;
        else {
          texts.push(chunk.nl ? chunk.text + '\n' : chunk.text);
          length += chunk.text.length + 1;
          if (length > HELD_LIMIT)
            throw new TooMuch(`a command may hold at most ${mib(HELD_LIMIT)} of input`);
          if (count % LINES_A_BREATH === 0) yield BREATH;
        }
      }
    },
  };
}

export function mib(characters: number): string {
  return `${characters / (1024 * 1024)} MiB`;
}

function join(a: Line, b: Line): Line {
  const text = a.text + b.text;
  if (!a.marks && !b.marks) return { text, nl: b.nl };
  const shifted = (b.marks ?? []).map((m) => ({
    ...m,
    start: m.start + a.text.length,
    end: m.end + a.text.length,
  }));
  return { text, nl: b.nl, marks: [...(a.marks ?? []), ...shifted] };
}

export function linesOf(text: string): Line[] {
  const parts = text.split('\n');
  const last = parts.pop() ?? '';
  const lines: Line[] = parts.map((part) => ({ text: part, nl: true }));
  if (last !== '') lines.push({ text: last, nl: false });
  return lines;
}

export function inputOfLines(lines: readonly Line[]): InputStream {
  let at = 0;
  return inputFrom({ next: () => lines[at++] ?? null });
}

export const inputOfText = (text: string): InputStream => inputOfLines(linesOf(text));

interface Target {
  /// Takes a chunk; false: full, try again after `wait`.
  put(line: Line): boolean;
  flush?(): ErrnoName | null;
  hold?(): void;
  close?(): void;
  readonly columns?: number | null;
}

export function outputTo(target: Target): OutputStream {
  let lines = 0;
  function* pass(line: Line): Running<void> {
    if (++lines % LINES_A_BREATH === 0) yield BREATH;
    while (!target.put(line)) yield PIPE_WAIT;
  }
  return {
    pass,
    *write(text: string) {
      // not by pass(): a generator for each line would double the time of long outputs
      for (const line of linesOf(text)) {
        if (++lines % LINES_A_BREATH === 0) yield BREATH;
        while (!target.put(line)) yield PIPE_WAIT;
      }
    },
    line: (text: string, marks?: readonly Mark[]) =>
      pass(marks ? { text, nl: true, marks } : { text, nl: true }),
    flush: () => target.flush?.() ?? null,
    hold: () => target.hold?.(),
    close: () => target.close?.(),
    // asked each time: a terminal may change its width under a shell that goes on
    get columns() {
      return target.columns ?? null;
    },
  };
}

/// A pipe: a writer waits when it is full and is killed by SIGPIPE when nobody reads any more.
export function makePipe(progress: Progress): { input: InputStream; output: OutputStream } {
  let queue: Line[] = [];
  let at = 0;
  let size = 0;
  let passed = 0;
  let writers = 1;
  let readable = true;
  const input = inputFrom({
    next() {
      const line = queue[at];
      if (line === undefined) return writers > 0 ? undefined : null;
      at++;
      size -= line.text.length + 1;
      if (at === queue.length) [queue, at] = [[], 0];
      progress.version++;
      return line;
    },
    close() {
      readable = false;
      [queue, at, size] = [[], 0, 0];
      progress.version++;
    },
  });
  const output = outputTo({
    put(line) {
      if (!readable) throw new Killed(141);
      if (size > 0 && size + line.text.length > PIPE_CAPACITY) return false;
      queue.push(line);
      size += line.text.length + 1;
      passed += line.text.length + 1;
      if (passed > PASSED_LIMIT)
        throw new TooMuch(`a pipe is limited to ${mib(PASSED_LIMIT)} in all`);
      progress.version++;
      return true;
    },
    hold: () => void writers++,
    close() {
      writers--;
      progress.version++;
    },
  });
  return { input, output };
}

/// Keeps everything in memory: $( ).
export function capture(): { output: OutputStream; text(): string } {
  const texts: string[] = [];
  let length = 0;
  const output = outputTo({
    put(line) {
      texts.push(line.nl ? line.text + '\n' : line.text);
      length += line.text.length + 1;
      if (length > HELD_LIMIT)
        throw new TooMuch(`the output of $( ) is limited to ${mib(HELD_LIMIT)}`);
      return true;
    },
  });
  return { output, text: () => texts.join('') };
}

/// An open file. Text is buffered as stdio does and reaches write(2) in one piece at the end of
/// the command, which matters to files under /proc and /sys.
export function fileOutput(write: (text: string) => ErrnoName | null): OutputStream {
  let buffer = '';
  let written = 0;
  const flush = (): ErrnoName | null => {
    if (buffer === '') return null;
    const text = buffer;
    buffer = '';
    written += text.length;
    if (written > HELD_LIMIT) return 'ENOSPC';
    return write(text);
  };
  return outputTo({
    put(line) {
      buffer += line.nl ? line.text + '\n' : line.text;
      if (buffer.length >= STDIO_BUFFER) {
        const errno = flush();
        if (errno !== null) throw new WriteFailed(errno);
      }
      return true;
    },
    flush,
  });
}

/// /dev/full and descriptors whose file is gone: every write fails.
export function failingOutput(errno: ErrnoName): OutputStream {
  let pending = false;
  return outputTo({
    put() {
      pending = true;
      return true;
    },
    flush() {
      const failed = pending;
      pending = false;
      return failed ? errno : null;
    },
  });
}
