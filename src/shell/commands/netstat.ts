/// netstat, of net-tools 2.10: the older view of sockets and protocol counters.
/// Left out: UNIX sockets, timers (-o), groups, continuous output.
import type { Command, Io, Running } from '../command.ts';
import { print, value } from '../marked.ts';
import { statisticsLines } from '../netstat_statistics.ts';
import { ownerOf, socketRows, type SocketRow } from '../ss/rows.ts';
import { ifconfig } from './ifconfig.ts';

const LETTERS = 'atunlwxsi46WeopNvcrC';

const LONG: Readonly<Record<string, string>> = {
  ...{ all: 'a', tcp: 't', udp: 'u', numeric: 'n', listening: 'l', statistics: 's' },
  ...{ interfaces: 'i', programs: 'p', raw: 'w', unix: 'x', wide: 'W', route: 'r' },
};

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
  if (!'tuw'.split('').some((letter) => letters.has(letter)))
    return yield* notModelled(io, 'x (UNIX sockets)');
  return yield* sockets(io, letters);
}

function* notModelled(io: Io, what: string): Running {
  yield* io.err.line(`softnet: not modelled here: netstat -${what}`);
  return 1;
}

function* statistics(io: Io, letters: ReadonlySet<string>): Running {
  for (const line of statisticsLines(io.k, letters.has('t'), letters.has('u')))
    yield* print(io.out, ...line);
  return 0;
}

/// States as the tool names them, by the kernel's number.
const STATES = [
  ...['', 'ESTABLISHED', 'SYN_SENT', 'SYN_RECV', 'FIN_WAIT1', 'FIN_WAIT2', 'TIME_WAIT', 'CLOSE'],
  ...['CLOSE_WAIT', 'LAST_ACK', 'LISTEN', 'CLOSING'],
];
const LISTEN = 10;
const ESTABLISHED = 1;

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
  const order = ['tcp', 'udp', 'raw'];
  const rows = socketRows(io.k)
    .filter((row) => letters.has(TABLES[row.netid]) && shows(row, letters))
    .sort(
      (a, b) => order.indexOf(a.netid) - order.indexOf(b.netid) || Number(a.six) - Number(b.six),
    );
  for (const row of rows) yield* socketLine(io, row, letters);
  return 0;
}

// Packet sockets are none of its families: no letter asks for them.
const TABLES: Readonly<Record<SocketRow['netid'], string>> = {
  ...{ tcp: 't', udp: 'u', raw: 'w', p_raw: '', p_dgr: '' },
};

/// -a all, -l listeners and what is not connected, else connections.
function shows(row: SocketRow, letters: ReadonlySet<string>): boolean {
  if (letters.has('4') !== letters.has('6') && row.six !== letters.has('6')) return false;
  if (letters.has('a')) return true;
  const open = row.netid === 'tcp' ? row.state === LISTEN : row.state !== ESTABLISHED;
  return letters.has('l') === open;
}

function* socketLine(io: Io, row: SocketRow, letters: ReadonlySet<string>): Running<void> {
  const queued = String(row.recvq);
  const sent = String(row.state === LISTEN ? 0 : row.sendq);
  const owner = ownerOf(io.k, row);
  const visible = owner && (io.uid === 0 || io.uid === owner.uid);
  const program = (visible ? `${owner.pid}/${owner.comm}` : '-').padEnd(19);
  const state = row.netid === 'tcp' || row.state === ESTABLISHED ? (STATES[row.state] ?? '') : '';
  const counted = row.netid === 'tcp' ? 'rcv_unread' : 'rmem_alloc';
  const name = row.sock.listen && !row.request ? 'ack_backlog' : counted;
  yield* print(
    io.out,
    `${(row.netid + (row.six ? '6' : '')).padEnd(5)} ${' '.repeat(Math.max(0, 6 - queued.length))}`,
    ...[value(queued, `counter:sock:${name}@${row.sock.ino}`), ` ${sent.padStart(6)} `],
    `${ending(row.local, row.port, row.six).padEnd(23)} `,
    `${ending(row.peer, row.peer_port, row.six).padEnd(23)} ${state.padEnd(11)}`,
    letters.has('p') ? ` ${program} ` : '',
  );
}

/// An address and a port; an IPv4 address of an IPv6 socket looks like any other.
function ending(address: string, port: number, six: boolean): string {
  const plain = address.replace('::ffff:', '') || (six ? '::' : '0.0.0.0');
  return `${plain}:${port || '*'}`;
}

export const netstat: Command = {
  name: 'netstat',
  summary: 'show sockets and counters, the older way',
  usage: 'netstat [-a] [-t] [-u] [-w] [-n] [-l] [-p] [-i] | -s [-t] [-u]',
  run,
};
