/// tcpdump 4.99: shows the packets that a device, or every device, receives and sends, as they pass the taps, or
/// those of a file.
/// Left out: files that it changes by size or age (-C, -G, -W), its programs (-z), encrypted contents (-E).
import type { PacketFilter } from '../../kernel/packet_filter.ts';
import type { Command, Io, Running } from '../command.ts';
import { parseOptions } from '../options.ts';
import { compiled } from '../tcpdump/compiled.ts';
import { parseExpression } from '../tcpdump/expression.ts';
import { capture } from '../tcpdump/live.ts';
import { openSaved, playSaved } from '../tcpdump/saved.ts';
import { table, take, wishesFor, type Wishes } from '../tcpdump/wishes.ts';

function* run(io: Io): Running {
  const parsed = parseOptions(io.argv.slice(1), table);
  if ('fault' in parsed) {
    yield* io.err.line(`tcpdump: ${parsed.fault}`);
    return 1;
  }
  const wishes = wishesFor(parsed.operands.join(' '));
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
  return wishes.read === null ? yield* open(io, wishes) : yield* replay(io, wishes, wishes.read);
}

const VERSION = `tcpdump version 4.99.5
libpcap version 1.10.5 (with TPACKET_V3)
OpenSSL 3.5.7 9 Jun 2026
64-bit build, 64-bit time_t
`;

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
  return yield* capture(io, wishes, name, dev, parsed.filter);
}

/// -r. The file is opened before the expression is looked at.
function* replay(io: Io, wishes: Wishes, name: string): Running {
  const file = yield* openSaved(io, name);
  if (typeof file === 'string') {
    yield* io.err.line(file);
    return 1;
  }
  const parsed = parseExpression(wishes.expression);
  if ('fault' in parsed) return yield* badExpression(io, parsed.fault);
  const filter: PacketFilter | null = parsed.filter;
  return yield* playSaved(io, wishes, file, filter);
}

export const tcpdump: Command = {
  name: 'tcpdump',
  summary: 'show packets as they pass the taps',
  usage:
    'tcpdump [-i DEVICE] [-n] [-c COUNT] [-e] [-t...] [-l] [-q] [-v...] [-x | -X | -A] [-w FILE | -r FILE] [EXPRESSION]',
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
