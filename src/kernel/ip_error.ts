/// What happens to a packet that no route takes. Stands for ip_error() in net/ipv4/route.c.
/// A host drops it silently, a router tells the sender; both count.
import { ICMP, ICMP_CODE, icmp_send } from './icmp.ts';
import { devConf } from './in_device.ts';
import { inet_getpeer_v4 } from './inetpeer.ts';
import { jiffies } from './jiffies.ts';
import { kfree_skb_reason } from './ledger.ts';
import { REASON } from './reasons.ts';
import type { Cpu, Dst, Kernel, Skb } from './state.ts';
import { STEP } from './tracing.ts';

/// net/ipv4/route.c:ip_error()
export function ip_error(k: Kernel, c: Cpu, skb: Skb, dst: Dst): void {
  const dev = k.devs[k.skbs.dev[skb]!]!;
  const forwards = devConf(k, dev, 'forwarding') !== 0;
  let reason: number = REASON.NOT_SPECIFIED;
  if (dst.error === 'ENETUNREACH') {
    reason = REASON.IP_INNOROUTES;
    k.mib.IpExtInNoRoutes++;
  } else if (dst.error === 'EHOSTUNREACH' && !forwards) {
    reason = REASON.IP_INADDRERRORS;
    k.mib.IpInAddrErrors++;
  }
  const code = forwards ? codeOf(dst.error) : null;
  if (code !== null && mayComplain(k, k.flows.src[k.skbs.flow[skb]!]!))
    icmp_send(k, c, skb, ICMP.DEST_UNREACH, code);
  kfree_skb_reason(k, c, skb, reason, STEP.ROUTE);
}

function codeOf(error: string): number | null {
  switch (error) {
    case 'EHOSTUNREACH':
      return ICMP_CODE.HOST_UNREACH;
    case 'ENETUNREACH':
      return ICMP_CODE.NET_UNREACH;
    case 'EACCES':
      return ICMP_CODE.PKT_FILTERED;
    default:
      return null;
  }
}

/// A bucket for each sender, beside ICMP's own limits: net.ipv4.route.error_cost and error_burst.
function mayComplain(k: Kernel, addr: number): boolean {
  const peer = k.peers[inet_getpeer_v4(k, addr)]!;
  const now = jiffies(k);
  const burst = Number(k.sysctl['net.ipv4.route.error_burst']);
  const cost = Number(k.sysctl['net.ipv4.route.error_cost']);
  peer.rate_tokens = Math.min(peer.rate_tokens + now - peer.rate_last, burst);
  peer.rate_last = now;
  if (peer.rate_tokens < cost) return false;
  peer.rate_tokens -= cost;
  return true;
}
