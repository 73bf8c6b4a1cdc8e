/// traffic: the site's own command, on no real host. It tells the machine at the other end of the
/// wire what to send, and how fast the application here works.
import { setReaderService } from '../../kernel/reader_speed.ts';
import { stopRemote } from '../../kernel/remote/remote_start.ts';
import type { Kernel, Source } from '../../kernel/state.ts';
import { startSource, stopSource } from '../../kernel/traffic.ts';
import type { Command, Io, Running } from '../command.ts';
import { print, value, type Piece } from '../marked.ts';
import { amountText, parseAmount, parseTime, timeText } from '../traffic/amounts.ts';
import { changeLink, LINK_OPTIONS, PAUSE_OPTIONS, sendPauseFrame } from '../traffic/link.ts';
import { isRemote, paceText, remoteId, remoteText, startRemote } from '../traffic/remote.ts';
import { BAD_HEADERS, KINDS, optionsOf, PATTERNS, readWords } from '../traffic/settings.ts';
import { parseStart } from '../traffic/start.ts';

const USAGE = 2;
const MOST_SENDERS = 1000; // flows of stopped senders stay in the host's table

const HELP = `traffic: not a Linux command; it belongs to Softnet. It tells the machine at the other end of
the wire what to send.

  traffic                          senders, and what they have sent
  traffic start udp|icmp|arp [OPTION VALUE]...
                                   UDP datagrams, echo requests or ARP requests;
                                   prints its ID and what it sends
      --dev eth0                   the interface whose wire it is on
      --rate 200k | 1.5M | line    frames a second (default 100k)
      --size 64                    bytes a frame, FCS included; a datagram longer than
                                   the sender's MTU comes in fragments, each a frame
      --mtu 1500                   the sender's MTU (default: the interface's)
      --flows 8                    source ports, one flow each
      --sport 10000                the first of them
      --sources 1                  sender addresses, counted up; the flows are dealt out to them
      --port 9000 --ports 1        first UDP port they are sent to, and how many
      --to ADDRESS                 instead of the interface's: a group, a broadcast, another host
      --ip 4|6 --ttl 64 --tos 0    family; TTL or hop limit; TOS or traffic class
      --vlan 10                    a VLAN tag
      --hop-by-hop 5,30 --dest-options pad
                                   IPv6: extension headers with options of these types
      --train 1                    frames of one flow in a row
      --pattern constant|poisson|burst|onoff|pareto
      --burst 1024 --every 10ms    frames a burst, and from burst to burst
      --count N                    stop after N frames
      --for 100ms                  stop after that time
      --bad-fcs 1%                 share of damaged frames
      --bad-ip 1% --bad-header checksum|version|ihl|truncated|length|options|bad-options|source-route
                                   share of unusual IP headers, and what is wrong with them
      --bad-csum 1%                share of wrong UDP or ICMP checksums
      --foreign 5%                 share of frames for another MAC address
  traffic start tcp [--port 5201] [--connections 1] [--bytes N] [--rate N] [--mss N] [--train 44]
                                   connections that send as fast as the window lets them:
                                   bytes each, segments a second at most, segments in a row
  traffic start clients [--port 5201] [--rate 1k] [--count 100] [--bytes N]
                                   connections a second, and how many; bytes each
  traffic start syn [--port 5201] [--rate 100k] [--sources 4096] [--count N]
                                   SYNs from addresses that never answer
                                   these three also: --dev, --ip 4|6, --to ADDRESS
  traffic stop [ID | all]
  traffic link [--dev eth0] [--pause obeys|ignores|none] [--port-queue 1000]
                                   what the switch port at the other end does with pause frames, and
                                   how many frames of a sender it holds while it is paused
  traffic pause [--dev eth0] [--quanta 65535]
                                   the other end asks this host to be silent; 0: to go on
  traffic reader --port 9000 --service 2us
                                   time that the application spends on each datagram`;

/// One sender, as a row.
export interface SenderRow {
  readonly id: string;
  readonly dev: string;
  readonly pattern: string;
  readonly rate: string;
  readonly size: number;
  readonly flows: number;
  readonly port: number;
  readonly sent: number;
  readonly lost: number; // at the port of a switch that was paused
  readonly state: string;
}

export function senderRows(k: Kernel): SenderRow[] {
  const frames = k.sources.map((source) => ({
    id: String(source.id),
    dev: k.devs[source.dev]!.name,
    pattern: source.pattern,
    rate: rateText(source),
    size: source.len,
    flows: source.flows,
    port: k.flows.dport[source.first_flow]!,
    sent: source.sent,
    lost: source.lost,
    state: source.active ? 'running' : 'stopped',
  }));
  const remotes = k.remotes.map((r) => ({
    id: remoteId(r),
    dev: k.devs[r.dev]!.name,
    pattern: r.kind,
    rate: paceText(r),
    size: r.kind === 'bulk' ? r.mss : 0,
    flows: r.flows || r.conns.length,
    port: r.dport,
    sent: r.sent,
    lost: 0,
    state: r.active ? 'running' : 'stopped',
  }));
  return [...frames, ...remotes];
}

function rateText(source: Source): string {
  const rate = source.pps > 0 ? `${amountText(source.pps)}/s` : 'link speed';
  if (source.pattern === 'burst') return `${source.burst} every ${timeText(source.period_ns)}`;
  return rate;
}

/// What a started sender does, its id first: 0: udp to 10.0.0.2:9000 on eth0, 100k/s, 64-byte frames, 1 flow.
function startedText(k: Kernel, source: Source): string {
  const { daddr, dport } = k.flows;
  const [kind = ''] = source.label.split(' ');
  const address = daddr[source.first_flow]!;
  const host = address.includes(':') && kind === 'udp' ? `[${address}]` : address;
  const to = kind === 'udp' ? `${host}:${dport[source.first_flow]}` : host;
  const flows = source.flows === 1 ? '1 flow' : `${source.flows} flows`;
  const { name } = k.devs[source.dev]!;
  return `${source.id}: ${kind} to ${to} on ${name}, ${rateText(source)}, ${sizeText(source)}, ${flows}`;
}

function sizeText({ len, shape }: Source): string {
  if (shape === null || shape.fragments === 1) return `${len}-byte frames`;
  return `${len}-byte datagrams in ${shape.fragments} fragments`;
}

function* run(io: Io): Running {
  const [verb, ...words] = io.argv.slice(1);
  if (verb === undefined || verb === 'list') return yield* list(io);
  if (verb === '--help' || verb === '-h' || verb === 'help') {
    for (const line of HELP.split('\n')) yield* io.out.line(line);
    return 0;
  }
  if (verb === 'start') return yield* start(io, words);
  if (verb === 'stop') return yield* stop(io, words);
  if (verb === 'reader') return yield* reader(io, words);
  if (verb === 'link') {
    const answer = changeLink(io.k, words);
    if ('wrong' in answer) return yield* wrong(io, answer.wrong);
    yield* io.out.line(answer.told);
    return 0;
  }
  if (verb === 'pause') {
    const trouble = sendPauseFrame(io.k, words);
    return trouble === null ? 0 : yield* wrong(io, trouble);
  }
  return yield* wrong(io, `unknown command '${verb}'`);
}

function* wrong(io: Io, trouble: string): Running {
  yield* io.err.line(`traffic: ${trouble}`);
  yield* io.err.line("Try 'traffic --help'.");
  return USAGE;
}

function* list(io: Io): Running {
  const rows = senderRows(io.k);
  if (rows.length === 0) {
    yield* io.out.line('No traffic. Start some: traffic start udp --rate 200k');
    return 0;
  }
  // Only senders on a wire that was paused lose frames before they reach the host.
  const lost = rows.some((row) => row.lost > 0) ? (['lost'] as const) : [];
  const keys = [
    ...(['id', 'dev', 'pattern', 'rate', 'size', 'flows', 'port', 'sent'] as const),
    ...lost,
    'state' as const,
  ];
  const widths = keys.map((key) =>
    Math.max(key.length, ...rows.map((row) => String(row[key]).length)),
  );
  yield* io.out.line(
    keys
      .map((key, i) => key.toUpperCase().padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  );
  for (const row of rows) {
    const pieces: Piece[] = [];
    keys.forEach((key, i) => {
      const text = String(row[key]);
      pieces.push(
        i ? '  ' : '',
        key === 'sent' || key === 'lost' ? value(text, `counter:traffic:${key}@${row.id}`) : text,
      );
      if (i < keys.length - 1) pieces.push(' '.repeat(widths[i]! - text.length));
    });
    yield* print(io.out, ...pieces);
  }
  return 0;
}

function* start(io: Io, words: readonly string[]): Running {
  const [kind, ...options] = words;
  const known = KINDS.find((name) => name === kind);
  if (!known)
    return yield* wrong(io, `start needs one of ${KINDS.join(', ')}, not '${kind ?? ''}'`);
  const read = readWords(known, options);
  if (typeof read === 'string') return yield* wrong(io, read);
  const { asked, seen } = read;
  if (io.k.sources.length + io.k.remotes.length >= MOST_SENDERS) {
    yield* io.err.line(`traffic: this host has had ${MOST_SENDERS} senders; start a fresh host`);
    return 1;
  }
  if (isRemote(known)) {
    const remote = startRemote(io.k, known, asked, options);
    if (typeof remote === 'string') return yield* wrong(io, remote);
    yield* io.out.line(remoteText(io.k, io.k.remotes[remote]!));
    return 0;
  }
  if (asked.pattern === 'constant' && seen.has('--burst')) asked.pattern = 'burst';
  const spec = parseStart(io.k, known, asked, options);
  if (typeof spec === 'string') return yield* wrong(io, spec);
  const id = startSource(io.k, spec);
  yield* io.out.line(
    startedText(
      io.k,
      io.k.sources.find((source) => source.id === id)!,
    ),
  );
  return 0;
}

/// Without an id, stops the sender when there is but one.
function* stop(io: Io, words: readonly string[]): Running {
  const { sources, remotes } = io.k;
  const active = [
    ...sources.filter((one) => one.active).map((one) => String(one.id)),
    ...remotes.filter((one) => one.active).map(remoteId),
  ];
  const [which, ...more] = words;
  if (more.length) return yield* wrong(io, `unexpected '${more[0]}'`);
  if (which === undefined && active.length > 1)
    return yield* wrong(io, `${active.length} senders run: give an id, or 'all'`);
  const all = which === undefined || which === 'all';
  const chosen = (id: string): boolean => (all ? active.includes(id) : id === which);
  const known = senderRows(io.k).some((row) => chosen(row.id));
  if (!known) {
    yield* io.err.line(`traffic: ${all ? 'no sender runs' : `no sender ${which}`}`);
    return 1;
  }
  for (const { id } of sources) if (chosen(String(id))) stopSource(io.k, id);
  for (const remote of remotes) if (chosen(remoteId(remote))) stopRemote(io.k, remote.id);
  return 0;
}

function* reader(io: Io, words: readonly string[]): Running {
  let port: number | null = null;
  let service: number | null = null;
  for (let i = 0; i < words.length; i += 2) {
    const text = words[i + 1] ?? '';
    if (words[i] === '--port') port = parseAmount(text);
    else if (words[i] === '--service') service = parseTime(text);
    else return yield* wrong(io, `unknown option '${words[i]}'`);
  }
  if (port === null) return yield* wrong(io, 'reader needs --port N');
  if (service === null) return yield* wrong(io, 'reader needs --service TIME such as 2us');
  const result = setReaderService(io.k, port, service);
  if (result.ok) return 0;
  yield* io.err.line(`traffic: nothing reads UDP port ${port}`);
  return 1;
}

function complete(k: Kernel, words: readonly string[]): readonly string[] {
  if (words.length <= 2) return ['start', 'stop', 'link', 'pause', 'reader', 'list', '--help'];
  if (words[1] === 'stop')
    return ['all', ...senderRows(k).flatMap(({ id, state }) => (state === 'running' ? [id] : []))];
  if (words[1] === 'reader') return ['--port', '--service'];
  if (words[1] === 'link') return [...LINK_OPTIONS, 'obeys', 'ignores', 'none'];
  if (words[1] === 'pause') return PAUSE_OPTIONS;
  if (words[1] !== 'start') return [];
  if (words.length === 3) return KINDS;
  const last = words.at(-2);
  if (last === '--dev') return k.devs.filter((dev) => dev.path >= 0).map((dev) => dev.name);
  if (last === '--pattern') return PATTERNS;
  if (last === '--bad-header') return BAD_HEADERS;
  const kind = KINDS.find((name) => name === words[2]);
  return kind ? optionsOf(kind) : [];
}

export const traffic: Command = {
  name: 'traffic',
  summary: 'Softnet: tell the machine at the other end of the wire what to send',
  usage:
    'traffic [start udp|icmp|arp [OPTION VALUE]... | stop [ID | all] | link | pause | reader --port N --service TIME]',
  run,
  complete,
};
