/// Devices made, joined and taken away by the administrator: ip link add, set master, del. Stands for
/// rtnl_newlink(), do_set_master() and rtnl_dellink() in net/core/rtnetlink.c, with vlan_newlink(),
/// br_dev_newlink(), bond_newlink(), macvlan_newlink() and veth_newlink().
/// Left out: namespaces, other kinds, several queues of other devices than veth, link groups.
import { bits, stream } from '../engine/random.ts';
import { ethtoolDefaults } from '../hardware/driver.ts';
import { selectActiveSlave } from './bond.ts';
import { br_fdb_add_local } from './bridge/br_fdb.ts';
import { br_add_if, br_del_if } from './bridge/br_port.ts';
import { emptyMask } from './cpumask.ts';
import { dev_close, dev_open, dev_set_promiscuity } from './dev.ts';
import { inetdev_destroy } from './devinet.ts';
import { done, fails, type Result } from './errno.ts';
import { linkChanged } from './link_state.ts';
import { createLinks, type BondMode, type DeviceKind, type MacvlanMode } from './links.ts';
import { createHw } from './mib.ts';
import { printk } from './printk.ts';
import { rx_queue_default_mask } from './rps.ts';
import { updateRxHooks } from './rx_hooks.ts';
import type { Kernel, NetDevice } from './state.ts';
import { sysctlsOfDevice } from './sysctl.ts';
import { softQueue, useQueues } from './veth.ts';
import { VLAN_VID_MASK, vlanDeviceOf } from './vlan.ts';
import { createFlowControl, createHwTstamp } from './wire_state.ts';

export interface NewLink {
  readonly name: string; // '': the kernel chooses by the kind
  readonly kind: Exclude<DeviceKind, ''>;
  readonly link?: string; // device below
  readonly mac?: string;
  readonly mtu?: number;
  readonly vlan?: {
    readonly id: number;
    readonly reorder_hdr: boolean;
    readonly ingress: number[];
    readonly egress: Record<string, number>;
  };
  readonly bond?: { readonly mode: BondMode; readonly miimon: number };
  readonly bridge?: { readonly ageing_ns: number; readonly forward_delay_ns: number };
  readonly macvlan?: MacvlanMode;
  readonly peer?: string; // veth: the other end's name
  readonly queues?: QueueCounts; // veth
  readonly peer_queues?: QueueCounts;
}

/// IFLA_NUM_RX_QUEUES and IFLA_NUM_TX_QUEUES, where they were given.
export interface QueueCounts {
  readonly rx?: number;
  readonly tx?: number;
}

const MAX_QUEUES = 4096;

/// Makes a device. EEXIST: the name is taken; ENODEV: no such device below; what the kind refuses.
export function rtnl_newlink(k: Kernel, wanted: NewLink): Result {
  if (wanted.name !== '' && k.devs.some((dev) => dev.name === wanted.name)) return fails('EEXIST');
  const lower =
    wanted.link === undefined ? -1 : k.devs.findIndex((dev) => dev.name === wanted.link);
  if (wanted.link !== undefined && lower < 0) return fails('ENODEV');
  const refused = refuseKind(k, wanted, lower);
  if (refused) return refused;
  // The other end of a veth is registered before the device itself: it takes the first free name and number.
  const peer = wanted.kind === 'veth' ? createPeer(k, wanted) : null;
  const name = wanted.name === '' ? freeName(k, wanted.kind) : wanted.name;
  if (peer !== null && k.devs.some((dev) => dev.name === name)) {
    rtnl_dellink(k, peer);
    return fails('EEXIST');
  }
  const dev = createVirtual(k, name, wanted, k.devs[lower]);
  if (peer !== null) tieEnds(k, dev, peer, wanted.queues ?? {});
  const at = k.devs.push(dev) - 1;
  addDeviceSysctls(k, dev.name);
  for (const q of dev.rx) rx_queue_default_mask(k, q);
  attach(k, dev, at, lower, wanted);
  for (const one of k.devs) updateRxHooks(k, one);
  k.config_version++;
  return done;
}

/// The settings of a new device are those of `default`.
function addDeviceSysctls(k: Kernel, name: string): void {
  const own = name.replaceAll('.', '/');
  for (const [key, initial] of Object.entries(sysctlsOfDevice(name, 1500)))
    k.sysctl[key] = k.sysctl[key.replace(`.${own}.`, '.default.')] ?? initial;
}

function removeDeviceSysctls(k: Kernel, name: string): void {
  for (const key of Object.keys(sysctlsOfDevice(name, 1500))) delete k.sysctl[key];
}

/// eth0.10 is a name that ip gives; bond0, br0 and so on count up in the kernel.
function freeName(k: Kernel, kind: DeviceKind): string {
  let n = 0;
  while (k.devs.some((dev) => dev.name === `${kind}${n}`)) n++;
  return `${kind}${n}`;
}

function refuseKind(k: Kernel, wanted: NewLink, lower: number): Result | null {
  const below = k.devs[lower];
  if (wanted.kind === 'vlan') {
    if (!wanted.vlan) return fails('EINVAL', 'VLAN properties not specified');
    if (!below) return fails('EINVAL', 'link not specified');
    if (wanted.vlan.id > VLAN_VID_MASK - 1) return fails('ERANGE', 'Invalid VLAN id');
    if (below.driver === '') return fails('EOPNOTSUPP', 'VLANs not supported on device');
    if (vlanDeviceOf(k, below, wanted.vlan.id))
      return fails('EEXIST', 'VLAN device already exists');
    if ((wanted.mtu ?? 0) > below.mtu) return fails('EINVAL', 'MTU exceeds maximum allowed');
  }
  if (wanted.kind === 'macvlan') {
    if (!below) return fails('EINVAL');
    const modes = below.links.macvlans.map((index) => k.devs[index]!.links.macvlan);
    // Passthru wants the NIC for itself.
    if (modes.includes('passthru') || (wanted.macvlan === 'passthru' && modes.length > 0))
      return fails('EINVAL');
    if (below.links.master >= 0) return fails('EBUSY');
  }
  for (const { rx = 1, tx = 1 } of [wanted.queues ?? {}, wanted.peer_queues ?? {}]) {
    if (tx < 1 || tx > MAX_QUEUES) return fails('EINVAL', 'Invalid number of transmit queues');
    if (rx < 1 || rx > MAX_QUEUES) return fails('EINVAL', 'Invalid number of receive queues');
  }
  return null;
}

/// A locally administered address, drawn anew for each device. include/linux/etherdevice.h:eth_random_addr()
function randomMac(k: Kernel, name: string): string {
  const random = stream(k.seed, `address of ${name}`);
  return Array.from({ length: 6 }, (_, i) => {
    const byte = bits(random) & 0xff;
    return (i === 0 ? (byte & 0xfe) | 2 : byte).toString(16).padStart(2, '0');
  }).join(':');
}

function createVirtual(
  k: Kernel,
  name: string,
  wanted: NewLink,
  below: NetDevice | undefined,
): NetDevice {
  const { kind } = wanted;
  const inherits = kind === 'vlan' || (kind === 'macvlan' && wanted.macvlan === 'passthru');
  const onWire = kind === 'vlan' || kind === 'macvlan';
  const { rx = k.desc.cpus, tx = k.desc.cpus } = wanted.queues ?? {};
  return {
    ...k.devs[0]!,
    ...ethtoolDefaults({ driver: kind } as never),
    ifindex: Math.max(...k.devs.map((dev) => dev.ifindex)) + 1,
    name,
    driver: kind,
    path: -1,
    mac: wanted.mac ?? (inherits && below ? below.mac : randomMac(k, name)),
    ...{ up: false, carrier: false, promisc: 0, allmulti: 0, addrs: [], alias: '', fifos: [] },
    addrs6: [],
    mtu: wanted.mtu ?? (onWire && below ? below.mtu : 1500),
    peer: onWire && below ? below.peer : '',
    speed_mbps: kind === 'veth' ? 10_000 : -1,
    duplex: kind === 'veth' ? 'full' : 'unknown',
    gateway: '',
    rx: [softQueue(k, k.devs.length, 0)],
    tx: [{ packets: 0, bytes: 0, xps_cpus: emptyMask(k.desc.cpus) }],
    hw: createHw(),
    ...{ rx_dropped: 0, rx_otherhost_dropped: 0, carrier_changes: 0, outgoing: [], wire_turn: [] },
    ...{ pauses: [], fc: createFlowControl(), hwtstamp: createHwTstamp() },
    ...{ outgoing_slot: -1, link_slot: -1, xdp: null, xdp_prog: -1, xdp_counts: [], rx_hooks: 0 },
    qdisc: { kind: 'noop', handle: 0, options: {}, leaf: null },
    links: { ...createLinks(kind), made: kind === 'veth' ? { rx, tx } : null },
    ingress: null,
  };
}

/// Joins the new device to what it stands on.
function attach(k: Kernel, dev: NetDevice, at: number, lower: number, wanted: NewLink): void {
  const { links } = dev;
  const below = k.devs[lower];
  if (wanted.vlan) {
    links.lower = lower;
    links.vlan = { proto: '802.1Q', ...wanted.vlan };
    below!.links.vlans.push(at);
  } else if (wanted.kind === 'macvlan') {
    links.lower = lower;
    links.macvlan = wanted.macvlan ?? 'vepa';
    below!.links.macvlans.push(at);
    if (links.macvlan === 'passthru') dev_set_promiscuity(k, below!, 1, true);
  } else if (wanted.kind === 'bridge') {
    const { ageing_ns = 300e9, forward_delay_ns = 15e9 } = wanted.bridge ?? {};
    links.bridge = {
      ageing_ns,
      forward_delay_ns,
      stp: false,
      fdb: [],
      mac_set: Boolean(wanted.mac),
    };
    br_fdb_add_local(k, links.bridge, at, dev.mac);
  } else if (wanted.kind === 'bond')
    links.bond = { mode: 'balance-rr', active: -1, miimon: 0, rr_tx_counter: 0, ...wanted.bond };
  else if (wanted.kind === 'veth') links.lower = at - 1;
}

/// The other end of a veth, before the one that was asked for is there.
function createPeer(k: Kernel, wanted: NewLink): NetDevice {
  const name = wanted.peer || freeName(k, 'veth');
  const queues = wanted.peer_queues ?? {};
  const peer = createVirtual(k, name, { name, kind: 'veth', queues }, undefined);
  k.devs.push(peer);
  addDeviceSysctls(k, name);
  return peer;
}

/// Both ends know each other. They use one queue of each kind unless a number was given, and it is the first end's
/// words that count for both: veth_newlink() hands them to veth_init_queues() twice.
function tieEnds(k: Kernel, dev: NetDevice, peer: NetDevice, asked: QueueCounts): void {
  peer.links.lower = k.devs.length;
  for (const [end, other] of [
    [dev, peer],
    [peer, dev],
  ] as const) {
    const { made } = end.links;
    useQueues(k, end, asked.rx === undefined ? 1 : made!.rx, asked.tx === undefined ? 1 : made!.tx);
    end.hw['peer_ifindex'] = other.ifindex;
  }
}

/// ip link set DEV master MASTER; '' is nomaster. EINVAL: MASTER takes no members.
export function do_set_master(k: Kernel, dev: NetDevice, name: string): Result {
  const old = k.devs[dev.links.master];
  if (old?.name === name) return done;
  if (old) leaveMaster(k, old, dev);
  if (name === '') return changed(k);
  const master = k.devs.find((one) => one.name === name);
  if (!master) return fails('ENODEV');
  let result: Result = fails('EOPNOTSUPP');
  if (master.links.bridge) result = br_add_if(k, master, dev);
  else if (master.links.bond) result = enslave(k, master, dev);
  if (!result.ok) return result;
  if (master.peer === '') master.peer = dev.peer;
  return changed(k);
}

function changed(k: Kernel): Result {
  for (const dev of k.devs) updateRxHooks(k, dev);
  k.config_version++;
  return done;
}

function leaveMaster(k: Kernel, master: NetDevice, dev: NetDevice): void {
  if (master.links.bridge) return br_del_if(k, master, dev);
  const at = k.devs.indexOf(dev);
  master.links.ports = master.links.ports.filter((port) => port !== at);
  dev.links.master = -1;
  dev.links.slave = null;
  printk(k, `${master.name}: (slave ${dev.name}): Releasing backup interface`);
  dev_close(k, dev);
  selectActiveSlave(k, master);
}

/// A slave must be down; the bond brings it up. The first one lends the bond its address.
/// drivers/net/bonding/bond_main.c:bond_enslave()
function enslave(k: Kernel, master: NetDevice, dev: NetDevice): Result {
  if (dev.links.master >= 0)
    return fails('EBUSY', 'Device type (already enslaved) cannot be enslaved');
  if (dev.up) return fails('EPERM', 'Device can not be enslaved while up');
  if (master.links.ports.length === 0) master.mac = dev.mac;
  dev.links.master = k.devs.indexOf(master);
  dev.links.slave = { inactive: true };
  master.links.ports.push(k.devs.indexOf(dev));
  dev_open(k, dev);
  selectActiveSlave(k, master);
  const state = dev.links.slave.inactive ? 'a backup' : 'an active';
  const link = dev.carrier ? 'an up' : 'a down';
  printk(
    k,
    `${master.name}: (slave ${dev.name}): Enslaving as ${state} interface with ${link} link`,
  );
  return done;
}

/// ip link del: only devices without hardware can go. EOPNOTSUPP for the others.
export function rtnl_dellink(k: Kernel, dev: NetDevice): Result {
  if (dev.links.kind === '') return fails('EOPNOTSUPP');
  if (dev.links.kind === 'veth') {
    const peer = k.devs[dev.links.lower];
    if (peer) {
      peer.links.lower = dev.links.lower = -1;
      rtnl_dellink(k, peer);
    }
  }
  for (const index of [...dev.links.vlans, ...dev.links.macvlans].toSorted((a, b) => b - a))
    rtnl_dellink(k, k.devs[index]!);
  for (const port of [...dev.links.ports]) leaveMaster(k, dev, k.devs[port]!);
  if (dev.links.master >= 0) leaveMaster(k, k.devs[dev.links.master]!, dev);
  const below = k.devs[dev.links.lower];
  const at = k.devs.indexOf(dev);
  if (below) {
    below.links.vlans = below.links.vlans.filter((index) => index !== at);
    below.links.macvlans = below.links.macvlans.filter((index) => index !== at);
    const holds = dev.links.kind === 'vlan' && dev.promisc > 0;
    if (holds || dev.links.macvlan === 'passthru') dev_set_promiscuity(k, below, -1, true);
  }
  dev_close(k, dev);
  linkChanged(k, dev);
  inetdev_destroy(k, dev);
  removeDeviceSysctls(k, dev.name);
  takeOut(k, at);
  return changed(k);
}

/// Devices behind it move up by one place, and with them whatever names them by their place.
function takeOut(k: Kernel, at: number): void {
  const moved = (index: number): number => (index > at ? index - 1 : index);
  k.devs.splice(at, 1);
  for (const { links } of k.devs) {
    links.lower = moved(links.lower);
    links.master = moved(links.master);
    links.ports = links.ports.map(moved);
    links.vlans = links.vlans.map(moved);
    links.macvlans = links.macvlans.map(moved);
    if (links.bond) links.bond.active = moved(links.bond.active);
    for (const entry of links.bridge?.fdb ?? []) entry.port = moved(entry.port);
  }
  k.devs.forEach((dev, index) => dev.rx.forEach((q) => (q.dev = index)));
  k.packet.hooks = k.packet.hooks
    .filter((hook) => hook.dev !== at)
    .map((hook) => ({ ...hook, dev: moved(hook.dev) }));
  k.nf.ingress.splice(at, 1);
  for (const n of k.neighs) n.dev = moved(n.dev);
  for (const trie of k.fib.tries)
    for (const node of trie.nodes) for (const alias of node.leaf) alias.dev = moved(alias.dev);
  for (let skb = 0; skb < k.skbs.used; skb++) k.skbs.dev[skb] = moved(k.skbs.dev[skb]!);
  k.flows.rt_key.fill(-1);
}
