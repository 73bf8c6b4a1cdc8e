/// Where the text tools read from: the files named, or standard input for none and for `-`.
import { strerror } from '../kernel/errno.ts';
import type { Input, Io, Line, Running, Wait } from './command.ts';
import { files } from './files.ts';
import type { FsError } from './filesystem.ts';
import { bare, quoted } from './names.ts';
import { absolute } from './paths.ts';
import { inputOfLines } from './stream.ts';

export const breath: Wait = { kind: 'breath' };

export interface Opened {
  readonly name: string; // as typed; '-' for standard input
  readonly input: Input;
  readonly stdin: boolean;
}

/// Opens one operand, or says why not.
export function openInput(io: Io, name: string): Opened | FsError {
  if (name === '-' || name === '/dev/stdin') return { name, input: io.in, stdin: true };
  const read = files.read(io, absolute(io, name));
  return typeof read === 'string' ? read : { name, input: inputOfLines(read.lines), stdin: false };
}

/// How a tool words a file that it cannot read.
export type Describe = (name: string, error: FsError) => string;

const plainly: Describe = (name, error) => `${bare(name)}: ${strerror(error)}`;

/// `cannot open 'x' for reading: ...`, as head and tail say; what fails only in read(2) differs.
export const openingOrReading: Describe = (name, error) =>
  error === 'EISDIR' || error === 'EOPNOTSUPP' || error === 'EINVAL'
    ? `error reading ${quoted(name)}: ${strerror(error)}`
    : `cannot open ${quoted(name)} for reading: ${strerror(error)}`;

/// Calls `each` for every file that opens, and complains about the others. Gives the exit status: 1
/// when one could not be opened.
export function* forEachInput(
  io: Io,
  names: readonly string[],
  each: (opened: Opened) => Running<void>,
  describe = plainly,
): Running {
  let status = 0;
  for (const name of names.length > 0 ? names : ['-']) {
    const opened = openInput(io, name);
    if (typeof opened === 'string') {
      yield* io.err.line(`${io.argv[0] ?? ''}: ${describe(name, opened)}`);
      status = 1;
    } else {
      yield* each(opened);
    }
  }
  return status;
}

/// The lines of an input, one by one.
export function* forEachLine(
  input: Input,
  each: (line: Line) => Running<boolean | void>,
): Running<void> {
  for (;;) {
    const line = yield* input.line();
    if (line === null) return;
    if ((yield* each(line)) === false) return;
  }
}

/// All lines of an input in memory.
export function* allLines(input: Input): Running<Line[]> {
  const lines: Line[] = [];
  yield* forEachLine(input, function* (line) {
    lines.push(line);
  });
  return lines;
}
