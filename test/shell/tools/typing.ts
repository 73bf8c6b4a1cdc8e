/// Runs one tool on a host, without a shell around it.
import { hosts } from '../../../src/hardware/hosts.ts';
import { boot } from '../../../src/kernel/boot.ts';
import { advance } from '../../../src/kernel/run.ts';
import type { Kernel } from '../../../src/kernel/state.ts';
import type { Command, Io, Mark, Output } from '../../../src/shell/command.ts';

export interface Typed {
  readonly out: string;
  readonly err: string;
  readonly status: number;
  readonly marks: readonly { readonly text: string; readonly ref: string }[];
}

export function hostLike(profile: string): Kernel {
  return boot(hosts[profile]!, 1);
}

export function type(
  command: Command,
  k: Kernel,
  line: string,
  how: { readonly uid?: number; readonly columns?: number | null } = {},
): Typed {
  const text = { out: '', err: '' };
  const marks: { text: string; ref: string }[] = [];
  const sink = (name: 'out' | 'err'): Output => ({
    *write(piece: string) {
      text[name] += piece;
    },
    *line(piece: string, found: readonly Mark[] = []) {
      text[name] += piece + '\n';
      for (const { start, end, ref } of found) marks.push({ text: piece.slice(start, end), ref });
    },
    *pass() {
      throw new Error('a tool that reads nothing passes nothing on');
    },
  });
  const io = {
    k,
    argv: [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((word) => word[1] ?? word[2]!),
    env: new Map(),
    uid: how.uid ?? 0,
    out: sink('out'),
    err: sink('err'),
    columns: how.columns ?? null,
  } as unknown as Io;
  const running = command.run(io);
  for (;;) {
    const step = running.next();
    if (step.done) return { ...text, status: step.value, marks };
    if (step.value.kind === 'sleep') advance(k, k.now + step.value.ns);
  }
}
