/// Offload features as ethtool switches them. Stands for ethnl_set_features() in
/// net/ethtool/features.c and for __netdev_update_features() and netdev_fix_features() in
/// net/core/dev.c.
/// Left out: the dependencies of TLS, which no driver here lets a user switch on.
import { driverOf, freeFeatures } from '../hardware/driver.ts';
import { byKernelString, FEATURES } from '../hardware/features.ts';
import { fails } from './errno.ts';
import { failsAt, resetNic, type EthtoolResult } from './ethtool_ops.ts';
import { printk } from './printk.ts';
import { rssChanged } from './rss.ts';
import { programFilters } from './rxnfc_program.ts';
import type { Kernel, NetDevice } from './state.ts';
import { xdpRefusesFeatures } from './xdp/attach.ts';

/// What a request came to: features that did not get the value asked for, and features that changed.
export interface FeatureChanges {
  readonly ok: true;
  readonly refused: readonly { readonly name: string; readonly asked: boolean }[];
  readonly changed: readonly string[];
}

/// Switches features, named by the kernel's strings (rx-gro), in the order of the request. An unknown
/// name refuses the whole request; a fixed one is left as it is.
export function ethtool_set_features(
  k: Kernel,
  dev: NetDevice,
  asked: Readonly<Record<string, boolean>>,
): FeatureChanges | Exclude<EthtoolResult, { ok: true }> {
  const wanted: Record<string, boolean> = {};
  for (const [string, on] of Object.entries(asked)) {
    const name = byKernelString(string);
    if (!name) return refusal(failsAt('EOPNOTSUPP', 'bit name not found', string));
    if (name === 'vlan-challenged')
      return refusal(fails('EINVAL', 'attempt to change non-ethtool features'));
    wanted[name] = on;
  }
  const before = dev.features;
  const free = freeFeatures(dev);
  for (const [name, on] of Object.entries(wanted))
    if (free.includes(name)) dev.wanted_features[name] = on;
  netdev_update_features(k, dev);
  return {
    ok: true,
    refused: FEATURES.filter((name) => name in wanted && wanted[name] !== dev.features[name]).map(
      (name) => ({ name, asked: wanted[name]! }),
    ),
    changed: FEATURES.filter((name) => before[name] !== dev.features[name]),
  };
}

function refusal(result: EthtoolResult): Exclude<EthtoolResult, { ok: true }> {
  if (result.ok) throw new Error('a refusal that is none');
  return result;
}

/// Works out which features may be on, from what is wanted and what needs what.
export function netdev_update_features(k: Kernel, dev: NetDevice): void {
  const rules = driverOf(dev).features;
  const free = freeFeatures(dev);
  const before = dev.features;
  const wanted = Object.fromEntries(
    FEATURES.map((name) => [
      name,
      (free.includes(name) ? dev.wanted_features[name] : before[name]) ?? false,
    ]),
  );
  const log = rules.fixLog?.(wanted, dev) ?? null;
  if (log !== null) printk(k, `${dev.driver} ${dev.pci} ${dev.name}: ${log}`);
  const after = netdev_fix_features(rules.fix?.(wanted, dev) ?? wanted, rules.partial);
  if (dev.xdp !== null && xdpRefusesFeatures(k, dev, after)) return;
  if (FEATURES.every((name) => before[name] === after[name])) return;
  dev.features = after;
  programFilters(dev, 'features');
  rssChanged(dev);
  if (dev.up && rules.resets?.(before, after)) resetNic(k, dev);
  k.config_version++;
}

const TSO = FEATURES.filter((name) => /^tx-tcp.*-segmentation$/.test(name));

/// Takes away what lacks something it needs. `partial` are the segmentations that work only with
/// tx-gso-partial on this device.
export function netdev_fix_features(
  wanted: Readonly<Record<string, boolean>>,
  partial: readonly string[],
): Record<string, boolean> {
  const on: Record<string, boolean> = { ...wanted };
  const drop = (...names: readonly string[]): void => {
    for (const name of names) on[name] = false;
  };
  const generic = on['tx-checksum-ip-generic'] ?? false;
  if (!on['tx-scatter-gather']) drop(...TSO);
  if (!generic && !on['tx-checksum-ipv4']) drop('tx-tcp-segmentation', 'tx-tcp-ecn-segmentation');
  if (!generic && !on['tx-checksum-ipv6']) drop('tx-tcp6-segmentation');
  if (!on['tx-tcp-segmentation']) drop('tx-tcp-mangleid-segmentation');
  if (TSO.every((name) => on[name] === (name === 'tx-tcp-ecn-segmentation')))
    drop('tx-tcp-ecn-segmentation');
  if (!on['tx-scatter-gather']) drop('generic-segmentation-offload');
  if (!on['tx-gso-partial']) drop(...partial);
  if (!on['rx-checksumming']) drop('rx-gro-hw');
  if (on['rx-fcs']) drop('large-receive-offload', 'rx-gro-hw');
  if (!generic && !(on['tx-checksum-ipv4'] && on['tx-checksum-ipv6'])) drop('tx-udp-segmentation');
  return on;
}
