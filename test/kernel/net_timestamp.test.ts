import { describe, expect, it } from 'vitest';
import { driverOf } from '../../src/hardware/driver.ts';
import { hosts } from '../../src/hardware/hosts.ts';
import { openPacket } from '../../src/kernel/af_packet.ts';
import { endApp } from '../../src/kernel/apps.ts';
import { boot } from '../../src/kernel/boot.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { dev_set_hwtstamp } from '../../src/kernel/net_timestamp_set.ts';
import { setRpsCpus } from '../../src/kernel/rps.ts';
import { advance } from '../../src/kernel/run.ts';
import type { Kernel, NetDevice, StampRecord } from '../../src/kernel/state.ts';
import { writeSysctl } from '../../src/kernel/sysctl.ts';
import { startSource } from '../../src/kernel/traffic.ts';
import { eth0, ms, traffic } from './hosts.ts';

const READER = { comm: 'sink', user: 'alice', port: 9000, cpu: 7, service_ns: 0, rcvbuf: 0 };

function stamping(kind: 'ns' | 'timestamping' | null, profile = 'igb', port = 9000): Kernel {
  const timestamps = kind === null ? {} : { timestamps: { kind, keep: 1_000 } };
  return boot({ ...hosts[profile]!, apps: [{ ...READER, port, ...timestamps }] }, 1);
}

function log(k: Kernel): readonly StampRecord[] {
  return k.socks[0]!.stamps!.log;
}

function softirqTime(k: Kernel): number {
  return k.cpus.reduce((sum, c) => sum + c.time.softirq, 0);
}

/// All of eth0's packets go to the CPU 3 by RPS.
function steer(k: Kernel): void {
  for (const q of eth0(k).rx) setRpsCpus(k, q, [8]);
}

describe('a software stamp', () => {
  it('is taken of every packet while some socket wants it, and costs nothing else', () => {
    const spent = (kind: 'ns' | null): number => {
      const k = stamping(kind);
      traffic(k, { pps: 10_000, limit: 100, flows: 1 });
      advance(k, 20 * ms);
      checkLedger(k);
      return softirqTime(k);
    };
    // ktime_get_real() takes 25 ns.
    expect(spent('ns') - spent(null)).toBe(100 * 25);
  });

  it('lies between the arrival and the read, and none is before another', () => {
    const k = stamping('ns');
    traffic(k, { pps: 50_000, limit: 200, flows: 1 });
    advance(k, 20 * ms);
    expect(log(k)).toHaveLength(200);
    let last = 0;
    for (const { software, hardware, read } of log(k)) {
      expect(hardware).toBe(-1);
      expect(software).toBeGreaterThanOrEqual(last);
      expect(read).toBeGreaterThan(software);
      last = software;
    }
  });

  it('is taken by the CPU of the interrupt before RPS, by the other one after the wait without prequeue', () => {
    const stamps = (prequeue: string): { k: Kernel; first: number } => {
      const k = stamping('ns');
      steer(k);
      writeSysctl(k, 'net.core.netdev_tstamp_prequeue', prequeue);
      traffic(k, { pattern: 'burst', burst: 200, period_ns: 50 * ms, limit: 200, flows: 1 });
      advance(k, 20 * ms);
      return { k, first: log(k)[0]!.software };
    };
    const before = stamps('1');
    const after = stamps('0');
    expect(log(before.k)).toHaveLength(200);
    // The wait for the IPI and in the backlog is inside the second kind of stamp.
    expect(after.first - before.first).toBeGreaterThan(500);
    const wait = (k: Kernel): number => {
      const all = log(k).map(({ software, read }) => read - software);
      return all.reduce((sum, ns) => sum + ns, 0) / all.length;
    };
    expect(wait(before.k)).toBeGreaterThan(wait(after.k));
    // And who pays: the CPU that takes them.
    const target = (k: Kernel): number => k.cpus[3]!.time.softirq;
    expect(target(after.k) - target(before.k)).toBe(200 * 25);
  });

  it('is given at the read to a packet that came before stamps were wanted', () => {
    const k = stamping(null);
    traffic(k, { pps: 10_000, limit: 2, flows: 1 });
    advance(k, 0.1 * ms);
    k.socks[0]!.stamps = { kind: 'ns', keep: 5, log: [] };
    k.netstamp_wanted = 0;
    advance(k, 5 * ms);
    const [only] = log(k);
    expect(only!.software).toBeGreaterThan(0);
    expect(only!.read - only!.software).toBeLessThan(100);
  });

  it('is given up with the last socket that wanted it', () => {
    const k = stamping('ns');
    expect(k.netstamp_wanted).toBe(1);
    endApp(k, k.tasks.find((task) => task.comm === 'sink')!.pid);
    expect(k.netstamp_wanted).toBe(0);
  });
});

describe('which packets a NIC is asked to stamp', () => {
  const asks = (profile: string, name: string, filter: number): unknown => {
    const k = boot(hosts[profile]!, 1);
    const dev = k.devs.find((one) => one.name === name)!;
    const result = dev_set_hwtstamp(k, dev, 1, filter);
    return result.ok ? [dev.hwtstamp.rx_filter, dev.hwtstamp.told] : result.errno;
  };

  it.each([
    // An 82576 and an 82599: one message of version 1, all events of version 2, never all packets.
    ['igb', 'eth0', [0, 0], 'ERANGE', 'ERANGE', 'ERANGE', [4, 4], [12, 12], [12, 12]],
    ['ixgbe', 'eth0', [0, 0], 'ERANGE', 'ERANGE', 'ERANGE', [4, 4], [12, 12], [12, 12]],
    // An 82574: all, where both messages of version 1 are wanted; some, where it cannot tell layers apart.
    ['mixed', 'eth1', [0, 0], [1, 1], 'ERANGE', [1, 1], [4, 4], [12, 12], [7, 2]],
    ['ice', 'eth0', [0, 0], [1, 1], 'ERANGE', [1, 1], [1, 1], [1, 1], [1, 1]],
    ['mlx5', 'eth0', [0, 0], [1, 1], [1, 1], [1, 1], [1, 1], [1, 1], [1, 1]],
  ])('%s %s', (profile, name, ...results) => {
    const filters = [0, 1, 2, 3, 4, 6, 7]; // none, all, some, v1 event, v1 sync, v2 L4 event, v2 L4 sync
    expect(filters.map((filter) => asks(profile, name, filter))).toEqual(results);
  });

  it.each([
    ['virtio', 'eth0'],
    ['mixed', 'eth0'],
    ['mixed', 'eth2'],
    ['ena', 'eth0'],
  ])('%s %s has no clock', (profile, name) => {
    expect(asks(profile, name, 0)).toBe('EOPNOTSUPP');
  });
});

/// Frames to the PTP port 319, from the same one.
function ptp(k: Kernel, at: number, limit: number, pps = 1_000): void {
  startSource(k, { dev: at, pps, limit, flows: 1, dport: 319, sport: 319 });
}

function clocked(profile: string, at: number, filter: number): { k: Kernel; dev: NetDevice } {
  const k = stamping('timestamping', profile, 319);
  dev_set_hwtstamp(k, k.devs[at]!, 0, filter);
  return { k, dev: k.devs[at]! };
}

describe('a stamp by the NIC', () => {
  it('is of the frame’s first bit, before the kernel’s', () => {
    const { k } = clocked('igb', 1, 12);
    ptp(k, 1, 5);
    advance(k, 20 * ms);
    // They arrive with the last of 512 bits, every millisecond; the first as soon as the link lets it.
    expect(log(k).map(({ hardware }) => hardware)).toEqual([
      ...[672 - 512, 999_488, 1_999_488, 2_999_488, 3_999_488],
    ]);
    for (const { hardware, software } of log(k)) expect(software).toBeGreaterThan(hardware);
  });

  it('is for the filter’s packets alone', () => {
    const { k } = clocked('igb', 1, 12);
    startSource(k, { dev: 1, pps: 1_000, limit: 5, flows: 1, dport: 319, sport: 10_000 });
    advance(k, 20 * ms);
    // An 82576 compares the source port too.
    expect(log(k).map(({ hardware }) => hardware)).toEqual([-1, -1, -1, -1, -1]);
  });

  it('is not taken while the register holds another: an 82574 that is to stamp all stamps few', () => {
    const { k } = clocked('mixed', 2, 1);
    startSource(k, {
      ...{ dev: 2, pattern: 'burst', burst: 100, period_ns: 100 * ms, limit: 100 },
      ...{ flows: 1, dport: 319 },
    });
    advance(k, 20 * ms);
    const stamped = log(k).filter(({ hardware }) => hardware >= 0).length;
    expect(log(k)).toHaveLength(100);
    expect(stamped).toBeGreaterThan(0);
    expect(stamped).toBeLessThan(60);
  });

  it('is taken of every frame by a NIC that writes it beside the frame', () => {
    for (const profile of ['ice', 'mlx5']) {
      const { k } = clocked(profile, 1, 1);
      startSource(k, {
        ...{ dev: 1, pattern: 'burst', burst: 100, period_ns: 100 * ms, limit: 100 },
        ...{ flows: 1, dport: 319 },
      });
      advance(k, 20 * ms);
      expect(log(k).filter(({ hardware }) => hardware >= 0)).toHaveLength(100);
    }
  });

  it('takes the driver three reads of registers', () => {
    const spent = (filter: number): number => {
      const { k } = clocked('igb', 1, filter);
      ptp(k, 1, 10);
      advance(k, 20 * ms);
      return softirqTime(k);
    };
    expect(spent(12) - spent(0)).toBe(10 * 2400);
  });

  it.each([
    ['igb', 1, 6_000, 'igb 0000:41:00.0: clearing Rx timestamp hang'],
    ['mixed', 2, 2_000, null],
    ['ixgbe', 1, 6_000, 'ixgbe 0000:41:00.0 eth0: clearing RX Timestamp hang'],
  ] as const)(
    '%s %i: blocks the register when its frame is lost, until the watchdog comes',
    (profile, at, after, line) => {
      const { k, dev } = clocked(profile, at, 12);
      const cleared = (): number =>
        driverOf(dev)
          .statistics(dev)!
          .find(({ name }) => name === 'rx_hwtstamp_cleared')!.value;
      for (const q of dev.rx) q.ready = 0;
      dev.fifos.forEach((fifo) => (fifo.limit = 0));
      ptp(k, at, 1);
      advance(k, ms);
      expect(dev.hwtstamp.held).toBe(true);
      advance(k, (after - 1) * ms);
      expect(cleared()).toBe(0);
      advance(k, (after + 1) * ms);
      expect(cleared()).toBe(1);
      expect(dev.hwtstamp.held).toBe(false);
      if (line !== null) expect(k.dmesg.at(-1)).toContain(line);
      checkLedger(k);
    },
  );
});

describe('a tap', () => {
  it('asks for no stamps, takes the packet’s where there is one, and the time itself else', () => {
    const seen = (kind: 'ns' | null): { k: Kernel; times: number[] } => {
      const k = stamping(kind);
      const at = openPacket(k, 0, { dev: 1 });
      traffic(k, { pps: 10_000, limit: 20, flows: 1 });
      advance(k, 20 * ms);
      return { k, times: k.packet.socks[at]!.queue.map((copy) => copy.at) };
    };
    const alone = seen(null);
    expect(alone.k.netstamp_wanted).toBe(0);
    expect(alone.times).toHaveLength(20);
    const beside = seen('ns');
    expect(beside.times).toEqual(log(beside.k).map(({ software }) => software));
  });
});
