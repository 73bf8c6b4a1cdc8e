/// Receive-side scaling: the Toeplitz hash of a flow, and the queue that the indirection table gives.
/// Stands for what the NIC does in hardware (the Microsoft RSS hash).
/// Left out: IPv6 traffic (the hash itself takes its addresses), n-tuple rules.
import { bits, stream } from '../engine/random.ts';
import type { Kernel, NetDevice } from './state.ts';

/// The Toeplitz hash of a byte string under a key: unsigned 32 bits.
export function toeplitz(key: readonly number[], data: readonly number[]): number {
  let window = (key[0]! << 24) | (key[1]! << 16) | (key[2]! << 8) | key[3]!;
  let hash = 0;
  for (let i = 0; i < data.length; i++) {
    const byte = data[i]!;
    const incoming = key[(i + 4) % key.length]!;
    for (let bit = 7; bit >= 0; bit--) {
      if ((byte >> bit) & 1) hash ^= window;
      window = (window << 1) | ((incoming >> bit) & 1);
    }
  }
  return hash >>> 0;
}

/// What the hash covers: addresses ('sd'), and with 'fn' the ports.
export function hashedBytes(
  saddr: string,
  daddr: string,
  sport: number,
  dport: number,
  fields: string,
): number[] {
  const data: number[] = [];
  if (fields.includes('s')) data.push(...octets(saddr));
  if (fields.includes('d')) data.push(...octets(daddr));
  if (fields.includes('f')) data.push(sport >> 8, sport & 255);
  if (fields.includes('n')) data.push(dport >> 8, dport & 255);
  return data;
}

function octets(address: string): number[] {
  if (!address.includes(':')) return address.split('.').map(Number);
  const [front = '', back = ''] = address.split('::');
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => parseInt(group, 16));
  const before = groups(front);
  const after = groups(back);
  const zeros = new Array<number>(8 - before.length - after.length).fill(0);
  return [...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 255]);
}

/// Where entry `index` of a fresh table of `queues` queues points. include/linux/ethtool.h
export function ethtool_rxfh_indir_default(index: number, queues: number): number {
  return index % queues;
}

/// The receive queue of a flow; remembered until the device's key, table or fields change.
export function rssQueue(k: Kernel, dev: NetDevice, flow: number): number {
  const flows = k.flows;
  if (flows.version[flow] === dev.rss_version) return flows.queue[flow]!;
  const queues = dev.rx.length;
  const fields = dev.rxnfc['udp4'] ?? 'sd';
  const data = hashedBytes(
    flows.saddr[flow]!,
    flows.daddr[flow]!,
    flows.sport[flow]!,
    flows.dport[flow]!,
    fields,
  );
  // Without a table of its own (virtio_net without RSS) the other side steers by its own flow hash.
  const hash = dev.rss_indir.length > 0 ? toeplitz(dev.rss_key, data) : flows.hash[flow]!;
  const table = dev.rss_indir;
  const queue = table.length > 0 ? table[hash & (table.length - 1)]! : hash % queues;
  flows.rss[flow] = hash;
  flows.queue[flow] = Math.min(queue, queues - 1);
  flows.version[flow] = dev.rss_version;
  return flows.queue[flow];
}

/// Forgets the queues of a device's flows: its key, table, hash fields or queue count has changed.
export function rssChanged(dev: NetDevice): void {
  dev.rss_version++;
}

/// The key that the kernel draws once a boot and gives to every driver that asks: 52 bytes, of which
/// a NIC takes the first 40. net/ethtool/ioctl.c:netdev_rss_key_fill()
export function netdev_rss_key_fill(seed: number): number[] {
  const s = stream(seed, 'netdev_rss_key');
  return Array.from({ length: 52 }, () => bits(s) >>> 24);
}
