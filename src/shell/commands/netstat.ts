/// netstat, of net-tools 2.10: the older view of sockets and protocol counters.
/// Left out: everything but UDP sockets, interfaces, routes, and the counters of UDP and TCP.
import type { Kernel } from '../../kernel/state.ts';
import type { Command, Io, Running } from '../command.ts';
import { print, value, type Piece } from '../marked.ts';
import { ifconfig } from './ifconfig.ts';

const LETTERS = 'atunlwxsi46WeopNvcrC';

const LONG: Readonly<Record<string, string>> = {
  ...{ all: 'a', tcp: 't', udp: 'u', numeric: 'n', listening: 'l', statistics: 's' },
  ...{ interfaces: 'i', programs: 'p', raw: 'w', unix: 'x', wide: 'W', route: 'r' },
};

/// Lines of -s for a protocol: the text after the number, and the counter's name.
const STATISTICS: readonly (readonly [string, string, readonly (readonly [string, string])[]])[] = [
  [
    't',
    'Tcp:',
    [
      ['active connection openings', 'TcpActiveOpens'],
      ['passive connection openings', 'TcpPassiveOpens'],
      ['failed connection attempts', 'TcpAttemptFails'],
      ['connection resets received', 'TcpEstabResets'],
      ['connections established', 'TcpCurrEstab'],
      ['segments received', 'TcpInSegs'],
      ['segments sent out', 'TcpOutSegs'],
      ['segments retransmitted', 'TcpRetransSegs'],
      ['bad segments received', 'TcpInErrs'],
      ['resets sent', 'TcpOutRsts'],
    ],
  ],
  [
    'u',
    'Udp:',
    [
      ['packets received', 'UdpInDatagrams'],
      ['packets to unknown port received', 'UdpNoPorts'],
      ['packet receive errors', 'UdpInErrors'],
      ['packets sent', 'UdpOutDatagrams'],
      ['receive buffer errors', 'UdpRcvbufErrors'],
      ['send buffer errors', 'UdpSndbufErrors'],
    ],
  ],
];

/// Counters that the tool prints under IpExt when they are not zero.
const IP_EXT: readonly (readonly [string, string])[] = [
  ['InOctets', 'IpExtInOctets'],
  ['InNoECTPkts', 'IpExtInNoECTPkts'],
];

function* run(io: Io): Running {
  const letters = new Set<string>();
  for (const word of io.argv.slice(1)) {
    const found = word.startsWith('--') ? LONG[word.slice(2)] : word.slice(1);
    if (!word.startsWith('-') || !found || [...found].some((letter) => !LETTERS.includes(letter))) {
      yield* io.err.line(`netstat: invalid option -- '${word.replace(/^-+/, '')}'`);
      return 4;
    }
    for (const letter of found) letters.add(letter);
  }
  const absent = [...'ecogrMCx'].find((letter) => letters.has(letter));
  if (absent) return yield* notModelled(io, absent);
  if (letters.has('s')) return yield* statistics(io, letters);
  if (letters.has('i')) {
    yield* io.out.line('Kernel Interface table');
    return yield* ifconfig.run({ ...io, argv: ['ifconfig', '-s'] });
  }
  if (!letters.has('t') && !letters.has('u')) return yield* notModelled(io, 'x (UNIX sockets)');
  return yield* sockets(io, letters);
}

function* notModelled(io: Io, what: string): Running {
  yield* io.err.line(`softnet: not modelled here: netstat -${what}`);
  return 1;
}

function* statistics(io: Io, letters: ReadonlySet<string>): Running {
  const both = !letters.has('t') && !letters.has('u');
  // Without a choice the tool begins with Ip and Icmp, most of which nothing here moves.
  if (both) return yield* notModelled(io, 's (choose -t or -u)');
  for (const [letter, heading, rows] of STATISTICS) {
    if (!letters.has(letter)) continue;
    yield* io.out.line(heading);
    for (const [text, name] of rows) yield* print(io.out, '    ', count(io.k, name), ` ${text}`);
  }
  yield* io.out.line('UdpLite:');
  const moved = IP_EXT.filter(([, name]) => (io.k.mib[name] ?? 0) > 0);
  if (moved.length) yield* io.out.line('IpExt:');
  for (const [text, name] of moved) yield* print(io.out, `    ${text}: `, count(io.k, name));
  yield* io.out.line('MPTcpExt:');
  return 0;
}

function count(k: Kernel, name: string): Piece {
  return value(k.mib[name] ?? 0, `counter:${name}`);
}

function* sockets(io: Io, letters: ReadonlySet<string>): Running {
  const which = letters.has('a')
    ? '(servers and established)'
    : letters.has('l')
      ? '(only servers)'
      : '(w/o servers)';
  yield* io.out.line(`Active Internet connections ${which}`);
  const programs = letters.has('p') ? ' PID/Program name   ' : '';
  yield* io.out.line(
    `Proto Recv-Q Send-Q Local Address           Foreign Address         State      ${programs}`,
  );
  if (!letters.has('u') || !(letters.has('a') || letters.has('l'))) return 0;
  for (const sock of io.k.socks) {
    if (sock.task === 0) continue;
    const queued = String(sock.rmem_alloc - sock.forward_deficit);
    const task = io.k.tasks.find((one) => one.pid === sock.task);
    const visible = task && (io.uid === 0 || io.uid === task.uid);
    const owner = visible ? `${task.pid}/${task.comm}` : '-';
    yield* print(
      io.out,
      ...['udp   ', ' '.repeat(Math.max(0, 6 - queued.length))],
      ...[value(queued, `counter:sock:rmem_alloc@${sock.ino}`), '      0 '],
      `${`${sock.local}:${sock.port}`.padEnd(23)} ${'0.0.0.0:*'.padEnd(23)} ${' '.repeat(11)}`,
      programs ? ` ${owner.padEnd(19)} ` : ' ',
    );
  }
  return 0;
}

export const netstat: Command = {
  name: 'netstat',
  summary: 'show sockets and counters, the older way',
  usage: 'netstat [-a] [-t] [-u] [-n] [-l] [-p] [-i] | -s {-t | -u}',
  run,
};
