import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { driverOf } from '../../src/hardware/driver.ts';
import { hosts } from '../../src/hardware/hosts.ts';
import { boot } from '../../src/kernel/boot.ts';
import { counter, counters } from '../../src/kernel/counters.ts';
import { DROP_REASONS } from '../../src/kernel/reasons.ts';

describe('the registry of counters', () => {
  it.each(['igb', 'virtio'])('knows every line of ethtool -S on the %s host', (profile) => {
    const host = hosts[profile];
    if (!host) throw new Error(`no host ${profile}`);
    const k = boot(host, 1);
    const unknown = k.devs.flatMap((dev) => {
      const driver = driverOf(dev);
      const ids = (driver.statistics(dev) ?? []).map(({ id }) => `ethtool:${driver.name}:${id}`);
      return ids.filter((id) => counter(id) === null);
    });
    expect(unknown).toEqual([]);
  });

  it('knows every drop reason of the ledger', () => {
    const names = DROP_REASONS.map(({ name }) => name).filter((name) => name !== '');
    expect(names.filter((name) => counter(`reason:${name}`) === null)).toEqual([]);
  });

  it('names kernel functions that exist', () => {
    const symbols = new Set(
      readFileSync('test/reference/kernel-symbols.tsv', 'utf8')
        .split('\n')
        .map((line) => line.split('\t')[1]),
    );
    const wrong = counters().filter(({ source }) => {
      const [, name] = source.split(':');
      return name !== undefined && !symbols.has(name);
    });
    expect([...new Set(wrong.map(({ source }) => source))]).toEqual([]);
  });

  it('says of a protocol counter that nothing moves it', () => {
    expect(counter('TcpExtTCPFastOpenActive')?.meaning).toMatch(/nothing in this model moves/);
    expect(counter('UdpRcvbufErrors')?.step).toBe('IN-U1');
    expect(counter('nonsense')).toBeNull();
  });

  it('has no id twice', () => {
    const ids = counters().map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
