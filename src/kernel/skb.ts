/// Packets. Stands for struct sk_buff and the parts of net/core/skbuff.c that say how much memory a
/// packet is charged with. A packet is a handle from a pool of columns; lists link through `next`.
/// The pool also holds frames that have no sk_buff yet (in the NIC), so that a packet keeps one
/// handle and one serial number from the wire to recvmsg().
/// Left out: contents beyond the header fields that the columns hold.
import { freePages, movePages } from './page_pool.ts';
import type { Skb, SkbPool } from './state.ts';

// x86-64, 4 KiB pages, 64-byte cache lines (reference/constants.json).
const SKB_SIZE = 256; // SKB_DATA_ALIGN(sizeof(struct sk_buff))
const SHINFO_SIZE = 320; // SKB_DATA_ALIGN(sizeof(struct skb_shared_info))
const NET_SKB_PAD = 64;
const PAGE_SIZE = 4096;
const SKB_SMALL_HEAD_CACHE_SIZE = 704;

// What is special about a packet, and which optional columns are valid for it (SkbPool in state.ts).
export const FLAG_BAD_FCS = 1;
export const FLAG_FOREIGN = 2; // for another station's MAC
export const FLAG_TSTAMP = 4;
export const FLAG_IPID = 8;
export const FLAG_FRAG = 16; // a fragment other than the first, or with more to come
export const FLAG_MF = 32;
export const FLAG_DF = 64;
export const FLAG_VLAN = 128;
export const FLAG_MARK = 256;
export const FLAG_BAD_CSUM = 512; // the transport checksum is wrong
export const FLAG_NFCT = 1024;
export const FLAG_BAD_IP = 2048; // the IP header is wrong; cb says how
export const FLAG_GSO = 4096;
export const FLAG_TCP = 8192;
export const FLAG_MULTICAST = 1 << 14;
export const FLAG_BROADCAST = 1 << 15;
export const FLAG_HEAD = 1 << 16;
export const FLAG_RXHASH = 1 << 17;
export const FLAG_SK = 1 << 18;
export const FLAG_DST = 1 << 19;
export const FLAG_NO_CSUM = 1 << 20; // UDP without a checksum
export const FLAG_ECHO_SEQ = 1 << 21; // an echo reply: seq holds its sequence number
export const FLAG_HWTSTAMP = 1 << 22; // the NIC has stamped it: hwstamp
export const FLAG_STAMPED = 1 << 23; // the kernel has: stamp
export const FLAG_META = 1 << 24; // an XDP program has put metadata before the packet
export const FLAG_REDIRECTED = 1 << 25; // skb_is_redirected(): generic XDP leaves it alone

/// In the column `queue`: no receive queue is recorded.
export const NO_RX_QUEUE = 255;

/// The receive queue that a packet came by, for whoever chooses a transmit queue; -1: none is recorded.
/// include/linux/skbuff.h:skb_rx_queue_recorded(), skb_get_rx_queue()
export function recordedRxQueue(pool: SkbPool, skb: Skb): number {
  const queue = pool.queue[skb]!;
  return queue === NO_RX_QUEUE ? -1 : queue;
}

// What a merged packet is made of: gso_type, as in include/linux/skbuff.h.
export const SKB_GSO_TCPV4 = 1 << 0;
export const SKB_GSO_DODGY = 1 << 1;
export const SKB_GSO_TCP_ECN = 1 << 2;
export const SKB_GSO_TCP_FIXEDID = 1 << 3;
export const SKB_GSO_TCPV6 = 1 << 4;
export const SKB_GSO_UDP_L4 = 1 << 17;
export const SKB_GSO_FRAGLIST = 1 << 18;

/// Is DF set in the IPv4 header? A packet without FLAG_IPID is what Linux sends by itself: its sockets ask for
/// path MTU discovery (net.ipv4.ip_no_pmtu_disc = 0), so DF is set, and the identification of a packet
/// that may not be cut is 0 unless its socket is connected. include/net/ip.h:ip_select_ident_segs()
export function dontFragment(flags: number): boolean {
  return (flags & (FLAG_IPID | FLAG_DF)) !== FLAG_IPID;
}

/// The columns of 32-bit integers, by name.
const COLUMNS = [
  'next',
  'flow',
  'len',
  'truesize',
  'data_len',
  'room',
  'end',
  'segs',
  'flags',
  'seq',
  'ack_seq',
  'tcp_flags',
  'window',
  'payload',
  'tsval',
  'tsecr',
  'ipid',
  'frag_off',
  'mark',
  'meta',
  'vlan_tci',
  'gso_size',
  'gso_type',
  'nfct',
  'sk',
  'dst',
  'hash',
  'frag_list',
  'cb',
  'cb2',
  'serial',
  'pp',
] as const;

/// An empty pool. It doubles when it runs out; only the high-water mark counts for copies.
export function createSkbPool(capacity = 4096): SkbPool {
  return {
    capacity,
    used: 0,
    free: -1,
    live: 0,
    pp_held: 0,
    pp_freed: 0,
    next: new Int32Array(capacity),
    flow: new Int32Array(capacity),
    len: new Int32Array(capacity),
    truesize: new Int32Array(capacity),
    data_len: new Int32Array(capacity),
    room: new Int32Array(capacity),
    end: new Int32Array(capacity),
    segs: new Int32Array(capacity),
    flags: new Int32Array(capacity),
    seq: new Int32Array(capacity),
    ack_seq: new Int32Array(capacity),
    tcp_flags: new Int32Array(capacity),
    window: new Int32Array(capacity),
    payload: new Int32Array(capacity),
    tsval: new Int32Array(capacity),
    tsecr: new Int32Array(capacity),
    ipid: new Int32Array(capacity),
    frag_off: new Int32Array(capacity),
    mark: new Int32Array(capacity),
    meta: new Int32Array(capacity),
    vlan_tci: new Int32Array(capacity),
    gso_size: new Int32Array(capacity),
    gso_type: new Int32Array(capacity),
    nfct: new Int32Array(capacity),
    sk: new Int32Array(capacity),
    dst: new Int32Array(capacity),
    hash: new Int32Array(capacity),
    frag_list: new Int32Array(capacity),
    cb: new Int32Array(capacity),
    cb2: new Int32Array(capacity),
    dev: new Uint8Array(capacity),
    queue: new Uint8Array(capacity),
    arrived: new Float64Array(capacity),
    serial: new Int32Array(capacity),
    stamp: new Float64Array(capacity),
    hwstamp: new Float64Array(capacity),
    pp: new Int32Array(capacity),
    pages: null,
  };
}

/// A handle for a new frame: one segment. Its other columns hold old values until they are set.
export function takeSkb(pool: SkbPool): Skb {
  let skb = pool.free;
  if (skb >= 0) pool.free = pool.next[skb]!;
  else {
    if (pool.used === pool.capacity) growPool(pool);
    skb = pool.used++;
  }
  pool.segs[skb] = 1;
  pool.live++;
  return skb;
}

/// Gives a handle back. The caller has taken it off its list and accounted for it.
export function releaseSkb(pool: SkbPool, skb: Skb): void {
  pool.live -= pool.segs[skb]!;
  if (pool.pp_held !== 0 && pool.pp[skb] !== 0) freePages(pool, skb);
  pool.next[skb] = pool.free;
  pool.free = skb;
}

/// Merges the frames of `skb` into `into` and gives its handle back: they share its fate from now on.
export function mergeSkb(pool: SkbPool, into: Skb, skb: Skb): void {
  pool.segs[into] = pool.segs[into]! + pool.segs[skb]!;
  if (pool.pp_held !== 0 && pool.pp[skb] !== 0) movePages(pool, into, skb);
  pool.next[skb] = pool.free;
  pool.free = skb;
}

/// Another packet that is the same in every field: it lies in no list and has no list of its own.
export function cloneSkb(pool: SkbPool, skb: Skb): Skb {
  const copy = takeSkb(pool);
  for (const key of COLUMNS) pool[key][copy] = pool[key][skb]!;
  for (const key of ['dev', 'queue', 'arrived', 'stamp', 'hwstamp'] as const)
    pool[key][copy] = pool[key][skb]!;
  pool.live += pool.segs[copy]! - 1;
  pool.flags[copy] = pool.flags[copy]! & ~(FLAG_HEAD | FLAG_NFCT);
  pool.pp[copy] = 0; // shared, and given back with the original
  pool.next[copy] = -1;
  return copy;
}

function growPool(pool: SkbPool): void {
  const capacity = pool.capacity * 2;
  const wider = (column: Int32Array): Int32Array => {
    const made = new Int32Array(capacity);
    made.set(column);
    return made;
  };
  for (const key of COLUMNS) pool[key] = wider(pool[key]);
  for (const key of ['dev', 'queue'] as const) {
    const made = new Uint8Array(capacity);
    made.set(pool[key]);
    pool[key] = made;
  }
  for (const key of ['arrived', 'stamp', 'hwstamp'] as const) {
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
