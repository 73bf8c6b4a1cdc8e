/// [[ ]]: patterns, regular expressions and arithmetic comparisons, without splitting.
import type { TestBinaryExpression, TestExpression } from 'unbash';
import type { Running } from './command.ts';
import { files, NUMERIC, numeric, unary } from './conditions.ts';
import { tracePrefix } from './evaluate.ts';
import { expandPattern, expandRegex, expandText } from './expand.ts';
import { complain } from './messages.ts';
import { matches } from './pattern.ts';
import { posixRegex, RegexError, TooHard } from './regex.ts';
import type { Regex } from './regex.ts';
import { Abort } from './process.ts';
import type { Process } from './process.ts';
import { quoteIfNeeded } from './quote.ts';

export function* testCommand(p: Process, expression: TestExpression): Running {
  try {
    return (yield* holds(p, expression)) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof Abort) || error.exits) throw error;
    if (error.message !== '') yield* complain(p, error.message);
    return error.status;
  }
}

function* holds(p: Process, e: TestExpression): Running<boolean> {
  switch (e.type) {
    case 'TestLogical': {
      let value = yield* holds(p, first(e.operands));
      for (const operand of e.operands.slice(1)) {
        if (value === (e.operator === '||')) return value;
        value = yield* holds(p, operand);
      }
      return value;
    }
    case 'TestNot': {
      const value = yield* holds(p, e.operand);
      return e.negations.length % 2 === 1 ? !value : value;
    }
    case 'TestGroup':
      return yield* holds(p, e.expression);
    case 'TestUnary': {
      const operand = yield* expandText(p, e.operand);
      yield* trace(p, `${e.operator} ${quoteIfNeeded(operand)}`);
      return unary(p, e.operator, operand);
    }
    case 'TestBinary':
      return yield* binary(p, e);
  }
}

function first(operands: readonly TestExpression[]): TestExpression {
  const [operand] = operands;
  if (!operand) throw new Error('a condition without operands');
  return operand;
}

function* trace(p: Process, text: string): Running<void> {
  if (p.session.options['xtrace']) yield* complain(p, `${tracePrefix(p)}[[ ${text} ]]`);
}

function* binary(p: Process, e: TestBinaryExpression): Running<boolean> {
  const left = yield* expandText(p, e.left);
  const fold = p.session.options['nocasematch'] ?? false;
  const shown = quoteIfNeeded(left);
  if (e.operator === '=~') {
    const source = yield* expandRegex(p, e.right);
    yield* trace(p, `${shown} =~ ${source}`);
    return regexMatches(p, left, source, fold);
  }
  if (e.operator === '=' || e.operator === '==' || e.operator === '!=') {
    const pattern = yield* expandPattern(p, e.right);
    yield* trace(p, `${shown} ${e.operator} ${pattern}`);
    return matches(pattern, left, fold) === (e.operator !== '!=');
  }
  const right = yield* expandText(p, e.right);
  yield* trace(p, `${shown} ${e.operator} ${quoteIfNeeded(right)}`);
  if (NUMERIC.has(e.operator)) return numeric(p, e.operator, left, right, '[[', true);
  if (e.operator === '<') return left < right;
  if (e.operator === '>') return left > right;
  return files(p, e.operator, left, right);
}

/// Matches, and leaves the groups in BASH_REMATCH. A pattern that is no expression has status 2.
function regexMatches(p: Process, text: string, source: string, fold: boolean): boolean {
  let found: ReturnType<Regex['exec']>;
  try {
    found = posixRegex(source, { dialect: 'sed-E', icase: fold }).exec(text);
  } catch (error) {
    if (error instanceof RegexError) throw new Abort('', 2);
    if (error instanceof TooHard)
      throw new Abort('softnet: the expression takes too many steps to match here', 2);
    throw error;
  }
  const items: Record<string, string> = {};
  for (let i = 0; found && 2 * i < found.length; i++) {
    items[String(i)] = text.slice(
      Math.max(0, found[2 * i] ?? 0),
      Math.max(0, found[2 * i + 1] ?? 0),
    );
  }
  p.session.arrays['BASH_REMATCH'] = { associative: false, items };
  return found !== null;
}
