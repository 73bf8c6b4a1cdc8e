/// ifconfig, of net-tools 2.10: the older view of an interface, and a few of its settings.
/// Left out: setting addresses, and the memory window that it prints for a PCI device.
import type { LinkStats } from '../../hardware/nic_driver.ts';
import {
  dev_change_tx_queue_len,
  dev_close,
  dev_open,
  dev_set_mtu,
  dev_set_promiscuity,
} from '../../kernel/dev.ts';
import { dev_get_stats } from '../../kernel/dev_stats.ts';
import { done, strerror, type Result } from '../../kernel/errno.ts';
import type { Kernel, NetDevice } from '../../kernel/state.ts';
import type { Command, Io, Running } from '../command.ts';
import { ifconfigUsage } from '../data/ifconfig_usage.ts';
import { addressesOf } from '../ip/addresses.ts';
import { addressText, masked } from '../ip/prefix.ts';
import { print, right, value, type Piece } from '../marked.ts';

const LOOPBACK = 0x8;
const FLAGS: readonly (readonly [number, string, (dev: NetDevice) => boolean])[] = [
  [0x1, 'UP', (dev) => dev.up],
  [0x2, 'BROADCAST', (dev) => dev.driver !== ''],
  [LOOPBACK, 'LOOPBACK', (dev) => dev.driver === ''],
  [0x40, 'RUNNING', (dev) => dev.up && dev.carrier],
  [0x100, 'PROMISC', (dev) => dev.promisc > 0],
  [0x200, 'ALLMULTI', (dev) => dev.allmulti > 0],
  [0x1000, 'MULTICAST', (dev) => dev.driver !== ''],
];

function* run(io: Io): Running {
  const words = io.argv.slice(1).filter((word) => word !== '-v');
  const short = words.includes('-s');
  const all = words.includes('-a');
  const [name, ...settings] = words.filter((word) => word !== '-s' && word !== '-a');
  const dev = io.k.devs.find((one) => one.name === name);
  if (name !== undefined && !dev) {
    yield* io.err.line(`${name}: error fetching interface information: Device not found`);
    return 1;
  }
  if (dev && settings.length) return yield* change(io, dev, settings);
  // The tool sorts by name.
  const shown = dev ? [dev] : [...io.k.devs].sort((a, b) => (a.name < b.name ? -1 : 1));
  if (short) return yield* showShort(io, shown);
  for (const one of shown) if (dev || all || one.up) yield* show(io, one);
  return 0;
}

function* show(io: Io, dev: NetDevice): Running<void> {
  const { k, out } = io;
  const flags = FLAGS.filter(([, , on]) => on(dev));
  const bits = flags.reduce((sum, [bit]) => sum | bit, 0);
  const names = flags.map(([, name]) => name).join(',');
  yield* print(
    out,
    `${dev.name}: flags=${bits}<${names}>  mtu `,
    value(dev.mtu, `tunable:link:mtu@${dev.name}`),
  );
  for (const one of addressesOf(k, dev, { family: 'any' })) yield* out.line(addressLine(one));
  if (dev.driver === '')
    yield* print(out, '        loop  ', ...queueLength(dev), '(Local Loopback)');
  else yield* print(out, `        ether ${dev.mac}  `, ...queueLength(dev), '(Ethernet)');
  const stats = dev_get_stats(k, dev);
  const of = (field: keyof LinkStats): Piece =>
    value(stats[field], `counter:link:${field}@${dev.name}`);
  for (const [side, last] of [
    ['rx', ['dropped ', '  overruns ', '  frame ']],
    ['tx', ['dropped ', ' overruns ', '  carrier ', '  collisions ']],
  ] as const) {
    const bytes = stats[`${side}_bytes`];
    const label = `        ${side.toUpperCase()} `;
    yield* print(
      out,
      ...[`${label}packets `, of(`${side}_packets`)],
      ...['  bytes ', of(`${side}_bytes`), ` (${sizeText(bytes)})`],
    );
    yield* print(
      out,
      ...[`${label}errors `, of(`${side}_errors`), `  ${last[0]}`, of(`${side}_dropped`)],
      ...[last[1], of(`${side}_fifo_errors`)],
      ...[last[2], of(side === 'rx' ? 'rx_frame_errors' : 'tx_carrier_errors')],
      ...(side === 'tx' ? [last[3], of('collisions')] : []),
    );
  }
  yield* out.line('');
}

function addressLine({
  family,
  local,
  length,
  scope,
}: ReturnType<typeof addressesOf>[number]): string {
  if (family === 'inet') {
    const netmask = addressText(masked(0xffffffff, length));
    const rest = scope === 'host' ? '' : '  broadcast 0.0.0.0';
    return `        inet ${local}  netmask ${netmask}${rest}`;
  }
  const scopes = { host: '0x10<host>', link: '0x20<link>', global: '0x0<global>' };
  return `        inet6 ${local}  prefixlen ${length}  scopeid ${scopes[scope]}`;
}

/// A length that does not fit a positive integer is not shown.
function queueLength(dev: NetDevice): Piece[] {
  const length = dev.txqueuelen | 0;
  return length > 0
    ? ['txqueuelen ', value(length, `tunable:link:txqueuelen@${dev.name}`), '  ']
    : [];
}

/// 426.0 B, 1.2 KiB: thousands of 1024, cut off after one digit.
function sizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let size = bytes;
  let unit = 0;
  for (; size >= 1024 && unit < units.length - 1; unit++) size /= 1024;
  return `${(Math.floor(size * 10) / 10).toFixed(1)} ${units[unit]}`;
}

function* showShort(io: Io, devs: readonly NetDevice[]): Running {
  yield* io.out.line(
    'Iface      MTU    RX-OK RX-ERR RX-DRP RX-OVR    TX-OK TX-ERR TX-DRP TX-OVR Flg',
  );
  for (const dev of devs) {
    const stats = dev_get_stats(io.k, dev);
    const ref = (field: keyof LinkStats): string => `counter:link:${field}@${dev.name}`;
    const column = (field: keyof LinkStats, width: number): readonly Piece[] =>
      right(stats[field], width, ref(field));
    const letters = shortFlags(dev);
    yield* print(
      io.out,
      ...[dev.name.padEnd(16), ...right(dev.mtu, 5, `tunable:link:mtu@${dev.name}`), ' '],
      ...[...column('rx_packets', 8), ' ', ...column('rx_errors', 6), ' '],
      ...[
        ...column('rx_dropped', 6),
        ' ',
        value(stats.rx_fifo_errors, ref('rx_fifo_errors')),
        ' '.repeat(6),
      ],
      ...[...column('tx_packets', 8), ' ', ...column('tx_errors', 6), ' '],
      ...[...column('tx_dropped', 6), ' ', ...column('tx_fifo_errors', 6), ` ${letters}`],
    );
  }
  return 0;
}

function shortFlags(dev: NetDevice): string {
  const loopback = dev.driver === '';
  return [
    ...(dev.allmulti ? ['A'] : []),
    ...(loopback ? [] : ['B']),
    ...(loopback ? ['L'] : []),
    ...(loopback ? [] : ['M']),
    ...(dev.promisc ? ['P'] : []),
    ...(dev.up && dev.carrier ? ['R'] : []),
    ...(dev.up ? ['U'] : []),
  ].join('');
}

/// What a word sets, with the ioctl that says so when it is refused; null for a word of no setting.
function setting(
  k: Kernel,
  dev: NetDevice,
  word: string,
  number: number,
): readonly [string, () => Result] | null {
  switch (word) {
    case 'txqueuelen':
      return ['SIOCSIFTXQLEN', () => dev_change_tx_queue_len(k, dev, number >>> 0)];
    case 'mtu':
      return ['SIOCSIFMTU', () => dev_set_mtu(k, dev, number)];
    case 'up':
      return ['SIOCSIFFLAGS', () => dev_open(k, dev)];
    case 'down':
      return ['SIOCSIFFLAGS', () => dev_close(k, dev)];
    case 'promisc':
    case '-promisc':
      return [
        'SIOCSIFFLAGS',
        () => {
          const on = word === 'promisc';
          if (on !== dev.promisc > 0) dev_set_promiscuity(k, dev, on ? 1 : -1);
          return done;
        },
      ];
    default:
      return null;
  }
}

function* change(io: Io, dev: NetDevice, words: readonly string[]): Running {
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const takes = word === 'txqueuelen' || word === 'mtu';
    const number = takes ? Number(words[++i]) : 0;
    const found = setting(io.k, dev, word, number);
    if (takes && !/^\d+$/.test(words[i] ?? '')) return yield* usage(io);
    if (!found) {
      yield* io.err.line(`softnet: not modelled here: ifconfig ${dev.name} ${word}`);
      return 1;
    }
    const result: Result = io.uid === 0 ? found[1]() : { ok: false, errno: 'EPERM' };
    if (result.ok) continue;
    yield* io.err.line(`${found[0]}: ${strerror(result.errno)}`);
    return 1;
  }
  return 0;
}

function* usage(io: Io): Running {
  yield* io.err.write(`${ifconfigUsage}\n`);
  return 3;
}

export const ifconfig: Command = {
  name: 'ifconfig',
  summary: 'show and set interface parameters, the older way',
  usage: 'ifconfig [-a] [-s] [INTERFACE [mtu N] [txqueuelen N] [up|down] [[-]promisc]]',
  run,
  complete: (k, words) =>
    words.length <= 2
      ? k.devs.map((dev) => dev.name)
      : ['up', 'down', 'mtu', 'txqueuelen', 'promisc', '-promisc'],
};
