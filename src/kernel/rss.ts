/// Receive-side scaling: the Toeplitz hash of a flow, and the queue that the indirection table gives, or
/// that a rule for the flow gives before it. Stands for what the NIC does in hardware (the Microsoft RSS
/// hash, exact-match filters).
/// The hash that a driver puts into the skb is read from the flow by skbHash() and skbHashRaw() in flows.ts:
/// a frame that is in the ring while the key changes is taken to have been hashed by the new one.
/// Left out: symmetric hashing, several RSS contexts, hashing of what is inside a tunnel.
import { bits, stream } from '../engine/random.ts';
import { addressBytes } from './address.ts';
import { pathAt } from './driver_table.ts';
import { ETH_P_IP, ETH_P_IPV6 } from './flow_dissector.ts';
import { ruleQueue } from './rxnfc_rules.ts';
import { FLAG_FRAG } from './skb.ts';
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
  if (fields.includes('s')) data.push(...addressBytes(saddr));
  if (fields.includes('d')) data.push(...addressBytes(daddr));
  if (fields.includes('f')) data.push(sport >> 8, sport & 255);
  if (fields.includes('n')) data.push(dport >> 8, dport & 255);
  return data;
}

/// Where entry `index` of a fresh table of `queues` queues points. include/linux/ethtool.h
export function ethtool_rxfh_indir_default(index: number, queues: number): number {
  return index % queues;
}

/// A fresh table of that many entries for that many queues.
export function defaultIndir(size: number, queues: number): number[] {
  return Array.from({ length: size }, (_, i) => ethtool_rxfh_indir_default(i, queues));
}

/// The receive queue of a frame of the flow, whose flags are given; -1: a rule drops it. Remembered for the
/// flow until the device's key, table, fields or rules change.
export function rssQueue(k: Kernel, dev: NetDevice, flow: number, flags = 0): number {
  const flows = k.flows;
  if (flags & FLAG_FRAG) return chooseQueue(k, dev, flow, true, rssHash(k, dev, flow, true));
  if (flows.version[flow] === dev.rss_version) return flows.queue[flow]!;
  const hash = rssHash(k, dev, flow, false);
  flows.rss[flow] = hash;
  flows.rss_l4[flow] =
    hash !== 0 &&
    pathAt(dev.path).tellsL4Hash === true &&
    /[fn]/.test(fieldsOf(k, dev, flow, false));
  flows.queue[flow] = chooseQueue(k, dev, flow, false, hash);
  flows.version[flow] = dev.rss_version;
  return flows.queue[flow];
}

/// The hash that the NIC computes of a frame of the flow; 0 for what it does not hash.
export function rssHash(k: Kernel, dev: NetDevice, flow: number, fragment: boolean): number {
  const { saddr, daddr, sport, dport } = k.flows;
  const fields = fieldsOf(k, dev, flow, fragment);
  if (fields === '') return 0;
  return toeplitz(
    dev.rss_key,
    hashedBytes(saddr[flow]!, daddr[flow]!, sport[flow]!, dport[flow]!, fields),
  );
}

const FLOW_TYPES: Readonly<Record<number, string>> = {
  6: 'tcp',
  17: 'udp',
  50: 'esp',
  51: 'ah',
  132: 'sctp',
};

/// Letters of the header fields that are hashed. Fragments and protocols without ports: the addresses.
function fieldsOf(k: Kernel, dev: NetDevice, flow: number, fragment: boolean): string {
  const type = k.flows.ethertype[flow]!;
  if (type !== ETH_P_IP && type !== ETH_P_IPV6) return '';
  const name = fragment ? undefined : FLOW_TYPES[k.flows.proto[flow]!];
  if (name === undefined) return 'sd';
  const letters = dev.rxnfc[`${name}${type === ETH_P_IP ? 4 : 6}`] ?? 'sd';
  return letters.includes('r') ? '' : letters;
}

function chooseQueue(
  k: Kernel,
  dev: NetDevice,
  flow: number,
  fragment: boolean,
  hash: number,
): number {
  const queues = dev.rx.length;
  if (dev.filters.length > 0) {
    const queue = ruleQueue(k, dev, flow, fragment);
    if (queue !== null) return Math.min(queue, queues - 1);
  }
  const table = dev.rss_indir;
  // Without a table of its own (virtio_net without RSS) the other side steers by its own flow hash.
  if (table.length === 0) return pathAt(dev.path).rulesOnly ? 0 : k.flows.hash[flow]! % queues;
  return hash === 0 ? 0 : Math.min(indirEntry(table, hash), queues - 1);
}

/// The queue that an indirection table gives a hash, by its low bits: sizes of tables are powers of two.
export function indirEntry(table: readonly number[], hash: number): number {
  return table[hash % table.length]!;
}

/// Forgets the queues of a device's flows: its key, table, hash fields, rules or queue count has changed.
export function rssChanged(dev: NetDevice): void {
  dev.rss_version++;
}

/// The key that the kernel draws once a boot and gives to every driver that asks: 52 bytes, of which
/// a NIC takes the first 40. net/ethtool/ioctl.c:netdev_rss_key_fill()
export function netdev_rss_key_fill(seed: number): number[] {
  const s = stream(seed, 'netdev_rss_key');
  return Array.from({ length: 52 }, () => bits(s) >>> 24);
}
