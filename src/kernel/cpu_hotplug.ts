/// CPUs taken offline and brought back: what happens to interrupts, queued packets and tasks.
/// Stands for cpu_device_down() and cpu_device_up() (kernel/cpu.c), irq_migrate_all_off_this_cpu()
/// (kernel/irq/cpuhotplug.c) and dev_cpu_dead() (net/core/dev.c).
/// A CPU that is inside an interrupt or a softirq goes when it is out of it, as the stopper thread
/// would have it; the write to `online` returns at once, where the real one waits.
/// Left out: the time that hotplug takes, and the interrupts of the recorded machines' other devices, which are data.
import { setTime } from '../engine/agenda.ts';
import { COSTS } from './costs.ts';
import { maskHas, maskOf } from './cpumask.ts';
import { done, fails, type Result } from './errno.ts';
import { assignVector } from './irq.ts';
import {
  irq_affinity_online_cpu,
  irq_shutdown_and_deactivate,
  irq_startup,
} from './managed_irq.ts';
import { __napi_schedule } from './napi_schedule.ts';
import { dealVectors } from './nic.ts';
import { goIdle, IDLE, interruptCpu, leaveIdle } from './piece.ts';
import { printk } from './printk.ts';
import { net_rps_action_and_irq_enable, netif_rx_internal } from './rps.ts';
import { wakeUp } from './sched/wake.ts';
import type { Cpu, Irq, Kernel } from './state.ts';
import { STEP } from './tracing.ts';

/// Writes 0 to a CPU's `online` file. EBUSY for the last one.
export function offlineCpu(k: Kernel, c: Cpu): Result {
  if (!c.online || c.going_down) return done;
  if (k.cpus.filter((each) => each.online && !each.going_down).length === 1) return fails('EBUSY');
  k.config_version++;
  c.going_down = true;
  c.need_resched = true;
  if (c.mode !== IDLE) return done;
  leaveIdle(k, c);
  dieNow(k, c);
  return done;
}

/// Writes 1 to a CPU's `online` file.
export function onlineCpu(k: Kernel, c: Cpu): Result {
  c.going_down = false;
  if (c.online) return done;
  k.config_version++;
  c.online = true;
  c.need_resched = false;
  goIdle(k, c);
  irq_affinity_online_cpu(k, c);
  printk(k, `smpboot: Booting Node ${c.node} Processor ${c.id} APIC 0x${c.id.toString(16)}`);
  for (const dev of k.devs) if (dev.path >= 0) dealVectors(k, dev);
  return done;
}

/// The CPU's last act, between two tasks. Another CPU, the first that is online, does the rest.
export function dieNow(k: Kernel, c: Cpu): void {
  c.going_down = false;
  c.online = false;
  c.need_resched = false;
  irq_migrate_all_off_this_cpu(k, c);
  for (const dev of k.devs) if (dev.path >= 0) dealVectors(k, dev);
  const heir = k.cpus.find((each) => each.online)!;
  moveTasks(k, c, heir);
  setTime(k.agenda, c.tick_slot, Infinity);
  goIdle(k, c);
  for (const n of k.napis) if (n.timer_cpu === c.id) n.timer_cpu = heir.id;
  dev_cpu_dead(k, c, heir);
  printk(k, `smpboot: CPU ${c.id} is now offline`);
}

/// kernel/irq/cpuhotplug.c:irq_migrate_all_off_this_cpu()
function irq_migrate_all_off_this_cpu(k: Kernel, c: Cpu): void {
  for (const desc of k.irqs) if (desc.name !== '') migrate_one_irq(k, c, desc);
}

/// An interrupt that goes elsewhere loses only a planned move to the dying CPU. One that comes here
/// takes the planned mask, or its own, or when nothing of either is online, every online CPU; a managed one is
/// shut down then.
/// kernel/irq/cpuhotplug.c:migrate_one_irq()
function migrate_one_irq(k: Kernel, c: Cpu, desc: Irq): void {
  const kept = irq_fixup_move_pending(k, desc);
  if (desc.shut_down || desc.effective !== c.id) return;
  if (kept) desc.pending = false;
  if (!reachable(k, desc.affinity)) {
    if (desc.managed) return irq_shutdown_and_deactivate(k, desc);
    const online = k.cpus.filter((each) => each.online).map((each) => each.id);
    desc.affinity = maskOf(online, k.desc.cpus);
  }
  if (desc.managed) irq_startup(k, desc);
  else assignVector(k, desc);
}

/// Whether a planned move can still happen; if not, it is given up and the mask before it holds.
/// kernel/irq/migration.c:irq_fixup_move_pending()
function irq_fixup_move_pending(k: Kernel, desc: Irq): boolean {
  if (!desc.pending) return false;
  if (reachable(k, desc.affinity)) return true;
  desc.pending = false;
  desc.affinity = [...desc.in_force];
  return false;
}

function reachable(k: Kernel, mask: readonly number[]): boolean {
  return k.cpus.some((each) => each.online && maskHas(mask, each.id));
}

/// The tasks that were here go where they may; ksoftirqd is parked with its CPU.
function moveTasks(k: Kernel, c: Cpu, heir: Cpu): void {
  const here = c.curr >= 0 ? [c.curr, ...c.ready] : [...c.ready];
  c.ready.length = 0;
  c.runqueue.length = 0;
  c.curr = -1;
  c.last = -1;
  const moving = here.filter((index) => {
    const task = k.tasks[index]!;
    const awake = task.state !== 'sleeping' && task.kind !== 'ksoftirqd';
    task.state = 'sleeping';
    return awake;
  });
  if (moving.length === 0) return;
  interruptCpu(k, heir, COSTS.resched_ipi.ns, STEP.WAKE);
  for (const index of moving) wakeUp(k, heir, index);
}

/// What the dead CPU had to poll and what waited in its backlog goes to the heir. Its own counters
/// stay, and are shown again when it comes back. net/core/dev.c:dev_cpu_dead()
function dev_cpu_dead(k: Kernel, old: Cpu, heir: Cpu): void {
  const polls = old.poll_list;
  old.poll_list = [];
  old.softirq_pending = 0;
  old.in_net_rx_action = false;
  k.napis[old.backlog]!.sched = false;
  k.napis[old.backlog]!.listed = false;
  const devices = polls.filter((id) => id !== old.backlog);
  const waiting = old.process_qlen + old.input_qlen;
  if (devices.length === 0 && waiting === 0 && old.rps_ipi_list.length === 0) return;
  interruptCpu(k, heir, COSTS.net_rps_send_ipi.ns, STEP.BACKLOG);
  for (const id of devices) __napi_schedule(k, heir, k.napis[id]!);
  net_rps_action_and_irq_enable(k, old);
  // As netif_rx() does for each: steered anew, or into the heir's own backlog, which may be full.
  for (const head of [old.process_head, old.input_head])
    for (let skb = head; skb >= 0;) {
      const next = k.skbs.next[skb]!;
      netif_rx_internal(k, heir, skb);
      skb = next;
    }
  old.input_queue_head = (old.input_queue_head + waiting) >>> 0;
  old.process_head = old.process_tail = old.input_head = old.input_tail = -1;
  old.process_qlen = old.input_qlen = 0;
}
