/// The application behind an AF_XDP socket, as it runs on its CPU: one round after the other of taking a batch, giving
/// buffers back, sending, completing.
/// Stands for rx_drop(), tx_only() and l2fwd() of AF_XDP-example/xdpsock.c in bpf-examples.
/// Without poll() it looks at its rings all the time: here once in each microsecond.
import { COSTS } from '../costs.ts';
import { beginPiece } from '../piece.ts';
import { releaseSkb } from '../skb.ts';
import type { Cpu, Kernel, Skb, Task } from '../state.ts';
import { STEP, takeStep } from '../tracing.ts';
import type { XdpSock } from './types.ts';
import { xsk_sendmsg, xskOf, xskSendable } from './xsk.ts';
import { planWake, reapCompleted, xsk_tx_writeable } from './xsk_tx.ts';
import { kickNapi } from './xsk_zc.ts';

const BATCH = 64; // opt_batch_size
const SPIN_NS = 1000;
const POLL_TIMEOUT_NS = 1_000_000_000; // opt_timeout

/// Plans the next round. False: the application sleeps in poll().
export function runXsk(k: Kernel, c: Cpu, task: Task): boolean {
  const xs = xskOf(k, task.sock);
  if (!xs) return false;
  if (xs.polls && !pollsReady(k, c, xs)) {
    k.socks[xs.sock]!.waiting = true;
    xs.poll_until = k.now + POLL_TIMEOUT_NS;
    planWake(k, xs, xs.poll_until);
    return false;
  }
  const work = workNs(xs);
  const calls = callNs(k, xs, work);
  // Most of a round is either the application's own time or the kernel's.
  task.phase = calls > work ? 0 : 2;
  const context = calls > work ? 'process' : 'user';
  beginPiece(k, c, work + calls > 0 ? work + calls : SPIN_NS, context, STEP.RECVMSG);
  return true;
}

/// poll(): drives sending in copy mode and wakes the driver in zero-copy mode, then says whether there is something
/// to do. net/xdp/xsk.c:xsk_poll()
function pollsReady(k: Kernel, c: Cpu, xs: XdpSock): boolean {
  if (xs.zc) kickNapi(k, xs);
  else if (xs.app !== 'rxdrop') {
    c.cursor_ns += xskSendable(k, xs) * COSTS.xsk_generic_xmit.ns;
    xsk_sendmsg(k, c, xs);
  }
  const readable = xs.app !== 'txonly' && xs.count > 0;
  return readable || (xs.app !== 'rxdrop' && xsk_tx_writeable(xs));
}

/// What the application does with frames in the round; 0: it only looks.
function workNs(xs: XdpSock): number {
  const frames = xs.app === 'txonly' ? BATCH : Math.min(BATCH, xs.count);
  const fits = xs.app === 'rxdrop' || xs.ring - xs.tx_count >= frames;
  return fits ? frames * COSTS.xsk_frame.ns : 0;
}

/// What its system calls take.
function callNs(k: Kernel, xs: XdpSock, work: number): number {
  const send = callsSendto(xs) ? sendNs(k, xs) : 0;
  return send + (xs.polls && work + send > 0 ? COSTS.xsk_poll.ns : 0);
}

/// A sendto(), and what it sends itself in copy mode.
function sendNs(k: Kernel, xs: XdpSock): number {
  return COSTS.xsk_sendto.ns + xskSendable(k, xs) * COSTS.xsk_generic_xmit.ns;
}

/// Whether a round calls sendto(): complete_tx_only() where the ring says so, complete_tx_l2fwd() with -c alone.
function callsSendto(xs: XdpSock): boolean {
  if (xs.outstanding === 0) return false;
  return xs.app === 'txonly' || (xs.app === 'l2fwd' && xs.copy_asked);
}

/// The round has ended: what it did takes effect.
export function finishXsk(k: Kernel, c: Cpu, task: Task): void {
  task.phase = 0;
  const xs = xskOf(k, task.sock);
  if (!xs) return;
  if (xs.app === 'rxdrop') dropBatch(k, c, xs);
  else if (xs.app === 'txonly') sendBatch(k, c, xs);
  else forwardBatch(k, c, xs);
}

/// Nothing came: where the driver waits for buffers or for room, recvfrom() wakes it.
function nothingCame(k: Kernel, xs: XdpSock): void {
  if (xs.zc && xs.need_wakeup && xs.wakeup_rx) kickNapi(k, xs);
}

function dropBatch(k: Kernel, c: Cpu, xs: XdpSock): void {
  if (xs.count === 0) return nothingCame(k, xs);
  for (let i = 0; i < BATCH && xs.head >= 0; i++) {
    const skb = takeReceived(k, c, xs);
    xs.fill++;
    k.ledger.delivered += k.skbs.segs[skb]!;
    releaseSkb(k.skbs, skb);
  }
}

function takeReceived(k: Kernel, c: Cpu, xs: XdpSock): Skb {
  const skb = xs.head;
  xs.head = k.skbs.next[skb]!;
  if (xs.head < 0) xs.tail = -1;
  xs.count--;
  xs.received++;
  xs.bytes += k.skbs.len[skb]!;
  takeStep(k, c, STEP.RECVMSG, skb, 0);
  return skb;
}

/// Pregenerated frames, as many as the ring takes.
function sendBatch(k: Kernel, c: Cpu, xs: XdpSock): void {
  if (xs.ring - xs.tx_count >= BATCH) {
    xs.tx_count += BATCH;
    xs.outstanding += BATCH;
    xs.sent += BATCH;
  }
  xsk_sendmsg(k, c, xs);
  reapCompleted(k, xs, BATCH);
}

/// The addresses are swapped, and what came in by the RX ring leaves by the TX ring.
function forwardBatch(k: Kernel, c: Cpu, xs: XdpSock): void {
  if (xs.outstanding > 0) {
    if (xs.copy_asked) xsk_sendmsg(k, c, xs);
    xs.fill += reapCompleted(k, xs, BATCH);
  }
  const batch = Math.min(BATCH, xs.count);
  if (batch === 0) return nothingCame(k, xs);
  if (xs.ring - xs.tx_count < batch) {
    c.cursor_ns += sendNs(k, xs);
    return xsk_sendmsg(k, c, xs);
  }
  for (let i = 0; i < batch; i++) {
    const skb = takeReceived(k, c, xs);
    k.skbs.next[skb] = -1;
    if (xs.tx_head < 0) xs.tx_head = skb;
    else k.skbs.next[xs.tx_tail] = skb;
    xs.tx_tail = skb;
    xs.tx_count++;
    xs.outstanding++;
    xs.sent++;
  }
}
