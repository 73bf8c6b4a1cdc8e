/// Runs one tool without a shell, on a booted host: words in, text out.
import { hosts } from '../../../src/hardware/hosts.ts';
import { boot } from '../../../src/kernel/boot.ts';
import type { Kernel } from '../../../src/kernel/state.ts';
import type { Command, Io, Mark } from '../../../src/shell/command.ts';
import { newSession } from '../../../src/shell/new_session.ts';
import { byteLength } from '../../../src/shell/bytes.ts';
import { capture, inputOfText } from '../../../src/shell/stream.ts';
import type { InputStream } from '../../../src/shell/stream.ts';

export interface Outcome {
  readonly out: string;
  readonly err: string;
  readonly status: number;
  readonly marks: readonly Mark[]; // of all lines printed
  readonly files: Readonly<Record<string, string>>;
}

export interface Setting {
  readonly k?: Kernel; // a host of its own; else one is shared
  readonly stdin?: string;
  readonly pipe?: boolean; // standard input is a pipe, not a file
  readonly files?: Readonly<Record<string, string>>;
  readonly columns?: number | null;
  readonly env?: Readonly<Record<string, string>>;
  readonly turns?: number; // yields before the tool is taken to run for ever
  readonly exec?: Io['exec'];
  readonly input?: InputStream; // instead of stdin
  readonly endless?: boolean; // stop after `turns` without complaint
  readonly onSleep?: (files: Record<string, string>) => void;
}

let host: Kernel | null = null;

export function bootHost(): Kernel {
  const igb = hosts['igb'];
  if (!igb) throw new Error('no host igb');
  return boot(igb, 1);
}

/// Runs to the end. Sleeping costs nothing; a tool that goes on for ever is a failure of the test.
export function runTool(command: Command, argv: readonly string[], setting: Setting = {}): Outcome {
  const out = capture();
  const err = capture();
  const marks: Mark[] = [];
  const k = setting.k ?? (host ??= bootHost());
  const session = newSession(k, 'root');
  session.cwd = '/tmp';
  session.files = { ...setting.files };
  const io: Io = {
    k,
    session,
    argv,
    env: new Map(Object.entries(setting.env ?? {})),
    uid: 0,
    in: setting.input ?? standardInput(setting),
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
  const outcome = (status: number): Outcome => ({
    out: out.text(),
    err: err.text(),
    status,
    marks,
    files: session.files,
  });
  const running = command.run(io);
  for (let turns = setting.turns ?? 100_000; turns > 0; turns--) {
    const step = running.next();
    if (step.done) return outcome(step.value);
    if (step.value.kind === 'sleep') setting.onSleep?.(session.files);
  }
  if (setting.endless) return outcome(-1);
  throw new Error(`${argv.join(' ')} did not end`);
}

function* noExec(): ReturnType<Io['exec']> {
  return 'ENOENT';
}

function standardInput({ stdin = '', pipe = false }: Setting): InputStream {
  return pipe ? inputOfText(stdin) : { ...inputOfText(stdin), size: byteLength(stdin) };
}
