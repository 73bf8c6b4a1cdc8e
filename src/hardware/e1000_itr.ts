/// Interrupt moderation as the drivers e1000e and e1000 do it: a rate in interrupts a second that follows
/// the traffic of each poll, written to a register as an interval in units of 256 ns.
/// Stands for e1000_set_itr() and e1000_update_itr() of both drivers (which agree), and for their
/// get_coalesce() and set_coalesce().
/// Left out: the transmit side's class, which stays where it begins because nothing is counted as sent.
import type { Napi, NetDevice } from '../kernel/state.ts';
import type { Coalesce, CoalesceRules, Refusal } from './nic_driver.ts';

const LOWEST_LATENCY = 0;
const LOW_LATENCY = 1;
const BULK_LATENCY = 2;

const START_RATE = 20000; // interrupts a second, in the adaptive modes
const RATE_BY_CLASS = [70000, 20000, 4000] as const;
const MIN_USECS = 10;
const MAX_USECS = 10000;
const REGISTER_BITS = 0xffff;
const CONSERVATIVE = 3; // the adaptive mode without lowest latency

/// Interval that the register holds for a rate, ns. 0: no moderation.
export function itrInterval(rate: number): number {
  if (rate === 0) return 0;
  return (Math.floor(1_000_000_000 / (rate * 256)) & REGISTER_BITS) * 256;
}

/// The rate that the driver has in mind (adapter->itr), kept beside what `ethtool -c` shows.
export function itrOf(dev: NetDevice): number {
  return Number(dev.coalesce['itr']);
}

/// `rx-usecs`: 0 off, 1 and 3 adaptive, 4 a mode of its own, 10 to 10000 a fixed interval.
export const e1000Coalesce: CoalesceRules = {
  params: ['rx-usecs'],
  start: { 'rx-usecs': CONSERVATIVE, itr: START_RATE },
  show: (dev) => ({ 'rx-usecs': shownUsecs(Number(dev.coalesce['rx-usecs'])) }),
  settle(_dev, wanted): Coalesce | Refusal {
    const usecs = Number(wanted['rx-usecs']);
    if (usecs > MAX_USECS || (usecs > 4 && usecs < MIN_USECS) || usecs === 2)
      return { errno: 'EINVAL' };
    return { 'rx-usecs': usecs, itr: usecs <= 3 ? START_RATE : usecs === 4 ? 4 : rateOf(usecs) };
  },
};

function rateOf(usecs: number): number {
  return Math.floor(1_000_000 / usecs);
}

// The driver keeps a rate whose two lowest bits are cleared, and converts it back.
function shownUsecs(usecs: number): number {
  return usecs <= 4 ? usecs : Math.floor(1_000_000 / (rateOf(usecs) & ~3));
}

/// Whether the rate follows the traffic (itr_setting & 3).
export function adaptive(dev: NetDevice): boolean {
  const setting = Number(dev.coalesce['rx-usecs']);
  return setting === 1 || setting === CONSERVATIVE;
}

/// The rate after a poll; when it is to rise, it goes up in steps. Returns it when it has changed, else -1.
/// drivers/net/ethernet/intel/e1000e/netdev.c:e1000_set_itr()
export function e1000_set_itr(dev: NetDevice, n: Napi): number {
  const now = itrOf(dev);
  const wanted = dev.speed_mbps === 1000 ? rateForTraffic(dev, n) : 4000;
  if (wanted === now) return -1;
  const next = wanted > now ? Math.min(now + (wanted >> 2), wanted) : wanted;
  dev.coalesce['itr'] = next;
  return next;
}

function rateForTraffic(dev: NetDevice, n: Napi): number {
  const conservative = dev.coalesce['rx-usecs'] === CONSERVATIVE;
  n.itr_class = e1000_update_itr(n.itr_class, n.total_packets, n.total_bytes);
  if (conservative && n.itr_class === LOWEST_LATENCY) n.itr_class = LOW_LATENCY;
  return RATE_BY_CLASS[n.itr_class]!;
}

/// Sorts the traffic of a poll into a class of latency.
/// drivers/net/ethernet/intel/e1000e/netdev.c:e1000_update_itr()
export function e1000_update_itr(itr_class: number, packets: number, bytes: number): number {
  if (packets === 0) return itr_class;
  const mean = Math.floor(bytes / packets);
  switch (itr_class) {
    case LOWEST_LATENCY:
      if (mean > 8000) return BULK_LATENCY;
      return packets < 5 && bytes > 512 ? LOW_LATENCY : LOWEST_LATENCY;
    case LOW_LATENCY:
      return fromLow(packets, bytes, mean);
    default:
      if (bytes > 25000) return packets > 35 ? LOW_LATENCY : BULK_LATENCY;
      return bytes < 6000 ? LOW_LATENCY : BULK_LATENCY;
  }
}

function fromLow(packets: number, bytes: number, mean: number): number {
  if (bytes > 10000) {
    if (mean > 8000 || packets < 10 || mean > 1200) return BULK_LATENCY;
    return packets > 35 ? LOWEST_LATENCY : LOW_LATENCY;
  }
  if (mean > 2000) return BULK_LATENCY;
  return packets <= 2 && bytes < 512 ? LOWEST_LATENCY : LOW_LATENCY;
}
