/// What a TCP socket has beside, and connections that are being made.
/// Part of the state of a host: plain data, with the rules of state.ts.
import type { Skb } from './state.ts';

/// The options of a SYN or a SYN-ACK.
export interface SynOptions {
  mss: number;
  wscale: number; // -1: none
  sack_ok: boolean;
  tstamp: boolean;
}

/// A listening socket: inet_connection_sock and its request_sock_queue. tcp/listener.ts
export interface ListenSock {
  max_ack_backlog: number; // sk_max_ack_backlog: min(backlog, somaxconn)
  accept_queue: number[]; // connections that wait for accept(), by index into socks; sk_ack_backlog
  qlen: number; // requests half open
  young: number; // those whose SYN-ACK was not sent again yet
  synflood_warned: boolean;
  defer_accept: number; // TCP_DEFER_ACCEPT as retransmissions; 0: off
  syn_retries: number; // TCP_SYNCNT; 0: net.ipv4.tcp_synack_retries
  synq_overflow_ts: number; // jiffies: last SYN cookie; -1 never
}

/// What an application does with the connections of its listener.
export interface AcceptPlan {
  service_ns: number; // user time for each read
  read: boolean; // it reads them; else it holds them open
  accepted: number; // so far
}

/// A connection half open: struct tcp_request_sock. tcp/request_sock.ts
export interface RequestSock {
  listener: number; // index into socks; -1: the entry is free
  flow: number; // index into flows: the SYN's
  src: number; // 4-tuple as the SYN has it; addresses as unsigned numbers
  dst: number;
  sport: number;
  dport: number;
  cookie: number; // as a socket's
  rcv_isn: number;
  rcv_nxt: number;
  snt_isn: number;
  mss: number; // what the other end takes
  snd_wscale: number;
  rcv_wscale: number;
  wscale_ok: boolean;
  sack_ok: boolean;
  tstamp_ok: boolean;
  ecn_ok: boolean;
  ts_recent: number;
  rcv_wnd: number; // window offered with the SYN-ACK, bytes
  window_clamp: number;
  num_timeout: number; // times its timer fired
  num_retrans: number; // SYN-ACKs sent again
  timeout: number; // jiffies: first timeout
  acked: boolean; // the third ACK came, and could not be used yet
  snt_synack: number; // ns: first SYN-ACK; 0: unknown
  last_oow_ack_time: number; // jiffies
  iif: number; // ifindex, where the listener is bound to a device; 0 none
  cpu: number; // whose timer it is
  ehash_next: number; // next in its chain of ehash, or in the list of free entries
  slot: number; // in the agenda: rsk_timer
}

/// A TCP connection: struct tcp_sock and struct inet_connection_sock. Sequence numbers are unsigned
/// 32-bit numbers. Fields that only a sender of bulk data needs are left out. src/kernel/tcp/
export interface TcpSock {
  // what was received
  rcv_nxt: number; // sequence number expected next
  copied_seq: number; // head of the data not read yet
  rcv_wup: number; // rcv_nxt when the last window was sent
  rcv_wnd: number; // window last offered, bytes
  rcv_ssthresh: number; // the window may not grow above it yet, bytes
  window_clamp: number; // nor ever above this
  scaling_ratio: number; // share of the buffer that is payload, in 1/256
  pred_flags: number; // header prediction: expected flags and window; 0: slow path
  rcv_tstamp: number; // jiffies: last ACK received
  tcp_mstamp: number; // us since boot: when it last received or sent
  rcv_rtt_est: { rtt_us: number; seq: number; time: number }; // rtt_us times 8; time in us
  rcv_rtt_last_tsecr: number;
  rcvq_space: { space: number; seq: number; time: number }; // bytes copied in the last round trip; time in us
  ofo_head: Skb; // out_of_order_queue, by sequence number, linked by skbs.next
  ofo_last: Skb; // ooo_last_skb
  rcv_ooopack: number; // segments that came out of order
  duplicate_sack: SackBlock; // D-SACK to send
  selective_acks: SackBlock[]; // SACKs to send, the newest first; num_sacks of them
  // struct tcp_options_received
  saw_tstamp: boolean; // the last segment carried one
  tstamp_ok: boolean;
  sack_ok: boolean;
  wscale_ok: boolean;
  dsack: boolean; // duplicate_sack is due
  num_sacks: number;
  snd_wscale: number;
  rcv_wscale: number;
  ts_recent: number; // timestamp to echo
  ts_recent_stamp: number; // s: when it was taken; 0 never
  rcv_tsval: number; // of the last segment
  rcv_tsecr: number;
  mss_clamp: number; // largest segment the other end takes
  // what is sent
  snd_una: number;
  snd_nxt: number;
  write_seq: number;
  snd_wnd: number; // the other end's window, bytes
  snd_wl1: number;
  max_window: number;
  mss_cache: number;
  advmss: number; // MSS that was advertised
  tcp_header_len: number; // bytes, with the options of every segment
  snd_cwnd: number; // segments
  reordering: number; // segments
  delivered: number; // segments that have arrived, the SYN-ACK among them
  lsndtime: number; // jiffies: data last sent, or established
  pacing_rate: number; // sk_pacing_rate, bytes/s; 0 none yet
  // round trip, us
  srtt_us: number; // times 8
  mdev_us: number; // times 4
  mdev_max_us: number;
  rttvar_us: number;
  rtt_seq: number;
  rtt_min: number; // shortest of late; 4294967295: none yet
  // struct inet_connection_sock
  icsk_rto: number; // jiffies
  icsk_rto_min: number; // jiffies
  icsk_delack_max: number; // jiffies
  icsk_ack: IcskAck;
  // ACKs held back while segments arrive out of order
  compressed_ack: number;
  compressed_ack_rcv_nxt: number;
  dup_ack_counter: number;
  compressed_ack_at: number; // ns: compressed_ack_timer; Infinity: not armed
  delack_at: number; // ns: icsk_delack_timer; Infinity: not armed
  deferred: number; // sk_tsq_flags: what waits for release_sock(): TCP_ACK_DEFERRED 1, TCP_DELACK_TIMER_DEFERRED 2
  timer_cpu: number; // where its timers fire
  last_oow_ack_time: number; // jiffies: last ACK for a segment outside the window; 0 never
  slot: number; // in the agenda: the earlier of the delayed ACK timer and compressed_ack_timer; -1 before the first
  index: number; // of its socket in socks
  // counted
  segs_in: number;
  data_segs_in: number;
  bytes_received: number;
  bytes_acked: number;
  segs_out: number;
  data_segs_out: number;
}

/// Delayed ACK control: icsk_ack in struct inet_connection_sock.
export interface IcskAck {
  pending: number; // ICSK_ACK_SCHED 1, TIMER 2, PUSHED 4, PUSHED2 8, NOW 16, NOMEM 32
  quick: number; // quick ACKs left
  pingpong: number; // net.ipv4.tcp_pingpong_thresh and more: an interactive session
  retry: number;
  ato: number; // jiffies
  timeout: number; // jiffies: when the delayed ACK is due
  lrcvtime: number; // jiffies: last data segment
  last_seg_size: number; // bytes
  rcv_mss: number; // estimate of the other end's segment size, bytes
}

export interface SackBlock {
  start_seq: number;
  end_seq: number;
}
