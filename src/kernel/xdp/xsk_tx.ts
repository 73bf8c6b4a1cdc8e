/// The TX ring of an AF_XDP socket and the completion ring behind it, as both modes use them: the first frame leaves,
/// the wire takes it, the application gets its buffer back.
/// Stands for what net/xdp/xsk.c has of them: xsk_tx_writeable(), xsk_tx_peek_desc(), xsk_tx_completed().
import { addSlot, setTime } from '../../engine/agenda.ts';
import { COSTS } from '../costs.ts';
import { XSK_TX } from '../events.ts';
import { leaveHost } from '../ledger.ts';
import type { Cpu, Kernel, NetDevice } from '../state.ts';
import type { XdpSock } from './types.ts';
import { takeWire } from './xmit.ts';

/// Whether poll() says that the TX ring has room. net/xdp/xsk.c:xsk_tx_writeable()
export function xsk_tx_writeable(xs: XdpSock): boolean {
  return xs.tx_count <= xs.ring / 2;
}

/// Whether the completion ring has a place for one more frame on its way: who sends reserves it first.
export function hasCompletionRoom(xs: XdpSock): boolean {
  return xs.outstanding - xs.tx_count < xs.ring;
}

/// Sends the first frame of the TX ring. False: the NIC's ring is full.
export function sendFirst(k: Kernel, c: Cpu, xs: XdpSock, dev: NetDevice): boolean {
  const skb = xs.tx_head;
  const gone = takeWire(c, dev, skb < 0 ? xs.len : k.skbs.len[skb]!, xs.queue);
  if (gone < 0) {
    planTx(k, xs);
    return false;
  }
  xs.tx_count--;
  xs.transmitted++;
  xs.flight.push(gone);
  if (skb >= 0) {
    unlinkFirst(k, xs);
    leaveHost(k, skb);
  }
  return true;
}

/// The first frame is no longer in the TX ring.
export function unlinkFirst(k: Kernel, xs: XdpSock): void {
  xs.tx_head = k.skbs.next[xs.tx_head]!;
  if (xs.tx_head < 0) xs.tx_tail = -1;
}

/// There will be room in the NIC's ring when the wire has taken a frame: then somebody is to be told.
function planTx(k: Kernel, xs: XdpSock): void {
  const done = xs.flight.find((at) => at > k.now);
  if (done === undefined) return;
  planWake(k, xs, Math.max(k.now + COSTS.xsk_tx_interrupt.ns, done));
}

/// Plans that the socket's driver or its application goes on at that time, ns, or sooner.
export function planWake(k: Kernel, xs: XdpSock, at_ns: number): void {
  if (xs.tx_slot < 0) xs.tx_slot = addSlot(k.agenda, XSK_TX, k.bpf.xsks.indexOf(xs));
  const planned = k.agenda.times[xs.tx_slot]!;
  if (planned <= k.now || planned > at_ns) setTime(k.agenda, xs.tx_slot, at_ns);
}

/// Frames that the completion ring has for the application, at most that many; they are the application's again.
export function reapCompleted(k: Kernel, xs: XdpSock, most: number): number {
  let done = 0;
  while (done < most && done < xs.flight.length && xs.flight[done]! <= k.now) done++;
  if (done > 0) xs.flight.splice(0, done);
  xs.outstanding -= done;
  return done;
}
