/// The functions of numbers that AWK has. Series of our own: those of the engines may differ in the
/// last digit, and the host must be the same everywhere.
import { exp, ln } from '../../engine/random.ts';

const halfPi = 1.5707963267948966;
const pi = 3.141592653589793;

/// Taylor's series after bringing x into [-pi/4, pi/4].
export function sin(x: number): number {
  if (!Number.isFinite(x)) return NaN;
  const quarter = Math.round(x / halfPi);
  // pi/2 in two parts, so that the difference keeps its digits.
  const rest = x - quarter * 1.5707963267341256 - quarter * 6.077100506506192e-11;
  switch (((quarter % 4) + 4) % 4) {
    case 0:
      return sinSeries(rest);
    case 1:
      return cosSeries(rest);
    case 2:
      return -sinSeries(rest);
    default:
      return -cosSeries(rest);
  }
}

export function cos(x: number): number {
  return sin(x + halfPi);
}

function sinSeries(x: number): number {
  return series(x, x, 1);
}

function cosSeries(x: number): number {
  return series(x, 1, 0);
}

function series(x: number, first: number, from: number): number {
  let term = first;
  let sum = first;
  for (let n = from + 1; n < 30; n += 2) {
    term *= (-x * x) / (n * (n + 1));
    sum += term;
  }
  return sum;
}

export function atan2(y: number, x: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return NaN;
  if (y === 0) return x > 0 || Object.is(x, 0) ? y : Object.is(y, -0) ? -pi : pi;
  if (x === 0) return y > 0 ? halfPi : -halfPi;
  const angle = arctan(Math.abs(y / x));
  const right = x > 0 ? angle : pi - angle;
  return y > 0 ? right : -right;
}

/// arctan(x) of x >= 0: halved until the series converges fast.
function arctan(x: number): number {
  if (!Number.isFinite(x)) return halfPi;
  if (x > 1) return halfPi - arctan(1 / x);
  let t = x;
  let times = 1;
  while (t > 0.05) {
    t = t / (1 + Math.sqrt(1 + t * t));
    times *= 2;
  }
  let sum = 0;
  let term = t;
  for (let n = 1; n < 25; n += 2) {
    sum += term / n;
    term *= -t * t;
  }
  return sum * times;
}

/// x ** y: by squaring for whole exponents, as gawk does.
export function power(x: number, y: number): number {
  if (y === 0) return 1;
  if (Number.isInteger(y) && Math.abs(y) < 2 ** 31)
    return y > 0 ? wholePower(x, y) : 1 / wholePower(x, -y);
  if (x === 0) return y > 0 ? 0 : Infinity;
  if (x < 0 || Number.isNaN(x) || Number.isNaN(y)) return NaN;
  if (y === 0.5) return Math.sqrt(x);
  return exponential(y * logarithm(x));
}

function wholePower(x: number, n: number): number {
  let base = x;
  let result = 1;
  for (let left = n; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result *= base;
    base *= base;
  }
  return result;
}

export function logarithm(x: number): number {
  if (x === 0) return -Infinity;
  return x > 0 && x < Infinity ? ln(x) : x === Infinity ? Infinity : NaN;
}

export function exponential(x: number): number {
  if (Number.isNaN(x)) return NaN;
  return x > 709.782712893384 ? Infinity : x < -745.2 ? 0 : exp(x);
}
