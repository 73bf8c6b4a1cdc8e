/// How the kernel reads the numbers that are written to a sysctl: blanks between them, decimal,
/// octal and hexadecimal, what may follow a number, and what is refused.
/// Stands for proc_get_long() and the proc_do*vec() family in kernel/sysctl.c.
/// Left out: writes that start in the middle of the file.
import type { SysctlEntry } from './sysctl_table.ts';

/// What a write leaves behind: the new text of the value, and whether the kernel reported EINVAL. A
/// vector keeps the numbers that were read before the faulty one, as the real arrays do.
export interface Reading {
  readonly value: string;
  readonly bad: boolean;
}

const INT_MAX = 2147483647n;
const UINT_MAX = 4294967295n;
const ULONG_MAX = 18446744073709551615n;
const LONG_MAX = 9223372036854775807n;
const USER_HZ = 100n;
const PAGE_SIZE = 4096;

interface Token {
  readonly value: bigint;
  readonly negative: boolean;
  readonly rest: string;
}

/// Reads one number at the start of the text. At most 21 characters are looked at, so a longer number
/// is refused whatever its value.
function getNumber(text: string): Token | null {
  const match = /^(-?)(0x[0-9a-f]+|\d+)/i.exec(text);
  if (!match || match[0].length > 20) return null;
  const digits = match[2] ?? '';
  const octal = /^0[0-7]/.exec(digits) ? /^0[0-7]+/.exec(digits)?.[0] : null;
  const used = octal ?? (/^0\d/.test(digits) ? '0' : digits);
  const rest = text.slice((match[1] ?? '').length + used.length);
  if (rest !== '' && !/^[ \t\n]/.test(rest)) return null;
  const value = BigInt(octal ? `0o${octal.slice(1)}` : used);
  if (value > ULONG_MAX) return null;
  return { value, negative: match[1] === '-', rest };
}

function signed(token: Token): bigint {
  return token.negative ? -token.value : token.value;
}

function inBounds(value: bigint, entry: SysctlEntry): boolean {
  return (entry.min === null || value >= entry.min) && (entry.max === null || value <= entry.max);
}

/// Reads a vector: up to as many numbers as the value has now, the rest stays.
function readVector(
  text: string,
  current: string,
  accept: (token: Token) => bigint | string | null,
): Reading {
  const values = current === '' ? [''] : current.split('\t');
  // No handler looks further than a page.
  let rest = text.slice(0, PAGE_SIZE - 1).trimStart();
  let count = 0;
  let bad = false;
  while (rest !== '' && count < values.length) {
    const token = getNumber(rest);
    const value = token && accept(token);
    if (!token || value === null) {
      bad = true;
      break;
    }
    values[count++] = String(value);
    rest = token.rest.trimStart();
  }
  return { value: values.join('\t'), bad: bad || count === 0 };
}

/// Milliseconds as the kernel keeps them: in ticks, so that reading back may give another number than was
/// written. The number is cut to 32 bits first; null: msecs_to_jiffies() takes it for negative.
/// kernel/sysctl.c:do_proc_dointvec_ms_jiffies_conv()
function milliseconds(token: Token, hz: bigint): bigint | null {
  const ms = BigInt.asUintN(32, signed(token));
  if (ms > INT_MAX) return null;
  const tick = 1000n / hz;
  return ((ms + tick - 1n) / tick) * tick;
}

/// Hundredths of a second, in ticks too, as they are shown; null: more than fits. A negative number is too large
/// for clock_t_to_jiffies() and becomes one tick less than nothing.
/// kernel/sysctl.c:do_proc_dointvec_userhz_jiffies_conv(), kernel/time/time.c:clock_t_to_jiffies()
function hundredths(token: Token, hz: bigint): string | null {
  if (USER_HZ < hz && token.value > (LONG_MAX / hz) * USER_HZ) return null;
  const clocks = BigInt.asUintN(64, signed(token));
  const most = hz % USER_HZ === 0n ? ULONG_MAX / (hz / USER_HZ) : (ULONG_MAX / hz) * USER_HZ;
  const ticks = BigInt.asIntN(32, clocks >= most ? ULONG_MAX : (clocks * hz) / USER_HZ);
  const shown = ((ticks < 0n ? -ticks : ticks) * USER_HZ) / hz;
  return `${ticks < 0n ? '-' : ''}${shown}`;
}

/// Reads what is written to a numeric sysctl of this kind; null for a kind that is no number.
export function readNumbers(
  text: string,
  current: string,
  entry: SysctlEntry,
  hz: number,
): Reading | null {
  const ticks = BigInt(hz);
  const int = (token: Token) => {
    const value = signed(token);
    return value > INT_MAX || value < -INT_MAX - 1n || !inBounds(value, entry) ? null : value;
  };
  const unsigned = (most: bigint) => (token: Token) =>
    token.negative || token.value > most || !inBounds(token.value, entry) ? null : token.value;
  switch (entry.handler) {
    case 'i':
      return readVector(text, current, int);
    case 'u':
      return readVector(text, current, unsigned(UINT_MAX));
    case 'b':
      return readVector(text, current, unsigned(255n));
    case 'l':
      return readVector(text, current, unsigned(ULONG_MAX));
    case 'j':
      return readVector(text, current, (token) =>
        token.value > INT_MAX / ticks ? null : signed(token),
      );
    case 'J':
      return readVector(text, current, (token) => {
        const ms = milliseconds(token, ticks);
        return ms === null || !inBounds(ms, entry) ? null : ms;
      });
    case 'h':
      return readVector(text, current, (token) => hundredths(token, ticks));
    default:
      return null;
  }
}
