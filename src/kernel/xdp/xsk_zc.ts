/// AF_XDP without copies: a queue of the NIC has no memory but that of a socket. The driver fills its descriptors out of
/// the socket's fill ring, so what finds no buffer is lost in the NIC and not in XDP; and the NAPI poll sends what is
/// in the TX ring.
/// Stands for ixgbe_xsk.c, ice_xsk.c and mlx5's en/xsk/: the pool's set-up, their receive loops as far as they differ,
/// ixgbe_xmit_zc(), ndo_xsk_wakeup(). Where the buffers are is in xsk_pool.ts.
/// The pool is in force while the device has a native program too. igb (before 6.14), virtio_net (6.12 does not tell of
/// it in its XDP features), vmxnet3 and ena have none.
/// Left out: mlx5's second receive queue for such frames (here one queue), ice's link that goes down for a moment; that a
/// driver without need_wakeup and without buffers polls without a pause (here every 10 us).
import { setTime } from '../../engine/agenda.ts';
import { COSTS } from '../costs.ts';
import { sock_def_readable } from '../sock_wait.ts';
import type { Cpu, Kernel, Napi, NetDevice, RxQueue, Skb } from '../state.ts';
import { descriptorsAdded, resetRing } from '../wire.ts';
import type { XdpSock } from './types.ts';
import { isRunning } from './xmit.ts';
import { noteShortage, poolsOf } from './xsk_pool.ts';
import { hasCompletionRoom, planWake, sendFirst, xsk_tx_writeable } from './xsk_tx.ts';

const IXGBE_RX_BUFFER_WRITE = 16; // descriptors
const STARVED_POLL_NS = 10_000;

/// Frames that one poll sends: IXGBE_DEFAULT_TX_WORK, MLX5E_TX_XSK_POLL_BUDGET; ice takes a quarter of its ring.
const TX_WORK: Readonly<Record<string, number>> = { ixgbe: 256, mlx5_core: 64, ice: 0 };

/// The XDP features BASIC, REDIRECT and XSK_ZEROCOPY together. mlx5 gives all of them up for LRO.
export function hasZeroCopy(dev: NetDevice): boolean {
  return (
    TX_WORK[dev.driver] !== undefined &&
    !(dev.driver === 'mlx5_core' && dev.features['large-receive-offload'] === true)
  );
}

/// A socket was bound: its queue is stopped, and starts with the socket's buffers if the device has a program.
/// ixgbe_xsk_pool_enable()
export function bindPool(k: Kernel, dev: NetDevice, index: number): void {
  if (dev.xdp === null) return;
  dev.xdp.pools = poolsOf(k, dev);
  restartQueue(k, dev, k.bpf.xsks[index]!.queue);
}

/// The socket is closed: the queue has its own memory again. ixgbe_xsk_pool_disable()
export function releasePool(k: Kernel, xs: XdpSock): void {
  const dev = k.devs[xs.dev]!;
  if (dev.xdp === null) return;
  dev.xdp.pools = poolsOf(k, dev);
  restartQueue(k, dev, xs.queue);
}

function restartQueue(k: Kernel, dev: NetDevice, queue: number): void {
  const q = dev.rx[queue];
  if (q && dev.up) resetRing(k, dev, q, dev.ring.rx);
}

/// The descriptors that were cleaned get buffers out of the fill ring, as far as it has some.
/// ixgbe_alloc_rx_buffers_zc()
export function refillFromPool(k: Kernel, dev: NetDevice, q: RxQueue): void {
  const xs = k.bpf.xsks[dev.xdp!.pools[q.index]!]!;
  const wanted = q.cleaned;
  if (xs.starved || (dev.driver === 'ixgbe' && wanted < IXGBE_RX_BUFFER_WRITE)) return;
  const taken = Math.min(wanted, xs.fill);
  noteShortage(dev, xs, wanted - taken, taken);
  xs.fill -= taken;
  q.cleaned -= taken;
  descriptorsAdded(k, dev, q, taken);
  if (taken === wanted) return;
  xs.starved = true;
  // Without XDP_USE_NEED_WAKEUP nobody would call: the driver polls until there are buffers.
  if (!xs.need_wakeup) planWake(k, xs, k.now + STARVED_POLL_NS);
}

/// The frame in hand goes back to the front of the ring, and the poll ends. IXGBE_XDP_EXIT
export function stopPoll(k: Kernel, n: Napi, dev: NetDevice, pool: number, skb: Skb): void {
  const q = dev.rx[n.queue]!;
  q.tail = q.tail === 0 ? q.slots.length - 1 : q.tail - 1;
  q.slots[q.tail] = skb;
  q.used++;
  q.cleaned--;
  n.frames_this_poll--;
  n.bytes_this_poll -= k.skbs.len[skb]!;
  const xs = k.bpf.xsks[pool]!;
  xs.stopped = true;
  xs.wakeup_rx = true;
}

/// Whether a poll takes no further frame of that queue, for the socket has no room.
export function isStopped(k: Kernel, dev: NetDevice, queue: number): boolean {
  return k.bpf.xsks[dev.xdp!.pools[queue] ?? -1]?.stopped === true;
}

/// A poll begins: first it sends what is in the TX ring. ixgbe_clean_xdp_tx_irq(), ixgbe_xmit_zc()
export function beginPoolPoll(k: Kernel, c: Cpu, dev: NetDevice, n: Napi): void {
  const xs = k.bpf.xsks[dev.xdp!.pools[n.queue] ?? -1];
  if (!xs) return;
  xs.stopped = false;
  xs.starved = false;
  if (xs.app === 'rxdrop' || !isRunning(dev)) return;
  const most = TX_WORK[dev.driver]! || dev.ring.tx / 4;
  let sent = 0;
  while (sent < most && xs.tx_count > 0 && hasCompletionRoom(xs) && sendFirst(k, c, xs, dev)) {
    c.cursor_ns += COSTS.xsk_tx_zc.ns;
    sent++;
  }
  // ice_xmit_zc() looks at the ring once and does not count; the others peek until it is empty.
  if (xs.tx_count === 0 && dev.driver !== 'ice') xs.tx_ring_empty_descs++;
  if (sent === most && xs.tx_count > 0) n.missed = true; // the poll used its work up: it comes again
  const sk = k.socks[xs.sock]!;
  if (sent > 0 && sk.waiting && xsk_tx_writeable(xs)) sock_def_readable(k, c, sk); // xsk_tx_release()
}

/// Has the driver poll: a software interrupt, or one more round of the poll that runs. ndo_xsk_wakeup()
export function kickNapi(k: Kernel, xs: XdpSock): void {
  const dev = k.devs[xs.dev]!;
  const q = dev.rx[xs.queue];
  if (!q || dev.xdp === null || !isRunning(dev)) return; // EINVAL, ENETDOWN
  const n = k.napis[q.napi]!;
  if (n.sched) n.missed = true;
  else {
    n.irq_pending = true;
    if (n.irq_enabled) setTime(k.agenda, n.irq_slot, k.now);
  }
}
