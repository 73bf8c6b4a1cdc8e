/// ss, of iproute2 6.15: sockets. Only UDP sockets exist here, all of them bound and unconnected.
/// Left out: what -e shows (cookies, cgroups), services by name, events, killing sockets.
import type { Kernel, Sock } from '../../kernel/state.ts';
import type { Command, Io, Running } from '../command.ts';
import { parseFilter } from '../ss/filter.ts';
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
  else if (letter === 'p') wishes.processes = true;
  else if (letter === 'H') wishes.header = false;
  else if (letter === 'Q') wishes.queues = false;
  else if (letter === 'O') wishes.oneline = true;
  else if (letter === 's') wishes.summary = true;
  else return 'nroi'.includes(letter);
  return true;
}

const ABSENT = 'eTbEZzKNDFfAB';

function* run(io: Io): Running {
  const wishes: Wishes = {
    ...{ tables: new Set<string>(), states: null, four: false, six: false, memory: false },
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
  const states = wishes.states ?? CONNECTED;
  const udp = !wishes.tables.size || wishes.tables.has('u');
  const shown = io.k.socks.filter(
    (sock) =>
      udp &&
      sock.task !== 0 &&
      (!wishes.six || wishes.four) &&
      states.includes('unconnected') &&
      filter(sock),
  );
  const columns = columnsOf(wishes, states);
  const header = columns.map((column) => ({ text: column.header }));
  const rows = [
    ...(wishes.header ? [header] : []),
    ...shown.map((sock) => cells(io, wishes, sock, columns)),
  ];
  for (const { text, marks } of tableLines(columns, rows, io.columns))
    yield* io.out.line(text, marks);
  return 0;
}

type Named = Column & { readonly cell: (sock: Sock, io: Io, wishes: Wishes) => Cell };

const COLUMNS: Readonly<Record<string, Named>> = {
  netid: column('Netid', '', () => ({ text: 'udp' })),
  state: column('State', ' ', () => ({ text: 'UNCONN' })),
  // udp_rqueue_get(): what is charged, without what the reader has not given back yet.
  recvq: column('Recv-Q', ' ', (sock) => ({
    text: String(sock.rmem_alloc - sock.forward_deficit).padEnd(6),
    ref: `counter:sock:rmem_alloc@${sock.ino}`,
  })),
  sendq: column('Send-Q', ' ', () => ({ text: '0'.padEnd(6) })),
  local: column('Local Address:', ' ', (sock) => ({ text: `${sock.local}:` }), 'right'),
  lport: column('Port', '', (sock) => ({ text: String(sock.port) })),
  peer: column('Peer Address:', ' ', () => ({ text: '0.0.0.0:' }), 'right'),
  pport: column('Port', '', () => ({ text: '*' })),
  process: column('Process', '', (sock, io) => ({ text: processOf(io, sock) })),
  rest: column('', '', (sock, io, wishes) => ({
    text: wishes.memory ? `${wishes.oneline ? '' : '\n\t'}${memoryOf(io.k, sock)}` : '',
  })),
};

function column(
  header: string,
  gap: string,
  cell: Named['cell'],
  align: Column['align'] = 'left',
): Named {
  return { header, gap, align, cell };
}

/// Columns that the options leave; one table needs no name for it, one state no column.
function columnsOf(wishes: Wishes, states: readonly string[]): Named[] {
  const hidden = new Set<string>();
  if (wishes.tables.size === 1) hidden.add('netid');
  if (states.length === 1) hidden.add('state');
  if (!wishes.queues) hidden.add('recvq').add('sendq');
  if (!wishes.processes) hidden.add('process');
  return Object.entries(COLUMNS).flatMap(([name, one]) => (hidden.has(name) ? [] : [one]));
}

function cells(io: Io, wishes: Wishes, sock: Sock, columns: readonly Column[]): Cell[] {
  return (columns as readonly Named[]).map((one) => one.cell(sock, io, wishes));
}

/// The owner, for those who may look into its /proc/PID/fd. Its first file after standard input,
/// output and error is the socket.
function processOf(io: Io, sock: Sock): string {
  const task = io.k.tasks.find((one) => one.pid === sock.task);
  if (!task || (io.uid !== 0 && io.uid !== task.uid)) return '';
  return ` users:(("${task.comm}",pid=${task.pid},fd=3))`;
}

/// sk_get_meminfo() in net/core/sock.c; nothing is sent, so the send side is empty.
function memoryOf(k: Kernel, sock: Sock): string {
  const sndbuf = k.sysctl['net.core.wmem_default'] ?? '0';
  return ` skmem:(r${sock.rmem_alloc},rb${sock.rcvbuf},t0,tb${sndbuf},f${sock.forward_alloc},w0,o0,bl0,d${sock.drops})`;
}

export const ss: Command = {
  name: 'ss',
  summary: 'show sockets',
  usage: 'ss [OPTIONS] [state STATE] [FILTER]',
  run,
};
