/// Amounts as the traffic command takes them: 200k, 1.5M, 10ms, 5%.

const DECIMAL: Readonly<Record<string, number>> = { '': 1, k: 1e3, K: 1e3, M: 1e6, G: 1e9 };
const TIMES: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 };

/// A count or rate with an optional k, M or G; null for anything else.
export function parseAmount(text: string): number | null {
  const [, digits = '', unit = ''] = /^(\d{1,12}(?:\.\d{1,6})?)([kKMG]?)$/.exec(text) ?? [];
  return digits ? Math.round(Number(digits) * DECIMAL[unit]!) : null;
}

/// A time with its unit, as nanoseconds; null for anything else.
export function parseTime(text: string): number | null {
  const [, digits = '', unit = ''] = /^(\d{1,12}(?:\.\d{1,9})?)(ns|us|ms|s)$/.exec(text) ?? [];
  return digits ? Math.round(Number(digits) * TIMES[unit]!) : null;
}

/// A share: 5% or 0.05; null for anything else or more than the whole.
export function parseShare(text: string): number | null {
  const [, digits = '', percent = ''] = /^(\d{1,3}(?:\.\d{1,9})?)(%?)$/.exec(text) ?? [];
  const share = Number(digits) / (percent ? 100 : 1);
  return digits && share <= 1 ? share : null;
}

/// A rate in the shortest words: 200k, 1.5M.
export function amountText(amount: number): string {
  for (const [unit, size] of [
    ['G', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ] as const)
    if (amount >= size && (amount * 1000) % size === 0) return `${amount / size}${unit}`;
  return String(amount);
}

/// A time in its largest whole unit: 10ms, 1500us.
export function timeText(ns: number): string {
  for (const [unit, size] of [
    ['s', 1e9],
    ['ms', 1e6],
    ['us', 1e3],
  ] as const)
    if (ns >= size && ns % size === 0) return `${ns / size}${unit}`;
  return `${ns}ns`;
}
