/// Network devices as the administrator sees them: up and down, promiscuous, MTU, queue length.
/// Stands for dev_open(), dev_close(), dev_set_promiscuity(), dev_set_mtu() and
/// dev_change_tx_queue_len() in net/core/dev.c, with what the drivers do.
/// Left out: addresses changed while up, multicast lists, renaming.
import { setTime } from '../engine/agenda.ts';
import { driverOf } from '../hardware/driver.ts';
import { enableIp, fib_disable_ip } from './devinet.ts';
import { pathAt } from './driver_table.ts';
import { done, fails, type Result } from './errno.ts';
import { linkChanged } from './link_state.ts';
import { napi_hash_del } from './napi_id.ts';
import { freeVectors, requestVectors, restart } from './nic.ts';
import { attach_default_qdiscs } from './sch_api.ts';
import { createTask } from './sched/task.ts';
import type { Kernel, Napi, NetDevice } from './state.ts';
import { resetFifos, resetRing } from './wire.ts';
import { xdpRefusesMtu } from './xdp/attach.ts';

export { dev_get_stats } from './dev_stats.ts';
export { dev_set_promiscuity } from './promiscuity.ts';

/// Brings a device up; the link follows when it is negotiated.
export function dev_open(k: Kernel, dev: NetDevice): Result {
  if (dev.up) return done;
  if (dev.links.kind === 'vlan' && !k.devs[dev.links.lower]!.up) return fails('ENETDOWN');
  dev.up = true;
  if (dev.qdisc.kind === 'noop') attach_default_qdiscs(k, dev);
  enableIp(k, dev);
  k.config_version++;
  if (dev.path < 0) {
    dev.carrier = true;
    linkChanged(k, dev);
    return done;
  }
  const path = pathAt(dev.path);
  for (const q of dev.rx) resetRing(k, dev, q, dev.ring.rx);
  restart(k, dev);
  if (path.freesVectors) requestVectors(k, dev);
  if (path.reset_ns === 0) linkUp(k, dev);
  return done;
}

/// Takes a device down. Frames in its rings are lost, and the routes by it.
export function dev_close(k: Kernel, dev: NetDevice): Result {
  if (!dev.up) return done;
  dev.up = false;
  k.config_version++;
  if (dev.carrier) dev.carrier_changes++;
  dev.carrier = false;
  fib_disable_ip(k, dev);
  linkChanged(k, dev);
  if (dev.path < 0) return done;
  for (const q of dev.rx) {
    resetRing(k, dev, q, dev.ring.rx);
    const n = k.napis[q.napi]!;
    n.disabled = true;
    n.irq_enabled = false;
    n.irq_pending = false;
    setTime(k.agenda, n.irq_slot, Infinity);
    if (pathAt(dev.path).deletesNapis === true) napi_hash_del(n);
  }
  if (pathAt(dev.path).freesVectors) freeVectors(k, dev);
  resetFifos(k, dev);
  setTime(k.agenda, dev.link_slot, Infinity);
  return done;
}

/// The link is there: frames arrive from now on.
export function linkUp(k: Kernel, dev: NetDevice): void {
  if (dev.carrier || !dev.up) return;
  dev.carrier = true;
  dev.carrier_changes++;
  if (dev.path >= 0) pathAt(dev.path).linkUp?.(k, dev);
  linkChanged(k, dev);
}

/// Sets the MTU, bytes. EINVAL outside the driver's range, with the kernel's sentence. Some NICs
/// are reset while they are up: the driver sizes its buffers by the MTU.
export function dev_set_mtu(k: Kernel, dev: NetDevice, mtu: number): Result {
  if (mtu === dev.mtu) return done;
  const limits = driverOf(dev).mtu;
  if (mtu < limits.min) return fails('EINVAL', 'mtu less than device minimum');
  if (limits.max > 0 && mtu > limits.max) return fails('EINVAL', 'mtu greater than device maximum');
  if (dev.up && limits.whileUp === false) return fails('EBUSY');
  if (dev.links.vlan && mtu > k.devs[dev.links.lower]!.mtu) return fails('ERANGE');
  const unfit = xdpRefusesMtu(k, dev, mtu);
  if (unfit) return unfit;
  dev.mtu = mtu;
  for (const index of dev.links.vlans) k.devs[index]!.mtu = Math.min(k.devs[index]!.mtu, mtu);
  k.config_version++;
  if (dev.up && dev.path >= 0 && pathAt(dev.path).resetsForMtu) {
    for (const q of dev.rx) resetRing(k, dev, q, dev.ring.rx);
    restart(k, dev);
  }
  return done;
}

/// Sets the transmit queue length, packets. ERANGE when it does not fit 32 bits.
export function dev_change_tx_queue_len(k: Kernel, dev: NetDevice, length: number): Result {
  if (length < 0 || length > 0xffff_ffff) return fails('ERANGE');
  dev.txqueuelen = length;
  k.config_version++;
  return done;
}

/// Polls every queue in a kernel thread of its own (napi/eth0-8193), or in softirqs again.
/// net/core/dev.c:dev_set_threaded()
export function dev_set_threaded(k: Kernel, dev: NetDevice, threaded: boolean): Result {
  if (dev.path < 0 || pathAt(dev.path).withoutNapi) return fails('EOPNOTSUPP');
  if (dev.threaded === threaded) return done;
  // The instance that was added last is the first of the device's list.
  if (threaded) for (const q of dev.rx.toReversed()) napi_kthread_create(k, dev, k.napis[q.napi]!);
  dev.threaded = threaded;
  k.config_version++;
  return done;
}

/// The thread of an instance, and before it that of the transmit queue beside it, where that has one.
/// net/core/dev.c:napi_kthread_create()
function napi_kthread_create(k: Kernel, dev: NetDevice, n: Napi): void {
  if (n.task >= 0) return;
  const cpu = k.irqs[n.irq]?.effective ?? 0;
  const thread = { kthread: true, uid: 0, cpu, pinned: false } as const;
  if (pathAt(dev.path).txNapis)
    createTask(k, { ...thread, comm: `napi/${dev.name}-0`, kind: 'other' });
  const comm = `napi/${dev.name}-${n.napi_id}`;
  n.task = createTask(k, { ...thread, comm, kind: 'napi', napi: n.id });
}

/// Puts a device that the host boots with into its state after `ip link set up`.
export function startUp(dev: NetDevice): void {
  dev.up = true;
  dev.carrier = true;
  dev.carrier_changes = dev.path < 0 ? 0 : 2;
}
