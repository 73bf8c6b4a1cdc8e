/// Shell functions and their local variables. `local` hides a variable until the function returns,
/// and what the function calls sees the hidden one too, as in bash.
import type { Running } from './command.ts';
import { commandNode } from './evaluate.ts';
import { parseScript } from './parse.ts';
import { Abort, errorPrefix } from './process.ts';
import type { Process, SavedVariable } from './process.ts';
import type { Session } from './session.ts';

export function* callFunction(p: Process, argv: readonly string[]): Running {
  const [name = '', ...args] = argv;
  const wanted = Number(p.session.vars['FUNCNEST'] ?? 0);
  if (wanted > 0 && p.functions.length >= wanted) {
    throw new Abort(
      `${errorPrefix(p)}${name}: maximum function nesting level exceeded (${wanted})`,
    );
  }
  const saved = { source: p.source, pos: p.pos, loops: p.loops, positional: p.session.positional };
  p.depth++;
  p.functions.push(name);
  p.frames.push(new Map());
  p.session.positional = args;
  p.loops = 0;
  try {
    return yield* body(p, p.session.functions[name] ?? '');
  } finally {
    p.depth--;
    p.functions.pop();
    for (const [variable, old] of p.frames.pop() ?? []) restoreVariable(p.session, variable, old);
    p.session.positional = saved.positional;
    Object.assign(p, { source: saved.source, pos: saved.pos, loops: saved.loops });
  }
}

function* body(p: Process, source: string): Running {
  const definition = parseScript(source).groups[0]?.[0]?.command;
  if (definition?.type !== 'Function' || definition.body.type === 'CompoundList') return 0;
  p.source = source;
  const status = yield* commandNode(p, definition.body);
  if (p.leaving?.kind !== 'return') return status;
  const returned = p.leaving.status;
  p.leaving = null;
  return returned;
}

export function saveVariable(s: Session, name: string): SavedVariable {
  return {
    value: Object.hasOwn(s.vars, name) ? s.vars[name] : undefined,
    array: Object.hasOwn(s.arrays, name) ? s.arrays[name] : undefined,
    exported: s.exported.includes(name),
    integer: s.integer_vars.includes(name),
    readonly: s.readonly_vars.includes(name),
  };
}

export function restoreVariable(s: Session, name: string, saved: SavedVariable): void {
  if (saved.value === undefined) delete s.vars[name];
  else s.vars[name] = saved.value;
  if (saved.array === undefined) delete s.arrays[name];
  else s.arrays[name] = saved.array;
  s.exported = listed(s.exported, name, saved.exported);
  s.integer_vars = listed(s.integer_vars, name, saved.integer);
  s.readonly_vars = listed(s.readonly_vars, name, saved.readonly);
}

function listed(list: readonly string[], name: string, wanted: boolean): string[] {
  const others = list.filter((other) => other !== name);
  return wanted ? [...others, name] : others;
}

/// Makes a variable local to the function that runs, unset for now.
export function makeLocal(p: Process, name: string): void {
  const frame = p.frames.at(-1);
  if (!frame || frame.has(name)) return;
  const saved = saveVariable(p.session, name);
  frame.set(name, saved);
  restoreVariable(p.session, name, {
    ...saved,
    value: undefined,
    array: undefined,
    integer: false,
  });
}
