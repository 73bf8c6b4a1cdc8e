/// Asking for a poll: a NAPI instance is put on a CPU's poll list, or its thread is woken.
/// Stands for napi_schedule_prep() and ____napi_schedule() in net/core/dev.c.
import { wakeUp } from './sched/wake.ts';
import { __raise_softirq_irqoff, NET_RX_SOFTIRQ } from './softirq.ts';
import type { Cpu, Kernel, Napi } from './state.ts';
import { momentStep, STEP } from './tracing.ts';

/// Whether the caller may schedule the instance; when it is scheduled already, one more poll is
/// noted. net/core/dev.c:napi_schedule_prep()
export function napi_schedule_prep(n: Napi): boolean {
  if (n.disabled) return false;
  if (n.sched) {
    n.missed = true;
    return false;
  }
  n.sched = true;
  return true;
}

/// include/linux/netdevice.h:napi_schedule()
export function napi_schedule(k: Kernel, c: Cpu, n: Napi): boolean {
  if (!napi_schedule_prep(n)) return false;
  __napi_schedule(k, c, n);
  return true;
}

/// net/core/dev.c:__napi_schedule(), ____napi_schedule()
export function __napi_schedule(k: Kernel, c: Cpu, n: Napi): void {
  momentStep(k, c, STEP.NAPI_SCHEDULE, n.id);
  if (n.task >= 0 && n.dev >= 0 && k.devs[n.dev]!.threaded) return wakeUp(k, c, n.task);
  c.poll_list.push(n.id);
  n.listed = true;
  if (!c.in_net_rx_action) __raise_softirq_irqoff(c, NET_RX_SOFTIRQ);
}
