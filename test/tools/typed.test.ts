import { describe, expect, it } from 'vitest';
import { hosts } from '../../src/hardware/hosts.ts';
import { boot } from '../../src/kernel/boot.ts';
import { createSession } from '../../src/shell/shell.ts';
import { typed } from '../../tools/typed.ts';

const second_ns = 1_000_000_000;

function answer(line: string, leaves = false) {
  const k = boot(hosts['alder']!, 1);
  const patience = { columns: 80, limit_ns: 3 * second_ns, leaves };
  return { ...typed({ k }, createSession(k, 'root'), line, patience), now_ns: k.now };
}

describe('a line typed for a tool', () => {
  it('gives output and status when it has ended', () => {
    expect(answer('echo a; echo b >&2; (exit 3)')).toMatchObject({
      stdout: 'a\n',
      stderr: 'b\n',
      status: 3,
    });
  });

  it('is stopped at the limit', () => {
    expect(answer('sleep 9')).toMatchObject({ status: 130, now_ns: 3 * second_ns });
  });

  it('does not wait for ever for a job in the background', () => {
    const { stdout, now_ns } = answer('while true; do sleep 1; echo tick; done & echo started');
    expect(stdout).toMatch(/^(\[1\] \d+\n)?started\n/);
    expect(stdout).toContain('tick');
    expect(now_ns).toBe(3 * second_ns);
  });

  it('leaves a job in the background asleep when told to', () => {
    const { stdout, now_ns } = answer('(echo begun; sleep 9; echo late) &', true);
    expect(stdout).toBe('begun\n');
    expect(now_ns).toBe(0);
  });

  it('does not wait for a job in the background that reads', () => {
    expect(answer('read x & echo started').stdout).toContain('started');
  });
});
