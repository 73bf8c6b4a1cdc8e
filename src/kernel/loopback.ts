/// The way over lo: what the host sends to itself waits in the backlog of the CPU that has sent it, as if it had come
/// by a device without NAPI. Stands for loopback_xmit() in drivers/net/loopback.c and __netif_rx() in net/core/dev.c.
/// A packet keeps the route by which it was sent, so an address of lo is no martian here.
/// Left out: everything but echo requests and their answers ends here: no socket sends to another one of this host.
import { setTime } from '../engine/agenda.ts';
import { addFlow } from './flows.ts';
import { interruptCpu } from './piece.ts';
import { netif_rx_internal } from './rps.ts';
import { __alloc_skb, FLAG_ECHO_SEQ, FLAG_NFCT, setHead, takeSkb } from './skb.ts';
import type { Kernel, Outgoing, Skb } from './state.ts';
import { STEP } from './tracing.ts';

const ETH_HLEN = 14;
const IPPROTO_ICMP = 1;
const LOCAL_ROUTE = 0; // in fib.dsts

/// The first packet on its way through lo is received. drivers/net/loopback.c:loopback_xmit()
export function loopback_xmit(k: Kernel): void {
  const lo = k.devs[0]!;
  const out = lo.outgoing.shift();
  if (!out) throw new Error(`lo has no packet on its way at ${k.now} ns`);
  setTime(k.agenda, lo.outgoing_slot, lo.outgoing[0]?.arrives ?? Infinity);
  if (out.proto !== IPPROTO_ICMP) return;
  const sender = k.cpus[out.cpu ?? 0]!;
  const c = sender.online ? sender : k.cpus.find((one) => one.online)!;
  const skb = packetOf(k, out);
  // The softirq that it raises runs when whoever sent it lets it, which is now.
  interruptCpu(k, c, 0, STEP.BACKLOG);
  if (!netif_rx_internal(k, c, skb)) return;
  const q = lo.rx[0]!;
  q.packets++;
  q.bytes += out.len - ETH_HLEN; // eth_type_trans() has taken the header off
}

function packetOf(k: Kernel, out: Outgoing): Skb {
  const pool = k.skbs;
  const skb = takeSkb(pool);
  const { truesize, room } = __alloc_skb(out.len);
  pool.flow[skb] = incoming(k, out);
  pool.len[skb] = out.len;
  pool.dev[skb] = 0;
  pool.queue[skb] = 0;
  pool.arrived[skb] = k.now;
  pool.serial[skb] = k.ledger.offered++;
  setHead(pool, skb, room, out.len, 0, 0);
  pool.truesize[skb] = truesize;
  if (out.ct !== undefined) {
    pool.nfct[skb] = out.ct;
    pool.flags[skb] = pool.flags[skb]! | FLAG_NFCT;
  }
  if (out.icmp_seq !== undefined) {
    pool.seq[skb] = out.icmp_seq;
    pool.flags[skb] = pool.flags[skb]! | FLAG_ECHO_SEQ;
  }
  return skb;
}

/// The flow of the packet as it comes in: the one that it answers, turned round.
function incoming(k: Kernel, out: Outgoing): number {
  const { flows } = k;
  const ends = { saddr: flows.daddr[out.flow]!, daddr: flows.saddr[out.flow]! };
  const ports = { sport: out.icmp ?? 0, dport: flows.dport[out.flow]! };
  let flow = flows.saddr.findIndex(
    (saddr, at) =>
      saddr === ends.saddr &&
      flows.daddr[at] === ends.daddr &&
      flows.dev[at] === 0 &&
      flows.proto[at] === out.proto &&
      flows.sport[at] === ports.sport &&
      flows.dport[at] === ports.dport,
  );
  if (flow < 0) flow = addFlow(k, { dev: 0, ...ends, ...ports, proto: out.proto });
  flows.rt_key[flow] = k.fib.genid;
  flows.rt[flow] = LOCAL_ROUTE;
  return flow;
}
