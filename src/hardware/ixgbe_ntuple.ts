/// The rules for single flows that an 82599 takes: Flow Director's perfect filters.
/// Stands for ixgbe_add_ethtool_fdir_entry() in drivers/net/ethernet/intel/ixgbe/ixgbe_ethtool.c. An action
/// of -1 drops the frame in the NIC. Rules are taken only while `ntuple-filters` is on, all with one mask.
/// An 82599 takes none for IPv6. Left out: virtual functions, VLANs and flexible bytes; a larger memory for rules.
import type { NetDevice, NtupleRule } from '../kernel/state.ts';
import { isSix } from '../kernel/rxnfc_rules.ts';
import type { NtupleRules } from './nic_driver.ts';
import { FIELDS, sameMask } from './rule_fields.ts';

// IXGBE_FDIR_PBALLOC_64K, less the two that the hardware keeps.
const LOCATIONS = (1024 << 1) - 2;
const L4_TYPES: Readonly<Record<number, NtupleRule['flow_type']>> = {
  6: 'tcp4',
  17: 'udp4',
  132: 'sctp4',
};

export const ixgbeNtuple: NtupleRules = {
  size: LOCATIONS,
  refuse(dev, rule) {
    if (!dev.features['ntuple-filters']) return { errno: 'EOPNOTSUPP' };
    if (rule.queue >= dev.rx.length) return { errno: 'EINVAL' };
    if (rule.location >= LOCATIONS) return { errno: 'EINVAL', log: 'Location out of range' };
    const known =
      !isSix(rule) && (rule.flow_type !== 'ip4' || rule.proto in L4_TYPES || rule.proto_mask === 0);
    if (!known) return { errno: 'EINVAL', log: 'Unrecognized flow type' };
    if (dev.ntuple.length > 0 && !sameMasks(dev, rule))
      return { errno: 'EINVAL', log: 'Only one mask supported per port' };
    // Without a transport protocol there are no ports to compare.
    const anyL4 = this.stored(rule).flow_type === 'ip4';
    if (anyL4 && (rule.sport_mask | rule.dport_mask) !== 0)
      return { errno: 'EINVAL', log: 'Error writing mask' };
    return null;
  },
  /// The filter has no type of service, and a rule for a transport protocol is one of its kind.
  stored(rule) {
    const kind = rule.flow_type === 'ip4' ? (L4_TYPES[rule.proto] ?? 'ip4') : rule.flow_type;
    return { ...rule, flow_type: kind, tos: 0, tos_mask: 0, proto: 0, proto_mask: 0 };
  },
};

function sameMasks(dev: NetDevice, rule: NtupleRule): boolean {
  const first = dev.ntuple[0]!;
  const whole = (each: NtupleRule): boolean => ixgbeNtuple.stored(each).flow_type === 'ip4';
  return FIELDS.every((field) => sameMask(first, rule, field)) && whole(first) === whole(rule);
}
