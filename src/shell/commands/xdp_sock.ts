/// xdpsock, the AF_XDP sample of the XDP project's bpf-examples: opens a socket on a queue, loads a program that
/// redirects the queue's frames to it, and drops what comes (-r), with a table a second.
/// Stands for AF_XDP-example/xdpsock.c and for what libxdp does beneath it.
/// Left out: sending and forwarding (-t, -l), busy waiting (without -p, real xdpsock turns on the ring all the time),
/// libxdp's dispatcher program, a socket beside somebody else's program.
import { endApp } from '../../kernel/apps.ts';
import { strerror } from '../../kernel/errno.ts';
import type { Kernel, NetDevice } from '../../kernel/state.ts';
import { attachedProg, dev_xdp_attach, type XdpMode } from '../../kernel/xdp/attach.ts';
import { bpf_prog_load, progPut } from '../../kernel/xdp/load.ts';
import type { XdpSock } from '../../kernel/xdp/types.ts';
import { xsk_bind, xskClose } from '../../kernel/xdp/xsk.ts';
import { parseProgram } from '../bpftool/source.ts';
import type { Command, Io, Running } from '../command.ts';
import { jobPid } from '../job_pid.ts';
import { pass } from './sleep.ts';

const usage =
  'xdpsock -r -p -i IFACE [-q QUEUE] [-S | -N] [-c | -z] [-n SECONDS] [-d SECONDS] [-x]';
const XSK_DEF_PROG = `program xsk_def_prog
license GPL
map xsks_map xskmap entries 64
redirect xsks_map queue else pass`;

interface Wishes {
  iface: string;
  queue: number;
  mode: XdpMode;
  copy: 'any' | 'copy' | 'zerocopy';
  rxdrop: boolean;
  poll: boolean;
  extra: boolean;
  interval: number; // s
  duration: number; // s; Infinity: until it is stopped
}

function parse(words: readonly string[]): Wishes | null {
  const wishes: Wishes = {
    ...{ iface: '', queue: 0, mode: 'none', copy: 'any', rxdrop: false, poll: false },
    ...{ extra: false, interval: 1, duration: Infinity },
  };
  const rest = [...words];
  while (rest.length > 0) {
    const word = rest.shift()!;
    if (word === '-r') wishes.rxdrop = true;
    else if (word === '-p') wishes.poll = true;
    else if (word === '-x') wishes.extra = true;
    else if (word === '-S') wishes.mode = 'skb';
    else if (word === '-N') wishes.mode = 'drv';
    else if (word === '-c') wishes.copy = 'copy';
    else if (word === '-z') wishes.copy = 'zerocopy';
    else if (word === '-i') wishes.iface = rest.shift() ?? '';
    else if (!takeNumber(wishes, word, rest.shift() ?? '')) return null;
  }
  return wishes;
}

function takeNumber(wishes: Wishes, word: string, text: string): boolean {
  if (!/^\d+$/.test(text)) return false;
  if (word === '-q') wishes.queue = Number(text);
  else if (word === '-n') wishes.interval = Math.max(1, Number(text));
  else if (word === '-d') wishes.duration = Math.max(1, Number(text));
  else return false;
  return true;
}

function* run(io: Io): Running {
  const wishes = parse(io.argv.slice(1));
  if (!wishes) {
    yield* io.err.line(`usage: ${usage}`);
    return 1;
  }
  const dev = io.k.devs.find((one) => one.name === wishes.iface);
  if (!dev) {
    yield* io.err.line(`ERROR: interface "${wishes.iface}" does not exist`);
    return 1;
  }
  if (!wishes.rxdrop || !wishes.poll || attachedProg(io.k, dev)) {
    yield* io.err.line(
      'softnet: not modelled here: xdpsock without -r and -p, or beside a program',
    );
    return 1;
  }
  const opened = open(io, dev, wishes);
  if (typeof opened === 'string') {
    yield* io.err.line(opened);
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

/// The socket, with its program attached; or what went wrong.
function open(io: Io, dev: NetDevice, { mode, copy, queue }: Wishes): XdpSock | string {
  const { k } = io;
  if (io.uid !== 0) return `softnet: xdpsock: ${strerror('EPERM')}`;
  const prog = bpf_prog_load(k, parseProgram(XSK_DEF_PROG), io.uid);
  if (typeof prog !== 'number') throw new Error(`xsk_def_prog: ${prog.errno}`);
  const attached = dev_xdp_attach(k, dev, prog, mode, true);
  progPut(k, prog);
  if (!attached.ok)
    return `libbpf: Kernel error message: ${attached.extack ?? strerror(attached.errno)}`;
  const cpu = -1;
  const made = xsk_bind(k, dev, {
    queue,
    mode: copy,
    comm: 'xdpsock',
    uid: 0,
    cpu,
    pid: jobPid(io),
  });
  if (typeof made !== 'number') {
    dev_xdp_attach(k, dev, -1, dev.xdp !== null ? 'drv' : 'skb', false);
    return `softnet: xdpsock: bind: ${strerror(made)}`;
  }
  const xs = k.bpf.xsks[made]!;
  k.bpf.maps[k.bpf.progs[prog]!.maps[0]!]!.values[queue] = xs.sock;
  return xs;
}

/// One table each interval, as dump_stats() prints it.
function* report(io: Io, wishes: Wishes, first: XdpSock): Running<void> {
  const index = io.k.bpf.xsks.indexOf(first);
  const native = io.k.devs[first.dev]!.xdp !== null;
  let before = 0;
  for (let second = 0; second < wishes.duration; second += wishes.interval) {
    yield* pass(Math.min(wishes.interval, wishes.duration - second) * 1e9);
    const xs = io.k.bpf.xsks[index]!;
    const got = xs.received - before;
    before = xs.received;
    for (const line of table(wishes, native, xs, got)) yield* io.out.line(line);
  }
}

function table(wishes: Wishes, native: boolean, xs: XdpSock, got: number): string[] {
  const { iface, queue, interval, extra } = wishes;
  const row = (name: string, pps: number, packets: number) =>
    `${name.padEnd(18)} ${String(Math.round(pps)).padEnd(14)} ${String(packets).padEnd(14)}`;
  const mode = wishes.mode === 'none' ? '\t' : native ? 'xdp-drv ' : 'xdp-skb ';
  const lines = [
    '',
    ` sock0@${iface}:${queue} rxdrop ${mode}poll() `,
    `${''.padEnd(18)} ${'pps'.padEnd(14)} ${'pkts'.padEnd(14)} ${interval.toFixed(2).padEnd(14)}`,
    row('rx', got / interval, xs.received),
    row('tx', 0, 0),
  ];
  if (extra)
    lines.push(
      row('rx dropped', 0, xs.rx_dropped),
      row('rx invalid', 0, 0),
      row('tx invalid', 0, 0),
      row('rx queue full', 0, xs.rx_queue_full),
      row('fill ring empty', 0, xs.rx_fill_ring_empty_descs),
      row('tx ring empty', 0, 0),
    );
  return lines;
}

export const xdpsock: Command = {
  name: 'xdpsock',
  summary: 'receive raw frames through AF_XDP',
  usage,
  run,
  complete: (k: Kernel) => [...k.devs.map((dev) => dev.name), '-r', '-p', '-i', '-q', '-x'],
};
