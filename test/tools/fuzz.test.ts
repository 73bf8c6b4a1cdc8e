import { expect, it } from 'vitest';
import { fuzzLines, fuzzLinks } from '../../tools/fuzz/fuzz.ts';

const clock = () => 0;

it('types random lines without an exception, a hang or a lost packet', () => {
  expect(fuzzLines(1_500, 20_260, clock).failures.slice(0, 5)).toEqual([]);
}, 120_000);

it('reads random share links without an exception, and writes what it understood back unchanged', () => {
  expect(fuzzLinks(2_000, 20_260, clock).failures.slice(0, 5)).toEqual([]);
});
