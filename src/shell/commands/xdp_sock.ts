/// xdpsock, the AF_XDP sample of the XDP project's bpf-examples: opens a socket on a queue, loads a program that
/// redirects the queue's frames to it, and drops what comes (-r), sends frames of its own (-t) or sends back what comes
/// (-l), with a table a second.
/// Stands for AF_XDP-example/xdpsock.c and for what libxdp does beneath it. The table of the end is printed when the
/// time of -d is over.
/// Left out: libxdp's dispatcher program, a socket beside somebody else's program, busy polling (-B), several sockets,
/// other sizes of frames and batches, what the frames of -t contain, statistics of calls and interrupts.
import { endApp } from '../../kernel/apps.ts';
import { strerror, type ErrnoName } from '../../kernel/errno.ts';
import type { Kernel, NetDevice } from '../../kernel/state.ts';
import { attachedProg, dev_xdp_attach, type XdpMode } from '../../kernel/xdp/attach.ts';
import { bpf_prog_load, progPut } from '../../kernel/xdp/load.ts';
import type { XdpSock } from '../../kernel/xdp/types.ts';
import { xsk_bind, xskClose } from '../../kernel/xdp/xsk.ts';
import { parseProgram } from '../bpftool/source.ts';
import type { Command, Io, Running } from '../command.ts';
import { jobPid } from '../job_pid.ts';
import { wordTable } from '../word_table.ts';
import { pass } from './sleep.ts';

const usage =
  'xdpsock [-r | -t | -l] [-p] -i IFACE [-q QUEUE] [-S | -N] [-c | -z] [-m] [-s SIZE] [-n SECONDS] [-d SECONDS] [-x]';
const XSK_DEF_PROG = `program xsk_def_prog
license GPL
map xsks_map xskmap entries 64
redirect xsks_map queue else pass`;
const CREATE_LINE = 1068; // where xsk_configure_socket() gives up, at bpf-examples 659ce29
const NUMBERS: Partial<Record<ErrnoName, number>> = {
  ...{ EPERM: 1, EBUSY: 16, EEXIST: 17, EINVAL: 22, EOPNOTSUPP: 95 },
};
const LONG: Readonly<Record<string, string>> = wordTable({
  ...{ '--rxdrop': '-r', '--txonly': '-t', '--l2fwd': '-l', '--poll': '-p', '--extra-stats': '-x' },
  ...{ '--xdp-skb': '-S', '--xdp-native': '-N', '--copy': '-c', '--zero-copy': '-z' },
  ...{ '--no-need-wakeup': '-m', '--interface': '-i', '--queue': '-q', '--interval': '-n' },
  ...{ '--duration': '-d', '--tx-pkt-size': '-s' },
});
const ABSENT = /^-[OfuMwbCPVJKGHTyWUQaIBRF]/;

interface Wishes {
  iface: string;
  queue: number;
  mode: XdpMode;
  copy: boolean; // XDP_COPY
  zerocopy: boolean; // XDP_ZEROCOPY
  need_wakeup: boolean;
  app: XdpSock['app'];
  poll: boolean;
  extra: boolean;
  len: number; // bytes of a frame of -t
  interval: number; // s
  duration: number; // s; Infinity: until it is stopped
}

const FLAGS: Readonly<Record<string, Partial<Wishes>>> = wordTable<Partial<Wishes>>({
  '-r': { app: 'rxdrop' },
  '-t': { app: 'txonly' },
  '-l': { app: 'l2fwd' },
  '-p': { poll: true },
  '-x': { extra: true },
  '-S': { mode: 'skb', copy: true },
  '-N': {}, // the default anyway
  '-c': { copy: true },
  '-z': { zerocopy: true },
  '-m': { need_wakeup: false },
});

/// What was asked for, or the word that is not understood.
function parse(words: readonly string[]): Wishes | string {
  const wishes: Wishes = {
    ...{ iface: '', queue: 0, mode: 'drv', copy: false, zerocopy: false, need_wakeup: true },
    ...{ app: 'rxdrop', poll: false, extra: false, len: 64, interval: 1, duration: Infinity },
  };
  const rest = words.flatMap((word) => {
    const [name = '', value] = word.split('=');
    return LONG[name] === undefined
      ? [word]
      : [LONG[name], ...(value === undefined ? [] : [value])];
  });
  while (rest.length > 0) {
    const word = rest.shift()!;
    const flag = FLAGS[word];
    if (flag) Object.assign(wishes, flag);
    else if (word === '-i') wishes.iface = rest.shift() ?? '';
    else if (!takeNumber(wishes, word, rest.shift() ?? '')) return word;
  }
  return wishes;
}

function takeNumber(wishes: Wishes, word: string, text: string): boolean {
  if (!/^\d+$/.test(text)) return false;
  const value = Number(text);
  if (word === '-q') wishes.queue = value;
  else if (word === '-n') wishes.interval = Math.max(1, value);
  else if (word === '-d') wishes.duration = Math.max(1, value);
  else if (word === '-s' && value >= 64 && value <= 4096) wishes.len = value;
  else return false;
  return true;
}

function* run(io: Io): Running {
  const wishes = parse(io.argv.slice(1));
  if (typeof wishes === 'string') {
    const absent = ABSENT.test(wishes);
    yield* io.err.line(
      absent ? `softnet: not modelled here: xdpsock ${wishes}` : `usage: ${usage}`,
    );
    return 1;
  }
  const dev = io.k.devs.find((one) => one.name === wishes.iface);
  if (!dev) {
    yield* io.err.line(`ERROR: interface "${wishes.iface}" does not exist`);
    return 1;
  }
  if (attachedProg(io.k, dev)) {
    yield* io.err.line('softnet: not modelled here: xdpsock beside a program');
    return 1;
  }
  const opened = open(io, dev, wishes);
  if (Array.isArray(opened)) {
    for (const line of opened) yield* io.err.line(line);
    return 1;
  }
  const pid = io.k.tasks[io.k.socks[opened.sock]!.reader]!.pid;
  try {
    yield* report(io, wishes, opened);
  } finally {
    xskClose(io.k, opened);
    endApp(io.k, pid);
    const mode = dev.xdp !== null ? 'drv' : 'skb';
    dev_xdp_attach(io.k, io.k.devs[opened.dev]!, -1, mode, false);
  }
  return 0;
}

function failed(errno: ErrnoName): string {
  const number = NUMBERS[errno] ?? 22;
  return `xdpsock.c:xsk_configure_socket:${CREATE_LINE}: errno: ${number}/"${strerror(errno)}"`;
}

/// The socket, then its program: the order of libxdp. Or what went wrong.
function open(io: Io, dev: NetDevice, wishes: Wishes): XdpSock | string[] {
  const { k } = io;
  if (io.uid !== 0) return [failed('EPERM')];
  const { queue, copy, zerocopy, need_wakeup, app, len } = wishes;
  const made = xsk_bind(k, dev, {
    ...{ queue, copy, zerocopy, need_wakeup, app, len, polls: wishes.poll },
    ...{ comm: 'xdpsock', uid: 0, cpu: -1, pid: jobPid(io) },
  });
  if (typeof made !== 'number') return [failed(made)];
  const xs = k.bpf.xsks[made]!;
  const prog = bpf_prog_load(k, parseProgram(XSK_DEF_PROG), io.uid);
  if (typeof prog !== 'number') throw new Error(`xsk_def_prog: ${prog.errno}`);
  const attached = dev_xdp_attach(k, dev, prog, wishes.mode, true);
  progPut(k, prog);
  if (!attached.ok) {
    const pid = k.tasks[k.socks[xs.sock]!.reader]!.pid;
    xskClose(k, xs);
    endApp(k, pid);
    const why = attached.extack ?? strerror(attached.errno);
    return [`libbpf: Kernel error message: ${why}`, failed(attached.errno)];
  }
  if (app !== 'txonly') k.bpf.maps[k.bpf.progs[prog]!.maps[0]!]!.values[queue] = xs.sock;
  return xs;
}

/// One table each interval, as dump_stats() prints it.
function* report(io: Io, wishes: Wishes, first: XdpSock): Running<void> {
  const index = io.k.bpf.xsks.indexOf(first);
  let before = countsOf(first);
  for (let second = 0; second < wishes.duration; second += wishes.interval) {
    yield* pass(Math.min(wishes.interval, wishes.duration - second) * 1e9);
    const xs = io.k.bpf.xsks[index]!;
    const now = countsOf(xs);
    for (const line of table(wishes, xs, now, before)) yield* io.out.line(line);
    before = now;
  }
}

/// By row of the table. What is sent counts when it is put into the ring.
function countsOf(xs: XdpSock): readonly (readonly [string, number])[] {
  return [
    ['rx', xs.received],
    ['tx', xs.sent],
    ['rx dropped', xs.rx_dropped],
    ['rx invalid', 0],
    ['tx invalid', 0],
    ['rx queue full', xs.rx_queue_full],
    ['fill ring empty', xs.rx_fill_ring_empty_descs],
    ['tx ring empty', xs.tx_ring_empty_descs],
  ];
}

function table(
  wishes: Wishes,
  xs: XdpSock,
  now: ReturnType<typeof countsOf>,
  before: ReturnType<typeof countsOf>,
): string[] {
  const { iface, queue, interval } = wishes;
  const rows = now.map(([name, packets], i) => {
    const pps = (packets - before[i]![1]) / interval;
    return `${name.padEnd(18)} ${String(Math.round(pps)).padEnd(14)} ${String(packets).padEnd(14)}`;
  });
  const mode = wishes.mode === 'skb' ? 'xdp-skb ' : 'xdp-drv ';
  const poll = wishes.poll ? 'poll() ' : '';
  return [
    '',
    ` sock0@${iface}:${queue} ${xs.app} ${mode}${poll}`,
    `${''.padEnd(18)} ${'pps'.padEnd(14)} ${'pkts'.padEnd(14)} ${interval.toFixed(2).padEnd(14)}`,
    ...rows.slice(0, wishes.extra ? rows.length : 2),
  ];
}

export const xdpsock: Command = {
  name: 'xdpsock',
  summary: 'receive and send raw frames through AF_XDP',
  usage,
  run,
  complete: (k: Kernel) => [
    ...k.devs.map((dev) => dev.name),
    ...['-r', '-t', '-l', '-p', '-i', '-q', '-z', '-c', '-N', '-S', '-x'],
  ],
};
