import { describe, expect, it } from 'vitest';
import { driverOf, drivers, ethtoolDefaults } from '../../src/hardware/driver.ts';
import { FEATURES } from '../../src/hardware/features.ts';
import { hosts } from '../../src/hardware/hosts.ts';
import { boot } from '../../src/kernel/boot.ts';

describe('the drivers', () => {
  it('name only features that the kernel has', () => {
    for (const { features } of Object.values(drivers))
      for (const name of [...features.on, ...features.free, ...features.partial])
        expect(FEATURES).toContain(name);
  });

  it('want nothing that they cannot switch', () => {
    const nic = hosts['igb']!.nics[0]!;
    const { features, wanted_features } = ethtoolDefaults(nic);
    expect(features['highdma']).toBe(true);
    expect(wanted_features['highdma']).toBe(false);
    expect(wanted_features['generic-receive-offload']).toBe(true);
  });

  it('igb sums missed frames and queue drops into rx_fifo_errors', () => {
    const dev = boot(hosts['igb']!, 1).devs[1]!;
    dev.hw.rx_missed_errors = 5;
    dev.rx[2]!.drops = 7;
    expect(driverOf(dev).linkStats(dev)).toMatchObject({ rx_fifo_errors: 12, rx_missed_errors: 5 });
  });

  it('virtio_net sums its queues for the lines of the whole device', () => {
    const dev = boot(hosts['virtio']!, 1).devs[1]!;
    dev.rx[0]!.drops = 2;
    dev.rx[3]!.drops = 3;
    const shown = driverOf(dev).statistics(dev)!;
    expect(shown.find(({ name }) => name === 'rx_drops')!.value).toBe(5);
    expect(shown.find(({ name }) => name === 'rx3_drops')).toMatchObject({
      value: 3,
      id: 'rxN_drops',
      queue: 3,
    });
  });

  it('igb spreads a fresh indirection table in blocks, virtio_net in turn', () => {
    expect(drivers['igb']!.rss!.table(8).slice(14, 18)).toEqual([0, 0, 1, 1]);
    expect(drivers['virtio_net']!.rss!.table(4).slice(0, 5)).toEqual([0, 1, 2, 3, 0]);
  });
});
