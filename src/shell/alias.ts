/// Aliases: the first word of a command is replaced by the alias's text before it runs.
/// Left out: an alias that ends in a blank, which would expand the next word too.
import type { Command } from 'unbash';
import type { Running } from './command.ts';
import { runSource } from './evaluate.ts';
import type { Process } from './process.ts';

const busy = new WeakMap<Process, Set<string>>(); // an alias is not expanded inside itself

/// Runs the command with its alias replaced, or gives null when its first word is none.
export function* expandAlias(p: Process, n: Command): Running<number | null> {
  const word = n.name;
  if (!word || word.text !== word.value || !p.session.interactive) return null;
  const name = word.text;
  if (!Object.hasOwn(p.session.aliases, name)) return null;
  const running = busy.get(p) ?? new Set();
  busy.set(p, running);
  if (running.has(name)) return null;
  const before = p.source.slice(n.pos, word.pos);
  const text = before + (p.session.aliases[name] ?? '') + p.source.slice(word.end, n.end);
  running.add(name);
  try {
    return yield* runSource(p, text);
  } finally {
    running.delete(name);
  }
}
