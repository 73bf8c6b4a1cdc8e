/// How every number on the site is written: digits in groups of three with a narrow no-break
/// space, the unit after a no-break space, at most four significant digits for rates. No locale:
/// the same bytes in every browser and at build time.

const GROUP = '\u202f';
const SPACE = '\u00a0';

/// An integer in groups of three: 1 514. Fractions are rounded away.
export function count(n: number): string {
  const digits = Math.abs(Math.round(n)).toString();
  const grouped = digits.replace(/\B(?=(\d{3})+$)/g, GROUP);
  return n <= -0.5 ? `\u2212${grouped}` : grouped;
}

/// A number with at most `significant` digits and no zeros at the end: 14.88, 1.488, 812.
export function short(n: number, significant = 4): string {
  const whole = Math.floor(Math.abs(n)).toString().length;
  const decimals = n === 0 ? 0 : Math.max(0, significant - whole);
  const text = n.toFixed(Math.min(decimals, 3));
  const trimmed = text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  const [integer = '0', fraction] = trimmed.split('.');
  return count(Number(integer)) + (fraction ? `.${fraction}` : '');
}

/// A value with its unit. Rates scale by thousands: 14.88 Mpps, 964.8 Mb/s, 53.1 k skbs/s.
export function withUnit(n: number, unit: string): string {
  if (unit === '') return count(n);
  if (unit === 'ns') return time(n);
  if (unit === 'us') return time(n * 1_000, 'µs');
  if (unit === 'pps' || unit.endsWith('/s')) {
    const [scaled, prefix] = thousands(n);
    const glue = prefix && unit.length > 3 ? SPACE : ''; // Mpps, Mb/s, but k frames/s
    return short(scaled) + (unit === '/s' && !prefix ? '' : SPACE) + prefix + glue + unit;
  }
  return (Number.isInteger(n) ? count(n) : short(n)) + SPACE + unit;
}

function thousands(n: number): [number, string] {
  const size = Math.abs(n);
  if (size >= 1e9) return [n / 1e9, 'G'];
  if (size >= 1e6) return [n / 1e6, 'M'];
  if (size >= 1e3) return [n / 1e3, 'k'];
  return [n, ''];
}

export type TimeUnit = 'ns' | 'µs' | 'ms' | 's';

const NS: Record<TimeUnit, number> = { ns: 1, µs: 1e3, ms: 1e6, s: 1e9 };

/// The unit in which a span of that many nanoseconds reads best.
export function timeUnit(ns: number): TimeUnit {
  const size = Math.abs(ns);
  if (size < 1_000) return 'ns';
  if (size <= 10_000_000) return 'µs';
  return size < 2_000_000_000 ? 'ms' : 's';
}

/// Nanoseconds as digits of a unit, without the unit: 520, 12.480.
export function inUnit(ns: number, unit: TimeUnit): string {
  if (unit === 's') return (ns / 1e9).toFixed(3);
  const parts = unit === 'ms' ? 1_000 : 10; // three decimals of a millisecond, one of a microsecond
  return short(Math.round((ns / NS[unit]) * parts) / parts, 12);
}

/// Digits for an axis: 0, 5, 10 and not 0.000, 5.000, 10.000.
export function onAxis(ns: number, unit: TimeUnit): string {
  return short(ns / NS[unit], 6);
}

/// A time with its unit: 64 µs, 12.480 s.
export function time(ns: number, unit: TimeUnit = timeUnit(ns)): string {
  return inUnit(ns, unit) + SPACE + unit;
}

/// A share as a percentage: 0.98 is 98 %.
export function percent(share: number): string {
  return `${Math.round(share * 100)}${SPACE}%`;
}

/// The next round value, for an axis that has to hold `n`: 1, 1.5, 2, 3, 5 or 7.5 times a power of ten.
export function roundUp(n: number): number {
  let size = 1;
  while (size * 10 <= n) size *= 10;
  while (size > n) size /= 10;
  return ([1, 1.5, 2, 3, 5, 7.5, 10].find((step) => step * size >= n) ?? 10) * size;
}

/// Round values for an axis from 0 to `top`: at most `most` intervals of 1, 2 or 5 times a power of ten.
export function ticks(top: number, most: number): number[] {
  const stepOf = (i: number) => Number(`${[1, 2, 5][i % 3]}e${Math.floor(i / 3) - 3}`);
  let i = 0;
  while (stepOf(i) * most < top * 0.999) i++;
  const step = stepOf(i);
  const list: number[] = [];
  for (let n = 0; n * step <= top * 1.000001; n++) list.push(n * step);
  return list;
}
