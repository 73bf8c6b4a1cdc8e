/// A host with somebody at its terminal: tests type what a reader would type.
import { boot } from '../../src/kernel/boot.ts';
import type { HostDescription } from '../../src/kernel/host.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { createSession, type Session } from '../../src/shell/shell.ts';
import { typed } from '../../tools/typed.ts';

const PATIENCE_NS = 20_000; // what a job in the background is waited for

export interface Typist {
  readonly host: { k: Kernel };
  readonly session: Session;
}

export function sitDown(desc: HostDescription, seed = 1): Typist {
  const host = { k: boot(desc, seed) };
  return { host, session: createSession(host.k, 'root') };
}

/// Types a line, whatever comes of it.
export function tryLine({ host, session }: Typist, line: string): void {
  typed(host, session, line, { columns: null, limit_ns: PATIENCE_NS, breaths: 20 });
}

/// Types a line that must succeed, and gives what it prints.
export function say({ host, session }: Typist, line: string): string {
  const answer = typed(host, session, line, { columns: null, limit_ns: PATIENCE_NS, breaths: 20 });
  if (answer.status !== 0) throw new Error(`${line}: ${answer.status} ${answer.stderr}`);
  return answer.stdout;
}
