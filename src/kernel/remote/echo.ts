/// The other end of the wire answers echo requests: its kernel turns the packet round, in fragments
/// where it is too large for an Ethernet frame.
/// Left out: what that machine has to do else, so the answer takes no time there; frames of one
/// answer arrive together.
import { FLAG_ECHO_SEQ, FLAG_FRAG, FLAG_IPID, FLAG_MF, FLAG_VLAN, takeSkb } from '../skb.ts';
import type { Kernel, NetDevice, Outgoing } from '../state.ts';
import { receiveFrame } from '../wire.ts';

const ETH_HLEN = 14;
const IP_HLEN = 20;
const MIN_FRAME = 60;
const PEER_MTU = 1500;

/// An ICMP message of ours has arrived there; `out.flow` is that of the answer. Only a whole echo
/// request is answered.
export function echoArrives(k: Kernel, dev: NetDevice, out: Outgoing): void {
  if (out.echo === undefined) return;
  if (out.echo <= PEER_MTU) return frame(k, dev, out, out.echo - IP_HLEN, 0, 0, 0);
  const room = (PEER_MTU - IP_HLEN) & ~7;
  const total = out.echo - IP_HLEN;
  const ipid = ++k.icmp.ipid & 0xffff;
  for (let offset = 0; offset < total; offset += room) {
    const more = offset + room < total;
    const flags = FLAG_FRAG | FLAG_IPID | (more ? FLAG_MF : 0);
    frame(k, dev, out, more ? room : total - offset, offset, ipid, flags);
  }
}

/// A frame with that many bytes behind its IP header.
function frame(
  k: Kernel,
  dev: NetDevice,
  out: Outgoing,
  bytes: number,
  offset: number,
  ipid: number,
  flags: number,
): void {
  const pool = k.skbs;
  const skb = takeSkb(pool);
  pool.flow[skb] = out.flow;
  pool.len[skb] = Math.max(MIN_FRAME, ETH_HLEN + IP_HLEN + bytes);
  pool.dev[skb] = out.dev;
  pool.arrived[skb] = k.now;
  pool.serial[skb] = k.ledger.offered;
  pool.flags[skb] = flags;
  pool.payload[skb] = bytes;
  pool.frag_off[skb] = offset;
  pool.ipid[skb] = ipid;
  if (out.icmp_seq !== undefined) {
    pool.seq[skb] = out.icmp_seq;
    pool.flags[skb] = flags | FLAG_ECHO_SEQ;
  }
  if (out.vlan_tci !== undefined) {
    pool.vlan_tci[skb] = out.vlan_tci;
    pool.flags[skb] = pool.flags[skb] | FLAG_VLAN;
  }
  receiveFrame(k, dev, skb);
}
