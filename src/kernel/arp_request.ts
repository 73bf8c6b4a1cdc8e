/// ARP requests that a program sends by a packet socket: what arping does. Stands for packet_sendmsg() in
/// net/packet/af_packet.c as far as a whole frame from user space needs it.
/// Left out: that a request goes to one station only is not seen on the wire here.
import { ARPOP_REPLY } from './arp.ts';
import { addFlow } from './flows.ts';
import type { Kernel } from './state.ts';
import { transmit } from './transmit.ts';

const ARP_FRAME = 42;
const ARPOP_REQUEST = 1;
const ETH_P_ARP = 0x0806;

/// The flow of the replies that tell an address on a device.
export function arpReplyFlow(k: Kernel, dev: number, own: string, asked: string): number {
  const ends = { saddr: asked, daddr: own, sport: ARPOP_REPLY, dport: 0 };
  return addFlow(k, { dev, ...ends, ethertype: ETH_P_ARP, proto: 0 });
}

/// Asks who has the address of that flow's sender. The machine at the other end tells its own.
export function sendArpRequest(k: Kernel, dev: number, flow: number): void {
  const c = k.cpus.find((one) => one.online)!;
  c.cursor_ns = Math.max(c.cursor_ns, k.now);
  const asks = k.flows.saddr[flow] === k.devs[dev]!.peer;
  transmit(k, c, {
    ...{ dev, flow, proto: 0, len: ARP_FRAME, arrives: 0, remote: -1, tcp: null },
    icmp: ARPOP_REQUEST,
    ...(asks && { asks }),
  });
}
