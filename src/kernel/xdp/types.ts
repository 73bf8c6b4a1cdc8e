/// What BPF keeps: XDP programs as rules, maps, and the frames that a redirect has under way. Plain data.
/// A program here is a list of rules, not byte code: what a C program of that kind would decide, said in the
/// words of source.ts (src/shell/bpftool). The rules of a loaded program are frozen.
/// Stands for struct bpf_prog, struct bpf_map, struct bpf_cpu_map_entry and struct xdp_bulk_queue.
/// Left out: program types other than XDP and classifiers of tc, links, pinning, tail calls, programs in maps,
/// byte code.
import type { Skb } from '../state.ts';

// enum xdp_action. include/uapi/linux/bpf.h
export const XDP_ABORTED = 0;
export const XDP_DROP = 1;
export const XDP_PASS = 2;
export const XDP_TX = 3;
export const XDP_REDIRECT = 4;
/// Verdicts of a rule that end nothing: go on with the next one, or with a later one.
export const NEXT_RULE = 5;
export const GOTO_RULE = 6;

export type MapType =
  'array' | 'percpu_array' | 'hash' | 'lpm_trie' | 'devmap' | 'cpumap' | 'xskmap';

/// What a match compares.
export const FIELD = Object.freeze({
  SRC: 0, // IPv4 addresses, host order
  DST: 1,
  SPORT: 2,
  DPORT: 3,
  PROTO: 4, // IPv4: the protocol; IPv6: the next header as it stands in the fixed header
  ETHERTYPE: 5,
  LEN: 6, // bytes of the frame
  RATE: 7, // frames a second, by a token bucket
  SRC6: 8, // IPv6 addresses
  DST6: 9,
  MARK: 10, // skb->mark: classifiers of tc only
  META: 11, // the metadata before the packet: classifiers only
});

// How.
export const BY_MASK = 0; // (field & b) === a
export const BY_RANGE = 1; // a <= field <= b
export const IN_MAP = 2; // map has the field as a key

export interface XdpMatch {
  readonly field: number; // FIELD
  readonly how: number;
  readonly not: boolean;
  readonly a: number; // RATE: ns that a frame costs
  readonly b: number; // RATE: ns that the bucket holds
  readonly map: number; // index into BpfProg.maps; RATE: which bucket
  readonly wide: readonly number[]; // SRC6, DST6 by mask: four words of the address, four of the mask; else empty
}

export interface XdpRule {
  readonly matches: readonly XdpMatch[];
  readonly count_map: number; // index into BpfProg.maps; -1: nothing is counted
  readonly count_key: number;
  readonly verdict: number; // XDP_*, NEXT_RULE or GOTO_RULE
  readonly goto: number; // index of the rule to go on with
  readonly map: number; // XDP_REDIRECT: index into BpfProg.maps
  readonly key: number; // and the key there, or one of the two below
  readonly fallback: number; // verdict when the map has nothing at that key: the flags of bpf_redirect_map()
  readonly meta_len: number; // bytes of metadata that an XDP program puts before the packet; 0: none
  readonly meta: number; // their first word, unsigned; META_FOUND: the value that the last look-up of the rule has found
  readonly meta_fails: number; // verdict when they find no room
  readonly mark: number; // what a classifier sets skb->mark to, unsigned; KEEP_MARK, MARK_FROM_META
}

export const KEEP_MARK = -1;
export const MARK_FROM_META = -2;
export const META_FOUND = -1;

export const KEY_QUEUE = -1; // the receive queue that the frame came through
export const KEY_HASH = -2; // the flow's hash, modulo the size of the map

/// enum bpf_prog_type, as far as programs here are of one.
export type ProgType = 'xdp' | 'sched_cls';

export interface BpfProg {
  id: number; // 0: a free entry
  type: ProgType;
  name: string;
  tag: string; // 16 hexadecimal digits
  gpl: boolean;
  loaded_ns: number;
  uid: number; // who loaded it
  xlated: number; // bytes of byte code; 0: the rules were not made of any
  jited: number; // bytes of machine code; 0: not known
  btf_id: number;
  maps: number[]; // indices into BpfState.maps
  rules: readonly XdpRule[]; // frozen
  buckets: number[]; // token buckets: ns left, and when they were last filled
  run_cnt: number; // while kernel.bpf_stats_enabled is on
  run_time_ns: number;
  refs: number; // attachments
}

export interface BpfMap {
  id: number; // 0: a free entry
  name: string;
  type: MapType;
  key_size: number; // bytes; a trie's prefix length is 4 of them
  value_size: number;
  max_entries: number;
  btf_id: number;
  refs: number; // programs
  values: number[]; // array: by key; percpu_array: by CPU, then key; devmap: ifindex, 0 none; xskmap: index into socks, -1 none
  hash: Htab | null;
  trie: LpmTrie | null;
  cpus: number[]; // cpumap: by key, index into BpfState.cpu_entries; -1 none
}

/// struct bpf_htab with its elements: chained buckets, the newest first. htab.ts
export interface Htab {
  seed: number; // hashrnd
  buckets: number[]; // first element; -1 none
  next: number[];
  keys: number[];
  values: number[];
  free: number; // first unused element, linked by next; -1 none
  count: number;
}

/// struct lpm_trie. lpm_trie.ts
export interface LpmTrie {
  readonly max_prefixlen: number; // 32 or 128
  root: number; // -1: empty
  nodes: LpmNode[];
  free: number[]; // indices of nodes that nothing uses
  count: number; // nodes that are not intermediate
}

export interface LpmNode {
  prefixlen: number;
  key: readonly number[]; // words of 32 bits, unsigned, in network order: one or four
  value: number;
  intermediate: boolean;
  child: [number, number]; // -1: none
}

/// struct bpf_cpu_map_entry: a queue of frames to another CPU, and the thread there that empties it. cpumap.ts
export interface CpuMapEntry {
  map: number; // id of its map
  cpu: number;
  qsize: number; // frames
  task: number; // index into tasks: cpumap/CPU/map:ID
  head: Skb; // the ring, linked by skbs.next
  tail: Skb;
  count: number;
  stopped: boolean; // taken out of the map: the thread ends when the ring is empty
  enqueued: number; // frames that found room
  drops: number; // and those that did not: tracepoint xdp:xdp_cpumap_enqueue
}

/// struct xdp_bulk_queue and struct xdp_dev_bulk_queue: frames of one poll on their way to one target.
export interface XdpBulk {
  cpu: number; // whose poll
  entry: number; // to another CPU: index into BpfState.cpu_entries; -1
  dev: number; // or out of a device: index into devs; -1
  head: Skb; // linked by skbs.next
  tail: Skb;
  count: number;
}

/// A program in the driver: what NetDevice.xdp holds. attach.ts
export interface XdpAttachment {
  prog: number; // index into BpfState.progs
  drops_in_queue: boolean; // the driver counts them among the queue's drops too: virtio_net
  traces_failures: boolean; // a failed XDP_TX or XDP_REDIRECT is an exception too: igb
  failed_tx_drops: boolean; // the driver counts an XDP_TX that failed among its drops
  failed_redirect_aborts: boolean; // and a redirect that failed among the aborted: ena
  pools: number[]; // by queue: the AF_XDP socket whose memory the NIC writes to, an index into BpfState.xsks; -1: none
}

/// What a driver counts of XDP on one queue. drivers' ethtool -S
export interface XdpCounts {
  packets: number; // programs run
  tx: number;
  tx_err: number; // those of tx that could not be sent
  redirects: number; // those that went, and at virtio_net all of them
  redirects_err: number; // those of redirects that led nowhere, where the driver counts these too: virtio_net
  drops: number;
  aborted: number;
  xmit: number; // frames that XDP handed to this transmit queue
  xmit_drops: number; // and those that it had no room for
  redirected: number; // of xmit: frames that came by XDP_REDIRECT
}

/// An AF_XDP socket with its UMEM, its rings and the application that it serves. xsk.ts, xsk_app.ts
/// A frame of the UMEM is in the fill ring, in the NIC (zero-copy), in the RX ring, in the TX ring, on its way out, or
/// the application's own.
export interface XdpSock {
  sock: number; // index into socks; -1: closed
  dev: number; // index into devs
  queue: number;
  app: 'rxdrop' | 'txonly' | 'l2fwd';
  polls: boolean; // the application sleeps in poll(); else it looks all the time
  copy_asked: boolean; // XDP_COPY was among the flags of bind()
  zc: boolean; // zero-copy: the driver reads and writes the UMEM itself
  need_wakeup: boolean; // XDP_USE_NEED_WAKEUP
  len: number; // bytes of a frame that the application makes: txonly
  ring: number; // entries of the RX ring, and of the TX ring
  frames: number; // of the UMEM
  fill: number; // empty buffers that the fill ring offers
  head: Skb; // frames in the RX ring, linked by skbs.next
  tail: Skb;
  count: number;
  tx_head: Skb; // frames in the TX ring that came in by the RX ring: l2fwd
  tx_tail: Skb;
  tx_count: number; // entries of the TX ring
  flight: number[]; // ns: when the wire has taken each frame that the NIC has; then it is in the completion ring
  outstanding: number; // frames that the application has given to the TX ring and not seen completed
  wakeup_rx: boolean; // the driver says that it must be woken: it has no buffer, or no room in the RX ring
  stopped: boolean; // zero-copy: the poll in hand ends, for the RX ring is full
  starved: boolean; // zero-copy: the poll in hand has found the fill ring empty
  unflushed: number; // the CPU whose poll has brought frames since the last xsk_flush(); -1: none
  received: number; // frames that the application has taken
  bytes: number;
  sent: number; // entries that the application has put into the TX ring
  transmitted: number; // frames that the NIC took
  tx_slot: number; // in the agenda: room in the NIC's ring again, or poll() times out; -1 before the first
  poll_until: number; // ns: when the poll() in hand times out
  rx_dropped: number; // getsockopt(XDP_STATISTICS)
  rx_queue_full: number;
  rx_fill_ring_empty_descs: number;
  tx_ring_empty_descs: number;
}

/// Metadata that some packet carries: what its bytes are. Packets with the same share an entry.
export interface XdpMeta {
  readonly len: number; // bytes
  readonly word: number; // the first four, unsigned; the others are zero
}

export interface BpfState {
  progs: BpfProg[];
  maps: BpfMap[];
  bulks: XdpBulk[];
  cpu_entries: CpuMapEntry[]; // those of every map, in order of creation
  xsks: XdpSock[];
  metas: XdpMeta[]; // by SkbPool.meta; grows only
  words6: (readonly number[] | null)[]; // by flow: eight words, source and destination of IPv6; null: not yet asked for
  flush: boolean; // a poll has redirected frames that xdp_do_flush() has not sent on
  next_prog_id: number;
  next_map_id: number;
  next_btf_id: number;
  redirect_errors: number; // tracepoint xdp:xdp_redirect_err
  exceptions: number; // tracepoint xdp:xdp_exception
}

/// Nothing loaded. The boot's own programs have taken no numbers.
export function createBpf(): BpfState {
  return {
    progs: [],
    maps: [],
    bulks: [],
    cpu_entries: [],
    xsks: [],
    metas: [],
    words6: [],
    flush: false,
    next_prog_id: 1,
    next_map_id: 1,
    next_btf_id: 1,
    redirect_errors: 0,
    exceptions: 0,
  };
}
