/// rand() and srand(), giving the numbers that gawk gives: an additive feedback register of 63 words
/// (x^63 + x + 1) seeded by the minimal standard generator of Park and Miller, with a shuffle buffer of
/// 512 numbers behind it (Bays and Durham); two draws make one number of double precision.

const degree = 63;
const shuffled = 512;

export class Random {
  seed = 1;
  private state = new Uint32Array(degree);
  private front = 1;
  private rear = 0;
  private buffer: Uint32Array | null = null;
  private last = 0;

  constructor() {
    this.reseed(1);
  }

  reseed(seed: number): void {
    this.seed = seed;
    let x = seed >>> 0;
    for (let i = 0; i < degree; i++) {
      this.state[i] = x;
      x = parkMiller(x | 0);
    }
    [this.front, this.rear, this.buffer] = [1, 0, null];
    for (let i = 0; i < 10 * degree; i++) this.draw();
  }

  /// From 0 to 1, without 1.
  next(): number {
    for (;;) {
      const first = this.draw();
      const second = this.draw();
      const value = 0.5 + (first / 2147483648 + second) / 2147483648 - 0.5;
      if (value !== 1) return value;
    }
  }

  private draw(): number {
    if (!this.buffer) {
      this.buffer = Uint32Array.from({ length: shuffled }, () => this.feedback());
      this.last = this.feedback();
    }
    const place = this.last & (shuffled - 1);
    this.last = this.buffer[place] as number;
    this.buffer[place] = this.feedback();
    return this.last;
  }

  private feedback(): number {
    const sum = ((this.state[this.front] as number) + (this.state[this.rear] as number)) >>> 0;
    this.state[this.front] = sum;
    this.front = (this.front + 1) % degree;
    this.rear = (this.rear + 1) % degree;
    return sum >>> 1;
  }
}

function parkMiller(x: number): number {
  const from = x === 0 ? 123459876 : x;
  const high = Math.trunc(from / 127773);
  const next = 16807 * (from % 127773) - 2836 * high;
  return (next < 0 ? next + 0x7fffffff : next) >>> 0;
}
