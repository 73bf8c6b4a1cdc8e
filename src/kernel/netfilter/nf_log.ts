/// `log`: a line about the packet in the kernel log, in the form that every log reader knows. Stands for
/// nf_log_ip_packet() and nf_log_ip6_packet() in net/netfilter/nf_log_syslog.c.
/// Left out: MAC= of frames whose addresses are not known, IP and TCP options, identifier and sequence number of
/// echoes whose number is not known, what an ICMP error quotes, the user of a local socket, and other logs than
/// the kernel's (group).
import { printkAt } from '../printk.ts';
import {
  dontFragment,
  FLAG_ECHO_SEQ,
  FLAG_FRAG,
  FLAG_IPID,
  FLAG_MARK,
  FLAG_MF,
  FLAG_TCP,
} from '../skb.ts';
import type { Cpu, Kernel, Skb } from '../state.ts';
import { longForm, macOf, skbLen } from './packet.ts';
import { NFPROTO_IPV6, type NftExpr } from './types.ts';

const NF_LOG_TCPSEQ = 1;
const IPPROTO_ICMP = 1;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;
const IPPROTO_ICMPV6 = 58;
const IPV4_HLEN = 20;
const IPV6_HLEN = 40;
const IPTOS_TOS_MASK = 0x1e;
const IPTOS_PREC_MASK = 0xe0;

/// Writes the line. net/netfilter/nf_log.c:nf_log_packet()
export function nf_log_packet(
  k: Kernel,
  c: Cpu,
  skb: Skb,
  indev: number,
  outdev: number,
  expr: NftExpr,
): void {
  if (expr.kind !== 'log') throw new Error(`a ${expr.kind} is no log`);
  const name = (dev: number): string => (dev < 0 ? '' : k.devs[dev]!.name);
  const six = k.flows.family[k.skbs.flow[skb]!] === NFPROTO_IPV6;
  const words = [
    `${expr.prefix}IN=${name(indev)} OUT=${name(outdev)}`,
    ...(indev < 0 ? [] : macWords(k, skb)),
    ...(six ? ip6Header(k, skb) : ipHeader(k, skb)),
    ...transport(k, skb, six, expr.flags),
  ];
  const flags = k.skbs.flags[skb]!;
  if (flags & FLAG_MARK) words.push(`MARK=0x${(k.skbs.mark[skb]! >>> 0).toString(16)}`);
  printkAt(k, Math.floor(c.cursor_ns), `${words.join(' ')} `);
}

// Destination, source and protocol, as they stand in the frame. dump_mac_header()
function macWords(k: Kernel, skb: Skb): string[] {
  const [to, from] = [macOf(k, skb, false), macOf(k, skb, true)];
  if (to === '' || from === '') return [];
  const type = k.flows.ethertype[k.skbs.flow[skb]!]!.toString(16).padStart(4, '0');
  return [`MAC=${to}:${from}:${type.slice(0, 2)}:${type.slice(2)}`];
}

function ipHeader(k: Kernel, skb: Skb): string[] {
  const f = k.flows;
  const flow = k.skbs.flow[skb]!;
  const flags = k.skbs.flags[skb]!;
  const hex = (value: number): string => value.toString(16).toUpperCase().padStart(2, '0');
  const tos = f.tos[flow]!;
  const words = [
    `SRC=${f.saddr[flow]!} DST=${f.daddr[flow]!} LEN=${skbLen(k, skb)}`,
    `TOS=0x${hex(tos & IPTOS_TOS_MASK)} PREC=0x${hex(tos & IPTOS_PREC_MASK)} TTL=${f.ttl[flow]!}`,
    `ID=${flags & FLAG_IPID ? k.skbs.ipid[skb]! & 0xffff : 0}`,
  ];
  if (dontFragment(flags)) words.push('DF');
  if (flags & FLAG_MF) words.push('MF');
  const offset = flags & FLAG_FRAG ? k.skbs.frag_off[skb]! >>> 3 : 0;
  if (offset > 0) words.push(`FRAG:${offset}`);
  return words;
}

function ip6Header(k: Kernel, skb: Skb): string[] {
  const f = k.flows;
  const flow = k.skbs.flow[skb]!;
  return [
    `SRC=${longForm(f.saddr[flow]!)} DST=${longForm(f.daddr[flow]!)}`,
    `LEN=${skbLen(k, skb)} TC=${f.tos[flow]!} HOPLIMIT=${f.ttl[flow]!} FLOWLBL=0`,
  ];
}

function transport(k: Kernel, skb: Skb, six: boolean, logflags: number): string[] {
  const f = k.flows;
  const flow = k.skbs.flow[skb]!;
  const later = (k.skbs.flags[skb]! & FLAG_FRAG) !== 0 && k.skbs.frag_off[skb]! > 0;
  const ports = `SPT=${f.sport[flow]!} DPT=${f.dport[flow]!}`;
  switch (f.proto[flow]!) {
    case IPPROTO_UDP:
      if (later) return ['PROTO=UDP'];
      return [`PROTO=UDP ${ports} LEN=${skbLen(k, skb) - (six ? IPV6_HLEN : IPV4_HLEN)}`];
    case IPPROTO_TCP:
      return later ? ['PROTO=TCP'] : [`PROTO=TCP ${ports}`, ...tcpWords(k, skb, logflags)];
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6: {
      const [type, code] = [f.sport[flow]! >>> 8, f.sport[flow]! & 0xff];
      const echo = (k.skbs.flags[skb]! & FLAG_ECHO_SEQ) !== 0;
      const more = echo ? ` ID=${f.dport[flow]!} SEQ=${k.skbs.seq[skb]!}` : '';
      return [`PROTO=${six ? 'ICMPv6' : 'ICMP'} TYPE=${type} CODE=${code}${more}`];
    }
    default:
      return [`PROTO=${f.proto[flow]!}`];
  }
}

const TCP_BITS = [
  ['CWR', 128],
  ['ECE', 64],
  ['URG', 32],
  ['ACK', 16],
  ['PSH', 8],
  ['RST', 4],
  ['SYN', 2],
  ['FIN', 1],
] as const;

function tcpWords(k: Kernel, skb: Skb, logflags: number): string[] {
  if (!(k.skbs.flags[skb]! & FLAG_TCP)) return [];
  const { seq, ack_seq, window, tcp_flags } = k.skbs;
  const set = TCP_BITS.filter(([, bit]) => tcp_flags[skb]! & bit).map(([name]) => name);
  return [
    ...(logflags & NF_LOG_TCPSEQ ? [`SEQ=${seq[skb]! >>> 0} ACK=${ack_seq[skb]! >>> 0}`] : []),
    `WINDOW=${window[skb]! & 0xffff} RES=0x00`,
    ...set,
    'URGP=0',
  ];
}
