/// What a write to a file below /sys/class/net changes: receive packet steering, transmit queue
/// selection, the NAPI timers.
/// Stands for net/core/net-sysfs.c.
/// Left out: tx_maxrate and traffic classes, which no driver here has; byte queue limits, which are
/// stored and shown but limit nothing.
import { maskAnd, maskOf, parseMask } from './cpumask.ts';
import { dev_close, dev_open, dev_set_promiscuity } from './dev.ts';
import { done, fails, type Result } from './errno.ts';
import { setFlowCount } from './rfs.ts';
import { setRpsCpus } from './rps.ts';
import type { Kernel, NetDevice, RxQueue } from './state.ts';
import { __netif_set_xps_queue } from './xps.ts';

const ULONG_MAX = 18446744073709551615n;

/// An unsigned number as kstrtoul() reads it: decimal, octal or hexadecimal, one newline after it.
/// EINVAL when it is none, ERANGE when it does not fit.
export function readUnsigned(
  text: string,
  most: bigint = ULONG_MAX,
  base: 0 | 10 = 0,
): { readonly value: number } | 'EINVAL' | 'ERANGE' {
  const match = /^\+?(0x[0-9a-f]+|\d+)\n?$/i.exec(text);
  const digits = match?.[1];
  if (!digits || (base === 10 && /x/i.test(digits))) return 'EINVAL';
  if (base === 0 && /^0\d*[89]/.test(digits)) return 'EINVAL';
  const value = BigInt(base === 0 && /^0[0-7]/.test(digits) ? `0o${digits}` : digits);
  return value > most ? 'ERANGE' : { value: Number(value) };
}

/// Reads a number and hands it on.
export function withUnsigned(text: string, use: (value: number) => Result): Result {
  const number = readUnsigned(text);
  return typeof number === 'string' ? fails(number) : use(number.value);
}

/// rps_cpus: the CPUs among which received packets of this queue are spread.
export function store_rps_map(k: Kernel, queue: RxQueue, text: string): Result {
  const mask = parseMask(text, k.desc.cpus);
  if (typeof mask === 'string') return fails(mask);
  // Offline CPUs are dropped: a mask of them alone switches RPS off.
  setRpsCpus(k, queue, maskAnd(mask, onlineMask(k)));
  k.config_version++;
  return done;
}

/// rps_flow_cnt: size of the queue's flow table, rounded up to a power of two.
export function store_rps_dev_flow_table_cnt(k: Kernel, queue: RxQueue, text: string): Result {
  return withUnsigned(text, (count) => {
    const result = setFlowCount(k, queue, count);
    if (result.ok) k.config_version++;
    return result;
  });
}

/// xps_cpus: the CPUs whose packets leave by this queue.
export function netif_set_xps_queue(
  k: Kernel,
  dev: NetDevice,
  index: number,
  text: string,
): Result {
  const mask = parseMask(text, k.desc.cpus);
  if (typeof mask === 'string') return fails(mask);
  const result = __netif_set_xps_queue(k, dev, index, mask);
  if (result.ok) k.config_version++;
  return result;
}

/// gro_flush_timeout, in nanoseconds.
export function change_gro_flush_timeout(k: Kernel, dev: NetDevice, value: number): Result {
  dev.gro_flush_timeout = value;
  k.config_version++;
  return done;
}

/// napi_defer_hard_irqs: empty polls before the interrupt is enabled again.
export function change_napi_defer_hard_irqs(k: Kernel, dev: NetDevice, value: number): Result {
  if (value > 2147483647) return fails('ERANGE');
  dev.napi_defer_hard_irqs = value;
  k.config_version++;
  return done;
}

const IFF_UP = 0x1;
const IFF_PROMISC = 0x100;

/// flags: up and promiscuous mode; the other bits of the word do nothing here.
export function change_flags(k: Kernel, dev: NetDevice, flags: number): Result {
  const promisc = (flags & IFF_PROMISC) !== 0;
  if (promisc !== dev.promisc > 0) dev_set_promiscuity(k, dev, promisc ? 1 : -1);
  const up = (flags & IFF_UP) !== 0;
  if (up === dev.up) return done;
  return up ? dev_open(k, dev) : dev_close(k, dev);
}

function onlineMask(k: Kernel): number[] {
  const online = k.cpus.filter((cpu) => cpu.online).map((cpu) => cpu.id);
  return maskOf(online, k.desc.cpus);
}
