import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digest } from '../../src/engine/digest.ts';
import { clone } from '../../src/engine/snapshot.ts';
import { createTrace } from '../../src/engine/trace.ts';
import { offlineCpu, onlineCpu } from '../../src/kernel/cpu_hotplug.ts';
import { dev_set_promiscuity, dev_set_threaded } from '../../src/kernel/dev.ts';
import { checkLedger, ledgerOf } from '../../src/kernel/ledger.ts';
import { coalesceChanged, resizeRings, setQueues } from '../../src/kernel/nic.ts';
import { createFlowLimit, setRpsCpus } from '../../src/kernel/rps.ts';
import { advance, nextTime, stepEvent } from '../../src/kernel/run.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { stopSource } from '../../src/kernel/traffic.ts';
import { eth0, hashPorts, host, ms, traffic } from './hosts.ts';

const source = fc.record({
  pattern: fc.constantFrom('constant', 'poisson', 'burst', 'onoff', 'pareto'),
  pps: fc.integer({ min: 1000, max: 2_000_000 }),
  len: fc.constantFrom(64, 200, 1500, 1518),
  burst: fc.integer({ min: 1, max: 700 }),
  period_ns: fc.integer({ min: 10_000, max: 2_000_000 }),
  flows: fc.integer({ min: 1, max: 40 }),
  dport: fc.constantFrom(9000, 9001, 9),
  bad_fcs: fc.constantFrom(0, 0, 0.1),
  foreign: fc.constantFrom(0, 0, 0.1),
});

const commands = fc.constantFrom(
  ...[
    'rings',
    'queues',
    'promisc',
    'rx-all',
    'rps',
    'threaded',
    'defer',
    'usecs',
    'budget',
    'stop',
    'cpu',
    'cpu',
  ],
);

const scene = fc.record({
  profile: fc.constantFrom<'igb' | 'virtio'>('igb', 'virtio'),
  queues: fc.integer({ min: 1, max: 4 }),
  service_ns: fc.constantFrom(0, 700, 5000, 300_000),
  cpu: fc.integer({ min: -1, max: 7 }),
  rcvbuf: fc.constantFrom(0, 1, 30_000),
  ports: fc.boolean(),
  sources: fc.array(source, { minLength: 1, maxLength: 3 }),
  moves: fc.array(fc.record({ at: fc.nat(3000), what: commands, n: fc.nat(7) }), { maxLength: 5 }),
  seed: fc.nat(),
});

type Scene = typeof scene extends fc.Arbitrary<infer T> ? T : never;

function start(s: Scene): Kernel {
  const { profile, queues, service_ns, cpu, rcvbuf, seed } = s;
  const apps = [{ service_ns, cpu, rcvbuf }, { service_ns: 100 }];
  const k = host({ profile, queues, apps, seed });
  if (s.ports) hashPorts(k);
  for (const each of s.sources) traffic(k, each);
  return k;
}

function command(k: Kernel, what: string, n: number): void {
  const dev = eth0(k);
  if (what === 'rings') resizeRings(k, dev, 64 << (n % 4), 256);
  if (what === 'queues') setQueues(k, dev, 1 + (n % k.desc.nics[0]!.queues));
  if (what === 'promisc') dev_set_promiscuity(k, dev, n % 2 ? 1 : -1);
  if (what === 'rx-all') dev.features['rx-all'] = n % 2 === 0;
  if (what === 'rps') for (const q of dev.rx) setRpsCpus(k, q, [n * 31]);
  if (what === 'rps') for (const c of k.cpus) c.flow_limit = n % 2 ? createFlowLimit(16) : null;
  if (what === 'threaded') dev_set_threaded(k, dev, n % 2 === 0);
  if (what === 'defer')
    Object.assign(dev, { napi_defer_hard_irqs: n, gro_flush_timeout: n * 9000 });
  if (what === 'usecs') dev.coalesce = { ...dev.coalesce, 'rx-usecs': [0, 1, 3, 20, 200][n % 5]! };
  if (what === 'usecs') coalesceChanged(k, dev);
  if (what === 'budget') Object.assign(k.hot, { netdev_budget: n * n, netdev_max_backlog: n * 9 });
  if (what === 'cpu') (k.cpus[n]!.online ? offlineCpu : onlineCpu)(k, k.cpus[n]!);
  if (what === 'stop') for (const each of k.sources) if (each.id === n) stopSource(k, n);
}

/// Runs a scene to its end, commands at their times; `look` is called before every event.
function play(k: Kernel, s: Scene, to_us: number, look: (k: Kernel) => void): void {
  const due = s.moves.filter((m) => m.at * 1000 >= k.now).sort((a, b) => a.at - b.at);
  for (const { at, what, n } of due.filter((m) => m.at < to_us)) {
    until(k, at * 1000, look);
    command(k, what, n);
    look(k);
  }
  until(k, to_us * 1000, look);
}

function until(k: Kernel, ns: number, look: (k: Kernel) => void): void {
  while (nextTime(k) <= ns) {
    stepEvent(k);
    look(k);
  }
  advance(k, ns);
}

const nobody = (): void => {};

describe('a host under any traffic and settings', () => {
  it('accounts for every packet at every event', () => {
    fc.assert(
      fc.property(scene, (s) => play(start(s), s, 1500, checkLedger)),
      { numRuns: 40 },
    );
  });

  it('goes on from a snapshot as it would have gone on without', () => {
    fc.assert(
      fc.property(scene, fc.nat(2500), (s, cut) => {
        const straight = start(s);
        play(straight, s, 3001, nobody);
        const first = start(s);
        play(first, s, cut, nobody);
        const copy = clone(first);
        play(first, s, 3001, nobody);
        play(copy, s, 3001, nobody);
        expect(digest(copy)).toBe(digest(straight));
        expect(digest(first)).toBe(digest(straight));
        checkLedger(straight);
      }),
      { numRuns: 40 },
    );
  });

  it('comes to the same state traced or not', () => {
    fc.assert(
      fc.property(scene, (s) => {
        const plain = start(s);
        play(plain, s, 2000, nobody);
        const traced = start(s);
        traced.trace = createTrace(1 << 12);
        play(traced, s, 2000, nobody);
        expect(digest(traced)).toBe(digest(plain));
        expect(traced.trace.count).toBeGreaterThan(0);
      }),
      { numRuns: 20 },
    );
  });

  it('comes to the same state event by event as in one go', () => {
    fc.assert(
      fc.property(scene, (s) => {
        const steps = start(s);
        until(steps, 1500 * 1000, nobody);
        const whole = start(s);
        advance(whole, 1500 * 1000);
        expect(digest(whole)).toBe(digest(steps));
      }),
      { numRuns: 30 },
    );
  });

  it('never lets virtual time run backwards, and never loses a CPU', () => {
    fc.assert(
      fc.property(scene, (s) => {
        const k = start(s);
        let before = 0;
        play(k, s, 2000, () => {
          expect(k.now).toBeGreaterThanOrEqual(before);
          before = k.now;
        });
        for (const c of k.cpus)
          if (c.mode === 0) expect([c.id, c.ready.length, c.softirq_pending]).toEqual([c.id, 0, 0]);
      }),
      { numRuns: 20 },
    );
  });
});

describe('determinism', () => {
  it('gives the same ledger twice, and another one for another seed', () => {
    const run = (seed: number): string => {
      const k = host({ apps: [{}], seed });
      traffic(k, { pattern: 'poisson', pps: 800_000, limit: 4000 });
      advance(k, 20 * ms);
      return JSON.stringify(ledgerOf(k)) + digest(k);
    };
    expect(run(1)).toBe(run(1));
    expect(run(1)).not.toBe(run(2));
  });
});
