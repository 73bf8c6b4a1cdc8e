/// The wall clock of the host: what the recorded hosts' clock chip said at boot, plus virtual time.
/// UTC throughout, as on those hosts.
import type { Kernel } from '../kernel/state.ts';

/// Seconds since 1970 when the kernel started, from each host's line `setting system clock to ...`.
const BOOTED: Record<string, number> = {
  virtio: 1_795_217_594,
  igb: 1_795_217_616,
  mixed: 1_795_217_636,
  laptop: 1_795_217_657,
  wide: 1_795_218_286,
  'arm64-gem': 0, // no clock chip: it starts with 1970
};

/// Nanoseconds since 1970 now. Beyond 2^53, so a bigint.
export function wallClock(k: Kernel): bigint {
  return (
    BigInt(BOOTED[k.desc.profile] ?? 1_795_217_594) * 1_000_000_000n +
    BigInt(k.desc.uptime_ns) +
    BigInt(Math.round(k.now))
  );
}

/// A moment as a calendar shows it.
interface Moment {
  readonly seconds: number; // since 1970
  readonly ns: number;
  readonly year: number;
  readonly month: number; // 1 to 12
  readonly day: number;
  readonly weekday: number; // 0: Sunday
  readonly yearday: number; // 1 to 366
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/// Gregorian calendar from days, counting years from March so that leap days come last.
export function momentOf(wall_ns: bigint): Moment {
  const seconds = Number(wall_ns / 1_000_000_000n);
  const days = Math.floor(seconds / 86_400);
  const rest = seconds - days * 86_400;
  const shifted = days + 719_468; // days since 0000-03-01
  const era = Math.floor(shifted / 146_097);
  const inEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (inEra - Math.floor(inEra / 1460) + Math.floor(inEra / 36_524) - Math.floor(inEra / 146_096)) /
      365,
  );
  const fromMarch =
    inEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * fromMarch + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const yearday = month <= 2 ? fromMarch - 305 : fromMarch + (leap ? 61 : 60);
  return {
    seconds,
    ns: Number(wall_ns % 1_000_000_000n),
    year,
    month,
    day: fromMarch - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
    weekday: (((days + 4) % 7) + 7) % 7,
    yearday,
    hour: Math.floor(rest / 3600),
    minute: Math.floor(rest / 60) % 60,
    second: rest % 60,
  };
}

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS =
  'January February March April May June July August September October November December'.split(
    ' ',
  );
const two = (n: number) => String(n).padStart(2, '0');
const blank = (n: number) => String(n).padStart(2, ' ');

const FIELDS: Record<string, (m: Moment) => string> = {
  '%': () => '%',
  n: () => '\n',
  t: () => '\t',
  a: (m) => (DAYS[m.weekday] ?? '').slice(0, 3),
  A: (m) => DAYS[m.weekday] ?? '',
  b: (m) => (MONTHS[m.month - 1] ?? '').slice(0, 3),
  h: (m) => (MONTHS[m.month - 1] ?? '').slice(0, 3),
  B: (m) => MONTHS[m.month - 1] ?? '',
  c: (m) => formatMoment(m, '%a %b %e %H:%M:%S %Y'),
  C: (m) => two(Math.floor(m.year / 100)),
  d: (m) => two(m.day),
  D: (m) => formatMoment(m, '%m/%d/%y'),
  e: (m) => blank(m.day),
  F: (m) => formatMoment(m, '%Y-%m-%d'),
  H: (m) => two(m.hour),
  I: (m) => two(m.hour % 12 || 12),
  j: (m) => String(m.yearday).padStart(3, '0'),
  k: (m) => blank(m.hour),
  l: (m) => blank(m.hour % 12 || 12),
  m: (m) => two(m.month),
  M: (m) => two(m.minute),
  N: (m) => String(m.ns).padStart(9, '0'),
  p: (m) => (m.hour < 12 ? 'AM' : 'PM'),
  r: (m) => formatMoment(m, '%I:%M:%S %p'),
  R: (m) => formatMoment(m, '%H:%M'),
  s: (m) => String(m.seconds),
  S: (m) => two(m.second),
  T: (m) => formatMoment(m, '%H:%M:%S'),
  u: (m) => String(m.weekday || 7),
  w: (m) => String(m.weekday),
  x: (m) => formatMoment(m, '%m/%d/%y'),
  X: (m) => formatMoment(m, '%H:%M:%S'),
  y: (m) => two(m.year % 100),
  Y: (m) => String(m.year),
  z: () => '+0000',
  ':z': () => '+00:00',
  Z: () => 'UTC',
};

/// strftime(3) in the C locale, with the %N and %:z of date(1). What it does not know stays as it is.
export function formatMoment(m: Moment, format: string): string {
  return format.replace(
    /%([-_0^]?)(\d*)(:?[a-zA-Z%])/g,
    (whole, flag: string, width: string, letter: string) => {
      const field = FIELDS[letter];
      if (!field) return whole;
      let text = field(m);
      if (letter === 'N' && width !== '') return text.slice(0, Number(width));
      if (flag === '-') text = text.replace(/^[0 ]+(?=.)/, '');
      if (flag === '_') text = text.replace(/^0+(?=.)/, (zeros) => ' '.repeat(zeros.length));
      if (flag === '0') text = text.replace(/^ +/, (blanks) => '0'.repeat(blanks.length));
      if (flag === '^') text = text.toUpperCase();
      return width === ''
        ? text
        : text.padStart(Number(width), flag === '_' || /^[^\d]/.test(text) ? ' ' : '0');
    },
  );
}
