import { describe, expect, it } from 'vitest';
import { consoleOf, finish } from '../../src/player/console.ts';
import { openRun } from '../../src/player/open_run.ts';
import { freshRun } from '../../src/player/share.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { xdpFirewall, type Scene } from '../../simulations/xdp-firewall/scenario.ts';

/// The host at the end of the run with that filter: 0 none, 1 nftables, 2 XDP.
function end(filter: number): { k: Kernel; scene: Scene } {
  const knob = xdpFirewall.knobs[0]!;
  const entries = [{ at_ns: 0, line: knob.command(filter), from: 'knob' as const }];
  const run = openRun(
    xdpFirewall,
    { ...freshRun(xdpFirewall), entries, at_ns: xdpFirewall.length_ns },
    () => {},
  );
  finish(run);
  const { k } = run.machine.host;
  return { k, scene: xdpFirewall.scene(k, { at_ns: 0, tally: [] }) };
}

const share = ({ scene }: { scene: Scene }): number => scene.good_read / scene.good_sent;

describe('the firewall simulation', () => {
  it('lets all good datagrams through with XDP, fewer with nftables, fewest without a filter', () => {
    const [none, nft, xdp] = [0, 1, 2].map(end) as [
      ReturnType<typeof end>,
      ReturnType<typeof end>,
      ReturnType<typeof end>,
    ];
    expect(share(xdp)).toBeGreaterThan(0.98);
    expect(share(nft)).toBeLessThan(0.85);
    expect(share(none)).toBeLessThan(0.45);
    expect([none.scene.filter, nft.scene.filter, xdp.scene.filter]).toEqual([
      ...['none', 'nftables', 'XDP'],
    ]);
    expect(xdp.scene.ended.ring).toBe(0);
    expect(none.scene.ended.ring).toBeGreaterThan(nft.scene.ended.ring);
  });

  it('is set with commands that print nothing', () => {
    for (const value of xdpFirewall.knobs[0]!.values) {
      const line = xdpFirewall.knobs[0]!.command(value);
      const bare = { ...xdpFirewall, setup: [], start: [], prelude_ns: 0 };
      expect(consoleOf(bare, [line], 0).filter((chunk) => chunk.stream === 'err')).toEqual([]);
    }
  });
});
