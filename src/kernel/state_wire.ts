/// The other end of the wire: senders, other hosts, and frames on their way there.
/// Part of the state of a host: plain data, with the rules of state.ts.
import type { Stream } from '../engine/random.ts';
import type { SackBlock, SynOptions } from './state_tcp.ts';

/// A frame that the host has sent. Its flow is that of the frames it answers, so addresses and ports
/// are the other way round. transmit.ts
export interface Outgoing {
  dev: number; // index into devs
  flow: number; // index into flows: the direction in
  proto: number; // IP protocol number
  len: number; // frame length without FCS, bytes
  arrives: number; // ns: when its last bit reaches the other end; set by transmit()
  remote: number; // index into remotes that the other end is; -1: nobody there answers
  tcp: OutgoingTcp | null;
  echo?: number; // the last frame of an echo request: bytes of its IP packet
  icmp?: number; // ICMP: type and code
  icmp_seq?: number; // echo: sequence number
  vlan_tci?: number; // the tag that it carries
  cpu?: number; // over lo: the CPU that sends it. loopback.ts
  saddr?: string; // ICMP errors: sent from this address, where it is not the one that the flow came to
  gw?: number; // translated on the way out: IPv4 address of the new next hop, 0 the receiver itself
  asks?: boolean; // an ARP request that the peer answers
  tftp?: { block: number; size: number }; // a TFTP message: request (-1) or acknowledged block, and the file's bytes
  ct?: number; // over lo: its own connection, as the column nfct has it
  nfct?: number; // connection of the packet that it answers (nf_ct_attach()): nfct of that one
}

/// The TCP header of a frame that the host has sent.
export interface OutgoingTcp {
  seq: number;
  ack_seq: number;
  flags: number; // FIN 1, SYN 2, RST 4, PSH 8, ACK 16
  window: number; // the raw field
  tsval: number;
  tsecr: number;
  tstamp: boolean; // tsval and tsecr hold
  syn: SynOptions | null; // a SYN-ACK's options
  sacks: SackBlock[]; // as many as fit, a D-SACK first
}

/// Another host on the wire of one NIC, with its TCP connections to this host. remote/
export interface Remote {
  id: number;
  kind: 'bulk' | 'synflood' | 'clients';
  dev: number; // index into devs
  active: boolean;
  label: string; // the words of the traffic command that started it
  dport: number;
  ip_header: number; // bytes: 20 IPv4, 40 IPv6
  started: number; // ns
  conns: RemoteConn[]; // a flood has none
  first_flow: number; // index into flows
  flows: number;
  bytes: number; // payload for each connection; Infinity: without end
  keeps: boolean; // its connections stay open when the payload is sent: no FIN
  mss: number; // payload of a full segment
  syn: SynOptions; // what its SYNs carry
  window: number; // its own window, raw field
  train: number; // segments that one connection sends in a row
  gap_ns: number; // least time from frame to frame; 0: as fast as the link
  next_ns: number; // before then it may not send
  turns: number[]; // connections with something to send, by index, in the order in which they may
  sent: number; // frames so far
  retransmitted: number; // segments among them that were sent before
  received: number; // frames that came from the host
  syns: number; // connections begun, or SYNs of the flood
  next_conn_ns: number; // clients: when the next one begins; Infinity: none
  conn_gap_ns: number; // clients: from one to the next
  limit: number; // connections or SYNs to begin
  random: Stream;
  next_flow: number; // flood: 0 to flows - 1
  slot: number; // in the agenda: its next frame arrives
  timer_slot: number; // in the agenda: the earliest retransmission or connection
  timer_at: number; // ns: what timer_slot is set to
}

/// One connection of a remote host, as that host sees it.
export interface RemoteConn {
  flow: number; // index into flows
  state: 'new' | 'syn-sent' | 'established' | 'closed';
  iss: number; // initial sequence number
  bytes: number; // payload to send; Infinity: without end
  snd_una: number; // bytes of payload acknowledged, plus one for the SYN
  snd_nxt: number; // next to send, counted the same way
  snd_max: number; // highest ever sent
  snd_wnd: number; // bytes that the host has offered beyond snd_una
  snd_wscale: number;
  rcv_nxt: number; // of the host's sequence numbers
  ts_recent: number; // host's timestamp to echo
  tstamp: boolean;
  dupacks: number;
  recover: number; // snd_max when the hole was seen; -1: not in recovery
  resend: number; // in recovery: holes below were filled again already
  sacked: number[]; // what the host has behind a hole: start, end, start, end, ...
  last_resent: number; // in recovery: what was sent again last; -1: nothing since the last look
  cwnd: number; // bytes that may be on their way; Infinity: nothing was lost so far. remote_congestion.ts
  ssthresh: number; // bytes up to which it grows fast
  cwnd_cnt: number; // 17ths of bytes that count towards its next growth
  pipe: number; // in recovery: bytes on their way
  prior_cwnd: number; // bytes that might be on their way at the last loss
  prr_delivered: number; // in recovery: bytes that have arrived since
  prr_out: number; // in recovery: bytes sent since
  probed: boolean; // the last segment was sent once more, and nothing has come since
  tail: boolean; // that is to be done
  retransmit: boolean; // the segment at snd_una is to be sent again
  ack: boolean; // a bare ACK is to be sent
  fin: boolean; // its FIN was sent, or none will be
  probe: boolean; // the window is shut: one byte is to be sent beyond it
  rst: boolean; // a reset is to be sent
  ready_ns: number; // its next frame may not arrive before then
  in_turn: boolean; // it is in turns
  train: number; // segments left of its train
  rto_ns: number;
  rto_at: number; // ns; Infinity: not armed
  tries: number; // times its SYN was sent
  ipid: number;
}

/// One traffic generator outside the host: a sender on the wire of one NIC.
export interface Source {
  id: number;
  dev: number; // index into devs
  active: boolean;
  label: string; // the words of the traffic command that started it
  pattern: 'constant' | 'poisson' | 'burst' | 'onoff' | 'pareto';
  pps: number; // mean frames a second while on
  len: number; // frame length with FCS, bytes: 64 ...
  burst: number; // frames a burst
  period_ns: number; // burst start to burst start; onoff, pareto: mean of one on plus one off time
  first_flow: number; // index into flows
  flows: number;
  started: number; // ns
  stop_at: number; // ns; Infinity: runs on
  sent: number; // frames so far
  waiting: number; // frames that wait at the port of the switch, as the wire is paused
  lost: number; // frames that the port of the switch lost: they were never offered to the host
  port_ps: number; // ps: when the last frame reached that port
  limit: number; // frames to send; Infinity: no limit
  bad_fcs: number; // share of damaged frames, 0 to 1
  foreign: number; // share of frames for another MAC, 0 to 1
  random: Stream;
  due_ns: number; // when the next frame's last bit would arrive on a free wire
  next_flow: number; // 0 to flows - 1
  frame_ps: number; // ps: time a frame takes on the wire
  state_start_ns: number; // onoff, pareto: when the current on time began
  state_end_ns: number; // and when it ends
  state_sent: number; // frames since it began
  slot: number; // in the agenda: the next frame arrives
  shape: FrameShape | null; // null: plain UDP over IPv4
}

/// What a sender's frames have that plain ones have not. frame_shape.ts
export interface FrameShape {
  flags: number; // FLAG_* of every frame
  vlan_tci: number;
  ip_header: number; // bytes: 20 IPv4, 40 IPv6
  chunk: number; // bytes of the datagram in a fragment but the last; 0: not fragmented
  fragments: number; // frames a datagram; 1: not fragmented
  ipid: number; // identification of the last packet
  bad_ip: number; // share of wrong IP headers, 0 to 1
  bad_kind: number; // IP_FAULT (ip_faults.ts)
  bad_csum: number; // share of wrong transport checksums, 0 to 1
  train: number; // packets of one flow in a row
  in_train: number; // of the row, so far
  tcp_flags: number;
  seqs: number[]; // TCP, by flow: next sequence number
}
