/// The host in time: events are run in the order of the agenda until the clock says stop.
import * as agenda from '../engine/agenda.ts';
import { endPiece, schedTick } from './cpu.ts';
import { linkUp } from './dev.ts';
import { applyDim } from './dim_work.ts';
import {
  CONNTRACK_GC,
  DIM_WORK,
  EPOLL_TIMER,
  FRAG_EXPIRE,
  FRAG6_EXPIRE,
  HWTSTAMP_HANG,
  LINK_UP,
  NAPI_TIMER,
  NIC_INTERRUPT,
  OUTGOING,
  PACKET_RETIRE,
  PAUSE_REFRESH,
  PIECE,
  REMOTE,
  REMOTE_TIMER,
  REQSK_TIMER,
  SOURCE,
  TCP_TIMER,
  TICK,
  XSK_TX,
} from './events.ts';
import { epollTimer } from './epoll.ts';
import { ip_expire } from './ip_fragment.ts';
import { ip6frag_expire_frag_queue } from './ipv6_reassembly.ts';
import { raiseInterrupt } from './irq.ts';
import { napi_watchdog } from './napi.ts';
import { stampHang } from './net_timestamp_hw.ts';
import { refreshPause } from './pause_frames.ts';
import { recycleFreed } from './page_pool.ts';
import { prb_retire_rx_blk_timer_expired } from './packet_ring.ts';
import { TASK } from './piece.ts';
import { gc_worker } from './netfilter/conntrack/gc.ts';
import { remoteSend, remoteTimer } from './remote/remote_send.ts';
import type { Cpu, Kernel } from './state.ts';
import { requestTimer } from './tcp/request_sock.ts';
import { tcpTimer } from './tcp/tcp_timer.ts';
import { loopback_xmit } from './loopback.ts';
import { outgoingArrives } from './transmit.ts';
import { sendFrame, sendFrames } from './traffic.ts';
import { xskTxDone } from './xdp/xsk.ts';

/// Runs every event up to and including `until_ns`, then sets the clock to it. A sender may have several
/// frames handled in one go where nobody else has a turn between them; stepEvent() never does that, and
/// comes to the same state.
export function advance(k: Kernel, until_ns: number): void {
  const plan = k.agenda;
  for (;;) {
    const slot = plan.winners[1]!;
    const time = plan.times[slot]!;
    if (time > until_ns || time === Infinity) break;
    k.now = time;
    if (plan.kinds[slot] === SOURCE) sendFrames(k, k.sources[plan.subjects[slot]!]!, until_ns);
    else runEvent(k, slot);
  }
  if (until_ns > k.now) k.now = until_ns;
}

/// Runs the next event. False when nothing is planned.
export function stepEvent(k: Kernel): boolean {
  const slot = agenda.nextSlot(k.agenda);
  if (slot < 0) return false;
  k.now = k.agenda.times[slot]!;
  runEvent(k, slot);
  return true;
}

/// Time of the next event, ns; Infinity when nothing will ever happen by itself.
export function nextTime(k: Kernel): number {
  return agenda.nextTime(k.agenda);
}

/// What packets held that are freed meanwhile goes back for the CPU whose piece it is.
function runPiece(k: Kernel, c: Cpu): void {
  if (k.skbs.pp_freed !== 0) recycleFreed(k, undefined, false);
  const softirq = c.mode !== TASK;
  endPiece(k, c);
  if (k.skbs.pp_freed !== 0) recycleFreed(k, c, softirq);
}

function runEvent(k: Kernel, slot: number): void {
  const subject = k.agenda.subjects[slot]!;
  switch (k.agenda.kinds[slot]) {
    case PIECE:
      return runPiece(k, k.cpus[subject]!);
    case SOURCE:
      return void sendFrame(k, k.sources[subject]!);
    case NIC_INTERRUPT:
      agenda.setTime(k.agenda, slot, Infinity);
      return raiseInterrupt(k, k.napis[subject]!);
    case XSK_TX:
      return xskTxDone(k, subject);
    case TICK:
      return schedTick(k, k.cpus[subject]!);
    case NAPI_TIMER:
      agenda.setTime(k.agenda, slot, Infinity);
      return napi_watchdog(k, k.napis[subject]!);
    case OUTGOING:
      return subject === 0 ? loopback_xmit(k) : outgoingArrives(k, k.devs[subject]!);
    case REMOTE:
      return remoteSend(k, k.remotes[subject]!);
    case REMOTE_TIMER:
      return remoteTimer(k, k.remotes[subject]!);
    case TCP_TIMER:
      return tcpTimer(k, subject);
    case REQSK_TIMER:
      return requestTimer(k, subject);
    case LINK_UP:
      agenda.setTime(k.agenda, slot, Infinity);
      return linkUp(k, k.devs[subject]!);
    case DIM_WORK:
      agenda.setTime(k.agenda, slot, Infinity);
      return applyDim(k, k.napis[subject]!);
    case EPOLL_TIMER:
      return epollTimer(k, subject);
    case HWTSTAMP_HANG:
      return stampHang(k, k.devs[subject]!);
    case PAUSE_REFRESH:
      return refreshPause(k, k.devs[subject]!);
    case FRAG6_EXPIRE:
      return ip6frag_expire_frag_queue(k);
    case FRAG_EXPIRE:
      agenda.setTime(k.agenda, slot, Infinity);
      return ip_expire(k);
    case PACKET_RETIRE:
      return prb_retire_rx_blk_timer_expired(k, k.packet.socks[subject]!);
    case CONNTRACK_GC:
      return gc_worker(k);
    default:
      throw new Error(`slot ${slot} has no kind of event: ${k.agenda.kinds[slot]}`);
  }
}
