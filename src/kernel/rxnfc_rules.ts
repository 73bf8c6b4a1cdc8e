/// Which frames a rule of `ethtool -N DEV flow-type` catches: the NIC's own comparison, before RSS.
/// The rules lie in NetDevice.ntuple, in the order of their locations; the first that matches decides.
/// Left out: rules about MAC addresses, VLANs, IPv6, AH and ESP; virtual functions; user-defined data.
import { ETH_P_IP } from './flow_dissector.ts';
import type { Kernel, NetDevice, NtupleRule } from './state.ts';

const PROTOCOLS = { tcp4: 6, udp4: 17, sctp4: 132 } as const;

/// The queue that the rules give a flow of this device, -1 to drop it; null when no rule matches.
/// Fragments have no ports that a NIC could compare.
export function ruleQueue(
  k: Kernel,
  dev: NetDevice,
  flow: number,
  fragment: boolean,
): number | null {
  if (k.flows.ethertype[flow] !== ETH_P_IP) return null;
  const rule = dev.ntuple.find((each) => matches(k, each, flow, fragment));
  return rule === undefined ? null : rule.queue;
}

function matches(k: Kernel, rule: NtupleRule, flow: number, fragment: boolean): boolean {
  const f = k.flows;
  const proto = f.proto[flow]!;
  const kind = rule.flow_type;
  if (kind === 'ip4' ? differs(proto, rule.proto, rule.proto_mask) : proto !== PROTOCOLS[kind])
    return false;
  if (
    differs(f.src[flow]!, rule.src, rule.src_mask) ||
    differs(f.dst[flow]!, rule.dst, rule.dst_mask) ||
    differs(f.tos[flow]!, rule.tos, rule.tos_mask)
  )
    return false;
  if ((rule.sport_mask | rule.dport_mask) === 0) return true;
  return !(
    fragment ||
    differs(f.sport[flow]!, rule.sport, rule.sport_mask) ||
    differs(f.dport[flow]!, rule.dport, rule.dport_mask)
  );
}

function differs(value: number, wanted: number, mask: number): boolean {
  return ((value ^ wanted) & mask) !== 0;
}
