/// Where a connection stands in the hash of established sockets.
/// Stands for __inet_ehashfn() (include/net/inet_sock.h), inet_ehashfn() and udp_ehashfn(), and for IPv6
/// __inet6_ehashfn() and its callers.
import { bits, stream } from '../engine/random.ts';
import { addressBytes } from './address.ts';
import { jhash2, jhash_3words } from './jhash.ts';
import type { Kernel } from './state.ts';

const IPPROTO_UDP = 17;
const AF_INET6 = 10;

/// IPv4 addresses and ports as unsigned numbers in host order; the kernel hashes them as a little-endian
/// CPU reads the network's order, except the local port.
export function __inet_ehashfn(
  laddr: number,
  lport: number,
  faddr: number,
  fport: number,
  initval: number,
): number {
  return jhash_3words(swap32(laddr), swap32(faddr), (lport << 16) | swap16(fport), initval);
}

/// `lhash` is the last word of the local address, `fhash` a hash of the foreign one.
export function __inet6_ehashfn(
  lhash: number,
  lport: number,
  fhash: number,
  fport: number,
  initval: number,
): number {
  return jhash_3words(lhash, fhash, (lport << 16) | swap16(fport), initval);
}

/// The hash of the connection that a flow's packets belong to, the host being its local end: for TCP
/// inet_ehashfn() or inet6_ehashfn(), for UDP udp_ehashfn() or udp6_ehashfn(). Unsigned; computed once
/// a flow. The secrets are drawn from the seed.
export function flowEhash(k: Kernel, flow: number): number {
  const known = k.flows.ehash[flow]!;
  if (known >= 0) return known;
  const hash = k.flows.family[flow] === AF_INET6 ? ehash6(k, flow) : ehash4(k, flow);
  k.flows.ehash[flow] = hash;
  return hash;
}

function ehash4(k: Kernel, flow: number): number {
  const { src, dst, sport, dport, proto } = k.flows;
  const initval = proto[flow] === IPPROTO_UDP ? k.secrets.udp_ehash : k.secrets.inet_ehash;
  return __inet_ehashfn(dst[flow]!, dport[flow]!, src[flow]!, sport[flow]!, initval);
}

function ehash6(k: Kernel, flow: number): number {
  const { saddr, daddr, sport, dport, proto } = k.flows;
  const hash = proto[flow] === IPPROTO_UDP ? udp6_ehashfn : inet6_ehashfn;
  return hash(k, daddr[flow]!, dport[flow]!, saddr[flow]!, sport[flow]!);
}

/// The hash of a TCP connection over IPv6, our end first. net/ipv6/inet6_hashtables.c:inet6_ehashfn()
export function inet6_ehashfn(
  k: Kernel,
  laddr: string,
  lport: number,
  faddr: string,
  fport: number,
): number {
  return hash6(k, laddr, lport, faddr, fport, 'tcp_ipv6_hash_secret', 'inet6_ehash_secret');
}

/// The same for UDP. net/ipv6/udp.c:udp6_ehashfn()
export function udp6_ehashfn(
  k: Kernel,
  laddr: string,
  lport: number,
  faddr: string,
  fport: number,
): number {
  return hash6(k, laddr, lport, faddr, fport, 'udp_ipv6_hash_secret', 'udp6_ehash_secret');
}

function hash6(
  k: Kernel,
  laddr: string,
  lport: number,
  faddr: string,
  fport: number,
  foreign: string,
  initial: string,
): number {
  const fhash = jhash2(words(faddr), secretOf(k, foreign));
  const initval = secretOf(k, initial) + secretOf(k, 'net_hash_mix');
  return __inet6_ehashfn(words(laddr)[3]!, lport, fhash, fport, initval);
}

/// An IPv6 address as four words, as a little-endian CPU reads them.
function words(address: string): number[] {
  const b = addressBytes(address);
  return [0, 4, 8, 12].map(
    (at) => b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24),
  );
}

/// A secret of the host, drawn once a boot: 32 bits.
function secretOf(k: Kernel, name: string): number {
  return bits(stream(k.seed, name));
}

function swap32(x: number): number {
  return (x << 24) | ((x & 0xff00) << 8) | ((x >>> 8) & 0xff00) | (x >>> 24);
}

function swap16(x: number): number {
  return ((x & 255) << 8) | (x >> 8);
}
