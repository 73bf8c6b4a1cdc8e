import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const tool = fileURLToPath(new URL('../../tools/sim.ts', import.meta.url));

function sim(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [tool, ...words], { encoding: 'utf8' });
}

describe('npm run sim', () => {
  it('prints the same bytes twice, and the settings that were asked for', () => {
    const [first, second] = [1, 2].map(() =>
      sim('rx-ring', '--seed', '7', '--set', 'rx=256', '--json'),
    );
    expect(first?.status).toBe(0);
    expect(second?.stdout).toBe(first?.stdout);
    const { ledger, settings, digest } = JSON.parse(first?.stdout ?? '') as {
      ledger: {
        offered: number;
        delivered: number;
        queued: { packets: number }[];
        dropped: { packets: number }[];
      };
      settings: Record<string, number>;
      digest: string;
    };
    const packets = [...ledger.queued, ...ledger.dropped].reduce(
      (sum, row) => sum + row.packets,
      0,
    );
    expect(ledger.offered).toBe(ledger.delivered + packets);
    expect(settings['rx']).toBe(256);
    expect(digest).toMatch(/^[0-9a-f]{16}$/);
  });

  it('says what each CPU did since moment 0, and nothing of the time before', () => {
    const { counters } = JSON.parse(sim('rx-ring', '--json').stdout) as {
      counters: { cpu_ns_since_moment_0: Record<string, number>[] };
    };
    expect(counters.cpu_ns_since_moment_0).toHaveLength(8);
    for (const times of counters.cpu_ns_since_moment_0) {
      const all = Object.values(times).reduce((sum, ns) => sum + ns, 0);
      expect(Math.abs(all - 9_000_000)).toBeLessThan(10_000);
    }
  });

  it('prints a table for people', () => {
    expect(sim('rx-ring', '--until', '1ms').stdout).toMatch(/^offered +1024$/m);
  });

  it.each([
    ['name a scenario: rx-ring, interrupt-moderation, softirq-budget, xdp-firewall, live-host', []],
    ['no scenario "rxring"; there are rx-ring,', ['rxring']],
    ['rx-ring has no knob "size"; it has rx, usecs, budget', ['rx-ring', '--set', 'size=3']],
    ['rx cannot be "257"; it can be 64, 128,', ['rx-ring', '--set', 'rx=257']],
    ['unknown option "--sed"', ['rx-ring', '--sed', '7']],
    ['"x" is not a seed', ['rx-ring', '--seed', 'x']],
    ['"5" is not a time', ['rx-ring', '--until', '5']],
    ['--seed needs a value', ['rx-ring', '--seed']],
  ])('says %s', (message, words) => {
    const { status, stderr, stdout } = sim(...words);
    expect(stderr).toContain(`sim: ${message}`);
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });
});
