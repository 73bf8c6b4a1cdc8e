/// AF_XDP: a program in user space gets raw frames in memory that it shares with the kernel. The fill ring offers
/// empty buffers, the RX ring hands full ones over.
/// Stands for net/xdp/xsk.c: xsk_bind(), xsk_rcv(), xsk_flush(); and for an application that waits in poll(),
/// takes a batch, drops it and gives the buffers back.
/// What arrives is a frame with its Ethernet header, never merged; there is no skb and no socket memory.
/// Left out: zero-copy mode (here only virtio_net could), sending, shared UMEMs, unaligned chunks, metadata, busy polling.
import { COSTS } from '../costs.ts';
import type { ErrnoName } from '../errno.ts';
import { loseFrame } from '../ledger.ts';
import { beginPiece } from '../piece.ts';
import { REASON } from '../reasons.ts';
import { createTask } from '../sched/task.ts';
import { createSock, sock_def_readable } from '../sock.ts';
import { releaseSkb } from '../skb.ts';
import type { Cpu, Kernel, NetDevice, Skb, Task } from '../state.ts';
import { STEP, takeStep } from '../tracing.ts';
import type { XdpSock } from './types.ts';

const BATCH = 64; // frames that the application takes at once: BATCH_SIZE of xdpsock
const XSK_RING = 2048; // XSK_RING_CONS__DEFAULT_NUM_DESCS of libxdp
const NUM_FRAMES = 4096; // of the UMEM, all of them in the fill ring
const FRAME_SIZE = 4096 - 256; // a chunk less XDP_PACKET_HEADROOM

export interface XskBind {
  readonly queue: number;
  readonly mode: 'any' | 'copy' | 'zerocopy';
  readonly comm: string;
  readonly uid: number;
  readonly pid?: number;
  readonly cpu: number; // -1: any
}

/// Opens a socket on a queue of a device, with an application that drops what it gets: its index in
/// BpfState.xsks, or why not. net/xdp/xsk.c:xsk_bind()
export function xsk_bind(k: Kernel, dev: NetDevice, want: XskBind): number | ErrnoName {
  const at = k.devs.indexOf(dev);
  if (k.bpf.xsks.some((xs) => xs.sock >= 0 && xs.dev === at && xs.queue === want.queue))
    return 'EBUSY';
  if (want.queue >= Math.max(dev.rx.length, dev.tx.length)) return 'EINVAL';
  if (want.mode === 'zerocopy') return dev.driver === 'virtio_net' ? 'ENOTMODELLED' : 'EOPNOTSUPP';
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
    ...{ sock, dev: at, queue: want.queue, ring: XSK_RING, frames: NUM_FRAMES, fill: NUM_FRAMES },
    ...{ head: -1, tail: -1, count: 0, unflushed: false, received: 0, bytes: 0 },
    ...{ rx_dropped: 0, rx_queue_full: 0, rx_fill_ring_empty_descs: 0 },
  };
  return k.bpf.xsks.push(xs) - 1;
}

/// Closes the socket: the frames in its ring are lost, maps forget it.
export function xskClose(k: Kernel, xs: XdpSock): void {
  for (let skb = xs.head; skb >= 0;) {
    const next = k.skbs.next[skb]!;
    loseFrame(k, skb, REASON.XSK);
    skb = next;
  }
  xs.head = xs.tail = -1;
  xs.count = 0;
  for (const map of k.bpf.maps)
    if (map.type === 'xskmap') map.values = map.values.map((at) => (at === xs.sock ? -1 : at));
  const sk = k.socks[xs.sock]!;
  k.tasks[sk.reader]!.exited = true;
  sk.task = 0;
  xs.sock = -1;
}

/// Copies a frame into a buffer of the socket's memory. False when the socket cannot have it: bound to
/// another queue, no buffer, or a full ring. net/xdp/xsk.c:xsk_rcv(), __xsk_rcv()
export function xsk_rcv(k: Kernel, c: Cpu, xs: XdpSock | null, skb: Skb): boolean {
  if (xs === null || !xsk_rcv_check(k, xs, skb)) return false;
  if (xs.fill === 0) {
    xs.rx_fill_ring_empty_descs++;
    xs.rx_dropped++;
    return false;
  }
  if (xs.count === xs.ring) {
    xs.rx_queue_full++;
    return false;
  }
  c.cursor_ns += COSTS.xsk_copy.ns;
  xs.fill--;
  xs.unflushed = true;
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
  xs.unflushed = false;
  const sk = k.socks[xs.sock];
  if (sk?.waiting === true) sock_def_readable(k, c, sk);
}

/// The open AF_XDP socket with that index in socks, or null.
export function xskOf(k: Kernel, sock: number): XdpSock | null {
  for (const xs of k.bpf.xsks) if (xs.sock >= 0 && xs.sock === sock) return xs;
  return null;
}

/// The application looks into its ring. False when it is empty: it waits in poll().
export function runXsk(k: Kernel, c: Cpu, task: Task): boolean {
  const xs = xskOf(k, task.sock);
  if (!xs) return false;
  if (xs.count === 0) {
    k.socks[xs.sock]!.waiting = true;
    return false;
  }
  task.phase = 2;
  const batch = Math.min(BATCH, xs.count);
  beginPiece(k, c, COSTS.xsk_poll.ns + batch * COSTS.xsk_frame.ns, 'user', STEP.RECVMSG);
  return true;
}

/// A batch is done with: its buffers go back into the fill ring.
export function finishXsk(k: Kernel, c: Cpu, task: Task): void {
  task.phase = 0;
  const xs = xskOf(k, task.sock);
  if (!xs) return;
  for (let i = 0; i < BATCH && xs.head >= 0; i++) {
    const skb = xs.head;
    xs.head = k.skbs.next[skb]!;
    if (xs.head < 0) xs.tail = -1;
    xs.count--;
    xs.fill++;
    xs.received++;
    xs.bytes += k.skbs.len[skb]!;
    takeStep(k, c, STEP.RECVMSG, skb, 0);
    k.ledger.delivered += k.skbs.segs[skb]!;
    releaseSkb(k.skbs, skb);
  }
}
