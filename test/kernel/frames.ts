/// Frames made by hand, one at a time, for the tests of single steps.
import { addFlow, type FlowSpec } from '../../src/kernel/flows.ts';
import { advance } from '../../src/kernel/run.ts';
import { takeSkb } from '../../src/kernel/skb.ts';
import type { Kernel, Skb, SkbPool } from '../../src/kernel/state.ts';
import { receiveFrame } from '../../src/kernel/wire.ts';
import { ETH0, ms } from './hosts.ts';

type Column = { [K in keyof SkbPool]: SkbPool[K] extends Int32Array ? K : never }[keyof SkbPool];

/// A flow from eth0's peer to its address, unless it says otherwise.
export function flowTo(k: Kernel, spec: Partial<FlowSpec> = {}): number {
  return addFlow(k, {
    dev: ETH0,
    saddr: '10.0.0.1',
    daddr: '10.0.0.2',
    sport: 10_000,
    dport: 9000,
    ...spec,
  });
}

/// A frame arrives at a device (eth0): 60 bytes, no flags, and what the columns say.
export function arrive(
  k: Kernel,
  flow: number,
  columns: Partial<Record<Column, number>> = {},
  dev = ETH0,
): Skb {
  const pool = k.skbs;
  const skb = takeSkb(pool);
  pool.flow[skb] = flow;
  pool.dev[skb] = dev;
  pool.len[skb] = 60;
  pool.flags[skb] = 0;
  pool.arrived[skb] = k.now;
  pool.serial[skb] = k.ledger.offered;
  for (const [name, value] of Object.entries(columns)) pool[name as Column][skb] = value;
  receiveFrame(k, k.devs[dev]!, skb);
  return skb;
}

/// Lets everything that has arrived go its way.
export function settle(k: Kernel): void {
  advance(k, k.now + 20 * ms);
}
