/// Finding one's way on a host: devices, queues and interrupts by what they are called.
import type { Kernel, Napi, NetDevice, RxQueue, Sock } from '../src/kernel/state.ts';

export function deviceNamed(k: Kernel, name: string): NetDevice {
  const dev = k.devs.find((one) => one.name === name);
  if (!dev) throw new Error(`host ${k.desc.hostname} has no ${name}`);
  return dev;
}

/// The receive queue of a device that has had the most frames.
export function busiestQueue(dev: NetDevice): RxQueue {
  const [first, ...rest] = dev.rx;
  if (!first) throw new Error(`${dev.name} has no receive queue`);
  return rest.reduce((most, queue) => (load(queue) > load(most) ? queue : most), first);
}

export function napiOf(k: Kernel, queue: RxQueue): Napi {
  const napi = k.napis[queue.napi];
  if (!napi) throw new Error(`receive queue ${queue.index} has no NAPI ${queue.napi}`);
  return napi;
}

/// The CPU that takes a queue's interrupt.
export function cpuOf(k: Kernel, queue: RxQueue): number {
  return k.irqs[napiOf(k, queue).irq]?.effective ?? 0;
}

/// Skbs that wait in a socket, in both of its queues.
export function waitingIn(sock: Sock): number {
  return sock.qlen + sock.reader_qlen;
}

function load(queue: RxQueue): number {
  return queue.packets + queue.used + queue.drops;
}
