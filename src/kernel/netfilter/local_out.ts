/// What the host itself sends meets its hooks: LOCAL_OUT, a new route when its destination was translated, and
/// POST_ROUTING, for both families. Stands for the hooks in __ip_local_out() and ip_output()
/// (net/ipv4/ip_output.c) and their likes of IPv6.
/// The rules read a packet and a row of the flow table that stand for what is sent, and end with it.
/// Left out: answers to what is rejected here (they would go over lo), a new route for what rules have marked or
/// whose TOS they have changed (chains of type route), the identification of IPv4 packets, who owns the socket.
import { addFlow, addressNumber } from '../flows.ts';
import { addressBytes, isLinkLocal6 } from '../address.ts';
import { inet_addr_type } from '../fib_semantics.ts';
import { RTN } from '../fib_trie.ts';
import { ip6_route_output } from '../ip6_route.ts';
import { flowKey, ip_route_output_key_hash } from '../route.ts';
import {
  FLAG_DF,
  FLAG_ECHO_SEQ,
  FLAG_IPID,
  FLAG_MARK,
  FLAG_NFCT,
  FLAG_TCP,
  releaseSkb,
  takeSkb,
} from '../skb.ts';
import type { Cpu, Kernel, Outgoing, Skb } from '../state.ts';
import { dropStep, stepIndex } from '../tracing.ts';
import { hookList } from './hook_lists.ts';
import { REASON } from '../reasons.ts';
import { answersFlow } from './conntrack/nat_packet.ts';
import { sendNow } from './conntrack/packet.ts';
import { nf_conntrack_put } from './conntrack/put.ts';
import { nf_conntrack_attach } from './conntrack/refresh.ts';
import { takeRejection } from './rejection.ts';
import { runHooks } from './run_hooks.ts';
import {
  NFPROTO_IPV4,
  NF_ACCEPT,
  NF_DROP,
  NF_INET_LOCAL_OUT,
  NF_INET_POST_ROUTING,
} from './types.ts';

const ETH_HLEN = 14;
const IPPROTO_ICMP = 1;
const IPPROTO_TCP = 6;
const IPPROTO_ICMPV6 = 58;
const ICMP_ECHO = 8;
const ICMPV6_ECHO_REQUEST = 128;
const ICMPV6_ECHO_REPLY = 129;
const TCPHDR_RST = 4;
const IPTOS_TOS_MASK = 0x1e;
const IPTOS_PREC_INTERNETCONTROL = 0xc0;

/// Leads a packet through the hooks. False: dropped. out.dev and out.gw are others when its destination was
/// translated, out.flow when the answers to it are. Called only while k.nf.out is not 0.
export function hookSent(k: Kernel, c: Cpu, out: Outgoing): boolean {
  const flow = rowFor(k, out);
  const skb = packetFor(k, out, flow);
  const before = k.flows.daddr[flow]!;
  const pf = k.flows.family[flow]!;
  sendNow(skb, out);
  const passed =
    passes(k, c, pf, NF_INET_LOCAL_OUT, skb, out.dev) &&
    (k.flows.daddr[flow] === before || ip_route_me_harder(k, skb, out)) &&
    passes(k, c, pf, NF_INET_POST_ROUTING, skb, out.dev);
  sendNow(-1, null);
  if (passed) {
    out.flow = answersFlow(k, skb, out);
    // Over lo a packet keeps its connection.
    if (out.dev === 0 && k.skbs.flags[skb]! & FLAG_NFCT) out.ct = k.skbs.nfct[skb]!;
  }
  if (k.skbs.flags[skb]! & FLAG_NFCT) nf_conntrack_put(k, skb);
  releaseSkb(k.skbs, skb);
  return passed;
}

const STEPS = [stepIndex('EG-11'), stepIndex('EG-12')];

// A packet of the host's own is none of the ledger: dropped, it simply ends. Its sender is not answered.
function passes(k: Kernel, c: Cpu, pf: number, hook: number, skb: Skb, outdev: number): boolean {
  const list = k.nf.hooks[hookList(pf, hook)]!;
  const verdict = runHooks(k, c, list, pf, hook, skb, -1, outdev);
  takeRejection();
  if (verdict === NF_DROP) {
    const step = STEPS[hook - NF_INET_LOCAL_OUT]!;
    dropStep(k, c, step, -1, REASON.NETFILTER_DROP);
  }
  return verdict === NF_ACCEPT;
}

/// The row of the flow table that describes the packet as it leaves; written anew for each.
function rowFor(k: Kernel, out: Outgoing): number {
  const f = k.flows;
  if (k.nf.sent_flow < 0)
    k.nf.sent_flow = addFlow(k, {
      ...{ dev: out.dev, saddr: '0.0.0.0', daddr: '0.0.0.0', sport: 0, dport: 0 },
    });
  const row = k.nf.sent_flow;
  const of = out.flow;
  const four = f.family[of] === NFPROTO_IPV4;
  f.family[row] = f.family[of]!;
  f.proto[row] = out.proto;
  f.ethertype[row] = f.ethertype[of]!;
  f.saddr[row] = out.saddr ?? f.daddr[of]!;
  f.daddr[row] = f.saddr[of]!;
  f.src[row] = four && out.saddr !== undefined ? addressNumber(out.saddr) : f.dst[of]!;
  f.dst[row] = f.src[of]!;
  f.dev[row] = -1; // nothing arrives as this flow
  f.ttl[row] = Number(
    four
      ? k.sysctl['net.ipv4.ip_default_ttl']
      : k.sysctl[`net.ipv6.conf.${k.devs[out.dev]!.name}.hop_limit`],
  );
  f.tos[row] = tosOf(k, out);
  if (out.proto === IPPROTO_ICMP || out.proto === IPPROTO_ICMPV6) {
    f.sport[row] = messageOf(k, out);
    f.dport[row] = f.proto[of] === out.proto ? f.dport[of]! : 0;
  } else {
    f.sport[row] = f.dport[of]!;
    f.dport[row] = f.sport[of]!;
  }
  return row;
}

// Type and code.
function messageOf(k: Kernel, out: Outgoing): number {
  if (out.icmp !== undefined) return out.icmp;
  const asked = k.flows.sport[out.flow]! >>> 8;
  if (out.proto === IPPROTO_ICMP) return 0;
  return (asked === ICMPV6_ECHO_REQUEST ? ICMPV6_ECHO_REPLY : asked) << 8;
}

// A reset and an echo reply have the asker's, an ICMP error the asker's with a precedence of its own.
// net/ipv4/tcp_ipv4.c:tcp_v4_send_reset(), net/ipv4/icmp.c:__icmp_send()
function tosOf(k: Kernel, out: Outgoing): number {
  const tos = k.flows.tos[out.flow]!;
  if (out.proto === IPPROTO_TCP) return out.tcp !== null && out.tcp.flags & TCPHDR_RST ? tos : 0;
  if (out.proto !== IPPROTO_ICMP || k.flows.proto[out.flow] === IPPROTO_ICMP) return tos;
  return (tos & IPTOS_TOS_MASK) | IPTOS_PREC_INTERNETCONTROL;
}

/// The packet that the rules look at.
function packetFor(k: Kernel, out: Outgoing, flow: number): Skb {
  const pool = k.skbs;
  const skb = takeSkb(pool);
  pool.flow[skb] = flow;
  pool.len[skb] = out.len;
  pool.dev[skb] = out.dev;
  pool.serial[skb] = -1;
  const { tcp } = out;
  const four = k.flows.family[flow] === NFPROTO_IPV4;
  // TCP sets DF, and so does what a raw socket sends while it fits; ICMP's own socket does not.
  const df = four && (tcp !== null || (out.icmp !== undefined && out.icmp >> 8 === ICMP_ECHO));
  let flags = df && out.len - ETH_HLEN <= k.devs[out.dev]!.mtu ? FLAG_DF : FLAG_IPID;
  pool.ipid[skb] = 0;
  if (tcp !== null) {
    flags |= FLAG_TCP;
    pool.seq[skb] = tcp.seq;
    pool.ack_seq[skb] = tcp.ack_seq;
    pool.tcp_flags[skb] = tcp.flags;
    pool.window[skb] = tcp.window;
    pool.payload[skb] = 0;
  }
  if (out.icmp_seq !== undefined) {
    flags |= FLAG_ECHO_SEQ;
    pool.seq[skb] = out.icmp_seq;
  }
  if (out.nfct !== undefined) {
    flags |= FLAG_NFCT;
    pool.nfct[skb] = nf_conntrack_attach(out.nfct);
  }
  pool.flags[skb] = flags;
  return skb;
}

/// The route to where a packet goes now. False: there is none.
/// net/ipv4/netfilter.c:ip_route_me_harder(), net/ipv6/netfilter.c:ip6_route_me_harder()
function ip_route_me_harder(k: Kernel, skb: Skb, out: Outgoing): boolean {
  const f = k.flows;
  const row = k.skbs.flow[skb]!;
  if (f.family[row] !== NFPROTO_IPV4) {
    const daddr = f.daddr[row]!;
    out.dev = ip6_route_output(k, addressBytes(daddr), isLinkLocal6(daddr) ? out.dev : -1);
    return out.dev >= 0;
  }
  const found = ip_route_output_key_hash(
    k,
    flowKey({
      daddr: f.dst[row]!,
      // An address of somebody else (a reset for a forwarded segment) chooses no route.
      saddr: inet_addr_type(k, f.src[row]!) === RTN.LOCAL ? f.src[row]! : 0,
      tos: f.tos[row]!,
      mark: k.skbs.flags[skb]! & FLAG_MARK ? k.skbs.mark[skb]! >>> 0 : 0,
      proto: f.proto[row]!,
    }),
  );
  if (typeof found === 'string') return false;
  out.dev = found.dev;
  out.gw = found.gw;
  return true;
}
