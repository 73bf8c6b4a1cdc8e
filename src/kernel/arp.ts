/// ARP: who asks for an address of this host gets its link address, and is remembered.
/// Stands for net/ipv4/arp.c. An ARP frame's flow has the addresses of sender and target, and the
/// operation as source port: 1 request, 2 reply.
/// Left out: requests of our own on the wire (neighbour.ts) but for those of arping and TFTP, arp_announce, proxy ARP,
/// the arptables hook, other hardware types.
import { COSTS } from './costs.ts';
import { inNet } from './fib_rules.ts';
import { RTN, SCOPE } from './fib_trie.ts';
import { flowKey, ifaList, ifaScope, inet_addr_type, type IfAddr } from './fib_semantics.ts';
import { devConfMax, devConfOr } from './in_device.ts';
import { consume_skb, kfree_skb_reason } from './ledger.ts';
import {
  neigh_create,
  neigh_event_ns,
  neigh_lookup,
  neigh_update,
  NUD,
  parm,
  peerMac,
} from './neighbour.ts';
import { REASON } from './reasons.ts';
import { inputRoute, ip_route_output_key_hash } from './route.ts';
import { FLAG_BROADCAST, FLAG_FOREIGN, FLAG_MULTICAST } from './skb.ts';
import type { Cpu, Kernel, NetDevice, Skb } from './state.ts';
import { STEP, takeStep } from './tracing.ts';
import { transmit } from './transmit.ts';

export const ARPOP_REQUEST = 1;
export const ARPOP_REPLY = 2;
const ARP_FRAME = 42; // bytes: Ethernet and ARP header

/// ARP's packet handler. net/ipv4/arp.c:arp_rcv(), arp_process()
export function arp_rcv(k: Kernel, c: Cpu, skb: Skb): void {
  takeStep(k, c, STEP.DISPATCH, skb, COSTS.arp_rcv.ns);
  if (k.skbs.flags[skb]! & FLAG_FOREIGN) return consume_skb(k, skb);
  const index = k.skbs.dev[skb]!;
  const dev = k.devs[index]!;
  const flow = k.skbs.flow[skb]!;
  const op = k.flows.sport[flow]!;
  const sip = k.flows.src[flow]!;
  const tip = k.flows.dst[flow]!;
  const loopback = tip >>> 24 === 127 && !devConfOr(k, dev, 'route_localnet');
  if (
    (op !== ARPOP_REQUEST && op !== ARPOP_REPLY) ||
    tip >>> 28 === 14 ||
    loopback ||
    (sip === tip && devConfOr(k, dev, 'drop_gratuitous_arp'))
  )
    return kfree_skb_reason(k, c, skb, REASON.NOT_SPECIFIED, STEP.DISPATCH);
  if (op === ARPOP_REQUEST && answerRequest(k, c, flow, index, sip, tip))
    return consume_skb(k, skb);
  if (sip !== 0) updateTable(k, skb, dev, index, op, sip, tip);
  consume_skb(k, skb);
}

/// True when the request was for this host and is done with.
function answerRequest(
  k: Kernel,
  c: Cpu,
  flow: number,
  index: number,
  sip: number,
  tip: number,
): boolean {
  const dev = k.devs[index]!;
  if (sip === 0) {
    // Somebody looks whether the address is free (RFC 2131).
    if (inet_addr_type(k, tip) === RTN.LOCAL && !arp_ignore(k, dev, sip, tip))
      reply(k, c, flow, index);
    return true;
  }
  const rt = inputRoute(k, flowKey({ daddr: tip, saddr: sip, iif: index }));
  if (rt < 0 || k.fib.dsts[rt]!.type !== RTN.LOCAL) return false;
  if (arp_ignore(k, dev, sip, tip)) return true;
  if (devConfOr(k, dev, 'arp_filter') && arp_filter(k, index, sip, tip)) return true;
  neigh_event_ns(k, index, sip, peerMac(k, dev));
  reply(k, c, flow, index);
  return true;
}

/// net/ipv4/arp.c:arp_send_dst()
function reply(k: Kernel, c: Cpu, flow: number, dev: number): void {
  transmit(k, c, { dev, flow, proto: 0, len: ARP_FRAME, arrives: 0, remote: -1, tcp: null });
}

/// net.ipv4.conf.*.arp_ignore: for which addresses requests are left unanswered.
function arp_ignore(k: Kernel, dev: NetDevice, sip: number, tip: number): boolean {
  const own = ifaList(dev).some((ifa) => ifa.local === tip);
  switch (devConfMax(k, dev, 'arp_ignore')) {
    case 1:
      return !own;
    case 2:
      // Any of the device's networks may be the one that both are in.
      return !own || !ifaList(dev).some((ifa) => isInside(sip, ifa) && isInside(tip, ifa));
    case 3:
      return !k.devs.some((one) => {
        const widest = devConfOr(k, one, 'route_localnet') ? SCOPE.HOST : SCOPE.LINK;
        return ifaList(one).some((ifa) => ifa.local === tip && ifaScope(ifa) <= widest);
      });
    case 8:
      return true;
    default:
      return false;
  }
}

function isInside(addr: number, ifa: IfAddr): boolean {
  return inNet(addr, ifa.network, ifa.length);
}

/// Would the answer leave by another device?
function arp_filter(k: Kernel, index: number, sip: number, tip: number): boolean {
  const out = ip_route_output_key_hash(k, flowKey({ daddr: sip, saddr: tip }));
  if (typeof out === 'string') return true;
  if (out.dev === index) return false;
  k.mib.TcpExtArpFilter++;
  return true;
}

/// Replies to us, and what others say of themselves, update what the table has already; a new entry
/// needs arp_accept.
function updateTable(
  k: Kernel,
  skb: Skb,
  dev: NetDevice,
  index: number,
  op: number,
  sip: number,
  tip: number,
): void {
  const gratuitous = sip === tip && inet_addr_type(k, sip) === RTN.UNICAST;
  let n = neigh_lookup(k, index, sip);
  const unasked = gratuitous || (op === ARPOP_REPLY && inet_addr_type(k, sip) === RTN.UNICAST);
  if (!n && unasked && arp_accept(k, dev, sip)) n = neigh_create(k, index, sip);
  if (!n) return;
  const locktime = parm(k, dev, 'locktime') * 10_000_000; // in USER_HZ
  const override = gratuitous || k.now > n.updated + locktime;
  const toUs = (k.skbs.flags[skb]! & (FLAG_BROADCAST | FLAG_MULTICAST)) === 0;
  const state = op === ARPOP_REPLY && toUs ? NUD.REACHABLE : NUD.STALE;
  neigh_update(k, n, peerMac(k, dev), state, override, false);
}

/// 1: anybody; 2: who is on a network of this device. net/ipv4/arp.c:arp_accept()
function arp_accept(k: Kernel, dev: NetDevice, sip: number): boolean {
  const mode = devConfMax(k, dev, 'arp_accept');
  if (mode !== 2) return mode === 1;
  return ifaList(dev).some((ifa) => inNet(sip, ifa.network, ifa.length));
}
