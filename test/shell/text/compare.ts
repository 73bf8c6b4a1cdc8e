/// Compares tools with the machine's own, case by case.
import { expect } from 'vitest';
import type { Command } from '../../../src/shell/command.ts';
import { runReal } from './real_tools.ts';
import type { Result } from './real_tools.ts';
import { runTool } from './run_tool.ts';

/// One line of a table: what is typed, and its standard input. Words are parted by blanks; single
/// quotes hold a word together.
export type Row = readonly [typed: string, stdin: string];

export function wordsOf(typed: string): string[] {
  const words = typed.match(/(?:'[^']*'|[^\s'])+/g) ?? [];
  return words.map((word) => word.replaceAll(/'([^']*)'/g, '$1'));
}

export function compareAll(
  commands: Readonly<Record<string, Command>>,
  rows: readonly Row[],
  files: Readonly<Record<string, string>> = {},
  withErrors = false, // compare what is on standard error too
): void {
  const cases = rows.map(([typed, stdin]) => ({ words: wordsOf(typed), stdin }));
  const real = runReal(cases, files);
  const own = Object.fromEntries(
    Object.entries(files).map(([name, text]) => [`/tmp/${name}`, text]),
  );
  const ours = cases.map(({ words, stdin }) => {
    const command = commands[words[0] ?? ''];
    if (!command) throw new Error(`no command ${words[0] ?? ''}`);
    return runTool(command, words, { stdin, files: own });
  });
  const show = (results: readonly Result[]): string[] =>
    results.map(
      ({ out, err, status }, i) =>
        `${rows[i]?.[0] ?? ''} => ${status} ${JSON.stringify(out)}${withErrors ? JSON.stringify(err) : ''}`,
    );
  expect(show(ours)).toEqual(show(real));
}
