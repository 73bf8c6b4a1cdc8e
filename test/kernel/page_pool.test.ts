/// Page pools by themselves, and under mlx5's receive queues.
import { describe, expect, it } from 'vitest';
import { clone } from '../../src/engine/snapshot.ts';
import { digest } from '../../src/engine/digest.ts';
import { driverOf } from '../../src/hardware/driver.ts';
import { hosts } from '../../src/hardware/hosts.ts';
import { boot } from '../../src/kernel/boot.ts';
import { COSTS } from '../../src/kernel/costs.ts';
import { dev_close, dev_open, dev_set_mtu } from '../../src/kernel/dev.ts';
import { ethnl_set_privflags, ethtool_set_ringparam } from '../../src/kernel/ethtool_ops.ts';
import { ethtool_set_features } from '../../src/kernel/ethtool_ops_features.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import {
  createPages,
  page_pool_alloc_netmems,
  page_pool_create,
  splitPage,
  page_pool_inflight,
  page_pool_put_unrefed_netmem,
  unrefPage,
} from '../../src/kernel/page_pool.ts';
import { attach } from './xdp_hosts.ts';
import { startTcp } from '../../src/kernel/remote/remote_start.ts';
import { advance } from '../../src/kernel/run.ts';
import type { Kernel, NetDevice, PagePool, Pages, RxQueue } from '../../src/kernel/state.ts';
import { startSource } from '../../src/kernel/traffic.ts';

const MS = 1e6;
const BOOTED = 700 * MS;

interface App {
  readonly cpu?: number;
  readonly service_ns?: number;
  readonly rcvbuf?: number;
  readonly proto?: 'udp' | 'tcp';
}

/// An mlx5 server with one reader on port 9000.
function server({ cpu = 20, service_ns = 100, rcvbuf = 0, proto = 'udp' }: App = {}): {
  k: Kernel;
  dev: NetDevice;
} {
  const app = { comm: 'sink', user: 'alice', port: 9000, cpu, service_ns, rcvbuf, proto };
  const k = boot({ ...hosts['mlx5']!, apps: [app] }, 1);
  advance(k, BOOTED);
  return { k, dev: k.devs[1]! };
}

function datagrams(k: Kernel, count: number, pps = 200_000, dport = 9000): RxQueue {
  startSource(k, { dev: 1, pps, len: 200, flows: 1, dport, limit: count });
  advance(k, k.now + (count / pps) * 1e9 + 20 * MS);
  return busiest(k.devs[1]!);
}

function busiest(dev: NetDevice): RxQueue {
  return dev.rx.reduce((most, q) => (q.packets > most.packets ? q : most));
}

/// Bytes of the entries that frames have taken, one after the other.
function packed(q: RxQueue): number {
  return q.pages!.entry * 262144 + q.pages!.offset;
}

/// Each page of each pool is in one place, and none is lost.
function checkPages(k: Kernel): void {
  const { refs } = k.skbs.pages!;
  const held = new Map<number, number>();
  for (let skb = 0; skb < k.skbs.used; skb++)
    for (let at = k.skbs.pp[skb]!; at !== 0; at = refs.next[at - 1]!)
      held.set(refs.page[at - 1]!, (held.get(refs.page[at - 1]!) ?? 0) + 1);
  expect([...held.values()].reduce((sum, n) => sum + n, 0)).toBe(k.skbs.pp_held);
  for (const q of k.devs[1]!.rx) {
    const { pool, pages } = q.pages!;
    const { table } = k.skbs.pages!;
    const out = [...held.keys()].filter((page) => table.pool[page] === pool.id);
    const kept = [...pool.cache, ...ringOf(pool)];
    const used = new Set([...pages.filter((page) => page >= 0), ...out]);
    expect(kept.filter((page) => used.has(page))).toEqual([]);
    expect(new Set(kept).size).toBe(kept.length);
    expect(page_pool_inflight(pool)).toBe(kept.length + used.size);
  }
}

function ringOf({ ring, ring_tail, ring_count }: PagePool): number[] {
  return Array.from({ length: ring_count }, (_, i) => ring[(ring_tail + i) % ring.length]!);
}

describe('a page pool', () => {
  function pool(size = 0): { pages: Pages; pp: PagePool; take: (n: number) => number[] } {
    const pages = createPages();
    const pp = page_pool_create(pages, 0, size);
    const take = (n: number): number[] =>
      Array.from({ length: n }, () => page_pool_alloc_netmems(pages, pp));
    return { pages, pp, take };
  }

  it('has 64 pages at once from the page allocator, and hands out the rest from its cache', () => {
    const { pp, take } = pool();
    expect(new Set(take(65)).size).toBe(65);
    expect(pp.stats).toMatchObject({ slow: 2, empty: 2, fast: 63, refill: 0 });
    expect(page_pool_inflight(pp)).toBe(128);
    expect(pp.owed_ns).toBe(128 * COSTS.alloc_page.ns);
  });

  it('keeps 128 pages in the cache, then as many as asked for in the ring, and gives up the rest', () => {
    const { pages, pp, take } = pool(16);
    const taken = take(150);
    pp.cache = [];
    for (const page of taken) page_pool_put_unrefed_netmem(pages, pp, page, true);
    expect(pp.stats).toMatchObject({ cached: 128, cache_full: 22, ring: 16, ring_full: 6 });
    expect(pp.release_cnt).toBe(6);
  });

  it('puts nothing into the cache for somebody who may not touch it', () => {
    const { pages, pp, take } = pool();
    for (const page of take(3)) page_pool_put_unrefed_netmem(pages, pp, page, false);
    expect(pp.stats).toMatchObject({ cached: 0, cache_full: 0, ring: 3 });
  });

  it('fills its cache with 64 pages of the ring, oldest first, before it asks for more', () => {
    const { pages, pp, take } = pool();
    const taken = take(64);
    const again = take(6);
    pp.cache = [];
    for (const page of [...taken, ...again]) page_pool_put_unrefed_netmem(pages, pp, page, false);
    expect(take(64)).toEqual(taken.toReversed());
    expect(pp.stats).toMatchObject({ refill: 1, slow: 2 });
    expect(take(6)).toEqual(again.toReversed());
    expect(pp.stats).toMatchObject({ refill: 2, slow: 2 });
  });

  it('has a ring of 1024 pages by default and of 16384 at most', () => {
    expect(pool().pp.ring.length).toBe(1024);
    expect(pool(100_000).pp.ring.length).toBe(16384);
  });

  it('knows the last user of a page that is handed out in fragments', () => {
    const { pages, take } = pool();
    const page = take(1)[0]!;
    splitPage(pages, page, 64);
    expect(unrefPage(pages, page, 62)).toBe(2);
    expect(unrefPage(pages, page, 1)).toBe(1);
    expect(unrefPage(pages, page, 1)).toBe(0);
    expect(() => unrefPage(pages, page, 2)).toThrow('has 1 users');
  });
});

describe('the pages of an mlx5 receive queue', () => {
  it('are 64 for each entry but one, from the start', () => {
    const { pool } = server().dev.rx[0]!.pages!;
    expect(pool.stats).toMatchObject({ slow: 7, empty: 7, fast: 441 });
    expect(pool.ring.length).toBe(512);
  });

  it('come back by the driver when the reader is faster than the ring is long', () => {
    const { k } = server();
    const { stats } = datagrams(k, 6_000).pages!.pool;
    expect(stats).toMatchObject({ slow: 8, ring: 0, refill: 0, cache_full: 0 });
    // 46 entries of 128 frames are used up, and the pages of all but the one in the driver's hands are back.
    expect(stats.cached).toBe(64 * 45);
    checkPages(k);
  });

  it('come back through the cache from packets that the softirq drops', () => {
    const { k } = server();
    const { stats } = datagrams(k, 6_000, 200_000, 9).pages!.pool;
    expect(stats).toMatchObject({ slow: 8, ring: 0 });
  });

  it('come back through the ring from packets that a task reads late', () => {
    const { k } = server({ service_ns: 10_000 });
    const { stats } = datagrams(k, 6_000).pages!.pool;
    expect(stats.ring).toBeGreaterThan(500);
    expect(stats.refill).toBeGreaterThan(5);
    expect(stats.slow).toBeLessThan(20);
    checkPages(k);
  });

  it('are as many more as the packets hold that wait in the socket', () => {
    const { k } = server({ service_ns: 1e9, rcvbuf: 8 << 20 });
    k.hot.rmem_max = 8 << 20;
    const before = page_pool_inflight(server().dev.rx[0]!.pages!.pool);
    const { pool } = datagrams(k, 3_000).pages!;
    const waiting = k.skbs.pp_held;
    expect(waiting).toBeGreaterThan(200);
    const more = page_pool_inflight(pool) - before;
    expect(more).toBeGreaterThanOrEqual(waiting / 2 - 64);
    expect(more).toBeLessThanOrEqual(waiting / 2 + 192);
    expect(pool.stats.slow).toBe(page_pool_inflight(pool) / 64);
    checkPages(k);
  });

  it('stay with the packet into which GRO merges a frame, until it is read', () => {
    const { k } = server({ proto: 'tcp', service_ns: 1e9 });
    startTcp(k, { dev: 1, dport: 9000, rate_pps: 50_000 });
    advance(k, k.now + 30 * MS);
    const { pp } = k.skbs;
    const sk = k.socks.find(({ tcp, head }) => tcp !== null && head >= 0)!;
    const { refs } = k.skbs.pages!;
    let fragments = 0;
    for (let at = pp[sk.head]!; at !== 0; at = refs.next[at - 1]!) fragments++;
    expect(k.skbs.segs[sk.head]).toBeGreaterThan(1);
    expect(fragments).toBe(k.skbs.segs[sk.head]);
    checkPages(k);
  });

  it('hold two frames each, and one with an XDP program or an MTU above 1642', () => {
    const framesPerPage = (set: (k: Kernel, dev: NetDevice) => unknown): number => {
      const { k, dev } = server();
      set(k, dev);
      const { buffers } = datagrams(k, 300).pages!;
      expect(buffers.linear).toBe(true);
      checkPages(k);
      return buffers.period / buffers.places_per_period;
    };
    expect(framesPerPage(() => {})).toBe(2);
    expect(framesPerPage((k, dev) => dev_set_mtu(k, dev, 1642))).toBe(2);
    expect(framesPerPage((k, dev) => dev_set_mtu(k, dev, 1643))).toBe(1);
    expect(framesPerPage((k, dev) => attach(k, dev, 'pass'))).toBe(1);
  });

  it('are not given to frames that XDP drops', () => {
    const { k, dev } = server({ service_ns: 1e9 });
    attach(k, dev, 'drop');
    const { pool } = datagrams(k, 3_000).pages!;
    expect(k.skbs.pp_held).toBe(0);
    expect(pool.stats).toMatchObject({ ring: 0, refill: 0 });
    expect(pool.stats.cached).toBeGreaterThan(2_000); // one for each frame
    checkPages(k);
  });

  it('lie behind each other with LRO: a short frame needs none', () => {
    const { k, dev } = server();
    ethtool_set_features(k, dev, { 'rx-lro': true });
    datagrams(k, 128); // the queue is opened anew
    const before = packed(busiest(dev));
    const q = datagrams(k, 1_000);
    expect(q.pages!.buffers.packed).toBe(true);
    expect(k.skbs.pp_held).toBe(0);
    // 256 bytes for each frame of 200
    expect(packed(q) - before).toBe(1_000 * 256);
    checkPages(k);
  });

  it('are shared by two buffers without striding, a ring of as many pages as buffers behind them', () => {
    const { k, dev } = server();
    ethnl_set_privflags(k, dev, { rx_striding_rq: false });
    const { pool, buffers } = datagrams(k, 3_000).pages!;
    expect(buffers).toMatchObject({ period: 2, places_per_period: 1, bulk: 256, unit: 128 });
    expect(pool.ring.length).toBe(1024);
    // The last frames of a bulk are still on their way up when it is posted anew.
    expect(pool.stats.slow).toBe(9);
    expect(pool.stats.cached).toBeGreaterThan(5 * pool.stats.ring);
    checkPages(k);
  });

  it('take a long frame in four fragments without striding', () => {
    const { k, dev } = server();
    ethnl_set_privflags(k, dev, { rx_striding_rq: false });
    dev_set_mtu(k, dev, 9000);
    const { buffers } = dev.rx[0]!.pages!;
    expect(buffers.strides).toEqual([2048, 2048, 2048, 4096]);
    expect(buffers.sizes).toEqual([1664, 2048, 2048, 3262]);
    expect(buffers.places).toEqual([[0, 0, 1, 2]]);
  });

  it('are never lost, whatever is set meanwhile', () => {
    const { k, dev } = server({ service_ns: 3_000 });
    startSource(k, { dev: 1, pps: 300_000, len: 900, flows: 3, dport: 9000 });
    startTcp(k, { dev: 1, dport: 9000, rate_pps: 50_000 });
    const moves: (() => unknown)[] = [
      () => ethtool_set_ringparam(k, dev, { rx: 256 }),
      () => ethtool_set_features(k, dev, { 'rx-lro': true }),
      () => dev_set_mtu(k, dev, 9000),
      () => ethtool_set_features(k, dev, { 'rx-lro': false }),
      () => ethnl_set_privflags(k, dev, { rx_striding_rq: false }),
      () => dev_close(k, dev),
      () => dev_open(k, dev),
      () => dev_set_mtu(k, dev, 1500),
      () => ethtool_set_ringparam(k, dev, { rx: 8192 }),
      () => ethnl_set_privflags(k, dev, { rx_striding_rq: true }),
    ];
    for (const move of moves) {
      move();
      advance(k, k.now + 5 * MS);
      checkLedger(k);
      checkPages(k);
    }
  });

  it('are in a snapshot like everything else', () => {
    const { k } = server({ service_ns: 10_000 });
    startSource(k, { dev: 1, pps: 200_000, len: 200, flows: 1, dport: 9000 });
    advance(k, k.now + 10 * MS);
    const copy = clone(k);
    for (const each of [k, copy]) advance(each, BOOTED + 25 * MS);
    expect(digest(copy)).toBe(digest(k));
  });

  it('show in ethtool -S, by device and by queue, in the order of the driver', () => {
    const { k, dev } = server({ service_ns: 10_000 });
    const q = datagrams(k, 6_000);
    const rows = driverOf(dev).statistics(dev)!;
    const at = rows.findIndex(({ name }) => name === 'rx_recover');
    expect(rows.slice(at + 1, at + 13).map(({ name }) => name)).toEqual([
      ...['rx_pp_alloc_fast', 'rx_pp_alloc_slow', 'rx_pp_alloc_slow_high_order'],
      ...['rx_pp_alloc_empty', 'rx_pp_alloc_refill', 'rx_pp_alloc_waive'],
      ...['rx_pp_recycle_cached', 'rx_pp_recycle_cache_full', 'rx_pp_recycle_ring'],
      ...['rx_pp_recycle_ring_full', 'rx_pp_recycle_released_ref', 'ch_events'],
    ]);
    const valueOf = (name: string): number => rows.find((row) => row.name === name)!.value;
    expect(valueOf(`rx${q.index}_pp_recycle_ring`)).toBe(q.pages!.pool.stats.ring);
    expect(valueOf('rx_pp_recycle_ring')).toBe(q.pages!.pool.stats.ring);
    expect(valueOf('rx_pp_alloc_slow')).toBe(
      dev.rx.reduce((sum, { pages }) => sum + pages!.pool.stats.slow, 0),
    );
  });
});

it('a host whose driver has no page pool has no pages', () => {
  const k = boot({ ...hosts['igb']!, apps: [] }, 1);
  startSource(k, { dev: 1, pps: 100_000, len: 200, flows: 4, dport: 9 });
  advance(k, BOOTED + 20 * MS);
  expect(k.skbs.pages).toBeNull();
  expect(k.devs[1]!.rx.every(({ pages }) => pages === null)).toBe(true);
});
