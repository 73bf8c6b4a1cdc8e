/// What the host sends: a frame is counted at its device and reaches the other end of the wire when
/// its last bit is there. The link is full duplex, so what arrives does not slow it.
/// Stands for ip_queue_xmit() and dev_queue_xmit() as far as answers need them: ACK, SYN-ACK, RST,
/// ICMP, ARP.
/// Left out: queueing disciplines, the transmit ring and its interrupt, netfilter on the way out,
/// neighbours, more than one frame from one packet. A device that is down loses the frame uncounted.
///
/// The other end answers to TCP (remote/) and to echo requests; whatever else arrives there is the end of it.
import { addSlot, setTime } from '../engine/agenda.ts';
import { dev_queue_xmit_nit } from './af_packet.ts';
import { COSTS } from './costs.ts';
import { maskHas } from './cpumask.ts';
import { OUTGOING } from './events.ts';
import { echoArrives } from './remote/echo.ts';
import { framePs, MIN_FRAME } from './link_time.ts';
import { trackSent } from './netfilter/conntrack/sent.ts';
import { remoteReceive } from './remote/remote_receive.ts';
import type { Cpu, Kernel, NetDevice, Outgoing, TxQueue } from './state.ts';
import { noteStep, STEP } from './tracing.ts';
import { descend } from './upper_xmit.ts';

const FCS = 4;
const ETH_HLEN = 14;
const AF_INET = 2;
const ETH_P_ARP = 0x0806;
const IPPROTO_ICMP = 1;

/// Sends a frame: `out.arrives` is set here. The caller pays for what it has done before; this
/// adds the cost of IP and of the device.
export function transmit(k: Kernel, c: Cpu, out: Outgoing): void {
  let dev = k.devs[out.dev]!;
  noteStep(k, c, STEP.TRANSMIT, -1, out.len);
  c.cursor_ns += COSTS.dev_queue_xmit.ns;
  if (k.flows.family[out.flow] === AF_INET && k.flows.ethertype[out.flow] !== ETH_P_ARP) {
    k.mib.IpOutRequests = (k.mib.IpOutRequests ?? 0) + 1;
    k.mib.IpOutTransmits = (k.mib.IpOutTransmits ?? 0) + 1;
    k.mib.IpExtOutOctets = (k.mib.IpExtOutOctets ?? 0) + out.len - ETH_HLEN;
  }
  if (k.nf.ct !== null && !trackSent(k, c, out)) return;
  if (!dev.up || !dev.carrier || k.now < dev.link_down_until) return;
  if (k.packet.nit > 0) dev_queue_xmit_nit(k, c, out);
  while (dev.links.kind !== '') {
    const next = descend(k, dev, out.flow, out.len, 1);
    if (next.dev === null || !next.dev.up || !next.dev.carrier) return;
    dev = next.dev;
    out.dev = k.devs.indexOf(dev);
    if (next.tag >= 0) out.vlan_tci = next.tag;
    if (k.packet.nit > 0) dev_queue_xmit_nit(k, c, out);
  }
  const len = Math.max(MIN_FRAME, out.len);
  countSent(k, c, dev, out.flow, out.len);
  const start_ps = Math.max(c.cursor_ns * 1000, dev.outgoing_ps);
  dev.outgoing_ps = start_ps + framePs(dev, len);
  // A piece's steps lie before its end, so a short wire could make it arrive before now.
  out.arrives = Math.max(k.now, Math.ceil(dev.outgoing_ps / 1000) + dev.propagation_ns);
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
}

/// A packet that came in by another device leaves by this one, as `pieces` frames of `len` bytes
/// together. Nobody looks at it on the other side.
export function forwardFrame(
  k: Kernel,
  c: Cpu,
  by: NetDevice,
  flow: number,
  len: number,
  pieces: number,
): void {
  let dev = by;
  c.cursor_ns += COSTS.dev_queue_xmit.ns;
  while (dev.links.kind !== '') {
    const next = descend(k, dev, flow, len, pieces).dev;
    if (next === null) return;
    dev = next;
  }
  if (!dev.up || !dev.carrier || k.now < dev.link_down_until) return;
  for (let i = 0; i < pieces; i++) countSent(k, c, dev, flow, Math.ceil(len / pieces));
  const start_ps = Math.max(c.cursor_ns * 1000, dev.outgoing_ps);
  dev.outgoing_ps = start_ps + pieces * framePs(dev, Math.ceil(len / pieces));
}

function countSent(k: Kernel, c: Cpu, dev: NetDevice, flow: number, len: number): void {
  dev.hw.tx_packets = (dev.hw.tx_packets ?? 0) + 1;
  dev.hw.tx_bytes = (dev.hw.tx_bytes ?? 0) + Math.max(MIN_FRAME, len) + FCS;
  const q = txQueue(k, c, dev, flow);
  if (!q) return;
  q.packets++;
  q.bytes += len;
}

/// By the CPU where XPS says so, else by the flow's hash. net/core/dev.c:netdev_pick_tx()
function txQueue(k: Kernel, c: Cpu, dev: NetDevice, flow: number): TxQueue | undefined {
  for (const q of dev.tx) if (q.xps_cpus.length > 0 && maskHas(q.xps_cpus, c.id)) return q;
  return dev.tx[Math.floor((k.flows.hash[flow]! * dev.tx.length) / 2 ** 32)];
}
