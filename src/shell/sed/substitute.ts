/// The s command on a text.
import type { Running } from '../command.ts';
import { breath } from '../inputs.ts';
import type { Match, Regex } from '../regex.ts';
import type { Piece, Substitution } from './script.ts';

/// The new text, or null where nothing was replaced.
export function* substitute(text: string, s: Substitution, regex: Regex): Running<string | null> {
  let result = '';
  let done = 0; // of the text, copied so far
  let number = 0;
  let replaced = false;
  let last = -1; // where the match before ended
  for (let from = 0; from <= text.length;) {
    const match = s.groups > 0 ? regex.exec(text, from) : regex.find(text, from);
    if (!match) break;
    const [start, end] = [match[0], match[1]];
    from = end > start ? end : start + 1;
    // A match of nothing right after another one does not count.
    if (start === end && start === last) continue;
    last = end;
    if (++number % 512 === 0) yield breath;
    if (number < s.number) continue;
    result += text.slice(done, start) + expand(s.pieces, text, match);
    done = end;
    replaced = true;
    if (!s.global) break;
  }
  return replaced ? result + text.slice(done) : null;
}

/// The replacement for one match, with its changes of case.
function expand(
  pieces: readonly Piece[],
  text: string,
  match: Match | readonly [number, number],
): string {
  let result = '';
  let lasting: 'U' | 'L' | 'E' = 'E';
  let once: 'u' | 'l' | null = null;
  for (const piece of pieces) {
    if (typeof piece === 'object' && 'fold' in piece) {
      if (piece.fold === 'u' || piece.fold === 'l') once = piece.fold;
      else lasting = piece.fold;
      continue;
    }
    let part = typeof piece === 'string' ? piece : group(text, match, piece.group);
    if (part === '') continue;
    if (lasting !== 'E') part = lasting === 'U' ? part.toUpperCase() : part.toLowerCase();
    if (once)
      part =
        (once === 'u' ? part.charAt(0).toUpperCase() : part.charAt(0).toLowerCase()) +
        part.slice(1);
    once = null;
    result += part;
  }
  return result;
}

function group(text: string, match: Match | readonly [number, number], index: number): string {
  const start = match[2 * index] ?? -1;
  return start < 0 ? '' : text.slice(start, match[2 * index + 1]);
}
