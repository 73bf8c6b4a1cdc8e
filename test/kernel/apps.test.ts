import { describe, expect, it } from 'vitest';
import { endApp, setTaskCpus, spawn, type Application } from '../../src/kernel/apps.ts';
import { maskOf } from '../../src/kernel/cpumask.ts';
import { readFault } from '../../src/kernel/app_options.ts';
import { hosts } from '../../src/hardware/hosts.ts';
import { boot } from '../../src/kernel/boot.ts';
import type { AppDescription } from '../../src/kernel/host.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { REASON } from '../../src/kernel/reasons.ts';
import { setReaderService } from '../../src/kernel/reader_speed.ts';
import { advance } from '../../src/kernel/run.ts';
import { setNice } from '../../src/kernel/sched/task.ts';
import type { Kernel, Task } from '../../src/kernel/state.ts';
import { dropped, eth0, hashPorts, host, ms, traffic } from './hosts.ts';

const base: Application = {
  ...{ comm: 'sink', uid: 0, cpu: -1, proto: 'udp', port: 7777, reads: true, service_ns: 2000 },
};

function threads(k: Kernel): Task[] {
  return k.tasks.filter((task) => task.comm === 'sink');
}

describe('a process with threads', () => {
  it('has one process number and a thread number for each', () => {
    const k = host();
    spawn(k, { ...base, pid: 4000, threads: 3, reuseport: true });
    expect(threads(k).map((task) => task.tgid)).toEqual([4000, 4000, 4000]);
    expect(threads(k).map((task) => task.pid)).toEqual([4000, 4001, 4002]);
    expect(k.socks.map((sk) => sk.task)).toEqual([4000, 4000, 4000]);
  });

  it('slows down as a whole when its dial is turned', () => {
    const k = host();
    spawn(k, { ...base, threads: 3 });
    expect(setReaderService(k, 7777, 9000).ok).toBe(true);
    expect(threads(k).map((task) => task.service_ns)).toEqual([9000, 9000, 9000]);
  });

  it('keeps to the CPUs that it may use', () => {
    const k = host({ profile: 'virtio', queues: 1 });
    spawn(k, { ...base, threads: 4, cpus: [2, 3] });
    traffic(k, { pps: 100_000, len: 128, dport: 7777 });
    advance(k, 20 * ms);
    for (const c of k.cpus) expect(c.time.user > 0, `CPU ${c.id}`).toBe(c.id === 2 || c.id === 3);
  });

  it('is moved by sched_setaffinity(), which refuses CPUs that are not there', () => {
    const k = host({ profile: 'virtio', queues: 1 });
    spawn(k, base);
    const [task] = threads(k);
    expect(setTaskCpus(k, task!, maskOf([40], 64))).toBe('EINVAL');
    expect(setTaskCpus(k, task!, maskOf([1], 8))).toBeNull();
    traffic(k, { pps: 10_000, len: 128, dport: 7777 });
    advance(k, 20 * ms);
    expect(task!.cpu).toBe(1);
    expect(k.cpus[1]!.time.user).toBeGreaterThan(0);
  });
});

describe('one epoll thread for each receive queue', () => {
  it('with SO_REUSEPORT and SO_INCOMING_CPU reads every flow on the CPU where it arrives', () => {
    const k = host({ profile: 'igb', queues: 4 });
    hashPorts(k);
    const cpus = eth0(k).rx.map((q) => k.irqs[k.napis[q.napi]!.irq]!.effective);
    expect(new Set(cpus).size).toBe(4);
    const four = { threads: 4, thread_cpus: cpus, reuseport: true, epoll: {} };
    spawn(k, { ...base, ...four, incoming_cpu_each: true });
    traffic(k, { pps: 200_000, len: 128, dport: 7777, flows: 64 });
    advance(k, 50 * ms);
    const taken = eth0(k).rx.map((q) => q.packets);
    k.socks.forEach((sk, i) => {
      expect(sk.received).toBeGreaterThan(500);
      expect(Math.abs(sk.received - taken[i]!)).toBeLessThan(70);
    });
    checkLedger(k);
  });

  it('without SO_INCOMING_CPU the hash decides, whatever the queue', () => {
    const k = host({ profile: 'igb', queues: 4 });
    hashPorts(k);
    const cpus = eth0(k).rx.map((q) => k.irqs[k.napis[q.napi]!.irq]!.effective);
    spawn(k, { ...base, threads: 4, thread_cpus: cpus, reuseport: true, epoll: {} });
    traffic(k, { pps: 200_000, len: 128, dport: 7777, flows: 64 });
    advance(k, 50 * ms);
    const taken = eth0(k).rx.map((q) => q.packets);
    const apart = k.socks.filter((sk, i) => Math.abs(sk.received - taken[i]!) > 200);
    expect(apart.length).toBeGreaterThan(0);
  });
});

describe('recvmmsg()', () => {
  it('saves a system call for each datagram but the first, and so reads more', () => {
    const received = (batch: number): number => {
      const k = host({ profile: 'igb', queues: 4, speed_mbps: 10_000 });
      hashPorts(k);
      spawn(k, { ...base, cpu: 6, service_ns: 0, batch });
      traffic(k, { pps: 4_000_000, len: 64, dport: 7777, flows: 64 });
      advance(k, 20 * ms);
      checkLedger(k);
      return k.socks[0]!.received;
    };
    const [one, many] = [received(1), received(32)];
    expect(many / one).toBeGreaterThan(1.2);
    expect(many / one).toBeLessThan(1.4);
  });
});

describe('MSG_PEEK', () => {
  it('costs a call, and takes nothing', () => {
    const run = (peek: boolean): Kernel => {
      const k = host({ profile: 'virtio', queues: 1 });
      spawn(k, { ...base, cpu: 6, peek });
      traffic(k, { pps: 10_000, len: 128, dport: 7777 });
      advance(k, 100 * ms);
      checkLedger(k);
      return k;
    };
    const [plain, peeking] = [run(false), run(true)];
    expect(peeking.socks[0]!.received).toBe(plain.socks[0]!.received);
    const more = peeking.cpus[6]!.time.process / plain.cpus[6]!.time.process;
    expect(more).toBeCloseTo(2, 1);
  });
});

describe('copying', () => {
  it('takes the measured 0.026 ns a byte: 1472 bytes cost 38 ns more than 18', () => {
    const perRead = (len: number): number => {
      const k = host({ profile: 'virtio', queues: 1 });
      spawn(k, { ...base, cpu: 6, service_ns: 0 });
      traffic(k, { pps: 1000, len, dport: 7777 });
      advance(k, 100 * ms);
      return k.cpus[6]!.time.process / k.socks[0]!.received;
    };
    expect(perRead(1518) - perRead(64)).toBeCloseTo(38, 0);
  });
});

describe('a reader in need of its CPU', () => {
  it('that is too slow loses what its socket cannot hold', () => {
    const k = host({ profile: 'virtio', queues: 1 });
    spawn(k, { ...base, cpu: 6, service_ns: 50_000 });
    traffic(k, { pps: 100_000, len: 128, dport: 7777 });
    advance(k, 100 * ms);
    expect(dropped(k, REASON.SOCKET_RCVBUFF)).toBeGreaterThan(1000);
    expect(k.socks[0]!.drops).toBe(dropped(k, REASON.SOCKET_RCVBUFF));
  });

  it('gets less at nice 19 beside a task that wants the CPU as well', () => {
    const read = (nice: number): number => {
      const k = host({ profile: 'virtio', queues: 1 });
      spawn(k, { ...base, cpu: 6, service_ns: 10_000, nice });
      spawn(k, { ...base, comm: 'hog', port: 7778, cpu: 6, service_ns: 10_000 });
      for (const dport of [7777, 7778]) traffic(k, { pps: 150_000, len: 128, dport });
      advance(k, 400 * ms);
      checkLedger(k);
      return k.socks[0]!.received;
    };
    expect(read(0) / read(19)).toBeGreaterThan(8);
  });

  it('changes its share when it is reniced', () => {
    const k = host();
    spawn(k, { ...base, nice: 5 });
    const [task] = threads(k);
    expect([task!.nice, task!.weight]).toEqual([5, 335]);
    setNice(task!, 0);
    expect(task!.weight).toBe(1024);
  });

  it('shares it with ksoftirqd when packets never end', () => {
    const k = host({ profile: 'igb', queues: 1, speed_mbps: 10_000 });
    const cpu = k.irqs[k.napis[eth0(k).rx[0]!.napi]!.irq]!.effective;
    spawn(k, { ...base, cpu, service_ns: 1000 });
    traffic(k, { pps: 4_000_000, len: 64, dport: 7777 });
    advance(k, 300 * ms);
    const reader = threads(k)[0]!.runtime;
    const ksoftirqd = k.tasks[cpu]!.runtime;
    expect(ksoftirqd).toBeGreaterThan(50 * ms);
    expect(reader).toBeGreaterThan(50 * ms);
    // The reader empties its socket within its slice; ksoftirqd always has more to do.
    expect(k.tasks[cpu]!.nivcsw).toBeGreaterThan(10);
  });
});

describe('an application that could not be', () => {
  const app = { ...{ comm: 'sink', user: 'alice', port: 9000, cpu: -1 }, service_ns: 0, rcvbuf: 0 };
  const wrong: [string, Partial<AppDescription>, RegExp][] = [
    ['with no thread', { threads: 0 }, /^threads: 0/],
    ['with more CPUs than threads', { threads: 1, thread_cpus: [1, 2] }, /^thread_cpus/],
    ['on a CPU that is not there', { cpus: [8] }, /^cpus: 8/],
    ['nicer than anybody', { nice: 20 }, /^nice: 20/],
    ['that prefers busy polling without being root', { prefer_busy_poll: true }, /^user: alice/],
    ['that batches a stream', { proto: 'tcp', batch: 8 }, /for UDP only/],
  ];
  for (const [what, change, message] of wrong)
    it(`is refused: ${what}`, () => {
      expect(readFault({ ...app, ...change }, 8)).toMatch(message);
      const desc = { ...hosts['igb']!, apps: [{ ...app, ...change }] };
      expect(() => boot(desc, 1)).toThrow();
    });
});

describe('UDP_GRO', () => {
  const burst = { pps: 200_000, len: 1018, dport: 7777, train: 16 };

  it('gives the application merged datagrams: fewer reads, the same bytes', () => {
    const run = (udp_gro: boolean): Kernel => {
      const k = host({ profile: 'igb', queues: 1, speed_mbps: 10_000 });
      spawn(k, { ...base, cpu: 6, service_ns: 0, udp_gro });
      traffic(k, { ...burst, limit: 1600 });
      advance(k, 50 * ms);
      checkLedger(k);
      return k;
    };
    const [plain, merged] = [run(false), run(true)];
    expect(plain.mib.UdpInDatagrams).toBe(1600);
    expect(merged.mib.UdpInDatagrams).toBeLessThan(1000);
    expect(merged.ledger.delivered).toBe(1600);
    expect(merged.udp_encap_needed).toBe(1);
    endApp(merged, threads(merged)[0]!.pid);
    expect(merged.udp_encap_needed).toBe(0);
  });

  it('is undone for a socket that has not asked: every datagram is queued alone', () => {
    const k = host({ profile: 'igb', queues: 1, speed_mbps: 10_000 });
    eth0(k).features['rx-gro-list'] = true;
    spawn(k, { ...base, cpu: 6, service_ns: 0 });
    traffic(k, { ...burst, limit: 1600 });
    advance(k, 50 * ms);
    expect(k.cpus.reduce((sum, c) => sum + c.processed, 0)).toBeLessThan(1000);
    expect(k.mib.UdpInDatagrams).toBe(1600);
    expect(k.socks[0]!.received).toBe(1600);
    checkLedger(k);
  });
});
