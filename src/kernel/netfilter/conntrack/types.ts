/// What connection tracking keeps: the table of connections with its hash chains, its settings, and
/// counts by CPU. Plain data. Stands for struct nf_conn, struct nf_conntrack_net and the globals of
/// net/netfilter/nf_conntrack_core.c.
/// Left out: expectations and helpers, zones, labels, time stamps, SECMARK, SCTP, DCCP and GRE.
import type { Stream } from '../../../engine/random.ts';

// enum ip_conntrack_info. include/uapi/linux/netfilter/nf_conntrack_common.h
export const IP_CT_ESTABLISHED = 0;
export const IP_CT_RELATED = 1;
export const IP_CT_NEW = 2;
export const IP_CT_IS_REPLY = 3;
export const IP_CT_ESTABLISHED_REPLY = 3;
export const IP_CT_RELATED_REPLY = 4;
export const IP_CT_UNTRACKED = 7;

// enum ip_conntrack_status
export const IPS_EXPECTED = 1;
export const IPS_SEEN_REPLY = 2;
export const IPS_ASSURED = 4;
export const IPS_CONFIRMED = 8;
export const IPS_SRC_NAT = 16;
export const IPS_DST_NAT = 32;
export const IPS_NAT_MASK = 48;
export const IPS_SRC_NAT_DONE = 128;
export const IPS_DST_NAT_DONE = 256;
export const IPS_DYING = 512;
export const IPS_FIXED_TIMEOUT = 1024;

export const ORIGINAL = 0;
export const REPLY = 1;

/// struct nf_conntrack_tuple. ICMP: `sport` is the identifier, `dport` type and code as one number.
export interface Tuple {
  family: number;
  proto: number;
  saddr: string;
  daddr: string;
  src: number; // IPv4, host order; IPv6: 0
  dst: number;
  sport: number;
  dport: number;
}

/// struct ip_ct_tcp_state: one direction, as seen from the middle.
export interface CtTcpSeen {
  td_end: number; // highest sequence number sent, and one
  td_maxend: number; // highest that the other side has allowed
  td_maxwin: number; // largest window offered
  td_maxack: number;
  td_scale: number;
  flags: number; // IP_CT_TCP_FLAG_*
}

/// struct ip_ct_tcp
export interface CtTcp {
  seen: CtTcpSeen[]; // by direction
  state: number;
  last_dir: number;
  retrans: number;
  last_index: number;
  last_seq: number;
  last_ack: number;
  last_end: number;
  last_win: number;
  last_wscale: number;
  last_flags: number;
}

/// struct nf_conn
export interface CtEntry {
  live: boolean; // false: on the free list
  id: number; // never given twice
  tuple: Tuple[]; // by direction
  status: number; // IPS_*
  timeout: number; // jiffies; before it is confirmed: how many
  mark: number;
  hash: number; // of the original tuple, 32 bits
  bucket: number[]; // by direction: the chain that holds it; -1 none
  tcp: CtTcp | null;
  stream_ts: number; // UDP: jiffies from which on it counts as a stream
  packets: number[]; // by direction; with nf_conntrack_acct only
  bytes: number[];
  acct: boolean;
  masq: number; // MASQUERADE: index into devs by which it left; -1 none
  nat_bucket: number; // chain by source; -1 none
  nat_next: number; // next entry in that chain; -1 the last
  nat_from: number[]; // flows as they come, by direction and kind of change, then as this host sends them; -1 none
  nat_to: number[]; // and what they become
  flow: number; // the flow of its first packet, index into flows
  skb: number; // that packet, while it is under way; -1: the host has sent it
}

/// struct ip_conntrack_stat, one a CPU.
export interface CtStat {
  found: number;
  invalid: number;
  insert: number;
  insert_failed: number;
  clash_resolve: number;
  drop: number;
  early_drop: number;
  error: number;
  search_restart: number;
  chaintoolong: number;
}

/// The settings that are read at every packet, parsed from the sysctls when they are written.
export interface CtSettings {
  max: number;
  acct: boolean;
  checksum: boolean;
  log_invalid: number; // protocol number; 255 all
  tcp: number[]; // ticks, by state, then RETRANS and UNACK
  tcp_loose: boolean;
  tcp_be_liberal: boolean;
  tcp_max_retrans: number;
  tcp_ignore_invalid_rst: boolean;
  udp: number[]; // ticks: unreplied, stream
  icmp: number;
  icmpv6: number;
  generic: number;
}

/// The table. Chains link 2 * entry + direction.
export interface Conntrack {
  entries: CtEntry[];
  free: number[]; // indices of dead entries
  next: Int32Array; // by 2 * entry + direction
  heads: Int32Array; // by bucket; -1 empty
  count: number; // entries, those of packets under way included
  next_id: number;
  key: number[]; // nf_conntrack_hash_rnd
  flow_hash: number[]; // by flow and direction (2 * flow + direction): tuple's hash; -1 not computed
  stats: CtStat[]; // by CPU
  settings: CtSettings;
  hooked4: boolean; // nf_conntrack_in() and nf_confirm() are in the lists
  hooked6: boolean;
  nat_hooked: boolean;
  nat_key: number[];
  nat_rows: number[]; // rows of flows that translation has made; nat_rows.ts
  nat_dead: number; // of them: those that entries named which are gone, since the last look
  bysource: Int32Array; // translated entries by source: the newest of each chain; -1 none
  random: Stream; // offsets of ports
  gc: CtGc;
}

/// struct conntrack_gc_work
export interface CtGc {
  slot: number; // in the agenda
  next_bucket: number;
  avg_timeout: number; // jiffies
  count: number;
  start_time: number; // jiffies
  early_drop: boolean;
}

/// A packet as tracking needs it: from a received skb or from a frame that the host sends. Scratch,
/// filled by packet.ts for one packet at a time.
export interface CtPacket {
  skb: number; // -1: sent by this host
  hook: number;
  tuple: Tuple;
  slot: number; // 2 * flow + direction: where the tuple's hash is remembered
  len: number; // bytes of the IP packet
  bad_csum: boolean;
  short: boolean; // a fragment: no transport header
  icmp_error: boolean;
  // TCP
  seq: number;
  ack_seq: number;
  flags: number;
  window: number;
  payload: number; // bytes
  sack: number; // highest right edge of the SACK blocks; -1 none
  wscale: number; // of a SYN; -1 none
  sack_ok: boolean;
  options: boolean; // any at all
  entry: number; // index into entries; -1 none
  ctinfo: number;
}
