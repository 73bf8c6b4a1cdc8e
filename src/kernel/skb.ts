/// Packets. Stands for struct sk_buff and the parts of net/core/skbuff.c that say how much memory a
/// packet is charged with. A packet is a handle from a pool of columns; lists link through `next`.
/// The pool also holds frames that have no sk_buff yet (in the NIC), so that a packet keeps one
/// handle and one serial number from the wire to recvmsg().
/// Left out: contents, clones, fragment lists.
import type { Skb, SkbPool } from './state.ts';

// x86-64, 4 KiB pages, 64-byte cache lines (reference/constants.json).
const SKB_SIZE = 256; // SKB_DATA_ALIGN(sizeof(struct sk_buff))
const SHINFO_SIZE = 320; // SKB_DATA_ALIGN(sizeof(struct skb_shared_info))
const NET_SKB_PAD = 64;
const PAGE_SIZE = 4096;
const SKB_SMALL_HEAD_CACHE_SIZE = 704;

export const FLAG_BAD_FCS = 1;
export const FLAG_FOREIGN = 2;

/// An empty pool. It doubles when it runs out; only the high-water mark counts for copies.
export function createSkbPool(capacity = 4096): SkbPool {
  return {
    capacity,
    used: 0,
    free: -1,
    live: 0,
    next: new Int32Array(capacity),
    flow: new Int32Array(capacity),
    len: new Int32Array(capacity),
    truesize: new Int32Array(capacity),
    data_len: new Int32Array(capacity),
    room: new Int32Array(capacity),
    end: new Int32Array(capacity),
    segs: new Int32Array(capacity),
    flags: new Int32Array(capacity),
    dev: new Uint8Array(capacity),
    queue: new Uint8Array(capacity),
    arrived: new Float64Array(capacity),
    serial: new Float64Array(capacity),
  };
}

/// A handle for a new frame. Its columns hold old values until they are set.
export function takeSkb(pool: SkbPool): Skb {
  let skb = pool.free;
  if (skb >= 0) pool.free = pool.next[skb]!;
  else {
    if (pool.used === pool.capacity) growPool(pool);
    skb = pool.used++;
  }
  pool.live++;
  return skb;
}

/// Gives a handle back. The caller has taken it off its list and accounted for it.
export function releaseSkb(pool: SkbPool, skb: Skb): void {
  pool.next[skb] = pool.free;
  pool.free = skb;
  pool.live--;
}

function growPool(pool: SkbPool): void {
  const capacity = pool.capacity * 2;
  const wider = (column: Int32Array): Int32Array => {
    const made = new Int32Array(capacity);
    made.set(column);
    return made;
  };
  for (const key of [
    'next',
    'flow',
    'len',
    'truesize',
    'data_len',
    'room',
    'end',
    'segs',
    'flags',
  ] as const)
    pool[key] = wider(pool[key]);
  for (const key of ['dev', 'queue'] as const) {
    const made = new Uint8Array(capacity);
    made.set(pool[key]);
    pool[key] = made;
  }
  for (const key of ['arrived', 'serial'] as const) {
    const made = new Float64Array(capacity);
    made.set(pool[key]);
    pool[key] = made;
  }
  pool.capacity = capacity;
}

/// Memory that a head of `size` bytes stands for: SKB_TRUESIZE in include/linux/skbuff.h
export function skbTruesize(size: number): number {
  return size + SKB_SIZE + SHINFO_SIZE;
}

/// A head of `buffer` bytes, shared info at its end, as napi_build_skb() makes of a page.
export function builtHead(buffer: number): { readonly truesize: number; readonly room: number } {
  const room = buffer - SHINFO_SIZE;
  return { truesize: skbTruesize(room), room };
}

/// Truesize and room of alloc_skb(size). net/core/skbuff.c:__alloc_skb()
export function __alloc_skb(size: number): { truesize: number; room: number } {
  return builtHead(kmalloc_reserve(size));
}

/// Truesize and room of netdev_alloc_skb(len); `head_frag` when the head comes from a page.
/// net/core/skbuff.c:__netdev_alloc_skb()
export function __netdev_alloc_skb(len: number): {
  truesize: number;
  room: number;
  head_frag: boolean;
} {
  const padded = len + NET_SKB_PAD;
  const small = padded <= SKB_SMALL_HEAD_CACHE_SIZE - SHINFO_SIZE;
  if (small || padded > PAGE_SIZE - SHINFO_SIZE)
    return { ...__alloc_skb(padded), head_frag: false };
  return { ...builtHead(headAlign(padded)), head_frag: true };
}

/// Truesize and room behind NET_SKB_PAD of napi_alloc_skb(len): small heads are 1 KiB each.
/// net/core/skbuff.c:napi_alloc_skb()
export function napi_alloc_skb(len: number): { truesize: number; room: number } {
  const padded = len + NET_SKB_PAD;
  const head = padded <= 1024 - SHINFO_SIZE ? 1024 : headAlign(padded);
  return { ...builtHead(head) };
}

/// Sets what a packet is charged with: a head of `end` bytes, of which `used` are taken, and
/// `data_len` bytes in fragments that cost `fragments` bytes of memory.
export function setHead(
  pool: SkbPool,
  skb: Skb,
  end: number,
  used: number,
  data_len: number,
  fragments: number,
): void {
  pool.end[skb] = end;
  pool.room[skb] = end - used;
  pool.data_len[skb] = data_len;
  pool.truesize[skb] = skbTruesize(end) + fragments;
}

/// Copies fragments into the head if they fit, so that the packet is charged less.
/// net/core/skbuff.c:skb_condense()
export function skb_condense(pool: SkbPool, skb: Skb): void {
  const data_len = pool.data_len[skb]!;
  if (data_len > 0) {
    if (data_len > pool.room[skb]!) return;
    pool.room[skb] = pool.room[skb]! - data_len;
    pool.data_len[skb] = 0;
  }
  pool.truesize[skb] = skbTruesize(pool.end[skb]!);
}

function headAlign(size: number): number {
  return Math.ceil(size / 64) * 64 + SHINFO_SIZE;
}

// net/core/skbuff.c:kmalloc_reserve(): the small-head cache, else a kmalloc size class.
function kmalloc_reserve(size: number): number {
  const wanted = headAlign(size);
  if (wanted <= SKB_SMALL_HEAD_CACHE_SIZE) return SKB_SMALL_HEAD_CACHE_SIZE;
  let rounded = 1024;
  while (rounded < wanted) rounded *= 2;
  return rounded;
}
