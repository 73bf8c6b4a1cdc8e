/// sleep of coreutils: virtual time passes, nothing else.
import type { Command, Io, Running } from '../command.ts';

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

/// Nanoseconds of an interval such as 0.5, 2m or infinity; null: not one.
export function intervalNs(word: string): number | null {
  if (/^\+?(inf|infinity)$/i.test(word)) return Infinity;
  const found = /^\s*\+?(\d+\.?\d*(?:e[-+]?\d+)?|\.\d+(?:e[-+]?\d+)?)([smhd]?)$/i.exec(word);
  if (!found) return null;
  return Math.round(Number(found[1]) * (UNITS[found[2] ?? ''] ?? 1) * 1e9);
}

/// Lets virtual time pass in pieces, so that "infinity" can be waited for too.
export function* pass(ns: number): Running<void> {
  const piece = 3600 * 1e9;
  for (let left = ns; left > 0; left -= piece) yield { kind: 'sleep', ns: Math.min(left, piece) };
}

export const sleep: Command = {
  name: 'sleep',
  summary: 'let virtual time pass',
  usage: 'sleep NUMBER[smhd]...',
  *run(io: Io) {
    const words = io.argv.slice(1).filter((word) => word !== '--');
    if (words.length === 0) {
      yield* io.err.write("sleep: missing operand\nTry 'sleep --help' for more information.\n");
      return 1;
    }
    let total = 0;
    let bad = false;
    for (const word of words) {
      const ns = intervalNs(word);
      if (ns === null) {
        const option = /^-(.)/.exec(word);
        const text =
          option && word !== '-'
            ? `invalid option -- '${option[1] ?? ''}'`
            : `invalid time interval '${word}'`;
        yield* io.err.line(`sleep: ${text}`);
        bad = true;
        if (option) break;
      } else total += ns;
    }
    if (bad) {
      yield* io.err.line("Try 'sleep --help' for more information.");
      return 1;
    }
    yield* pass(total);
    return 0;
  },
};
