/// Regular expressions of the tools: leftmost, then longest, as POSIX asks, in time that grows with
/// the text alone. Groups are found as glibc finds them: of the ways to cover the longest match, the
/// one that takes the first alternative and the longest repetition first.
/// Expressions with back-references and those of grep -P are matched by trying, with a bounded
/// number of steps; TooHard is thrown when they are spent.
import type { Node, Parsed } from './regex/ast.ts';
import { run } from './regex/backtrack.ts';
import { Automaton } from './regex/dfa.ts';
import { parseFixed, parsePosix } from './regex/parse.ts';
import type { ParseOptions } from './regex/parse.ts';
import { parsePerl } from './regex/perl.ts';
import { compileProgram } from './regex/program.ts';

export { RegexError } from './regex/ast.ts';
export { TooHard } from './regex/backtrack.ts';
export { NotModelled } from './regex/perl.ts';
export type { Dialect } from './regex/parse.ts';

/// Start and end of the match, then of each group; -1 for a group that took no part.
export type Match = Int32Array;

export interface Regex {
  readonly groups: number;
  readonly warnings: readonly string[];
  /// Whether the text has a match.
  test(text: string): boolean;
  /// The first match that begins at `from` or later. What stands before `from` still counts for ^
  /// and \b.
  exec(text: string, from?: number): Match | null;
  /// The same without the groups, which is quicker: start and end, or null.
  find(text: string, from?: number): readonly [number, number] | null;
}

/// What a match must be besides: a whole line, or not part of a longer word (grep -x, grep -w).
export type Whole = 'line' | 'word' | null;

const stepsPerSearch = 2_000_000;

export function posixRegex(
  source: string,
  options: Partial<ParseOptions> & Pick<ParseOptions, 'dialect'>,
  whole: Whole = null,
): Regex {
  const parsed = wrapped(parsePosix(source, { icase: false, multiline: false, ...options }), whole);
  return parsed.backtracks ? tryingRegex(parsed, true) : automatonRegex(parsed);
}

export function fixedRegex(source: string, icase: boolean, whole: Whole = null): Regex {
  return automatonRegex(wrapped(parseFixed(source, icase), whole));
}

export function perlRegex(source: string, icase: boolean, whole: Whole = null): Regex {
  return tryingRegex(wrapped(parsePerl(source, icase), whole), false);
}

function wrapped(parsed: Parsed, whole: Whole): Parsed {
  if (whole === null) return parsed;
  const [before, after] =
    whole === 'line' ? (['bot', 'eot'] as const) : (['nowordbefore', 'nowordafter'] as const);
  const items: Node[] = [
    { kind: 'assert', what: before },
    parsed.root,
    { kind: 'assert', what: after },
  ];
  return { ...parsed, root: { kind: 'cat', items } };
}

function automatonRegex(parsed: Parsed): Regex {
  const program = compileProgram(parsed.root, parsed.groups, false);
  const forwards = new Automaton(program, false);
  const backwards = new Automaton(compileProgram(parsed.root, parsed.groups, true), true);
  let marked = ''; // the text whose starts are known, so that s///g reads it backwards once
  let starts = new Uint8Array(0);
  const startFrom = (text: string, from: number): number => {
    if (marked !== text || starts.length !== text.length + 1) {
      starts = new Uint8Array(text.length + 1);
      backwards.starts(text, starts);
      marked = text;
    }
    return starts.indexOf(1, from);
  };
  const find = (text: string, from = 0): readonly [number, number] | null => {
    const start = startFrom(text, from);
    return start < 0 ? null : [start, forwards.longest(text, start)];
  };
  return {
    groups: parsed.groups,
    warnings: parsed.warnings,
    test: (text) => backwards.starts(text, null) >= 0,
    find,
    exec(text, from = 0) {
      const found = find(text, from);
      if (!found) return null;
      const [start, end] = found;
      if (parsed.groups === 0) return Int32Array.of(start, end);
      const goal = { end, longest: false, once: true };
      const regs = run(program, text, start, goal, { steps: Infinity });
      if (!regs) throw new Error(`no groups in the match from ${start} to ${end}`);
      return regs.subarray(0, 2 * (parsed.groups + 1));
    },
  };
}

function tryingRegex(parsed: Parsed, longest: boolean): Regex {
  const program = compileProgram(parsed.root, parsed.groups, false);
  const goal = { end: -1, longest, once: false };
  const exec = (text: string, from = 0): Match | null => {
    const budget = { steps: stepsPerSearch };
    for (let start = from; start <= text.length; start++) {
      const regs = run(program, text, start, goal, budget);
      if (regs) return regs.subarray(0, 2 * (parsed.groups + 1));
    }
    return null;
  };
  return {
    groups: parsed.groups,
    warnings: parsed.warnings,
    test: (text) => exec(text) !== null,
    exec,
    find(text, from = 0) {
      const match = exec(text, from);
      return match ? [match[0] as number, match[1] as number] : null;
    },
  };
}
