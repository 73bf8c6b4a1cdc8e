/// What the host sends: a frame is counted at its device and reaches the other end of the wire when
/// its last bit is there. The link is full duplex, so what arrives does not slow it.
/// Stands for ip_queue_xmit() and dev_queue_xmit() as far as answers need them: ACK, SYN-ACK, RST,
/// ICMP, ARP.
/// Left out: queueing disciplines, the transmit ring and its interrupt, neighbours. A device that is
/// down loses the frame uncounted.
///
/// The other end answers to TCP (remote/) and to echo requests; whatever else arrives there is the end of it.
import { addSlot, setTime } from '../engine/agenda.ts';
import { dev_queue_xmit_nit } from './af_packet.ts';
import { COSTS } from './costs.ts';
import { OUTGOING } from './events.ts';
import { countIp6 } from './ipv6_mib.ts';
import { countMib } from './mib.ts';
import { peerAnswers } from './remote/answers.ts';
import { echoArrives } from './remote/echo.ts';
import { framePs, MIN_FRAME } from './link_time.ts';
import { hookSent } from './netfilter/local_out.ts';
import { remoteReceive } from './remote/remote_receive.ts';
import type { Cpu, Kernel, NetDevice, Outgoing, Sock, TxQueue } from './state.ts';
import { noteStep, STEP } from './tracing.ts';
import { descend } from './upper_xmit.ts';
import { netdev_pick_tx, type TxPacket } from './xps.ts';

const FCS = 4;
const ETH_HLEN = 14;
const AF_INET = 2;
const ETH_P_ARP = 0x0806;
const ETH_P_IPV6 = 0x86dd;
const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;

/// Sends a packet of one frame. False: a rule has dropped it, which the kernel tells its sender as EPERM.
export function transmit(k: Kernel, c: Cpu, out: Outgoing): boolean {
  const { dev } = out;
  if (k.flows.ethertype[out.flow] !== ETH_P_ARP && !ip_local_out(k, c, out)) return false;
  // Translated to the host itself, it would go over lo, which takes echoes only (loopback.ts).
  if (out.dev !== 0 || dev === 0 || out.proto === IPPROTO_ICMP) sendFrame(k, c, out);
  return true;
}

/// Counts a packet that the host sends, and leads it through the hooks: out.dev and out.flow may be
/// others afterwards. False: a rule has dropped it.
/// net/ipv4/ip_output.c:ip_local_out(), net/ipv6/output_core.c:ip6_local_out()
export function ip_local_out(k: Kernel, c: Cpu, out: Outgoing): boolean {
  const four = k.flows.family[out.flow] === AF_INET;
  if (four) k.mib.IpOutRequests = (k.mib.IpOutRequests ?? 0) + 1;
  else countIp6(k, out.dev, 'Ip6OutRequests');
  if (k.nf.out === 0 || hookSent(k, c, out)) return true;
  // ip_send_skb() counts it; what TCP's sockets send goes another way, and counts nowhere.
  if (out.proto === IPPROTO_ICMP) countMib(k, 'IpOutDiscards');
  if (out.proto === IPPROTO_ICMPV6) countIp6(k, out.dev, 'Ip6OutDiscards');
  return false;
}

/// One frame to its device: `out.arrives` is set here. The caller pays for what it has done before; this
/// adds the cost of the device. net/ipv4/ip_output.c:ip_finish_output2(), net/core/dev.c:__dev_queue_xmit()
export function sendFrame(k: Kernel, c: Cpu, out: Outgoing): void {
  let dev = k.devs[out.dev]!;
  noteStep(k, c, STEP.TRANSMIT, -1, out.len);
  c.cursor_ns += COSTS.dev_queue_xmit.ns;
  if (k.flows.family[out.flow] === AF_INET && k.flows.ethertype[out.flow] !== ETH_P_ARP) {
    k.mib.IpOutTransmits = (k.mib.IpOutTransmits ?? 0) + 1;
    k.mib.IpExtOutOctets = (k.mib.IpExtOutOctets ?? 0) + out.len - ETH_HLEN;
  } else if (k.flows.ethertype[out.flow] === ETH_P_IPV6) {
    countIp6(k, out.dev, 'Ip6OutTransmits');
    countIp6(k, out.dev, 'Ip6OutOctets', out.len - ETH_HLEN);
  }
  if (!dev.up || !dev.carrier || k.now < dev.link_down_until) return;
  if (k.packet.nit > 0) dev_queue_xmit_nit(k, c, out);
  if (out.dev === 0) {
    out.cpu = c.id;
    out.arrives = Math.max(k.now, Math.ceil(c.cursor_ns));
    return onItsWay(k, dev, out);
  }
  while (dev.links.kind !== '') {
    const next = descend(k, dev, out.flow, out.len, 1);
    if (next.dev === null || !next.dev.up || !next.dev.carrier) return;
    dev = next.dev;
    out.dev = k.devs.indexOf(dev);
    if (next.tag >= 0) out.vlan_tci = next.tag;
    if (k.packet.nit > 0) dev_queue_xmit_nit(k, c, out);
  }
  const len = Math.max(MIN_FRAME, out.len);
  countSent(k, c, dev, out.flow, out.len, -1, senderOf(k, out));
  const start_ps = Math.max(c.cursor_ns * 1000, dev.outgoing_ps);
  dev.outgoing_ps = start_ps + framePs(dev, len);
  // A piece's steps lie before its end, so a short wire could make it arrive before now.
  out.arrives = Math.max(k.now, Math.ceil(dev.outgoing_ps / 1000) + dev.propagation_ns);
  onItsWay(k, dev, out);
}

function onItsWay(k: Kernel, dev: NetDevice, out: Outgoing): void {
  dev.outgoing.push(out);
  if (dev.outgoing_slot < 0) dev.outgoing_slot = addSlot(k.agenda, OUTGOING, out.dev);
  if (dev.outgoing.length === 1) setTime(k.agenda, dev.outgoing_slot, out.arrives);
}

/// The first frame on its way has arrived at the other end.
export function outgoingArrives(k: Kernel, dev: NetDevice): void {
  const out = dev.outgoing.shift();
  if (!out) throw new Error(`${dev.name} has no frame on its way at ${k.now} ns`);
  setTime(k.agenda, dev.outgoing_slot, dev.outgoing[0]?.arrives ?? Infinity);
  if (out.remote >= 0 && out.tcp !== null)
    remoteReceive(k, k.remotes[out.remote]!, out.flow, out.tcp);
  else if (out.proto === IPPROTO_ICMP) echoArrives(k, dev, out);
  else if (out.asks === true || out.tftp !== undefined) peerAnswers(k, dev, out);
}

/// A packet that came in by another device leaves by this one, as `pieces` frames of `len` bytes
/// together; `rx_queue` is the receive queue that its driver recorded, -1: none. Nobody looks at it on the
/// other side.
export function forwardFrame(
  k: Kernel,
  c: Cpu,
  by: NetDevice,
  flow: number,
  len: number,
  pieces: number,
  rx_queue = -1,
): void {
  let dev = by;
  c.cursor_ns += COSTS.dev_queue_xmit.ns;
  while (dev.links.kind !== '') {
    const next = descend(k, dev, flow, len, pieces).dev;
    if (next === null) return;
    dev = next;
  }
  if (!dev.up || !dev.carrier || k.now < dev.link_down_until) return;
  for (let i = 0; i < pieces; i++)
    countSent(k, c, dev, flow, Math.ceil(len / pieces), rx_queue, null);
  const start_ps = Math.max(c.cursor_ns * 1000, dev.outgoing_ps);
  dev.outgoing_ps = start_ps + pieces * framePs(dev, Math.ceil(len / pieces));
}

/// The connection whose packet it is; null: what no connection has sent.
function senderOf(k: Kernel, out: Outgoing): Sock | null {
  const sk = out.tcp === null ? undefined : k.socks[k.flows.sock[out.flow]!];
  return sk !== undefined && sk.tcp !== null ? sk : null;
}

function countSent(
  k: Kernel,
  c: Cpu,
  dev: NetDevice,
  flow: number,
  len: number,
  rx_queue: number,
  sk: Sock | null,
): void {
  dev.hw.tx_packets = (dev.hw.tx_packets ?? 0) + 1;
  dev.hw.tx_bytes = (dev.hw.tx_bytes ?? 0) + Math.max(MIN_FRAME, len) + FCS;
  const q = netdev_core_pick_tx(k, c, dev, flow, rx_queue, sk);
  if (!q) return;
  q.packets++;
  q.bytes += len;
}

// The packet in hand; of no meaning between two of them.
const leaving: TxPacket = {
  ...{ hash: 0, cpu: 0, priority: 0, rx_queue: -1, sk: null },
  ooo_okay: true, // what a socket sent before has left: nothing waits in a discipline or in a ring here
};

/// net/core/dev.c:netdev_core_pick_tx()
function netdev_core_pick_tx(
  k: Kernel,
  c: Cpu,
  dev: NetDevice,
  flow: number,
  rx_queue: number,
  sk: Sock | null,
): TxQueue | undefined {
  if (dev.tx.length <= 1) return dev.tx[0];
  leaving.hash = k.flows.hash[flow]!;
  leaving.cpu = c.id;
  leaving.rx_queue = rx_queue;
  leaving.sk = sk;
  return dev.tx[netdev_pick_tx(dev, leaving)];
}
