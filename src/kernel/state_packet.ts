/// Packets, and what all packets of a flow have in common.
/// Part of the state of a host: plain data, with the rules of state.ts.
import type { Skb } from './state.ts';
import type { SynOptions } from './state_tcp.ts';

/// Packets, as columns. A handle is an index; free handles form a list through `next`. `flags`
/// (skb.ts) says which of the optional columns hold something for a packet; a plain UDP frame has none.
export interface SkbPool {
  capacity: number;
  used: number; // high-water mark: no handle at or above it was ever given out
  free: Skb; // first free handle; -1: none below `used`
  live: number; // frames in use: the segs of all handles given out
  pp_held: number; // references to pages of a page pool that packets hold; 0 on hosts whose drivers have none
  pp_freed: number; // first of those that packets held that are gone, plus 1; 0: none. page_pool.ts
  next: Int32Array; // link in the list that holds the packet
  flow: Int32Array; // index into flows
  len: Int32Array; // frame length without FCS, bytes
  truesize: Int32Array; // bytes charged to a socket
  data_len: Int32Array; // bytes in page fragments
  room: Int32Array; // bytes left behind the data in the head
  end: Int32Array; // skb_end_offset: size of the head before skb_shared_info
  segs: Int32Array; // frames merged into it by GRO, reassembly or coalescing; 1 if none
  flags: Int32Array; // bits FLAG_*: skb.ts
  dev: Uint8Array; // index into devs
  queue: Uint8Array; // receive queue it came through
  arrived: Float64Array; // ns: when its last bit reached the NIC
  stamp: Float64Array; // FLAG_STAMPED: ns, skb->tstamp. net_timestamp.ts
  hwstamp: Float64Array; // FLAG_HWTSTAMP: ns, the NIC's own stamp. net_timestamp_hw.ts
  serial: Int32Array; // number of the frame since the run began, modulo 2^32: for the trace
  // optional columns, valid when the flag named says so
  seq: Int32Array; // FLAG_TCP: sequence number; read with >>> 0
  ack_seq: Int32Array; // FLAG_TCP
  tcp_flags: Int32Array; // FLAG_TCP: the flags byte
  window: Int32Array; // FLAG_TCP: the raw window field
  payload: Int32Array; // FLAG_TCP: bytes behind the TCP header; FLAG_FRAG: bytes behind the IP header
  tsval: Int32Array; // FLAG_TSTAMP: the timestamp option
  tsecr: Int32Array; // FLAG_TSTAMP
  ipid: Int32Array; // FLAG_IPID: identification of the IPv4 header; IPv6: the flow label
  frag_off: Int32Array; // FLAG_FRAG: offset of the fragment, bytes
  mark: Int32Array; // FLAG_MARK
  meta: Int32Array; // FLAG_META: index into BpfState.metas
  vlan_tci: Int32Array; // FLAG_VLAN
  gso_size: Int32Array; // FLAG_GSO: payload bytes of each merged segment
  gso_type: Int32Array; // FLAG_GSO: bits SKB_GSO_*; 0: merged by a NIC that does not say (LRO)
  nfct: Int32Array; // FLAG_NFCT: connection tracking entry
  sk: Int32Array; // FLAG_SK: socket found by early demux, index into socks
  dst: Int32Array; // FLAG_DST: route that was decided
  hash: Int32Array; // FLAG_RXHASH: hash from the NIC
  frag_list: Int32Array; // FLAG_HEAD: first handle of a list of its own
  cb: Int32Array; // control block: scratch of the layer that holds the packet
  cb2: Int32Array;
  pp: Int32Array; // skb->pp_recycle: first of its references to pages of a page pool, plus 1; 0: none
  pages: Pages | null; // null: there was never a page pool
}

/// Pages of page pools, and which packets hold them. The pools are in the receive queues. page_pool.ts
export interface Pages {
  table: PageTable;
  refs: PageRefs;
  pools: number; // pools made so far
}

/// Pages that belong to a pool, as columns.
export interface PageTable {
  capacity: number;
  used: number; // high-water mark
  free: number; // first free entry, linked by `count`, plus 1; 0: none
  pool: Int32Array; // PagePool.id
  napi: Int32Array; // index into napis: that of its pool
  count: Int32Array; // pp_ref_count: references to fragments of the page
}

/// References of packets to pages, as columns.
export interface PageRefs {
  capacity: number;
  used: number; // high-water mark
  free: number; // first free entry, plus 1; 0: none
  page: Int32Array;
  next: Int32Array; // next reference of the same packet, plus 1; 0: the last
}

/// struct page_pool.
export interface PagePool {
  id: number; // from 1 on
  napi: number; // index into napis: who may put pages straight into the cache
  cache: number[]; // alloc.cache: pages, the last one is taken next; 128 at most
  ring: Int32Array; // pages that came back from elsewhere, oldest first from `ring_tail` on
  ring_tail: number;
  ring_count: number;
  stats: PagePoolStats;
  hold_cnt: number; // pages_state_hold_cnt: pages had from the page allocator
  release_cnt: number; // pages_state_release_cnt: pages given back to it
  owed_ns: number; // CPU time of allocations that its user has not been charged with yet
}

/// struct page_pool_alloc_stats and struct page_pool_recycle_stats.
export interface PagePoolStats {
  fast: number; // allocations from the cache
  slow: number; // bulks had from the page allocator
  slow_high_order: number;
  empty: number; // times the ring had nothing to refill the cache with
  refill: number; // times it had
  waive: number; // pages of the wrong NUMA node
  cached: number; // pages put back into the cache
  cache_full: number;
  ring: number; // pages put into the ring
  ring_full: number; // pages given up because the ring was full
  released_refcnt: number; // pages given up because others held them too
}

/// Flows of the traffic: what all packets of a flow have in common, and what was looked up for them.
/// Made by addFlow() in flows.ts only.
export interface FlowTable {
  count: number; // rows, those given back included
  free: number[]; // rows that were given back
  family: number[]; // 2: IPv4, 10: IPv6
  proto: number[]; // IP protocol number: 17 UDP, 6 TCP, 1 ICMP, 58 ICMPv6
  ethertype: number[]; // 0x0800, 0x86dd, 0x0806
  saddr: string[];
  daddr: string[];
  src: number[]; // IPv4 address as an unsigned number, host order; IPv6: 0
  dst: number[];
  sport: number[]; // ICMP: type and code
  dport: number[]; // ICMP: identifier
  ttl: number[]; // TTL or hop limit
  tos: number[];
  dev: number[]; // index into devs: where its frames arrive
  rss: number[]; // hash by the device's key and fields
  queue: number[]; // receive queue that RSS picks
  version: number[]; // rss_version of the device for which rss and queue hold
  hash: number[]; // skb->hash computed by the flow dissector, 32 bits, never 0; what RPS uses
  flow_label: number[]; // IPv6
  hopopts: (number[] | null)[]; // IPv6: bytes of the options in the hop-by-hop header; null: it has none
  dstopts: (number[] | null)[]; // the same of the destination options
  variant: number[]; // the other kind of its packets seen last: tagged, fragments (flows.ts); 0 none
  variant_hash: number[]; // and what such packets hash to
  rss_l4: boolean[]; // rss is a hash over ports too
  ehash: number[]; // its connection's hash among established sockets; -1: not computed
  sock: number[]; // last look-up result: index into socks, -1 none, -2 not looked up
  rt_key: number[]; // fib.genid plus the device for which `rt` holds; -1: not looked up
  rt: number[]; // its route: index into fib.dsts
  syn: (SynOptions | null)[]; // TCP: options of its SYNs; null: no SYN will come
  remote: number[]; // index into remotes that sends it; -1 none
}
