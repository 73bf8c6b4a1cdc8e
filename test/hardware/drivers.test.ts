import { describe, expect, it } from 'vitest';
import { driverOf, drivers, ethtoolDefaults } from '../../src/hardware/driver.ts';
import { FEATURES } from '../../src/hardware/features.ts';
import { hosts } from '../../src/hardware/hosts.ts';
import { boot } from '../../src/kernel/boot.ts';
import { dev_close, dev_open, dev_set_mtu } from '../../src/kernel/dev.ts';
import { ethtool_set_ringparam } from '../../src/kernel/ethtool_ops.ts';
import { ethtool_set_features } from '../../src/kernel/ethtool_ops_features.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { advance } from '../../src/kernel/run.ts';
import { startSource } from '../../src/kernel/traffic.ts';

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

describe('every driver', () => {
  it.each(['eth0', 'eth1', 'eth2'])(
    'accounts for each frame over resets and restarts: %s of `mixed`',
    (name) => {
      const app = {
        comm: 'udp-sink',
        user: 'alice',
        port: 9000,
        cpu: 2,
        service_ns: 3000,
        rcvbuf: 0,
      };
      const k = boot({ ...hosts['mixed']!, apps: [app] }, 1);
      const at = k.devs.findIndex((dev) => dev.name === name);
      const dev = k.devs[at]!;
      startSource(k, { dev: at, pps: 60_000, len: 64, flows: 32, dport: 9000 });
      startSource(k, { dev: at, pattern: 'poisson', pps: 5_000, len: 900, flows: 3, dport: 9 });
      const moves = [
        () => ethtool_set_ringparam(k, dev, { rx: 64, tx: 96 }),
        () => dev_close(k, dev),
        () => dev_open(k, dev),
        () => ethtool_set_ringparam(k, dev, { rx: 4096 }),
        () => dev_set_mtu(k, dev, 1400),
        () => ethtool_set_features(k, dev, { 'rx-checksum': !dev.features['rx-checksumming'] }),
      ];
      for (const [step, move] of moves.entries()) {
        advance(k, 700_000_000 * step + 3_000_000);
        checkLedger(k);
        move();
        checkLedger(k);
      }
      advance(k, k.now + 900_000_000);
      checkLedger(k);
      expect(dev.carrier).toBe(true);
      expect(k.ledger.delivered).toBeGreaterThan(1000);
    },
  );
});
