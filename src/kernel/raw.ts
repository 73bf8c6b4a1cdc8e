/// Raw sockets: they get a copy of every packet of their protocol before the protocol itself sees it.
/// Stands for net/ipv4/raw.c, and raw6_local_deliver() in net/ipv6/raw.c.
/// A copy is charged to its socket and waits there; the ledger counts the packet, not its copies.
/// Left out: sending, socket filters (but ICMP's), multicast source filters, VRF; of IPv6 its own ICMP filter.
import { COSTS } from './costs.ts';
import {
  __sock_queue_rcv_skb,
  createSock,
  setLocal,
  sock_def_readable,
  sockRcvbuf,
} from './sock.ts';
import type { Cpu, Kernel, Skb, Sock } from './state.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const IPPROTO_ICMP = 1;
const ETH_HLEN = 14;

/// Makes a raw socket for an IP protocol, for the task of that index, and returns its index. `rcvbuf` is
/// what SO_RCVBUF asks for; 0: net.core.rmem_default.
export function openRaw(
  k: Kernel,
  reader: number,
  protocol: number,
  rcvbuf: number,
  address = '0.0.0.0',
): number {
  const size = rcvbuf > 0 ? sockRcvbuf(rcvbuf, k.hot.rmem_max) : k.hot.rmem_default;
  const sk = createSock(k, reader, protocol, size, 'raw');
  sk.protocol = protocol;
  setLocal(k, sk, address, true);
  sk.hashed = true;
  const index = k.socks.push(sk) - 1;
  k.raw_table.unshift(index);
  return index;
}

/// Gives every raw socket that wants the packet a copy. True: one took it, so an unknown protocol is not
/// refused with ICMP. net/ipv4/raw.c:raw_local_deliver(), raw_v4_input()
export function raw_local_deliver(k: Kernel, c: Cpu, skb: Skb): boolean {
  let delivered = false;
  for (const index of k.raw_table) {
    const sk = k.socks[index]!;
    if (!raw_v4_match(k, sk, skb)) continue;
    if (sk.rmem_alloc >= sk.rcvbuf) {
      sk.drops++;
      continue;
    }
    delivered = true;
    if (sk.protocol === IPPROTO_ICMP && icmp_filter(k, sk, skb)) continue;
    raw_rcv(k, c, sk, skb);
  }
  return delivered;
}

/// net/ipv4/raw.c:raw_v4_match()
function raw_v4_match(k: Kernel, sk: Sock, skb: Skb): boolean {
  const flow = k.skbs.flow[skb]!;
  const { flows } = k;
  return (
    sk.family === AF_INET &&
    sk.protocol === flows.proto[flow] &&
    (sk.daddr === 0 || sk.daddr === flows.src[flow]) &&
    (sk.rcv_saddr === 0 || sk.rcv_saddr === flows.dst[flow]) &&
    (sk.bound_dev === 0 || sk.bound_dev === k.devs[k.skbs.dev[skb]!]!.ifindex)
  );
}

/// The same for IPv6. net/ipv6/raw.c:raw6_local_deliver(), ipv6_raw_deliver()
export function raw6LocalDeliver(k: Kernel, c: Cpu, skb: Skb): boolean {
  let delivered = false;
  for (const index of k.raw_table) {
    const sk = k.socks[index]!;
    if (!rawMatch6(k, sk, skb)) continue;
    if (sk.rmem_alloc >= sk.rcvbuf) {
      sk.drops++;
      continue;
    }
    delivered = true;
    raw_rcv(k, c, sk, skb);
  }
  return delivered;
}

/// A socket bound to an address gets what is for it, and what is for groups. net/ipv6/raw.c:raw_v6_match()
function rawMatch6(k: Kernel, sk: Sock, skb: Skb): boolean {
  const flow = k.skbs.flow[skb]!;
  const { proto, saddr, daddr } = k.flows;
  return (
    sk.family === AF_INET6 &&
    sk.protocol === proto[flow] &&
    (sk.peer === '' || sk.peer === saddr[flow]) &&
    (sk.bound_dev === 0 || sk.bound_dev === k.devs[k.skbs.dev[skb]!]!.ifindex) &&
    (sk.local === '::' || sk.local === daddr[flow] || daddr[flow]!.startsWith('ff'))
  );
}

/// True for an ICMP type that the socket does not want; a flow's source port holds type and code.
/// net/ipv4/raw.c:icmp_filter()
function icmp_filter(k: Kernel, sk: Sock, skb: Skb): boolean {
  const type = k.flows.sport[k.skbs.flow[skb]!]! >> 8;
  return type < 32 && ((sk.icmp_filter >>> type) & 1) !== 0;
}

/// Charges a copy to the socket and queues it; its truesize is the packet's own.
/// net/ipv4/raw.c:raw_rcv(), raw_rcv_skb()
export function raw_rcv(k: Kernel, c: Cpu, sk: Sock, skb: Skb): void {
  const truesize = k.skbs.truesize[skb]!;
  c.cursor_ns += COSTS.raw_rcv.ns;
  if (__sock_queue_rcv_skb(k, c, sk, truesize) !== 0) return;
  sk.copies.push({
    truesize,
    len: k.skbs.len[skb]! - ETH_HLEN,
    flow: k.skbs.flow[skb]!,
    at: c.cursor_ns,
  });
  sk.qlen++;
  if (sk.waiting) sock_def_readable(k, c, sk);
}

/// The next copy for the application: its length; -1: none. net/ipv4/raw.c:raw_recvmsg()
export function raw_recvmsg(sk: Sock): number {
  const copy = sk.copies.shift();
  if (!copy) return -1;
  sk.rmem_alloc -= copy.truesize;
  sk.qlen--;
  sk.received++;
  sk.received_bytes += copy.len;
  return copy.len;
}
