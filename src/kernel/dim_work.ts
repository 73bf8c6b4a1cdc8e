/// Adaptive moderation at work: the sample that a driver takes at the end of a poll, and the work that applies what
/// lib/dim has chosen. Stands for dim_update_sample() in include/linux/dim.h and the drivers' dim_work functions.
/// Left out: the CPU time of the kworker, and that a busy CPU lets it wait.
import { addSlot, setTime } from '../engine/agenda.ts';
import { COSTS } from './costs.ts';
import { net_dim } from './dim.ts';
import { pathAt } from './driver_table.ts';
import { DIM_WORK } from './events.ts';
import type { Kernel, Napi, RxQueue } from './state.ts';

/// Takes a sample of a queue. When that makes another profile the better one, the driver's dimWork() is called a
/// little later.
export function sampleDim(k: Kernel, n: Napi, q: RxQueue): void {
  if (n.dim === null) return;
  const sample = {
    time_us: Math.floor(k.now / 1000),
    packets: q.packets >>> 0,
    bytes: q.bytes >>> 0,
    events: n.irq_events & 0xffff,
  };
  if (!net_dim(n.dim, sample)) return;
  if (n.dim_slot < 0) n.dim_slot = addSlot(k.agenda, DIM_WORK, n.id);
  setTime(k.agenda, n.dim_slot, k.now + COSTS.dim_work.ns);
}

/// The work: the driver sets the profile's moderation, and measuring begins anew.
export function applyDim(k: Kernel, n: Napi): void {
  if (n.dim === null) return;
  pathAt(n.path).dimWork?.(k, k.devs[n.dev]!, n);
  n.dim.state = 'START_MEASURE';
}
