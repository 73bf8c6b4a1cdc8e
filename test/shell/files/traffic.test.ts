import { expect, it } from 'vitest';
import { hosts } from '../../../src/hardware/hosts.ts';
import { boot } from '../../../src/kernel/boot.ts';
import { advance } from '../../../src/kernel/run.ts';
import { startSource } from '../../../src/kernel/traffic.ts';
import { files } from '../../../src/shell/files.ts';
import { rootOn } from './root.ts';

it('shows the same packets in every file after traffic', () => {
  const host = hosts['alder'];
  if (!host) throw new Error('no host');
  const k = boot(host, 1);
  startSource(k, {
    dev: 1,
    pattern: 'constant',
    pps: 20_000,
    len: 64,
    flows: 4,
    dport: 9000,
    limit: 500,
  });
  advance(k, 100_000_000);
  const io = rootOn(k);
  const lines = (path: string): string[] => {
    const read = files.read(io, path);
    if (typeof read === 'string') throw new Error(`${path}: ${read}`);
    return read.lines.map((line) => line.text);
  };
  const column = (path: string, row: RegExp, at: number): number =>
    Number(
      lines(path)
        .find((line) => row.test(line))
        ?.trim()
        .split(/\s+/)[at],
    );

  expect(lines('/sys/class/net/eth0/statistics/rx_packets')).toEqual(['500']);
  expect(column('/proc/net/dev', /eth0:/, 2)).toBe(500);
  const processed = lines('/proc/net/softnet_stat').map((line) =>
    Number.parseInt(line.slice(0, 8), 16),
  );
  expect(processed.reduce((a, b) => a + b, 0)).toBe(500);
  const udp = lines('/proc/net/snmp').filter((line) => line.startsWith('Udp:'));
  const [names = '', values = ''] = udp;
  expect(Number(values.split(' ')[names.split(' ').indexOf('InDatagrams')])).toBe(500);
  const interrupts = lines('/proc/interrupts').filter((line) => line.includes('eth0-TxRx'));
  const taken = interrupts.flatMap((line) => line.trim().split(/\s+/).slice(1, 9).map(Number));
  expect(taken.reduce((a, b) => a + b, 0)).toBeGreaterThan(0);
});
