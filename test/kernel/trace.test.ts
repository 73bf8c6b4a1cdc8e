import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTrace, recordsBetween, type Trace } from '../../src/engine/trace.ts';
import { COSTS } from '../../src/kernel/costs.ts';
import type { Protocol } from '../../src/kernel/frame_shape.ts';
import { DROP_REASONS, REASON } from '../../src/kernel/reasons.ts';
import { setRpsCpus } from '../../src/kernel/rps.ts';
import { advance } from '../../src/kernel/run.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { STEPS } from '../../src/kernel/steps.ts';
import { createPathTrace, RUN, STEP, takeSteps } from '../../src/kernel/tracing.ts';
import { eth0, hashPorts, host, ms, traffic } from './hosts.ts';

/// The steps of a trace as they can be compared: without the numbers of their records.
function steps(trace: Trace): string[] {
  return recordsBetween(trace, 0, Infinity).map(
    ({ time, step, cpu, packet, reason, value }) =>
      `${time} ${STEPS[step]!.id} cpu${cpu} #${packet} ${DROP_REASONS[reason]!.name} ${value}`,
  );
}

const scene = fc.record({
  profile: fc.constantFrom<'igb' | 'virtio'>('igb', 'virtio'),
  queues: fc.integer({ min: 1, max: 4 }),
  rps: fc.nat(255),
  service_ns: fc.constantFrom(0, 700, 50_000),
  pps: fc.integer({ min: 10_000, max: 3_000_000 }),
  len: fc.constantFrom(64, 590, 1518, 4018),
  mtu: fc.constant(1500),
  proto: fc.constantFrom<Protocol>('udp', 'udp', 'icmp', 'tcp', 'arp'),
  v6: fc.boolean(),
  train: fc.constantFrom(1, 5),
  bad_ip: fc.constantFrom(0, 0.2),
  dport: fc.constantFrom(9000, 9000, 9),
  promisc: fc.nat(1),
  bad_fcs: fc.constantFrom(0, 0.1),
  foreign: fc.constantFrom(0, 0.1),
});

type Scene = typeof scene extends fc.Arbitrary<infer T> ? T : never;

function start(s: Scene, trace: Trace): Kernel {
  const k = host({ profile: s.profile, queues: s.queues, apps: [{ service_ns: s.service_ns }] });
  hashPorts(k);
  eth0(k).promisc = s.promisc;
  for (const q of eth0(k).rx) setRpsCpus(k, q, [s.rps]);
  traffic(k, { ...s, flows: 9 });
  k.trace = trace;
  return k;
}

describe('a trace that joins steps', () => {
  it('is read back as the very steps that a trace of single steps holds', () => {
    fc.assert(
      fc.property(scene, (s) => {
        const single = createTrace(1 << 17);
        const joined = createPathTrace(1 << 17);
        advance(start(s, single), ms);
        advance(start(s, joined), ms);
        expect(steps(joined)).toEqual(steps(single));
        expect(joined.count).toBeLessThanOrEqual(single.count);
      }),
      { numRuns: 40 },
    );
  });

  it('needs at most seven records for a datagram where single steps need more than seventeen', () => {
    const run = (trace: Trace): number => {
      const k = host({ queues: 2, apps: [{}] });
      hashPorts(k);
      for (const q of eth0(k).rx) setRpsCpus(k, q, [0xff]);
      traffic(k, { pps: 500_000, flows: 16, limit: 2000 });
      k.trace = trace;
      advance(k, 20 * ms);
      expect(k.ledger.delivered).toBe(2000);
      return trace.count / 2000;
    };
    expect(run(createTrace(1 << 16))).toBeGreaterThan(17);
    expect(run(createPathTrace(1 << 16))).toBeLessThan(7);
  });

  it('keeps the packet, the queue and the reason of a frame that is lost at a full ring', () => {
    const k = host({ queues: 1 });
    k.napis[eth0(k).rx[0]!.napi]!.irq_enabled = false; // nobody empties the ring
    k.trace = createPathTrace(1 << 12);
    traffic(k, { pattern: 'burst', burst: 1500, period_ns: 100 * ms, limit: 1500 });
    advance(k, 10 * ms);
    const last = recordsBetween(k.trace, 0, Infinity).slice(-3);
    expect(last.map(({ step, packet, reason, value }) => [step, packet, reason, value])).toEqual([
      [STEP.FILTER, 1499, 0, 60],
      [STEP.RSS, 1499, 0, 0],
      [STEP.RING, 1499, REASON.RX_MISSED_ERRORS, 0],
    ]);
  });

  it('takes a run of steps at once with the time that its steps take one by one', () => {
    const { get_rps_cpu, enqueue_to_backlog } = COSTS;
    for (const trace of [createTrace(8), createPathTrace(8), null]) {
      const k = host({});
      const c = k.cpus[0]!;
      k.trace = trace;
      c.cursor_ns = 1000;
      takeSteps(k, c, RUN.STEER, -1);
      expect(c.cursor_ns).toBe(1000 + get_rps_cpu.ns + enqueue_to_backlog.ns);
      if (trace === null) continue;
      expect(recordsBetween(trace, 0, Infinity).map(({ time, step }) => [time, step])).toEqual([
        [1000, STEP.RPS],
        [1000 + get_rps_cpu.ns, STEP.BACKLOG],
      ]);
    }
  });

  it('has room for every step and every reason in a record', () => {
    expect(STEPS.length).toBeLessThan(0xfe);
    expect(DROP_REASONS.length).toBeLessThanOrEqual(0x400);
  });
});
