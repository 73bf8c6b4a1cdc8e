/// sprintf of AWK: C's conversions for numbers of double precision. Left out: %a.
import { fixed, general, scientific } from '../decimal.ts';
import { Fatal } from './ast.ts';
import { infiniteText, toNumber, toText } from './values.ts';
import type { Value } from './values.ts';

const directive = /%(?:(\d+)\$)?([-+ #0']*)(\*|\d+)?(?:\.(\*|\d*))?[hlLqjzt]*([^])?/g;
const widest = 1_000_000;

interface Spec {
  readonly flags: string;
  readonly width: number;
  readonly precision: number; // -1: none
  readonly letter: string;
}

/// `place` goes before the message when arguments run out; `convfmt` is CONVFMT.
export function sprintf(
  format: string,
  args: readonly Value[],
  convfmt: string,
  place: string,
): string {
  let next = 0;
  const take = (end: number): Value => {
    if (next >= args.length) throw new Fatal(ranOut(format, end, place));
    return args[next++];
  };
  return format.replace(
    directive,
    (
      whole,
      position: string | undefined,
      flagText: string,
      widthText: string | undefined,
      precisionText: string | undefined,
      letter: string | undefined,
      at: number,
    ) => {
      if (letter === '%') return '%';
      if (letter === undefined || !/[diouxXcseEfFgG]/.test(letter)) return whole;
      const end = at + whole.length - 1;
      let flags = flagText;
      let width = widthText === '*' ? Math.trunc(toNumber(take(end))) : Number(widthText ?? 0);
      if (width < 0) [width, flags] = [-width, `${flags}-`];
      const precision =
        precisionText === undefined
          ? -1
          : precisionText === '*'
            ? Math.trunc(toNumber(take(end)))
            : Number(precisionText);
      const value = position === undefined ? take(end) : args[Number(position) - 1];
      if (position !== undefined && Number(position) > args.length)
        throw new Fatal(
          `${place}fatal: arg count with \`$' greater than total number of supplied arguments`,
        );
      return convert(
        value,
        { flags, width: Math.min(width, widest), precision: Math.min(precision, widest), letter },
        convfmt,
      );
    },
  );
}

function ranOut(format: string, end: number, place: string): string {
  return `${place}fatal: not enough arguments to satisfy format string\n\t\`${format}'\n\t${' '.repeat(end)}^ ran out for this one`;
}

function convert(value: Value, spec: Spec, convfmt: string): string {
  const { letter, precision } = spec;
  if (letter === 's') {
    const chars = [...toText(value, convfmt)];
    return pad((precision >= 0 ? chars.slice(0, precision) : chars).join(''), spec);
  }
  if (letter === 'c') return pad(character(value), spec);
  const number = toNumber(value);
  if (!Number.isFinite(number)) return pad(infiniteText(number), spec);
  if ('diouxX'.includes(letter)) return integer(number, spec);
  return floating(number, spec);
}

/// A number is a code; of a text the first character.
function character(value: Value): string {
  const isNumber =
    typeof value === 'number' || (typeof value === 'object' && value.numeric() !== null);
  if (!isNumber) return [...toText(value, '%.6g')][0] ?? '';
  const code = Math.trunc(toNumber(value));
  const valid = code >= 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return valid ? String.fromCodePoint(code) : String.fromCharCode(code & 0xff);
}

function integer(number: number, spec: Spec): string {
  const whole = Math.trunc(number);
  const { letter, flags } = spec;
  const decimal = letter === 'd' || letter === 'i' || letter === 'u';
  if (!decimal && Math.abs(whole) >= 2 ** 64) return floating(number, { ...spec, letter: 'g' });
  // A negative number in %o or %x shows as the unsigned 64 bits that hold it.
  const bits = decimal ? BigInt(Math.abs(whole)) : BigInt.asUintN(64, BigInt(whole));
  const radix = letter === 'o' ? 8 : letter === 'x' || letter === 'X' ? 16 : 10;
  let digits = bits.toString(radix);
  if (letter === 'X') digits = digits.toUpperCase();
  if (spec.precision === 0 && whole === 0) digits = '';
  digits = digits.padStart(spec.precision, '0');
  const prefix =
    !flags.includes('#') || whole === 0 ? '' : radix === 16 ? `0${letter}` : radix === 8 ? '0' : '';
  const zero = spec.precision < 0;
  return signed(decimal && number < 0 && whole !== 0, prefix, digits, spec, zero);
}

function floating(number: number, spec: Spec): string {
  const digits = spec.precision < 0 ? 6 : Math.min(spec.precision, 2000);
  const letter = spec.letter.toLowerCase();
  const keep = spec.flags.includes('#');
  let text =
    letter === 'f'
      ? fixed(number, digits)
      : letter === 'e'
        ? scientific(number, digits)
        : general(number, digits, keep);
  if (spec.letter !== letter) text = text.toUpperCase();
  if (keep && !text.includes('.')) text = text.replace(/^\d+/, '$&.');
  return signed(number < 0 || Object.is(number, -0), '', text, spec, true);
}

function signed(
  negative: boolean,
  prefix: string,
  digits: string,
  spec: Spec,
  zeros: boolean,
): string {
  const { flags, width } = spec;
  const sign = negative
    ? '-'
    : flags.includes('+') && /[dieEfFgG]/.test(spec.letter)
      ? '+'
      : flags.includes(' ') && /[dieEfFgG]/.test(spec.letter)
        ? ' '
        : '';
  const head = sign + prefix;
  if (zeros && flags.includes('0') && !flags.includes('-'))
    return head + digits.padStart(width - head.length, '0');
  return pad(head + digits, spec);
}

function pad(text: string, { flags, width }: Spec): string {
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  const filler = ' '.repeat(missing);
  return flags.includes('-') ? text + filler : filler + text;
}
