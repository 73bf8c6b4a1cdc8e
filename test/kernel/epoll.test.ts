import { describe, expect, it } from 'vitest';
import { digest } from '../../src/engine/digest.ts';
import { clone } from '../../src/engine/snapshot.ts';
import { endApp, spawn, type Application } from '../../src/kernel/apps.ts';
import { COSTS } from '../../src/kernel/costs.ts';
import type { EpollOptions } from '../../src/kernel/host.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { startClients } from '../../src/kernel/remote/remote_start.ts';
import { advance, nextTime, stepEvent } from '../../src/kernel/run.ts';
import type { Kernel, Task } from '../../src/kernel/state.ts';
import { ETH0, hashPorts, host, ms, traffic } from './hosts.ts';

const base: Application = {
  ...{ comm: 'sink', uid: 0, cpu: -1, proto: 'udp', port: 7777, reads: true, service_ns: 2000 },
};

function threads(k: Kernel): Task[] {
  return k.tasks.filter((task) => task.comm === 'sink');
}

function sleeps(k: Kernel): number[] {
  return threads(k).map((task) => task.nvcsw);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

/// An application, and a datagram every 100 us for 100 ms.
function run(app: Partial<Application>, pps = 10_000): Kernel {
  const k = host({ profile: 'virtio', queues: 1 });
  spawn(k, { ...base, ...app });
  traffic(k, { pps, len: 128, dport: 7777, flows: 32 });
  advance(k, 100 * ms);
  checkLedger(k);
  return k;
}

describe('epoll_wait() of several threads', () => {
  it('without EPOLLEXCLUSIVE wakes every instance that watches the socket, for one datagram', () => {
    const herd = run({ threads: 4, epoll: {} });
    const one = run({ threads: 4, epoll: { exclusive: true } });
    expect(herd.socks[0]!.received).toBeGreaterThan(990);
    expect(one.socks[0]!.received).toBeGreaterThan(990);
    expect(sum(sleeps(herd))).toBeGreaterThan(3.5 * 990);
    expect(sum(sleeps(one))).toBeLessThan(1.5 * 1000);
  });

  it('wakes a second thread of a shared instance: a level-triggered socket is listed again', () => {
    const level = run({ threads: 4, epoll: { shared: true } });
    const edge = run({ threads: 4, epoll: { shared: true, edge: true } });
    expect(sum(sleeps(level))).toBeGreaterThan(1.8 * 990);
    expect(sum(sleeps(edge))).toBeLessThan(1.1 * 1000);
    expect(edge.socks[0]!.received).toBeGreaterThan(990);
  });

  it('wakes who came last: one thread does the work that it can do alone', () => {
    const k = run({ threads: 4, epoll: { shared: true, edge: true } });
    const busy = sleeps(k).filter((count) => count > 0);
    expect(busy).toHaveLength(1);
  });
});

describe('recvmsg() of several threads on one socket', () => {
  it('wakes one of them for a datagram, in the order in which they came', () => {
    const k = run({ threads: 4 });
    expect(sum(sleeps(k))).toBeLessThan(1.1 * 1000);
    for (const count of sleeps(k)) expect(count).toBeGreaterThan(200);
  });
});

describe('edge-triggered', () => {
  it('costs a call more for each datagram that comes alone: the one that finds no more', () => {
    const level = run({ epoll: {}, cpu: 6 });
    const edge = run({ epoll: { edge: true }, cpu: 6 });
    const received = edge.socks[0]!.received;
    expect(received).toBe(level.socks[0]!.received);
    const more = (edge.cpus[6]!.time.process - level.cpus[6]!.time.process) / received;
    // Level-triggered epoll_wait() asks the socket once more instead.
    expect(more).toBeCloseTo(COSTS.recvmsg.ns - COSTS.ep_deliver_event.ns, 0);
  });

  it('saves epoll_wait() for each when they come faster than they are read', () => {
    const received = (epoll: EpollOptions): number => {
      const k = host({ profile: 'igb', queues: 4, speed_mbps: 10_000 });
      hashPorts(k);
      spawn(k, { ...base, cpu: 6, service_ns: 0, epoll });
      traffic(k, { pps: 4_000_000, len: 64, dport: 7777, flows: 64 });
      advance(k, 20 * ms);
      return k.socks[0]!.received;
    };
    expect(received({ edge: true }) / received({})).toBeGreaterThan(1.3);
  });
});

describe('a timeout', () => {
  it('ends epoll_wait() without an event; the program calls again', () => {
    const k = host({ profile: 'virtio', queues: 1 });
    spawn(k, { ...base, epoll: { timeout_ms: 10 } });
    advance(k, 1000 * ms);
    expect(sleeps(k)[0]).toBe(99);
    traffic(k, { pps: 50, len: 128, dport: 7777 });
    advance(k, 2000 * ms);
    // Each datagram begins the 10 ms anew.
    expect(sleeps(k)[0]).toBeGreaterThan(190);
    expect(k.socks[0]!.received).toBeGreaterThanOrEqual(49);
  });
});

describe('a server of connections', () => {
  it('accepts and reads all of them in a few threads, each connection in one', () => {
    const k = host({ profile: 'virtio', queues: 1 });
    spawn(k, { ...base, proto: 'tcp', threads: 2, reuseport: true, epoll: {} });
    startClients(k, { dev: ETH0, rate: 2000, limit: 40, dport: 7777, bytes: 10_000 });
    advance(k, 200 * ms);
    const children = k.socks.filter((sk) => sk.tcp !== null);
    expect(children).toHaveLength(40);
    for (const sk of children) expect(sk.received_bytes).toBe(10_000);
    expect(new Set(children.map((sk) => sk.reader)).size).toBe(2);
    expect(threads(k)).toHaveLength(2);
    checkLedger(k);
  });
});

describe('the end of such an application', () => {
  it('takes its sockets off every list; nobody is woken for them again', () => {
    const k = run({ threads: 3, epoll: { shared: true } });
    endApp(k, threads(k)[0]!.pid);
    expect(k.epolls[0]!.items).toEqual([]);
    const before = sum(sleeps(k));
    advance(k, 120 * ms);
    expect(sum(sleeps(k))).toBeLessThanOrEqual(before + 3);
    expect(k.mib.UdpNoPorts).toBeGreaterThan(150);
    checkLedger(k);
  });
});

describe('a host with such readers', () => {
  it('comes to the same state event by event and in one go, with every packet accounted for', () => {
    for (const epoll of [{ shared: true }, { edge: true, shared: true }, { exclusive: true }, {}]) {
      const k = host({ profile: 'igb', queues: 2 });
      spawn(k, { ...base, threads: 3, epoll, ...(epoll.edge ? {} : { batch: 4 }) });
      traffic(k, { pps: 400_000, pattern: 'poisson', len: 200, dport: 7777, flows: 8 });
      const other = clone(k);
      advance(k, 4 * ms);
      while (nextTime(other) <= 4 * ms) {
        stepEvent(other);
        checkLedger(other);
      }
      advance(other, 4 * ms);
      expect(digest(other)).toBe(digest(k));
      expect(k.socks[0]!.received).toBeGreaterThan(300);
    }
  });
});
