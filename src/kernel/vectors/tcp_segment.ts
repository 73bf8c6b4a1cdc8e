/// A TCP segment handed to tcp_v4_rcv() as IP would, for vectors.
import { addFlow } from '../flows.ts';
import { FLAG_TCP, takeSkb } from '../skb.ts';
import type { Kernel } from '../state.ts';
import { tcp_v4_rcv } from '../tcp/tcp_ipv4.ts';

/// A flow from another host to this one's port, whose SYNs carry all options: to 127.0.0.1 on lo, or to
/// another address of the host on the device of that index.
export function addConnection(
  k: Kernel,
  saddr: string,
  sport: number,
  port: number,
  { dev, daddr } = { dev: 0, daddr: '127.0.0.1' },
): number {
  return addFlow(k, {
    ...{ dev, saddr, daddr, sport, dport: port, proto: 6 },
    syn: { mss: 65495, wscale: 7, sack_ok: true, tstamp: false },
  });
}

/// The flow's next segment arrives: without data.
export function receiveSegment(
  k: Kernel,
  flow: number,
  tcp_flags: number,
  seq: number,
  ack_seq: number,
): void {
  const pool = k.skbs;
  const skb = takeSkb(pool);
  pool.flow[skb] = flow;
  pool.flags[skb] = FLAG_TCP;
  pool.dev[skb] = k.flows.dev[flow]!;
  pool.len[skb] = 54;
  pool.truesize[skb] = 768;
  pool.data_len[skb] = 0;
  pool.seq[skb] = seq | 0;
  pool.ack_seq[skb] = ack_seq | 0;
  pool.tcp_flags[skb] = tcp_flags;
  pool.window[skb] = 65495;
  pool.payload[skb] = 0;
  k.ledger.offered++;
  tcp_v4_rcv(k, k.cpus[0]!, skb);
}
