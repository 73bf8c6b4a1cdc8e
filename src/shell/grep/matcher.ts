/// The patterns of one grep, as something that finds them in a line.
import { fixedRegex, perlRegex, posixRegex } from '../regex.ts';
import type { Regex } from '../regex.ts';
import type { Job } from './options.ts';

export interface Matcher {
  readonly warnings: readonly string[];
  test(text: string): boolean;
  /// The leftmost match from `from` on, the longest of those that begin there.
  find(text: string, from: number): readonly [number, number] | null;
}

export function makeMatcher(job: Job): Matcher {
  const patterns = [...new Set(job.patterns ?? [])];
  const regexes = patterns.map((pattern) => makeRegex(job, pattern));
  return {
    warnings: regexes.flatMap((regex) => regex.warnings),
    test: (text) => regexes.some((regex) => regex.test(text)),
    find: (text, from) => findFirst(regexes, text, from),
  };
}

function makeRegex(job: Job, pattern: string): Regex {
  if (job.syntax === 'F') return fixedRegex(pattern, job.ignoreCase, job.whole);
  if (job.syntax === 'P') return perlRegex(pattern, job.ignoreCase, job.whole);
  const dialect = job.syntax === 'E' ? 'egrep' : 'grep';
  return posixRegex(pattern, { dialect, icase: job.ignoreCase }, job.whole);
}

function findFirst(
  regexes: readonly Regex[],
  text: string,
  from: number,
): readonly [number, number] | null {
  let best: readonly [number, number] | null = null;
  for (const regex of regexes) {
    const found = regex.find(text, from);
    if (!found) continue;
    if (!best || found[0] < best[0] || (found[0] === best[0] && found[1] > best[1])) best = found;
  }
  return best;
}
