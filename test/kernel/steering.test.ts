import { describe, expect, it } from 'vitest';
import { dev_close, dev_open, dev_set_threaded } from '../../src/kernel/dev.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { REASON } from '../../src/kernel/reasons.ts';
import { setRpsCpus } from '../../src/kernel/rps.ts';
import { advance } from '../../src/kernel/run.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { dropped, eth0, hashPorts, host, ms, traffic } from './hosts.ts';

const total = (k: Kernel, of: (c: Kernel['cpus'][number]) => number): number =>
  k.cpus.reduce((sum, c) => sum + of(c), 0);

describe('steering', () => {
  it('keeps all UDP flows of one pair of hosts on one queue until ports are hashed', () => {
    const queues = (ports: boolean): number => {
      const k = host({ apps: [{}] });
      if (ports) hashPorts(k);
      traffic(k, { pps: 100_000, limit: 500, flows: 64 });
      advance(k, 20 * ms);
      return eth0(k).rx.filter((q) => q.packets > 0).length;
    };
    expect(queues(false)).toBe(1);
    expect(queues(true)).toBe(8);
  });

  it('spreads packets over the CPUs of rps_cpus with IPIs', () => {
    const k = host({ queues: 1, apps: [{}] });
    setRpsCpus(k, eth0(k).rx[0]!, [0x3c]);
    traffic(k, { pps: 200_000, limit: 5000, flows: 64 });
    advance(k, 50 * ms);
    checkLedger(k);
    expect(k.cpus.map((c) => c.processed > 0)).toEqual([
      ...[false, false, true, true, true, true, false, false],
    ]);
    expect(total(k, (c) => c.received_rps)).toBe(k.rps_ipis.reduce((a, b) => a + b));
    expect(k.cpus[3]!.received_rps).toBeGreaterThan(0);
    expect(k.ledger.delivered).toBe(5000);
  });

  it('drops at the backlog when it is full', () => {
    const k = host({ queues: 1, speed_mbps: 10_000 });
    k.hot.netdev_max_backlog = 10;
    setRpsCpus(k, eth0(k).rx[0]!, [0x04]);
    traffic(k, { pps: 6_000_000, limit: 20_000, flows: 1, dport: 9 });
    advance(k, 100 * ms);
    checkLedger(k);
    expect(k.cpus[2]!.dropped).toBeGreaterThan(0);
    expect(dropped(k, REASON.CPU_BACKLOG)).toBe(k.cpus[2]!.dropped);
    expect(eth0(k).rx_dropped).toBe(k.cpus[2]!.dropped);
  });

  it('polls in a kernel thread when the device is threaded', () => {
    const k = host({ queues: 1, apps: [{}] });
    dev_set_threaded(k, eth0(k), true);
    traffic(k, { pps: 100_000, limit: 1000 });
    advance(k, 50 * ms);
    checkLedger(k);
    expect(k.ledger.delivered).toBe(1000);
    const thread = k.tasks.find((task) => task.kind === 'napi')!;
    expect(thread.comm).toBe('napi/eth0-8193');
    expect(thread.runtime).toBeGreaterThan(400_000);
    expect(total(k, (c) => c.softirqs[3]!)).toBe(0);
  });
});

describe('a device', () => {
  it('receives nothing while it is down, and goes on when it is up again', () => {
    const k = host({ apps: [{}] });
    traffic(k, { pps: 10_000, limit: 10_000 });
    advance(k, 10 * ms);
    dev_close(k, eth0(k));
    const before = k.ledger.delivered;
    advance(k, 20 * ms);
    expect(k.ledger.delivered - before).toBeLessThan(5);
    expect(dropped(k, REASON.LINK_DOWN)).toBeGreaterThan(90);
    dev_open(k, eth0(k));
    advance(k, 950 * ms);
    expect(k.ledger.delivered).toBeGreaterThan(before + 100);
    checkLedger(k);
  });
});
