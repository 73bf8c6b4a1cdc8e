/// Receive-side scaling as ethtool sets it: the indirection table, the hash key, the hashed fields.
/// And the rules that steer single flows past them.
/// Stands for ethtool_set_rxfh() and ethtool_set_rxnfc() in net/ethtool/ioctl.c.
/// Left out: further RSS contexts, other hash functions.
import { driverOf, hasRss } from '../hardware/driver.ts';
import type { RuleChange } from '../hardware/nic_driver.ts';
import { done, fails, type Result } from './errno.ts';
import { isRefusal, nicOf } from './ethtool_ops.ts';
import { printk } from './printk.ts';
import { defaultIndir, rssChanged } from './rss.ts';
import { programFilters } from './rxnfc_program.ts';
import type { Kernel, NetDevice, NtupleRule } from './state.ts';

const ETHTOOL_GRXFH = 0x29;
const ETHTOOL_SRXFH = 0x2a;
const UDP_HASHED =
  'enabling UDP RSS: fragmented packets may arrive out of order to the stack above';

/// Entries of the indirection table and bytes of the key that can be read and set.
export function rxfhSizes(k: Kernel, dev: NetDevice): { indir: number; key: number } {
  const { rss } = driverOf(dev);
  if (!rss || !hasRss(nicOf(k, dev))) return { indir: 0, key: 0 };
  return { indir: rss.size, key: rss.keySize };
}

export interface RxfhRequest {
  readonly indir?: readonly number[] | 'default';
  readonly key?: readonly number[];
}

/// Sets the indirection table, or the table that the kernel would draw, or the key. EINVAL for a
/// queue that is not there. Stands for ethtool_set_rxfh().
export function ethtool_set_rxfh(k: Kernel, dev: NetDevice, asked: RxfhRequest): Result {
  const { rss } = driverOf(dev);
  if (!rss) return fails('EOPNOTSUPP');
  const sizes = rxfhSizes(k, dev);
  const queues = dev.rx.length;
  if (asked.key && asked.key.length !== sizes.key) return fails('EINVAL');
  if (!asked.key && !asked.indir) return fails('EINVAL');
  if (asked.indir) {
    const table = asked.indir === 'default' ? defaultIndir(sizes.indir, queues) : [...asked.indir];
    if (table.length !== sizes.indir) return fails('EINVAL');
    if (!sizes.indir) return fails('EOPNOTSUPP');
    if (table.some((queue) => queue >= queues)) return fails('EINVAL');
    const refused = rss.refuse(table, queues);
    if (refused) return fails(refused.errno);
    dev.rss_indir = table;
    dev.rxfh_configured = asked.indir !== 'default';
  }
  if (asked.key) dev.rss_key = [...asked.key];
  rssChanged(dev);
  k.config_version++;
  return done;
}

/// Header fields hashed for one kind of flow (tcp4, udp4, ...), as letters of `ethtool -N`; or why
/// they cannot be read.
export function rxFlowHash(k: Kernel, dev: NetDevice, type: string): string | Result {
  const rules = driverOf(dev).flowHash;
  if (!rules) return fails('EOPNOTSUPP');
  if (rules.unknown) return knowsNot(k, dev, rules.unknown(ETHTOOL_GRXFH));
  const letters = dev.rxnfc[type];
  if (letters !== undefined) return letters;
  return rules.countsRules ? fails('EINVAL') : '';
}

function knowsNot(k: Kernel, dev: NetDevice, text: string): Result {
  printk(k, `${dev.driver} ${dev.pci} ${dev.name}: ${text}`);
  return fails('EOPNOTSUPP');
}

/// Chooses the header fields that are hashed for one kind of flow. Stands for ethtool_set_rxnfc()
/// with ETHTOOL_SRXFH.
export function ethtool_set_rxnfc(
  k: Kernel,
  dev: NetDevice,
  type: string,
  letters: string,
): Result {
  const rules = driverOf(dev).flowHash;
  if (!rules) return fails('EOPNOTSUPP');
  if (rules.unknown) return knowsNot(k, dev, rules.unknown(ETHTOOL_SRXFH));
  const settled = rules.settle(dev.rxnfc, type, letters);
  if (isRefusal(settled)) return fails(settled.errno);
  const ports = (table: Readonly<Record<string, string>>): boolean =>
    table['udp4'] === 'sdfn' || table['udp6'] === 'sdfn';
  if (rules.warnsOfPorts && ports(settled) && !ports(dev.rxnfc))
    printk(
      k,
      `${dev.driver} ${dev.pci}${dev.driver === 'igb' ? '' : ` ${dev.name}`}: ${UDP_HASHED}`,
    );
  dev.rxnfc = settled;
  rssChanged(dev);
  k.config_version++;
  return done;
}

/// Puts a rule at its location, in the place of the one that was there. EOPNOTSUPP where the driver takes
/// none, EINVAL for a queue or a location that is not there, or what the driver says. Stands for
/// ethtool_set_rxnfc() with ETHTOOL_SRXCLSRLINS.
export function insertRule(k: Kernel, dev: NetDevice, rule: NtupleRule): Result {
  const rules = driverOf(dev).ntuple;
  if (!rules) return fails('EOPNOTSUPP');
  const refused = rules.refuse(dev, rule);
  if (refused?.log) printk(k, `${dev.driver} ${dev.pci} ${dev.name}: ${refused.log}`);
  if (refused?.device_log) printk(k, `${dev.driver} ${dev.pci}: ${refused.device_log}`);
  if (refused) return fails(refused.errno);
  const others = dev.ntuple.filter(({ location }) => location !== rule.location);
  return useRules(k, dev, 'inserted', [...others, rules.stored(rule)]);
}

/// Takes the rule at a location away. What the driver says when there is none: most EINVAL. Stands for ethtool_set_rxnfc() with
/// ETHTOOL_SRXCLSRLDEL.
export function deleteRule(k: Kernel, dev: NetDevice, location: number): Result {
  const { ntuple, flowHash } = driverOf(dev);
  if (!ntuple && !flowHash?.countsRules) return fails('EOPNOTSUPP');
  const others = dev.ntuple.filter((rule) => rule.location !== location);
  if (others.length === dev.ntuple.length)
    return fails(ntuple?.absent?.(dev, location, 'delete') ?? 'EINVAL');
  return useRules(k, dev, 'deleted', others);
}

function useRules(
  k: Kernel,
  dev: NetDevice,
  moment: RuleChange,
  rules: readonly NtupleRule[],
): Result {
  dev.ntuple = [...rules].sort((a, b) => a.location - b.location);
  programFilters(dev, moment);
  rssChanged(dev);
  k.config_version++;
  return done;
}
