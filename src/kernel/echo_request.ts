/// Echo requests that a program sends by a raw socket: what ping does. Stands for raw_sendmsg() in
/// net/ipv4/raw.c and ip_fragment() in net/ipv4/ip_output.c as far as an echo request needs them.
/// Left out: fragments over lo, other hosts than the one at the end of the wire (nobody answers), the
/// question for a link address on the wire.
import { addFlow, addressText } from './flows.ts';
import type { ErrnoName } from './errno.ts';
import { countMib } from './mib.ts';
import { neighReachable } from './neighbour.ts';
import type { OutputRoute } from './route.ts';
import type { Cpu, Kernel, Outgoing } from './state.ts';
import { ip_local_out, sendFrame } from './transmit.ts';

const ETH_HLEN = 14;
const IP_HLEN = 20;
const IPPROTO_ICMP = 1;

/// The flow of the answers to echo requests with that identifier.
export function echoFlow(k: Kernel, out: OutputRoute, daddr: number, id: number): number {
  return addFlow(k, {
    dev: out.dev,
    saddr: addressText(daddr),
    daddr: addressText(out.saddr),
    sport: 0,
    dport: id,
    proto: IPPROTO_ICMP,
  });
}

/// Sends an echo request as an IP packet of `bytes`: EMSGSIZE when it is too large and may not be
/// cut, EPERM when a rule has dropped it, null when it was sent or waits for a link address for ever.
export function sendEcho(
  k: Kernel,
  out: OutputRoute,
  flow: number,
  bytes: number,
  mayFragment: boolean,
  icmp_seq = 0,
): ErrnoName | null {
  if (bytes > out.mtu && !mayFragment) return 'EMSGSIZE';
  k.mib.IcmpOutMsgs++;
  countMib(k, 'IcmpOutEchos');
  countMib(k, 'IcmpMsgOutType8');
  const c = k.cpus.find((one) => one.online)!;
  c.cursor_ns = Math.max(c.cursor_ns, k.now);
  const whole: Outgoing = {
    ...{ dev: out.dev, flow, proto: IPPROTO_ICMP, len: ETH_HLEN + bytes, arrives: 0, remote: -1 },
    ...{ tcp: null, icmp: 8 << 8, icmp_seq, gw: out.gw },
  };
  if (!ip_local_out(k, c, whole)) return 'EPERM';
  if (whole.dev > 0) ip_finish_output2(k, c, whole, bytes, out.mtu);
  else sendFrame(k, c, whole);
  return null;
}

// To the next hop, if it has a link address, in as many fragments as are needed.
function ip_finish_output2(k: Kernel, c: Cpu, whole: Outgoing, bytes: number, mtu: number): void {
  const dev = k.devs[whole.dev]!;
  const daddr = k.flows.saddr[whole.flow]!; // translated on the way, perhaps
  const { gw = 0 } = whole;
  const hop = gw === 0 ? daddr : addressText(gw);
  if (!neighReachable(k, dev, gw || k.flows.src[whole.flow]!, hop === dev.peer)) return;
  const room = bytes > mtu ? (mtu - IP_HLEN) & ~7 : bytes;
  const total = bytes - IP_HLEN;
  const pieces = bytes > mtu ? Math.ceil(total / room) : 1;
  if (pieces > 1) {
    k.mib.IpFragOKs++;
    k.mib.IpFragCreates += pieces;
  }
  for (let i = 0; i < pieces; i++) {
    const last = i === pieces - 1;
    const part = pieces === 1 ? total : last ? total - i * room : room;
    const len = ETH_HLEN + IP_HLEN + part;
    const answered = last && daddr === dev.peer;
    sendFrame(k, c, { ...whole, len, ...(answered && { echo: bytes }) });
  }
}
