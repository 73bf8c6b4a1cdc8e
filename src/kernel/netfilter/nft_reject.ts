/// `reject`: the packet is dropped, and its sender told so, by ICMP or with a TCP reset. Stands for
/// nft_reject_inet_eval() in net/netfilter/nft_reject_inet.c with nf_send_unreach() and nf_send_reset()
/// (net/ipv4/netfilter/nf_reject_ipv4.c), nf_send_unreach6() and nf_send_reset6() (net/ipv6/netfilter).
/// Left out: answers at PRE_ROUTING and ingress, where no route is known yet, and those to
/// the host itself, which would go over lo: there the packet is only dropped.
import { icmp_send } from '../icmp.ts';
import { ICMPV6, icmpv6_send } from '../ipv6_icmp.ts';
import { FLAG_BAD_CSUM, FLAG_FRAG, FLAG_TCP } from '../skb.ts';
import type { Cpu, Kernel, Skb } from '../state.ts';
import { ackOf, endSeq } from '../tcp/tcp_seq.ts';
import { transmit } from '../transmit.ts';
import { entryOf } from './conntrack/packet.ts';
import { nf_conntrack_tcp_set_closing } from './conntrack/tcp.ts';
import { NF_INET_PRE_ROUTING, NFPROTO_IPV4, type NftExpr } from './types.ts';

const ICMP_DEST_UNREACH = 3;
const TCPHDR_RST = 4;
const TCPHDR_ACK = 16;
const IPPROTO_TCP = 6;
const ETH_HLEN = 14;
const IPV4_HLEN = 20;
const IPV6_HLEN = 40;
const TCP_HLEN = 20; // without options

// Codes of icmpx by their numbers, as IPv4 has them. net/netfilter/nft_reject.c:icmp_code_v4
const ICMPX_V4 = [0, 3, 1, 13];
// As IPv6 has them: no route, port unreachable, address unreachable, administratively prohibited. icmp_code_v6
const ICMPX_V6 = [0, 4, 3, 1];

/// Answers a packet that is dropped at this hook.
export function reject(k: Kernel, c: Cpu, skb: Skb, hook: number, expr: NftExpr): void {
  if (expr.kind !== 'reject') throw new Error(`a ${expr.kind} is no reject`);
  const flags = k.skbs.flags[skb]!;
  const four = k.flows.family[k.skbs.flow[skb]!] === NFPROTO_IPV4;
  const later = flags & FLAG_FRAG && k.skbs.frag_off[skb]! > 0;
  // The ingress hook has the number of PRE_ROUTING.
  if (hook === NF_INET_PRE_ROUTING) return;
  if (later || flags & FLAG_BAD_CSUM) return;
  if (expr.type === 'tcp reset') {
    if (flags & FLAG_TCP && !(k.skbs.tcp_flags[skb]! & TCPHDR_RST)) nf_send_reset(k, c, skb, four);
  } else if (!four) {
    const code = expr.type === 'icmpx' ? ICMPX_V6[expr.code]! : expr.code;
    if (expr.type !== 'icmp') icmpv6_send(k, c, skb, ICMPV6.DEST_UNREACH, code);
  } else if (expr.type !== 'icmpv6') {
    const code = expr.type === 'icmpx' ? ICMPX_V4[expr.code]! : expr.code;
    icmp_send(k, c, skb, ICMP_DEST_UNREACH, code);
  }
}

// Netfilter makes this reset itself: TCP counts neither a segment nor a reset. It belongs to the
// connection of the segment that it answers, which is as good as closed.
function nf_send_reset(k: Kernel, c: Cpu, skb: Skb, four: boolean): void {
  const pool = k.skbs;
  const flow = pool.flow[skb]!;
  const acks = (pool.tcp_flags[skb]! & TCPHDR_ACK) !== 0;
  const entry = entryOf(k, skb);
  if (entry >= 0) nf_conntrack_tcp_set_closing(k, entry);
  transmit(k, c, {
    ...{ dev: k.flows.dev[flow]!, flow, proto: IPPROTO_TCP, arrives: 0 },
    len: ETH_HLEN + (four ? IPV4_HLEN : IPV6_HLEN) + TCP_HLEN,
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
