import { describe, expect, it } from 'vitest';
import { COSTS } from '../../src/kernel/costs.ts';
import { dev_set_promiscuity } from '../../src/kernel/dev.ts';
import { irq_set_affinity } from '../../src/kernel/irq.ts';
import { checkLedger, ledgerOf } from '../../src/kernel/ledger.ts';
import { coalesceChanged, resizeRings, setQueues } from '../../src/kernel/nic.ts';
import { REASON } from '../../src/kernel/reasons.ts';
import { advance } from '../../src/kernel/run.ts';
import { closeSock } from '../../src/kernel/sock.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { dropped, eth0, host, ms, traffic } from './hosts.ts';

const total = (k: Kernel, of: (c: Kernel['cpus'][number]) => number): number =>
  k.cpus.reduce((sum, c) => sum + of(c), 0);

function usecs(k: Kernel, value: number): void {
  eth0(k).coalesce = { ...eth0(k).coalesce, 'rx-usecs': value };
  coalesceChanged(k, eth0(k));
}

describe('the way up', () => {
  it('delivers every datagram that a fast reader asks for, and counts it at each layer', () => {
    const k = host({ apps: [{}] });
    traffic(k, { pps: 100_000, limit: 500, flows: 7 });
    advance(k, 20 * ms);
    expect(ledgerOf(k)).toEqual({
      offered: 500,
      delivered: 500,
      consumed: 0,
      forwarded: 0,
      queued: [],
      dropped: [],
    });
    expect([k.mib.IpInReceives, k.mib.IpInDelivers, k.mib.UdpInDatagrams]).toEqual([500, 500, 500]);
    expect(k.mib.IpExtInOctets).toBe(500 * 46);
    expect(eth0(k).hw.rx_bytes).toBe(500 * 64);
    expect(total(k, (c) => c.processed)).toBe(500);
    expect(k.skbs.live).toBe(0);
  });

  it('drops what no socket wants, and says so', () => {
    const k = host();
    traffic(k, { pps: 100_000, limit: 50, dport: 9 });
    advance(k, 20 * ms);
    expect(dropped(k, REASON.NO_SOCKET)).toBe(50);
    expect(k.mib.UdpNoPorts).toBe(50);
    checkLedger(k);
  });

  it('filters frames for other stations until the NIC is promiscuous; then IP drops them', () => {
    const k = host();
    traffic(k, { pps: 100_000, limit: 50, foreign: 1 });
    advance(k, 10 * ms);
    expect(dropped(k, REASON.FILTER)).toBe(50);
    dev_set_promiscuity(k, eth0(k), 1);
    traffic(k, { pps: 100_000, limit: 50, foreign: 1 });
    advance(k, 20 * ms);
    expect(dropped(k, REASON.OTHERHOST)).toBe(50);
    expect(eth0(k).rx_otherhost_dropped).toBe(50);
    expect(k.mib.IpInReceives).toBe(0);
    expect(k.dmesg.at(-1)).toContain('igb 0000:41:00.0 eth0: entered promiscuous mode');
  });

  it('counts damaged frames, and with rx-all lets UDP find the damage', () => {
    const k = host({ apps: [{}] });
    traffic(k, { pps: 100_000, limit: 50, bad_fcs: 1 });
    advance(k, 10 * ms);
    expect([dropped(k, REASON.RX_CRC_ERRORS), eth0(k).hw.rx_crc_errors]).toEqual([50, 50]);
    eth0(k).features['rx-all'] = true;
    traffic(k, { pps: 100_000, limit: 50, bad_fcs: 1 });
    advance(k, 20 * ms);
    expect([dropped(k, REASON.UDP_CSUM), k.mib.UdpInCsumErrors]).toEqual([50, 50]);
  });

  it('keeps 64-byte frames at least 672 ns apart on a gigabit link, without drift', () => {
    const k = host();
    traffic(k, { pps: 5_000_000, limit: 100_000 });
    advance(k, 672 * 100_000 - 1);
    expect(k.ledger.offered).toBe(99_999);
    advance(k, 672 * 100_000);
    expect(k.ledger.offered).toBe(100_000);
  });

  it('sends the n-th frame of a constant rate exactly when it is due', () => {
    const k = host();
    traffic(k, { pps: 3, limit: 7 });
    advance(k, 2_000_000_000);
    expect(k.sources[0]!.sent).toBe(7);
    expect(k.skbs.arrived[0]).toBe(2_000_000_000);
  });
});

describe('the ring', () => {
  it('lets the NIC fill all descriptors but one, then waits in the packet buffer, then misses', () => {
    const k = host({ queues: 2, apps: [] });
    const q = eth0(k).rx[0]!;
    k.napis[q.napi]!.irq_enabled = false; // nobody empties the ring
    traffic(k, { pattern: 'burst', burst: 2000, period_ns: 100 * ms, limit: 2000, len: 64 });
    advance(k, 10 * ms);
    expect([q.used, q.ready]).toEqual([255, 0]);
    expect(eth0(k).fifos[0]!.frames).toBe(1024);
    expect(dropped(k, REASON.RX_MISSED_ERRORS)).toBe(2000 - 255 - 1024);
    expect(eth0(k).hw.rx_missed_errors).toBe(721);
    expect(eth0(k).hw.rx_no_buffer_count).toBe(2000 - 255);
    checkLedger(k);
  });

  it('drops at once, and counts at the queue, when flow control is off (drop enable)', () => {
    const k = host({ queues: 2 });
    eth0(k).pause = { autoneg: false, rx: false, tx: false };
    resizeRings(k, eth0(k), 256, 256);
    advance(k, 1000 * ms);
    const q = eth0(k).rx[0]!;
    k.napis[q.napi]!.irq_enabled = false;
    traffic(k, { pattern: 'burst', burst: 300, period_ns: 100 * ms, limit: 300 });
    advance(k, 1010 * ms);
    expect(q.drops).toBe(45);
    expect(dropped(k, REASON.RX_QUEUE_DROPS)).toBe(45);
    expect(eth0(k).hw.rx_missed_errors).toBe(0);
  });

  it('is empty and larger after ethtool -G, and what was in it is lost', () => {
    const k = host({ queues: 1 });
    const q = eth0(k).rx[0]!;
    k.napis[q.napi]!.irq_enabled = false;
    traffic(k, { pps: 1_000_000, limit: 100 });
    advance(k, ms);
    expect(q.used).toBe(100);
    resizeRings(k, eth0(k), 4096, 256);
    expect([q.used, q.ready, q.slots.length]).toEqual([0, 4095, 4096]);
    expect(dropped(k, REASON.RING_RESET)).toBe(100);
    expect(eth0(k).carrier).toBe(false);
    traffic(k, { pps: 1000, limit: 1 });
    advance(k, 2 * ms);
    expect(dropped(k, REASON.LINK_DOWN)).toBe(1);
    advance(k, 900 * ms);
    expect(eth0(k).carrier).toBe(true);
    expect(k.dmesg.at(-1)).toContain(
      'eth0 NIC Link is Up 1000 Mbps Full Duplex, Flow Control: RX/TX',
    );
    checkLedger(k);
  });

  it('loses less of the same bursts when it is larger', () => {
    const lost = (rx: number): number => {
      const k = host({ queues: 1, speed_mbps: 10_000, apps: [] });
      resizeRings(k, eth0(k), rx, 256);
      advance(k, 1000 * ms);
      traffic(k, { pattern: 'burst', burst: 6000, period_ns: 10 * ms, limit: 30_000, dport: 9 });
      advance(k, 1100 * ms);
      checkLedger(k);
      return dropped(k, REASON.RX_MISSED_ERRORS);
    };
    const small = lost(256);
    expect(small).toBeGreaterThan(0);
    expect(lost(4096)).toBeLessThan(small);
  });

  it('on virtio uses every descriptor, and frames beyond wait in the host and are lost there', () => {
    const k = host({ profile: 'virtio', queues: 1 });
    resizeRings(k, eth0(k), 256, 256);
    const q = eth0(k).rx[0]!;
    k.napis[q.napi]!.irq_enabled = false;
    traffic(k, { pattern: 'burst', burst: 2000, period_ns: 100 * ms, limit: 2000 });
    advance(k, 10 * ms);
    expect([q.used, eth0(k).fifos[0]!.frames, dropped(k, REASON.TAP)]).toEqual([256, 1000, 744]);
  });
});

describe('interrupts', () => {
  it('are fewer than packets under load', () => {
    const k = host({ apps: [{}] });
    traffic(k, { pps: 300_000, limit: 30_000 });
    advance(k, 110 * ms);
    const irqs = total(k, (c) => c.irqs_handled);
    expect(irqs).toBeGreaterThan(100);
    expect(irqs).toBeLessThan(30_000 / 5);
  });

  it('come no closer than rx-usecs allows', () => {
    const k = host({ apps: [{}] });
    usecs(k, 100);
    traffic(k, { pps: 100_000, limit: 10_000 });
    advance(k, 100 * ms);
    const irqs = total(k, (c) => c.irqs_handled);
    expect(irqs).toBeGreaterThan(900);
    expect(irqs).toBeLessThanOrEqual(1001);
  });

  it('settle at 20000 a second in the conservative mode with small frames', () => {
    const k = host({ apps: [{}] });
    traffic(k, { pps: 200_000, limit: 100_000 });
    advance(k, 100 * ms);
    const before = total(k, (c) => c.irqs_handled);
    advance(k, 200 * ms);
    const rate = (total(k, (c) => c.irqs_handled) - before) * 10;
    expect(rate).toBeGreaterThan(19_000);
    expect(rate).toBeLessThan(20_900);
  });

  it('are moved by smp_affinity at the next interrupt, which still arrives at the old CPU', () => {
    const k = host({ queues: 1, apps: [{}] });
    const irq = k.irqs.find((each) => each.name === 'eth0-rx-0')!;
    expect([irq.irq, irq.effective, irq.affinity]).toEqual([33, 1, [0x0f]]);
    expect(irq_set_affinity(k, irq.irq, [0x80]).ok).toBe(true);
    expect(irq.effective).toBe(1);
    traffic(k, { pps: 1000, limit: 5 });
    advance(k, 20 * ms);
    expect(irq.counts).toEqual([0, 1, 0, 0, 0, 0, 0, 4]);
    expect(irq.effective).toBe(7);
    expect(irq_set_affinity(k, irq.irq, [0x100])).toEqual({ ok: false, errno: 'EINVAL' });
  });

  it('have the numbers, names and CPUs of the recorded host', () => {
    const k = host();
    const rows = k.irqs.map((irq) => [irq.irq, irq.hwirq, irq.name, irq.effective]);
    expect(rows.slice(0, 3)).toEqual([
      [32, '0-edge', 'eth0', 0],
      [33, '1-edge', 'eth0-TxRx-0', 1],
      [34, '2-edge', 'eth0-TxRx-1', 2],
    ]);
    expect(rows[9]).toEqual([41, '0-edge', 'eth1', 5]);
    expect(rows.at(-1)).toEqual([49, '8-edge', 'eth1-TxRx-7', 5]);
    setQueues(k, eth0(k), 4);
    expect(k.irqs.filter((irq) => irq.dev === 1).map((irq) => irq.name)).toEqual([
      ...['eth0', 'eth0-rx-0', 'eth0-rx-1', 'eth0-rx-2', 'eth0-rx-3'],
      ...['eth0-tx-0', 'eth0-tx-1', 'eth0-tx-2', 'eth0-tx-3'],
    ]);
  });

  it('stay off for napi_defer_hard_irqs polls, which the timer starts', () => {
    const run = (defer: number, timeout: number): [number, number] => {
      const k = host({ apps: [{}], queues: 1 });
      usecs(k, 10);
      Object.assign(eth0(k), { napi_defer_hard_irqs: defer, gro_flush_timeout: timeout });
      traffic(k, { pps: 20_000, limit: 1000 });
      advance(k, 100 * ms);
      checkLedger(k);
      return [total(k, (c) => c.irqs_handled), k.ledger.delivered];
    };
    expect(run(0, 0)[0]).toBeGreaterThan(900);
    const [deferred, delivered] = run(10, 100_000);
    expect(deferred).toBeLessThan(5);
    expect(delivered).toBe(1000);
  });
});

describe('the budget', () => {
  const flood = (budget: number, us: number): Kernel => {
    const k = host({ queues: 1, speed_mbps: 10_000 });
    Object.assign(k.hot, { netdev_budget: budget, netdev_budget_usecs: us });
    usecs(k, 1000);
    traffic(k, { pattern: 'burst', burst: 240, period_ns: 100 * ms, limit: 240, dport: 9 });
    advance(k, 50 * ms);
    return k;
  };

  it('counts a time_squeeze when it runs out before the ring is empty', () => {
    expect(total(flood(64, 8000), (c) => c.time_squeeze)).toBe(3);
  });

  it('counts none when it lasts', () => {
    expect(total(flood(300, 8000), (c) => c.time_squeeze)).toBe(0);
  });

  it('leaves the rest to ksoftirqd under a lasting overload', () => {
    const k = host({ queues: 1, speed_mbps: 10_000 });
    traffic(k, { pps: 3_000_000, dport: 9, limit: 600_000 });
    advance(k, 200 * ms);
    const ksoftirqd = k.tasks.filter((task) => task.kind === 'ksoftirqd' && task.runtime > 0);
    expect(ksoftirqd).toHaveLength(1);
    expect(ksoftirqd[0]!.runtime).toBeGreaterThan(100 * ms);
    // One instance is polled once a round: the budget of 300 is never used up.
    expect(total(k, (c) => c.time_squeeze)).toBe(0);
    checkLedger(k);
  });

  it('lets a process and ksoftirqd on one CPU have about half of it each', () => {
    const k = host({ queues: 1, speed_mbps: 10_000, apps: [{ cpu: 1, service_ns: 20_000 }] });
    traffic(k, { pps: 3_000_000, limit: 3_000_000 });
    advance(k, 1000 * ms);
    const irq = k.irqs.find((each) => each.napi >= 0 && each.dev === 1)!;
    expect(irq.effective).toBe(1);
    const reader = k.tasks.find((task) => task.kind === 'reader')!;
    const ksoftirqd = k.tasks[1]!;
    expect(reader.runtime / ksoftirqd.runtime).toBeGreaterThan(0.8);
    expect(reader.runtime / ksoftirqd.runtime).toBeLessThan(1.25);
    expect(k.cpus[1]!.ticks).toBeGreaterThan(200);
  });
});

describe('the socket', () => {
  it('overflows when its reader is slow, and only then SOCKET_RCVBUFF grows', () => {
    const run = (service_ns: number): Kernel => {
      const k = host({ apps: [{ service_ns, cpu: 6 }] });
      traffic(k, { pps: 100_000, limit: 2000 });
      advance(k, 300 * ms);
      checkLedger(k);
      return k;
    };
    const fast = run(1000);
    expect(dropped(fast, REASON.SOCKET_RCVBUFF)).toBe(0);
    const slow = run(100_000);
    expect(dropped(slow, REASON.SOCKET_RCVBUFF)).toBeGreaterThan(1000);
    expect(slow.mib.UdpRcvbufErrors).toBe(dropped(slow, REASON.SOCKET_RCVBUFF));
    expect(slow.mib.UdpInErrors).toBe(slow.mib.UdpRcvbufErrors);
    expect(slow.socks[0]!.drops).toBe(slow.mib.UdpRcvbufErrors);
  });

  it('holds what the recorded virtio host held: 118 of 2000 datagrams of 512 bytes', () => {
    const k = host({ profile: 'virtio', apps: [{ service_ns: 1e12, cpu: 6 }] });
    k.socks[0]!.waiting = false; // its owner sleeps elsewhere, as in the recording
    traffic(k, { pps: 20_000, limit: 2000, len: 558 });
    advance(k, 200 * ms);
    const sk = k.socks[0]!;
    expect([sk.qlen, sk.rmem_alloc, sk.drops]).toEqual([118, 214016, 1882]);
  });

  it('gives up its memory and its packets when it is closed', () => {
    const k = host({ apps: [{ service_ns: 1e12, cpu: 6 }] });
    k.socks[0]!.waiting = false;
    traffic(k, { pps: 20_000, limit: 40 });
    advance(k, 20 * ms);
    closeSock(k, k.socks[0]!);
    expect(dropped(k, REASON.NOT_SPECIFIED)).toBe(40);
    expect([k.skbs.live, k.udp_memory_allocated]).toEqual([0, 0]);
    checkLedger(k);
  });

  it('takes the reader about as long as recvmsg and its own work cost', () => {
    const k = host({ apps: [{ service_ns: 5000, cpu: 6 }] });
    traffic(k, { pps: 100_000, limit: 1000 });
    advance(k, 100 * ms);
    const reader = k.tasks.find((task) => task.kind === 'reader')!;
    const least = 1000 * (5000 + COSTS.recvmsg.ns + COSTS.udp_recvmsg.ns);
    expect(reader.runtime).toBeGreaterThanOrEqual(least);
    expect(reader.runtime).toBeLessThan(least * 1.4);
  });
});
