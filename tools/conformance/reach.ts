/// Whether a recorded command line uses only tools that the simulated host has: the figure over those
/// steps tells how faithful the tools are, the figure over all steps how much of a host there is.
import { parse } from 'unbash';
import { builtins } from '../../src/shell/builtins.ts';
import { commands } from '../../src/shell/commands/index.ts';

/// True when every command name in the line is ours. Names that are not plain words (a function of
/// the session, a script by path, a variable) count as known: what they run is seen elsewhere.
export function withinReach(line: string): boolean {
  return namesIn(parse(line)).every(
    (name) => commands.has(name) || builtins.has(name) || !/^[a-z][\w-]*$/.test(name),
  );
}

function namesIn(node: unknown): string[] {
  if (Array.isArray(node)) return node.flatMap(namesIn);
  if (typeof node !== 'object' || node === null) return [];
  const own = isCommand(node) ? [node.name.value] : [];
  return [...own, ...Object.values(node).flatMap(namesIn)];
}

function isCommand(node: object): node is { name: { value: string } } {
  const { type, name } = node as { type?: unknown; name?: { value?: unknown } };
  return type === 'Command' && typeof name?.value === 'string';
}
