import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hosts } from '../../src/hardware/hosts.ts';
import { boot } from '../../src/kernel/boot.ts';
import { addFlow } from '../../src/kernel/flows.ts';
import { napi_gro_flush, takeFromRxList } from '../../src/kernel/gro.ts';
import { IP_FAULT } from '../../src/kernel/ip_faults.ts';
import { checkLedger, consume_skb, ledgerOf } from '../../src/kernel/ledger.ts';
import { lroReceive } from '../../src/kernel/lro.ts';
import { setQueues } from '../../src/kernel/nic.ts';
import { REASON } from '../../src/kernel/reasons.ts';
import { rssChanged } from '../../src/kernel/rss.ts';
import { advance } from '../../src/kernel/run.ts';
import {
  FLAG_BAD_IP,
  FLAG_GSO,
  FLAG_RXHASH,
  FLAG_TCP,
  SKB_GSO_FRAGLIST,
  SKB_GSO_TCPV4,
  takeSkb,
} from '../../src/kernel/skb.ts';
import type { Kernel, Skb } from '../../src/kernel/state.ts';
import { setUdpGro, udp_rcv_segment, udp_unexpected_gso } from '../../src/kernel/udp_segment.ts';
import * as gro_tcp from '../../src/kernel/vectors/gro_tcp.ts';
import * as gro_udp from '../../src/kernel/vectors/gro_udp.ts';
import { writeSysctl } from '../../src/kernel/sysctl.ts';
import { receiveFrame } from '../../src/kernel/wire.ts';
import { dropped, eth0, ETH0, host, ms, traffic } from './hosts.ts';

const MSS = 1460;
const ACK = 16;
const PSH = 8;

interface Train {
  readonly segments: number;
  readonly sport?: number;
  readonly first?: number; // number of the first segment
  readonly payload?: number;
  readonly flags?: (i: number) => number;
}

/// Frames of a TCP sender without timestamps, all on the wire at this moment.
function train(
  k: Kernel,
  { segments, sport = 40000, first = 0, payload = MSS, flags }: Train,
): void {
  const flow = addFlow(k, {
    dev: ETH0,
    saddr: '10.0.0.1',
    daddr: '10.0.0.2',
    sport,
    dport: 80,
    proto: 6,
  });
  for (let i = first; i < first + segments; i++)
    receiveFrame(k, eth0(k), segment(k, flow, i, payload, flags?.(i) ?? ACK));
}

function segment(k: Kernel, flow: number, i: number, payload: number, flags: number): Skb {
  const pool = k.skbs;
  const skb = takeSkb(pool);
  pool.flow[skb] = flow;
  pool.flags[skb] = FLAG_TCP;
  pool.len[skb] = 54 + payload;
  pool.dev[skb] = ETH0;
  pool.arrived[skb] = k.now;
  pool.serial[skb] = i;
  pool.seq[skb] = 1000 + i * payload;
  pool.ack_seq[skb] = 5000;
  pool.window[skb] = 500;
  pool.payload[skb] = payload;
  pool.tcp_flags[skb] = flags;
  return skb;
}

function processed(k: Kernel): number {
  return k.cpus.reduce((sum, c) => sum + c.processed, 0);
}

function feature(k: Kernel, name: string, on: boolean): void {
  eth0(k).features[name] = on;
  k.config_version++;
}

function held(k: Kernel): number {
  return ledgerOf(k).queued.find((row) => row.where.endsWith('GRO'))?.packets ?? 0;
}

describe('merging', () => {
  it('makes one packet of a train of 17 segments, and softnet_stat counts one', () => {
    const k = host({ queues: 1 });
    train(k, { segments: 17 });
    advance(k, ms);
    expect(processed(k)).toBe(1);
    expect(eth0(k).rx[0]!.packets).toBe(17); // the NIC and its driver saw frames
    expect(ledgerOf(k).offered).toBe(17);
    checkLedger(k);
  });

  it('leaves every segment alone when generic-receive-offload is off', () => {
    const k = host({ queues: 1 });
    feature(k, 'generic-receive-offload', false);
    train(k, { segments: 17 });
    advance(k, ms);
    expect(processed(k)).toBe(17);
  });

  it('makes IPv4 packets of less than 64 KiB: 44 segments of 1460 bytes', () => {
    const k = host({ queues: 1 });
    train(k, { segments: 50 });
    advance(k, ms);
    expect(processed(k)).toBe(2);
    eth0(k).gro_ipv4_max_size = 16_000;
    train(k, { segments: 10, first: 50 });
    train(k, { segments: 1, first: 60 });
    advance(k, 2 * ms);
    expect(processed(k)).toBe(4);
  });

  it('ends a packet with PSH', () => {
    const k = host({ queues: 1 });
    train(k, { segments: 12, flags: (i) => (i % 4 === 3 ? ACK | PSH : ACK) });
    advance(k, ms);
    expect(processed(k)).toBe(3);
  });

  it('ends a packet with a segment whose IP header tells a wrong length, which goes up behind it', () => {
    const k = host({ queues: 1 });
    const flow = addFlow(k, {
      ...{ dev: ETH0, saddr: '10.0.0.1', daddr: '10.0.0.2', sport: 40000, dport: 80, proto: 6 },
    });
    for (let i = 0; i < 5; i++) {
      const skb = segment(k, flow, i, MSS, ACK);
      if (i === 2) {
        k.skbs.flags[skb] = FLAG_TCP | FLAG_BAD_IP;
        k.skbs.cb[skb] = IP_FAULT.TRUNCATED;
      }
      receiveFrame(k, eth0(k), skb);
    }
    advance(k, ms);
    expect(processed(k)).toBe(3); // two segments, the bad one, two more
    expect(dropped(k, REASON.PKT_TOO_SMALL)).toBe(1);
    checkLedger(k);
  });

  it('merges no segments between which one is missing', () => {
    const k = host({ queues: 1 });
    train(k, { segments: 5 });
    train(k, { segments: 5, first: 6 });
    advance(k, ms);
    expect(processed(k)).toBe(2);
  });

  it('holds eight flows a bucket; one more sends the oldest up', () => {
    const k = host({ queues: 1 });
    feature(k, 'receive-hashing', false); // no hash from the NIC: all in bucket 0
    for (const round of [0, 1])
      for (let i = 0; i < 8; i++) train(k, { segments: 1, sport: 40000 + i, first: round });
    advance(k, ms);
    expect(processed(k)).toBe(8);
    for (const round of [2, 3])
      for (let i = 0; i < 9; i++) train(k, { segments: 1, sport: 40000 + i, first: round });
    advance(k, 2 * ms);
    expect(processed(k)).toBe(8 + 18);
  });

  it('spreads flows over the buckets by the hash of the NIC', () => {
    const k = host({ queues: 1 });
    const q = eth0(k).rx[0]!;
    for (const round of [0, 1])
      for (let i = 0; i < 16; i++) {
        const flow = addFlow(k, {
          dev: ETH0,
          saddr: '10.0.0.1',
          daddr: '10.0.0.2',
          sport: 40000 + i,
          dport: 80,
          proto: 6,
        });
        const skb = segment(k, flow, round, MSS, ACK);
        k.skbs.flags[skb] = FLAG_TCP | FLAG_RXHASH;
        k.skbs.hash[skb] = 0x1230 + i;
        receiveFrame(k, eth0(k), skb);
      }
    advance(k, ms);
    expect([q.packets, processed(k)]).toEqual([32, 16]);
  });

  it('charges a merged packet with what the merged heads and fragments take', () => {
    const k = host({ queues: 1 });
    eth0(k).gro_flush_timeout = ms;
    eth0(k).napi_defer_hard_irqs = 2;
    train(k, { segments: 3 });
    advance(k, 0.1 * ms);
    const n = k.napis[eth0(k).rx[0]!.napi]!;
    const p = n.gro.heads.find((head) => head >= 0)!;
    // The first pays for its sk_buff, the others only for their half pages.
    expect(k.skbs.truesize[p]).toBe(3 * (2048 + 256) - 2 * 256);
    expect([k.skbs.len[p], k.skbs.payload[p], k.skbs.segs[p], k.skbs.gso_size[p]]).toEqual([
      54 + 3 * MSS,
      3 * MSS,
      3,
      MSS,
    ]);
    expect(k.skbs.flags[p]! & FLAG_GSO).toBe(FLAG_GSO);
  });
});

it('keeps at most 17 fragments in one sk_buff: the next segment goes onto the list as a whole', () => {
  const k = host({ queues: 1 });
  eth0(k).gro_flush_timeout = 900_000;
  train(k, { segments: 20 });
  advance(k, 0.3 * ms);
  const p = k.napis[eth0(k).rx[0]!.napi]!.gro.heads.find((head) => head >= 0)!;
  expect(k.skbs.segs[p]).toBe(20);
  expect(k.skbs.truesize[p]).toBe(2304 + 17 * 2048 + 2304 + 2048);
});

describe('when held packets go up', () => {
  it('is the end of each poll, without gro_flush_timeout', () => {
    const k = host({ queues: 1 });
    train(k, { segments: 5 });
    advance(k, 0.5 * ms);
    expect([processed(k), held(k)]).toEqual([1, 0]);
    train(k, { segments: 5, first: 5 });
    advance(k, ms);
    expect([processed(k), held(k)]).toEqual([2, 0]);
  });

  it('is when the timer fires, with gro_flush_timeout and napi_defer_hard_irqs: polls are spanned', () => {
    const k = host({ queues: 1 });
    eth0(k).gro_flush_timeout = 200_000;
    eth0(k).napi_defer_hard_irqs = 1;
    train(k, { segments: 5 });
    advance(k, 0.1 * ms);
    expect([processed(k), held(k)]).toEqual([0, 5]);
    expect(k.napis[eth0(k).rx[0]!.napi]!.irq_enabled).toBe(false);
    train(k, { segments: 5, first: 5 });
    advance(k, 0.25 * ms); // the timer has polled, and deferred once more
    expect([processed(k), held(k)]).toEqual([0, 10]);
    advance(k, ms);
    expect([processed(k), held(k)]).toEqual([1, 0]);
    checkLedger(k);
  });

  it('is a later poll, with gro_flush_timeout alone: the interrupt comes back at once', () => {
    const k = host({ queues: 1 });
    eth0(k).gro_flush_timeout = 300_000;
    train(k, { segments: 5 });
    advance(k, 0.1 * ms);
    expect([processed(k), held(k)]).toEqual([0, 5]);
    expect(k.napis[eth0(k).rx[0]!.napi]!.irq_enabled).toBe(true);
    advance(k, ms);
    expect([processed(k), held(k)]).toEqual([1, 0]);
  });

  it('is the end of a full weight where HZ is 250; where it is 1000, only older packets go', () => {
    const counts = [250, 1000].map((hz) => {
      const k = boot(
        {
          ...hosts['igb']!,
          hz,
          apps: [],
          nics: hosts['igb']!.nics.map((nic) => ({ ...nic, queues: 1 })),
        },
        1,
      );
      train(k, { segments: 80 });
      advance(k, 0.9 * ms);
      return processed(k);
    });
    // 44 + 20, and 16 of the second poll; or 44 + 36 over both polls.
    expect(counts).toEqual([3, 2]);
  });

  it('is never for a queue that is removed: they are freed without a reason given', () => {
    const k = host({ queues: 2 });
    eth0(k).gro_flush_timeout = 5 * ms;
    eth0(k).rss_indir.fill(1);
    rssChanged(eth0(k));
    train(k, { segments: 12 });
    advance(k, ms);
    expect(held(k)).toBe(12);
    setQueues(k, eth0(k), 1);
    expect([held(k), dropped(k, REASON.NOT_SPECIFIED)]).toEqual([0, 12]);
    checkLedger(k);
  });
});

describe('rx-gro-list', () => {
  it('chains segments of connections that end elsewhere: each keeps its own memory', () => {
    const k = host({ queues: 1 });
    feature(k, 'rx-gro-list', true);
    eth0(k).gro_flush_timeout = 500_000;
    train(k, { segments: 3 });
    advance(k, 0.1 * ms);
    const n = k.napis[eth0(k).rx[0]!.napi]!;
    const p = n.gro.heads.find((head) => head >= 0)!;
    expect(k.skbs.truesize[p]).toBe(3 * (2048 + 256));
    napi_gro_flush(k, k.cpus[0]!, n, false);
    expect([n.rx_head, k.skbs.segs[p], k.skbs.gso_type[p]]).toEqual([
      p,
      3,
      SKB_GSO_TCPV4 | SKB_GSO_FRAGLIST,
    ]);
  });

  it('chains UDP that no socket wants merged, 64 datagrams at most', () => {
    const k = host({ queues: 1, apps: [{}] });
    feature(k, 'rx-gro-list', true);
    traffic(k, { pattern: 'burst', burst: 64, period_ns: 10 * ms, limit: 64, len: 64 });
    const n = k.napis[eth0(k).rx[0]!.napi]!;
    advance(k, ms);
    expect(processed(k)).toBeLessThan(10);
    expect(n.gro.bitmask).toBe(0);
    checkLedger(k);
  });
});

describe('UDP', () => {
  it('is not merged as long as nobody asks', () => {
    const k = host({ queues: 1, apps: [{}] });
    traffic(k, { pattern: 'burst', burst: 20, period_ns: ms, limit: 20 });
    advance(k, ms);
    expect([processed(k), k.mib.UdpInDatagrams]).toEqual([20, 20]);
  });

  it('is merged for every port with rx-udp-gro-forwarding', () => {
    const k = host({ queues: 1 });
    feature(k, 'rx-udp-gro-forwarding', true);
    traffic(k, { pattern: 'burst', burst: 20, period_ns: ms, limit: 20, dport: 9 });
    advance(k, ms);
    expect(processed(k)).toBeLessThan(5);
    checkLedger(k);
  });

  it('is merged for a socket that asked with UDP_GRO, and for no other', () => {
    const k = host({ queues: 1, apps: [{}, {}] });
    const n = k.napis[eth0(k).rx[0]!.napi]!;
    eth0(k).gro_flush_timeout = 500_000;
    setUdpGro(k, k.socks[1]!, true);
    traffic(k, { pattern: 'burst', burst: 20, period_ns: 10 * ms, limit: 20, dport: 9000 });
    advance(k, 0.4 * ms);
    expect([processed(k), n.gro.bitmask]).toEqual([20, 0]);
    traffic(k, { pattern: 'burst', burst: 20, period_ns: 10 * ms, limit: 20, dport: 9001 });
    advance(k, 0.6 * ms);
    expect(n.gro.bitmask).not.toBe(0);
    expect(processed(k)).toBe(20);
  });
});

describe('a merged datagram that its socket did not ask for', () => {
  it('is cut up again: a fresh head for each, which is charged with its own bytes', () => {
    const k = host({ queues: 1, apps: [{}] });
    const n = k.napis[eth0(k).rx[0]!.napi]!;
    const c = k.cpus[0]!;
    feature(k, 'rx-udp-gro-forwarding', true);
    eth0(k).gro_flush_timeout = 500_000;
    traffic(k, { pattern: 'burst', burst: 4, period_ns: 10 * ms, limit: 4, len: 1042 });
    advance(k, 0.3 * ms);
    napi_gro_flush(k, c, n, false);
    const merged = takeFromRxList(k, c, n);
    takeFromRxList(k, c, n); // the end of the batch
    expect([k.skbs.segs[merged], k.skbs.gso_size[merged]]).toEqual([4, 996]);
    expect(udp_unexpected_gso(k, k.socks[0]!, merged)).toBe(true);
    const segs: Skb[] = [];
    for (let seg = udp_rcv_segment(k, c, merged); seg >= 0; seg = k.skbs.next[seg]!) segs.push(seg);
    const { len, truesize, segs: frames, flags } = k.skbs;
    const rows = segs.map((seg) => [len[seg], truesize[seg], frames[seg], flags[seg]]);
    for (const seg of segs) consume_skb(k, seg);
    // The first has its payload in the head; the heads of the others hold headers only.
    const [plain, first] = [256 + 704, 256 + 2048];
    expect(rows).toEqual([
      [1038, first, 1, 0],
      [1038, plain + 996, 1, 0],
      [1038, plain + 996, 1, 0],
      [1038, plain + 996, 1, 0],
    ]);
    expect(k.skbs.live).toBe(0);
    checkLedger(k);
  });
});

describe('LRO', () => {
  it('merges in the ring, before the driver, and keeps only the last acknowledgement', () => {
    const k = host({ queues: 1 });
    feature(k, 'large-receive-offload', true);
    const q = eth0(k).rx[0]!;
    k.napis[q.napi]!.irq_enabled = false;
    train(k, { segments: 1 });
    const flow = k.flows.count - 1;
    const next = segment(k, flow, 1, MSS, ACK | PSH);
    k.ledger.offered++;
    k.skbs.ack_seq[next] = 7000;
    expect(lroReceive(k, eth0(k), q, next)).toBe(true);
    const p = q.slots[0]!;
    expect([q.used, k.skbs.segs[p], k.skbs.len[p], k.skbs.ack_seq[p]]).toEqual([
      1,
      2,
      54 + 2 * MSS,
      7000,
    ]);
    checkLedger(k);
    const after = segment(k, flow, 2, MSS, ACK); // PSH was the end
    k.ledger.offered++;
    expect(lroReceive(k, eth0(k), q, after)).toBe(false);
  });

  it('is on in vmxnet3 until packets are to be forwarded; what it merged passes GRO by', () => {
    const k = boot({ ...hosts['mixed']!, apps: [] }, 1);
    const vmxnet3 = k.devs.findIndex((dev) => dev.driver === 'vmxnet3');
    const dev = k.devs[vmxnet3]!;
    const lro = (): boolean => dev.features['large-receive-offload'] === true;
    const send = (): void => {
      const spec = {
        dev: vmxnet3,
        saddr: '10.0.0.1',
        daddr: '10.0.0.2',
        sport: 40000,
        dport: 80,
        proto: 6,
      };
      const flow = addFlow(k, spec);
      for (let i = 0; i < 10; i++) {
        const skb = segment(k, flow, i, MSS, ACK);
        k.skbs.dev[skb] = vmxnet3;
        receiveFrame(k, dev, skb);
      }
    };
    expect(lro()).toBe(true);
    for (const q of dev.rx) k.napis[q.napi]!.irq_enabled = false;
    send();
    expect(dev.rx.map((q) => q.used).filter((used) => used > 0)).toEqual([1]);
    checkLedger(k);
    writeSysctl(k, 'net.ipv4.ip_forward', '1\n');
    expect(lro()).toBe(false);
    send();
    expect(dev.rx.map((q) => q.used).filter((used) => used > 0)).toEqual([11]);
    checkLedger(k);
  });
});

describe('the real kernel', () => {
  for (const [name, adapter] of Object.entries({ gro_tcp, gro_udp }))
    it(`gives the same outcome in every case of ${name}`, () => {
      const file = new URL(`../reference/vectors/${name}.json`, import.meta.url);
      const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: { id: string }[] };
      const wrong = cases.flatMap((one) => {
        const differs = adapter.run(one);
        return differs === null ? [] : [`${one.id}: ${differs}`];
      });
      expect(wrong).toEqual([]);
      expect(cases.length).toBeGreaterThan(50);
      expect(
        adapter.run({ ...cases[0], gro_max_size: 100, gro_ipv4_max_size: 100, results: [] }),
      ).toContain('results');
    });
});
