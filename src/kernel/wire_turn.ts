/// Whose turn it is on a wire that several senders want at the same time: one that found it taken goes before the one
/// that took it, as frames leave the port of a switch in the order in which they came to it. Senders are known by
/// their slots in the agenda; NetDevice.wire_turn holds those that wait, the next one first.
import { setTime, timeOf } from '../engine/agenda.ts';
import type { Kernel, NetDevice } from './state.ts';

/// It has found the wire taken, and goes after those that have found it so before.
export function waitTurn(dev: NetDevice, slot: number): void {
  if (!dev.wire_turn.includes(slot)) dev.wire_turn.push(slot);
}

/// It does not want the wire any more: the others need not wait for it.
export function leaveTurn(dev: NetDevice, slot: number): void {
  if (dev.wire_turn.length > 0) dev.wire_turn = dev.wire_turn.filter((other) => other !== slot);
}

/// Whether it may begin now. False: it looks again when the one whose turn it is has begun.
export function takesTurn(k: Kernel, dev: NetDevice, slot: number): boolean {
  const { wire_turn } = dev;
  while (wire_turn.length > 0) {
    const first = wire_turn[0]!;
    const due = timeOf(k.agenda, first);
    if (first === slot || due === Infinity) {
      wire_turn.shift();
      if (first === slot) return true;
      continue;
    }
    waitTurn(dev, slot);
    setTime(k.agenda, slot, Math.max(due, k.now + 1));
    return false;
  }
  return true;
}
