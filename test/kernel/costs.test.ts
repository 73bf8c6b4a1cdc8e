import { describe, expect, it } from 'vitest';
import { COST_TOTALS, stepsNs } from '../../src/kernel/cost_totals.ts';
import { COSTS, costKind, FRAME_NS, RECEIVE_NS, type Cost } from '../../src/kernel/costs.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { measureTotal } from '../../site/cost_totals.ts';

const entries = Object.entries<Cost>(COSTS);

describe('the costs', () => {
  it.each(entries)(
    '%s is a whole number of nanoseconds and says where it comes from',
    (_, cost) => {
      expect(Number.isInteger(cost.ns)).toBe(true);
      expect(cost.ns).toBeGreaterThan(0);
      expect(['published', 'split', 'measured', 'estimate']).toContain(costKind(cost));
    },
  );

  it('name for all that is published or measured a paper, its data, or a program to run', () => {
    const vague = entries.filter(
      ([, cost]) =>
        ['published', 'measured'].includes(costKind(cost)) &&
        !/CoNEXT 2018|SIGCOMM 2021|xdp-paper, benchmarks|tools\/measure/.test(cost.source),
    );
    expect(vague).toEqual([]);
  });

  it('of a datagram add up to 538 ns, and of waking a task and switching to it to 2320', () => {
    expect(FRAME_NS + RECEIVE_NS).toBe(538);
    expect(COSTS.sock_def_readable.ns + COSTS.context_switch.ns).toBe(2320);
    expect(COSTS.recvmsg.ns + COSTS.udp_recvmsg.ns).toBe(550);
  });
});

describe('what a packet costs a flooded CPU', () => {
  it.each(COST_TOTALS.map((one) => [one.name, one] as const))('%s', (_, one) => {
    const measured = measureTotal(one);
    checkLedger(measured.k);
    expect(measured.ratio).toBeGreaterThan(1 / 1.5);
    expect(measured.ratio).toBeLessThan(1.5);
    // What the steps do not name is the poll, shared by the frames of it.
    expect(Math.abs(measured.ns - stepsNs(one))).toBeLessThan(8);
  });

  it('is what becomes of it in that case, not something cheaper', () => {
    const ended = (id: string): Record<string, boolean> => {
      const { k } = measureTotal(COST_TOTALS.find((one) => one.id === id)!);
      const { offered, delivered, forwarded, drops } = k.ledger;
      const most = offered / 5;
      const dropped = drops.reduce((sum, n) => sum + n, 0);
      return {
        delivered: delivered > most,
        forwarded: forwarded > most,
        dropped: dropped > most && delivered + forwarded === 0,
      };
    };
    const only = (what: string) => ({
      ...{ delivered: false, forwarded: false, dropped: false },
      [what]: true,
    });
    for (const id of ['xdp-drop', 'raw-drop', 'input-drop', 'conntrack-drop'])
      expect([id, ended(id)]).toEqual([id, only('dropped')]);
    for (const id of ['xdp-tx', 'xdp-redirect', 'forward'])
      expect([id, ended(id)]).toEqual([id, only('forwarded')]);
    expect(ended('udp')).toEqual(only('delivered'));
  });
});
