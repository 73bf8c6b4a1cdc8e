/// Tracking of the protocols without states of their own: UDP, ICMP, ICMPv6 and everything else.
/// Stands for nf_conntrack_proto_udp.c, nf_conntrack_proto_icmp.c, nf_conntrack_proto_icmpv6.c and
/// generic_packet() in net/netfilter.
/// Left out: UDP-Lite, SCTP, DCCP and GRE, which are tracked as any other protocol.
import { jiffies } from '../../jiffies.ts';
import type { Cpu, Kernel } from '../../state.ts';
import { NF_ACCEPT, NF_INET_PRE_ROUTING } from '../types.ts';
import { logInvalid } from './log_invalid.ts';
import { __nf_ct_refresh_acct } from './refresh.ts';
import { tableOf } from './table.ts';
import { nf_conntrack_tcp_packet } from './tcp.ts';
import { validNew } from './tuple.ts';
import { IPS_ASSURED, IPS_CONFIRMED, IPS_SEEN_REPLY, ORIGINAL, type CtPacket } from './types.ts';

const IPPROTO_ICMP = 1;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;
const IPPROTO_ICMPV6 = 58;

/// NF_ACCEPT, or negated what the hook answers.
/// net/netfilter/nf_conntrack_core.c:nf_conntrack_handle_packet()
export function nf_conntrack_handle_packet(k: Kernel, c: Cpu, p: CtPacket): number {
  const { settings } = tableOf(k);
  switch (p.tuple.proto) {
    case IPPROTO_TCP:
      return nf_conntrack_tcp_packet(k, c, p);
    case IPPROTO_UDP:
      return nf_conntrack_udp_packet(k, c, p);
    case IPPROTO_ICMP:
      return icmp(k, p, settings.icmp);
    case IPPROTO_ICMPV6:
      return icmp(k, p, settings.icmpv6);
    default:
      __nf_ct_refresh_acct(k, p, settings.generic);
      return NF_ACCEPT;
  }
}

// Two ways seen: a stream when it still goes on two seconds after it began.
function nf_conntrack_udp_packet(k: Kernel, c: Cpu, p: CtPacket): number {
  const ct = tableOf(k);
  const { settings } = ct;
  if (p.bad_csum && settings.checksum && p.hook === NF_INET_PRE_ROUTING) {
    logInvalid(k, c, p, IPPROTO_UDP, 'bad checksum');
    return -NF_ACCEPT;
  }
  const entry = ct.entries[p.entry]!;
  const { status } = entry;
  const now = jiffies(k);
  if (!(status & IPS_CONFIRMED)) entry.stream_ts = 2 * k.desc.hz + now;
  if (!(status & IPS_SEEN_REPLY)) {
    __nf_ct_refresh_acct(k, p, settings.udp[0]!);
    return NF_ACCEPT;
  }
  const stream = now > entry.stream_ts;
  __nf_ct_refresh_acct(k, p, settings.udp[stream ? 1 : 0]!);
  if (stream) entry.status |= IPS_ASSURED;
  return NF_ACCEPT;
}

// Only a request begins something; its replies come back under the same identifier.
function icmp(k: Kernel, p: CtPacket, timeout: number): number {
  const first = tableOf(k).entries[p.entry]!.tuple[ORIGINAL]!;
  if (!validNew(first.proto, first.dport >>> 8)) return -NF_ACCEPT;
  __nf_ct_refresh_acct(k, p, timeout);
  return NF_ACCEPT;
}
