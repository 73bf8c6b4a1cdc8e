/// whoami, id, hostname, uname, nproc, uptime, clear and env-less small tools: who and where one is.
import { clockText, uptimeText } from '../uptime.ts';
import type { Command, Io, Running } from '../command.ts';
import { files } from '../files.ts';
import {
  answerCommon,
  common,
  fail,
  notModelled,
  parseOptions,
  refuseUsage,
  spelled,
} from '../options.ts';

const nameOf = (uid: number): string => (uid === 0 ? 'root' : 'alice');

export const whoami: Command = {
  name: 'whoami',
  summary: 'print the name of the effective user',
  usage: 'whoami',
  *run(io) {
    if (io.argv[1] !== undefined) return yield* refuseUsage(io, `extra operand '${io.argv[1]}'`);
    yield* io.out.line(nameOf(io.uid));
    return 0;
  },
};

const USERS: Record<string, number> = { root: 0, alice: 1000 };

export const id: Command = {
  name: 'id',
  summary: 'print user and group numbers',
  usage: 'id [-u | -g | -G] [-n] [USER]',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), {
      short: 'ugGnr',
      long: { user: 'u', group: 'g', groups: 'G', name: 'n', ...common },
    });
    if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
    if (yield* answerCommon(io, id, 'GNU coreutils 9.7', parsed.options)) return 0;
    const [user] = parsed.operands;
    const uid = user === undefined ? io.uid : USERS[user];
    if (uid === undefined) return yield* fail(io, `'${user ?? ''}': no such user`);
    const letters = new Set(parsed.options.map((option) => option.name));
    const label = `${uid}(${nameOf(uid)})`;
    if (['u', 'g', 'G'].some((letter) => letters.has(letter)))
      yield* io.out.line(letters.has('n') ? nameOf(uid) : String(uid));
    else if (letters.has('n'))
      return yield* fail(io, 'printing only names or real IDs requires -u, -g, or -G');
    else yield* io.out.line(`uid=${label} gid=${label} groups=${label}`);
    return 0;
  },
};

export const hostname: Command = {
  name: 'hostname',
  summary: 'print the name of the host',
  usage: 'hostname [-s]',
  *run(io) {
    const [word] = io.argv.slice(1);
    if (word !== undefined && !/^-[sf]$/.test(word)) return yield* notModelled(io, word);
    yield* io.out.line(io.k.desc.hostname);
    return 0;
  },
};

const UNAME_ORDER = 'snrvmpio';

function unameFields(io: Io): Record<string, string> {
  const sysctl = (name: string) => io.k.sysctl[name] ?? '';
  return {
    s: 'Linux',
    n: io.k.desc.hostname,
    r: sysctl('kernel.osrelease'),
    v: sysctl('kernel.version'),
    m: io.k.desc.arch ?? 'x86_64',
    p: 'unknown',
    i: 'unknown',
    o: 'GNU/Linux',
  };
}

export const uname: Command = {
  name: 'uname',
  summary: 'print the name and version of the kernel',
  usage: 'uname [-asnrvmpio]',
  *run(io) {
    const long = {
      all: 'a',
      'kernel-name': 's',
      nodename: 'n',
      'kernel-release': 'r',
      'kernel-version': 'v',
      machine: 'm',
      'operating-system': 'o',
      ...common,
    };
    const parsed = parseOptions(io.argv.slice(1), { short: 'asnrvmpio', long });
    if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
    if (yield* answerCommon(io, uname, 'GNU coreutils 9.7', parsed.options)) return 0;
    const [extra] = parsed.operands;
    if (extra !== undefined) return yield* refuseUsage(io, `extra operand '${extra}'`);
    const asked = new Set(parsed.options.map((option) => option.name));
    const letters = asked.has('a') ? 'snrvmo' : asked.size === 0 ? 's' : UNAME_ORDER;
    const fields = unameFields(io);
    const shown = [...letters].filter(
      (letter) => asked.has('a') || asked.size === 0 || asked.has(letter),
    );
    yield* io.out.line(shown.map((letter) => fields[letter] ?? '').join(' '));
    return 0;
  },
};

export const nproc: Command = {
  name: 'nproc',
  summary: 'print how many CPUs are online',
  usage: 'nproc [--all] [--ignore=N]',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), {
      short: '',
      long: { all: 'all', 'ignore=': 'ignore', ...common },
    });
    if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
    if (yield* answerCommon(io, nproc, 'GNU coreutils 9.7', parsed.options)) return 0;
    const all = parsed.options.some((option) => option.name === 'all');
    const ignored = parsed.options.find((option) => option.name === 'ignore')?.value ?? '0';
    if (!/^\d+$/.test(ignored)) return yield* fail(io, `invalid number: '${ignored}'`);
    const count = all ? io.k.cpus.length : io.k.cpus.filter((cpu) => cpu.online).length;
    yield* io.out.line(String(Math.max(1, count - Number(ignored))));
    return 0;
  },
};

export const clear: Command = {
  name: 'clear',
  summary: 'clear the terminal',
  usage: 'clear',
  *run(io) {
    yield* io.out.write('\x1b[H\x1b[2J\x1b[3J');
    return 0;
  },
};

export const uptime: Command = {
  name: 'uptime',
  summary: 'print how long the host has been up',
  usage: 'uptime [-p | -s]',
  run: runUptime,
};

/// The load average is the constant of /proc/loadavg, where its note says what it is.
function* runUptime(io: Io): Running {
  const parsed = parseOptions(io.argv.slice(1), {
    short: 'psrc',
    long: { pretty: 'p', since: 's', raw: 'r', container: 'c' },
  });
  if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
  const [option] = parsed.options;
  if (option && !/^[ps]$/.test(option.name)) return yield* notModelled(io, spelled(option));
  if (option) {
    yield* io.out.line(option.name === 'p' ? uptimeText(io.k, true) : clockText(io.k, true));
    return 0;
  }
  const read = files.read(io, '/proc/loadavg');
  if (typeof read === 'string') return yield* fail(io, 'cannot read /proc/loadavg');
  const load = (read.lines[0]?.text ?? '').split(' ').slice(0, 3).join(', ');
  yield* io.out.line(
    ` ${clockText(io.k, false)} ${uptimeText(io.k, false)},  0 users,  load average: ${load}`,
  );
  return 0;
}
