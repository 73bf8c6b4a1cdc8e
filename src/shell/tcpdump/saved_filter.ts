/// A filter on a packet from a file: the kernel's tests look at copies of packets and at the flow table, so the bytes
/// are read into one copy, one flow and two devices that only this test sees.
import { addressText6 } from '../../kernel/address.ts';
import { addFlow } from '../../kernel/flows.ts';
import { run_filter, type PacketFilter } from '../../kernel/packet_filter.ts';
import { PACKET_HOST, PACKET_OUTGOING, type PacketCopy } from '../../kernel/packet_types.ts';
import { FLAG_FRAG } from '../../kernel/skb.ts';
import type { FlowTable, Kernel } from '../../kernel/state.ts';
import { ETH_HLEN, ETH_P_8021Q, ETH_P_ARP, ETH_P_IPV6, SLL2_HLEN } from './frame.ts';
import type { Captured } from './pcap.ts';

/// Whether the filter lets it through.
export function savedPasses(
  k: Kernel,
  filter: PacketFilter,
  packet: Captured,
  cooked: boolean,
): boolean {
  const { bytes } = packet;
  const b = (at: number): number => bytes[at] ?? 0;
  const w = (at: number): number => (b(at) << 8) | b(at + 1);
  const tagged = !cooked && w(12) === ETH_P_8021Q;
  const ethertype = w(cooked ? 0 : tagged ? 16 : 12);
  const at = cooked ? SLL2_HLEN : tagged ? ETH_HLEN + 4 : ETH_HLEN;
  const ends = addresses(bytes, ethertype, at);
  const six = ethertype === ETH_P_IPV6;
  const proto = ethertype === ETH_P_ARP ? 0 : b(at + (six ? 6 : 9));
  const l4 = at + (six ? 40 : (b(at) & 15) * 4);
  const flows = Object.fromEntries(
    Object.entries(k.flows).map(([name, column]) => [name, Array.isArray(column) ? [] : column]),
  ) as unknown as FlowTable;
  flows.count = 0;
  const mac = (from: number): string =>
    Array.from({ length: 6 }, (_, i) =>
      b(from + i)
        .toString(16)
        .padStart(2, '0'),
    ).join(':');
  const scratch = {
    ...k,
    flows,
    devs: pair(k, mac(cooked ? 12 : 0), mac(cooked ? 12 : 6), tagged),
  };
  const flow = addFlow(scratch, {
    dev: 0,
    ...ends,
    sport: w(l4),
    dport: w(l4 + 2),
    proto,
    ethertype,
  });
  const offset = six || ethertype === ETH_P_ARP ? 0 : (w(at + 6) & 0x1fff) * 8;
  const copy: PacketCopy = {
    ...{
      at: 0,
      dev: 0,
      pkt_type: cooked && b(10) === PACKET_OUTGOING ? PACKET_OUTGOING : PACKET_HOST,
    },
    ...{ flow, proto, out: false, len: packet.len, truesize: 0, flags: offset > 0 ? FLAG_FRAG : 0 },
    ...{ seq: 0, ack_seq: 0, tcp_flags: b(l4 + 13), window: 0, payload: 0, tsval: 0, tsecr: 0 },
    ...{ ipid: 0, frag_off: offset, vlan_tci: tagged ? w(14) : 0, syn: null, sacks: [] },
    ...{ icmp: ethertype === ETH_P_ARP ? w(at + 6) : w(l4), icmp_seq: -1 },
  };
  return run_filter(scratch, filter, copy);
}

function addresses(
  bytes: Uint8Array,
  ethertype: number,
  at: number,
): { saddr: string; daddr: string } {
  const text = (from: number): string =>
    Array.from({ length: 4 }, (_, i) => bytes[from + i] ?? 0).join('.');
  if (ethertype === ETH_P_ARP) return { saddr: text(at + 14), daddr: text(at + 24) };
  if (ethertype !== ETH_P_IPV6) return { saddr: text(at + 12), daddr: text(at + 16) };
  const long = (from: number): string =>
    addressText6(Array.from({ length: 16 }, (_, i) => bytes[from + i] ?? 0));
  return { saddr: long(at + 8), daddr: long(at + 24) };
}

/// A device with the frame's destination, on a wire to one with its source.
function pair(k: Kernel, dst: string, src: string, tagged: boolean): Kernel['devs'] {
  const lo = k.devs[0]!;
  const end = (mac: string, lower: number): Kernel['devs'][number] => ({
    ...lo,
    mac,
    addrs: [],
    features: { 'rx-vlan-offload': !tagged },
    links: { ...lo.links, kind: 'veth', lower },
  });
  return [end(dst, 1), end(src, 0)];
}
