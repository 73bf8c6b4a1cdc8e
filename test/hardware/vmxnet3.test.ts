import { describe, expect, it } from 'vitest';
import { driverOf } from '../../src/hardware/driver.ts';
import { hosts } from '../../src/hardware/hosts.ts';
import { boot } from '../../src/kernel/boot.ts';
import { dev_set_mtu } from '../../src/kernel/dev.ts';
import { ethtool_set_channels, ethtool_set_ringparam } from '../../src/kernel/ethtool_ops.ts';
import { ethtool_set_coalesce } from '../../src/kernel/ethtool_ops_coalesce.ts';
import { ethtool_set_features } from '../../src/kernel/ethtool_ops_features.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { advance, stepEvent } from '../../src/kernel/run.ts';
import type { Kernel, NetDevice } from '../../src/kernel/state.ts';
import { startSource } from '../../src/kernel/traffic.ts';

const MS = 1_000_000;

function mixed(): { k: Kernel; dev: NetDevice } {
  const app = { comm: 'udp-sink', user: 'alice', port: 9000, cpu: 6, service_ns: 500, rcvbuf: 0 };
  const k = boot({ ...hosts['mixed']!, apps: [app] }, 1);
  return { k, dev: k.devs[1]! };
}

describe('vmxnet3', () => {
  it('names a vector for each pair of queues, and one for events', () => {
    const { k } = mixed();
    const names = k.irqs.filter((irq) => irq.dev === 1).map((irq) => irq.name);
    expect(names).toEqual([
      ...Array.from({ length: 8 }, (_, i) => `eth0-rxtx-${i}`),
      'eth0-event-8',
    ]);
  });

  it('rounds its rings up to 32 descriptors, and the first to what whole frames need', () => {
    const { k, dev } = mixed();
    ethtool_set_ringparam(k, dev, { rx: 1000, tx: 500, 'rx-jumbo': 1 });
    expect(dev.ring).toEqual({ rx: 1024, tx: 512, jumbo: 32 });
    dev_set_mtu(k, dev, 9000); // three buffers a frame
    ethtool_set_ringparam(k, dev, { rx: 4000 });
    expect(dev.ring.rx).toBe(4032);
    ethtool_set_ringparam(k, dev, { rx: 4096 });
    expect(dev.ring.rx).toBe(4032);
    expect(ethtool_set_ringparam(k, dev, { 'rx-jumbo': 0 })).toMatchObject({ errno: 'EINVAL' });
    expect(dev.ring.jumbo).toBe(32);
    expect(ethtool_set_ringparam(k, dev, { 'rx-jumbo': 4097 })).toMatchObject({
      attr: 'rx-jumbo',
      extack: 'requested ring size exceeds maximum',
    });
  });

  it('keeps the link while its rings are set up anew, and logs that it is up', () => {
    const { k, dev } = mixed();
    ethtool_set_ringparam(k, dev, { rx: 2048 });
    expect(dev.carrier).toBe(true);
    expect(k.dmesg.at(-1)).toContain('vmxnet3 0000:41:00.0 eth0: NIC Link is Up 1000 Mbps');
  });

  it('posts a buffer for each frame as it takes it', () => {
    const { k, dev } = mixed();
    startSource(k, { dev: 1, pps: 200_000, len: 64, flows: 64, dport: 9000, limit: 2_000 });
    advance(k, 40 * MS);
    for (const q of dev.rx) expect(q).toMatchObject({ used: 0, ready: 1023, cleaned: 0 });
    checkLedger(k);
  });

  it('loses at once what finds no buffer, counts it as OOB and in no total of the link', () => {
    const { k, dev } = mixed();
    for (const q of dev.rx) q.ready = 0;
    startSource(k, { dev: 1, pps: 1_000, len: 64, flows: 1, dport: 9000, limit: 3 });
    advance(k, 20 * MS);
    const lines = driverOf(dev).statistics(dev)!;
    expect(
      lines
        .filter((line) => line.name === '  pkts rx OOB')
        .reduce((sum, { value }) => sum + value, 0),
    ).toBe(3);
    expect(driverOf(dev).linkStats(dev)).toMatchObject({ rx_dropped: 0, rx_missed_errors: 0 });
    checkLedger(k);
  });

  it('hands packets up one by one while LRO is on, and through GRO lists without it', () => {
    const sizes = (lro: boolean): number => {
      const { k, dev } = mixed();
      if (!lro) ethtool_set_features(k, dev, { 'rx-lro': false });
      let longest = 0;
      startSource(k, { dev: 1, pps: 1_000_000, len: 64, flows: 1, dport: 9000, limit: 32 });
      while (k.now < 3 * MS && stepEvent(k))
        for (const n of k.napis) longest = Math.max(longest, n.rx_count);
      return longest;
    };
    expect(sizes(true)).toBe(1);
    expect(sizes(false)).toBeGreaterThan(1);
  });

  it('gives up LRO with rx-checksumming', () => {
    const { k, dev } = mixed();
    ethtool_set_features(k, dev, { 'rx-checksum': false });
    expect(dev.features['large-receive-offload']).toBe(false);
    ethtool_set_features(k, dev, { 'rx-checksum': true });
    expect(dev.features['large-receive-offload']).toBe(true);
  });

  it('shows its channels and moderation to nobody who wants to change them', () => {
    const { k, dev } = mixed();
    expect(ethtool_set_channels(k, dev, { combined: 8 })).toMatchObject({ errno: 'EOPNOTSUPP' });
    expect(ethtool_set_coalesce(k, dev, { 'rx-usecs': 10 })).toMatchObject({ errno: 'EOPNOTSUPP' });
    expect(ethtool_set_coalesce(k, dev, { 'tx-usecs': 10 })).toMatchObject({
      extack: 'cannot modify an unsupported parameter',
    });
  });
});
