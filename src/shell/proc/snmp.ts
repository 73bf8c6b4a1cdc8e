/// /proc/net/snmp, /proc/net/netstat and /proc/net/snmp6: the counters of the protocols. Those that no
/// modelled step moves stay at their value after boot.
/// Stands for net/ipv4/proc.c and net/ipv6/proc.c.
import type { Kernel, NetDevice } from '../../kernel/state.ts';
import type { Line } from '../command.ts';
import { value, type Piece } from '../marked.ts';
import { netstatNames, snmp6Names, snmpNames, xfrmNames } from '../data/net_files.ts';
import { row } from '../nodes.ts';
import { platformOf } from './platform.ts';

/// Values of /proc/net/snmp that are settings or constants, not counters.
function setting(k: Kernel, name: string): number | null {
  switch (name) {
    case 'IpForwarding':
      return k.sysctl['net.ipv4.conf.all.forwarding'] === '0' ? 2 : 1;
    case 'IpDefaultTTL':
      return Number(k.sysctl['net.ipv4.ip_default_ttl']);
    case 'TcpRtoAlgorithm':
      return 1;
    case 'TcpRtoMin':
      return 200;
    case 'TcpRtoMax':
      return 120000;
    case 'TcpMaxConn':
      return -1;
    default:
      return null;
  }
}

/// The value of a protocol counter by its nstat name: UdpInDatagrams, IpExtInOctets, Ip6OutRequests.
export function mibValue(k: Kernel, name: string): number {
  return setting(k, name) ?? (k.mib[name] ?? 0) + (sentAtBoot(k, '')[name] ?? 0);
}

/// Whether a value of these files counts something, so that nstat shows differences of it.
export function isCounter(k: Kernel, name: string): boolean {
  return setting(k, name) === null && name !== 'TcpCurrEstab';
}

function table(k: Kernel, names: string): Line[] {
  return names.split('\n').flatMap((heading) => {
    const [prefix = '', ...columns] = heading.split(' ');
    const values = columns.flatMap((column): Piece[] => {
      const name = prefix.slice(0, -1) + column;
      return [' ', value(mibValue(k, name), `counter:${name}`)];
    });
    return [row(heading), row(prefix, ...values)];
  });
}

/// The ICMP message types that were seen, in front of TCP. net/ipv4/proc.c:icmpmsg_put()
function icmpTypes(k: Kernel): string[] {
  const of = (direction: string): string[] =>
    Object.keys(k.mib)
      .filter((name) => name.startsWith(`IcmpMsg${direction}Type`) && k.mib[name] !== 0)
      .map((name) => Number(name.slice(`IcmpMsg${direction}Type`.length)))
      .sort((a, b) => a - b)
      .map((type) => `${direction}Type${type}`);
  return [...of('In'), ...of('Out')];
}

export function snmp(k: Kernel): Line[] {
  const types = icmpTypes(k);
  if (types.length === 0) return table(k, snmpNames);
  return table(k, snmpNames.replace('\nTcp:', `\nIcmpMsg: ${types.join(' ')}\nTcp:`));
}

export function netstat(k: Kernel): Line[] {
  return table(k, netstatNames);
}

/// Bytes of what IPv6 sends when an interface comes up: a router solicitation with the link address, a
/// neighbour solicitation with a nonce (RFC 7527), a report of one group (RFC 3810).
const AT_BOOT = [
  { name: 'Icmp6OutRouterSolicits', type: 133, bytes: 56 },
  { name: 'Icmp6OutNeighborSolicits', type: 135, bytes: 72 },
  { name: 'Icmp6OutMLDv2Reports', type: 143, bytes: 76 },
];

/// The counters of IPv6 that were not zero after boot: a device's, or with '' the whole host's.
function sentAtBoot(k: Kernel, device: string): Record<string, number> {
  const counts: Record<string, number> = {};
  const add = (names: string, by: number): void => {
    for (const name of names.split(' ')) if (by > 0) counts[name] = (counts[name] ?? 0) + by;
  };
  for (const line of platformOf(k).ipv6.split('\n')) {
    const [name, ...sent] = line.split(' ');
    if (device !== '' && name !== device) continue;
    AT_BOOT.forEach((message, i) => {
      const times = Number(sent[i]);
      add(`${message.name} Icmp6OutType${message.type} Icmp6OutMsgs`, times);
      add('Ip6OutRequests Ip6OutMcastPkts Ip6OutTransmits', times);
      add('Ip6OutOctets Ip6OutMcastOctets', times * message.bytes);
    });
  }
  return counts;
}

/// The names of snmp6 with the message types that were seen, received ones first.
function snmp6List(counts: Readonly<Record<string, number>>): string[] {
  const seen = (prefix: string): string[] =>
    Object.keys(counts)
      .filter((name) => name.startsWith(prefix) && counts[name] !== 0)
      .sort((a, b) => Number(a.slice(prefix.length)) - Number(b.slice(prefix.length)));
  return snmp6Names
    .split('\n')
    .flatMap((name) =>
      name === 'Icmp6OutMLDv2Reports'
        ? [name, ...seen('Icmp6InType'), ...seen('Icmp6OutType')]
        : [name],
    );
}

function hostNames6(k: Kernel): string[] {
  return snmp6List({ ...sentAtBoot(k, ''), ...k.mib });
}

export function snmp6(k: Kernel): Line[] {
  return hostNames6(k).map((name) =>
    row(`${name.padEnd(32)}\t`, value(mibValue(k, name), `counter:${name}`)),
  );
}

/// /proc/net/dev_snmp6/DEV: the same for one device, without UDP.
export function devSnmp6(k: Kernel, dev: NetDevice): Line[] {
  const boot = sentAtBoot(k, dev.name);
  const own = k.ip6_mib[dev.ifindex] ?? {};
  const names = snmp6List({ ...boot, ...own }).filter((name) => /^(Ip6|Icmp6)/.test(name));
  return [
    row(`${'ifIndex'.padEnd(32)}\t${dev.ifindex}`),
    ...names.map((name) => row(`${name.padEnd(32)}\t${(own[name] ?? 0) + (boot[name] ?? 0)}`)),
  ];
}

/// /proc/net/xfrm_stat: IPsec is not modelled, so all of it stays zero.
export function xfrmStat(): Line[] {
  return xfrmNames.split('\n').map((name) => row(`${name.padEnd(24)}\t0`));
}

/// Every protocol counter with its value, in the order in which nstat lists them.
export function protocolCounters(k: Kernel): { readonly name: string; readonly value: number }[] {
  const names = [...columnsOf(snmpNames), ...hostNames6(k), ...columnsOf(netstatNames)];
  return names
    .filter((name) => isCounter(k, name))
    .map((name) => ({ name, value: mibValue(k, name) }));
}

function columnsOf(names: string): string[] {
  return names.split('\n').flatMap((heading) => {
    const [prefix = '', ...columns] = heading.split(' ');
    return columns.map((column) => prefix.slice(0, -1) + column);
  });
}
