/// One shell on the host: what it remembers between lines. Plain data, so it is cloned with the
/// host and a replay starts from the same state. Jobs that still run are not in here: they are
/// running code, and scheduler.ts holds them.

export interface Session {
  user: 'root' | 'alice';
  cwd: string;
  vars: Record<string, string>;
  exported: string[]; // names of exported variables
  readonly_vars: string[];
  integer_vars: string[]; // declare -i
  arrays: Record<string, ArrayVariable>;
  functions: Record<string, string>; // name to source text of its body
  aliases: Record<string, string>;
  options: Record<string, boolean>; // set -o names (errexit, nounset, pipefail) and shopt names
  traps: Record<string, string>; // EXIT, INT, ... to source text
  positional: string[]; // $1 ...
  name: string; // $0, and the first word of error messages: bash, -bash, or a script's path
  interactive: boolean; // an interactive shell says `bash: ...`, a script `bash: line 3: ...`
  pid: number; // $$
  affinity: number[] | null; // CPU mask of this shell's process, as words; null: all CPUs
  child_affinity: number[] | null; // and of what it starts now: taskset and numactl set it
  child_nice: number; // nice value of what it starts
  started_ns: number; // virtual time at which it started: $SECONDS
  getopts: { index: number; at: number }; // word and letter that getopts stands at
  status: number; // $?
  last_pid: number; // $!; 0 before the first job
  next_pid: number; // pid that the next job gets
  random: number; // state of $RANDOM
  history: string[];
  lines: number; // lines typed so far, for messages such as "line 3"
  background: number; // jobs started with &, for the job number
  files: Record<string, string>; // the reader's own files, by absolute path (/tmp, /home, /root)
  modes: Record<string, number>; // permission bits of `files` where chmod changed them
  umask: number;
  exited: boolean; // `exit` was typed: the terminal starts a fresh session
}

/// An indexed array (keys are decimal numbers) or an associative one.
export interface ArrayVariable {
  associative: boolean;
  items: Record<string, string>;
}
