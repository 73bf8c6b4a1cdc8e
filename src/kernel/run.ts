/// The host in time: events are run in the order of the agenda until the clock says stop.
import * as agenda from '../engine/agenda.ts';
import { endPiece, schedTick } from './cpu.ts';
import { linkUp } from './dev.ts';
import { LINK_UP, NAPI_TIMER, NIC_INTERRUPT, PIECE, SOURCE, TICK } from './events.ts';
import { raiseInterrupt } from './irq.ts';
import { napi_watchdog } from './napi.ts';
import type { Kernel } from './state.ts';
import { sendFrame } from './traffic.ts';

/// Runs every event up to and including `until_ns`, then sets the clock to it.
export function advance(k: Kernel, until_ns: number): void {
  const plan = k.agenda;
  for (;;) {
    const slot = plan.winners[1]!;
    const time = plan.times[slot]!;
    if (time > until_ns || time === Infinity) break;
    k.now = time;
    runEvent(k, slot);
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

function runEvent(k: Kernel, slot: number): void {
  const subject = k.agenda.subjects[slot]!;
  switch (k.agenda.kinds[slot]) {
    case PIECE:
      return endPiece(k, k.cpus[subject]!);
    case SOURCE:
      return sendFrame(k, k.sources[subject]!);
    case NIC_INTERRUPT:
      agenda.setTime(k.agenda, slot, Infinity);
      return raiseInterrupt(k, k.napis[subject]!);
    case TICK:
      return schedTick(k, k.cpus[subject]!);
    case NAPI_TIMER:
      agenda.setTime(k.agenda, slot, Infinity);
      return napi_watchdog(k, k.napis[subject]!);
    case LINK_UP:
      agenda.setTime(k.agenda, slot, Infinity);
      return linkUp(k, k.devs[subject]!);
    default:
      throw new Error(`slot ${slot} has no kind of event: ${k.agenda.kinds[slot]}`);
  }
}
