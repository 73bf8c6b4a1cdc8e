/// Page pools: pages that a driver's receive queue uses again, so that it need not ask the page allocator for each
/// buffer. A small cache that only the queue's NAPI instance may touch, and a ring behind it for pages that are given
/// back elsewhere. Stands for net/core/page_pool.c, the fragments of include/net/page_pool/helpers.h, and
/// skb_pp_recycle() and napi_pp_put_page() in net/core/skbuff.c.
/// Of the drivers here mlx5_core lives on one. vmxnet3 and veth have one for XDP alone, which takes no memory from it
/// here; virtio_net, igb, e1000e, ixgbe, ice, ena and macb of 6.12 have none.
/// A packet holds references to fragments of pages: SkbPool.pp. They go with its frames when it is merged. When it is
/// gone they wait in `pp_freed` until recycleFreed() puts the pages back for the CPU that freed it: that is in the
/// same piece of work.
/// Left out: pages of several orders, memory providers, NUMA (a pool has its device's node, and so have its pages,
/// so none is waived), pages that the allocator refuses or gives from its reserves, the system's pools for generic
/// XDP; skb_attempt_defer_free(): a TCP packet is freed by the CPU that reads it. Pages of a frame that XDP sends
/// away count as back at once, those of a packet that tcp_collapse() copies go on with the copy.
import { COSTS } from './costs.ts';
import type {
  Cpu,
  Kernel,
  Napi,
  PagePool,
  PagePoolStats,
  PageRefs,
  Pages,
  PageTable,
  Skb,
  SkbPool,
} from './state.ts';

const PP_ALLOC_CACHE_SIZE = 128;
const PP_ALLOC_CACHE_REFILL = 64;
const MAX_RING = 16384;
const DEFAULT_RING = 1024;

/// What a host has of pages before its first pool.
export function createPages(): Pages {
  return {
    table: {
      ...{ capacity: 0, used: 0, free: 0 },
      ...{ pool: new Int32Array(0), napi: new Int32Array(0), count: new Int32Array(0) },
    },
    refs: { capacity: 0, used: 0, free: 0, page: new Int32Array(0), next: new Int32Array(0) },
    pools: 0,
  };
}

/// A pool for a NAPI instance, with a ring of that many pages; 0: 1024. net/core/page_pool.c:page_pool_create()
export function page_pool_create(pages: Pages, napi: number, pool_size: number): PagePool {
  const ring = pool_size > 0 ? Math.min(pool_size, MAX_RING) : DEFAULT_RING;
  return {
    ...{ id: ++pages.pools, napi, cache: [], ring: new Int32Array(ring) },
    ...{ ring_tail: 0, ring_count: 0, stats: noStats() },
    ...{ hold_cnt: 0, release_cnt: 0, owed_ns: 0 },
  };
}

function noStats(): PagePoolStats {
  return {
    ...{ fast: 0, slow: 0, slow_high_order: 0, empty: 0, refill: 0, waive: 0 },
    ...{ cached: 0, cache_full: 0, ring: 0, ring_full: 0, released_refcnt: 0 },
  };
}

/// Its user is gone: what it keeps is given up. Pages in use find no pool when they come back.
/// net/core/page_pool.c:page_pool_destroy()
export function page_pool_destroy(pages: Pages, pp: PagePool): void {
  while (pp.cache.length > 0) page_pool_return_page(pages.table, pp, pp.cache.pop()!);
  while (pp.ring_count > 0) page_pool_return_page(pages.table, pp, consume(pp));
}

/// Pages had from the page allocator and not given back. net/core/page_pool.c:page_pool_inflight()
export function page_pool_inflight(pp: PagePool): number {
  return pp.hold_cnt - pp.release_cnt;
}

/// A page, for one reference. What it costs is owed by its user. net/core/page_pool.c:page_pool_alloc_netmems()
export function page_pool_alloc_netmems(pages: Pages, pp: PagePool): number {
  const page = __page_pool_get_cached(pp);
  return page >= 0 ? page : __page_pool_alloc_pages_slow(pages.table, pp);
}

/// -1: there is none without the page allocator. net/core/page_pool.c:__page_pool_get_cached()
function __page_pool_get_cached(pp: PagePool): number {
  if (pp.cache.length === 0) return page_pool_refill_alloc_cache(pp);
  pp.stats.fast++;
  return pp.cache.pop()!;
}

/// Out of the ring, as many as there are, 64 at most. net/core/page_pool.c:page_pool_refill_alloc_cache()
function page_pool_refill_alloc_cache(pp: PagePool): number {
  if (pp.ring_count === 0) {
    pp.stats.empty++;
    return -1;
  }
  do pp.cache.push(consume(pp));
  while (pp.ring_count > 0 && pp.cache.length < PP_ALLOC_CACHE_REFILL);
  pp.owed_ns += pp.cache.length * COSTS.ptr_ring_page.ns;
  pp.stats.refill++;
  return pp.cache.pop()!;
}

/// A bulk of 64 pages from the page allocator, mapped for the device.
/// net/core/page_pool.c:__page_pool_alloc_pages_slow()
function __page_pool_alloc_pages_slow(table: PageTable, pp: PagePool): number {
  for (let i = 0; i < PP_ALLOC_CACHE_REFILL; i++) pp.cache.push(newPage(table, pp));
  pp.hold_cnt += PP_ALLOC_CACHE_REFILL;
  pp.owed_ns += PP_ALLOC_CACHE_REFILL * COSTS.alloc_page.ns;
  pp.stats.slow++;
  return pp.cache.pop()!;
}

function newPage(table: PageTable, pp: PagePool): number {
  let page = table.free - 1;
  if (page >= 0) table.free = table.count[page]!;
  else {
    if (table.used === table.capacity) growTable(table);
    page = table.used++;
  }
  table.pool[page] = pp.id;
  table.napi[page] = pp.napi;
  table.count[page] = 1;
  return page;
}

/// To the page allocator. net/core/page_pool.c:page_pool_return_page()
function page_pool_return_page(table: PageTable, pp: PagePool, page: number): void {
  pp.release_cnt++;
  freePage(table, page);
}

function freePage(table: PageTable, page: number): void {
  table.count[page] = table.free;
  table.free = page + 1;
}

/// The page is to be handed out in that many fragments. include/net/page_pool/helpers.h:page_pool_fragment_netmem()
export function splitPage(pages: Pages, page: number, fragments: number): void {
  pages.table.count[page] = fragments;
}

/// Gives `fragments` references back; 0: those were the last, and the page is the caller's.
/// include/net/page_pool/helpers.h:page_pool_unref_netmem()
export function unrefPage(pages: Pages, page: number, fragments: number): number {
  const { count } = pages.table;
  const left = count[page]! - fragments;
  if (left < 0) throw new Error(`page ${page} has ${count[page]!} users, ${fragments} leave it`);
  count[page] = left === 0 ? 1 : left;
  return left;
}

/// A page that nobody uses: into the cache where the caller may touch it, else into the ring, else to the page
/// allocator. Returns the CPU time it took, ns, beyond what a page in the cache costs.
/// net/core/page_pool.c:page_pool_put_unrefed_netmem()
export function page_pool_put_unrefed_netmem(
  pages: Pages,
  pp: PagePool,
  page: number,
  allow_direct: boolean,
): number {
  if (allow_direct && page_pool_recycle_in_cache(pp, page)) return 0;
  if (page_pool_recycle_in_ring(pp, page)) return COSTS.ptr_ring_page.ns;
  pp.stats.ring_full++;
  page_pool_return_page(pages.table, pp, page);
  return COSTS.put_page.ns;
}

/// net/core/page_pool.c:page_pool_recycle_in_cache()
function page_pool_recycle_in_cache(pp: PagePool, page: number): boolean {
  if (pp.cache.length === PP_ALLOC_CACHE_SIZE) {
    pp.stats.cache_full++;
    return false;
  }
  pp.cache.push(page);
  pp.stats.cached++;
  return true;
}

/// net/core/page_pool.c:page_pool_recycle_in_ring()
function page_pool_recycle_in_ring(pp: PagePool, page: number): boolean {
  const size = pp.ring.length;
  if (pp.ring_count === size) return false;
  pp.ring[(pp.ring_tail + pp.ring_count++) % size] = page;
  pp.stats.ring++;
  return true;
}

function consume(pp: PagePool): number {
  const page = pp.ring[pp.ring_tail]!;
  pp.ring_tail = (pp.ring_tail + 1) % pp.ring.length;
  pp.ring_count--;
  return page;
}

/// Whether softirq work on that CPU may touch the cache: the pool's NAPI instance is on the CPU's poll list
/// (napi->list_owner). A thread or a task that polls it is on no list. net/core/page_pool.c:page_pool_napi_local()
function page_pool_napi_local(k: Kernel, c: Cpu, pp: PagePool): boolean {
  const n = k.napis[pp.napi]!;
  return n.sched && isListed(c, n);
}

function isListed(c: Cpu, n: Napi): boolean {
  const { napi, list, repoll } = c.net_rx;
  return (
    napi === n.id || c.poll_list.includes(n.id) || list.includes(n.id) || repoll.includes(n.id)
  );
}

/// The CPU that polls the instance from its softirq; undefined: none.
export function pollingCpu(k: Kernel, n: Napi): Cpu | undefined {
  return k.cpus.find((c) => c.net_rx.napi === n.id);
}

/// The packet's data is in a fragment of that page, and the page goes back to its pool when the packet is freed.
/// include/linux/skbuff.h:skb_mark_for_recycle()
export function holdPage(k: Kernel, skb: Skb, page: number): void {
  const { refs } = k.skbs.pages!;
  let at = refs.free - 1;
  if (at >= 0) refs.free = refs.next[at]!;
  else {
    if (refs.used === refs.capacity) growRefs(refs);
    at = refs.used++;
  }
  refs.page[at] = page;
  refs.next[at] = k.skbs.pp[skb]!;
  k.skbs.pp[skb] = at + 1;
  k.skbs.pp_held++;
}

/// The packet is gone: its pages wait for recycleFreed(), which knows on which CPU that is.
export function freePages(pool: SkbPool, skb: Skb): void {
  const { next } = pool.pages!.refs;
  const first = pool.pp[skb]!;
  pool.pp[skb] = 0;
  pool.pp_held--;
  let last = first;
  for (; next[last - 1]! !== 0; last = next[last - 1]!) pool.pp_held--;
  next[last - 1] = pool.pp_freed;
  pool.pp_freed = first;
}

/// The pages of `skb` are fragments of `into` now.
export function movePages(pool: SkbPool, into: Skb, skb: Skb): void {
  const { next } = pool.pages!.refs;
  const first = pool.pp[skb]!;
  pool.pp[skb] = 0;
  let last = first;
  while (next[last - 1]! !== 0) last = next[last - 1]!;
  next[last - 1] = pool.pp[into]!;
  pool.pp[into] = first;
}

/// Pages of packets that were freed on that CPU go back to their pools; `softirq`: by its softirq, not by a task.
/// Without a CPU, a command or a timer has freed them. net/core/skbuff.c:skb_pp_recycle(), napi_pp_put_page()
export function recycleFreed(k: Kernel, c: Cpu | undefined, softirq: boolean): void {
  const pages = k.skbs.pages!;
  const { refs } = pages;
  while (k.skbs.pp_freed !== 0) {
    const at = k.skbs.pp_freed - 1;
    const page = refs.page[at]!;
    k.skbs.pp_freed = refs.next[at]!;
    refs.next[at] = refs.free;
    refs.free = at + 1;
    if (unrefPage(pages, page, 1) > 0) continue;
    const pp = poolOf(k, page);
    if (pp === undefined) {
      freePage(pages.table, page);
      continue;
    }
    const direct = softirq && c !== undefined && page_pool_napi_local(k, c, pp);
    const ns = page_pool_put_unrefed_netmem(pages, pp, page, direct);
    if (c !== undefined) c.cursor_ns += ns;
  }
}

/// The pool of a page; undefined: it is gone, or another one has taken its place.
function poolOf(k: Kernel, page: number): PagePool | undefined {
  const { table } = k.skbs.pages!;
  const n = k.napis[table.napi[page]!]!;
  const pp = k.devs[n.dev]!.rx[n.queue]?.pages?.pool;
  return pp !== undefined && pp.id === table.pool[page] ? pp : undefined;
}

function growTable(table: PageTable): void {
  table.capacity = Math.max(64, table.capacity * 2);
  table.pool = wider(table.pool, table.capacity);
  table.napi = wider(table.napi, table.capacity);
  table.count = wider(table.count, table.capacity);
}

function growRefs(refs: PageRefs): void {
  refs.capacity = Math.max(64, refs.capacity * 2);
  refs.page = wider(refs.page, refs.capacity);
  refs.next = wider(refs.next, refs.capacity);
}

function wider(column: Int32Array, capacity: number): Int32Array {
  const made = new Int32Array(capacity);
  made.set(column);
  return made;
}
