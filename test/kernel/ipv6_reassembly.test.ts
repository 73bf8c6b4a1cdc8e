/// Fragments of IPv6: put together, given up, refused, forwarded as they are.
import { describe, expect, it } from 'vitest';
import { spawn } from '../../src/kernel/apps.ts';
import { inet6_addr_add } from '../../src/kernel/ipv6_addr.ts';
import { checkLedger, ledgerOf } from '../../src/kernel/ledger.ts';
import { openRaw } from '../../src/kernel/raw.ts';
import { advance } from '../../src/kernel/run.ts';
import { FLAG_FRAG, FLAG_IPID, FLAG_MF } from '../../src/kernel/skb.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { writeSysctl } from '../../src/kernel/sysctl.ts';
import { arrive, flowTo, settle } from './frames.ts';
import { eth0, host, ms, traffic } from './hosts.ts';

const HERE = '2001:db8:0:1::1';
const OWN = '2001:db8:0:1::2';
const second = 1_000_000_000;

function receiver(): Kernel {
  const k = host();
  inet6_addr_add(k, eth0(k), `${OWN}/64`);
  const app = { comm: 'sink', uid: 1000, cpu: -1, proto: 'udp', port: 9000 } as const;
  spawn(k, { ...app, address: '::', reads: true, service_ns: 0 });
  return k;
}

/// Fragments of one datagram, each as its offset, its bytes, and whether more are to come.
function fragments(
  k: Kernel,
  parts: readonly (readonly [number, number, boolean])[],
  id = 1,
  tos: readonly number[] = [],
): void {
  parts.forEach(([frag_off, payload, more], i) => {
    const flow = flowTo(k, { saddr: HERE, daddr: OWN, tos: tos[i] ?? 0 });
    const flags = FLAG_FRAG | FLAG_IPID | (more ? FLAG_MF : 0);
    arrive(k, flow, { len: 62 + payload, payload, frag_off, ipid: id, flags });
  });
  settle(k);
  checkLedger(k);
}

function counts(k: Kernel): (number | undefined)[] {
  const { Ip6ReasmReqds, Ip6ReasmOKs, Ip6ReasmFails, Ip6ReasmTimeout } = k.mib;
  return [Ip6ReasmReqds, Ip6ReasmOKs, Ip6ReasmFails, Ip6ReasmTimeout].map((one) => one ?? 0);
}

function reasons(k: Kernel): string[] {
  return ledgerOf(k).dropped.map(({ reason }) => reason);
}

describe('fragments of IPv6', () => {
  it('that a sender makes become its datagrams again', () => {
    const k = receiver();
    traffic(k, { v6: true, len: 4000, mtu: 1500, pps: 100_000, limit: 30 });
    advance(k, 20 * ms);
    checkLedger(k);
    // 3942 bytes behind the header, 1448 to a fragment.
    expect(counts(k)).toEqual([30, 10, 0, 0]);
    expect([k.mib['Udp6InDatagrams'], k.mib['Ip6InDelivers']]).toEqual([10, 10]);
    expect(k.socks.at(-1)!.received_bytes).toBe(10 * (4000 - 4 - 14 - 40 - 8));
    expect(k.frags6.mem).toBe(0);
    expect(ledgerOf(k).delivered).toBe(30);
  });

  it('come in any order, and a duplicate is dropped alone', () => {
    const k = receiver();
    fragments(k, [
      [1000, 208, false],
      [0, 504, true],
      [0, 504, true],
      [504, 496, true],
    ]);
    expect(counts(k)).toEqual([4, 1, 0, 0]);
    expect(reasons(k)).toEqual(['DUP_FRAG']);
    expect(k.mib['Udp6InDatagrams']).toBe(1);
  });

  it('that overlap end the whole datagram', () => {
    const k = receiver();
    fragments(k, [
      [0, 504, true],
      [496, 200, false],
    ]);
    expect(counts(k)).toEqual([2, 0, 1, 0]);
    expect([k.frags6.mem, k.mib['Udp6InDatagrams'] ?? 0]).toEqual([0, 0]);
  });

  it('with bytes that are no multiple of eight before the last are told of', () => {
    const k = receiver();
    fragments(k, [[0, 503, true]]);
    expect([k.mib['Ip6InHdrErrors'], k.mib['Icmp6OutParmProblems']]).toEqual([1, 1]);
  });

  it('of different ECN fields do not go together when one sender does not take part', () => {
    const k = receiver();
    const two = [
      [0, 504, true],
      [504, 200, false],
    ] as const;
    fragments(k, two, 1, [0, 3]);
    fragments(k, two, 2, [2, 3]);
    expect(counts(k)).toEqual([4, 1, 1, 0]);
  });

  it('have met congestion together when one of them has', () => {
    const k = receiver();
    const tap = openRaw(k, -1, 17, 0, '::');
    fragments(
      k,
      [
        [0, 504, true],
        [504, 200, false],
      ],
      1,
      [2, 3],
    );
    expect(counts(k)).toEqual([2, 1, 0, 0]);
    expect(k.flows.tos[k.socks[tap]!.copies[0]!.flow]).toBe(3);
    expect(k.mib['Udp6InDatagrams']).toBe(1);
  });

  it('wait for net.ipv6.ip6frag_time, and the sender of the first is told', () => {
    const k = receiver();
    fragments(k, [[0, 504, true]], 1);
    fragments(k, [[504, 504, true]], 2);
    expect(k.frags6.mem).toBe(
      2 * 184 + k.frags6.queues.reduce((sum, q) => sum + k.skbs.truesize[q.head]!, 0),
    );
    advance(k, 59 * second);
    expect(counts(k)).toEqual([2, 0, 0, 0]);
    advance(k, 61 * second);
    checkLedger(k);
    expect(counts(k)).toEqual([2, 0, 2, 2]);
    expect([k.mib['Icmp6OutTimeExcds'], k.frags6.mem]).toEqual([1, 0]);
    expect(reasons(k)).toEqual(['FRAG_REASM_TIMEOUT']);
  });

  it('are refused above net.ipv6.ip6frag_high_thresh', () => {
    const k = receiver();
    writeSysctl(k, 'net.ipv6.ip6frag_low_thresh', '100');
    writeSysctl(k, 'net.ipv6.ip6frag_high_thresh', '1000');
    for (let id = 1; id <= 3; id++) fragments(k, [[0, 504, true]], id);
    expect(counts(k)).toEqual([3, 0, 2, 0]);
  });

  it('are forwarded as they are', () => {
    const k = receiver();
    inet6_addr_add(k, k.devs[2]!, '2001:db8:0:2::2/64');
    writeSysctl(k, 'net.ipv6.conf.all.forwarding', '1');
    const daddr = '2001:db8:0:2::9';
    traffic(k, { v6: true, daddr, len: 4000, mtu: 1500, pps: 100_000, limit: 30 });
    advance(k, 20 * ms);
    expect(ledgerOf(k).forwarded).toBe(30);
    expect(counts(k)).toEqual([0, 0, 0, 0]);
  });
});
