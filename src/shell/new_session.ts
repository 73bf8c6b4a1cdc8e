/// A fresh session, as the recorded hosts' interactive shells start.
import type { Kernel } from '../kernel/state.ts';
import { labFiles } from './bpftool/lab_files.ts';
import type { Session } from './session.ts';

const HOMES = { root: '/root', alice: '/home/alice' } as const;
const ROOT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const SHELL_PID = 200; // the recorded hosts start their shell after the kernel's own tasks

/// The two users of the host.
const PASSWD = 'root:x:0:0:root:/root:/bin/bash\nalice:x:1000:1000::/home/alice:/bin/bash\n';

/// A fresh interactive shell of a user. `login: true` makes its messages start with `-bash:`.
export function newSession(k: Kernel, user: 'root' | 'alice', login = false): Session {
  const home = HOMES[user];
  const vars: Record<string, string> = {
    HOME: home,
    USER: user,
    LOGNAME: user,
    SHELL: '/bin/bash',
    PATH: ROOT_PATH,
    PWD: home,
    TERM: 'xterm-256color',
    LANG: 'C.UTF-8',
    SHLVL: '1',
  };
  const highest = Math.max(SHELL_PID, ...k.tasks.map((task) => task.pid));
  return {
    user,
    cwd: home,
    vars: { ...vars, IFS: ' \t\n', OPTIND: '1', PS4: '+ ' },
    exported: Object.keys(vars),
    readonly_vars: [],
    integer_vars: [],
    arrays: {
      BASH_VERSINFO: {
        associative: false,
        items: { 0: '5', 1: '2', 2: '37', 3: '1', 4: 'release', 5: 'x86_64-pc-linux-gnu' },
      },
    },
    functions: {},
    aliases: {},
    options: login ? { login_shell: true } : {},
    traps: {},
    positional: [],
    name: login ? '-bash' : 'bash',
    interactive: true,
    pid: highest + 1,
    affinity: null,
    child_affinity: null,
    child_nice: 0,
    started_ns: k.now,
    getopts: { index: 1, at: 1 },
    status: 0,
    last_pid: 0,
    next_pid: highest + 2,
    random: (k.seed % 0x7ffffffe) + 1,
    history: [],
    lines: 0,
    background: 0,
    files: { '/etc/passwd': PASSWD, ...labFiles },
    modes: {},
    umask: 0o022,
    exited: false,
  };
}
