/// The builtins of the shell, in one table. A builtin works on the process itself, which a tool
/// cannot.
/// Left out: bind, caller, compgen, complete, compopt, dirs, disown, enable, fc, fg, bg, logout,
/// popd, pushd, suspend.
import type { ArrayItems } from './assign.ts';
import { controlBuiltins } from './builtins_control.ts';
import { inputBuiltins } from './builtins_input.ts';
import { jobBuiltins } from './builtins_jobs.ts';
import { lookupBuiltins } from './builtins_lookup.ts';
import { outputBuiltins } from './builtins_output.ts';
import { settingBuiltins } from './builtins_settings.ts';
import { variableBuiltins } from './builtins_variables.ts';
import type { Running } from './command.ts';
import type { Process } from './process.ts';
import { failingOutput } from './stream.ts';
import type { OutputStream } from './stream.ts';
import { testBuiltins } from './test_builtin.ts';

export interface Call {
  readonly p: Process;
  readonly argv: readonly string[];
  readonly lists: ReadonlyMap<number, ArrayItems>; // lists of `declare -a name=(...)`, by index in argv
}

export type Builtin = (call: Call) => Running;

export const builtins: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  ...Object.entries(controlBuiltins),
  ...Object.entries(variableBuiltins),
  ...Object.entries(settingBuiltins),
  ...Object.entries(outputBuiltins),
  ...Object.entries(inputBuiltins),
  ...Object.entries(lookupBuiltins),
  ...Object.entries(jobBuiltins),
  ...Object.entries(testBuiltins),
]);

/// Standard output of the process; writing to a closed one fails as on a real host.
export function stdout(p: Process): OutputStream {
  const open = p.fds.get(1)?.out;
  if (open) return open;
  const out = failingOutput('EBADF');
  p.fds = new Map(p.fds).set(1, { out });
  return out;
}
