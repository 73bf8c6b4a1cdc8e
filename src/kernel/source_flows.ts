/// Who a sender's frames come from and go to: its flows, with their addresses, ports and protocols.
/// Left out: a neighbour's real answers; the addresses are taken for granted on the wire.
import { addressBytes, addressText6, isLinkLocal6 } from './address.ts';
import { addFlow, addressNumber, addressText } from './flows.ts';
import type { Kernel, NetDevice } from './state.ts';
import type { SourceSpec } from './traffic.ts';

const FIRST_SOURCE_PORT = 10000;
const ICMP_ECHO = 8;
const ICMPV6_ECHO_REQUEST = 128;
const ETH_P_ARP = 0x0806;
const ARPOP_REQUEST = 1;
const PADN = 1; // IPv6 option: padding

/// Adds the flows of a sender: its addresses in turn, each with source ports of its own.
export function addFlows(
  k: Kernel,
  spec: SourceSpec,
  dev: NetDevice,
  count: number,
  daddr: string,
): number {
  const first = k.flows.count;
  const sources = spec.sources ?? 1;
  const proto = spec.proto ?? 'udp';
  const six = daddr.includes(':');
  for (let i = 0; i < count; i++) {
    const sport = (spec.sport ?? FIRST_SOURCE_PORT) + Math.floor(i / sources);
    addFlow(k, {
      dev: spec.dev,
      saddr: senderAddress(dev, daddr, i % sources),
      daddr,
      sport: sport <= 0xffff ? sport : FIRST_SOURCE_PORT + (sport % 50_000),
      dport: (spec.dport ?? 9000) + (i % (spec.ports ?? 1)),
      ttl: spec.ttl ?? 64,
      tos: spec.tos ?? 0,
      ...(spec.hopopts && { hopopts: optionBytes(spec.hopopts) }),
      ...(spec.dstopts && { dstopts: optionBytes(spec.dstopts) }),
      ...(proto === 'icmp' && {
        proto: six ? 58 : 1,
        sport: (six ? ICMPV6_ECHO_REQUEST : ICMP_ECHO) << 8,
        dport: 1 + i,
      }),
      ...(proto === 'arp' && { proto: 0, ethertype: ETH_P_ARP, sport: ARPOP_REQUEST, dport: 0 }),
      ...((proto === 'tcp' || proto === 'tcp-syn') && { proto: 6 }),
    });
  }
  return first;
}

/// The bytes of an extension header behind its first two: options of the types given, two bytes of data each,
/// and padding up to a multiple of eight.
function optionBytes(types: readonly number[]): number[] {
  const bytes = types.flatMap((type) => [type, 2, 0, 0]);
  const rest = (8 - ((bytes.length + 2) % 8)) % 8 || (bytes.length === 0 ? 8 : 0);
  return rest === 0 ? bytes : [...bytes, PADN, rest - 2, ...new Array<number>(rest - 2).fill(0)];
}

/// The address that the interface has in that family; in IPv6, without another one, the link-local
/// address that the kernel makes of the MAC (addrconf_ifid_eui48()).
export function ownAddress(dev: NetDevice, six: boolean): string {
  const found = (six ? dev.addrs6 : dev.addrs)[0]?.split('/')[0];
  if (found !== undefined) return found;
  if (!six) return '0.0.0.0';
  const [a, b, c, d, e, f] = dev.mac.split(':').map((byte) => parseInt(byte, 16));
  const groups = [((a! ^ 2) << 8) | b!, (c! << 8) | 0xff, 0xfe00 | d!, (e! << 8) | f!];
  return `fe80::${groups.map((group) => group.toString(16)).join(':')}`;
}

/// The n-th address that frames come from: the peer's, and those that follow it, without the host's own.
export function senderAddress(dev: NetDevice, daddr: string, n: number): string {
  if (daddr.includes(':')) return senderAddress6(dev, daddr, n);
  const peer = addressNumber(dev.peer);
  const own = addressNumber(ownAddress(dev, false));
  const address = peer + n;
  return addressText(own > peer && own <= address ? address + 1 : address);
}

/// The same in IPv6: to a link-local address or a group from fe80::1 on; else from the first addresses of
/// the interface's own /64.
function senderAddress6(dev: NetDevice, daddr: string, n: number): string {
  const own = ownAddress(dev, true);
  if (isLinkLocal6(own) || isLinkLocal6(daddr) || daddr.startsWith('ff'))
    return `fe80::${(n + 1).toString(16)}`;
  const bytes = addressBytes(own);
  const tail = new DataView(Uint8Array.from(bytes.slice(12)).buffer).getUint32(0);
  const low = bytes.slice(8, 12).every((byte) => byte === 0);
  // The host's own place among them is left out.
  const id = n + (low && tail <= n + 1 ? 2 : 1);
  return addressText6([
    ...bytes.slice(0, 12).fill(0, 8),
    ...[id >>> 24, (id >>> 16) & 255, (id >>> 8) & 255, id & 255],
  ]);
}

/// Whether a frame to that address is for every station on the wire.
export function isBroadcast(dev: NetDevice, daddr: string): boolean {
  if (daddr === '255.255.255.255') return true;
  return dev.addrs.some((one) => {
    const [own = '', bits = ''] = one.split('/');
    if (own.includes(':') || daddr.includes(':') || bits === '' || Number(bits) > 30) return false;
    const hosts = 2 ** (32 - Number(bits));
    return addressNumber(daddr) === Math.floor(addressNumber(own) / hosts) * hosts + hosts - 1;
  });
}
