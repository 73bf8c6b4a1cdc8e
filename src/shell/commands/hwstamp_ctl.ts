/// hwstamp_ctl of linuxptp: which packets a NIC stamps with its own clock. (ethtool can set that only with a kernel newer
/// than 6.12.) After linuxptp's hwstamp_ctl.c and its manual page.
import { strerror } from '../../kernel/errno.ts';
import { dev_set_hwtstamp, hasHwTstamp } from '../../kernel/net_timestamp_set.ts';
import type { NetDevice } from '../../kernel/state.ts';
import type { Command, Io, Running } from '../command.ts';
import { notModelled } from '../options.ts';

const WRONG = 255; // the program returns -1
const EPERM = 1;
const ENODEV = 19;
const ERANGE = 34;
const EOPNOTSUPP = 95;
const LAST_FILTER = 14;

const FILTERS = [
  'time stamp no incoming packet at all',
  'time stamp any incoming packet',
  '(reserved value)',
  'PTP v1, UDP, any kind of event packet',
  'PTP v1, UDP, Sync packet',
  'PTP v1, UDP, Delay_req packet',
  'PTP v2, UDP, any kind of event packet',
  'PTP v2, UDP, Sync packet',
  'PTP v2, UDP, Delay_req packet',
  '802.AS1, Ethernet, any kind of event packet',
  '802.AS1, Ethernet, Sync packet',
  '802.AS1, Ethernet, Delay_req packet',
  'PTP v2/802.AS1, any layer, any kind of event packet',
  'PTP v2/802.AS1, any layer, Sync packet',
  'PTP v2/802.AS1, any layer, Delay_req packet',
];

function* help(io: Io, status: number): Running {
  const lines = [
    ...['', 'usage: hwstamp_ctl [options]', ''],
    ' -h           prints this message and exits',
    " -i [device]  interface device to use, for example 'eth0'",
    ` -r [0..${LAST_FILTER}]   select receive time stamping:`,
    ...FILTERS.map((text, i) => `\t\t${String(i).padStart(2)} ${text}`),
    ' -t [0|1]     disable or enable transmit time stamping',
    ' -v           prints the software version and exits',
    '',
  ];
  for (const line of lines) yield* io.err.line(line);
  return status;
}

interface Asked {
  device: string;
  rx: number | null;
  tx: number | null;
}

/// The options as getopt() takes them, a value in the same word or the next; or what ends the program at once.
function parse(words: readonly string[]): Asked | 'help' | 'version' | 'wrong' {
  const asked: Asked = { device: '', rx: null, tx: null };
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (!word.startsWith('-') || word === '-') continue;
    const letter = word[1]!;
    if (letter === 'h') return 'help';
    if (letter === 'v') return 'version';
    if (!'irt'.includes(letter)) return 'wrong';
    const text = word.length > 2 ? word.slice(2) : words[++i];
    if (text === undefined) return 'wrong';
    if (letter === 'i') asked.device = text;
    else asked[letter === 'r' ? 'rx' : 'tx'] = atoi(text);
  }
  return asked;
}

function atoi(text: string): number {
  return Number(/^\s*[+-]?\d+/.exec(text)?.[0] ?? 0);
}

function* run(io: Io): Running {
  const asked = parse(io.argv.slice(1));
  if (asked === 'help') return yield* help(io, 0);
  if (asked === 'version') return yield* notModelled(io, 'hwstamp_ctl -v');
  if (asked === 'wrong' || asked.device === '') return yield* help(io, WRONG);
  const { rx, tx } = asked;
  if ((rx ?? 0) < 0 || (rx ?? 0) > LAST_FILTER || (tx ?? 0) < 0 || (tx ?? 0) > 1)
    return yield* help(io, WRONG);
  const dev = io.k.devs.find((one) => one.name === asked.device);
  const err = yield* current(io, dev);
  if (rx === null && tx === null) return err;
  return yield* change(io, dev, rx, tx);
}

function* settings(io: Io, title: string, tx: number, rx: number): Running<void> {
  for (const line of [`${title} settings:`, `tx_type ${tx}`, `rx_filter ${rx}`])
    yield* io.out.line(line);
}

/// SIOCGHWTSTAMP. What it comes to is the exit status, unless something is set.
function* current(io: Io, dev: NetDevice | undefined): Running {
  if (!dev) {
    yield* io.err.line(`SIOCGHWTSTAMP failed: ${strerror('ENODEV')}`);
    return ENODEV;
  }
  if (!hasHwTstamp(dev)) {
    yield* io.err.line('Device driver does not have support for non-destructive SIOCGHWTSTAMP.');
    return EOPNOTSUPP;
  }
  yield* settings(io, 'current', dev.hwtstamp.tx_type, dev.hwtstamp.rx_filter);
  return 0;
}

/// SIOCSHWTSTAMP. What was not asked for stays.
function* change(
  io: Io,
  dev: NetDevice | undefined,
  rx: number | null,
  tx: number | null,
): Running {
  const fail = function* (errno: Parameters<typeof strerror>[0], status: number): Running {
    yield* io.err.line(`SIOCSHWTSTAMP failed: ${strerror(errno)}`);
    if (errno === 'ERANGE')
      yield* io.err.line('The requested time stamping mode is not supported by the hardware.');
    return status;
  };
  if (io.uid !== 0) return yield* fail('EPERM', EPERM);
  if (!dev) return yield* fail('ENODEV', ENODEV);
  const { tx_type, rx_filter } = dev.hwtstamp;
  const result = dev_set_hwtstamp(io.k, dev, tx ?? tx_type, rx ?? rx_filter);
  if (!result.ok)
    return result.errno === 'ERANGE'
      ? yield* fail('ERANGE', ERANGE)
      : yield* fail('EOPNOTSUPP', EOPNOTSUPP);
  yield* settings(io, 'new', dev.hwtstamp.tx_type, dev.hwtstamp.told);
  return 0;
}

export const hwstampCtl: Command = {
  name: 'hwstamp_ctl',
  summary: 'say which packets a NIC stamps with its own clock',
  usage: 'hwstamp_ctl -i DEV [-r FILTER] [-t 0|1]',
  run,
  complete: (k) => ['-i', '-r', '-t', ...k.devs.map((dev) => dev.name)],
};
