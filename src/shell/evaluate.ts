/// Walks the syntax tree: lists, loops, conditions, groups and functions. Every node gives an exit
/// status; `break`, `return` and `exit` are a flag on the process that each list looks at.
/// Left out: coproc.
import type {
  AndOr,
  ArithmeticFor,
  Case,
  Command,
  CommandNode,
  CompoundList,
  For,
  If,
  PipelineNode,
  Select,
  Statement,
  While,
  Word,
} from 'unbash';
import type { Running } from './command.ts';
import { arithmeticText, expandPattern, expandText, expandWords } from './expand.ts';
import { onFreshStack } from './fresh_stack.ts';
import { startJob } from './jobs.ts';
import { complain, describeFault, refuse } from './messages.ts';
import { parseScript } from './parse.ts';
import { matches } from './pattern.ts';
import { pipeline } from './pipeline.ts';
import { Abort, deeper, shallower } from './process.ts';
import type { Process } from './process.ts';
import { quoteIfNeeded } from './quote.ts';
import { redirected } from './redirect.ts';
import { simpleCommand } from './simple_command.ts';
import { TooMuch } from './stream.ts';
import { testCommand } from './test_command.ts';
import { breathe, runExitTrap } from './traps.ts';
import { isName, set } from './variables.ts';

/// Runs source text: a line, a script, or what eval and source are given.
export function* runSource(p: Process, source: string): Running {
  const parsed = parseScript(source);
  const before = { source: p.source, pos: p.pos };
  p.source = source;
  try {
    for (const group of parsed.groups) {
      yield* guarded(p, group);
      if (p.leaving) return p.session.status;
    }
    if (parsed.fault) {
      yield* complain(p, describeFault(p, parsed.fault, p.evaluating > 0 ? 'eval: ' : ''));
      p.session.status = 2;
    }
    return p.session.status;
  } finally {
    Object.assign(p, before);
  }
}

/// One line of input. An expansion error drops the rest of it, as bash's jump to its top level does.
function* guarded(p: Process, group: readonly Statement[]): Running<void> {
  const { depth, functions, loops, conditions, fds, nesting, stacked } = p;
  try {
    yield* statements(p, group);
  } catch (error) {
    if (!(error instanceof Abort || error instanceof TooMuch)) throw error;
    Object.assign(p, { depth, functions, loops, conditions, fds, nesting, stacked });
    const text = error instanceof TooMuch ? `softnet: ${error.message}` : error.message;
    if (text !== '') yield* complain(p, text);
    p.session.status = error instanceof Abort ? error.status : 1;
    const ends = error instanceof Abort && error.exits && !p.session.interactive;
    if (ends || (p.subshell > 0 && p.depth === 0)) leave(p, 'exit', 1, p.session.status);
    else if (p.depth > 0) throw new Abort('', p.session.status);
  }
}

export function leave(
  p: Process,
  kind: 'break' | 'continue' | 'return' | 'exit',
  levels: number,
  status: number,
): void {
  p.leaving = { kind, levels, status };
  p.session.status = status;
}

export function* statements(p: Process, list: readonly Statement[]): Running {
  for (const statement of list) {
    p.session.status = yield* statementStatus(p, statement);
    if (p.leaving) break;
  }
  return p.session.status;
}

function* statementStatus(p: Process, statement: Statement): Running {
  if (statement.background) return yield* startJob(p, statement);
  return yield* node(p, statement.command);
}

function* compoundList(p: Process, list: CompoundList): Running {
  if (list.commands.length === 0) return 0;
  return yield* statements(p, list.commands);
}

/// A list whose failure is an answer: `set -e` does not apply inside.
function* condition(p: Process, list: CompoundList): Running<boolean> {
  p.conditions++;
  const status = yield* compoundList(p, list);
  p.conditions--;
  return status === 0;
}

export function* node(p: Process, n: PipelineNode | AndOr): Running {
  if (n.type === 'AndOr') return yield* andOr(p, n);
  if (n.type === 'Pipeline')
    return checked(
      p,
      yield* pipeline(p, n),
      n.prefixes.some((x) => x.type === 'Negation'),
    );
  return yield* commandNode(p, n);
}

function* andOr(p: Process, list: AndOr): Running {
  let status = 0;
  for (const [i, command] of list.commands.entries()) {
    const operator = i === 0 ? '' : list.operators[i - 1];
    if ((operator === '&&' && status !== 0) || (operator === '||' && status === 0)) continue;
    const last = i === list.commands.length - 1;
    if (!last) p.conditions++;
    status = yield* node(p, command);
    if (!last) p.conditions--;
    p.session.status = status;
    if (p.leaving) break;
  }
  return status;
}

/// `set -e`: a command that failed ends the shell, unless something looks at its status.
export function checked(p: Process, status: number, negated = false): number {
  if (
    status !== 0 &&
    p.session.options['errexit'] &&
    p.conditions === 0 &&
    !negated &&
    !p.leaving
  ) {
    leave(p, 'exit', 1, status);
  }
  return status;
}

export function* commandNode(p: Process, n: CommandNode): Running {
  if (n.type === 'Command') return checked(p, yield* simpleCommand(p, n));
  deeper(p);
  try {
    return yield* onFreshStack(p, () => compound(p, n));
  } finally {
    shallower(p);
  }
}

function* compound(p: Process, n: Exclude<CommandNode, Command>): Running {
  switch (n.type) {
    case 'Redirected': {
      p.pos = n.pos;
      const fds = yield* redirected(p, n.redirects);
      if (!fds) return checked(p, 1);
      return yield* withDescriptors(p, fds, () => commandNode(p, n.command));
    }
    case 'Function':
      return defineFunction(p, n.name.text, n);
    case 'Coproc':
      return yield* refuse(p, 'coproc: softnet: not modelled here');
    case 'Subshell':
      return checked(p, yield* pipeline(p, n));
    case 'BraceGroup':
      return yield* compoundList(p, n.body);
    case 'If':
      return yield* ifCommand(p, n);
    case 'For':
      return yield* forCommand(p, n);
    case 'ArithmeticFor':
      return yield* arithmeticFor(p, n);
    case 'Select':
      return yield* selectCommand(p, n);
    case 'While':
      return yield* whileCommand(p, n);
    case 'Case':
      return yield* caseCommand(p, n);
    case 'TestCommand':
      p.pos = n.pos;
      return checked(p, yield* testCommand(p, n.expression));
    case 'ArithmeticCommand':
      p.pos = n.pos;
      return checked(p, yield* arithmeticCommand(p, n.body));
  }
}

/// Runs something with other descriptors, and gives what was written to write(2) before they go.
export function* withDescriptors(p: Process, fds: Process['fds'], body: () => Running): Running {
  const saved = p.fds;
  p.fds = fds;
  try {
    return yield* body();
  } finally {
    for (const fd of fds.values()) fd.out?.flush();
    p.fds = saved;
  }
}

function defineFunction(p: Process, name: string, n: CommandNode): number {
  // Empty lines in front keep the numbers of its lines as they are in the script.
  const line = p.source.slice(0, n.pos).split('\n').length;
  p.session.functions[name] = '\n'.repeat(line - 1) + p.source.slice(n.pos, n.end);
  return 0;
}

function* ifCommand(p: Process, n: If): Running {
  if (yield* condition(p, n.clause))
    return p.leaving ? p.session.status : yield* compoundList(p, n.then);
  if (p.leaving) return p.session.status;
  for (const branch of n.elif) {
    const taken = yield* condition(p, branch.clause);
    if (p.leaving) return p.session.status;
    if (taken) return yield* compoundList(p, branch.then);
  }
  return n.else ? yield* compoundList(p, n.else) : 0;
}

/// After a turn of a loop: true when the loop has to end.
function loopEnds(p: Process): boolean {
  const leaving = p.leaving;
  if (!leaving) return false;
  if (leaving.kind === 'return' || leaving.kind === 'exit') return true;
  if (leaving.levels > 1) {
    leaving.levels--;
    return true;
  }
  p.leaving = null;
  return leaving.kind === 'break';
}

function* loop(p: Process, body: CompoundList): Running<boolean> {
  p.loops++;
  yield* compoundList(p, body);
  p.loops--;
  yield* breathe(p);
  return loopEnds(p);
}

function* forCommand(p: Process, n: For): Running {
  p.pos = n.pos;
  const name = n.name.text;
  if (!isName(name)) return yield* refuse(p, `\`${name}': not a valid identifier`);
  const words = n.wordlist ? yield* expandWords(p, n.wordlist) : [...p.session.positional];
  const trace = `for ${name} in ${n.wordlist ? n.wordlist.map((w) => w.text).join(' ') : '"$@"'}`;
  let status = 0;
  for (const word of words) {
    if (p.session.options['xtrace']) yield* complain(p, tracePrefix(p) + trace);
    set(p, name, word);
    const ends = yield* loop(p, n.body);
    status = p.session.status;
    if (ends) break;
  }
  return status;
}

function* whileCommand(p: Process, n: While): Running {
  let status = 0;
  for (;;) {
    p.loops++;
    const holds = yield* condition(p, n.clause);
    p.loops--;
    if (p.leaving) {
      if (loopEnds(p)) break;
      continue;
    }
    if (holds !== (n.kind === 'while')) break;
    const ends = yield* loop(p, n.body);
    status = p.session.status;
    if (ends) break;
  }
  return p.leaving ? p.session.status : status;
}

function* arithmeticFor(p: Process, n: ArithmeticFor): Running {
  const evaluate = function* (e: { pos: number; end: number } | undefined): Running<bigint> {
    return e ? yield* arithmeticText(p, p.source.slice(e.pos, e.end), '((: ') : 1n;
  };
  p.pos = n.pos;
  let status = 0;
  yield* evaluate(n.initialize);
  while ((yield* evaluate(n.test)) !== 0n) {
    const ends = yield* loop(p, n.body);
    status = p.session.status;
    if (ends) break;
    yield* evaluate(n.update);
  }
  return status;
}

function* selectCommand(p: Process, n: Select): Running {
  const name = n.name.text;
  const words = n.wordlist ? yield* expandWords(p, n.wordlist) : [...p.session.positional];
  const menu = words.map((word, i) => `${i + 1}) ${word}`).join('\n');
  let status = 0;
  for (let show = true; words.length > 0;) {
    if (show) yield* complain(p, menu);
    yield* p.fds.get(2)?.out?.write(p.session.vars['PS3'] ?? '#? ') ?? [];
    const line = yield* p.fds.get(0)?.in?.line() ?? noLine();
    if (!line) break;
    set(p, 'REPLY', line.text);
    show = line.text.trim() === '';
    if (show) continue;
    set(p, name, words[Number(line.text) - 1] ?? '');
    const ends = yield* loop(p, n.body);
    status = p.session.status;
    if (ends) break;
  }
  return status;
}

function* noLine(): Running<null> {
  return null;
}

function* caseCommand(p: Process, n: Case): Running {
  p.pos = n.pos;
  const text = yield* expandText(p, n.word);
  if (p.session.options['xtrace'])
    yield* complain(p, `${tracePrefix(p)}case ${quoteIfNeeded(text)} in`);
  const fold = p.session.options['nocasematch'] ?? false;
  let status = 0;
  let falling = false;
  for (const item of n.items) {
    if (!falling && !(yield* anyMatches(p, item.pattern, text, fold))) continue;
    status = yield* compoundList(p, item.body);
    if (p.leaving || item.terminator === ';;' || item.terminator === undefined) return status;
    falling = item.terminator === ';&';
  }
  return status;
}

function* anyMatches(
  p: Process,
  patterns: readonly Word[],
  text: string,
  fold: boolean,
): Running<boolean> {
  for (const pattern of patterns) {
    if (matches(yield* expandPattern(p, pattern), text, fold)) return true;
  }
  return false;
}

function* arithmeticCommand(p: Process, body: string): Running {
  if (p.session.options['xtrace']) yield* complain(p, `${tracePrefix(p)}(( ${body} ))`);
  try {
    return (yield* arithmeticText(p, body, '((: ')) === 0n ? 1 : 0;
  } catch (error) {
    if (!(error instanceof Abort) || error.exits) throw error;
    yield* complain(p, error.message);
    return 1;
  }
}

/// `+ `, with one + for each $( ) around it.
export function tracePrefix(p: Process): string {
  const ps4 = p.session.vars['PS4'] ?? '+ ';
  return (ps4[0] ?? '').repeat(p.substitutions) + ps4;
}

/// Runs a list in a process of its own, ending with its EXIT trap.
export function* runSubshell(child: Process, list: readonly Statement[]): Running {
  try {
    yield* statements(child, list);
  } catch (error) {
    if (!(error instanceof Abort || error instanceof TooMuch)) throw error;
    const text = error instanceof TooMuch ? `softnet: ${error.message}` : error.message;
    if (text !== '') yield* complain(child, text);
    child.session.status = error instanceof Abort ? error.status : 1;
  }
  return yield* runExitTrap(child);
}
