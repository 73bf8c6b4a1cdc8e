/// AF_XDP: a program in user space gets raw frames in memory that it shares with the kernel, and sends such frames.
/// The fill ring offers empty buffers, the RX ring hands full ones over; the TX ring has frames to send, the completion
/// ring gives them back.
/// Stands for net/xdp/xsk.c and for xp_assign_dev() in net/xdp/xsk_buff_pool.c. What the driver does itself in
/// zero-copy mode is in xsk_zc.ts, the application in xsk_app.ts.
/// What arrives is a frame with its Ethernet header, never merged; there is no skb and no socket memory.
/// Left out: shared UMEMs, unaligned chunks, frames in several buffers, metadata of what is sent, busy polling, the
/// interrupt by which a NIC tells that it has sent: a frame is completed as soon as the wire has taken it.
import { setTime } from '../../engine/agenda.ts';
import { COSTS } from '../costs.ts';
import type { ErrnoName } from '../errno.ts';
import { loseFrame } from '../ledger.ts';
import { interruptCpu } from '../piece.ts';
import { REASON } from '../reasons.ts';
import { createTask } from '../sched/task.ts';
import { createSock } from '../sock.ts';
import { sock_def_readable } from '../sock_wait.ts';
import type { Cpu, Kernel, NetDevice, Skb } from '../state.ts';
import { STEP } from '../tracing.ts';
import type { XdpSock } from './types.ts';
import { isRunning } from './xmit.ts';
import { settleFill } from './xsk_pool.ts';
import { hasCompletionRoom, planWake, sendFirst, unlinkFirst } from './xsk_tx.ts';
import { bindPool, hasZeroCopy, kickNapi, releasePool } from './xsk_zc.ts';

const RING = 2048; // XSK_RING_CONS__DEFAULT_NUM_DESCS of libxdp: RX, TX and completion ring
const NUM_FRAMES = 4096; // of the UMEM
const CHUNK = 4096;
const XDP_PACKET_HEADROOM = 256;
const FRAME_SIZE = CHUNK - XDP_PACKET_HEADROOM;
const ETH_PAD_LEN = 14 + 2 * 4 + 4;
const TX_BATCH_SIZE = 32; // frames that one call sends in copy mode

export interface XskBind {
  readonly queue: number;
  readonly copy: boolean; // XDP_COPY
  readonly zerocopy: boolean; // XDP_ZEROCOPY
  readonly need_wakeup: boolean; // XDP_USE_NEED_WAKEUP
  readonly app: XdpSock['app'];
  readonly polls: boolean;
  readonly len: number; // bytes of the frames that it makes
  readonly comm: string;
  readonly uid: number;
  readonly pid?: number;
  readonly cpu: number; // -1: any
}

/// Opens a socket on a queue of a device with its application: its index in BpfState.xsks, or why not. Without a flag
/// it is zero-copy where the driver can, else copy mode. net/xdp/xsk.c:xsk_bind()
export function xsk_bind(k: Kernel, dev: NetDevice, want: XskBind): number | ErrnoName {
  const zc = xp_assign_dev(k, dev, want);
  if (typeof zc === 'string') return zc;
  const last = k.cpus.findLast((c) => c.online)!.id;
  const task = createTask(k, {
    ...{ comm: want.comm, kind: 'xsk', kthread: false, uid: want.uid },
    ...{ cpu: want.cpu >= 0 ? want.cpu : last, pinned: want.cpu >= 0 },
    ...(want.pid === undefined ? {} : { pid: want.pid }),
  });
  const sk = createSock(k, task, want.queue, 0, 'xdp');
  sk.bound_dev = dev.ifindex;
  sk.waiting = true;
  const sock = k.socks.push(sk) - 1;
  k.tasks[task]!.sock = sock;
  const xs: XdpSock = {
    ...{ sock, dev: k.devs.indexOf(dev), queue: want.queue, app: want.app, polls: want.polls },
    ...{ copy_asked: want.copy, zc, need_wakeup: want.need_wakeup, len: want.len },
    ...{ ring: RING, frames: NUM_FRAMES, fill: 0, head: -1, tail: -1, count: 0 },
    ...{ tx_head: -1, tx_tail: -1, tx_count: 0, flight: [], outstanding: 0 },
    ...{
      wakeup_rx: false,
      stopped: false,
      starved: false,
      unflushed: -1,
      received: 0,
      bytes: 0,
    },
    ...{ sent: 0, transmitted: 0, tx_slot: -1, poll_until: k.now, rx_dropped: 0, rx_queue_full: 0 },
    ...{ rx_fill_ring_empty_descs: 0, tx_ring_empty_descs: 0 },
  };
  settleFill(k, xs);
  const at = k.bpf.xsks.push(xs) - 1;
  if (zc) bindPool(k, dev, at);
  planWake(k, xs, k.now); // the application begins
  return at;
}

/// Whether the socket is zero-copy, or why it cannot be bound. net/xdp/xsk_buff_pool.c:xp_assign_dev()
function xp_assign_dev(k: Kernel, dev: NetDevice, want: XskBind): boolean | ErrnoName {
  if (want.copy && want.zerocopy) return 'EINVAL';
  const at = k.devs.indexOf(dev);
  if (k.bpf.xsks.some((xs) => xs.sock >= 0 && xs.dev === at && xs.queue === want.queue))
    return 'EBUSY';
  if (want.queue >= Math.max(dev.rx.length, dev.tx.length)) return 'EINVAL';
  if (want.copy) return false;
  const failed = !hasZeroCopy(dev)
    ? 'EOPNOTSUPP'
    : dev.mtu + ETH_PAD_LEN > FRAME_SIZE
      ? 'EINVAL'
      : null;
  if (failed !== null && want.zerocopy) return failed;
  return failed === null;
}

/// Closes the socket: the frames in its rings are lost, maps forget it. net/xdp/xsk.c:xsk_release()
export function xskClose(k: Kernel, xs: XdpSock): void {
  for (const head of [xs.head, xs.tx_head])
    for (let skb = head; skb >= 0;) {
      const next = k.skbs.next[skb]!;
      loseFrame(k, skb, REASON.XSK);
      skb = next;
    }
  xs.head = xs.tail = xs.tx_head = xs.tx_tail = -1;
  xs.count = xs.tx_count = xs.outstanding = 0;
  xs.flight = [];
  if (xs.tx_slot >= 0) setTime(k.agenda, xs.tx_slot, Infinity);
  for (const map of k.bpf.maps)
    if (map.type === 'xskmap') map.values = map.values.map((at) => (at === xs.sock ? -1 : at));
  const sk = k.socks[xs.sock]!;
  k.tasks[sk.reader]!.exited = true;
  sk.task = 0;
  xs.sock = -1;
  if (xs.zc) releasePool(k, xs);
}

/// Gives a frame to the socket: copied into a buffer of its memory, or the buffer itself where it lies in that memory
/// (`pool`: the index of that socket; -1 elsewhere). False when the socket cannot have it: bound to another queue, no
/// buffer, or a full ring. net/xdp/xsk.c:xsk_rcv(), __xsk_rcv(), xsk_rcv_zc()
export function xsk_rcv(k: Kernel, c: Cpu, xs: XdpSock | null, skb: Skb, pool: number): boolean {
  if (xs === null || !xsk_rcv_check(k, xs, skb)) return false;
  if (pool < 0 && xs.fill === 0) {
    xs.rx_fill_ring_empty_descs++;
    xs.rx_dropped++;
    return false;
  }
  if (xs.count === xs.ring) {
    xs.rx_queue_full++;
    return false;
  }
  if (pool < 0) {
    c.cursor_ns += COSTS.xsk_copy.ns;
    xs.fill--;
  }
  xs.unflushed = c.id;
  k.skbs.next[skb] = -1;
  if (xs.head < 0) xs.head = skb;
  else k.skbs.next[xs.tail] = skb;
  xs.tail = skb;
  xs.count++;
  return true;
}

/// net/xdp/xsk.c:xsk_rcv_check()
function xsk_rcv_check(k: Kernel, xs: XdpSock, skb: Skb): boolean {
  if (xs.dev !== k.skbs.dev[skb] || xs.queue !== k.skbs.queue[skb]) return false;
  if (k.skbs.len[skb]! <= FRAME_SIZE) return true;
  xs.rx_dropped++;
  return false;
}

/// The frames of a poll are handed over, and the application is woken. net/xdp/xsk.c:xsk_flush()
export function xsk_flush(k: Kernel, c: Cpu, xs: XdpSock): void {
  xs.unflushed = -1;
  const sk = k.socks[xs.sock];
  if (sk?.waiting === true) sock_def_readable(k, c, sk);
}

/// The open AF_XDP socket with that index in socks, or null.
export function xskOf(k: Kernel, sock: number): XdpSock | null {
  for (const xs of k.bpf.xsks) if (xs.sock >= 0 && xs.sock === sock) return xs;
  return null;
}

/// sendto() without data. Zero-copy: wakes the driver; copy mode: sends from the TX ring, here and now. The calls are
/// paid for by xskSendNs(). net/xdp/xsk.c:xsk_sendmsg()
export function xsk_sendmsg(k: Kernel, c: Cpu, xs: XdpSock): void {
  const dev = k.devs[xs.dev]!;
  if (!dev.up) return; // ENETDOWN
  if (xs.zc) kickNapi(k, xs);
  else xsk_generic_xmit(k, c, xs, dev);
}

/// How many frames a call would send now in copy mode, for who plans its time.
export function xskSendable(k: Kernel, xs: XdpSock): number {
  return xs.zc || !k.devs[xs.dev]!.up ? 0 : Math.min(TX_BATCH_SIZE, xs.tx_count);
}

/// An skb for each frame, past the queueing disciplines into the queue that the socket is bound to.
/// net/xdp/xsk.c:__xsk_generic_xmit()
function xsk_generic_xmit(k: Kernel, c: Cpu, xs: XdpSock, dev: NetDevice): void {
  if (xs.queue >= dev.tx.length) return;
  for (let i = 0; i < TX_BATCH_SIZE; i++) {
    if (xs.tx_count === 0) {
      xs.tx_ring_empty_descs++;
      return;
    }
    if (!hasCompletionRoom(xs)) return;
    if (!isRunning(dev)) {
      dropFirst(k, xs); // __dev_direct_xmit(): completed, not sent; EBUSY
      planWake(k, xs, k.now + COSTS.xsk_tx_interrupt.ns); // sock_wfree()
      return;
    }
    if (!sendFirst(k, c, xs, dev)) return; // NETDEV_TX_BUSY: EAGAIN
  }
}

function dropFirst(k: Kernel, xs: XdpSock): void {
  const skb = xs.tx_head;
  xs.tx_count--;
  xs.flight.push(k.now);
  if (skb < 0) return;
  unlinkFirst(k, xs);
  loseFrame(k, skb, REASON.NOT_SPECIFIED);
}

/// The NIC has room again: the driver is woken in zero-copy mode, the application where it waits for POLLOUT. Or its
/// poll() has timed out, and it calls again.
export function xskTxDone(k: Kernel, index: number): void {
  const xs = k.bpf.xsks[index]!;
  setTime(k.agenda, xs.tx_slot, Infinity);
  if (xs.sock < 0) return;
  if (xs.zc && (xs.outstanding > 0 || xs.starved)) kickNapi(k, xs);
  const sk = k.socks[xs.sock]!;
  if (!sk.waiting) return;
  const wakes = k.now >= xs.poll_until || (!xs.zc && xs.app !== 'rxdrop');
  if (!wakes) return planWake(k, xs, xs.poll_until);
  const c = k.cpus[k.tasks[sk.reader]!.cpu]!;
  interruptCpu(k, c, COSTS.handle_edge_irq.ns, STEP.WAKE);
  sock_def_readable(k, c, sk); // sock_wfree() calls the socket's write space
}
