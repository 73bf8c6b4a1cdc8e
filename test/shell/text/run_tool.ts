/// Runs one tool without a shell: words in, text out.
import { vi } from 'vitest';
import type { Kernel } from '../../../src/kernel/state.ts';
import type { Command, Io, Mark } from '../../../src/shell/command.ts';
import type { Session } from '../../../src/shell/session.ts';
import { byteLength } from '../../../src/shell/bytes.ts';
import { capture, inputOfText } from '../../../src/shell/stream.ts';

vi.mock('../../../src/shell/files.ts', async () => import('./own_file_system.ts'));

export interface Outcome {
  readonly out: string;
  readonly err: string;
  readonly status: number;
  readonly marks: readonly Mark[]; // of all lines printed
  readonly files: Readonly<Record<string, string>>;
}

export interface Setting {
  readonly stdin?: string;
  readonly pipe?: boolean; // standard input is a pipe, not a file
  readonly files?: Readonly<Record<string, string>>;
  readonly columns?: number | null;
  readonly env?: Readonly<Record<string, string>>;
  readonly turns?: number; // yields before the tool is taken to run for ever
  readonly exec?: Io['exec'];
}

export function testSession(files: Readonly<Record<string, string>>): Session {
  return {
    user: 'root',
    cwd: '/tmp',
    vars: {},
    exported: [],
    readonly_vars: [],
    integer_vars: [],
    arrays: {},
    functions: {},
    aliases: {},
    options: {},
    traps: {},
    positional: [],
    name: 'bash',
    interactive: true,
    status: 0,
    last_pid: 0,
    next_pid: 300,
    random: 1,
    history: [],
    lines: 0,
    background: 0,
    files: { ...files },
    modes: {},
    umask: 0o022,
  };
}

/// Runs to the end. Sleeping costs nothing; a tool that goes on for ever is a failure of the test.
export function runTool(command: Command, argv: readonly string[], setting: Setting = {}): Outcome {
  const out = capture();
  const err = capture();
  const marks: Mark[] = [];
  const session = testSession(setting.files ?? {});
  const io: Io = {
    k: { now: 0, desc: { profile: 'virtio', uptime_ns: 0 } } as unknown as Kernel,
    session,
    argv,
    env: new Map(Object.entries(setting.env ?? {})),
    uid: 0,
    in: setting.pipe
      ? inputOfText(setting.stdin ?? '')
      : { ...inputOfText(setting.stdin ?? ''), size: byteLength(setting.stdin ?? '') },
    out: {
      ...out.output,
      *pass(line) {
        marks.push(...(line.marks ?? []));
        yield* out.output.pass(line);
      },
    },
    err: err.output,
    columns: setting.columns ?? null,
    exec: setting.exec ?? noExec,
  };
  const running = command.run(io);
  for (let turns = setting.turns ?? 100_000; turns > 0; turns--) {
    const step = running.next();
    if (step.done)
      return { out: out.text(), err: err.text(), status: step.value, marks, files: session.files };
  }
  throw new Error(`${argv.join(' ')} did not end`);
}

function* noExec(): ReturnType<Io['exec']> {
  return 'ENOENT';
}
