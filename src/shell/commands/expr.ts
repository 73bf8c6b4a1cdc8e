/// expr: sums, comparisons and parts of texts. Numbers are whole and of any size.
import type { Command, Io, Running } from '../command.ts';
import { fail, refuseUsage } from '../options.ts';
import { quoted } from '../names.ts';
import { posixRegex, RegexError, TooHard } from '../regex.ts';

class Fault extends Error {
  readonly status: number;
  constructor(message: string, status = 2) {
    super(message);
    this.status = status;
  }
}

export const expr: Command = {
  name: 'expr',
  summary: 'Evaluates an expression and writes its value.',
  usage: 'expr EXPRESSION',
  *run(io): Running {
    let words = io.argv.slice(1);
    if (words[0] === '--') words = words.slice(1);
    if (words.length === 0) return yield* refuseUsage(io, 'missing operand', 2);
    if (words.length === 1 && words[0] === '--help') return yield* help(io);
    if (words.length === 1 && words[0] === '--version') {
      yield* io.out.line('expr (GNU coreutils) 9.7');
      return 0;
    }
    try {
      const value = new Evaluator(words).whole();
      yield* io.out.line(value);
      return isNull(value) ? 1 : 0;
    } catch (error) {
      if (error instanceof Fault) return yield* fail(io, error.message, error.status);
      if (error instanceof RegexError) return yield* fail(io, error.message, 2);
      if (!(error instanceof TooHard)) throw error;
      yield* io.err.line('softnet: this back-reference takes too many steps to match here');
      return 2;
    }
  },
};

function* help(io: Io): Running {
  yield* io.out.write(`Usage: ${expr.usage}\n${expr.summary}\n`);
  return 0;
}

const isNumber = (text: string): boolean => /^-?\d+$/.test(text);
const isNull = (text: string): boolean => text === '' || /^-?0+$/.test(text);
const longest = 10_000; // digits and words that are still worked on

/// From the weakest sign to the strongest: | & = + * : and the named functions.
class Evaluator {
  private at = 0;
  private depth = 0;
  private readonly words: readonly string[];

  constructor(words: readonly string[]) {
    this.words = words;
  }

  whole(): string {
    const value = this.or();
    const rest = this.words[this.at];
    if (rest !== undefined) throw new Fault(`syntax error: unexpected argument ${quoted(rest)}`);
    return value;
  }

  private take(...signs: readonly string[]): string | null {
    const word = this.words[this.at];
    if (word === undefined || !signs.includes(word)) return null;
    this.at++;
    return word;
  }

  private or(): string {
    if (++this.depth > 500) throw new Fault('softnet: the expression is nested too deeply here');
    let left = this.and();
    while (this.take('|')) {
      const right = this.and();
      left = !isNull(left) ? left : isNull(right) ? '0' : right;
    }
    this.depth--;
    return left;
  }

  private and(): string {
    let left = this.comparison();
    while (this.take('&')) {
      const right = this.comparison();
      left = isNull(left) || isNull(right) ? '0' : left;
    }
    return left;
  }

  private comparison(): string {
    let left = this.sum();
    for (;;) {
      const sign = this.take('<', '<=', '=', '==', '!=', '>=', '>');
      if (!sign) return left;
      left = holds(sign, left, this.sum()) ? '1' : '0';
    }
  }

  private sum(): string {
    let left = this.product();
    for (;;) {
      const sign = this.take('+', '-');
      if (!sign) return left;
      const [a, b] = numbers(left, this.product());
      left = String(sign === '+' ? a + b : a - b);
    }
  }

  private product(): string {
    let left = this.match();
    for (;;) {
      const sign = this.take('*', '/', '%');
      if (!sign) return left;
      const [a, b] = numbers(left, this.match());
      if (sign !== '*' && b === 0n) throw new Fault('division by zero');
      left = String(sign === '*' ? a * b : sign === '/' ? a / b : a % b);
      if (left.length > longest)
        throw new Fault('softnet: numbers are limited to 10000 digits here');
    }
  }

  private match(): string {
    let left = this.named();
    while (this.take(':')) left = matched(left, this.named());
    return left;
  }

  private named(): string {
    if (this.take('+')) return this.operand('+');
    if (this.take('length')) return String([...this.named()].length);
    if (this.take('match')) return matched(this.named(), this.named());
    if (this.take('index')) {
      const [text, set] = [[...this.named()], this.named()];
      return String(text.findIndex((ch) => set.includes(ch)) + 1);
    }
    if (this.take('substr')) {
      const text = [...this.named()];
      const [from, count] = [this.named(), this.named()];
      if (!isNumber(from) || !isNumber(count) || Number(from) <= 0 || Number(count) <= 0) return '';
      return text.slice(Number(from) - 1, Number(from) - 1 + Number(count)).join('');
    }
    return this.primary();
  }

  private operand(after: string): string {
    const word = this.words[this.at++];
    if (word === undefined)
      throw new Fault(`syntax error: missing argument after ${quoted(after)}`);
    return word;
  }

  private primary(): string {
    const before = this.words[this.at - 1] ?? '';
    const word = this.operand(before);
    if (word === ')') throw new Fault("syntax error: unexpected ')'");
    if (word !== '(') return word;
    const value = this.or();
    if (this.take(')')) return value;
    const next = this.words[this.at];
    throw new Fault(
      next === undefined
        ? `syntax error: expecting ')' after ${quoted(this.words[this.at - 1] ?? '')}`
        : `syntax error: expecting ')' instead of ${quoted(next)}`,
    );
  }
}

function numbers(a: string, b: string): [bigint, bigint] {
  if (!isNumber(a) || !isNumber(b)) throw new Fault('non-integer argument');
  return [BigInt(a), BigInt(b)];
}

function holds(sign: string, a: string, b: string): boolean {
  const both = isNumber(a) && isNumber(b);
  const [x, y] = both ? [BigInt(a), BigInt(b)] : [a, b];
  switch (sign) {
    case '<':
      return x < y;
    case '<=':
      return x <= y;
    case '!=':
      return x !== y;
    case '>=':
      return x >= y;
    case '>':
      return x > y;
    default:
      return x === y;
  }
}

/// The first group, or how many characters match; the expression is anchored at the start.
function matched(text: string, pattern: string): string {
  const regex = posixRegex(pattern, { dialect: 'sed' });
  const found = regex.exec(text);
  const hit = found && found[0] === 0 ? found : null;
  if (regex.groups > 0) return hit && (hit[2] as number) >= 0 ? text.slice(hit[2], hit[3]) : '';
  return hit ? String([...text.slice(0, hit[1])].length) : '0';
}
