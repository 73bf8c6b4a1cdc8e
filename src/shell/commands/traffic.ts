/// traffic: the site's own command, on no real host. It tells the machine at the other end of the
/// wire what to send, and how fast the application here works.
import { setReaderService } from '../../kernel/reader_speed.ts';
import type { Kernel, Source } from '../../kernel/state.ts';
import { startSource, stopSource } from '../../kernel/traffic.ts';
import type { Command, Io, Running } from '../command.ts';
import { print, value, type Piece } from '../marked.ts';
import { amountText, parseAmount, parseTime, timeText } from '../traffic/amounts.ts';
import { parseStart, SETTINGS } from '../traffic/start.ts';

const USAGE = 2;
const MOST_SENDERS = 1000; // flows of stopped senders stay in the host's table

const HELP = `traffic: not a Linux command; it belongs to Softnet. It tells the machine at the other end of
the wire what to send.

  traffic                          senders, and what they have sent
  traffic start udp [OPTION VALUE]...
                                   prints its ID and what it sends
      --dev eth0                   the interface whose wire it is on
      --rate 200k | 1.5M | line    frames a second (default 100k)
      --size 64                    bytes a frame, FCS included
      --flows 8                    source ports, one flow each
      --port 9000                  UDP port they are sent to
      --pattern constant|poisson|burst|onoff|pareto
      --burst 1024 --every 10ms    frames a burst, and from burst to burst
      --count N                    stop after N frames
      --for 100ms                  stop after that time
      --bad-fcs 1%                 share of damaged frames
      --foreign 5%                 share of frames for another MAC address
  traffic stop [ID | all]
  traffic reader --port 9000 --service 2us
                                   time that the application spends on each datagram`;

/// One sender, as a row.
export interface SenderRow {
  readonly id: number;
  readonly dev: string;
  readonly pattern: string;
  readonly rate: string;
  readonly size: number;
  readonly flows: number;
  readonly port: number;
  readonly sent: number;
  readonly state: string;
}

export function senderRows(k: Kernel): SenderRow[] {
  return k.sources.map((source) => ({
    id: source.id,
    dev: k.devs[source.dev]!.name,
    pattern: source.pattern,
    rate: rateText(source),
    size: source.len,
    flows: source.flows,
    port: k.flows.dport[source.first_flow]!,
    sent: source.sent,
    state: source.active ? 'running' : 'stopped',
  }));
}

function rateText(source: Source): string {
  const rate = source.pps > 0 ? `${amountText(source.pps)}/s` : 'link speed';
  if (source.pattern === 'burst') return `${source.burst} every ${timeText(source.period_ns)}`;
  return rate;
}

/// What a started sender does, its id first: 0: udp to 10.0.0.2:9000 on eth0, 100k/s, 64-byte frames, 1 flow.
function startedText(k: Kernel, source: Source): string {
  const { daddr, dport } = k.flows;
  const to = `${daddr[source.first_flow]}:${dport[source.first_flow]}`;
  const flows = source.flows === 1 ? '1 flow' : `${source.flows} flows`;
  const { name } = k.devs[source.dev]!;
  return `${source.id}: udp to ${to} on ${name}, ${rateText(source)}, ${source.len}-byte frames, ${flows}`;
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
  return yield* wrong(io, `unknown command '${verb}'`);
}

function* wrong(io: Io, trouble: string): Running {
  yield* io.err.line(`traffic: ${trouble}`);
  yield* io.err.line("Try 'traffic --help'.");
  return USAGE;
}

function* list(io: Io): Running {
  const rows = senderRows(io.k);
  if (!rows.length) {
    yield* io.out.line('No traffic. Start some: traffic start udp --rate 200k');
    return 0;
  }
  const keys = ['id', 'dev', 'pattern', 'rate', 'size', 'flows', 'port', 'sent', 'state'] as const;
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
        key === 'sent' ? value(text, `counter:traffic:sent@${row.id}`) : text,
      );
      if (i < keys.length - 1) pieces.push(' '.repeat(widths[i]! - text.length));
    });
    yield* print(io.out, ...pieces);
  }
  return 0;
}

function* start(io: Io, words: readonly string[]): Running {
  const [kind, ...options] = words;
  if (kind !== 'udp') return yield* wrong(io, `start needs 'udp', not '${kind ?? ''}'`);
  const spec = parseStart(io.k, options);
  if (typeof spec === 'string') return yield* wrong(io, spec);
  if (io.k.sources.length >= MOST_SENDERS) {
    yield* io.err.line(`traffic: this host has had ${MOST_SENDERS} senders; start a fresh host`);
    return 1;
  }
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
  const active = io.k.sources.filter((source) => source.active);
  const [which, ...more] = words;
  if (more.length) return yield* wrong(io, `unexpected '${more[0]}'`);
  if (which === undefined && active.length > 1)
    return yield* wrong(io, `${active.length} senders run: give an id, or 'all'`);
  const chosen =
    which === undefined || which === 'all'
      ? active
      : io.k.sources.filter((source) => String(source.id) === which);
  if (!chosen.length) {
    const trouble =
      which === undefined || which === 'all' ? 'no sender runs' : `no sender ${which}`;
    yield* io.err.line(`traffic: ${trouble}`);
    return 1;
  }
  for (const source of chosen) stopSource(io.k, source.id);
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
  if (words.length <= 2) return ['start', 'stop', 'reader', 'list', '--help'];
  if (words[1] === 'stop')
    return ['all', ...k.sources.filter(({ active }) => active).map(({ id }) => String(id))];
  if (words[1] === 'reader') return ['--port', '--service'];
  if (words[1] !== 'start') return [];
  if (words.length === 3) return ['udp'];
  const last = words.at(-2);
  if (last === '--dev') return k.devs.filter((dev) => dev.path >= 0).map((dev) => dev.name);
  if (last === '--pattern') return ['constant', 'poisson', 'burst', 'onoff', 'pareto'];
  return Object.keys(SETTINGS);
}

export const traffic: Command = {
  name: 'traffic',
  summary: 'Softnet: tell the machine at the other end of the wire what to send',
  usage: 'traffic [start udp [OPTION VALUE]... | stop [ID | all] | reader --port N --service TIME]',
  run,
  complete,
};
