import { describe, expect, it } from 'vitest';
import { offlineCpu, onlineCpu } from '../../src/kernel/cpu_hotplug.ts';
import { irq_set_affinity } from '../../src/kernel/irq.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { setRpsCpus } from '../../src/kernel/rps.ts';
import { advance } from '../../src/kernel/run.ts';
import type { Cpu, Irq, Kernel } from '../../src/kernel/state.ts';
import { eth0, host, ms, traffic } from './hosts.ts';

const cpu = (k: Kernel, id: number): Cpu => k.cpus[id]!;

/// The interrupt of eth0's first queue.
function firstIrq(k: Kernel): Irq {
  return k.irqs[k.napis[eth0(k).rx[0]!.napi]!.irq]!;
}

describe('a CPU that is taken offline', () => {
  it('loses its interrupts to the online CPUs of their masks', () => {
    const k = host();
    const desc = firstIrq(k);
    const before = desc.effective;
    offlineCpu(k, cpu(k, before));
    expect(desc.effective).not.toBe(before);
    expect(cpu(k, desc.effective).node).toBe(0);
    expect(desc.affinity).toEqual([0x0f]);
    expect(cpu(k, before).vectors).toBe(0);
    expect(k.dmesg.at(-1)).toContain(`smpboot: CPU ${before} is now offline`);
  });

  it('breaks a mask of which it was the last CPU: every online one is in it then', () => {
    const k = host({ queues: 1 });
    const desc = firstIrq(k);
    irq_set_affinity(k, desc.irq, [0x08]);
    traffic(k, { pps: 1000, limit: 3 });
    advance(k, 10 * ms);
    expect(desc.effective).toBe(3);
    offlineCpu(k, cpu(k, 3));
    expect(desc.affinity).toEqual([0xf7]);
    expect(desc.effective).not.toBe(3);
  });

  it('takes a planned move to it back', () => {
    const k = host();
    const desc = firstIrq(k);
    const before = desc.effective;
    irq_set_affinity(k, desc.irq, [0x80]);
    expect(desc.pending).toBe(true);
    offlineCpu(k, cpu(k, 7));
    expect(desc).toMatchObject({ pending: false, affinity: [0x0f], effective: before });
  });

  it('leaves its backlog to the first online CPU, and no packet is lost', () => {
    const k = host({ queues: 1, apps: [{}] });
    setRpsCpus(k, eth0(k).rx[0]!, [0x10]);
    traffic(k, { pps: 1_200_000, limit: 2000 });
    for (let us = 100; cpu(k, 4).input_qlen < 20; us += 1) advance(k, us * 1000);
    const processed = cpu(k, 4).processed;
    offlineCpu(k, cpu(k, 4));
    advance(k, 50 * ms);
    checkLedger(k);
    expect(cpu(k, 4)).toMatchObject({ online: false, input_qlen: 0, process_qlen: 0 });
    expect(cpu(k, 4).processed).toBeLessThan(processed + 400);
    expect(cpu(k, 0).processed).toBeGreaterThan(20);
    expect(k.ledger.delivered + k.ledger.drops.reduce((a, b) => a + b)).toBe(2000);
  });

  it('is not used by RPS while it is away, though rps_cpus keeps it', () => {
    const k = host({ queues: 1, apps: [{}] });
    setRpsCpus(k, eth0(k).rx[0]!, [0x10]);
    offlineCpu(k, cpu(k, 4));
    traffic(k, { pps: 10_000, limit: 50 });
    advance(k, 20 * ms);
    expect(cpu(k, 4).processed).toBe(0);
    expect(eth0(k).rx[0]!.rps_cpus).toEqual([0x10]);
    expect(k.ledger.delivered).toBe(50);
  });

  it('sends a task that was pinned to it elsewhere, with a line in the log', () => {
    const k = host({ apps: [{ cpu: 5, service_ns: 1000 }] });
    const reader = k.tasks.find((task) => task.kind === 'reader')!;
    offlineCpu(k, cpu(k, 5));
    traffic(k, { pps: 10_000, limit: 50 });
    advance(k, 20 * ms);
    expect(k.ledger.delivered).toBe(50);
    expect(reader.cpu).not.toBe(5);
    expect(reader.cpus_allowed).toEqual([0xff]);
    expect(k.dmesg.at(-1)).toContain(`process ${reader.pid} (sink0) no longer affine to cpu5`);
  });

  it('finishes the softirq it is in before it goes', () => {
    const k = host({ queues: 1, speed_mbps: 10_000, apps: [{}] });
    traffic(k, { pps: 2_000_000, limit: 3000 });
    const c = cpu(k, firstIrq(k).effective);
    for (let us = 100; c.skb < 0; us++) advance(k, us * 1000);
    offlineCpu(k, c);
    expect(c).toMatchObject({ online: true, going_down: true });
    advance(k, 100 * ms);
    expect(c).toMatchObject({ online: false, going_down: false, skb: -1, mode: 0 });
    checkLedger(k);
  });

  it('is refused for the last one', () => {
    const k = host();
    for (const c of k.cpus.slice(1)) expect(offlineCpu(k, c).ok).toBe(true);
    expect(offlineCpu(k, cpu(k, 0))).toMatchObject({ ok: false, errno: 'EBUSY' });
  });
});

describe('a CPU that comes back', () => {
  it('keeps its counters, and takes interrupts again once a mask sends them', () => {
    const k = host({ queues: 1, apps: [{}] });
    const desc = firstIrq(k);
    const id = desc.effective;
    traffic(k, { pps: 10_000, limit: 20 });
    advance(k, 10 * ms);
    const { processed } = cpu(k, id);
    offlineCpu(k, cpu(k, id));
    onlineCpu(k, cpu(k, id));
    expect(cpu(k, id).processed).toBe(processed);
    expect(desc.effective).not.toBe(id);
    irq_set_affinity(k, desc.irq, [1 << id]);
    traffic(k, { pps: 10_000, limit: 20 });
    advance(k, 20 * ms);
    expect(cpu(k, id).processed).toBeGreaterThan(processed);
  });

  it('gets its share of a virtio device back', () => {
    const k = host({ profile: 'virtio' });
    const masks = () => eth0(k).tx.map((tx) => tx.xps_cpus[0]);
    expect(masks()).toEqual([0x03, 0x0c, 0x30, 0xc0]);
    offlineCpu(k, cpu(k, 1));
    expect(masks()).toEqual([0x05, 0x18, 0x60, 0x80]);
    onlineCpu(k, cpu(k, 1));
    expect(masks()).toEqual([0x03, 0x0c, 0x30, 0xc0]);
  });
});
