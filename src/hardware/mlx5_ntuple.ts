/// The rules for single flows that mlx5 takes. Stands for mlx5e_ethtool_flow_replace() and its neighbours in
/// drivers/net/ethernet/mellanox/mlx5/core/en_fs_ethtool.c. They hold whether `ntuple-filters` is on or not: with mlx5
/// that feature is accelerated RFS alone, and rules come before it.
/// There is a table for each number of fields that are compared, the one with the most first; in a table rules with
/// the same masks are a group, and the oldest group comes first. Masks are free.
/// Left out: Ethernet headers, VLANs, RSS contexts; more than ten groups to a table.
import type { NetDevice, NicFilter, NtupleRule } from '../kernel/state.ts';
import type { NtupleRules, RuleRefusal } from './nic_driver.ts';
import { FIELDS, isZero, sameMask, sameUnderMask } from './rule_fields.ts';

const MAX_NUM_OF_ETHTOOL_RULES = 1 << 10;
const ERRNO = { EINVAL: 22, ENOSPC: 28, ENOTSUPP: 524 } as const;

export const mlx5Ntuple: NtupleRules = {
  size: MAX_NUM_OF_ETHTOOL_RULES,
  refuse(dev, rule) {
    if (rule.location >= MAX_NUM_OF_ETHTOOL_RULES) return invalid('ENOSPC');
    if (rule.queue >= dev.rx.length) return invalid('EINVAL');
    if (rule.flow_type.startsWith('sctp')) return invalid('ENOTSUPP');
    if (rule.tos_mask !== 0) return invalid('EINVAL');
    if (rule.flow_type.startsWith('ip') && (rule.sport_mask | rule.dport_mask) !== 0)
      return invalid('EINVAL');
    return twice(dev, rule);
  },
  stored: (rule) => rule,
  inForce: () => true,
  order: byTable,
  absent: (_dev, location, doing) =>
    location < MAX_NUM_OF_ETHTOOL_RULES ? 'ENOENT' : doing === 'delete' ? 'ENOSPC' : 'EINVAL',
};

function invalid(errno: keyof typeof ERRNO): RuleRefusal {
  return { errno, log: `mlx5e_ethtool_flow_replace: flow is not valid -${ERRNO[errno]}` };
}

/// One rule may stand behind another that compares the same: it comes into force when that one goes.
function twice(dev: NetDevice, rule: NtupleRule): RuleRefusal | null {
  const same = dev.ntuple.filter(
    (other) => other.location !== rule.location && sameMatch(other, rule),
  );
  if (same.length < 2) return null;
  return {
    errno: 'EEXIST',
    log: 'add_ethtool_flow_rule: failed to add ethtool steering rule: -17',
  };
}

function sameMatch(a: NtupleRule, b: NtupleRule): boolean {
  return (
    a.flow_type === b.flow_type &&
    a.proto_mask === b.proto_mask &&
    ((a.proto ^ b.proto) & a.proto_mask) === 0 &&
    FIELDS.every((field) => sameMask(a, b, field) && sameUnderMask(a, b, field))
  );
}

/// validate_tcpudp4(), validate_ip4() and those for IPv6: the kind of flow counts as a field.
function tuples(filter: NicFilter): number {
  const fields = FIELDS.filter((field) => !isZero(filter, field)).length;
  return 1 + fields + (filter.proto_mask === 0 ? 0 : 1);
}

/// Which bits of which headers are compared; ports of TCP and of UDP are different ones.
function group(filter: NicFilter): string {
  const masks = FIELDS.map((field) => String(filter[`${field}_mask`]));
  const ports = (filter.sport_mask | filter.dport_mask) !== 0;
  const kind = ports ? filter.flow_type : filter.flow_type.replace(/^(tcp|udp)/, 'l4-');
  return [kind, filter.proto_mask, ...masks].join(' ');
}

function byTable(filters: readonly NicFilter[]): NicFilter[] {
  const groups = [...new Set(filters.map(group))];
  const place = (filter: NicFilter): number => groups.indexOf(group(filter));
  return filters.toSorted((a, b) => tuples(b) - tuples(a) || place(a) - place(b));
}
