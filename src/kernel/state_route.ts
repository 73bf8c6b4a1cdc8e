/// Routes, neighbours, reassembly, and what is remembered of other hosts.
/// Part of the state of a host: plain data, with the rules of state.ts.
import type { Stream } from '../engine/random.ts';
import type { Skb } from './state.ts';

/// Routing. fib_frontend.ts and fib_rules.ts write it; route.ts asks.
export interface Fib {
  genid: number; // rt_genid, in steps of 256: a flow's route of another generation is looked up again
  custom_rules: boolean; // somebody has added a rule: local and main no longer share a trie
  custom_local: boolean; // somebody has added a route of type local
  tables: FibTable[];
  tries: FibTrie[];
  rules: FibRule[]; // in order of priority
  dsts: Dst[]; // routes of this generation; dsts[0] is plain local delivery
}

export interface FibTable {
  id: number; // 255 local, 254 main, 253 default
  trie: number; // index into tries; local and main share one at first
}

/// A level- and path-compressed trie; nodes[0] is the anchor above the root. fib_trie.ts
export interface FibTrie {
  nodes: FibNode[];
  free: number[]; // indices of nodes that nothing uses
  stats: TrieUse;
}

/// What look-ups met: struct trie_use_stats.
export interface TrieUse {
  gets: number; // look-ups
  backtrack: number; // times up to the parent again
  semantic_match_passed: number; // leaves that had a route
  semantic_match_miss: number; // leaves that had none that fits
  null_node_hit: number; // missing children
}

export interface FibNode {
  key: number; // 32 bits, unsigned
  pos: number; // lowest bit of the key that the children are chosen by
  bits: number; // how many bits choose; 0: a leaf
  slen: number; // longest suffix (32 less the prefix length) below
  parent: number;
  empty: number; // children that are missing
  full: number; // children that are inner nodes without skipped bits
  child: number[]; // -1: none
  leaf: FibAlias[]; // routes of a leaf: longest prefix first, then table, TOS, metric
}

/// A route: struct fib_alias with its fib_info.
export interface FibAlias {
  slen: number; // 32 less the prefix length
  table: number;
  tos: number;
  type: number; // RTN_*
  priority: number; // the metric
  scope: number; // RT_SCOPE_*
  protocol: number; // RTPROT_*: 2 kernel, 3 boot, 4 static
  prefsrc: number; // preferred source; 0 none
  dev: number; // index into devs; -1 none
  gw: number; // next hop; 0 none
  nh_scope: number;
  onlink: boolean;
  dead: boolean;
  metrics: Record<string, number>; // mtu, advmss, initcwnd, ... as ip names them
  mtu_lock: boolean;
}

export interface FibRule {
  pref: number;
  table: number; // 0: the action is no look-up
  action: number; // FR_ACT_*
  src: number;
  src_len: number;
  dst: number;
  dst_len: number;
  iif: string; // '' any
  oif: string;
  mark: number;
  mark_mask: number; // 0: any mark
  tos: number;
  proto: number; // ip_proto; 0 any
  sport: number[]; // two ends; empty: any
  dport: number[];
  target: number; // goto: preference of the rule to go on with
  suppress_prefixlen: number; // -1: off
  invert: boolean; // not
  protocol: number; // RTPROT_*: who made it
}

/// A route as a packet carries it: struct rtable. route.ts
export interface Dst {
  type: number; // RTN_*
  error: string; // '' or the errno's name with which the packet is refused
  dev: number; // index into devs: where it leaves; -1 none
  gw: number; // next hop; 0: the destination itself
  src: number; // preferred source; 0 none
  mtu: number; // of the route; 0: the device's
  redirect: boolean; // the sender could have asked the next hop itself
}

/// struct neighbour, IPv4. neighbour.ts
export interface Neighbour {
  dev: number; // index into devs
  addr: number;
  lladdr: string; // '' unknown
  state: number; // NUD_*
  updated: number; // ns
  confirmed: number; // ns
  used: number; // ns
  probes: number;
}

/// struct fqdir with its queues. inet_fragment.ts
export interface FragTable {
  mem: number; // bytes: truesize of the fragments and of the queues themselves
  queues: FragQueue[]; // in order of creation; a finished one is reused
  slot: number; // in the agenda: the oldest queue times out
}

/// struct ipq: the fragments of one datagram.
export interface FragQueue {
  live: boolean;
  flow: number; // IPv6: index into flows of its first fragment, for the addresses; -1: IPv4
  src: number;
  dst: number;
  proto: number;
  id: number;
  flags: number; // INET_FRAG_*
  len: number; // bytes of the whole datagram, once known
  meat: number; // bytes here
  ecn: number; // which ECN fields the fragments had
  iif: number; // index into devs
  rid: number; // count of fragments of this sender when the last one came
  peer: number; // index into peers; -1: ipfrag_max_dist was 0
  head: Skb; // in order of offset, linked by skbs.next
  tail: Skb;
  last_run: Skb; // first fragment of the last run
  fragments: number;
  expires: number; // ns
  max_size: number; // largest fragment with its header
  max_df_size: number; // largest with DF
}

/// struct inet_peer: another host's address. inetpeer.ts
export interface InetPeer {
  addr: number; // IPv4; -1: IPv6
  addr6: string; // '' IPv4
  rate_tokens: number; // jiffies
  rate_last: number; // jiffies
  rid: number; // fragments received from it
  n_redirects: number;
}

/// struct ratelimit_state. net_ratelimit.ts
export interface RateLimit {
  begin: number; // jiffies; -1: never
  printed: number;
  missed: number;
}

/// The token bucket of icmp_msgs_per_sec. icmp.ts
export interface IcmpLimit {
  credit: number;
  stamp: number; // jiffies
  random: Stream; // what each message takes from it is random
  ipid: number;
}
