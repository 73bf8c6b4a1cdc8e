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
  serial: Float64Array; // number of the frame since the run began, for the trace
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
}

/// Flows of the traffic: what all packets of a flow have in common, and what was looked up for them.
/// Made by addFlow() in flows.ts only.
export interface FlowTable {
  count: number;
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
