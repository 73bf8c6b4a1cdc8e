/// What a NIC is told to compare for the rules of `ethtool -N DEV flow-type`, by its driver's ways.
import { driverOf } from '../hardware/driver.ts';
import type { RuleChange } from '../hardware/nic_driver.ts';
import type { NetDevice, NicFilter, NtupleRule } from './state.ts';

/// What a NIC compares that compares all that the rule says.
export function wholeFilter(rule: NtupleRule): NicFilter {
  return { ...rule, fragments: true };
}

/// Works out NetDevice.filters after a change of the rules or the features. The caller has the flows' queues looked
/// up again.
export function programFilters(dev: NetDevice, moment: RuleChange): void {
  const { ntuple: rules } = driverOf(dev);
  if (!rules) return;
  if (moment === 'features' && rules.keeps?.(dev) === false) dev.ntuple = [];
  const on = rules.inForce?.(dev, moment) ?? dev.features['ntuple-filters'] === true;
  const compare = (rule: NtupleRule): NicFilter => rules.compared?.(rule) ?? wholeFilter(rule);
  const compared = on ? dev.ntuple.map(compare) : [];
  dev.filters = rules.order ? rules.order(byAge(dev, compared)) : compared;
}

/// Filters that were there before come first, in the order in which they were.
function byAge(dev: NetDevice, filters: readonly NicFilter[]): NicFilter[] {
  const age = (filter: NicFilter): number => {
    const at = dev.filters.findIndex((old) => sameFilter(old, filter));
    return at < 0 ? dev.filters.length : at;
  };
  return filters.toSorted((a, b) => age(a) - age(b));
}

function sameFilter(a: NicFilter, b: NicFilter): boolean {
  return (Object.keys(a) as (keyof NicFilter)[]).every(
    (name) => String(a[name]) === String(b[name]),
  );
}
