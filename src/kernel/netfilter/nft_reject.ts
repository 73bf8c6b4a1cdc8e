/// `reject`: the packet is dropped, and its sender told so, by ICMP or with a TCP reset. Stands for
/// nft_reject_inet_eval() in net/netfilter/nft_reject_inet.c with nf_send_unreach() and nf_send_reset()
/// (net/ipv4/netfilter/nf_reject_ipv4.c).
/// Left out: answers to IPv6 packets, and those at PRE_ROUTING and ingress, where no route is known yet:
/// there the packet is only dropped.
import { icmp_send } from '../icmp.ts';
import { FLAG_BAD_CSUM, FLAG_FRAG, FLAG_TCP } from '../skb.ts';
import type { Cpu, Kernel, Skb } from '../state.ts';
import { tcp_v4_send_reset } from '../tcp/tcp_synack.ts';
import { NF_DROP, NF_INET_PRE_ROUTING, NFPROTO_IPV4, type NftExpr } from './types.ts';

const ICMP_DEST_UNREACH = 3;
const TCPHDR_RST = 4;

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
    if (flags & FLAG_TCP && !(k.skbs.tcp_flags[skb]! & TCPHDR_RST)) tcp_v4_send_reset(k, c, skb);
  } else if (expr.type !== 'icmpv6') {
    const code = expr.type === 'icmpx' ? ICMPX_V4[expr.code]! : expr.code;
    icmp_send(k, c, skb, ICMP_DEST_UNREACH, code);
  }
  return NF_DROP;
}
