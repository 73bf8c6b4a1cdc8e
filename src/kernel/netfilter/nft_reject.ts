/// `reject`: the packet is dropped, and its sender told so, by ICMP or with a TCP reset. Stands for
/// nft_reject_inet_eval() in net/netfilter/nft_reject_inet.c with nf_send_unreach() and nf_send_reset()
/// (net/ipv4/netfilter/nf_reject_ipv4.c).
/// Left out: answers to IPv6 packets, and those at PRE_ROUTING and ingress, where no route is known yet:
/// there the packet is only dropped.
import { icmp_send } from '../icmp.ts';
import { FLAG_BAD_CSUM, FLAG_FRAG, FLAG_TCP } from '../skb.ts';
import type { Cpu, Kernel, Skb } from '../state.ts';
import { ackOf, endSeq } from '../tcp/tcp_seq.ts';
import { transmit } from '../transmit.ts';
import { entryOf } from './conntrack/packet.ts';
import { nf_conntrack_tcp_set_closing } from './conntrack/tcp.ts';
import { NF_DROP, NF_INET_PRE_ROUTING, NFPROTO_IPV4, type NftExpr } from './types.ts';

const ICMP_DEST_UNREACH = 3;
const TCPHDR_RST = 4;
const TCPHDR_ACK = 16;
const IPPROTO_TCP = 6;
const RESET_LEN = 14 + 20 + 20; // Ethernet, IPv4, TCP without options

// Codes of icmpx by their numbers, as IPv4 has them. net/netfilter/nft_reject.c:icmp_code_v4
const ICMPX_V4 = [0, 3, 1, 13];

/// Answers, and gives the verdict.
export function reject(k: Kernel, c: Cpu, skb: Skb, hook: number, expr: NftExpr): number {
  if (expr.kind !== 'reject') throw new Error(`a ${expr.kind} is no reject`);
  const flags = k.skbs.flags[skb]!;
  const four = k.flows.family[k.skbs.flow[skb]!] === NFPROTO_IPV4;
  const later = flags & FLAG_FRAG && k.skbs.frag_off[skb]! > 0;
  // The ingress hook has the same number.
  if (hook === NF_INET_PRE_ROUTING) return NF_DROP;
  if (!four || later || flags & FLAG_BAD_CSUM) return NF_DROP;
  if (expr.type === 'tcp reset') {
    if (flags & FLAG_TCP && !(k.skbs.tcp_flags[skb]! & TCPHDR_RST)) nf_send_reset(k, c, skb);
  } else if (expr.type !== 'icmpv6') {
    const code = expr.type === 'icmpx' ? ICMPX_V4[expr.code]! : expr.code;
    icmp_send(k, c, skb, ICMP_DEST_UNREACH, code);
  }
  return NF_DROP;
}

// Netfilter makes this reset itself: TCP counts neither a segment nor a reset. It belongs to the
// connection of the segment that it answers, which is as good as closed.
function nf_send_reset(k: Kernel, c: Cpu, skb: Skb): void {
  const pool = k.skbs;
  const flow = pool.flow[skb]!;
  const acks = (pool.tcp_flags[skb]! & TCPHDR_ACK) !== 0;
  const entry = entryOf(k, skb);
  if (entry >= 0) nf_conntrack_tcp_set_closing(k, entry);
  transmit(k, c, {
    ...{ dev: k.flows.dev[flow]!, flow, proto: IPPROTO_TCP, len: RESET_LEN, arrives: 0 },
    remote: k.flows.remote[flow]!,
    tcp: {
      seq: acks ? ackOf(pool, skb) : 0,
      ack_seq: acks ? 0 : endSeq(pool, skb),
      flags: acks ? TCPHDR_RST : TCPHDR_RST | TCPHDR_ACK,
      ...{ window: 0, tsval: 0, tsecr: 0, tstamp: false, syn: null, sacks: [] },
    },
    ...(entry >= 0 && { nfct: pool.nfct[skb]! }),
  });
}
