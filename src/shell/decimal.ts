/// Numbers in decimal exactly as C's printf writes them: %f, %e and %g round the exact value of the
/// double, halves to even. JavaScript's toFixed rounds halves up and stops at 1e21.

/// The double as mantissa * 2 ** exponent, both integers.
function parts(x: number): { mantissa: bigint; exponent: number } {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, x);
  const raw = bits.getBigUint64(0);
  const field = Number((raw >> 52n) & 0x7ffn);
  const fraction = raw & 0xfffffffffffffn;
  if (field === 0) return { mantissa: fraction, exponent: -1074 };
  return { mantissa: fraction | 0x10000000000000n, exponent: field - 1075 };
}

/// |x| * 10 ** scale, rounded to an integer, halves to even.
function scaled(x: number, scale: number): bigint {
  const { mantissa, exponent } = parts(Math.abs(x));
  let top = mantissa;
  let bottom = 1n;
  if (scale >= 0) top *= 10n ** BigInt(scale);
  else bottom *= 10n ** BigInt(-scale);
  if (exponent >= 0) top <<= BigInt(exponent);
  else bottom <<= BigInt(-exponent);
  const whole = top / bottom;
  const twice = (top - whole * bottom) * 2n;
  const up = twice > bottom || (twice === bottom && (whole & 1n) === 1n);
  return up ? whole + 1n : whole;
}

/// %f without the sign. Infinities and NaN are the caller's.
export function fixed(x: number, digits: number): string {
  const text = scaled(x, digits)
    .toString()
    .padStart(digits + 1, '0');
  return digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

/// The decimal digits and the exponent of the first: `digits` + 1 of them.
function significant(x: number, digits: number): { text: string; exponent: number } {
  if (x === 0) return { text: '0'.repeat(digits + 1), exponent: 0 };
  let exponent = Number(/e([-+]\d+)$/.exec(Math.abs(x).toExponential())?.[1] ?? 0);
  let text = scaled(x, digits - exponent).toString();
  // Rounding may have carried into one more digit, or the first guess was one too high.
  if (text.length !== digits + 1) {
    exponent += text.length - digits - 1;
    text = scaled(x, digits - exponent).toString();
  }
  return { text, exponent };
}

/// %e without the sign.
export function scientific(x: number, digits: number): string {
  const { text, exponent } = significant(x, digits);
  const mantissa = digits === 0 ? text : `${text.charAt(0)}.${text.slice(1)}`;
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/// %g without the sign; `keep` keeps the zeros at the end, as %#g does.
export function general(x: number, precision: number, keep = false): string {
  const digits = Math.max(1, precision);
  const { exponent } = significant(x, digits - 1);
  const plain = exponent >= -4 && exponent < digits;
  const text = plain ? fixed(x, digits - 1 - exponent) : scientific(x, digits - 1);
  if (keep) return text;
  const [mantissa = '', power] = text.split('e');
  const short = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  return power === undefined ? short : `${short}e${power}`;
}

/// The integer that a double holds, in full: 1e23 is 99999999999999991611392.
export function integerText(x: number): string {
  return BigInt(x).toString();
}
