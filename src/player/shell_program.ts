/// What the player needs of the shell, as an object that is handed to it. The program that a page loads
/// first has none: it opens a run at its start, plays and seeks it, and is a fifth of the size. The one
/// with the shell is fetched when somebody types. So nothing in the player imports the shell itself,
/// but for open_run.ts, which the light program does not contain.
import type { HostDescription } from '../kernel/host.ts';
import type { FieldCard } from '../kernel/registry.ts';
import type { Kernel } from '../kernel/state.ts';
import type { Running } from '../shell/command.ts';
import type { Completions, Host, Session, Sinks } from '../shell/shell.ts';

export interface ShellProgram {
  boot(desc: HostDescription, seed: number): Kernel;
  createSession(k: Kernel, user: 'root' | 'alice', login?: boolean): Session;
  prompt(k: Kernel, session: Session): string;
  run(host: Host, session: Session, source: string, sinks: Sinks): Running;
  background(host: Host, session: Session, sinks: Sinks): Running<void>;
  jobsRunning(session: Session): number;
  complete(k: Kernel, session: Session, line: string, cursor: number): Completions;
  explainRef(k: Kernel, ref: string): FieldCard | null;
}
