/// Hosts and traffic for the kernel's tests.
import { hosts } from '../../src/hardware/hosts.ts';
import { boot } from '../../src/kernel/boot.ts';
import type { AppDescription, HostDescription } from '../../src/kernel/host.ts';
import { rssChanged } from '../../src/kernel/rss.ts';
import type { Kernel, NetDevice } from '../../src/kernel/state.ts';
import { startSource, type SourceSpec } from '../../src/kernel/traffic.ts';

export const ETH0 = 1;
export const ms = 1_000_000;

export interface HostOptions {
  readonly profile?: 'igb' | 'virtio';
  readonly queues?: number;
  readonly speed_mbps?: number;
  readonly apps?: readonly Partial<AppDescription>[];
  readonly seed?: number;
}

/// A host with the NICs of a profile, and readers on ports 9000, 9001, ...
export function host(options: HostOptions = {}): Kernel {
  const base = hosts[options.profile ?? 'igb']!;
  const nics = base.nics.map((nic) => ({
    ...nic,
    queues: options.queues ?? nic.queues,
    speed_mbps: options.speed_mbps ?? nic.speed_mbps,
  }));
  const apps = (options.apps ?? []).map((app, i) => ({
    ...{ comm: `sink${i}`, user: 'alice', port: 9000 + i, cpu: -1, service_ns: 0, rcvbuf: 0 },
    ...app,
  }));
  const desc: HostDescription = { ...base, nics, apps };
  return boot(desc, options.seed ?? 1);
}

export function eth0(k: Kernel): NetDevice {
  return k.devs[ETH0]!;
}

/// Traffic to eth0.
export function traffic(k: Kernel, spec: Partial<SourceSpec>): number {
  return startSource(k, { dev: ETH0, ...spec });
}

/// Lets the NIC hash UDP ports, so that flows spread over the queues.
export function hashPorts(k: Kernel): void {
  eth0(k).rxnfc = { ...eth0(k).rxnfc, udp4: 'sdfn' };
  rssChanged(eth0(k));
}

export function dropped(k: Kernel, reason: number): number {
  return k.ledger.drops[reason]!;
}
