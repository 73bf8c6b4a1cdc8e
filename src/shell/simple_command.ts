/// A simple command: assignments, words, redirections; then the function, builtin, tool or script
/// that the first word names.
/// Left out: $PATH: every tool is found by its name or under its real path.
import type { Assignment, Command as CommandNode, Redirection } from 'unbash';
import { expandAlias } from './alias.ts';
import { assign, arrayItems } from './assign.ts';
import type { ArrayItems } from './assign.ts';
import { builtins } from './builtins.ts';
import type { Builtin } from './builtins.ts';
import type { Running } from './command.ts';
import { leave, tracePrefix, withDescriptors } from './evaluate.ts';
import { expandAssigned, expandText, expandWords } from './expand.ts';
import { callFunction, restoreVariable, saveVariable } from './functions.ts';
import { complain, refuse } from './messages.ts';
import { Abort, BREATH, errorPrefix } from './process.ts';
import type { Process, SavedVariable } from './process.ts';
import { quoteIfNeeded } from './quote.ts';
import { redirected } from './redirect.ts';
import { runTool, tellOfJobs } from './run_command.ts';
import { strerror } from '../kernel/errno.ts';
import { WriteFailed } from './stream.ts';
import { interruptible } from './traps.ts';
import { exportName, refuseReadonly } from './variables.ts';

/// Builtins whose arguments may be assignments with lists.
const DECLARES = new Set(['declare', 'typeset', 'local', 'export', 'readonly']);

export function* simpleCommand(p: Process, n: CommandNode): Running {
  p.pos = n.pos;
  const aliased = yield* expandAlias(p, n);
  if (aliased !== null) return aliased;
  p.substituted = 0;
  const temporary = p.temporary.length;
  try {
    return n.name ? yield* withWords(p, n) : yield* onlyAssignments(p, n);
  } finally {
    for (const path of p.temporary.splice(temporary)) delete p.session.files[path];
  }
}

function assignmentsOf(n: CommandNode): Assignment[] {
  return n.prefix.filter((x): x is Assignment => x.type === 'Assignment');
}

function redirectsOf(n: CommandNode): Redirection[] {
  const all = [...n.prefix, ...n.suffix];
  return all.filter(
    (x): x is Redirection =>
      x.type === 'Redirect' || x.type === 'HereDoc' || x.type === 'HereString',
  );
}

function* onlyAssignments(p: Process, n: CommandNode): Running {
  for (const a of assignmentsOf(n)) {
    const trace = yield* assign(p, a);
    if (p.session.options['xtrace']) yield* complain(p, tracePrefix(p) + trace);
  }
  const fds = yield* redirected(p, redirectsOf(n));
  yield BREATH;
  return fds ? p.substituted : 1;
}

function* withWords(p: Process, n: CommandNode): Running {
  const { argv, lists } = yield* argumentsOf(p, n);
  if (argv.length === 0)
    return yield* onlyAssignments(p, { ...n, name: undefined, args: [], redirects: [] });
  const hidden = yield* temporaryAssignments(p, n);
  try {
    if (p.session.options['xtrace'])
      yield* complain(p, tracePrefix(p) + argv.map(quoteIfNeeded).join(' '));
    const fds = yield* redirected(p, redirectsOf(n));
    if (!fds) return 1;
    if (argv[0] === 'exec') return yield* execBuiltin(p, argv, fds);
    const status = yield* withDescriptors(p, fds, () => runWords(p, argv, lists));
    if (isProgram(p, argv[0] ?? '')) yield* tellOfJobs(p);
    return status;
  } finally {
    for (const [name, saved] of hidden) restoreVariable(p.session, name, saved);
  }
}

interface Arguments {
  readonly argv: readonly string[];
  readonly lists: ReadonlyMap<number, ArrayItems>; // by index in argv: the list of name=(...)
}

function* argumentsOf(p: Process, n: CommandNode): Running<Arguments> {
  const lists = new Map<number, ArrayItems>();
  const argv = n.name ? yield* expandWords(p, [n.name]) : [];
  const declares = DECLARES.has(argv[0] ?? '');
  for (const arg of n.args) {
    if (arg.type === 'Word') argv.push(...(yield* expandWords(p, [arg])));
    else if (arg.value.type === 'ArrayValue') {
      if (!declares) throw new Abort(`${errorPrefix(p)}syntax error near unexpected token \`('`, 2);
      lists.set(argv.length, yield* arrayItems(p, arg.value));
      argv.push(arg.name + (arg.append ? '+' : ''));
    } else {
      const subscript = arg.index ? `[${yield* expandText(p, arg.index)}]` : '';
      argv.push(
        `${arg.name}${subscript}${arg.append ? '+' : ''}=${yield* expandAssigned(p, arg.value)}`,
      );
    }
  }
  return { argv, lists };
}

/// `A=1 command`: set and exported while the command runs.
function* temporaryAssignments(p: Process, n: CommandNode): Running<[string, SavedVariable][]> {
  const hidden: [string, SavedVariable][] = [];
  for (const a of assignmentsOf(n)) {
    refuseReadonly(p, a.name);
    hidden.push([a.name, saveVariable(p.session, a.name)]);
    const trace = yield* assign(p, a);
    exportName(p.session, a.name);
    if (p.session.options['xtrace']) yield* complain(p, tracePrefix(p) + trace);
  }
  return hidden;
}

function isProgram(p: Process, name: string): boolean {
  return !Object.hasOwn(p.session.functions, name) && !builtins.has(name);
}

function* runWords(p: Process, argv: readonly string[], lists: Arguments['lists']): Running {
  const name = argv[0] ?? '';
  if (Object.hasOwn(p.session.functions, name)) return yield* callFunction(p, argv);
  const builtin = builtins.get(name);
  if (builtin) return yield* runBuiltin(p, builtin, argv, lists);
  return yield* interruptible(p, () => runTool(p, argv));
}

/// `exec` with words becomes that command; without, the redirections stay.
function* execBuiltin(p: Process, argv: readonly string[], fds: Process['fds']): Running {
  if (argv.length === 1) {
    p.fds = fds;
    return 0;
  }
  const status = yield* withDescriptors(p, fds, () => runTool(p, argv.slice(1), 'exec: '));
  if (!p.session.interactive || status < 126) leave(p, 'exit', 1, status);
  return status;
}

export function* runBuiltin(
  p: Process,
  builtin: Builtin,
  argv: readonly string[],
  lists: Arguments['lists'] = new Map(),
): Running {
  const name = argv[0] ?? '';
  try {
    const status = yield* builtin({ p, argv, lists });
    const errno = p.fds.get(1)?.out?.flush() ?? null;
    p.fds.get(2)?.out?.flush();
    return errno === null ? status : yield* refuse(p, `${name}: write error: ${strerror(errno)}`);
  } catch (error) {
    if (!(error instanceof WriteFailed)) throw error;
    return yield* refuse(p, `${name}: write error: ${strerror(error.errno)}`);
  }
}
