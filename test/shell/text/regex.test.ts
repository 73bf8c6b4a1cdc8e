import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  fixedRegex,
  perlRegex,
  posixRegex,
  RegexError,
  TooHard,
} from '../../../src/shell/regex.ts';
import type { Regex } from '../../../src/shell/regex.ts';
import { isHere } from './real_tools.ts';

const found = (regex: Regex, text: string): string | null => {
  const match = regex.find(text);
  return match ? text.slice(match[0], match[1]) : null;
};
const ere = (source: string): Regex => posixRegex(source, { dialect: 'sed-E' });
const groupsOf = (regex: Regex, text: string): (string | null)[] => {
  const match = regex.exec(text) ?? new Int32Array(0);
  return Array.from({ length: match.length / 2 }, (_, i) =>
    (match[2 * i] as number) < 0 ? null : text.slice(match[2 * i], match[2 * i + 1]),
  );
};

/// Extended expressions over a, b, c with everything that groups, repeats and anchors.
const { expression } = fc.letrec<{ expression: string; piece: string; atom: string }>((tie) => ({
  expression: fc.oneof(
    { depthSize: 'small' },
    fc.array(tie('piece'), { minLength: 1, maxLength: 3 }).map((pieces) => pieces.join('')),
    fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `${a}|${b}`),
  ),
  piece: fc
    .tuple(tie('atom'), fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,2}'))
    .map(([a, sign]) => a + sign),
  atom: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('a', 'b', 'c', '.', '[ab]', '[^a]', '\\w'),
    tie('expression').map((inner) => `(${inner})`),
  ),
}));

describe('regular expressions', () => {
  it('take the leftmost and then the longest match', () => {
    expect(found(ere('a|ab|abc'), 'xabcd')).toBe('abc');
    expect(found(ere('b+|a'), 'abbb')).toBe('a');
    expect(found(ere('(a|ab)(c|bcd)(d*)'), 'abcd')).toBe('abcd');
  });

  it('find groups as glibc does', () => {
    expect(groupsOf(ere('(a|ab)(c|bcd)(d*)'), 'abcd')).toEqual(['abcd', 'a', 'bcd', '']);
    expect(groupsOf(ere('(a|(b))*'), 'ba')).toEqual(['ba', 'a', 'b']);
    expect(groupsOf(ere('(b*|a)*'), 'aaa')).toEqual(['aaa', 'a']);
  });

  it('need time in proportion to the text where a backtracking matcher needs for ever', () => {
    const text = 'a'.repeat(50_000);
    expect(ere('(a*)*b').test(text)).toBe(false);
    expect(ere('(a|a)*$').find(text)).toEqual([0, text.length]);
    expect(ere('(x+x+)+y').find(`${'x'.repeat(20_000)}z`)).toBeNull();
    expect(groupsOf(ere('((a*)*)*'), 'a'.repeat(2000))[1]).toHaveLength(2000);
  });

  it('give up with TooHard where only trying is possible and it takes too long', () => {
    const text = `${'a'.repeat(60)}b`;
    expect(() => perlRegex('(a+)+$', false).test(text)).toThrow(TooHard);
    expect(() => posixRegex('\\(a*\\)*\\1c', { dialect: 'grep' }).test(text)).toThrow(TooHard);
  });

  it('refuse an expression that would be too big', () => {
    expect(() => ere('((((a{200}){200}){200}){200})')).toThrow(RegexError);
    expect(() => ere('('.repeat(5000) + ')'.repeat(5000))).toThrow(RegexError);
  });

  it('know what Perl has besides', () => {
    expect(found(perlRegex('\\d+?(?=;)', false), 'x12;')).toBe('12');
    expect(found(perlRegex('(?<=rx_)\\w+', false), 'rx_bytes')).toBe('bytes');
    expect(found(perlRegex('key: \\K\\S+', false), 'key: value x')).toBe('value');
    expect(found(perlRegex('a(?!b).', false), 'abac')).toBe('ac');
    expect(found(perlRegex('(?i)RX(?:_|-)(?<n>\\w)\\1', false), 'rx-aa')).toBe('rx-aa');
  });

  it('treat characters outside the basic plane as one', () => {
    expect(found(ere('^.$'), '😀')).toBe('😀');
    expect(found(ere('[^a]'), 'a😀')).toBe('😀');
    expect(fixedRegex('É', true).test('é')).toBe(true);
  });

  it.runIf(isHere('grep', /GNU grep/))('match what grep -E matches', () => {
    const texts = ['', 'a', 'b', 'ab', 'ba', 'aab', 'abcb', 'cab bac', 'bb ac', 'abab'];
    const input = texts.map((text) => `${text}\n`).join('');
    const env = { LC_ALL: 'C', PATH: '/usr/bin:/bin' };
    const check = (source: string): void => {
      const real = spawnSync('grep', ['-noE', '-e', source], {
        input,
        encoding: 'utf8',
        env,
        timeout: 5000,
      });
      if (real.error || real.status === 2) return;
      const regex = posixRegex(source, { dialect: 'egrep' });
      expect(`${source}\n${grepped(regex, texts)}`).toBe(`${source}\n${real.stdout}`);
    };
    fc.assert(fc.property(expression, check), { seed: 5, numRuns: 60 });
  });
});

/// What grep -no prints.
function grepped(regex: Regex, texts: readonly string[]): string {
  let out = '';
  for (const [i, text] of texts.entries()) {
    for (let from = 0; from <= text.length;) {
      const match = regex.find(text, from);
      if (!match) break;
      if (match[1] > match[0]) out += `${i + 1}:${text.slice(...match)}\n`;
      from = Math.max(match[1], match[0] + 1);
    }
  }
  return out;
}
