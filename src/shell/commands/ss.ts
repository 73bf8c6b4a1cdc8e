/// ss, of iproute2 6.15: TCP, UDP and raw sockets.
/// Left out: services by name, events, killing sockets; of -i what the
/// model does not have (ss/details.ts).
import { sock_gen_cookie } from '../../kernel/sock_diag.ts';
import type { Command, Io, Running } from '../command.ts';
import { extendedOf, infoOf, memoryOf, timerOf } from '../ss/details.ts';
import { parseFilter } from '../ss/filter.ts';
import { ownerOf, socketRows, type SocketRow } from '../ss/rows.ts';
import { summaryLines } from '../ss/summary.ts';
import { tableLines, type Cell, type Column } from '../ss/table.ts';

const WRONG_LINE = 255;

const STATES = [
  ...['established', 'syn-sent', 'syn-recv', 'fin-wait-1', 'fin-wait-2', 'time-wait'],
  ...['unconnected', 'close-wait', 'last-ack', 'listening', 'closing'],
];
const UNCONNECTED = ['unconnected'];
const CONNECTED = STATES.filter((name) => !['unconnected', 'listening'].includes(name));
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  all: STATES,
  connected: CONNECTED,
  synchronized: CONNECTED.filter((name) => name !== 'syn-sent'),
  bucket: ['syn-recv', 'time-wait'],
  big: STATES.filter((name) => !['syn-recv', 'time-wait'].includes(name)),
  close: UNCONNECTED,
  closed: UNCONNECTED,
  'syn-rcv': ['syn-recv'],
};

interface Wishes {
  tables: Set<string>;
  states: readonly string[] | null;
  four: boolean;
  six: boolean;
  memory: boolean;
  info: boolean;
  timers: boolean;
  extended: boolean;
  numeric: boolean;
  processes: boolean;
  header: boolean;
  queues: boolean;
  oneline: boolean;
  summary: boolean;
}

/// Long options by the letter that does the same.
const LONG: Readonly<Record<string, string>> = {
  ...{ numeric: 'n', resolve: 'r', options: 'o', extended: 'e', memory: 'm', info: 'i' },
  ...{ processes: 'p', tcp: 't', udp: 'u', raw: 'w', unix: 'x', sctp: 'S', dccp: 'd', all: 'a' },
  ...{ listening: 'l', ipv4: '4', ipv6: '6', packet: '0', summary: 's', version: 'V' },
  ...{ help: 'h', 'no-header': 'H', 'no-queues': 'Q', oneline: 'O' },
};

/// Takes one option letter; false for a letter that the tool does not have.
function take(wishes: Wishes, letter: string): boolean {
  if ('tuwxSd0M'.includes(letter)) wishes.tables.add(letter);
  else if (letter === 'a') wishes.states = STATES;
  else if (letter === 'l') wishes.states = ['listening', 'unconnected'];
  else if (letter === '4') wishes.four = true;
  else if (letter === '6') wishes.six = true;
  else if (letter === 'm') wishes.memory = true;
  else if (letter === 'i') wishes.info = true;
  else if (letter === 'o') wishes.timers = true;
  else if (letter === 'e') wishes.extended = true;
  else if (letter === 'n') wishes.numeric = true;
  else if (letter === 'p') wishes.processes = true;
  else if (letter === 'H') wishes.header = false;
  else if (letter === 'Q') wishes.queues = false;
  else if (letter === 'O') wishes.oneline = true;
  else if (letter === 's') wishes.summary = true;
  else return letter === 'r';
  return true;
}

const ABSENT = 'TbEZzKNDFfAB';

function* run(io: Io): Running {
  const wishes: Wishes = {
    ...{ tables: new Set<string>(), states: null, four: false, six: false, memory: false },
    ...{ info: false, timers: false, extended: false, numeric: false },
    ...{ processes: false, header: true, queues: true, oneline: false, summary: false },
  };
  const rest: string[] = [];
  for (const word of io.argv.slice(1)) {
    if (!word.startsWith('-') || word === '-') rest.push(word);
    else {
      const letters = word.startsWith('--') ? LONG[word.slice(2)] : word.slice(1);
      if (letters === undefined) return yield* usage(io, `unrecognized option '${word}'`);
      for (const letter of letters) {
        if (letter === 'V' || letter === 'v') {
          yield* io.out.line('ss utility, iproute2-6.15.0');
          return 0;
        }
        // -e only adds to each socket; without sockets it changes nothing.
        if (letter === 'e' && !io.k.socks.length) continue;
        if (ABSENT.includes(letter)) {
          yield* io.err.line(`softnet: not modelled here: ss -${letter}`);
          return 1;
        }
        if (!take(wishes, letter)) return yield* usage(io, `invalid option -- '${letter}'`);
      }
    }
  }
  return yield* list(io, wishes, rest);
}

function* usage(io: Io, trouble: string): Running {
  yield* io.err.line(`ss: ${trouble}`);
  yield* io.err.line('Usage: ss [ OPTIONS ]');
  yield* io.err.line('       ss [ OPTIONS ] [ FILTER ]');
  return WRONG_LINE;
}

/// The words `state NAME` and `exclude NAME` at the front; a number is an exit status.
function* takeStates(io: Io, wishes: Wishes, words: string[]): Running<number | null> {
  let seen = false;
  while (words[0] === 'state' || words[0] === 'exclude' || words[0] === 'excl') {
    const exclude = words.shift() !== 'state';
    const name = words.shift();
    if (name === undefined) {
      yield* io.err.line('Command line is not complete. Try option "help"');
      return WRONG_LINE;
    }
    const named = GROUPS[name] ?? (STATES.includes(name) ? [name] : null);
    if (!named) {
      yield* io.err.line(`ss: wrong state name: ${name}`);
      return WRONG_LINE;
    }
    const base = seen ? (wishes.states ?? []) : exclude ? STATES : [];
    wishes.states = exclude
      ? base.filter((one) => !named.includes(one))
      : STATES.filter((one) => base.includes(one) || named.includes(one));
    seen = true;
  }
  return null;
}

function* list(io: Io, wishes: Wishes, words: string[]): Running {
  if (wishes.summary) {
    for (const line of summaryLines(io.k)) yield* io.out.line(line);
    if (!wishes.tables.size && !words.length) return 0;
  }
  const trouble = yield* takeStates(io, wishes, words);
  if (trouble !== null) return trouble;
  const filter = parseFilter(words);
  if (!filter) {
    yield* io.err.line('ss: bison bellows (while parsing filter): "syntax error!" Sorry.');
    return WRONG_LINE;
  }
  const packets = wishes.tables.size === 1 && wishes.tables.has('0');
  const states = wishes.states ?? (packets ? ['unconnected'] : CONNECTED);
  const shown = socketRows(io.k).filter(
    (row) => wanted(wishes, row) && states.includes(row.stateName) && filter(row),
  );
  // The kernel gives a socket its cookie when somebody first asks.
  for (const { request, sock } of shown) sock_gen_cookie(io.k, request ?? sock);
  const columns = columnsOf(wishes, states);
  const header = columns.map((column) => ({ text: column.header }));
  const rows = [
    ...(wishes.header ? [header] : []),
    ...shown.map((row) => columns.map((one) => one.cell(row, io, wishes))),
  ];
  for (const { text, marks } of tableLines(columns, rows, io.columns))
    yield* io.out.line(text, marks);
  return 0;
}

const TABLES: Readonly<Record<SocketRow['netid'], string>> = {
  ...{ tcp: 't', udp: 'u', raw: 'w', p_raw: '0', p_dgr: '0' },
};

function wanted(wishes: Wishes, row: SocketRow): boolean {
  if (wishes.tables.size > 0 && !wishes.tables.has(TABLES[row.netid])) return false;
  return wishes.four === wishes.six || (row.six ? wishes.six : wishes.four);
}

/// States as the column shows them.
const SHOWN: Readonly<Record<string, string>> = {
  ...{ established: 'ESTAB', 'syn-sent': 'SYN-SENT', 'syn-recv': 'SYN-RECV' },
  ...{ 'fin-wait-1': 'FIN-WAIT-1', 'fin-wait-2': 'FIN-WAIT-2', 'time-wait': 'TIME-WAIT' },
  ...{ unconnected: 'UNCONN', 'close-wait': 'CLOSE-WAIT', 'last-ack': 'LAST-ACK' },
  ...{ listening: 'LISTEN', closing: 'CLOSING' },
};

/// An address in its column: IPv6 in brackets; any address of a socket that takes both families is a star.
function address(text: string, row: SocketRow, device: string): string {
  const any = !row.six ? '0.0.0.0' : row.v6only ? '[::]' : '*';
  const plain = text === '' ? any : text.includes(':') ? `[${text}]` : text;
  return `${plain}${device ? `%${device}` : ''}:`;
}

type Named = Column & { readonly cell: (row: SocketRow, io: Io, wishes: Wishes) => Cell };

const COLUMNS: Readonly<Record<string, Named>> = {
  netid: column('Netid', '', (row) => ({ text: row.netid })),
  state: column('State', ' ', (row) => ({ text: SHOWN[row.stateName] ?? '' })),
  recvq: column('Recv-Q', ' ', (row) => ({
    text: String(row.recvq).padEnd(6),
    ref: queueRef(row),
  })),
  sendq: column('Send-Q', ' ', (row) => ({
    text: String(row.sendq).padEnd(6),
    ...(row.sock.listen && !row.request
      ? { ref: `counter:sock:max_ack_backlog@${row.sock.ino}` }
      : {}),
  })),
  local: column(
    'Local Address:',
    ' ',
    (row) => ({
      text: isPacket(row) ? `${row.local}:` : address(row.local, row, row.device),
    }),
    'right',
  ),
  lport: column('Port', '', (row) => ({
    text: isPacket(row) ? row.device : row.netid === 'raw' ? rawName(row.port) : String(row.port),
  })),
  peer: column(
    'Peer Address:',
    ' ',
    (row) => ({ text: isPacket(row) ? '*' : address(row.peer, row, '') }),
    'right',
  ),
  pport: column('Port', '', (row) => ({
    text: isPacket(row) ? '' : row.peer_port ? String(row.peer_port) : '*',
  })),
  process: column('Process', '', (row, io) => ({ text: processOf(io, row) })),
  rest: column('', '', (row, io, wishes) => ({ text: restOf(row, io, wishes) })),
};

/// A packet socket has a protocol and a device for an address.
function isPacket(row: SocketRow): boolean {
  return row.netid === 'p_raw' || row.netid === 'p_dgr';
}

/// What Recv-Q counts: bytes charged, bytes not read, or connections that wait.
function queueRef(row: SocketRow): string {
  const name = row.netid !== 'tcp' ? 'rmem_alloc' : row.sock.listen ? 'ack_backlog' : 'rcv_unread';
  return `counter:sock:${name}@${row.sock.ino}`;
}

/// Raw sockets show their protocol in place of a port.
function rawName(protocol: number): string {
  const names: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp' };
  return names[protocol] ?? String(protocol);
}

/// What follows a socket: its timer on the same line, memory and details on the next.
function restOf(row: SocketRow, io: Io, wishes: Wishes): string {
  const timer =
    (wishes.timers ? timerOf(io.k, row) : '') + (wishes.extended ? extendedOf(io.k, row) : '');
  if (row.request || !(wishes.memory || wishes.info)) return timer;
  const details = wishes.info && row.sock.tcp ? infoOf(io.k, row, wishes.numeric) : '';
  const memory = wishes.memory ? memoryOf(row.sock) : '';
  return `${timer}${wishes.oneline ? '' : '\n\t'}${memory}${details}`;
}

function column(
  header: string,
  gap: string,
  cell: Named['cell'],
  align: Column['align'] = 'left',
): Named {
  return { header, gap, align, cell };
}

/// Columns that the options leave; one table needs no name for it (-x stands for three), one state no column.
function columnsOf(wishes: Wishes, states: readonly string[]): Named[] {
  const hidden = new Set<string>();
  if (wishes.tables.size === 1 && !wishes.tables.has('x') && !wishes.tables.has('0'))
    hidden.add('netid');
  if (states.length === 1) hidden.add('state');
  if (!wishes.queues) hidden.add('recvq').add('sendq');
  if (!wishes.processes) hidden.add('process');
  return Object.entries(COLUMNS).flatMap(([name, one]) => (hidden.has(name) ? [] : [one]));
}

/// The owner, for those who may look into its /proc/PID/fd. Its first file after standard input,
/// output and error is the socket.
function processOf(io: Io, row: SocketRow): string {
  const task = ownerOf(io.k, row);
  if (!task || (io.uid !== 0 && io.uid !== task.uid)) return '';
  return ` users:(("${task.comm}",pid=${task.pid},fd=3))`;
}

export const ss: Command = {
  name: 'ss',
  summary: 'show sockets',
  usage: 'ss [OPTIONS] [state STATE] [FILTER]',
  run,
};
