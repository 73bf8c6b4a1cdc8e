/// BPF maps: what a program looks up, and what the bpf() system call reads and writes.
/// Stands for kernel/bpf/{arraymap,devmap}.c, net/xdp/xskmap.c and map_update_elem() in kernel/bpf/syscall.c.
/// A key is a number of 32 bits, host order; in a trie it has a prefix length beside it. A value is one number.
/// Left out: structures as values, maps in maps, batches, per-CPU hash maps, memory limits.
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
}

export interface MapKey {
  readonly key: number;
  readonly prefixlen: number; // of a trie; 32 elsewhere
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
    key_size: spec.type === 'lpm_trie' ? 8 : 4,
    value_size: spec.value_size,
    max_entries: spec.max_entries,
    btf_id: 0,
    refs: 0,
    values: flat
      ? new Array<number>(cpus * spec.max_entries).fill(spec.type === 'xskmap' ? -1 : 0)
      : [],
    hash:
      spec.type === 'hash' ? createHtab(spec.max_entries, (k.secrets.udp_ehash + id) >>> 0) : null,
    trie: spec.type === 'lpm_trie' ? createLpmTrie() : null,
    cpus: spec.type === 'cpumap' ? new Array<number>(spec.max_entries).fill(-1) : [],
  };
  const free = maps.findIndex((each) => each.id === 0);
  if (free < 0) return maps.push(map) - 1;
  maps[free] = map;
  return free;
}

/// Whether the map has something at that key, as a program asks it.
export function mapHas(map: BpfMap, key: number): boolean {
  if (map.hash !== null) return htabLookup(map.hash, key) >= 0;
  if (map.trie !== null) return trieLookup(map.trie, key) >= 0;
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
  { key, prefixlen }: MapKey,
  value: number,
  exist: Exist,
): ErrnoName | null {
  if (map.hash !== null) return htabUpdate(map.hash, key, value, exist);
  if (map.trie !== null) return trieUpdate(map.trie, map.max_entries, key, prefixlen, value, exist);
  if (map.type === 'cpumap') return cpu_map_update_elem(k, map, key, value, exist);
  if (key >= map.max_entries) return 'E2BIG';
  if (exist === 'noexist') return map.type === 'xskmap' && map.values[key]! < 0 ? null : 'EEXIST';
  if (map.type === 'devmap') {
    if (value !== 0 && !k.devs.some((dev) => dev.ifindex === value)) return 'EINVAL';
  } else if (map.type === 'xskmap') return 'EOPNOTSUPP'; // a socket is put there by its own program
  const cpus = map.type === 'percpu_array' ? k.cpus.length : 1;
  for (let cpu = 0; cpu < cpus; cpu++) map.values[cpu * map.max_entries + key] = value;
  return null;
}

/// Takes an element out. An array keeps all of its elements: EINVAL.
export function bpfMapDelete(k: Kernel, map: BpfMap, { key, prefixlen }: MapKey): ErrnoName | null {
  if (map.hash !== null) return htabDelete(map.hash, key);
  if (map.trie !== null) return trieDelete(map.trie, key, prefixlen);
  if (map.type === 'array' || map.type === 'percpu_array') return 'EINVAL';
  if (key >= map.max_entries) return 'EINVAL';
  if (map.type === 'cpumap') return cpu_map_update_elem(k, map, key, 0, 'any');
  map.values[key] = map.type === 'xskmap' ? -1 : 0;
  return null;
}

/// One element as the system call reads it; null: ENOENT.
export function bpfMapLookup(k: Kernel, map: BpfMap, { key, prefixlen }: MapKey): MapRow | null {
  if (map.hash !== null) {
    const at = htabLookup(map.hash, key);
    return at < 0 ? null : { key, prefixlen: 32, values: [map.hash.values[at]!] };
  }
  if (map.trie !== null) {
    const at = trieLookup(map.trie, key, prefixlen);
    return at < 0 ? null : { key, prefixlen, values: [map.trie.nodes[at]!.value] };
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
      return { key, prefixlen, values: [value] };
    });
  return Array.from({ length: map.max_entries }, (_, key) => rowAt(k, map, key)).filter(
    (row) => row !== null,
  );
}
