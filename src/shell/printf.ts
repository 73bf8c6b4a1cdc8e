/// The printf of bash: the format is used again while arguments are left; numbers are C's.
/// Left out: %n, and %(...)T beyond the seconds of the virtual clock.
import { backslashEscape } from './escapes.ts';
import { backslashQuote } from './quote.ts';
import { utf8 } from './variables.ts';

const OUTPUT_LIMIT = 4 * 1024 * 1024; // characters that one printf may make
const WIDTH_LIMIT = 1_000_000;

interface Job {
  readonly args: readonly string[];
  readonly problems: string[];
  at: number; // next argument
  stopped: boolean; // \c in %b
}

interface Spec {
  readonly flags: string;
  readonly width: number;
  readonly precision: number; // -1: none given
  readonly conversion: string;
}

export function formatPrintf(
  format: string,
  args: readonly string[],
): { text: string; problems: string[] } {
  const job: Job = { args, problems: [], at: 0, stopped: false };
  let text = '';
  do {
    const before = job.at;
    text += pass(job, format);
    if (job.at === before || job.stopped) break;
    if (text.length > OUTPUT_LIMIT) {
      job.problems.push('softnet: output is limited to 4 MiB here');
      break;
    }
  } while (job.at < args.length);
  return { text, problems: job.problems };
}

const DIRECTIVE =
  /%(%|([-+ #0']*)(\*|\d*)(?:\.(\*|-?\d*))?(?:hh|h|ll|l|j|z|t|L)?([a-zA-Z]|\([^)]*\)T)?)/y;

function pass(job: Job, format: string): string {
  let out = '';
  for (let i = 0; i < format.length && !job.stopped;) {
    if (format[i] !== '%') {
      const next = format.indexOf('%', i);
      const end = next < 0 ? format.length : next;
      out += backslashEscape(format.slice(i, end), 'format').text;
      i = end;
      continue;
    }
    DIRECTIVE.lastIndex = i;
    const found = DIRECTIVE.exec(format);
    if (!found) throw new Error(`printf directive at ${i} of ${format}`);
    i += found[0].length;
    out += found[1] === '%' ? '%' : directive(job, found, format);
  }
  return out;
}

function directive(job: Job, found: RegExpExecArray, format: string): string {
  const width = found[3] === '*' ? integer(job) : Number(found[3] ?? 0);
  const precision =
    found[4] === undefined ? -1 : found[4] === '*' ? integer(job) : Number(found[4]);
  const flags = (found[2] ?? '') + (width < 0 ? '-' : '');
  const conversion = found[5];
  if (conversion === undefined) {
    const bad = format[found.index + found[0].length];
    job.problems.push(
      bad === undefined ? "`%': missing format character" : `\`${bad}': invalid format character`,
    );
    job.stopped = true;
    return '';
  }
  return convert(job, {
    flags,
    width: Math.min(Math.abs(width), WIDTH_LIMIT),
    precision,
    conversion,
  });
}

const integer = (job: Job): number => Number(number(job, next(job)));
const next = (job: Job): string | undefined => job.args[job.at++];

function convert(job: Job, s: Spec): string {
  switch (s.conversion) {
    case 's':
      return padded(cut(next(job) ?? '', s), s);
    case 'b': {
      const { text, stopped } = backslashEscape(next(job) ?? '', 'echo');
      job.stopped ||= stopped;
      return padded(cut(text, s), s);
    }
    case 'q':
    case 'Q':
      return padded(backslashQuote(next(job) ?? ''), s);
    case 'c':
      return padded((next(job) ?? '').slice(0, 1), s);
    case 'd':
    case 'i':
      return signed(number(job, next(job)), s);
    case 'u':
      return digits(BigInt.asUintN(64, number(job, next(job))).toString(), '', s);
    case 'o':
      return digits(
        BigInt.asUintN(64, number(job, next(job))).toString(8),
        s.flags.includes('#') ? '0' : '',
        s,
      );
    case 'x':
    case 'X':
      return hex(number(job, next(job)), s);
    case 'f':
    case 'F':
    case 'e':
    case 'E':
    case 'g':
    case 'G':
      return floating(real(job, next(job)), s);
    default:
      job.problems.push(`\`${s.conversion.at(-1) ?? ''}': invalid format character`);
      job.stopped = true;
      return '';
  }
}

const cut = (text: string, s: Spec): string =>
  s.precision >= 0 ? [...text].slice(0, s.precision).join('') : text;

function padded(text: string, s: Spec): string {
  // bash counts bytes in a width, as C does
  const missing = Math.max(0, s.width - utf8(text).length);
  return s.flags.includes('-') ? text + ' '.repeat(missing) : ' '.repeat(missing) + text;
}

/// Digits with precision, then zeros or blanks up to the width.
function digits(magnitude: string, sign: string, s: Spec): string {
  const shown =
    s.precision === 0 && magnitude === '0' ? '' : magnitude.padStart(Math.max(0, s.precision), '0');
  if (s.flags.includes('0') && !s.flags.includes('-') && s.precision < 0) {
    return sign + shown.padStart(s.width - sign.length, '0');
  }
  return padded(sign + shown, s);
}

function signOf(negative: boolean, s: Spec): string {
  if (negative) return '-';
  return s.flags.includes('+') ? '+' : s.flags.includes(' ') ? ' ' : '';
}

function signed(value: bigint, s: Spec): string {
  return digits((value < 0n ? -value : value).toString(), signOf(value < 0n, s), s);
}

function hex(value: bigint, s: Spec): string {
  const text = BigInt.asUintN(64, value).toString(16);
  const prefix = s.flags.includes('#') && value !== 0n ? '0x' : '';
  const shown = digits(text, prefix, s);
  return s.conversion === 'X' ? shown.toUpperCase() : shown;
}

/// strtoimax(3), and bash's quoted character: "'a" is 97.
function number(job: Job, word: string | undefined): bigint {
  if (word === undefined) return 0n;
  const quoted = /^["'](.)/su.exec(word);
  if (quoted) return BigInt(quoted[1]?.codePointAt(0) ?? 0);
  const found = /^\s*([-+]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)/.exec(word);
  if (!found || found[0].length !== word.trimEnd().length || word === '')
    job.problems.push(`${word}: invalid number`);
  const text = found?.[2] ?? '0';
  const value = BigInt(/^0\d/.test(text) ? '0o' + text.slice(1) : text);
  const result = found?.[1] === '-' ? -value : value;
  if (result < 2n ** 64n && result >= -(2n ** 63n)) return BigInt.asIntN(64, result);
  job.problems.push(`warning: ${word}: Numerical result out of range`);
  return result < 0n ? -(2n ** 63n) : 2n ** 63n - 1n;
}

function real(job: Job, word: string | undefined): number {
  if (word === undefined) return 0;
  const value = Number(word.trim());
  if (word.trim() !== '' && !Number.isNaN(value)) return value;
  const found = /^\s*[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+)/.exec(word);
  job.problems.push(`${word}: invalid number`);
  return found ? Number(found[0]) : 0;
}

function floating(value: number, s: Spec): string {
  const precision = Math.min(s.precision < 0 ? 6 : s.precision, 100);
  const upper = s.conversion < 'a';
  const negative = value < 0 || Object.is(value, -0);
  const text = floatText(
    Math.abs(value),
    s.conversion.toLowerCase(),
    precision,
    s.flags.includes('#'),
  );
  const plain = { ...s, precision: -1 };
  const shown = Number.isFinite(value)
    ? digits(text, signOf(negative, s), plain)
    : padded(signOf(negative, s) + (Number.isNaN(value) ? 'nan' : 'inf'), s);
  return upper ? shown.toUpperCase() : shown;
}

function floatText(value: number, conversion: string, precision: number, keep: boolean): string {
  if (conversion === 'f') return value.toFixed(precision);
  if (conversion === 'e') return exponent(value.toExponential(precision));
  const significant = precision || 1;
  const [, power = '0'] = value.toExponential(significant - 1).split('e');
  const small = Number(power) < -4 || Number(power) >= significant;
  const text = small
    ? value.toExponential(significant - 1)
    : value.toFixed(significant - 1 - Number(power));
  const trimmed = keep || !text.includes('.') ? text : text.replace(/\.?0+(?=e|$)/, '');
  return small ? exponent(trimmed) : trimmed;
}

/// C writes at least two digits of exponent.
const exponent = (text: string): string => text.replace(/e([-+])(\d)$/, 'e$10$2');
