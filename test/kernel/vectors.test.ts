import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import * as truesize from '../../src/kernel/vectors/truesize.ts';

const folder = fileURLToPath(new URL('../reference/vectors/', import.meta.url));
const adapters = fileURLToPath(new URL('../../src/kernel/vectors/', import.meta.url));

/// The files of vectors that the host has the mechanism for.
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.slice(0, -'.json'.length))
  .filter((name) => existsSync(`${adapters}${name}.ts`));

function casesOf(name: string): { id: string }[] {
  return (JSON.parse(readFileSync(`${folder}${name}.json`, 'utf8')) as { cases: { id: string }[] })
    .cases;
}

describe('mechanisms of the real kernel', () => {
  for (const name of names)
    it(`gives the kernel's outcome in every case of ${name}`, async () => {
      const adapter = (await import(`${adapters}${name}.ts`)) as typeof truesize;
      const wrong = casesOf(name).flatMap((one) => {
        const differs = adapter.run(one);
        return differs === null ? [] : [`${one.id}: ${differs}`];
      });
      expect(wrong).toEqual([]);
    });

  it('are all there on the receive side', () => {
    expect(names.length).toBeGreaterThanOrEqual(34);
  });

  it('would notice a wrong outcome', () => {
    const [one] = casesOf('truesize');
    expect(truesize.run({ ...one, alloc_skb_room: 1 })).toContain('sizes');
  });
});
