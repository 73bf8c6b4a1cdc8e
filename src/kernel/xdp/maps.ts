/// BPF maps: what a program looks up, and what the bpf() system call reads and writes.
/// Stands for kernel/bpf/{arraymap,devmap}.c, net/xdp/xskmap.c and map_update_elem() in kernel/bpf/syscall.c.
/// A key is a number of 32 bits, host order; in a trie it has a prefix length beside it, and may be an IPv6 address.
/// A value is one number.
/// Left out: structures as values, hashes of IPv6 addresses, maps in maps, batches, per-CPU hash maps, memory limits.
import type { ErrnoName } from '../errno.ts';
import type { Kernel } from '../state.ts';
import { cpu_map_update_elem } from './cpumap.ts';
import { createHtab, htabDelete, htabLookup, htabOrder, htabUpdate } from './htab.ts';
import { createLpmTrie, trieDelete, trieLookup, trieOrder, trieUpdate } from './lpm_trie.ts';
import type { BpfMap, MapType } from './types.ts';

export type Exist = 'any' | 'noexist' | 'exist';

export interface MapSpec {
  readonly name: string;
  readonly type: MapType;
  readonly max_entries: number;
  readonly value_size: number; // bytes: 4 or 8
  readonly ipv6: boolean; // the keys are IPv6 addresses: tries only
}

export interface MapKey {
  readonly key: number; // 0 where `wide` has the key
  readonly prefixlen: number; // of a trie; 32 elsewhere
  readonly wide?: readonly number[]; // four words of an IPv6 address, in network order
}

export interface MapRow extends MapKey {
  readonly values: readonly number[]; // one; of a per-CPU map one for each CPU
}

/// Makes a map and returns its index in BpfState.maps.
export function createMap(k: Kernel, spec: MapSpec): number {
  const { maps } = k.bpf;
  const id = k.bpf.next_map_id++;
  const cpus = spec.type === 'percpu_array' ? k.cpus.length : 1;
  const flat = spec.type !== 'hash' && spec.type !== 'lpm_trie' && spec.type !== 'cpumap';
  const map: BpfMap = {
    id,
    name: spec.name,
    type: spec.type,
    key_size: spec.type === 'lpm_trie' ? 4 + (spec.ipv6 ? 16 : 4) : 4,
    value_size: spec.value_size,
    max_entries: spec.max_entries,
    btf_id: 0,
    refs: 0,
    values: flat
      ? new Array<number>(cpus * spec.max_entries).fill(spec.type === 'xskmap' ? -1 : 0)
      : [],
    hash:
      spec.type === 'hash' ? createHtab(spec.max_entries, (k.secrets.udp_ehash + id) >>> 0) : null,
    trie: spec.type === 'lpm_trie' ? createLpmTrie(spec.ipv6 ? 128 : 32) : null,
    cpus: spec.type === 'cpumap' ? new Array<number>(spec.max_entries).fill(-1) : [],
  };
  const free = maps.findIndex((each) => each.id === 0);
  if (free < 0) return maps.push(map) - 1;
  maps[free] = map;
  return free;
}

const word: number[] = [0];

/// The words of a trie's key.
function wordsOf({ key, wide }: MapKey): readonly number[] {
  return wide ?? [key];
}

/// The value of the longest prefix of that IPv6 address in a trie; -1: it has none.
export function mapFind6(map: BpfMap, words: readonly number[]): number {
  const at = trieLookup(map.trie!, words);
  return at < 0 ? -1 : map.trie!.nodes[at]!.value;
}

/// What the map has at that key, as a program asks it; -1: nothing. An array has something where it is not zero.
export function mapFind(map: BpfMap, key: number): number {
  if (map.hash !== null) {
    const at = htabLookup(map.hash, key);
    return at < 0 ? -1 : map.hash.values[at]!;
  }
  if (map.trie !== null) {
    word[0] = key;
    const at = trieLookup(map.trie, word);
    return at < 0 ? -1 : map.trie.nodes[at]!.value;
  }
  return mapHas(map, key) ? (map.values[key] ?? 0) : -1;
}

/// Whether an array or a map of targets has something at that key.
export function mapHas(map: BpfMap, key: number): boolean {
  if (map.type === 'cpumap') return (map.cpus[key] ?? -1) >= 0;
  if (key >= map.max_entries) return false;
  return map.type === 'xskmap' ? map.values[key]! >= 0 : map.values[key]! > 0;
}

/// Adds to a counter, as a program does with what its look-up found.
export function countInMap(map: BpfMap, cpu: number, key: number): void {
  if (map.hash !== null) {
    const at = htabLookup(map.hash, key);
    if (at >= 0) map.hash.values[at]!++;
    return;
  }
  const at = map.type === 'percpu_array' ? cpu * map.max_entries + key : key;
  map.values[at]!++;
}

/// Writes an element. kernel/bpf/syscall.c:map_update_elem()
export function bpfMapUpdate(
  k: Kernel,
  map: BpfMap,
  at: MapKey,
  value: number,
  exist: Exist,
): ErrnoName | null {
  const { key, prefixlen } = at;
  if (map.hash !== null) return htabUpdate(map.hash, key, value, exist);
  if (map.trie !== null)
    return trieUpdate(map.trie, map.max_entries, wordsOf(at), prefixlen, value, exist);
  if (map.type === 'cpumap') return cpu_map_update_elem(k, map, key, value, exist);
  if (key >= map.max_entries) return 'E2BIG';
  // The value is a file descriptor of whoever asks: a socket gets here by its own program alone. The first four
  // of bpftool are its standard ones and the map.
  if (map.type === 'xskmap') return value < 4 ? 'ENOTSOCK' : 'EBADF';
  if (exist === 'noexist') return 'EEXIST';
  if (map.type === 'devmap' && value !== 0 && !k.devs.some((dev) => dev.ifindex === value))
    return 'EINVAL';
  const cpus = map.type === 'percpu_array' ? k.cpus.length : 1;
  for (let cpu = 0; cpu < cpus; cpu++) map.values[cpu * map.max_entries + key] = value;
  return null;
}

/// Takes an element out. An array keeps all of its elements: EINVAL.
export function bpfMapDelete(k: Kernel, map: BpfMap, at: MapKey): ErrnoName | null {
  const { key, prefixlen } = at;
  if (map.hash !== null) return htabDelete(map.hash, key);
  if (map.trie !== null) return trieDelete(map.trie, wordsOf(at), prefixlen);
  if (map.type === 'array' || map.type === 'percpu_array') return 'EINVAL';
  if (key >= map.max_entries) return 'EINVAL';
  if (map.type === 'cpumap')
    return key < k.cpus.length ? cpu_map_update_elem(k, map, key, 0, 'any') : null;
  map.values[key] = map.type === 'xskmap' ? -1 : 0;
  return null;
}

/// One element as the system call reads it; null: ENOENT.
export function bpfMapLookup(k: Kernel, map: BpfMap, wanted: MapKey): MapRow | null {
  const { key, prefixlen } = wanted;
  if (map.hash !== null) {
    const at = htabLookup(map.hash, key);
    return at < 0 ? null : { key, prefixlen: 32, values: [map.hash.values[at]!] };
  }
  if (map.trie !== null) {
    const at = trieLookup(map.trie, wordsOf(wanted), prefixlen);
    return at < 0 ? null : { ...wanted, values: [map.trie.nodes[at]!.value] };
  }
  if (key >= map.max_entries) return null;
  return rowAt(k, map, key);
}

function rowAt(k: Kernel, map: BpfMap, key: number): MapRow | null {
  if (map.type === 'cpumap') {
    const entry = k.bpf.cpu_entries[map.cpus[key] ?? -1];
    return entry ? { key, prefixlen: 32, values: [entry.qsize] } : null;
  }
  if ((map.type === 'devmap' || map.type === 'xskmap') && !mapHas(map, key)) return null;
  const cpus = map.type === 'percpu_array' ? k.cpus.length : 1;
  const values = Array.from({ length: cpus }, (_, cpu) => map.values[cpu * map.max_entries + key]!);
  return { key, prefixlen: 32, values };
}

/// Every element, in the order in which the system call goes through the keys.
export function mapRows(k: Kernel, map: BpfMap): MapRow[] {
  const { hash, trie } = map;
  if (hash !== null)
    return htabOrder(hash).map((at) => ({
      key: hash.keys[at]!,
      prefixlen: 32,
      values: [hash.values[at]!],
    }));
  if (trie !== null)
    return trieOrder(trie).map((at) => {
      const { key, prefixlen, value } = trie.nodes[at]!;
      if (key.length > 1) return { key: 0, wide: key, prefixlen, values: [value] };
      return { key: key[0]!, prefixlen, values: [value] };
    });
  return Array.from({ length: map.max_entries }, (_, key) => rowAt(k, map, key)).filter(
    (row) => row !== null,
  );
}
