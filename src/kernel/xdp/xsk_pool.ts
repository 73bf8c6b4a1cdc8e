/// The memory of an AF_XDP socket in zero-copy mode: which queue writes to it, and where its buffers are.
/// Stands for struct xsk_buff_pool and net/xdp/xsk_buff_pool.c, and for how drivers fill a ring that was emptied.
import type { Kernel, NetDevice, RxQueue } from '../state.ts';
import type { XdpSock } from './types.ts';

/// By queue: the zero-copy socket, an index into BpfState.xsks; -1: none.
export function poolsOf(k: Kernel, dev: NetDevice): number[] {
  const at = k.devs.indexOf(dev);
  return dev.rx.map((_, queue) =>
    k.bpf.xsks.findIndex((xs) => xs.sock >= 0 && xs.zc && xs.dev === at && xs.queue === queue),
  );
}

/// Each buffer that is in no ring, not with the NIC and not on its way out is offered by the fill ring. An application
/// that only sends offers none. The frame that a poll has in hand gives its buffer back when it is done with, unless the
/// program is gone by then: then it counts as given back.
export function settleFill(k: Kernel, xs: XdpSock): void {
  const inHand = xs.zc && k.devs[xs.dev]!.xdp !== null && frameInHand(k, xs) ? 1 : 0;
  xs.fill = xs.app === 'txonly' ? 0 : xs.frames - xs.count - xs.outstanding - inHand;
}

function frameInHand(k: Kernel, xs: XdpSock): boolean {
  const q = k.devs[xs.dev]!.rx[xs.queue];
  return q !== undefined && k.napis[q.napi]!.stage === 2;
}

/// A ring was emptied: its descriptors take buffers of the socket, as many as there are. Called by resetRing().
export function takeBuffers(k: Kernel, dev: NetDevice, q: RxQueue): void {
  const xs = k.bpf.xsks[dev.xdp!.pools[q.index] ?? -1];
  if (!xs) return;
  settleFill(k, xs);
  const taken = Math.min(q.ready, xs.fill);
  q.cleaned = q.ready - taken;
  q.ready = taken;
  xs.fill -= taken;
  noteShortage(dev, xs, q.cleaned, taken);
}

/// Whether the driver refills that queue out of a socket's memory.
export function isPooled(dev: NetDevice, q: RxQueue): boolean {
  return dev.xdp !== null && (dev.xdp.pools[q.index] ?? -1) >= 0;
}

/// ixgbe asks for one buffer after the other and counts the one that is not there; ice and mlx5 ask for all at once and
/// count when they get none (xp_alloc_batch()).
export function noteShortage(dev: NetDevice, xs: XdpSock, missing: number, taken: number): void {
  if (missing > 0 && (dev.driver === 'ixgbe' || taken === 0)) xs.rx_fill_ring_empty_descs++;
  xs.wakeup_rx = missing > 0;
}

/// A buffer that went to no ring is free again. net/xdp/xsk_buff_pool.c:xp_free()
export function bufferBack(k: Kernel, pool: number): void {
  const xs = k.bpf.xsks[pool]!;
  if (xs.sock >= 0 && xs.app !== 'txonly') xs.fill++;
}

/// Whether the frame could not be had because the RX ring is full, and the driver leaves it where it is. Without
/// XDP_USE_NEED_WAKEUP, and by mlx5, it is dropped.
export function keepsFrame(k: Kernel, dev: NetDevice, pool: number): boolean {
  const xs = k.bpf.xsks[pool]!;
  return dev.driver !== 'mlx5_core' && xs.need_wakeup && xs.count === xs.ring;
}
