/// Who a sender's frames come from and go to: its flows, with their addresses, ports and protocols.
/// Left out: a neighbour's real answers; the addresses are taken for granted on the wire.
import { addFlow, addressNumber, addressText } from './flows.ts';
import type { Kernel, NetDevice } from './state.ts';
import type { SourceSpec } from './traffic.ts';

const FIRST_SOURCE_PORT = 10000;
const ICMP_ECHO = 8;
const ICMPV6_ECHO_REQUEST = 128;
const ETH_P_ARP = 0x0806;

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
      ...(proto === 'icmp' && {
        proto: six ? 58 : 1,
        sport: (six ? ICMPV6_ECHO_REQUEST : ICMP_ECHO) << 8,
        dport: 1 + i,
      }),
      ...(proto === 'arp' && { proto: 0, ethertype: ETH_P_ARP, sport: 0, dport: 0 }),
      ...((proto === 'tcp' || proto === 'tcp-syn') && { proto: 6 }),
    });
  }
  return first;
}

/// The address that the interface has in that family; in IPv6, without another one, the link-local
/// address that the kernel makes of the MAC (addrconf_ifid_eui48()).
export function ownAddress(dev: NetDevice, six: boolean): string {
  const found = dev.addrs.find((address) => address.includes(':') === six);
  if (found) return found.split('/')[0]!;
  if (!six) return '0.0.0.0';
  const [a, b, c, d, e, f] = dev.mac.split(':').map((byte) => parseInt(byte, 16));
  const groups = [((a! ^ 2) << 8) | b!, (c! << 8) | 0xff, 0xfe00 | d!, (e! << 8) | f!];
  return `fe80::${groups.map((group) => group.toString(16)).join(':')}`;
}

/// The n-th address that frames come from: the peer's, and those that follow it, without the host's own.
function senderAddress(dev: NetDevice, daddr: string, n: number): string {
  if (daddr.includes(':')) return `fe80::${(n + 1).toString(16)}`;
  const peer = addressNumber(dev.peer);
  const own = addressNumber(ownAddress(dev, false));
  const address = peer + n;
  return addressText(own > peer && own <= address ? address + 1 : address);
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
