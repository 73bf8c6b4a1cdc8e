/// One network device as `ip link` and `ip addr` describe it: fields first, then text or JSON.
import { driverOf } from '../../hardware/driver.ts';
import { nicOf } from '../../kernel/ethtool_ops.ts';
import { transmitQueues } from '../../kernel/sch_api.ts';
import type { Kernel, NetDevice } from '../../kernel/state.ts';
import type { Json } from '../json_writer.ts';
import { value, type Piece } from '../marked.ts';
import { xdpJson, xdpLine, xdpWord } from './link_xdp.ts';
import { paint, type Style } from './style.ts';

const NONE = '00:00:00:00:00:00';

export interface LinkRecord {
  readonly ifindex: number;
  readonly name: string;
  readonly flags: readonly string[];
  readonly mtu: number;
  readonly qdisc: string;
  readonly state: string;
  readonly qlen: number; // as a signed number, which is how ip prints it
  readonly type: 'ether' | 'loopback';
  readonly address: string;
  readonly broadcast: string;
  readonly alias: string;
}

export function linkRecord(dev: NetDevice): LinkRecord {
  const loopback = dev.driver === '';
  return {
    ifindex: dev.ifindex,
    name: dev.name,
    flags: linkFlags(dev),
    mtu: dev.mtu,
    qdisc: dev.qdisc.kind,
    state: operstate(dev),
    qlen: dev.txqueuelen | 0,
    type: loopback ? 'loopback' : 'ether',
    address: loopback ? NONE : dev.mac,
    broadcast: loopback ? NONE : 'ff:ff:ff:ff:ff:ff',
    alias: dev.alias,
  };
}

/// The interface flags by name, in ip's order.
export function linkFlags(dev: NetDevice): string[] {
  const running = dev.up && dev.carrier;
  const flags: readonly (readonly [boolean, string])[] = [
    [dev.up && !dev.carrier, 'NO-CARRIER'],
    [dev.driver === '', 'LOOPBACK'],
    [dev.driver !== '', 'BROADCAST'],
    [dev.driver !== '', 'MULTICAST'],
    [dev.allmulti > (dev.links.port ? 1 : 0), 'ALLMULTI'],
    [dev.promisc > dev.links.promisc_held, 'PROMISC'],
    [dev.links.bond !== null, 'MASTER'],
    [dev.links.slave !== null, 'SLAVE'],
    [dev.up, 'UP'],
    [running, 'LOWER_UP'],
  ];
  return flags.filter(([on]) => on).map(([, name]) => name);
}

/// RFC 2863 state, as the kernel works it out.
export function operstate(dev: NetDevice): string {
  if (dev.driver === '') return dev.up ? 'UNKNOWN' : 'DOWN';
  return dev.up && dev.carrier ? 'UP' : 'DOWN';
}

/// Lines of text for a record. `link` adds what `ip link` says beyond `ip addr`.
export function linkLines(k: Kernel, dev: NetDevice, style: Style, link: boolean): Piece[][] {
  const record = linkRecord(dev);
  const where = dev.name;
  const first: Piece[] = [
    `${record.ifindex}: `,
    paint(style, 'device', `${record.name}${lowerText(k, dev)}: `),
    `<${record.flags.join(',')}> mtu `,
    value(record.mtu, `tunable:link:mtu@${where}`),
    ` ${xdpWord(k, dev, link)}qdisc ${record.qdisc} ${masterText(k, dev)}state `,
    statePiece(style, record.state, `${record.state} `),
    link ? 'mode DEFAULT group default' : 'group default',
  ];
  if (record.qlen) first.push(' qlen ', value(record.qlen, `tunable:link:txqueuelen@${where}`));
  const lines = [first];
  if (style.family === 'any' || style.family === 'link' || style.details) {
    const second: Piece[] = [
      `    link/${record.type} `,
      paint(style, 'mac', record.address),
      ' brd ',
      paint(style, 'mac', record.broadcast),
    ];
    if (style.details) second.push(detailsText(k, dev));
    lines.push(second);
  }
  if ((link || style.details) && record.alias) lines.push([`    alias ${record.alias}`]);
  const xdp = link || style.details ? xdpLine(k, dev, style.details) : null;
  if (xdp !== null) lines.push([xdp]);
  return lines;
}

function statePiece(style: Style, state: string, text: string): string {
  if (state === 'UP') return paint(style, 'up', text);
  return state === 'DOWN' ? paint(style, 'down', text) : text;
}

/// A PCI function has its place in its name, a device of the platform its address.
function parentBus(name: string): string {
  return name.includes(':') ? 'pci' : 'platform';
}

/// What -d adds, by ip's words. Sizes for segmentation are the kernel's defaults.
function details(k: Kernel, dev: NetDevice): [string, string, string | number][] {
  const driver = driverOf(dev);
  const queues = transmitQueues(k, dev);
  const nic = nicOf(k, dev);
  const parent: [string, string, string][] = nic
    ? [
        ['parentbus', 'parentbus', nic.bus_name ? 'virtio' : parentBus(nic.pci)],
        ['parentdev', 'parentdev', nic.bus_name ?? nic.pci],
      ]
    : [];
  return [
    ['promiscuity', 'promiscuity', dev.promisc],
    ['allmulti', 'allmulti', dev.allmulti],
    ['minmtu', 'min_mtu', driver.mtu.min],
    ['maxmtu', 'max_mtu', driver.mtu.max],
    ['addrgenmode', 'inet6_addr_gen_mode', 'eui64'],
    ['numtxqueues', 'num_tx_queues', queues],
    ['numrxqueues', 'num_rx_queues', queues],
    ['gso_max_size', 'gso_max_size', 65536],
    ['gso_max_segs', 'gso_max_segs', 65535],
    ['tso_max_size', 'tso_max_size', driver.tsoMaxSize],
    ['tso_max_segs', 'tso_max_segs', 65535],
    ['gro_max_size', 'gro_max_size', dev.gro_max_size],
    ['gso_ipv4_max_size', 'gso_ipv4_max_size', 65536],
    ['gro_ipv4_max_size', 'gro_ipv4_max_size', dev.gro_ipv4_max_size],
    ...parent,
  ];
}

/// eth0.10@eth0: what a device stands on, or the other end of a veth.
function lowerText(k: Kernel, dev: NetDevice): string {
  const below = k.devs[dev.links.lower];
  return below ? `@${below.name}` : '';
}

function masterText(k: Kernel, dev: NetDevice): string {
  const master = k.devs[dev.links.master];
  return master ? `master ${master.name} ` : '';
}

/// What -d says of the kind, between the limits of the MTU and the rest.
function kindText(dev: NetDevice): string {
  const { kind, vlan, macvlan, slave } = dev.links;
  if (vlan) {
    const flags = vlan.reorder_hdr ? '<REORDER_HDR>' : '';
    return `vlan protocol ${vlan.proto} id ${vlan.id} ${flags} `;
  }
  if (macvlan) return `macvlan mode ${macvlan} bcqueuelen 1000 usedbcqueuelen 1000 `;
  if (slave) return `bond_slave state ${slave.inactive ? 'BACKUP' : 'ACTIVE'} `;
  return kind === 'veth' || kind === 'dummy' ? `${kind} ` : '';
}

function detailsText(k: Kernel, dev: NetDevice): string {
  const words = details(k, dev).map(([word, , shown]) => `${word} ${shown} `);
  const maxmtu = words.findIndex((word) => word.startsWith('maxmtu '));
  words.splice(maxmtu + 1, 0, kindText(dev));
  return ` ${words.join('')}`;
}

/// `ip -br link`: a line a device.
export function briefLine(dev: NetDevice, style: Style, rest: string): string {
  const record = linkRecord(dev);
  const name = paint(style, 'device', `${record.name.padEnd(16)} `);
  return name + statePiece(style, record.state, `${record.state.padEnd(14)} `) + rest;
}

export function linkJson(
  k: Kernel,
  dev: NetDevice,
  style: Style,
  link: boolean,
): Record<string, Json> {
  const record = linkRecord(dev);
  const object: Record<string, Json> = {
    ifindex: record.ifindex,
    ...(k.devs[dev.links.lower] && { link: k.devs[dev.links.lower]!.name }),
    ifname: record.name,
    flags: record.flags,
    mtu: record.mtu,
    qdisc: record.qdisc,
    ...(k.devs[dev.links.master] && { master: k.devs[dev.links.master]!.name }),
    operstate: record.state,
    ...(link && { linkmode: 'DEFAULT' }),
    group: 'default',
    ...(record.qlen && { txqlen: record.qlen }),
  };
  if (style.family === 'any' || style.family === 'link' || style.details) {
    object['link_type'] = record.type;
    object['address'] = record.address;
    object['broadcast'] = record.broadcast;
  }
  if (style.details) for (const [, key, shown] of details(k, dev)) object[key] = shown;
  if ((link || style.details) && record.alias) object['ifalias'] = record.alias;
  const xdp = xdpJson(k, dev, style.details);
  if (xdp !== null) object['xdp'] = xdp;
  return object;
}
