/// The rules for single flows that a Cadence GEM takes: its type 2 screeners. Stands for gem_add_flow_filter(),
/// gem_prog_cmp_regs() and gem_enable_flow_filters() in drivers/net/ethernet/cadence/macb_main.c.
/// A screener compares the Ethernet type (IPv4), and with one comparison each the source, the destination and the
/// ports. What a rule says of the transport protocol or the type of service is kept and shown, and compared by
/// nobody; nor is a field of which a mask leaves out a part.
/// The driver arms the screeners only when it inserts a rule while `ntuple-filters` is on: it asks for the feature
/// before the kernel has set it, so that switching it on arms nothing, as was recorded.
/// Left out: IPv6 and rules about other headers, which the driver would take for IPv4 ones.
import type { NicFilter, NtupleRule } from '../kernel/state.ts';
import { isSix } from '../kernel/rxnfc_rules.ts';
import type { NtupleRules } from './nic_driver.ts';
import { FIELDS, isWhole } from './rule_fields.ts';

// QEMU's GEM with four screeners and twelve comparisons: three for each rule.
const MAX_TUPLES = 4;

export const macbNtuple: NtupleRules = {
  size: MAX_TUPLES,
  refuse(dev, rule) {
    if (isSix(rule)) return { errno: 'ENOTMODELLED' };
    if (rule.location >= MAX_TUPLES) return { errno: 'EINVAL' };
    // A rule that drops has the largest queue number of all.
    if (rule.queue < 0 || rule.queue >= dev.rx.length) return { errno: 'EINVAL' };
    if (dev.ntuple.some(({ location }) => location === rule.location))
      return { errno: 'EBUSY', log: `Rule not added: location ${rule.location} not free!` };
    return null;
  },
  stored: (rule) => rule,
  inForce: (dev, moment) =>
    dev.features['ntuple-filters'] === true && (moment === 'inserted' || dev.filters.length > 0),
  compared,
};

/// Which of its comparisons a screener has for a rule.
function compared(rule: NtupleRule): NicFilter {
  const none = { src_mask: [0], dst_mask: [0], sport_mask: 0, dport_mask: 0 };
  const whole = FIELDS.filter((field) => isWhole(rule, field)).map((field) => {
    const mask = `${field}_mask` as const;
    return [mask, rule[mask]];
  });
  return {
    ...{ ...rule, flow_type: 'ip4', proto: 0, proto_mask: 0, tos: 0, tos_mask: 0, fragments: true },
    ...none,
    ...(Object.fromEntries(whole) as Partial<typeof none>),
  };
}
