/// Which frames a rule of `ethtool -N DEV flow-type` catches: the NIC's own comparison, before RSS.
/// What it compares lies in NetDevice.filters, in its order; the first that matches decides.
/// Left out: rules about MAC addresses, VLANs, AH and ESP; virtual functions; user-defined data.
import { addressBytes } from './address.ts';
import { ETH_P_IP, ETH_P_IPV6 } from './flow_dissector.ts';
import { FLAG_FRAG } from './skb.ts';
import type { Kernel, NetDevice, NicFilter, Skb } from './state.ts';

const PROTOCOLS = { tcp: 6, udp: 17, sctp: 132 } as const;
const WITH_PORTS: readonly number[] = Object.values(PROTOCOLS);

/// The queue that the rules give a flow of this device, -1 to drop it; null when no rule matches.
/// Fragments have no ports that a NIC could compare.
export function ruleQueue(
  k: Kernel,
  dev: NetDevice,
  flow: number,
  fragment: boolean,
): number | null {
  const rule = dev.filters.find((each) => matches(k, each, flow, fragment));
  return rule === undefined ? null : rule.queue;
}

/// Counts a frame that has reached the NIC as one that a filter caught, or none: the counters of 82599 and E810.
export function countMatch(k: Kernel, dev: NetDevice, skb: Skb): void {
  const fragment = (k.skbs.flags[skb]! & FLAG_FRAG) !== 0;
  const caught = ruleQueue(k, dev, k.skbs.flow[skb]!, fragment) !== null;
  const counter = caught ? 'filter_match' : 'filter_miss';
  dev.hw[counter] = (dev.hw[counter] ?? 0) + 1;
}

/// Whether a rule is about IPv6.
export function isSix(rule: { readonly flow_type: string }): boolean {
  return rule.flow_type.endsWith('6');
}

function ofKind(rule: NicFilter, proto: number, fragment: boolean): boolean {
  const kind = rule.flow_type.slice(0, -1);
  if (kind === 'other') return fragment || !WITH_PORTS.includes(proto);
  if (fragment && !rule.fragments) return false;
  if (kind === 'ip') return !differs(proto, rule.proto, rule.proto_mask);
  return proto === PROTOCOLS[kind as keyof typeof PROTOCOLS];
}

function matches(k: Kernel, rule: NicFilter, flow: number, fragment: boolean): boolean {
  const f = k.flows;
  if (f.ethertype[flow] !== (isSix(rule) ? ETH_P_IPV6 : ETH_P_IP)) return false;
  if (!ofKind(rule, f.proto[flow]!, fragment) || !sameAddresses(k, rule, flow)) return false;
  if (differs(f.tos[flow]!, rule.tos, rule.tos_mask)) return false;
  if ((rule.sport_mask | rule.dport_mask) === 0) return true;
  return !(
    fragment ||
    differs(f.sport[flow]!, rule.sport, rule.sport_mask) ||
    differs(f.dport[flow]!, rule.dport, rule.dport_mask)
  );
}

function sameAddresses(k: Kernel, rule: NicFilter, flow: number): boolean {
  const { src, dst, saddr, daddr } = k.flows;
  if (!isSix(rule))
    return (
      !differs(src[flow]!, rule.src[0]!, rule.src_mask[0]!) &&
      !differs(dst[flow]!, rule.dst[0]!, rule.dst_mask[0]!)
    );
  return (
    sameWords(saddr[flow]!, rule.src, rule.src_mask) &&
    sameWords(daddr[flow]!, rule.dst, rule.dst_mask)
  );
}

function sameWords(address: string, wanted: readonly number[], mask: readonly number[]): boolean {
  if (mask.every((word) => word === 0)) return true;
  return addressWords(address).every((word, i) => !differs(word, wanted[i]!, mask[i]!));
}

/// An IPv4 or IPv6 address in 32-bit words.
export function addressWords(address: string): number[] {
  const bytes = addressBytes(address);
  return Array.from({ length: bytes.length / 4 }, (_, i) =>
    bytes.slice(4 * i, 4 * i + 4).reduce((word, byte) => word * 256 + byte, 0),
  );
}

function differs(value: number, wanted: number, mask: number): boolean {
  return ((value ^ wanted) & mask) !== 0;
}
