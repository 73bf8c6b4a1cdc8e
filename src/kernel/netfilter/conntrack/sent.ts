/// Tracking of what the host sends. Stands for ipv4_conntrack_local() and nf_confirm() on the way out.
/// Left out: rules of OUTPUT and POSTROUTING, which frames of the host itself do not meet here; each frame
/// of a datagram that is cut up counts as a packet.
import type { Cpu, Kernel, Outgoing } from '../../state.ts';
import { NFPROTO_IPV6, NF_ACCEPT, NF_INET_LOCAL_OUT } from '../types.ts';
import { confirmEntry, nf_conntrack_in } from './core.ts';
import { translateSent } from './nat_packet.ts';
import { sentPacket } from './packet.ts';
import { directionOf } from './refresh.ts';
import { IP_CT_RELATED, IP_CT_RELATED_REPLY, ORIGINAL } from './types.ts';

/// A frame that the host sends: tracked at LOCAL_OUT, translated where its connection is, confirmed at
/// POST_ROUTING. False: it is not to be sent. The direction in, which names the flow, is put back to what
/// the other end knows. A frame that has its connection already is only translated.
export function trackSent(k: Kernel, c: Cpu, out: Outgoing): boolean {
  const { ct } = k.nf;
  const six = k.flows.family[out.flow] === NFPROTO_IPV6;
  if (ct === null || out.proto === 0 || !(six ? ct.hooked6 : ct.hooked4)) return true;
  if (out.nfct !== undefined) {
    const reply = directionOf(out.nfct & 7) === ORIGINAL; // nf_conntrack_attach()
    translateSent(k, out, out.nfct >> 3, reply ? IP_CT_RELATED_REPLY : IP_CT_RELATED);
    return true;
  }
  const p = sentPacket(k, out, NF_INET_LOCAL_OUT);
  if (p === null) return true;
  if (nf_conntrack_in(k, c, p) !== NF_ACCEPT) return false;
  if (p.entry < 0) return true;
  const { entry, ctinfo } = p;
  translateSent(k, out, entry, ctinfo);
  return confirmEntry(k, c, entry, ctinfo);
}
