/// The rules for single flows that ice takes: Flow Director's sideband filters of an E810. Stands for
/// ice_add_fdir_ethtool() and its neighbours in drivers/net/ethernet/intel/ice/ice_ethtool_fdir.c.
/// A field is compared whole or not at all, and all rules for one kind of flow compare the same fields. A rule for ip4
/// or ip6 is one for what is neither TCP, UDP nor SCTP; of those, fragments belong to it too. An action of -1 drops the
/// frame in the NIC. Accelerated RFS shares the filters: it serves a kind of flow only while both addresses and both
/// ports of it are compared.
/// Switching `ntuple-filters` off deletes all rules.
/// Left out: Ethernet headers, VLANs, flexible words, virtual functions, tunnels; that filters of accelerated
/// RFS take places, and hold the fields of their kind of flow fast.
import type { NetDevice, NicFilter, NtupleRule } from '../kernel/state.ts';
import { isSix } from '../kernel/rxnfc_rules.ts';
import type { NtupleRules, RuleRefusal } from './nic_driver.ts';
import { FIELDS, isWhole, isZero, sameMask, sameValue, type Field } from './rule_fields.ts';

// Guaranteed and best-effort filters of a card with two ports: its last location is 15871 in Intel's examples.
const MAX_LOCATION = 15_872;
const SAME_INPUT =
  'Failed to add filter. Flow director filters on each port must have the same input set.';

export const iceNtuple: NtupleRules = {
  size: MAX_LOCATION,
  refuse(dev, rule) {
    if (!dev.features['ntuple-filters']) return { errno: 'EOPNOTSUPP' };
    const unfit = refuseFields(rule) ?? refuseInput(dev, rule);
    if (unfit) return unfit;
    if (rule.location >= MAX_LOCATION)
      return {
        errno: 'ENOSPC',
        device_log: `Failed to add filter. The number of ntuple filters or provided location exceed max ${MAX_LOCATION}.`,
      };
    if (rule.queue >= dev.rx.length) return { errno: 'EINVAL' };
    return isDuplicate(dev, rule) ? { errno: 'EINVAL' } : null;
  },
  stored: (rule) => rule,
  compared,
  absent: (dev, _location, doing) => {
    if (doing === 'show') return 'EINVAL';
    return dev.features['ntuple-filters'] ? 'ENOENT' : 'EOPNOTSUPP';
  },
  keeps: (dev) => dev.features['ntuple-filters'] === true,
};

/// ice_set_fdir_ip4_seg() and its like for other kinds of flow, by the rule's masks.
function refuseFields(rule: NtupleRule): RuleRefusal | null {
  const compared = FIELDS.filter((field) => !isZero(rule, field));
  if (rule.flow_type.startsWith('ip')) {
    const bytes = (rule.sport_mask | rule.dport_mask) !== 0;
    if (bytes || rule.tos_mask !== 0) return { errno: isSix(rule) ? 'EOPNOTSUPP' : 'EINVAL' };
    if (rule.proto_mask !== 0) return { errno: 'EOPNOTSUPP' };
  }
  if (compared.length === 0) return { errno: 'EINVAL' };
  if (rule.tos_mask !== 0) return { errno: 'EOPNOTSUPP' };
  return compared.every((field) => isWhole(rule, field)) ? null : { errno: 'EOPNOTSUPP' };
}

/// The fields of a kind of flow can change only while it has no rule.
function refuseInput(dev: NetDevice, rule: NtupleRule): RuleRefusal | null {
  const other = dev.ntuple.find(({ flow_type }) => flow_type === rule.flow_type);
  if (other === undefined || FIELDS.every((field) => sameMask(other, rule, field))) return null;
  return { errno: 'EINVAL', device_log: SAME_INPUT };
}

/// ice_fdir_is_dup_fltr(): the same again, unless it is to give the rule another queue. Of rules for ip6 the driver
/// compares only ports, of which they have none: a second one is always a duplicate.
function isDuplicate(dev: NetDevice, rule: NtupleRule): boolean {
  const fields: readonly Field[] = rule.flow_type === 'ip6' ? [] : FIELDS;
  const same = dev.ntuple.find(
    (other) =>
      other.flow_type === rule.flow_type &&
      fields.every((field) => sameValue(other, rule, field)) &&
      (other.location !== rule.location || other.queue === rule.queue),
  );
  return same !== undefined;
}

function compared(rule: NtupleRule): NicFilter {
  const kind = rule.flow_type === 'ip4' ? 'other4' : rule.flow_type === 'ip6' ? 'other6' : null;
  return { ...rule, flow_type: kind ?? rule.flow_type, fragments: false };
}

/// Whether accelerated RFS may have filters for TCP or UDP: ice_arfs_is_perfect_flow_set().
export function isPerfect(dev: NetDevice, flow_type: NtupleRule['flow_type']): boolean {
  return dev.ntuple.every(
    (rule) => rule.flow_type !== flow_type || FIELDS.every((field) => isWhole(rule, field)),
  );
}
