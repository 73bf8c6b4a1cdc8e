import { describe, expect, it } from 'vitest';
import { driverOf } from '../../src/hardware/driver.ts';
import { hosts } from '../../src/hardware/hosts.ts';
import { ixgbe_set_itr } from '../../src/hardware/ixgbe_main.ts';
import { boot } from '../../src/kernel/boot.ts';
import { counter } from '../../src/kernel/counters.ts';
import { dev_close, dev_open, dev_set_mtu } from '../../src/kernel/dev.ts';
import {
  ethtool_set_channels,
  ethtool_set_pauseparam,
  ethtool_set_ringparam,
} from '../../src/kernel/ethtool_ops.ts';
import { ethtool_set_coalesce } from '../../src/kernel/ethtool_ops_coalesce.ts';
import { ethtool_set_features } from '../../src/kernel/ethtool_ops_features.ts';
import { ethtool_set_rxfh, ethtool_set_rxnfc } from '../../src/kernel/ethtool_ops_rss.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { store_rps_dev_flow_table_cnt } from '../../src/kernel/net_sysfs.ts';
import { startTcp } from '../../src/kernel/remote/remote_start.ts';
import { advance } from '../../src/kernel/run.ts';
import type { Kernel, NetDevice } from '../../src/kernel/state.ts';
import { writeSysctl } from '../../src/kernel/sysctl.ts';
import { dev_xdp_attach, type AttachResult } from '../../src/kernel/xdp/attach.ts';
import { bpf_prog_load } from '../../src/kernel/xdp/load.ts';
import { parseProgram } from '../../src/shell/bpftool/source.ts';
import { startSource } from '../../src/kernel/traffic.ts';

const MS = 1_000_000;
const SERVERS = ['ixgbe', 'ice', 'mlx5', 'ena'];

function server(profile: string): { k: Kernel; dev: NetDevice } {
  const app = { comm: 'udp-sink', user: 'alice', port: 9000, cpu: 20, service_ns: 100, rcvbuf: 0 };
  const k = boot({ ...hosts[profile]!, apps: [app] }, 1);
  return { k, dev: k.devs[1]! };
}

function vectorNames(k: Kernel): string[] {
  return k.irqs.filter((irq) => irq.dev === 1).map((irq) => irq.name);
}

describe('every server NIC', () => {
  it.each(SERVERS)('%s: each line of -S is in the registry', (profile) => {
    const { dev } = server(profile);
    const driver = driverOf(dev);
    const ids = driver.statistics(dev)!.map(({ id }) => `ethtool:${driver.name}:${id}`);
    expect(ids.filter((id) => counter(id) === null)).toEqual([]);
  });

  it.each(SERVERS)('%s: accounts for each frame over resets and restarts', (profile) => {
    const { k, dev } = server(profile);
    startSource(k, { dev: 1, pps: 60_000, len: 64, flows: 32, dport: 9000 });
    startSource(k, { dev: 1, pattern: 'poisson', pps: 20_000, len: 900, flows: 3, dport: 9 });
    const moves = [
      () => ethtool_set_ringparam(k, dev, { rx: 256, tx: 256 }),
      () => dev_close(k, dev),
      () => dev_open(k, dev),
      () => ethtool_set_channels(k, dev, { combined: 3 }),
      () => ethtool_set_channels(k, dev, { combined: 8 }),
      () => dev_set_mtu(k, dev, 1400),
      () => ethtool_set_features(k, dev, { 'rx-checksum': false }),
    ];
    for (const move of moves) {
      advance(k, k.now + 20 * MS);
      checkLedger(k);
      move();
      checkLedger(k);
    }
    advance(k, k.now + 900 * MS);
    checkLedger(k);
    expect(dev.carrier).toBe(true);
    expect(k.ledger.delivered).toBeGreaterThan(5_000);
  });

  it.each(SERVERS)('%s: loses what finds no descriptor, and counts it once', (profile) => {
    const { k, dev } = server(profile);
    ethtool_set_pauseparam(k, dev, { rx: false, tx: false });
    advance(k, 1_000 * MS); // ixgbe is reset by that
    for (const q of dev.rx) q.ready = 0;
    dev.fifos = [];
    startSource(k, { dev: 1, pps: 1_000, len: 64, flows: 1, dport: 9000, limit: 3 });
    advance(k, 1_020 * MS);
    const { rx_dropped, rx_missed_errors } = driverOf(dev).linkStats(dev);
    expect(dev.rx.reduce((sum, q) => sum + q.drops, 0)).toBe(3);
    // ixgbe tells of them nowhere but in rx_no_dma_resources.
    expect(rx_dropped + rx_missed_errors).toBe(profile === 'ixgbe' ? 0 : 3);
  });
});

describe('ixgbe', () => {
  it('hints a vector for each pair of queues to a CPU near the NIC, and leaves it where it is', () => {
    const { k } = server('ixgbe');
    const names = vectorNames(k);
    expect(names.slice(0, 2)).toEqual(['eth0-TxRx-0', 'eth0-TxRx-1']);
    expect(names.at(-1)).toBe('eth0');
    const [first, , ...rest] = k.irqs.filter((irq) => irq.dev === 1);
    expect(first!.affinity_hint).toEqual([1]);
    expect(first!.affinity).toEqual([0xffff]);
    expect(rest[16 - 2]!.affinity_hint).toEqual([1 << 16]);
  });

  it('takes rings of 64 to 8192 descriptors, in steps of eight', () => {
    const { k, dev } = server('ixgbe');
    ethtool_set_ringparam(k, dev, { rx: 1, tx: 1001 });
    expect(dev.ring).toEqual({ rx: 64, tx: 1008, jumbo: 0 });
    expect(ethtool_set_ringparam(k, dev, { rx: 8193 })).toMatchObject({ errno: 'EINVAL' });
  });

  it('spreads RSS over sixteen queues at most, and refuses a table beyond', () => {
    const { k, dev } = server('ixgbe');
    expect(dev.rx).toHaveLength(32);
    expect(Math.max(...dev.rss_indir)).toBe(15);
    const table = dev.rss_indir.map(() => 16);
    expect(ethtool_set_rxfh(k, dev, { indir: table })).toMatchObject({ errno: 'EINVAL' });
  });

  it('has no interval for sending, none above 1022 us, and resets when an interval becomes short', () => {
    const { k, dev } = server('ixgbe');
    expect(ethtool_set_coalesce(k, dev, { 'tx-usecs': 10 })).toMatchObject({ errno: 'EINVAL' });
    expect(ethtool_set_coalesce(k, dev, { 'rx-usecs': 1023 })).toMatchObject({ errno: 'EINVAL' });
    expect(ethtool_set_coalesce(k, dev, { 'rx-usecs': 50 })).toMatchObject({ ok: true });
    expect(dev.carrier).toBe(true);
    expect(k.napis[dev.rx[0]!.napi]!.itr_ns).toBe(25 * 2048);
    ethtool_set_coalesce(k, dev, { 'rx-usecs': 5 });
    expect(dev.carrier).toBe(false);
  });

  it('lengthens its delay for 4 to 47 packets, keeps it to 95, halves it to 255', () => {
    const { k, dev } = server('ixgbe');
    const n = k.napis[dev.rx[0]!.napi]!;
    const after = (packets: number, bytes: number): number => {
      n.itr_val = 200; // 50 us
      n.ring_itr = { rx: 0, tx: 254, next_update: 1 };
      n.total_packets = packets;
      n.total_bytes = bytes;
      ixgbe_set_itr(dev, n, 0);
      return n.itr_val >> 2;
    };
    expect(after(10, 640)).toBe(52);
    expect(after(60, 3840)).toBe(50);
    expect(after(100, 6400)).toBe(25);
    // 60 bytes or less, with the latency flag: 10 us, rounded up to an even number.
    expect(after(1, 60)).toBe(10);
    expect(after(300, 300 * 1514)).toBe(118);
  });

  it('does not negotiate flow control over a fibre', () => {
    const { k, dev } = server('ixgbe');
    expect(ethtool_set_pauseparam(k, dev, { autoneg: true })).toMatchObject({ errno: 'EINVAL' });
    expect(dev.pause).toEqual({ autoneg: false, rx: true, tx: true });
  });
});

describe('ice', () => {
  it('names its vectors, and the one for the rest by the PCI function', () => {
    const names = vectorNames(server('ice').k);
    expect(names.slice(0, 2)).toEqual(['ice-0000:41:00.0:misc', 'ice-eth0-TxRx-0']);
  });

  it('refuses rings below 64, and rounds others up to 32', () => {
    const { k, dev } = server('ice');
    expect(dev.ring).toEqual({ rx: 2048, tx: 256, jumbo: 0 });
    expect(ethtool_set_ringparam(k, dev, { rx: 63 })).toMatchObject({ errno: 'EINVAL' });
    ethtool_set_ringparam(k, dev, { rx: 8130 });
    expect(dev.ring.rx).toBe(8160);
    expect(dev.carrier).toBe(true);
  });

  it('takes no delay while it is adaptive, and no rate limit', () => {
    const { k, dev } = server('ice');
    expect(ethtool_set_coalesce(k, dev, { 'rx-usecs': 10 })).toMatchObject({ errno: 'EINVAL' });
    expect(ethtool_set_coalesce(k, dev, { 'rx-usecs-high': 20 })).toMatchObject({
      errno: 'EINVAL',
    });
    ethtool_set_coalesce(k, dev, { 'adaptive-rx': false, 'rx-usecs': 11 });
    expect(k.napis[dev.rx[0]!.napi]!.itr_ns).toBe(10_000); // in steps of two
    ethtool_set_coalesce(k, dev, { 'adaptive-tx': false });
    ethtool_set_coalesce(k, dev, { 'rx-usecs-high': 20 });
    expect(k.napis[dev.rx[0]!.napi]!.itr_ns).toBe(20_000);
    expect(ethtool_set_coalesce(k, dev, { 'rx-usecs-high': 3 })).toMatchObject({
      errno: 'EINVAL',
    });
  });

  it('moves to a longer delay under a load that profits from it', () => {
    const { k, dev } = server('ice');
    startSource(k, { dev: 1, pps: 1_000_000, len: 64, flows: 1, dport: 9000 });
    advance(k, 100 * MS);
    const busy = dev.rx.find((q) => q.packets > 0)!;
    const n = k.napis[busy.napi]!;
    expect(n.dim!.profile_ix).toBeGreaterThan(1);
    expect(n.itr_ns).toBeGreaterThan(8_000);
    expect(busy.interrupts).toBeLessThan(busy.packets / 10);
  });

  it('hashes what is asked of addresses and ports, but not nothing', () => {
    const { k, dev } = server('ice');
    ethtool_set_rxnfc(k, dev, 'udp4', 's');
    expect(dev.rxnfc['udp4']).toBe('s');
    expect(ethtool_set_rxnfc(k, dev, 'udp4', 'r')).toMatchObject({ errno: 'EINVAL' });
    expect(ethtool_set_rxnfc(k, dev, 'ah4', 'sd')).toMatchObject({ errno: 'EINVAL' });
  });
});

describe('mlx5', () => {
  it('gives each completion vector a CPU, those of its own node first', () => {
    const { k } = server('mlx5');
    expect(vectorNames(k).slice(0, 2)).toEqual([
      'mlx5_async0@pci:0000:41:00.0',
      'mlx5_comp0@pci:0000:41:00.0',
    ]);
    const own = k.irqs.filter((irq) => irq.dev === 1);
    expect(own[1]!.affinity).toEqual([1]);
    expect(own[17]!.affinity).toEqual([1 << 16]);
  });

  it('rounds its rings up to a power of two, and says what is too small', () => {
    const { k, dev } = server('mlx5');
    expect(ethtool_set_ringparam(k, dev, { rx: 3 })).toMatchObject({
      errno: 'EINVAL',
      extack: 'mlx5_core: rx (3) < min (4)',
    });
    ethtool_set_ringparam(k, dev, { rx: 1025, tx: 65 });
    expect(dev.ring).toEqual({ rx: 2048, tx: 128, jumbo: 0 });
  });

  it('takes 4095 us and 65535 frames at most', () => {
    const { k, dev } = server('mlx5');
    expect(ethtool_set_coalesce(k, dev, { 'rx-usecs': 4096 })).toMatchObject({
      errno: 'ERANGE',
      extack: 'mlx5_core: Max coalesce time 4095 usecs, tx-usecs (8) rx-usecs (4096)',
    });
  });

  it('forgets the delay that comes together with the end of its adaptive mode', () => {
    const { k, dev } = server('mlx5');
    ethtool_set_coalesce(k, dev, { 'adaptive-rx': false, 'rx-usecs': 64 });
    expect(dev.coalesce).toMatchObject({ 'rx-usecs': 3, 'rx-frames': 32 });
    ethtool_set_coalesce(k, dev, { 'rx-usecs': 64 });
    expect(dev.coalesce).toMatchObject({ 'rx-usecs': 64, 'rx-frames': 32 });
  });

  it('interrupts after so many completions, or when none has come for the delay', () => {
    const interrupts = (pps: number, cqe: boolean): number => {
      const { k, dev } = server('mlx5');
      ethtool_set_coalesce(k, dev, { 'adaptive-rx': false, 'cqe-mode-rx': cqe });
      ethtool_set_coalesce(k, dev, { 'rx-usecs': 100, 'rx-frames': 10 });
      startSource(k, { dev: 1, pps, len: 64, flows: 1, dport: 9000, limit: 1000 });
      advance(k, 1000 * MS);
      return dev.rx.reduce((sum, q) => sum + q.interrupts, 0);
    };
    expect(interrupts(5_000, true)).toBe(1000);
    // 50 us apart: each frame begins the delay anew, until ten have come.
    expect(interrupts(20_000, true)).toBe(100);
    // From the first one on: two more come within 100 us.
    expect(interrupts(20_000, false)).toBeGreaterThan(300);
  });

  it('counts what found no buffer as rx_out_of_buffer and as missed', () => {
    const { k, dev } = server('mlx5');
    for (const q of dev.rx) q.ready = 0;
    startSource(k, { dev: 1, pps: 1_000, len: 64, flows: 1, dport: 9000, limit: 3 });
    advance(k, 20 * MS);
    const line = driverOf(dev)
      .statistics(dev)!
      .find(({ name }) => name === 'rx_out_of_buffer')!;
    expect(line.value).toBe(3);
    expect(driverOf(dev).linkStats(dev).rx_missed_errors).toBe(3);
  });

  it('gives strides back to the NIC 256 at a time, and keeps the 128 of an entry', () => {
    const { k, dev } = server('mlx5');
    startSource(k, { dev: 1, pps: 100_000, len: 64, flows: 1, dport: 9000, limit: 300 });
    advance(k, 40 * MS);
    const busy = dev.rx.find((q) => q.packets > 0)!;
    expect(busy).toMatchObject({ used: 0, cleaned: 44, ready: 1024 - 128 - 44 });
  });
});

/// A TCP connection at 50000 segments a second, read on CPU 5.
function tcpTo(profile: string, set: (k: Kernel, dev: NetDevice) => void): NetDevice {
  const app = { comm: 'sink', user: 'alice', port: 5001, cpu: 5, service_ns: 0, rcvbuf: 0 };
  const k = boot({ ...hosts[profile]!, apps: [{ ...app, proto: 'tcp' }] }, 1);
  const dev = k.devs[1]!;
  set(k, dev);
  advance(k, 700 * MS);
  startTcp(k, { dev: 1, dport: 5001, rate_pps: 50_000 });
  advance(k, 900 * MS);
  checkLedger(k);
  return dev;
}

function rfsOn(k: Kernel, dev: NetDevice): void {
  writeSysctl(k, 'net.core.rps_sock_flow_entries', '1024');
  for (const q of dev.rx) store_rps_dev_flow_table_cnt(k, q, '64');
}

describe('accelerated RFS', () => {
  const busiest = (dev: NetDevice): number =>
    dev.rx.reduce((best, q) => (q.packets > dev.rx[best]!.packets ? q.index : best), 0);

  it.each(['ice', 'mlx5'])(
    '%s: a flow comes in by the queue of the CPU that reads it',
    (profile) => {
      const plain = tcpTo(profile, () => {});
      const steered = tcpTo(profile, (k, dev) => {
        rfsOn(k, dev);
        ethtool_set_features(k, dev, { 'rx-ntuple-filter': true });
      });
      expect(busiest(plain)).not.toBe(5);
      expect(busiest(steered)).toBe(5);
      expect(steered.rx[5]!.packets).toBeGreaterThan(9_000);
    },
  );

  it('mlx5 steers nothing without ntuple-filters, which it has off, and ice on', () => {
    const dev = tcpTo('mlx5', rfsOn);
    expect(busiest(dev)).not.toBe(5);
    expect(server('ice').dev.features['ntuple-filters']).toBe(true);
    expect(busiest(tcpTo('ice', rfsOn))).toBe(5);
  });

  it('ixgbe cannot', () => {
    const dev = tcpTo('ixgbe', (k, each) => {
      rfsOn(k, each);
      ethtool_set_features(k, each, { 'rx-ntuple-filter': true });
    });
    expect(dev.rx[5]!.packets).toBe(0);
  });
});

describe('LRO', () => {
  const lro = (k: Kernel, dev: NetDevice): void => {
    ethtool_set_features(k, dev, { 'rx-lro': true });
  };

  it('mlx5 counts what the NIC has merged, and its segments as packets', () => {
    const dev = tcpTo('mlx5', (k, each) => {
      lro(k, each);
      ethtool_set_coalesce(k, each, { 'adaptive-rx': false });
      ethtool_set_coalesce(k, each, { 'rx-usecs': 200 });
    });
    const q = dev.rx.find((each) => each.lro_packets > 0)!;
    expect(q.lro_bytes / q.lro_packets).toBeGreaterThan(3000);
    expect(q.packets).toBeGreaterThan(9_000);
    expect(q.packets).toBeGreaterThan(3 * q.lro_packets);
  });

  it('ixgbe merges when it is asked to and its interrupts are not too fast', () => {
    const merged = (usecs: number): number =>
      tcpTo('ixgbe', (k, dev) => {
        lro(k, dev);
        ethtool_set_coalesce(k, dev, { 'rx-usecs': usecs });
      }).hw['hw_rsc_aggregated'] ?? 0;
    expect(merged(200)).toBeGreaterThan(5_000);
    expect(merged(6)).toBe(0);
  });

  it('ixgbe gives it up with rx-checksumming', () => {
    const { k, dev } = server('ixgbe');
    lro(k, dev);
    ethtool_set_features(k, dev, { 'rx-checksum': false });
    expect(dev.features['large-receive-offload']).toBe(false);
  });
});

describe('ena', () => {
  it('names its vectors', () => {
    expect(vectorNames(server('ena').k).slice(0, 2)).toEqual([
      'ena-mgmnt@pci:0000:41:00.0',
      'eth0-Tx-Rx-0',
    ]);
  });

  it('rounds its rings down to a power of two, 256 at least', () => {
    const { k, dev } = server('ena');
    ethtool_set_ringparam(k, dev, { rx: 2047, tx: 10 });
    expect(dev.ring).toEqual({ rx: 1024, tx: 256, jumbo: 0 });
    expect(ethtool_set_ringparam(k, dev, { tx: 1025 })).toMatchObject({ errno: 'EINVAL' });
  });

  it('is adaptive again after each open', () => {
    const { k, dev } = server('ena');
    ethtool_set_coalesce(k, dev, { 'adaptive-rx': false });
    expect(dev.coalesce['adaptive-rx']).toBe(false);
    dev_close(k, dev);
    dev_open(k, dev);
    expect(dev.coalesce['adaptive-rx']).toBe(true);
  });

  it('counts short frames that it copies', () => {
    const { k, dev } = server('ena');
    startSource(k, { dev: 1, pps: 1_000, len: 64, flows: 1, dport: 9000, limit: 4 });
    startSource(k, { dev: 1, pps: 1_000, len: 900, flows: 1, dport: 9000, limit: 5 });
    advance(k, 20 * MS);
    expect(dev.rx.reduce((sum, q) => sum + q.copied, 0)).toBe(4);
  });
});

/// Puts a program that drops everything into the driver.
function dropAll(k: Kernel, dev: NetDevice): AttachResult {
  const prog = bpf_prog_load(k, parseProgram('drop'), 0);
  if (typeof prog !== 'number') throw new Error(prog.log);
  return dev_xdp_attach(k, dev, prog, 'drv', false);
}

describe('native XDP', () => {
  it.each(SERVERS)('%s: drops in the driver, and every frame is accounted for', (profile) => {
    const { k, dev } = server(profile);
    if (profile === 'ena') ethtool_set_channels(k, dev, { combined: 16 });
    expect(dropAll(k, dev)).toMatchObject({ ok: true });
    advance(k, 700 * MS);
    startSource(k, { dev: 1, pps: 10_000, len: 64, flows: 4, dport: 9000, limit: 100 });
    advance(k, 750 * MS);
    checkLedger(k);
    const counts = dev.xdp_counts.filter((each) => each !== undefined);
    expect(counts.reduce((sum, each) => sum + each.drops, 0)).toBe(100);
    expect(k.ledger.delivered).toBe(0);
  });

  it('ena needs half of its queues for sending, ixgbe and mlx5 no LRO, ice a short frame', () => {
    const ena = server('ena');
    expect(dropAll(ena.k, ena.dev)).toMatchObject({
      errno: 'EINVAL',
      extack: expect.stringContaining('no enough space for allocating XDP queues') as string,
    });
    for (const profile of ['ixgbe', 'mlx5']) {
      const { k, dev } = server(profile);
      ethtool_set_features(k, dev, { 'rx-lro': true });
      expect(dropAll(k, dev)).toMatchObject({ errno: 'EINVAL' });
    }
    const ice = server('ice');
    dev_set_mtu(ice.k, ice.dev, 3047);
    expect(dropAll(ice.k, ice.dev)).toMatchObject({ errno: 'EOPNOTSUPP' });
  });
});
