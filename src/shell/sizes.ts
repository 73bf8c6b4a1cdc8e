/// Numbers with a unit behind them, as head -c 1K, tail -n 2k and sort -S take them.

const powers = 'KMGTPEZYRQ';

/// The number that the text stands for (at most 2^53 - 1), or null when it is not one.
export function parseSize(text: string): number | null {
  const match = /^\s*\+?(\d+)(b|[kKMGTPEZYRQ](?:iB|B)?)?$/.exec(text);
  if (!match) return null;
  const [, digits = '0', unit = ''] = match;
  return Math.min(Number(digits) * unitSize(unit), Number.MAX_SAFE_INTEGER);
}

function unitSize(unit: string): number {
  if (unit === '') return 1;
  if (unit === 'b') return 512;
  const base = unit.length === 2 ? 1000 : 1024;
  let size = 1;
  for (let i = 0; i <= powers.indexOf(unit.charAt(0).toUpperCase()); i++) size *= base;
  return size;
}

/// 1234 as ls -h and sort -h write sizes: 1.3K. Rounded up, with one digit where it is below ten.
export function humanSize(bytes: number): string {
  if (bytes < 1024) return String(bytes);
  let unit = 0;
  let scale = 1;
  while (unit < powers.length && bytes >= scale * 1024) {
    scale *= 1024;
    unit++;
  }
  const tenths = Math.ceil((bytes * 10) / scale);
  if (tenths < 100) return `${Math.floor(tenths / 10)}.${tenths % 10}${powers.charAt(unit - 1)}`;
  const whole = Math.ceil(bytes / scale);
  return whole === 1024 ? `1.0${powers.charAt(unit)}` : `${whole}${powers.charAt(unit - 1)}`;
}
