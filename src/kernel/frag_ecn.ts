/// What becomes of the ECN fields of fragments when they are put together (RFC 3168, section 5.3). Stands for
/// ip_frag_ecn_table[] in net/ipv4/inet_fragment.c and what ip_frag_reasm() and ip6_frag_reasm() do with it.
/// The field is one of those that all packets of a flow have in common, so a datagram that gets another one changes
/// to another flow.
import { addFlow } from './flows.ts';
import type { Kernel, Skb } from './state.ts';

const INET_ECN_CE = 3;

/// Do the ECN fields of the fragments (bits 1 << field) go together? Not-ECT does with no other.
/// net/ipv4/inet_fragment.c:ip_frag_ecn_table[]
export function ecnFits(seen: number): boolean {
  const notEct = (seen & 1) !== 0;
  return !notEct || seen === 1;
}

/// Congestion that one fragment has met, the whole datagram has met (RFC 3168, section 5.3): it goes on as a packet
/// of the flow beside its own whose packets are marked so. Else it keeps the first fragment's field.
export function mergeEcn(k: Kernel, skb: Skb, seen: number): void {
  const flow = k.skbs.flow[skb]!;
  const marked = (seen & (1 << INET_ECN_CE)) !== 0;
  if (marked && (k.flows.tos[flow]! & INET_ECN_CE) !== INET_ECN_CE)
    k.skbs.flow[skb] = markedFlow(k, flow);
}

/// The flow that is like another one but for congestion met.
function markedFlow(k: Kernel, flow: number): number {
  const f = k.flows;
  const tos = f.tos[flow]! | INET_ECN_CE;
  for (let at = 0; at < f.count; at++)
    if (f.tos[at] === tos && f.sport[at] === f.sport[flow] && likeBut(k, at, flow)) return at;
  const syn = f.syn[flow]!;
  const [hopopts, dstopts] = [f.hopopts[flow]!, f.dstopts[flow]!];
  return addFlow(k, {
    ...{ dev: f.dev[flow]!, saddr: f.saddr[flow]!, daddr: f.daddr[flow]!, tos },
    ...{ sport: f.sport[flow]!, dport: f.dport[flow]!, proto: f.proto[flow]!, ttl: f.ttl[flow]! },
    ...{ ethertype: f.ethertype[flow]!, flow_label: f.flow_label[flow]! },
    ...{ remote: f.remote[flow]!, ...(syn && { syn }) },
    ...{ ...(hopopts && { hopopts }), ...(dstopts && { dstopts }) },
  });
}

const SAME = ['dport', 'proto', 'ttl', 'dev', 'flow_label', 'remote', 'saddr', 'daddr'] as const;

function likeBut(k: Kernel, at: number, flow: number): boolean {
  const { hopopts, dstopts, free } = k.flows;
  const same = SAME.every((name) => k.flows[name][at] === k.flows[name][flow]);
  const options = hopopts[at] === hopopts[flow] && dstopts[at] === dstopts[flow];
  return same && options && !free.includes(at);
}
