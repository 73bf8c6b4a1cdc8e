/// sudo 1.9: runs a command as root or another user. On the recorded hosts it asks alice for no
/// password, so this one asks nobody.
/// Left out: sudoers, -l, -e and everything about passwords.
import { strerror } from '../../kernel/errno.ts';
import type { Command, Io, Running } from '../command.ts';
import { notModelled, parseOptions, spelled } from '../options.ts';

const USAGE = `usage: sudo -h | -K | -k | -V
usage: sudo -v [-ABkNnS] [-g group] [-h host] [-p prompt] [-u user]
usage: sudo [-ABbEHkNnPS] [-g group] [-h host] [-p prompt] [-u user] [VAR=value] [-i | -s] [command [arg ...]]
`;
const USERS: Record<string, number> = { root: 0, alice: 1000 };
const HOMES: Record<string, string> = { root: '/root', alice: '/home/alice' };
const SECURE_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const IGNORED = new Set(['n', 'k', 'S', 'H', 'b', 'A', 'B', 'N', 'P']);

const table = {
  short: 'u:g:h:p:C:D:R:T:U:iseEHknSKvVlAbBNP',
  long: {
    'user=': 'u',
    login: 'i',
    shell: 's',
    'preserve-env[=]': 'E',
    'non-interactive': 'n',
    stdin: 'S',
    validate: 'v',
    list: 'l',
    help: 'help',
    version: 'V',
  },
  posix: true,
};

function* run(io: Io): Running {
  const parsed = parseOptions(io.argv.slice(1), table);
  if ('fault' in parsed) {
    yield* io.err.write(`sudo: ${parsed.fault}\n${USAGE}`);
    return 1;
  }
  let user = 'root';
  let shell = '';
  let keep = false;
  for (const option of parsed.options) {
    if (option.name === 'u') user = option.value;
    else if (option.name === 'i' || option.name === 's') shell = option.name;
    else if (option.name === 'E') keep = true;
    else if (option.name === 'v' || option.name === 'K') return 0;
    else if (option.name === 'help') {
      yield* io.out.write(USAGE);
      return 0;
    } else if (!IGNORED.has(option.name)) return yield* notModelled(io, spelled(option));
  }
  const uid = USERS[user.replace(/^#0$/, 'root').replace(/^#1000$/, 'alice')];
  if (uid === undefined) return yield* complain(io, `unknown user ${user}`);
  return yield* runAs(io, uid === 0 ? 'root' : 'alice', [...parsed.operands], shell, keep);
}

function* complain(io: Io, text: string): Running {
  yield* io.err.line(`sudo: ${text}`);
  return 1;
}

function* runAs(io: Io, user: string, words: string[], shell: string, keep: boolean): Running {
  const env = environment(io, user, keep);
  while (/^[A-Za-z_]\w*=/.test(words[0] ?? '')) {
    const word = words.shift() ?? '';
    env.set(word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1));
  }
  if (words.length === 0 && shell === '') {
    yield* io.err.write(USAGE);
    return 1;
  }
  const command =
    shell === '' ? words : ['bash', ...(words.length > 0 ? ['-c', words.join(' ')] : [])];
  env.set('SUDO_COMMAND', command.join(' '));
  const status = yield* io.exec(command, { uid: USERS[user] ?? 0, env });
  if (typeof status === 'number') return status;
  if (status === 'ENOENT') return yield* complain(io, `${command[0] ?? ''}: command not found`);
  if (status === 'EACCES') return yield* complain(io, `${command[0] ?? ''}: command not found`);
  return yield* complain(io, `unable to execute ${command[0] ?? ''}: ${strerror(status)}`);
}

/// env_reset: a small fresh environment, plus who asked.
function environment(io: Io, user: string, keep: boolean): Map<string, string> {
  const env = new Map(keep ? io.env : []);
  for (const name of ['TERM', 'LANG', 'COLORS', 'DISPLAY']) {
    const value = io.env.get(name);
    if (value !== undefined) env.set(name, value);
  }
  const from = io.uid === 0 ? 'root' : 'alice';
  const set: Record<string, string> = {
    HOME: HOMES[user] ?? '/',
    LOGNAME: user,
    USER: user,
    SHELL: '/bin/bash',
    PATH: SECURE_PATH,
    MAIL: `/var/mail/${user}`,
    SUDO_UID: String(io.uid),
    SUDO_GID: String(io.uid),
    SUDO_USER: from,
  };
  for (const [name, value] of Object.entries(set)) env.set(name, value);
  return env;
}

export const sudo: Command = {
  name: 'sudo',
  summary: 'run a command as root or another user',
  usage: 'sudo [-u USER] [-E] [-i | -s] [VAR=VALUE] COMMAND [ARGUMENT]...',
  run,
};
