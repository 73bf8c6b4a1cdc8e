import { describe, expect, it } from 'vitest';
import { checkLedger, ledgerOf } from '../../src/kernel/ledger.ts';
import { openRaw } from '../../src/kernel/raw.ts';
import { advance } from '../../src/kernel/run.ts';
import { FLAG_FRAG, FLAG_IPID, FLAG_MF } from '../../src/kernel/skb.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { writeSysctl } from '../../src/kernel/sysctl.ts';
import { arrive, flowTo, settle } from './frames.ts';
import { host, ms } from './hosts.ts';

const SECOND = 1000 * ms;

/// A fragment from byte `from` to byte `to` of datagram `id`; one that ends at `size` is the last.
function fragment(
  k: Kernel,
  flow: number,
  id: number,
  from: number,
  to: number,
  size = 4000,
): void {
  const flags = FLAG_FRAG | FLAG_IPID | (to < size ? FLAG_MF : 0);
  arrive(k, flow, {
    flags,
    ipid: id,
    frag_off: from,
    payload: to - from,
    len: Math.max(60, 34 + to - from),
  });
}

/// 16: 0-16 and so on: several fragments, then the host settles and its ledger is checked.
function send(
  k: Kernel,
  flow: number,
  id: number,
  ...parts: readonly (readonly [number, number])[]
): void {
  for (const [from, to] of parts) fragment(k, flow, id, from, to);
  settle(k);
  checkLedger(k);
}

function reasm(k: Kernel): number[] {
  const { IpReasmReqds, IpReasmOKs, IpReasmFails, IpReasmTimeout } = k.mib;
  return [IpReasmReqds, IpReasmOKs, IpReasmFails, IpReasmTimeout];
}

describe('a datagram in fragments', () => {
  const orders: readonly (readonly (readonly [number, number])[])[] = [
    [
      [0, 1480],
      [1480, 2960],
      [2960, 4000],
    ],
    [
      [2960, 4000],
      [1480, 2960],
      [0, 1480],
    ],
    [
      [1480, 2960],
      [0, 1480],
      [2960, 4000],
    ],
  ];
  for (const order of orders)
    it(`is delivered once, as one, when its parts come as ${order.map(([from]) => from).join()}`, () => {
      const k = host({ apps: [{}] });
      send(k, flowTo(k), 7, ...order);
      expect(reasm(k)).toEqual([3, 1, 0, 0]);
      expect(ledgerOf(k)).toMatchObject({ offered: 3, delivered: 3, queued: [], dropped: [] });
      expect([k.mib.IpInDelivers, k.mib.UdpInDatagrams, k.frags.mem]).toEqual([1, 1, 0]);
    });

  it('waits in a place of the ledger, charged by truesize, until the rest is here', () => {
    const k = host({ apps: [{}] });
    send(k, flowTo(k), 7, [0, 1480]);
    expect(ledgerOf(k).queued).toEqual([{ where: 'incomplete datagrams', packets: 1 }]);
    expect(k.frags.mem).toBe(200 + k.skbs.truesize[k.frags.queues[0]!.head]!);
  });

  it('is kept apart by sender, protocol and identification', () => {
    const k = host({ apps: [{}] });
    const flow = flowTo(k);
    send(k, flow, 7, [0, 1480]);
    send(k, flow, 8, [1480, 2960]);
    send(k, flowTo(k, { saddr: '10.0.0.9' }), 7, [1480, 2960]);
    expect(k.frags.queues.filter((q) => q.live).length).toBe(3);
  });

  it('loses a duplicate and nothing else', () => {
    const k = host({ apps: [{}] });
    send(k, flowTo(k), 7, [0, 1480], [0, 1480], [1480, 2960], [2960, 4000]);
    expect(reasm(k)).toEqual([4, 1, 0, 0]);
    expect(ledgerOf(k).dropped).toMatchObject([{ reason: 'DUP_FRAG', packets: 1 }]);
  });

  it('ends whole where two parts overlap', () => {
    const k = host({ apps: [{}] });
    send(k, flowTo(k), 7, [0, 1480], [1472, 2960]);
    expect(reasm(k)).toEqual([2, 0, 1, 0]);
    expect([k.mib.IpExtReasmOverlaps, k.frags.mem]).toEqual([1, 0]);
    expect(ledgerOf(k).queued).toEqual([]);
  });

  it('takes a part that spans two runs which did not come in order for an overlap', () => {
    const k = host({ apps: [{}] });
    send(k, flowTo(k), 7, [8, 16], [0, 8], [24, 32], [0, 16]);
    expect(k.mib.IpExtReasmOverlaps).toBe(1);
    const other = host({ apps: [{}] });
    send(other, flowTo(other), 7, [0, 8], [8, 16], [24, 32], [0, 16]);
    expect([other.mib.IpExtReasmOverlaps, other.frags.queues[0]!.live]).toEqual([0, true]);
  });

  it('ends when bytes lie behind its end, or ends twice', () => {
    const k = host({ apps: [{}] });
    send(k, flowTo(k), 7, [2960, 4000], [4000, 4400]);
    expect(reasm(k)).toEqual([2, 0, 1, 0]);
  });

  it('ends when ECN fields do not go together', () => {
    const k = host({ apps: [{}] });
    fragment(k, flowTo(k, { tos: 0 }), 7, 0, 8, 16);
    fragment(k, flowTo(k, { tos: 2 }), 7, 8, 16, 16);
    settle(k);
    checkLedger(k);
    expect(reasm(k)).toEqual([2, 0, 1, 0]);
  });

  it("has met congestion when one part has: a rule sees CE, or else the first part's field", () => {
    for (const [first, second, left] of [
      [2, 3, 3],
      [1, 3, 3],
      [3, 2, 3],
      [2, 1, 2],
      [0, 0, 0],
    ] as const) {
      const k = host({ apps: [{}] });
      const tap = openRaw(k, -1, 17, 0);
      fragment(k, flowTo(k, { tos: first }), 7, 0, 8, 16);
      fragment(k, flowTo(k, { tos: second | 0x48 }), 7, 8, 16, 16);
      settle(k);
      expect(reasm(k)).toEqual([2, 1, 0, 0]);
      expect(k.mib.UdpInDatagrams).toBe(1);
      expect(k.flows.tos[k.socks[tap]!.copies[0]!.flow]).toBe(left);
    }
  });

  it('goes on as one flow, however many of its datagrams have met congestion', () => {
    const k = host({ apps: [{}] });
    const [clear, marked] = [flowTo(k, { tos: 2 }), flowTo(k, { tos: 3, ttl: 63 })];
    for (const id of [1, 2, 3]) {
      fragment(k, clear, id, 0, 8, 16);
      fragment(k, marked, id, 8, 16, 16);
      settle(k);
    }
    expect(k.mib.UdpInDatagrams).toBe(3);
    expect(k.flows.count).toBe(3);
  });

  it('ends when it is longer than IP allows, which the log says unless ECN has ended it before', () => {
    for (const tos of [0, 2]) {
      const k = host({ apps: [{}] });
      const [flow, last] = [flowTo(k), flowTo(k, { tos })];
      for (let from = 0; from < 65_120; from += 1480)
        fragment(k, flow, 7, from, from + 1480, 65_520);
      fragment(k, last, 7, 65_120, 65_520, 65_520);
      settle(k);
      checkLedger(k);
      expect(reasm(k)).toEqual([45, 0, 1, 0]);
      const said = k.dmesg.filter((line) => line.includes('Oversized IP packet from 10.0.0.1'));
      expect(said).toHaveLength(tos === 0 ? 1 : 0);
    }
  });
});

describe('a datagram that stays incomplete', () => {
  it('goes after ipfrag_time, with word to the sender where the first part was here', () => {
    const k = host({ apps: [{}] });
    writeSysctl(k, 'net.ipv4.ipfrag_time', '2');
    send(k, flowTo(k), 7, [0, 1480]);
    send(k, flowTo(k), 8, [1480, 2960]);
    advance(k, 1.9 * SECOND);
    expect(reasm(k)).toEqual([2, 0, 0, 0]);
    advance(k, 3 * SECOND);
    checkLedger(k);
    expect(reasm(k)).toEqual([2, 0, 2, 2]);
    expect(k.mib['IcmpOutTimeExcds']).toBe(1);
    expect(ledgerOf(k).dropped).toMatchObject([{ reason: 'FRAG_REASM_TIMEOUT', packets: 2 }]);
    expect(k.frags.mem).toBe(0);
  });

  it('is not begun above ipfrag_high_thresh', () => {
    const k = host({ apps: [{}] });
    writeSysctl(k, 'net.ipv4.ipfrag_low_thresh', '1');
    writeSysctl(k, 'net.ipv4.ipfrag_high_thresh', '10000');
    for (let id = 0; id < 20; id++) send(k, flowTo(k), id, [0, 1480]);
    expect(k.frags.mem).toBeGreaterThan(10000);
    expect(k.frags.mem).toBeLessThan(14000);
    expect(k.mib.IpReasmFails).toBe(20 - k.frags.queues.length);
    expect(ledgerOf(k).dropped).toMatchObject([{ reason: 'NOT_SPECIFIED' }]);
  });

  it('begins anew when more than ipfrag_max_dist other fragments came between', () => {
    const k = host({ apps: [{}] });
    writeSysctl(k, 'net.ipv4.ipfrag_max_dist', '3');
    const flow = flowTo(k);
    send(k, flow, 7, [0, 1480]);
    for (let id = 20; id < 24; id++) send(k, flow, id, [0, 1480]);
    send(k, flow, 7, [1480, 2960]);
    expect(ledgerOf(k).dropped).toMatchObject([{ reason: 'FRAG_TOO_FAR', packets: 1 }]);
    send(k, flow, 7, [2960, 4000], [0, 1480]);
    expect(k.mib.IpReasmOKs).toBe(1);
  });
});
