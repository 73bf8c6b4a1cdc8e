/// The garbage collector: a worker that walks the table for entries whose time is over, more often the
/// sooner they end. Stands for gc_worker() in net/netfilter/nf_conntrack_core.c.
/// Left out: how long a walk takes (the kernel stops after 10 ms and goes on at once); the CPU that it
/// runs on pays nothing.
import { addSlot, setTime } from '../../../engine/agenda.ts';
import { CONNTRACK_GC } from '../../events.ts';
import { jiffies, tickNs } from '../../jiffies.ts';
import type { Kernel } from '../../state.ts';
import { nf_ct_delete, expiresIn, isExpired, tableOf } from './table.ts';
import { tcp_can_early_drop } from './tcp_transition.ts';
import { IPS_ASSURED, IPS_CONFIRMED, IPS_DYING, type Conntrack, type CtEntry } from './types.ts';

const GC_SCAN_INITIAL_COUNT = 100;

/// Plans the first walk, one second after the module was loaded.
export function startCollector(k: Kernel, ct: Conntrack): void {
  ct.gc.slot = addSlot(k.agenda, CONNTRACK_GC, 0);
  plan(k, ct, k.desc.hz);
}

function plan(k: Kernel, ct: Conntrack, ticks: number): void {
  const at = (jiffies(k) + Math.max(1, ticks)) * tickNs(k) - k.desc.uptime_ns;
  setTime(k.agenda, ct.gc.slot, Math.ceil(at));
}

/// Walks the table, and plans the next walk.
export function gc_worker(k: Kernel): void {
  const ct = tableOf(k);
  const { gc } = ct;
  const { hz } = k.desc;
  const now = jiffies(k);
  const max95 = gc.early_drop ? Math.floor(ct.settings.max / 100) * 95 : 0;
  if (gc.next_bucket === 0) {
    gc.avg_timeout = 60 * hz;
    gc.count = GC_SCAN_INITIAL_COUNT;
    gc.start_time = now;
  }
  let next_run = gc.avg_timeout;
  let expired = 0;
  const most = Math.floor(64000 / hz);
  for (let bucket = gc.next_bucket; bucket < ct.heads.length; bucket++) {
    for (let at = ct.heads[bucket]!; at >= 0;) {
      const index = at >> 1;
      const entry = ct.entries[index]!;
      if (expired > most) {
        gc.next_bucket = bucket;
        gc.avg_timeout = next_run;
        const soon = now - gc.start_time < 60 * hz;
        return finish(k, ct, soon ? 1 : 0);
      }
      at = ct.next[at]!;
      if (isExpired(k, entry)) {
        nf_ct_delete(k, index);
        expired++;
      } else {
        const expires = Math.min(Math.max(expiresIn(k, entry), hz), 300 * hz);
        next_run += Math.trunc((expires - next_run) / ++gc.count);
        if (max95 > 0 && ct.count >= max95 && mayEarlyDrop(entry)) {
          nf_ct_delete(k, index);
          expired++;
        }
      }
      while (at >= 0 && !ct.entries[at >> 1]!.live) at = ct.next[at]!;
    }
  }
  gc.next_bucket = 0;
  next_run = Math.min(Math.max(next_run, hz), 60 * hz);
  const delta = Math.max(now - gc.start_time, 1);
  finish(k, ct, next_run > delta ? next_run - delta : 1);
}

function finish(k: Kernel, ct: Conntrack, next_run: number): void {
  if (next_run > 0) ct.gc.early_drop = false;
  plan(k, ct, next_run);
}

// net/netfilter/nf_conntrack_core.c:gc_worker_can_early_drop()
function mayEarlyDrop(entry: CtEntry): boolean {
  if ((entry.status & (IPS_CONFIRMED | IPS_DYING)) !== IPS_CONFIRMED) return false;
  return !(entry.status & IPS_ASSURED) || tcp_can_early_drop(entry);
}
