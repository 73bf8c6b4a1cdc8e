import { describe, expect, it } from 'vitest';
import { hosts } from '../../src/hardware/hosts.ts';
import { consoleOf } from '../../src/player/console.ts';
import { scenarioNamed } from '../../simulations/index.ts';

const texts = (...args: Parameters<typeof consoleOf>): string[] =>
  consoleOf(...args).map((chunk) => chunk.text);

describe('a console of a page', () => {
  it('types each line when the one before has ended, behind its prompt', () => {
    expect(texts(hosts['alder']!, ['sleep 1; echo a', 'cd /tmp', 'echo $SECONDS'])).toEqual([
      'root@alder:~# sleep 1; echo a',
      'a',
      'root@alder:~# cd /tmp',
      'root@alder:/tmp# echo $SECONDS',
      '1',
    ]);
  });

  it('lets no more time pass than a line takes', () => {
    const rx = 'cat /sys/class/net/eth0/statistics/rx_packets';
    const [, before, , , after] = texts(
      scenarioNamed('rx-ring')!,
      [rx, 'sleep 0.001', rx],
      4_000_000,
    );
    expect(Number(after)).toBe(Number(before));
  });

  it('says so when a line reads the terminal', () => {
    expect(() => consoleOf(hosts['alder']!, ['read x'])).toThrow('nobody types');
  });
});
