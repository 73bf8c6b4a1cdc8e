/// How uptime(1) of procps words the time since boot.
import type { Kernel } from '../kernel/state.ts';
import { formatMoment, momentOf, wallClock } from './clock.ts';

/// The clock now (`23:44:04`), or the moment of boot (`2026-11-20 23:43:48`).
export function clockText(k: Kernel, boot: boolean): string {
  const since = BigInt(Math.round(k.desc.uptime_ns + k.now));
  return boot
    ? formatMoment(momentOf(wallClock(k) - since), '%F %T')
    : formatMoment(momentOf(wallClock(k)), '%T');
}

/// `up 3 min`, `up 1 day,  2:03`; pretty: `up 1 day, 2 hours, 3 minutes`.
export function uptimeText(k: Kernel, pretty: boolean): string {
  const minutes = Math.floor((k.desc.uptime_ns + k.now) / 60e9);
  const [d, h, m] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24, minutes % 60];
  if (!pretty) {
    const days = d > 0 ? `${d} day${d === 1 ? '' : 's'}, ` : '';
    return `up ${days}${h > 0 ? `${String(h).padStart(2)}:${String(m).padStart(2, '0')}` : `${m} min`}`;
  }
  const count = (n: number, unit: string) => (n > 0 ? [`${n} ${unit}${n === 1 ? '' : 's'}`] : []);
  const parts = [...count(d, 'day'), ...count(h, 'hour'), ...count(m, 'minute')];
  return `up ${parts.length > 0 ? parts.join(', ') : '0 minutes'}`;
}
