/// Sizes that the network stack computes from the machine's memory while it boots.
/// Stands for tcp_init() and tcp_init_mem() (net/ipv4/tcp.c), tcp_set_hashinfo() (net/ipv4/tcp_ipv4.c),
/// udp_init() (net/ipv4/udp.c), nf_conntrack_init_start() (net/netfilter/nf_conntrack_core.c) and
/// alloc_large_system_hash() (mm/mm_init.c), on a 64-bit machine with pages of 4 KiB.
/// How many pages were free at that moment is part of a host's description, since it depends on all that was set up
/// before: HostDescription.buffer_pages.
/// Left out: boot parameters (thash_entries and its kin), machines above 64 GiB.
import { dotted } from './sysctl_table.ts';

const PAGE_SHIFT = 12;
const MIB_PAGES = 256;
const GIB_PAGES = 1024 * MIB_PAGES;

/// Sizes of TCP's and UDP's hash tables, which depend on the installed memory alone.
export interface HashSizes {
  readonly ehash: number;
  readonly bhash: number;
  readonly udp: number;
}

/// Entries of a hash table with one for each 2^scale bytes of memory, a power of two.
/// mm/mm_init.c:alloc_large_system_hash()
function hashEntries(
  ram_mib: number,
  scale: number,
  low_limit: number,
  high_limit: number,
): number {
  const entries = roundUpToPower(Math.floor((ram_mib * MIB_PAGES) / 2 ** (scale - PAGE_SHIFT)));
  return Math.min(Math.max(entries, low_limit), high_limit);
}

function roundUpToPower(value: number): number {
  let power = 1;
  while (power < value) power *= 2;
  return power;
}

export function hashSizes(ram_mib: number): HashSizes {
  const ehash = hashEntries(ram_mib, 17, 0, 512 * 1024);
  return {
    ehash,
    bhash: Math.min(ehash, 64 * 1024),
    udp: hashEntries(ram_mib, 21, 256, 65536),
  };
}

/// What TCP sets from the size of its table. net/ipv4/tcp_ipv4.c:tcp_set_hashinfo()
export function hashLimits(ehash: number): {
  readonly tcp_max_orphans: number;
  readonly tcp_max_tw_buckets: number;
  readonly tcp_max_syn_backlog: number;
} {
  return {
    tcp_max_orphans: ehash / 2,
    tcp_max_tw_buckets: ehash / 2,
    tcp_max_syn_backlog: Math.max(128, ehash / 128),
  };
}

/// Limits of a protocol's memory, pages: three quarters of `limit`, `limit`, twice the first.
function memoryLimits(limit: number): number[] {
  const first = Math.floor(limit / 4) * 3;
  return [first, limit, first * 2];
}

/// net.ipv4.tcp_mem, udp_mem, tcp_rmem and tcp_wmem. net/ipv4/tcp.c:tcp_init_mem(),
/// net/ipv4/udp.c:udp_init()
export function memoryDefaults(nr_free_buffer_pages: number): {
  readonly tcp_mem: number[];
  readonly udp_mem: number[];
  readonly tcp_rmem: number[];
  readonly tcp_wmem: number[];
} {
  const share = nr_free_buffer_pages * 2 ** (PAGE_SHIFT - 7); // 1/128 of the bytes
  return {
    tcp_mem: memoryLimits(Math.max(Math.floor(nr_free_buffer_pages / 16), 128)),
    udp_mem: memoryLimits(Math.max(Math.floor(nr_free_buffer_pages / 8), 128)),
    tcp_rmem: [4096, 131072, Math.max(131072, Math.min(6 * 1024 * 1024, share))],
    tcp_wmem: [4096, 16384, Math.max(64 * 1024, Math.min(4 * 1024 * 1024, share))],
  };
}

/// Buckets of the connection tracking table, a whole number of pages; as many entries fit by default.
/// net/netfilter/nf_conntrack_core.c:nf_conntrack_init_start(), nf_ct_alloc_hashtable()
export function conntrackBuckets(totalram_pages: number): number {
  const perPage = 4096 / 8;
  let size = Math.floor(Math.floor((totalram_pages * 4096) / 16384) / 8);
  if (totalram_pages > 4 * GIB_PAGES) size = 262144;
  else if (totalram_pages > GIB_PAGES) size = 65536;
  return Math.ceil(Math.max(size, 1024) / perPage) * perPage;
}

/// The sysctls that follow from the installed memory, and from the pages that were free, by dotted name.
export function bootSysctls(
  ram_mib: number,
  nr_free_buffer_pages: number = ram_mib * MIB_PAGES,
): Record<string, string> {
  const { ehash, udp } = hashSizes(ram_mib);
  const sizes = {
    ...{ tcp_ehash_entries: [ehash], udp_hash_entries: [udp] },
    ...Object.fromEntries(Object.entries(hashLimits(ehash)).map(([name, one]) => [name, [one]])),
    ...memoryDefaults(nr_free_buffer_pages),
  };
  return Object.fromEntries(
    Object.entries(sizes).map(([name, values]) => [dotted(`net/ipv4/${name}`), values.join('\t')]),
  );
}
