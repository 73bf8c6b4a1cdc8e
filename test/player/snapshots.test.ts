import { expect, it } from 'vitest';
import { digest } from '../../src/engine/digest.ts';
import { advance } from '../../src/kernel/run.ts';
import { createSnapshots, machineAt, nearest, take } from '../../src/player/snapshots.ts';
import { bootMachine } from '../../src/player/machine.ts';
import { shell } from '../../src/player/open_run.ts';
import { startSource } from '../../src/kernel/traffic.ts';
import { scenarioNamed } from '../../simulations/index.ts';

const ms = 1_000_000;

it('keeps of the packets only the columns that hold something, and comes back to the same state', () => {
  const m = bootMachine(shell, scenarioNamed('rx-ring')!, 7, null);
  startSource(m.host.k, { dev: 1, pps: 1_000_000, flows: 8 });
  advance(m.host.k, 3 * ms);
  const store = createSnapshots(1e9, ms);
  take(store, m);
  const { k } = nearest(store, 3 * ms);
  expect(k.skbs.len.length).toBeGreaterThan(0);
  expect(k.skbs.len.length).toBeLessThan(m.host.k.skbs.len.length);
  expect([k.skbs.seq.length, k.skbs.frag_off.length]).toEqual([0, 0]);
  const again = machineAt(nearest(store, 3 * ms), null, shell).host.k;
  expect(again.skbs.seq.length).toBe(again.skbs.capacity);
  expect(digest(again)).toBe(digest(m.host.k));
  advance(again, 6 * ms);
  advance(m.host.k, 6 * ms);
  expect(digest(again)).toBe(digest(m.host.k));
});

it('shares what has not changed with the one before, and takes back what has', () => {
  const m = bootMachine(shell, scenarioNamed('rx-ring')!, 7, null);
  const { k } = m.host;
  const store = createSnapshots(1e9, ms);
  startSource(k, { dev: 1, pps: 1_000_000, flows: 8 });
  const digests = [1, 2, 3].map((at) => {
    advance(k, at * ms);
    if (at === 3) k.sysctl['net.core.rmem_max'] = '4096';
    take(store, m);
    return digest(k);
  });
  const [first, second, third] = store.list;
  expect(second!.k.sysctl).toBe(first!.k.sysctl);
  expect(second!.k.flows.saddr).toBe(first!.k.flows.saddr);
  expect(second!.bytes).toBeLessThan(first!.bytes);
  expect(third!.k.sysctl).not.toBe(first!.k.sysctl);
  expect(store.list.map((one) => digest(machineAt(one, null, shell).host.k))).toEqual(digests);
  const again = machineAt(second!, null, shell).host.k;
  again.sysctl['net.core.rmem_max'] = '1';
  again.flows.saddr[0] = '';
  expect(digest(machineAt(second!, null, shell).host.k)).toBe(digests[1]);
});
