/// Sizes, rates and times as tc reads and prints them. Stands for tc/tc_util.c and lib/utils.c of
/// iproute2 6.15.
/// Left out: percentages of the link's rate, IEC prefixes (kibit).

const SIZES: Readonly<Record<string, number>> = {
  ...{ '': 1, b: 1, k: 1024, kb: 1024, m: 1024 ** 2, mb: 1024 ** 2, g: 1024 ** 3, gb: 1024 ** 3 },
  ...{ kbit: 128, mbit: 131_072, gbit: 134_217_728 },
};
const RATES: Readonly<Record<string, number>> = {
  ...{ '': 1, bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9, tbit: 1e12 },
  ...{ bps: 8, kbps: 8e3, mbps: 8e6, gbps: 8e9, tbps: 8e12 },
};
const TIMES: Readonly<Record<string, number>> = {
  ...{ '': 1, us: 1, usec: 1, usecs: 1, ms: 1e3, msec: 1e3, msecs: 1e3 },
  ...{ s: 1e6, sec: 1e6, secs: 1e6 },
};

function scaled(word: string, units: Readonly<Record<string, number>>): number | null {
  const [, number = '', unit = ''] = /^(\d+\.?\d*|\.\d+)([a-z]*)$/i.exec(word) ?? [];
  const factor = units[unit.toLowerCase()];
  return number === '' || factor === undefined ? null : Math.floor(Number(number) * factor);
}

/// Bytes; null when the word is no size. get_size()
export function readSize(word: string): number | null {
  return scaled(word, SIZES);
}

/// Bits a second. get_rate()
export function readRate(word: string): number | null {
  return scaled(word, RATES);
}

/// Microseconds. get_time()
export function readTime(word: string): number | null {
  return scaled(word, TIMES);
}

/// A whole number, decimal or with 0x. get_unsigned()
export function readCount(word: string): number | null {
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(word)) return null;
  const count = Number(word);
  return count > 0xffff_ffff ? null : count;
}

/// 20Kb, 32Mb, 1514b. sprint_size()
export function sizeText(bytes: number): string {
  const mega = 1024 * 1024;
  if (bytes >= mega && Math.abs(mega * Math.round(bytes / mega) - bytes) < 1024)
    return `${Math.round(bytes / mega)}Mb`;
  if (bytes >= 1024 && Math.abs(1024 * Math.round(bytes / 1024) - bytes) < 16)
    return `${Math.round(bytes / 1024)}Kb`;
  return `${bytes}b`;
}

/// 50Mbit: the largest unit that divides it, as long as five digits do. tc_print_rate()
export function rateText(bits: number): string {
  const units = ['bit', 'Kbit', 'Mbit', 'Gbit', 'Tbit'];
  let value = bits;
  let at = 0;
  while (at < units.length - 1 && value >= 1000 && !(value % 1000 !== 0 && value < 1_000_000)) {
    value = Math.floor(value / 1000);
    at++;
  }
  return `${value}${units[at]}`;
}

/// 999us, 5ms, 1s: three digits. sprint_time()
export function timeText(us: number): string {
  if (us >= 1e6) return `${threeDigits(us / 1e6)}s`;
  if (us >= 1e3) return `${threeDigits(us / 1e3)}ms`;
  return `${us}us`;
}

function threeDigits(value: number): string {
  return String(Number(value.toPrecision(3)));
}
