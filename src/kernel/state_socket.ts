/// Sockets of every kind, and who waits on them.
/// Part of the state of a host: plain data, with the rules of state.ts.
import type { Skb } from './state.ts';
import type { AcceptPlan, ListenSock, TcpSock } from './state_tcp.ts';

/// A task inside __napi_busy_loop(). busy_poll.ts
export interface BusyPoll {
  napi: number; // NAPI id
  sock: number; // index into socks whose data ends it; -1: that of an epoll instance
  epoll: number; // index into epolls; -1 none
  start: number; // busy_loop_current_time() at its beginning, units of 1024 ns
  budget: number; // packets a poll
  prefer: boolean; // NAPI_F_PREFER_BUSY_POLL
  once: boolean; // one poll only: the call does not wait
  held: boolean; // the instance is ours
  fresh: boolean; // and was not polled yet
  skip_schedule: boolean; // busy_poll_stop(): the timer will poll
  again: boolean; // it only makes way for another task
  stage: 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7; // busy_poll.ts
}

/// Who waits on a socket: a task, or an epoll instance. sock_wait.ts
export interface WaitEntry {
  task: number; // index into tasks; -1: an epoll instance
  epoll: number; // index into epolls; -1: a task
  sock: number; // index into socks: which one an epoll instance is told of
  exclusive: boolean; // WQ_FLAG_EXCLUSIVE
}

/// struct eventpoll. epoll.ts
export interface Epoll {
  items: EpItem[]; // what is watched
  rdllist: number[]; // ready, by index into socks
  waits: number[]; // wq: tasks in epoll_wait(), by index; who came last is first
  napi_id: number; // where it busy polls; 0 nowhere
  busy_poll_usecs: number; // EPIOCSPARAMS; 0: net.core.busy_poll
  busy_poll_budget: number; // 0: 8
  prefer_busy_poll: boolean;
}

/// struct epitem.
export interface EpItem {
  sock: number; // index into socks
  edge: boolean; // EPOLLET
  exclusive: boolean; // EPOLLEXCLUSIVE
}

export interface Sock {
  ino: number;
  cookie: number; // sk_cookie; 0: nobody has asked. sock_diag.ts
  proto: 'udp' | 'tcp' | 'raw' | 'packet' | 'xdp';
  local: string;
  port: number;
  task: number; // pid of the owner; 0: closed
  reader: number; // index of the owner in tasks
  rcvbuf: number; // sk_rcvbuf, bytes
  rmem_alloc: number; // sk_rmem_alloc, bytes
  forward_alloc: number;
  forward_deficit: number; // udp_sock.forward_deficit
  forward_threshold: number;
  head: Skb; // receive queue, linked by skbs.next
  tail: Skb;
  qlen: number;
  reader_head: Skb; // udp_sock.reader_queue
  reader_tail: Skb;
  reader_qlen: number;
  drops: number; // sk_drops
  received: number; // datagrams handed to the application
  received_bytes: number;
  waiting: boolean; // somebody waits for it to become readable
  waits: WaitEntry[] | null; // who, in the order of the wait queue; null: only its reader ever does. sock_wait.ts
  family: number; // 2: IPv4, 10: IPv6
  ipv6only: boolean; // sk_ipv6only: takes no IPv4 (IPV6_V6ONLY, or bound to an IPv6 address)
  state: number; // sk_state: TCP_ESTABLISHED 1, TCP_CLOSE 7, TCP_LISTEN 10, ... (tcp/tcp_states.ts); 7 for a socket that is not connected
  peer: string; // address of the other end; '' when not connected
  peer_port: number; // its port; 0 when not connected
  rcv_saddr: number; // own IPv4 address as an unsigned number; 0: any; with an IPv6 address 127.0.0.6, which no packet bears
  daddr: number; // the other end's
  bound_dev: number; // SO_BINDTODEVICE: ifindex; 0 none
  rxhash: number; // sk_rxhash: flow hash of the last packet, when connected; 0 none. rfs.ts
  flow: number; // connected: index into flows of what arrives for it; -1 none
  sndbuf: number; // sk_sndbuf, bytes
  userlocks: number; // SOCK_SNDBUF_LOCK 1, SOCK_RCVBUF_LOCK 2: set by hand, never tuned
  rcvlowat: number; // SO_RCVLOWAT, bytes
  shutdown: number; // RCV_SHUTDOWN 1, SEND_SHUTDOWN 2
  err: number; // sk_err: an errno; 0 none
  reuse: boolean; // SO_REUSEADDR
  reuseport: boolean; // SO_REUSEPORT
  incoming_cpu: number; // SO_INCOMING_CPU; -1 none
  tx_queue: number; // sk_tx_queue_mapping: transmit queue of what it sent last; -1 none. xps.ts
  napi_id: number; // napi_id of the NAPI instance that the last packet came by; 0 none
  ll_usec: number; // SO_BUSY_POLL, us
  prefer_busy_poll: boolean; // SO_PREFER_BUSY_POLL
  busy_poll_budget: number; // SO_BUSY_POLL_BUDGET, packets; 0: 8
  owned: boolean; // sk_lock.owned: a task is inside a system call on it
  backlog_head: Skb; // sk_backlog: arrived while it was owned, linked by skbs.next
  backlog_tail: Skb;
  backlog_len: number; // bytes
  tcp: TcpSock | null; // null: not a TCP connection
  listen: ListenSock | null; // null: not listening
  accept: AcceptPlan | null; // what the application does with connections; null: it does not accept
  reuseport_cb: number; // index into reuseports; -1 none
  hashed: boolean; // packets find it
  mapped: boolean; // an IPv6 socket for an IPv4 connection: shown as [::ffff:10.0.0.2]
  gro_enabled: boolean; // UDP_GRO: takes datagrams merged
  ehash_next: number; // next in its chain of ehash
  wmem_queued: number; // sk_wmem_queued, bytes
  wmem_alloc: number; // sk_wmem_alloc, bytes
  min_ttl: number; // IP_MINTTL; 0: any
  protocol: number; // raw: IP protocol number
  icmp_filter: number; // raw, ICMP: types that it does not want, one bit each
  copies: RawCopy[]; // raw: copies of packets waiting for recvmsg()
  created: number; // ns: when it was made
  stamps: SockStamps | null; // SO_TIMESTAMPNS or SO_TIMESTAMPING; null: neither. net_timestamp.ts
}

/// What a socket that asked for time stamps was told, of its last packets.
export interface SockStamps {
  kind: 'ns' | 'timestamping';
  keep: number; // packets
  log: StampRecord[];
}

/// Times in ns, as the model counts them; -1: no such stamp.
export interface StampRecord {
  software: number;
  hardware: number;
  read: number; // when recvmsg() returned
  cpu: number; // on which CPU
}

/// Secret keys that the kernel draws when they are first needed; here from the seed. hash_secrets.ts
export interface HashSecrets {
  inet_ehash: number; // 32 bits, for TCP's table of connections
  udp_ehash: number; // 32 bits, for UDP's SO_REUSEPORT groups
  net: number[]; // SipHash key as four words: initial sequence numbers
  syncookie: number[][]; // two SipHash keys
  syncookie6: number[][]; // and two for IPv6
}

/// A copy of a packet for a raw socket. The ledger counts the packet itself. raw.ts
export interface RawCopy {
  truesize: number; // bytes
  len: number; // bytes from the IP header on
  flow: number; // index into flows
  at: number; // ns: when it was queued
}

/// struct sock_reuseport: sockets that share an address and a port. sock_reuseport.ts
export interface SockReuseport {
  socks: number[]; // by index
  incoming_cpu: number; // how many of them have SO_INCOMING_CPU set
  has_conns: boolean; // a UDP socket among them is connected
  synq_overflow_ts: number; // jiffies: last SYN cookie; -1 never
}
