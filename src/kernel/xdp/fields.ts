/// What a program reads of a packet: the fields that a rule can compare.
/// An XDP program sees the frame as it lies in the buffer: a tag that the NIC has taken off is not there. A classifier
/// of tc has an skb, whose tag is never among its bytes. Neither walks IPv6 extension headers: of a fragment the next
/// header is the fragment header, and no fragment but IPv4's first has ports.
import { addressBytes } from '../address.ts';
import { FLAG_FRAG, FLAG_MARK, FLAG_META, FLAG_VLAN } from '../skb.ts';
import type { Kernel, Skb } from '../state.ts';
import { FIELD, type ProgType } from './types.ts';

const ETH_P_IP = 0x0800;
const ETH_P_IPV6 = 0x86dd;
const ETH_P_8021Q = 0x8100;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;
const NEXTHDR_FRAGMENT = 44;

/// A field of the packet as a number; -1 when the packet has none such.
export function fieldOf(k: Kernel, type: ProgType, field: number, skb: Skb): number {
  const { flags: column, flow: flowOf } = k.skbs;
  const flow = flowOf[skb]!;
  const flags = column[skb]!;
  if (field === FIELD.LEN) return k.skbs.len[skb]!;
  if (field === FIELD.MARK) return flags & FLAG_MARK ? k.skbs.mark[skb]! >>> 0 : 0;
  if (field === FIELD.META) return flags & FLAG_META ? k.bpf.metas[k.skbs.meta[skb]!]!.word : -1;
  const ethertype = ethertypeOf(k, type, skb);
  if (field === FIELD.ETHERTYPE) return ethertype;
  if (ethertype === ETH_P_IPV6) return field6(k, field, flow, flags);
  if (ethertype !== ETH_P_IP) return -1;
  switch (field) {
    case FIELD.SRC:
      return k.flows.src[flow]!;
    case FIELD.DST:
      return k.flows.dst[flow]!;
    case FIELD.PROTO:
      return k.flows.proto[flow]!;
    default:
      if (flags & FLAG_FRAG && k.skbs.frag_off[skb]! > 0) return -1;
      return portOf(k, field, flow);
  }
}

function field6(k: Kernel, field: number, flow: number, flags: number): number {
  const fragment = (flags & FLAG_FRAG) !== 0;
  if (field === FIELD.PROTO) return fragment ? NEXTHDR_FRAGMENT : k.flows.proto[flow]!;
  return fragment ? -1 : portOf(k, field, flow);
}

function portOf(k: Kernel, field: number, flow: number): number {
  const proto = k.flows.proto[flow]!;
  if (proto !== IPPROTO_UDP && proto !== IPPROTO_TCP) return -1;
  if (field === FIELD.SPORT) return k.flows.sport[flow]!;
  return field === FIELD.DPORT ? k.flows.dport[flow]! : -1;
}

/// The 16 bits behind the addresses. A tag that is still in the frame stands where a program looks for the protocol.
function ethertypeOf(k: Kernel, type: ProgType, skb: Skb): number {
  const tagged =
    type === 'xdp' &&
    (k.skbs.flags[skb]! & FLAG_VLAN) !== 0 &&
    k.devs[k.skbs.dev[skb]!]!.features['rx-vlan-offload'] !== true;
  return tagged ? ETH_P_8021Q : k.flows.ethertype[k.skbs.flow[skb]!]!;
}

/// The four words of a packet's IPv6 source (0) or destination (4) begin there in what this gives; null: it has no
/// IPv6 header where a program looks for one.
export function words6Of(k: Kernel, type: ProgType, skb: Skb): readonly number[] | null {
  if (ethertypeOf(k, type, skb) !== ETH_P_IPV6) return null;
  const flow = k.skbs.flow[skb]!;
  const known = k.bpf.words6[flow];
  if (known) return known;
  while (k.bpf.words6.length <= flow) k.bpf.words6.push(null);
  const { saddr, daddr } = k.flows;
  const words = [...words6(saddr[flow]!), ...words6(daddr[flow]!)];
  k.bpf.words6[flow] = words;
  return words;
}

/// An IPv6 address as four unsigned words in network order.
export function words6(address: string): number[] {
  const bytes = addressBytes(address);
  return [0, 4, 8, 12].map(
    (at) =>
      ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0,
  );
}
