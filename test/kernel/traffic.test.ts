import { describe, expect, it } from 'vitest';
import { IP_FAULT } from '../../src/kernel/ip_faults.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { REASON } from '../../src/kernel/reasons.ts';
import { advance, nextTime, stepEvent } from '../../src/kernel/run.ts';
import {
  FLAG_BAD_CSUM,
  FLAG_BAD_IP,
  FLAG_BROADCAST,
  FLAG_FRAG,
  FLAG_IPID,
  FLAG_MF,
  FLAG_MULTICAST,
  FLAG_TCP,
  FLAG_VLAN,
} from '../../src/kernel/skb.ts';
import { digest } from '../../src/engine/digest.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import type { SourceSpec } from '../../src/kernel/traffic.ts';
import { dropped, eth0, host, ms, traffic } from './hosts.ts';

/// A host of one queue whose ring nobody empties, after that traffic.
function received(spec: Partial<SourceSpec>): Kernel {
  const k = host({ queues: 1 });
  k.napis[eth0(k).rx[0]!.napi]!.irq_enabled = false;
  eth0(k).features['rx-vlan-filter'] = false; // what arrives is looked at, whoever it is for
  traffic(k, { pps: 100_000, limit: 12, ...spec });
  advance(k, 10 * ms);
  checkLedger(k);
  return k;
}

/// Packets in the ring, in order of arrival.
function ring(k: Kernel): number[] {
  return [...eth0(k).rx[0]!.slots].filter((skb) => skb >= 0);
}

describe('a sender', () => {
  it('leaves a plain frame without flags, and keeps no shape', () => {
    const k = received({});
    expect(k.sources[0]!.shape).toBeNull();
    expect(ring(k).map((skb) => k.skbs.flags[skb])).toEqual(new Array(12).fill(0));
  });

  it('cuts a datagram longer than its MTU into fragments that cover it once', () => {
    const k = received({ len: 4018, mtu: 1500, flows: 2, limit: 6 });
    const { skbs } = k;
    const rows = ring(k).map((skb) => [
      skbs.len[skb],
      skbs.frag_off[skb],
      skbs.payload[skb],
      skbs.flags[skb]! & FLAG_MF ? 'more' : 'last',
      skbs.ipid[skb],
      skbs.flow[skb],
    ]);
    expect(rows).toEqual([
      [1514, 0, 1480, 'more', 1, 0],
      [1514, 1480, 1480, 'more', 1, 0],
      [1054, 2960, 1020, 'last', 1, 0],
      [1514, 0, 1480, 'more', 2, 1],
      [1514, 1480, 1480, 'more', 2, 1],
      [1054, 2960, 1020, 'last', 2, 1],
    ]);
    const both = FLAG_FRAG | FLAG_IPID;
    expect(ring(k).every((skb) => (skbs.flags[skb]! & both) === both)).toBe(true);
  });

  it('gives each fragment its own time on the wire', () => {
    const k = received({ len: 4018, mtu: 1500, pps: 10_000_000, limit: 3 });
    const arrived = ring(k).map((skb) => k.skbs.arrived[skb]!);
    // 1518, 1518 and 1058 bytes with their FCS, and 20 bytes of preamble and gap each, at 1 Gb/s
    expect(arrived).toEqual([12_304, 24_608, 24_608 + 8_624]);
  });

  it('tags its frames, which then take four bytes more of the wire', () => {
    const k = received({ vlan: 10, pps: 5_000_000, limit: 2 });
    const [first, second] = ring(k);
    expect(k.skbs.flags[first!]).toBe(FLAG_VLAN);
    expect(k.skbs.vlan_tci[first!]).toBe(10);
    expect(k.skbs.arrived[second!]! - k.skbs.arrived[first!]!).toBe(704);
  });

  it('counts its addresses up from the peer, and deals the flows out to them', () => {
    const k = received({ sources: 3, flows: 6, ports: 2 });
    expect(k.flows.saddr).toEqual([
      ...['10.0.0.1', '10.0.0.3', '10.0.0.4', '10.0.0.1', '10.0.0.3', '10.0.0.4'],
    ]);
    expect(k.flows.sport).toEqual([10_000, 10_000, 10_000, 10_001, 10_001, 10_001]);
    expect(k.flows.dport).toEqual([9000, 9001, 9000, 9001, 9000, 9001]);
  });

  it('stays with a flow for as many frames as a train has', () => {
    const k = received({ flows: 2, train: 3, limit: 8 });
    expect(ring(k).map((skb) => k.skbs.flow[skb])).toEqual([0, 0, 0, 1, 1, 1, 0, 0]);
  });

  it('counts the sequence numbers of a TCP flow on', () => {
    const k = received({ proto: 'tcp', len: 1518, flows: 2, train: 2, limit: 6 });
    const { skbs } = k;
    expect(ring(k).map((skb) => [skbs.flow[skb], skbs.seq[skb], skbs.payload[skb]])).toEqual([
      ...[0, 0].map((flow, i) => [flow, 1 + 1448 * i, 1448]),
      ...[1, 1].map((flow, i) => [flow, 1 + 1448 * i, 1448]),
      ...[0, 0].map((flow, i) => [flow, 1 + 1448 * (2 + i), 1448]),
    ]);
    expect(skbs.flags[ring(k)[0]!]! & FLAG_TCP).toBe(FLAG_TCP);
  });

  it('makes about the share of wrong headers and checksums that was asked for', () => {
    const k = received({ bad_ip: 0.25, bad_header: 'truncated', bad_csum: 0.5, limit: 200 });
    const count = (flag: number): number =>
      ring(k).filter((skb) => k.skbs.flags[skb]! & flag).length;
    expect(count(FLAG_BAD_IP)).toBeGreaterThan(30);
    expect(count(FLAG_BAD_IP)).toBeLessThan(70);
    expect(count(FLAG_BAD_CSUM)).toBeGreaterThan(75);
    expect(count(FLAG_BAD_CSUM)).toBeLessThan(125);
    const bad = ring(k).find((skb) => k.skbs.flags[skb]! & FLAG_BAD_IP)!;
    expect(k.skbs.cb[bad]).toBe(IP_FAULT.TRUNCATED);
  });

  it('speaks IPv6 to the link-local address that the kernel makes of the MAC', () => {
    const k = received({ v6: true });
    expect([k.flows.family[0], k.flows.saddr[0], k.flows.daddr[0]]).toEqual([
      ...[10, 'fe80::1', 'fe80::5054:ff:fe12:3450'],
    ]);
  });

  it('comes to the same state frame by frame as in one go, also when two share a wire', () => {
    const run = (one: boolean): Kernel => {
      const k = host({ queues: 1, speed_mbps: 10_000, apps: [{}] });
      traffic(k, { pps: 9_000_000, flows: 5, limit: 20_000 });
      traffic(k, { pattern: 'poisson', pps: 3_000_000, len: 200, limit: 5000 });
      const to_ns = 4 * ms;
      while (!one && nextTime(k) <= to_ns) stepEvent(k);
      advance(k, to_ns);
      return k;
    };
    const whole = run(true);
    expect(dropped(whole, REASON.RX_MISSED_ERRORS)).toBeGreaterThan(10_000);
    expect(digest(whole)).toBe(digest(run(false)));
  });
});

describe('the address filter', () => {
  it('takes broadcasts, and counts them', () => {
    const k = received({ daddr: '10.0.0.255' });
    expect(k.skbs.flags[ring(k)[0]!]).toBe(FLAG_BROADCAST);
    expect(eth0(k).hw.rx_broadcast).toBe(12);
    expect(received({ proto: 'arp' }).devs[1]!.hw.rx_broadcast).toBe(12);
  });

  it('asks for the host’s link address, and is answered each time', () => {
    const k = host();
    traffic(k, { proto: 'arp', pps: 1000, limit: 12 });
    advance(k, 20 * ms);
    checkLedger(k);
    expect(k.flows.sport[k.sources[0]!.first_flow]).toBe(1);
    expect(eth0(k).hw['tx_packets']).toBe(12);
    expect(k.neighs.some(({ addr }) => addr === 0x0a00_0001)).toBe(true);
  });

  it('takes no multicast group but that of all hosts, until it is to take them all', () => {
    const to = (daddr: string, allmulti: number, promisc: number): number[] => {
      const k = host({ queues: 1, apps: [] });
      k.napis[eth0(k).rx[0]!.napi]!.irq_enabled = false;
      Object.assign(eth0(k), { allmulti, promisc });
      traffic(k, { pps: 100_000, limit: 5, daddr });
      advance(k, ms);
      if (ring(k).length > 0) expect(k.skbs.flags[ring(k)[0]!]).toBe(FLAG_MULTICAST);
      return [eth0(k).rx[0]!.used, eth0(k).hw.rx_multicast, dropped(k, REASON.FILTER)];
    };
    expect(to('224.0.0.1', 0, 0)).toEqual([5, 5, 0]);
    expect(to('239.1.2.3', 0, 0)).toEqual([0, 0, 5]);
    expect(to('239.1.2.3', 1, 0)).toEqual([5, 5, 0]);
    expect(to('239.1.2.3', 0, 1)).toEqual([5, 5, 0]);
  });

  it('of igb takes frames up to 1536 bytes whatever a small MTU says, and counts longer ones', () => {
    const sent = (len: number, mtu: number): number[] => {
      const k = host({ queues: 1 });
      k.napis[eth0(k).rx[0]!.napi]!.irq_enabled = false;
      eth0(k).mtu = mtu;
      traffic(k, { pps: 10_000, limit: 3, len, mtu: 9000 });
      advance(k, ms);
      return [eth0(k).rx[0]!.used, eth0(k).hw.rx_long_length_errors];
    };
    expect(sent(1536, 1000)).toEqual([3, 0]);
    expect(sent(1537, 1500)).toEqual([0, 3]);
    expect(sent(1537, 1511)).toEqual([3, 0]);
    expect(sent(9018, 1511)).toEqual([3, 0]);
  });
});

describe('two senders on one wire', () => {
  it('share it when each wants all of it', () => {
    const k = host({ queues: 1 });
    const slow = { len: 1518, pps: 80_000 };
    traffic(k, slow);
    advance(k, 10 * ms);
    traffic(k, slow);
    advance(k, 30 * ms);
    const [first, second] = k.sources.map((source) => source.sent);
    expect(Math.abs(first! - 800 - second!)).toBeLessThan(8); // 800: alone, in the first 10 ms
    expect(second).toBeGreaterThan(800);
  });

  it('take as long together as the wire needs for all their frames', () => {
    const k = host({ queues: 1 });
    for (const len of [64, 1518, 400]) traffic(k, { len, pps: 1_500_000 });
    advance(k, 20 * ms);
    const bytes = k.sources.reduce((sum, { sent, len }) => sum + sent * (len + 20), 0);
    expect(bytes * 8).toBeGreaterThan(0.999 * 20_000_000);
    expect(bytes * 8).toBeLessThanOrEqual(20_000_000);
  });
});
