/// Frames that leave a NIC past the queueing disciplines: those of XDP, of generic XDP and of AF_XDP.
/// Stands for ndo_xdp_xmit(): igb_xdp_xmit(), virtnet_xdp_xmit(), vmxnet3_xdp_xmit(), ixgbe_xdp_xmit(),
/// ice_xdp_xmit(), mlx5e_xdp_xmit() and ena_xdp_xmit(), and for what they do for XDP_TX.
/// Left out: completion of the ring by an interrupt; it has room again as soon as the wire has taken a frame.
/// Where the link has no speed (virtio) the ring never fills. ixgbe, ice and ena have queues of their own for XDP, which
/// are counted with the transmit queue of the same number; those of mlx5 are in no total, as on a real host.
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

/// Whether a device takes frames from XDP: the feature NETDEV_XDP_ACT_NDO_XMIT. Most drivers set it while they have a
/// native program; mlx5 always has the rings, and gives the feature up for LRO (mlx5e_set_xdp_feature()).
export function takesXdpFrames(dev: NetDevice): boolean {
  if (dev.driver === 'mlx5_core') return dev.features['large-receive-offload'] !== true;
  return dev.xdp !== null;
}

/// Whether the driver has a ring for frames from that CPU: mlx5e_xdp_xmit() wants a channel of that number.
export function hasXdpRing(dev: NetDevice, cpu: number): boolean {
  return dev.driver !== 'mlx5_core' || cpu < dev.rx.length;
}

/// Whether the frame may leave by that device. include/linux/filter.h:xdp_ok_fwd_dev()
export function xdp_ok_fwd_dev(dev: NetDevice, len: number): boolean {
  return dev.up && len <= dev.mtu + 14 + 4;
}

/// Sends a frame on the transmit queue of this CPU, and counts it there as XDP's. False when the ring is full
/// or the link is down: the frame is then still the caller's.
export function xdpXmit(k: Kernel, c: Cpu, dev: NetDevice, skb: Skb): boolean {
  const queue = c.id % dev.tx.length;
  const counts = xdpCounts(dev, queue);
  counts.xmit++;
  const sent = sendFrame(k, c, dev, skb, dev.driver === 'mlx5_core' ? -1 : queue);
  if (!sent) counts.xmit_drops++;
  return sent;
}

/// The same on a queue that the caller names (-1: one that no total counts), without a count as XDP's.
export function sendFrame(k: Kernel, c: Cpu, dev: NetDevice, skb: Skb, queue: number): boolean {
  if (takeWire(c, dev, k.skbs.len[skb]!, queue) < 0) return false;
  leaveHost(k, skb);
  return true;
}

/// Whether the device can send at all: it is up and has a link.
export function isRunning(dev: NetDevice): boolean {
  return dev.up && dev.carrier && dev.path >= 0;
}

/// Puts a frame of `len` bytes on the wire: when the wire will have taken it, ns; -1: the ring is full or the link is
/// down.
export function takeWire(c: Cpu, dev: NetDevice, len: number, queue: number): number {
  if (!isRunning(dev)) return -1;
  const now_ps = c.cursor_ns * 1000;
  const frame_ps = framePs(dev, len);
  const start_ps = Math.max(now_ps, dev.outgoing_ps);
  if (frame_ps > 0 && start_ps - now_ps >= frame_ps * dev.ring.tx) return -1;
  dev.outgoing_ps = start_ps + frame_ps;
  const q = dev.tx[queue];
  if (q) {
    q.packets++;
    q.bytes += len;
  }
  dev.hw.tx_packets = (dev.hw.tx_packets ?? 0) + 1;
  dev.hw.tx_bytes = (dev.hw.tx_bytes ?? 0) + Math.max(MIN_FRAME, len) + FCS;
  return Math.ceil(dev.outgoing_ps / 1000);
}
