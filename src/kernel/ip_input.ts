/// IPv4 input for packets to this host. Stands for net/ipv4/ip_input.c.
/// Left out: forwarding, fragments, options, netfilter rules, early demux, header errors (the
/// traffic here has none).
import { COSTS } from './costs.ts';
import { kfree_skb_reason } from './ledger.ts';
import { REASON } from './reasons.ts';
import { FLAG_FOREIGN } from './skb.ts';
import type { Cpu, Kernel, Skb } from './state.ts';
import { STEP, takeStep } from './tracing.ts';
import { udp_rcv } from './udp.ts';

const ETH_HLEN = 14;

/// Is this packet for us? net/ipv4/ip_input.c:ip_rcv(), ip_rcv_core()
export function ip_rcv(k: Kernel, c: Cpu, skb: Skb): void {
  takeStep(k, c, STEP.IP_RCV, skb, COSTS.ip_rcv.ns);
  if (k.skbs.flags[skb]! & FLAG_FOREIGN) {
    k.devs[k.skbs.dev[skb]!]!.rx_otherhost_dropped++;
    return kfree_skb_reason(k, c, skb, REASON.OTHERHOST, STEP.IP_RCV);
  }
  k.mib.IpInReceives++;
  // The MIB counts the whole packet; the length here still has Ethernet's padding.
  k.mib.IpExtInOctets += k.skbs.len[skb]! - ETH_HLEN;
  k.mib.IpExtInNoECTPkts++;
  c.cursor_ns += COSTS.nf_hook_slow.ns;
  ip_rcv_finish(k, c, skb);
}

function ip_rcv_finish(k: Kernel, c: Cpu, skb: Skb): void {
  takeStep(k, c, STEP.ROUTE, skb, COSTS.ip_route_input_noref.ns);
  ip_local_deliver(k, c, skb);
}

function ip_local_deliver(k: Kernel, c: Cpu, skb: Skb): void {
  takeStep(k, c, STEP.LOCAL_IN, skb, COSTS.ip_local_deliver.ns);
  ip_protocol_deliver_rcu(k, c, skb);
}

function ip_protocol_deliver_rcu(k: Kernel, c: Cpu, skb: Skb): void {
  takeStep(k, c, STEP.TRANSPORT, skb, COSTS.ip_protocol_deliver_rcu.ns);
  udp_rcv(k, c, skb);
  k.mib.IpInDelivers++;
}
