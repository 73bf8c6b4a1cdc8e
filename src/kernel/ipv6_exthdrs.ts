/// IPv6's extension headers with options: the hop-by-hop header, which every node looks at, and the destination
/// options, which only the receiver does. What their options ask for is not done; what cannot be understood is
/// skipped, dropped or told of, as the highest bits of its type say (RFC 8200, 4.2).
/// Stands for net/ipv6/exthdrs.c.
/// Left out: routing headers, jumbo payloads, in-situ OAM, CALIPSO, home addresses (Mobile IPv6); authentication.
import { ICMPV6, ICMPV6_CODE, icmpv6_send } from './ipv6_icmp.ts';
import { countReceived6 } from './ipv6_mib.ts';
import { kfree_skb_reason } from './ledger.ts';
import { REASON } from './reasons.ts';
import type { Cpu, Kernel, Skb } from './state.ts';

const PAD1 = 0;
const PADN = 1;
const ROUTERALERT = 5;
const MOST_PADDING = 7;

/// Bytes of a header with those options; 0: there is none.
function headerLength(options: readonly number[] | null): number {
  return options === null ? 0 : options.length + 2;
}

/// Looks at the hop-by-hop options of a packet. False: it is dropped, and counted.
/// net/ipv6/exthdrs.c:ipv6_parse_hopopts()
export function parseHopOptions(k: Kernel, c: Cpu, skb: Skb, step: number): boolean {
  return parseHeader(k, c, skb, step, k.flows.hopopts[k.skbs.flow[skb]!] ?? null, 'hbh');
}

/// Looks at the destination options, at the receiver, and takes the extension headers off. False: the packet is
/// dropped, and counted. net/ipv6/exthdrs.c:ipv6_destopt_rcv()
export function takeOptions(k: Kernel, c: Cpu, skb: Skb, step: number): boolean {
  const { hopopts, dstopts } = k.flows;
  const flow = k.skbs.flow[skb]!;
  const options = dstopts[flow] ?? null;
  if (!parseHeader(k, c, skb, step, options, 'dst')) return false;
  k.skbs.len[skb]! -= headerLength(options) + headerLength(hopopts[flow] ?? null);
  return true;
}

function parseHeader(
  k: Kernel,
  c: Cpu,
  skb: Skb,
  step: number,
  options: readonly number[] | null,
  which: 'hbh' | 'dst',
): boolean {
  if (options === null) return true;
  const [length, number] = LIMITS[which];
  if (headerLength(options) > Number(k.sysctl[length])) {
    // The kernel counts a long hop-by-hop header, and frees a packet with long destination options uncounted.
    if (which === 'hbh') countReceived6(k, skb, 'Ip6InHdrErrors');
    kfree_skb_reason(k, c, skb, REASON.NOT_SPECIFIED, step);
    return false;
  }
  if (parseTlv(k, c, skb, step, options, Number(k.sysctl[number]), which === 'hbh')) return true;
  countReceived6(k, skb, 'Ip6InHdrErrors');
  return false;
}

const LIMITS = {
  hbh: ['net.ipv6.max_hbh_length', 'net.ipv6.max_hbh_opts_number'],
  dst: ['net.ipv6.max_dst_opts_length', 'net.ipv6.max_dst_opts_number'],
} as const;

/// The options one after another: no more than `most`, no padding longer than needed. A negative `most` allows no
/// option that is not known. False: the packet is gone. net/ipv6/exthdrs.c:ip6_parse_tlv()
function parseTlv(
  k: Kernel,
  c: Cpu,
  skb: Skb,
  step: number,
  options: readonly number[],
  most: number,
  hopbyhop: boolean,
): boolean {
  let count = 0;
  let padding = 0;
  let at = 0;
  while (at < options.length) {
    const type = options[at]!;
    const size = type === PAD1 ? 1 : (options[at + 1] ?? Infinity) + 2;
    if (at + size > options.length) break;
    if (type === PAD1 || type === PADN) padding += size;
    else {
      padding = 0;
      if (++count > Math.abs(most)) break;
      const known = hopbyhop && type === ROUTERALERT;
      if (!known && !mayIgnore(k, c, skb, step, type, most < 0)) return false;
    }
    if (padding > MOST_PADDING) break;
    at += size;
  }
  if (at === options.length) return true;
  kfree_skb_reason(k, c, skb, REASON.IP_INHDR, step);
  return false;
}

/// An option that is not known: true to go on. net/ipv6/exthdrs.c:ip6_tlvopt_unknown()
function mayIgnore(
  k: Kernel,
  c: Cpu,
  skb: Skb,
  step: number,
  type: number,
  disallowed: boolean,
): boolean {
  const action = type >> 6;
  if (!disallowed && action === 0) return true;
  const group = k.flows.daddr[k.skbs.flow[skb]!]!.startsWith('ff');
  if (!disallowed && (action === 2 || (action === 3 && !group)))
    icmpv6_send(k, c, skb, ICMPV6.PARAMPROB, ICMPV6_CODE.UNK_OPTION, action === 2);
  kfree_skb_reason(k, c, skb, REASON.UNHANDLED_PROTO, step);
  return false;
}
