import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digest } from '../../src/engine/digest.ts';
import { clone } from '../../src/engine/snapshot.ts';
import { setBusyPoll, setBusyPollBudget, setPreferBusyPoll } from '../../src/kernel/app_options.ts';
import { endApp, spawn } from '../../src/kernel/apps.ts';
import { ep_eventpoll_bp_ioctl } from '../../src/kernel/busy_poll.ts';
import { offlineCpu, onlineCpu } from '../../src/kernel/cpu_hotplug.ts';
import { hosts } from '../../src/hardware/hosts.ts';
import { boot } from '../../src/kernel/boot.ts';
import { dev_close, dev_open, dev_set_threaded } from '../../src/kernel/dev.ts';
import { napi_by_id } from '../../src/kernel/napi_id.ts';
import type { AppDescription } from '../../src/kernel/host.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { resizeRings, setQueues } from '../../src/kernel/nic.ts';
import { setRpsCpus } from '../../src/kernel/rps.ts';
import { startClients } from '../../src/kernel/remote/remote_start.ts';
import { advance, nextTime, stepEvent } from '../../src/kernel/run.ts';
import type { Kernel, Task } from '../../src/kernel/state.ts';
import { writeSysctl } from '../../src/kernel/sysctl.ts';
import { eth0, ETH0, host, ms, traffic } from './hosts.ts';

const us = 1000;

function interrupts(k: Kernel): number {
  return k.irqs.reduce((sum, irq) => sum + irq.counts.reduce((all, count) => all + count, 0), 0);
}

function reader(k: Kernel): Task {
  return k.tasks[k.socks[0]!.reader]!;
}

interface Run {
  readonly profile?: 'igb' | 'virtio';
  readonly app?: Partial<AppDescription>;
  readonly pps?: number;
  readonly set?: (k: Kernel) => void;
}

/// One reader on a CPU of its own, and 100 ms of traffic.
function run({ profile = 'virtio', app = {}, pps = 20_000, set }: Run): Kernel {
  const k = host({ profile, queues: 1, apps: [{ cpu: 6, service_ns: 500, ...app }] });
  set?.(k);
  traffic(k, { pps, len: 128, dport: 9000 });
  advance(k, 100 * ms);
  checkLedger(k);
  return k;
}

describe('a NAPI instance', () => {
  const ids = (k: Kernel): number[] => eth0(k).rx.map((q) => k.napis[q.napi]!.napi_id);
  const found = (k: Kernel, all: readonly number[]): boolean[] =>
    all.map((id) => napi_by_id(k, id) !== undefined);

  it('of igb is another one after every change of the number of queues, and no longer found', () => {
    const k = host({ queues: 2 });
    const first = ids(k);
    const last = Math.max(...k.napis.map((n) => n.napi_id));
    expect(found(k, first)).toEqual([true, true]);
    setQueues(k, eth0(k), 1);
    expect([...ids(k), ...found(k, first)]).toEqual([last + 1, false, false]);
    setQueues(k, eth0(k), 2);
    expect(ids(k)).toEqual([last + 2, last + 3]);
    expect(found(k, ids(k))).toEqual([true, true]);
  });

  it('of virtio_net stays, whether its queue is used or not', () => {
    const k = host({ profile: 'virtio', queues: 2 });
    const first = ids(k);
    setQueues(k, eth0(k), 1);
    expect(found(k, first)).toEqual([true, true]);
    setQueues(k, eth0(k), 2);
    expect(ids(k)).toEqual(first);
  });

  it('goes when the device is closed where the driver adds it on opening: mlx5 and ena, not igb', () => {
    for (const [profile, stays] of [
      ['mlx5', false],
      ['ena', false],
      ['igb', true],
    ] as const) {
      const k = boot(hosts[profile]!, 1);
      const id = ids(k)[0]!;
      dev_close(k, eth0(k));
      expect(found(k, [id]), profile).toEqual([stays]);
      dev_open(k, eth0(k));
      expect(found(k, [ids(k)[0]!]), profile).toEqual([true]);
      expect(ids(k)[0] === id, profile).toBe(stays);
    }
  });

  it('that is gone is not polled by whoever noted it: the reader sleeps', () => {
    const k = run({ profile: 'igb', app: { busy_poll: 200 } });
    const before = k.mib.TcpExtBusyPollRxPackets!;
    expect(before).toBeGreaterThan(100);
    setQueues(k, eth0(k), 2);
    setQueues(k, eth0(k), 1);
    advance(k, k.now + 3000 * ms);
    traffic(k, { pps: 20_000, len: 128, dport: 9000 });
    advance(k, k.now + 50 * ms);
    checkLedger(k);
    expect(k.mib.UdpInDatagrams).toBeGreaterThan(2500);
    expect(k.mib.TcpExtBusyPollRxPackets! - before).toBeLessThan(10);
    expect(reader(k).nvcsw).toBeGreaterThan(500);
  });
});

describe('a reader with SO_BUSY_POLL', () => {
  it('takes the packets itself: one interrupt tells it where, then there are none', () => {
    const without = run({});
    const busy = run({ app: { busy_poll: 200 } });
    expect(interrupts(without)).toBeGreaterThan(1990);
    expect(interrupts(busy)).toBe(1);
    expect(busy.mib.TcpExtBusyPollRxPackets).toBe(busy.mib.UdpInDatagrams - 1);
    expect(without.mib.TcpExtBusyPollRxPackets ?? 0).toBe(0);
    expect(busy.socks[0]!.received).toBeGreaterThan(1990);
  });

  it('never sleeps while packets come within its time, and its CPU is never idle', () => {
    const busy = run({ app: { busy_poll: 200 } });
    expect(reader(busy).nvcsw).toBe(0);
    const { process, user } = busy.cpus[6]!.time;
    expect(process + user).toBeGreaterThan(99 * ms);
    expect(run({}).cpus[6]!.time.process).toBeLessThan(5 * ms);
  });

  it('sleeps when its time is over; an interrupt wakes it again', () => {
    const k = run({ app: { busy_poll: 50 }, pps: 1000 });
    expect(reader(k).nvcsw).toBeGreaterThan(95);
    expect(interrupts(k)).toBeGreaterThan(95);
    // It looked for 50 to 53 us after each of 100 datagrams.
    expect(k.cpus[6]!.time.process).toBeGreaterThan(99 * 50 * us);
    expect(k.cpus[6]!.time.process).toBeLessThan(100 * 54 * us);
  });

  it('spends its own time on the way up: no softirq ran but the first', () => {
    const busy = run({ app: { busy_poll: 200 } });
    const softirq = busy.cpus.reduce((sum, c) => sum + c.time.softirq, 0);
    expect(softirq).toBeLessThan(5 * us);
  });

  it('is what net.core.busy_read makes of sockets that are opened afterwards', () => {
    const k = host({ profile: 'virtio', queues: 1, apps: [{ cpu: 6 }] });
    expect(writeSysctl(k, 'net.core.busy_read', '50').ok).toBe(true);
    const app = { comm: 'late', uid: 0, cpu: 5, proto: 'udp' as const, port: 9100 };
    spawn(k, { ...app, reads: true, service_ns: 0 });
    expect(k.socks.map((sk) => sk.ll_usec)).toEqual([0, 50]);
  });

  it('lets another task on its CPU have its turn', () => {
    const k = host({
      profile: 'virtio',
      queues: 1,
      apps: [
        { cpu: 6, busy_poll: 1_000_000 },
        { cpu: 6, service_ns: 20_000 },
      ],
    });
    for (const dport of [9000, 9001]) traffic(k, { pps: 20_000, len: 128, dport });
    advance(k, 200 * ms);
    const [poller, worker] = k.socks.map((sk) => k.tasks[sk.reader]!);
    expect(worker!.runtime).toBeGreaterThan(60 * ms);
    expect(poller!.runtime).toBeGreaterThan(60 * ms);
    expect(poller!.nivcsw).toBeGreaterThan(5);
    checkLedger(k);
  });

  it('hands packets on to other CPUs when RPS says so', () => {
    const k = run({
      app: { busy_poll: 100 },
      set: (each) => setRpsCpus(each, eth0(each).rx[0]!, [1 << 3]),
    });
    expect(k.mib.TcpExtBusyPollRxPackets).toBeGreaterThan(1900);
    expect(k.cpus[3]!.processed).toBe(k.mib.IpInReceives);
  });

  it('reads a stream that way too', () => {
    const k = host({ profile: 'virtio', queues: 1 });
    const app = { comm: 'server', uid: 0, cpu: 6, proto: 'tcp' as const, port: 5201 };
    spawn(k, { ...app, reads: true, service_ns: 0, busy_poll: 100 });
    startClients(k, { dev: ETH0, rate: 100, limit: 3, bytes: 2_000_000 });
    advance(k, 100 * ms);
    expect(k.mib.TcpExtBusyPollRxPackets).toBeGreaterThan(20);
    const read = k.socks.reduce((sum, sk) => sum + sk.received_bytes, 0);
    expect(read).toBe(3 * 2_000_000);
    checkLedger(k);
  });
});

describe('the interrupt during busy polling', () => {
  it('comes once a loop on igb, whose poll does not mask it, and finds the instance taken', () => {
    const k = run({ profile: 'igb', app: { busy_poll: 200 } });
    expect(interrupts(k)).toBeGreaterThan(1900);
    expect(k.mib.TcpExtBusyPollRxPackets).toBeGreaterThan(1990);
  });

  it('stays off with SO_PREFER_BUSY_POLL, napi_defer_hard_irqs and gro_flush_timeout', () => {
    const app = { user: 'root', busy_poll: 200, prefer_busy_poll: true };
    const set = (k: Kernel): void =>
      void Object.assign(eth0(k), { napi_defer_hard_irqs: 2, gro_flush_timeout: 200 * us });
    const k = run({ profile: 'igb', app, set });
    expect(interrupts(k)).toBeLessThan(5);
    expect(k.socks[0]!.received).toBeGreaterThan(1990);
  });

  it('comes back when the task stays away longer than the timer allows', () => {
    const app = { user: 'root', busy_poll: 20, prefer_busy_poll: true };
    const set = (k: Kernel): void =>
      void Object.assign(eth0(k), { napi_defer_hard_irqs: 1, gro_flush_timeout: 20 * us });
    const k = run({ profile: 'igb', app, set, pps: 1000 });
    expect(interrupts(k)).toBeGreaterThan(50);
    expect(k.socks[0]!.received).toBeGreaterThan(95);
  });
});

describe('epoll_wait()', () => {
  it('busy polls with net.core.busy_poll, where its last active socket is fed from', () => {
    const set = (k: Kernel): void => void writeSysctl(k, 'net.core.busy_poll', '200');
    const k = run({ app: { epoll: {} }, set });
    expect(k.mib.TcpExtBusyPollRxPackets).toBeGreaterThan(1990);
    expect(interrupts(k)).toBeLessThan(5);
  });

  it('busy polls with parameters of its own, and forgets the queue after polling in vain', () => {
    const k = run({ app: { epoll: { busy_poll_usecs: 100 } }, pps: 1000 });
    expect(k.mib.TcpExtBusyPollRxPackets ?? 0).toBe(0);
    expect(k.cpus[6]!.time.process).toBeGreaterThan(99 * 100 * us);
    expect(k.epolls[0]!.napi_id).toBe(0);
  });

  it('refuses a budget above 64 from who may not, and nonsense from anybody', () => {
    const k = host({ apps: [{ epoll: {} }] });
    const ep = k.epolls[0]!;
    expect(ep_eventpoll_bp_ioctl(ep, 50, 65, true, false)).toBe('EPERM');
    expect(ep_eventpoll_bp_ioctl(ep, 2 ** 31, 8, true, true)).toBe('EINVAL');
    expect(ep.busy_poll_usecs).toBe(0);
    expect(ep_eventpoll_bp_ioctl(ep, 50, 65, true, true)).toBeNull();
    expect(ep.busy_poll_budget).toBe(65);
  });
});

describe('the socket options', () => {
  it('are refused as the kernel refuses them, and change nothing then', () => {
    const k = host({ apps: [{}] });
    const sk = k.socks[0]!;
    expect(setBusyPoll(sk, -1)).toMatchObject({ ok: false, errno: 'EINVAL' });
    expect(setPreferBusyPoll(sk, true, false)).toMatchObject({ ok: false, errno: 'EPERM' });
    expect(setBusyPollBudget(sk, 16, false)).toMatchObject({ ok: false, errno: 'EPERM' });
    expect(setBusyPollBudget(sk, 70_000, true)).toMatchObject({ ok: false, errno: 'EINVAL' });
    expect([sk.ll_usec, sk.prefer_busy_poll, sk.busy_poll_budget]).toEqual([0, false, 0]);
    expect(setBusyPollBudget(sk, 16, true).ok).toBe(true);
    expect(setBusyPollBudget(sk, 8, false).ok).toBe(true);
  });
});

describe('a host that busy polls', () => {
  it('comes to the same state event by event and in one go, with every packet accounted for', () => {
    for (const profile of ['igb', 'virtio'] as const) {
      const apps = [{ busy_poll: 60 }, { epoll: { busy_poll_usecs: 40 }, service_ns: 3000 }];
      const k = host({ profile, queues: 2, apps });
      for (const dport of [9000, 9001])
        traffic(k, { pps: 90_000, pattern: 'poisson', len: 200, dport, flows: 8 });
      const other = clone(k);
      advance(k, 5 * ms);
      while (nextTime(other) <= 5 * ms) {
        stepEvent(other);
        checkLedger(other);
      }
      advance(other, 5 * ms);
      expect(digest(other)).toBe(digest(k));
      expect(k.mib.TcpExtBusyPollRxPackets).toBeGreaterThan(100);
    }
  });

  const move = fc.record({ at_us: fc.nat(2500), what: fc.nat(6), n: fc.nat(7) });

  it('stays sound whatever is changed under it, and goes on from a snapshot', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<'igb' | 'virtio'>('igb', 'virtio'),
        fc.array(move, { maxLength: 6 }),
        fc.nat(2900),
        (profile, moves, cut_us) => {
          const apps = [
            { user: 'root', busy_poll: 300, prefer_busy_poll: true, cpu: 5 },
            { epoll: { busy_poll_usecs: 40 }, threads: 2, service_ns: 3000 },
            { service_ns: 2000, cpu: 5 },
          ];
          const k = host({ profile, queues: 2, apps });
          for (const dport of [9000, 9001, 9002])
            traffic(k, { pps: 150_000, pattern: 'poisson', len: 200, dport, flows: 8 });
          let copy: Kernel | null = null;
          const steps = [...moves, { at_us: cut_us, what: -1, n: 0 }];
          for (const { at_us, what, n } of steps.sort((a, b) => a.at_us - b.at_us)) {
            for (const each of copy ? [k, copy] : [k]) {
              advance(each, at_us * us);
              change(each, what, n);
              checkLedger(each);
            }
            if (what < 0) copy = clone(k);
          }
          while (nextTime(copy!) <= 3 * ms) stepEvent(copy!);
          advance(copy!, 3 * ms);
          advance(k, 3 * ms);
          checkLedger(k);
          expect(digest(copy)).toBe(digest(k));
        },
      ),
      { numRuns: 30 },
    );
  });
});

function change(k: Kernel, what: number, n: number): void {
  const dev = eth0(k);
  if (what === 0) setQueues(k, dev, 1 + (n % 2));
  if (what === 1) (k.cpus[n]!.online ? offlineCpu : onlineCpu)(k, k.cpus[n]!);
  if (what === 2) dev_set_threaded(k, dev, n % 2 === 0);
  if (what === 3) Object.assign(dev, { napi_defer_hard_irqs: n, gro_flush_timeout: n * 9000 });
  if (what === 4) for (const q of dev.rx) setRpsCpus(k, q, [n * 31]);
  if (what === 5) resizeRings(k, dev, 64 << (n % 4), 256);
  if (what === 6) endApp(k, k.tasks[k.socks[n % 3]!.reader]!.tgid);
}
