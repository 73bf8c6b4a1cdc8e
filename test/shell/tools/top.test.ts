import { describe, expect, it } from 'vitest';
import { createSession } from '../../../src/shell/shell.ts';
import { typed } from '../../../tools/typed.ts';
import { startSource } from '../../../src/kernel/traffic.ts';
import { lsirq } from '../../../src/shell/commands/lsirq.ts';
import { hostLike, type } from './typing.ts';

function top(words: string, pps: number): string[] {
  const k = hostLike('alder');
  if (pps > 0) startSource(k, { dev: 1, pps, len: 64, flows: 1 });
  const session = createSession(k, 'root');
  const { stdout } = typed({ k }, session, `top -b ${words}`, { columns: null, limit_ns: 9e9 });
  return stdout.split('\n');
}

describe('top -b', () => {
  it('shows an idle host as idle', () => {
    expect(top('-n 1', 0)[2]).toBe(
      '%Cpu(s):  0.0 us,  0.0 sy,  0.0 ni,100.0 id,  0.0 wa,  0.0 hi,  0.0 si,  0.0 st ',
    );
  });

  it('shows softirq time of the CPU that a flood hits, and the other CPUs idle', () => {
    const busy = top('-n 1 -1', 400_000)
      .filter((line) => line.startsWith('%Cpu'))
      .map((line) => Number(/([\d.]+) si/.exec(line)?.[1]));
    expect(busy.filter((share) => share > 5)).toHaveLength(1);
  });

  it('puts the busiest task first', () => {
    const lines = top('-n 1', 100_000);
    const at = lines.findIndex((line) => line.startsWith('  PID'));
    expect(lines[at + 1]).toContain('udp-sink');
  });

  it('prints as many pages as it is told', () => {
    expect(top('-n 2 -d 1', 0).filter((line) => line.startsWith('top - '))).toHaveLength(2);
  });
});

describe('lsirq', () => {
  it('lists the busiest interrupt first, with its name in one line', () => {
    const [heading, ...rows] = type(lsirq, hostLike('virtio'), 'lsirq').out.trim().split('\n');
    expect(heading).toMatch(/^IRQ +TOTAL NAME$/);
    const totals = rows.map((row) => Number(row.trim().split(/ +/)[1]));
    expect(totals).toEqual([...totals].sort((a, b) => b - a));
    expect(rows.some((row) => row.endsWith('virtio1-req.0'))).toBe(true);
  });

  it('counts NET_RX softirqs of all CPUs with -S', () => {
    const k = hostLike('virtio');
    k.cpus[1]!.softirqs[3] = k.cpus[1]!.softirqs[3]! + 1_000_000;
    expect(type(lsirq, k, 'lsirq -S -n').out.split('\n')[0]).toMatch(
      /^ *NET_RX 100\d+ network receive softirq$/,
    );
  });
});
