/// Devices that stand on others, for the tests of VLAN, bridge, bond and macvlan.
import { dev_open } from '../../src/kernel/dev.ts';
import { inet_insert_ifa } from '../../src/kernel/devinet.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { rtnl_newlink, type NewLink } from '../../src/kernel/rtnl_link.ts';
import { nextTime, stepEvent } from '../../src/kernel/run.ts';
import type { SourceSpec } from '../../src/kernel/traffic.ts';
import type { Kernel, NetDevice } from '../../src/kernel/state.ts';
import { ms, traffic } from './hosts.ts';

export const VLAN10 = { id: 10, reorder_hdr: true, ingress: [0, 0, 0, 0, 0, 0, 0, 0], egress: {} };

/// A new device that is up, with an address where one is given.
export function add(k: Kernel, wanted: NewLink, address?: string): NetDevice {
  const made = rtnl_newlink(k, wanted);
  if (!made.ok) throw new Error(made.extack ?? made.errno);
  const dev = named(k, wanted.name);
  dev_open(k, dev);
  if (address !== undefined) inet_insert_ifa(k, dev, address);
  return dev;
}

export function named(k: Kernel, name: string): NetDevice {
  return k.devs.find((dev) => dev.name === name)!;
}

/// Sends frames to port 9000 and lets them arrive; the ledger holds at every event.
export function send(k: Kernel, spec: Partial<SourceSpec>): void {
  traffic(k, { pps: 100_000, limit: 10, flows: 2, dport: 9000, ...spec });
  const until = k.now + 10 * ms;
  while (nextTime(k) <= until && stepEvent(k)) checkLedger(k);
  k.now = until;
}

export function processed(k: Kernel): number {
  return k.cpus.reduce((sum, c) => sum + c.processed, 0);
}
