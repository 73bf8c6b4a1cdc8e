/// tcpdump 4.99: shows the packets that a device, or every device, receives and sends, as they pass the taps.
/// It reads a TPACKET_V3 ring as libpcap 1.10 sets it up: lines come when a block is full or has waited a second.
/// Left out: files (-w, -r), hexadecimal dumps, -v, what its work takes away from a CPU (each line takes time here,
/// so that a flood overruns the ring, but no CPU is busy with it).
import { closePacket, openPacket, packetStatistics } from '../../kernel/af_packet.ts';
import { readableBlock, releaseBlock } from '../../kernel/packet_ring.ts';
import { PACKET_OUTGOING, type PacketCopy, type PacketSock } from '../../kernel/packet_types.ts';
import { createTask } from '../../kernel/sched/task.ts';
import type { Kernel } from '../../kernel/state.ts';
import { formatMoment, momentOf, wallClock } from '../clock.ts';
import { Killed, type Command, type Io, type Running } from '../command.ts';
import { parseExpression } from '../tcpdump/expression.ts';
import { compiled } from '../tcpdump/compiled.ts';
import { packetLine, type PrintStyle } from '../tcpdump/print.ts';
import type { Conversations } from '../tcpdump/tcp.ts';
import { jobPid } from '../job_pid.ts';
import { parseOptions } from '../options.ts';

const MAX_SNAPLEN = 262_144;
const DEFAULT_BUFFER_KIB = 2048;
const VLAN_TAG_LEN = 4; // libpcap reserves room for the tag that it puts back
const RETIRE_MS = 1000; // tcpdump's own timeout
const POLL_NS = 1_000_000;
const LINE_NS = 2000; // a line formatted and written: an estimate, half a million a second
const STDIO_BUFFER = 4096; // bytes: output that is no terminal is written in such pieces

const table = {
  short: 'i:nc:etlqSps:B:DdvVw:r:xXAUKNOb#',
  long: {
    version: 'version',
    'interface=': 'i',
    list: 'D',
    'list-interfaces': 'D',
    number: '#',
    'snapshot-length=': 's',
    'buffer-size=': 'B',
    'immediate-mode': 'immediate',
  },
};

interface Wishes {
  dev: string;
  names: boolean;
  count: number; // Infinity
  link: boolean;
  times: number; // how many -t
  lines: boolean; // -l
  quiet: boolean;
  absolute: boolean;
  promisc: boolean;
  numbered: boolean;
  snaplen: number;
  buffer_kib: number;
  list: boolean;
  compile: boolean;
  expression: string;
}

function* run(io: Io): Running {
  const parsed = parseOptions(io.argv.slice(1), table);
  if ('fault' in parsed) {
    yield* io.err.line(`tcpdump: ${parsed.fault}`);
    return 1;
  }
  const wishes: Wishes = {
    ...{ dev: '', names: true, count: Infinity, link: false, times: 0, lines: false },
    ...{ quiet: false, absolute: false, promisc: true, numbered: false, snaplen: MAX_SNAPLEN },
    ...{ buffer_kib: DEFAULT_BUFFER_KIB, list: false, compile: false },
    expression: parsed.operands.join(' '),
  };
  for (const { name, value } of parsed.options) {
    if (name === 'version') {
      yield* io.out.write(VERSION);
      return 0;
    }
    const trouble = take(wishes, name, value);
    if (trouble !== null) {
      yield* io.err.line(trouble);
      return 1;
    }
  }
  if (wishes.list) return yield* listDevices(io);
  if (wishes.compile) return yield* compile(io, wishes);
  return yield* open(io, wishes);
}

const VERSION = `tcpdump version 4.99.5
libpcap version 1.10.5 (with TPACKET_V3)
OpenSSL 3.5.7 9 Jun 2026
64-bit build, 64-bit time_t
`;

/// Takes an option: null, or what the tool says.
function take(wishes: Wishes, name: string, value: string): string | null {
  if (name === 'i') wishes.dev = value;
  else if (name === 'n') wishes.names = false;
  else if (name === 'c') {
    if (!/^\d+$/.test(value) || Number(value) < 1) return `tcpdump: invalid packet count ${value}`;
    wishes.count = Number(value);
  } else if (name === 'e') wishes.link = true;
  else if (name === 't') wishes.times++;
  else if (name === 'l') wishes.lines = true;
  else if (name === 'q') wishes.quiet = true;
  else if (name === 'S') wishes.absolute = true;
  else if (name === 'p') wishes.promisc = false;
  else if (name === '#') wishes.numbered = true;
  else if (name === 's') {
    if (!/^\d+$/.test(value) || Number(value) > MAX_SNAPLEN)
      return `tcpdump: invalid snaplen ${value} (must be >= 0 and <= ${MAX_SNAPLEN})`;
    wishes.snaplen = Number(value) || MAX_SNAPLEN;
  } else if (name === 'B') {
    if (!/^\d+$/.test(value) || Number(value) < 1)
      return `tcpdump: invalid packet buffer size ${value}`;
    wishes.buffer_kib = Number(value);
  } else if (name === 'D') wishes.list = true;
  else if (name === 'd') wishes.compile = true;
  else if (!'KNOUb'.includes(name)) return `softnet: not modelled here: tcpdump -${name}`;
  return null;
}

/// -D: who has a link first, then by kind. The pseudo-devices are those of the recorded host.
function* listDevices(io: Io): Running {
  const flags = (up: boolean, running: boolean, more: string): string =>
    `[${[...(up ? ['Up'] : []), ...(running ? ['Running'] : []), ...(more ? [more] : [])].join(', ') || 'none'}]`;
  const nics = io.k.devs.slice(1);
  const rows = [
    ...nics
      .filter((dev) => dev.up)
      .map(
        (dev) =>
          `${dev.name} ${flags(true, dev.carrier, dev.carrier ? 'Connected' : 'Disconnected')}`,
      ),
    'any (Pseudo-device that captures on all interfaces) [Up, Running]',
    `lo ${flags(io.k.devs[0]!.up, io.k.devs[0]!.up, 'Loopback')}`,
    ...nics.filter((dev) => !dev.up).map((dev) => `${dev.name} [none]`),
    'bluetooth-monitor (Bluetooth Linux Monitor) [Wireless]',
    'nflog (Linux netfilter log (NFLOG) interface) [none]',
    'nfqueue (Linux netfilter queue (NFQUEUE) interface) [none]',
    'dbus-system (D-Bus system bus) [none]',
    'dbus-session (D-Bus session bus) [none]',
  ];
  for (const [i, row] of rows.entries()) yield* io.out.line(`${i + 1}.${row}`);
  return 0;
}

function* compile(io: Io, wishes: Wishes): Running {
  if (wishes.dev === '') yield* io.err.line('Warning: assuming Ethernet');
  const parsed = parseExpression(wishes.expression);
  if ('fault' in parsed) return yield* badExpression(io, parsed.fault);
  const lines = compiled(wishes.expression.trim(), wishes.snaplen);
  if (lines === null) {
    yield* io.err.line(`softnet: not modelled here: tcpdump -d ${wishes.expression}`);
    return 1;
  }
  for (const line of lines) yield* io.out.line(line);
  return 0;
}

function* badExpression(io: Io, fault: string): Running {
  const words = fault === 'syntax error' ? `can't parse filter expression: ${fault}` : fault;
  yield* io.err.line(fault.startsWith('softnet:') ? fault : `tcpdump: ${words}`);
  return 1;
}

/// Without -i the first device that is up.
function* open(io: Io, wishes: Wishes): Running {
  const { k } = io;
  const name = wishes.dev || (k.devs.find((dev) => dev.up && dev.driver !== '')?.name ?? 'lo');
  if (io.uid !== 0) {
    yield* io.err.line(
      `tcpdump: ${name}: You don't have permission to perform this capture on that device`,
    );
    yield* io.err.line('(socket: Operation not permitted)');
    return 1;
  }
  const any = name === 'any';
  const dev = any ? -1 : k.devs.findIndex((one) => one.name === name);
  if (!any && dev < 0) {
    yield* io.err.line(`tcpdump: ${name}: No such device exists\n(No such device exists)`);
    return 1;
  }
  if (!any && !k.devs[dev]!.up) {
    yield* io.err.line(`tcpdump: ${name}: That device is not up`);
    return 1;
  }
  if (any && wishes.promisc) {
    yield* io.err.line("tcpdump: WARNING: any: That device doesn't support promiscuous mode");
    yield* io.err.line('(Promiscuous mode not supported on the "any" device)');
  }
  const parsed = parseExpression(wishes.expression);
  if ('fault' in parsed) return yield* badExpression(io, parsed.fault);
  const at = openSocket(k, io, wishes, dev, parsed.filter);
  yield* io.err.line('tcpdump: verbose output suppressed, use -v[v]... for full protocol decode');
  const link = any ? 'LINUX_SLL2 (Linux cooked v2)' : 'EN10MB (Ethernet)';
  yield* io.err.line(
    `listening on ${name}, link-type ${link}, snapshot length ${wishes.snaplen} bytes`,
  );
  return yield* capture(io, wishes, at, any);
}

/// The ring as libpcap asks for it: blocks of one frame of the largest snapshot.
function openSocket(
  k: Kernel,
  io: Io,
  wishes: Wishes,
  dev: number,
  filter: Parameters<typeof openPacket>[2]['filter'],
): number {
  const pid = jobPid(io);
  const task = createTask(k, {
    ...{ comm: 'tcpdump', kind: 'other', kthread: false, uid: 0, pinned: false, cpu: 0 },
    ...(pid === undefined ? {} : { pid }),
  });
  const blocks = Math.max(1, Math.ceil((wishes.buffer_kib * 1024) / MAX_SNAPLEN));
  return openPacket(k, task, {
    dev,
    filter: filter ?? null,
    snaplen: wishes.snaplen,
    promisc: wishes.promisc,
    ring: { block_size: MAX_SNAPLEN, blocks, retire_ms: RETIRE_MS, reserve: VLAN_TAG_LEN },
  });
}

/// What is printed, and what is not written yet.
interface Printing {
  readonly style: PrintStyle;
  readonly seen: Conversations;
  captured: number;
  last: bigint; // wall clock of the packet before, ns; -1: none
  first: bigint;
  held: string;
}

function* capture(io: Io, wishes: Wishes, at: number, any: boolean): Running {
  const { names, link, quiet, absolute } = wishes;
  const printing: Printing = {
    ...{ style: { names, link, quiet, absolute, any }, seen: new Map(), captured: 0 },
    ...{ last: -1n, first: -1n, held: '' },
  };
  let stopped = false;
  try {
    yield* readBlocks(io, wishes, at, printing);
  } catch (error) {
    if (!(error instanceof Killed) || ![129, 130, 143].includes(error.status)) throw error;
    stopped = true;
  } finally {
    endCapture(io.k, at);
  }
  // Whoever stops it may have cut a line in two.
  yield* io.out.write(printing.held + (stopped ? '\n' : ''));
  yield* report(io, io.k.packet.socks[at]!, printing.captured);
  return 0;
}

function endCapture(k: Kernel, at: number): void {
  const po = k.packet.socks[at]!;
  const task = k.tasks[k.socks[po.sock]!.reader]!;
  task.exited = true;
  closePacket(k, at);
}

function* report(io: Io, po: PacketSock, captured: number): Running<void> {
  const { packets, drops } = packetStatistics(po);
  const count = (n: number, what: string): string => `${n} packet${n === 1 ? '' : 's'} ${what}`;
  yield* io.err.line(count(captured, 'captured'));
  yield* io.err.line(count(packets, 'received by filter'));
  yield* io.err.line(count(drops, 'dropped by kernel'));
}

function* readBlocks(io: Io, wishes: Wishes, at: number, printing: Printing): Running<void> {
  let owed = 0;
  for (;;) {
    // The host may have been replaced by a copy of itself while this waited.
    const ring = io.k.packet.socks[at]!.ring;
    const block = ring === null ? null : readableBlock(ring);
    if (block === null) {
      yield { kind: 'sleep', ns: POLL_NS };
      continue;
    }
    for (const copy of block.frames) {
      if (!wanted(copy)) continue;
      yield* print(io, wishes, printing, copy);
      if (++printing.captured >= wishes.count) return;
      owed += LINE_NS;
      if (owed < POLL_NS) continue;
      yield { kind: 'sleep', ns: owed };
      owed = 0;
    }
    const after = io.k.packet.socks[at]!.ring;
    if (after) releaseBlock(after);
  }
}

/// On lo everything passes twice; libpcap leaves out what is sent.
function wanted(copy: PacketCopy): boolean {
  return copy.dev !== 0 || copy.pkt_type !== PACKET_OUTGOING;
}

function* print(io: Io, wishes: Wishes, p: Printing, copy: PacketCopy): Running<void> {
  const wall = wallClock(io.k) - BigInt(Math.round(io.k.now - copy.at));
  const number = wishes.numbered ? `${String(p.captured + 1).padStart(5)}  ` : '';
  const stamp = timeStamp(wishes.times, wall, p);
  p.last = wall;
  if (p.first < 0n) p.first = wall;
  p.held += `${number}${stamp}${packetLine(io.k, copy, p.style, p.seen)}\n`;
  if (io.columns === null && !wishes.lines && p.held.length < STDIO_BUFFER) return;
  const text = p.held;
  p.held = '';
  yield* io.out.write(text);
}

/// -t none, -tt seconds since 1970, -ttt since the last line, -tttt with the date, -ttttt since the first.
function timeStamp(times: number, wall: bigint, p: Printing): string {
  if (times === 1) return '';
  if (times === 2) return `${wall / 1_000_000_000n}.${micro(wall)} `;
  const base = times === 3 ? p.last : times >= 5 ? p.first : -1n;
  if (times === 3 || times >= 5) {
    const since = base < 0n ? 0n : wall - base;
    const seconds = Number(since / 1_000_000_000n);
    const two = (n: number): string => String(Math.floor(n)).padStart(2, '0');
    return ` ${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}.${micro(since)} `;
  }
  const clock = formatMoment(momentOf(wall), times === 4 ? '%Y-%m-%d %H:%M:%S' : '%H:%M:%S');
  return `${clock}.${micro(wall)} `;
}

function micro(ns: bigint): string {
  return String((ns % 1_000_000_000n) / 1000n).padStart(6, '0');
}

export const tcpdump: Command = {
  name: 'tcpdump',
  summary: 'show packets as they pass the taps',
  usage: 'tcpdump [-i DEVICE] [-n] [-c COUNT] [-e] [-t...] [-l] [-q] [EXPRESSION]',
  run,
  complete: (k) => [
    '-i',
    '-n',
    '-c',
    '-e',
    'any',
    ...k.devs.map((dev) => dev.name),
    'port',
    'host',
    'udp',
    'tcp',
    'icmp',
    'arp',
  ],
};
