/// Frames that XDP sends out of a NIC: from the driver's own transmit ring, past the stack.
/// Stands for ndo_xdp_xmit(): igb_xdp_xmit(), virtnet_xdp_xmit() and vmxnet3_xdp_xmit(), and for what they do
/// for XDP_TX.
/// Left out: completion of the ring by an interrupt; it has room again as soon as the wire has taken a frame.
/// Where the link has no speed (virtio) the ring never fills.
import { leaveHost } from '../ledger.ts';
import { framePs, MIN_FRAME } from '../link_time.ts';
import type { Cpu, Kernel, NetDevice, Skb } from '../state.ts';
import type { XdpCounts } from './types.ts';

const FCS = 4;

/// What XDP has counted on that queue of the device.
export function xdpCounts(dev: NetDevice, queue: number): XdpCounts {
  while (dev.xdp_counts.length <= queue)
    dev.xdp_counts.push({
      ...{ packets: 0, tx: 0, tx_err: 0, redirects: 0, redirects_err: 0, drops: 0, aborted: 0 },
      ...{ xmit: 0, xmit_drops: 0, redirected: 0 },
    });
  return dev.xdp_counts[queue]!;
}

/// Whether a device takes frames from XDP: the feature NETDEV_XDP_ACT_NDO_XMIT, which the drivers here set
/// while they have a native program.
export function takesXdpFrames(dev: NetDevice): boolean {
  return dev.xdp !== null;
}

/// Whether the frame may leave by that device. include/linux/filter.h:xdp_ok_fwd_dev()
export function xdp_ok_fwd_dev(dev: NetDevice, len: number): boolean {
  return dev.up && len <= dev.mtu + 14 + 4;
}

/// Sends a frame on the transmit queue of this CPU, and counts it there as XDP's. False when the ring is full
/// or the link is down: the frame is then still the caller's.
export function xdpXmit(k: Kernel, c: Cpu, dev: NetDevice, skb: Skb): boolean {
  const counts = xdpCounts(dev, c.id % dev.tx.length);
  counts.xmit++;
  const sent = sendFrame(k, c, dev, skb);
  if (!sent) counts.xmit_drops++;
  return sent;
}

/// The same for whoever hands the driver an skb past the queueing discipline.
export function sendFrame(k: Kernel, c: Cpu, dev: NetDevice, skb: Skb): boolean {
  if (!dev.up || !dev.carrier || dev.path < 0) return false;
  const len = k.skbs.len[skb]!;
  const now_ps = c.cursor_ns * 1000;
  const frame_ps = framePs(dev, len);
  const start_ps = Math.max(now_ps, dev.outgoing_ps);
  if (frame_ps > 0 && start_ps - now_ps >= frame_ps * dev.ring.tx) return false;
  dev.outgoing_ps = start_ps + frame_ps;
  const q = dev.tx[c.id % dev.tx.length]!;
  q.packets++;
  q.bytes += len;
  dev.hw.tx_packets = (dev.hw.tx_packets ?? 0) + 1;
  dev.hw.tx_bytes = (dev.hw.tx_bytes ?? 0) + Math.max(MIN_FRAME, len) + FCS;
  leaveHost(k, skb);
  return true;
}
