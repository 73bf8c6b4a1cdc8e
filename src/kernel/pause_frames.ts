/// Pause frames on the wire: a NIC whose packet buffer fills asks the other end to be silent (XOFF), and lets it
/// go on when there is room (XON); and what it does when it is asked itself. IEEE 802.3, Annex 31B.
/// Stands for what the drivers set up with igb_set_fc_watermarks(), ixgbe_fc_enable_generic() and their like, and for
/// the MAC behind them.
/// The other end is the port of a switch. Whether it obeys is set for each wire (NicDescription.partner_pause): those of
/// the recorded machines are emulated ones without flow control, on which no NIC sends a pause frame. A frame that has
/// begun is finished. Frames that wait there have not been offered to this host; traffic.ts.
/// Left out: the time that the other end may take to react (2 quanta at 1 Gb/s, 60 at 10 Gb/s), priorities (802.1Qbb).
import { addSlot, setTime, timeOf } from '../engine/agenda.ts';
import { pathAt, type Watermarks } from './driver_table.ts';
import { PAUSE_REFRESH } from './events.ts';
import { framePs, MIN_FRAME } from './link_time.ts';
import type { Kernel, NetDevice } from './state.ts';

const QUANTUM_BITS = 512;
// 100 m: IXGBE_CABLE_DO of drivers/net/ethernet/intel/ixgbe/ixgbe_type.h, 5000 bit times at 10 Gb/s.
const CABLE_PS = 500_000;

/// When the NIC sends pause frames, and for how long; null: never, as it is set now.
export function watermarks(dev: NetDevice): Watermarks | null {
  if (!dev.pause.tx || dev.duplex === 'half' || dev.fc.partner === 'none') return null;
  if (dev.speed_mbps <= 0) return null;
  return pathAt(dev.path).watermarks?.(dev) ?? null;
}

/// Gives the packet buffers their marks: after a reset, and when flow control was set anew.
export function setWatermarks(k: Kernel, dev: NetDevice): void {
  const marks = watermarks(dev);
  if (marks === null && dev.fc.xoff) {
    dev.fc.xoff = false;
    setTime(k.agenda, dev.fc.slot, Infinity);
  }
  for (const fifo of dev.fifos) {
    fifo.high = marks?.high ?? Infinity;
    fifo.low = marks?.low ?? -1;
  }
}

/// A packet buffer is at its high mark or above it.
export function aboveHigh(k: Kernel, dev: NetDevice): void {
  if (!dev.fc.xoff) sendXoff(k, dev);
}

/// A packet buffer has emptied to its low mark.
export function belowLow(k: Kernel, dev: NetDevice): void {
  dev.fc.xoff = false;
  setTime(k.agenda, dev.fc.slot, Infinity);
  dev.hw['tx_flow_control_xon'] = (dev.hw['tx_flow_control_xon'] ?? 0) + 1;
  sendPause(k, dev, 0);
}

/// The pause that was asked for is nearly over, and the buffer has not emptied: it is asked for again.
export function refreshPause(k: Kernel, dev: NetDevice): void {
  setTime(k.agenda, dev.fc.slot, Infinity);
  if (dev.fc.xoff) sendXoff(k, dev);
}

/// Nothing is paused any more: the NIC was reset, or flow control was set anew.
export function forgetPauses(k: Kernel, dev: NetDevice): void {
  if (dev.fc.xoff) {
    dev.fc.xoff = false;
    setTime(k.agenda, dev.fc.slot, Infinity);
  }
  if (dev.pauses.length === 0) return;
  dev.pauses.length = 0;
  wakeSenders(k, dev);
}

function sendXoff(k: Kernel, dev: NetDevice): void {
  const marks = watermarks(dev);
  if (marks === null) return;
  dev.fc.xoff = true;
  dev.hw['tx_flow_control_xoff'] = (dev.hw['tx_flow_control_xoff'] ?? 0) + 1;
  const resume_ps = sendPause(k, dev, marks.quanta);
  if (dev.fc.slot < 0) dev.fc.slot = addSlot(k.agenda, PAUSE_REFRESH, k.devs.indexOf(dev));
  const rest_ps = (marks.quanta - marks.refresh) * quantumPs(dev);
  setTime(k.agenda, dev.fc.slot, Math.ceil((resume_ps - rest_ps) / 1000));
}

function quantumPs(dev: NetDevice): number {
  return (QUANTUM_BITS * 1_000_000) / dev.speed_mbps;
}

/// A pause frame leaves behind the frame that is being sent. Returns until when it asks for silence, ps.
function sendPause(k: Kernel, dev: NetDevice, quanta: number): number {
  const sent_ps = endOfCurrent(k, dev) + framePs(dev, MIN_FRAME);
  dev.outgoing_ps = Math.max(dev.outgoing_ps, sent_ps);
  // There and back: what the other end has begun before then still comes.
  const from_ps = sent_ps + 2 * CABLE_PS;
  const until_ps = from_ps + quanta * quantumPs(dev);
  if (dev.fc.partner === 'obeys') {
    if (quanta > 0) silence(dev, from_ps, until_ps);
    else resume(k, dev, until_ps);
  }
  return until_ps;
}

/// When the frame that the NIC is sending now has left, ps.
function endOfCurrent(k: Kernel, dev: NetDevice): number {
  const now_ps = k.now * 1000;
  for (const out of dev.outgoing) {
    const end_ps = (out.arrives - dev.propagation_ns) * 1000;
    if (end_ps <= now_ps) continue;
    return end_ps - framePs(dev, out.len) < now_ps ? end_ps : now_ps;
  }
  return now_ps;
}

/// No frame of the other end begins in that time.
function silence(dev: NetDevice, from_ps: number, until_ps: number): void {
  const { pauses } = dev;
  const last = pauses.length - 1;
  if (last > 0 && pauses[last]! >= from_ps) pauses[last] = until_ps;
  else pauses.push(from_ps, until_ps);
}

/// The last pause ends then, if it has not ended before.
function resume(k: Kernel, dev: NetDevice, at_ps: number): void {
  const { pauses } = dev;
  const last = pauses.length - 1;
  if (last < 0 || pauses[last]! <= at_ps) return;
  pauses[last] = Math.max(at_ps, pauses[last - 1]!);
  wakeSenders(k, dev);
}

/// All that send on this wire look again when they may.
function wakeSenders(k: Kernel, dev: NetDevice): void {
  const index = k.devs.indexOf(dev);
  for (const { dev: on, slot } of [...k.sources, ...k.remotes])
    if (on === index && timeOf(k.agenda, slot) > k.now && timeOf(k.agenda, slot) < Infinity)
      setTime(k.agenda, slot, k.now);
}

/// When a frame's last bit arrives that would arrive at `end_ps` on a wire that is never paused.
export function afterPauses(dev: NetDevice, end_ps: number, frame_ps: number): number {
  const { pauses } = dev;
  let start_ps = end_ps - frame_ps;
  for (let i = 0; i < pauses.length; i += 2)
    if (start_ps >= pauses[i]! && start_ps < pauses[i + 1]!) start_ps = pauses[i + 1]!;
  return start_ps + frame_ps;
}

/// Forgets the pauses that are over; the wire was taken until their end.
export function endPauses(k: Kernel, dev: NetDevice): void {
  const { pauses } = dev;
  while (pauses.length > 0 && pauses[1]! <= k.now * 1000) {
    dev.wire_ps = Math.max(dev.wire_ps, pauses[1]!);
    pauses.splice(0, 2);
  }
}

/// The other end asks this host to be silent for so many quanta; 0: to go on. A pause frame ends in the MAC: it is
/// counted and is no packet. With `rx` pause the NIC begins no further frame.
export function receivePauseFrame(k: Kernel, dev: NetDevice, quanta: number): void {
  if (!dev.up || !dev.carrier || k.now < dev.link_down_until) return;
  const name = quanta > 0 ? 'rx_flow_control_xoff' : 'rx_flow_control_xon';
  dev.hw[name] = (dev.hw[name] ?? 0) + 1;
  if (!dev.pause.rx || dev.duplex === 'half' || dev.speed_mbps <= 0) return;
  const now_ps = k.now * 1000;
  const before_ps = Math.max(now_ps, dev.fc.tx_resume_ps);
  dev.fc.tx_resume_ps = now_ps + quanta * quantumPs(dev);
  delaySending(k, dev, dev.fc.tx_resume_ps - before_ps);
}

/// Moves what has not begun to leave, and what will be sent behind it.
function delaySending(k: Kernel, dev: NetDevice, by_ps: number): void {
  const now_ps = k.now * 1000;
  dev.outgoing_ps = Math.max(now_ps, dev.outgoing_ps) + by_ps;
  for (const out of dev.outgoing) {
    const start_ps = (out.arrives - dev.propagation_ns) * 1000 - framePs(dev, out.len);
    if (start_ps >= now_ps) out.arrives = Math.max(k.now, out.arrives + Math.ceil(by_ps / 1000));
  }
  const [first] = dev.outgoing;
  if (first) setTime(k.agenda, dev.outgoing_slot, first.arrives);
}
