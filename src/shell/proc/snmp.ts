/// /proc/net/snmp, /proc/net/netstat and /proc/net/snmp6: the counters of the protocols. Those that no
/// modelled step moves stay at their value after boot.
/// Stands for net/ipv4/proc.c and net/ipv6/proc.c.
import type { Kernel } from '../../kernel/state.ts';
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
  return setting(k, name) ?? (k.mib[name] ?? 0) + bootValue(k, name);
}

function bootValue(k: Kernel, name: string): number {
  const words = platformOf(k).ipv6.split(' ');
  const at = words.indexOf(name);
  return at < 0 ? 0 : Number(words[at + 1]);
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

/// Names of /proc/net/snmp6 that appear only once such a message was seen.
function snmp6List(k: Kernel): string[] {
  const types = platformOf(k)
    .ipv6.split(' ')
    .filter((word) => word.startsWith('Icmp6OutType'));
  const seen = Object.keys(k.mib).filter((name) => name.startsWith('Icmp6InType'));
  return snmp6Names
    .split('\n')
    .flatMap((name) => (name === 'Icmp6OutMLDv2Reports' ? [name, ...seen, ...types] : [name]));
}

export function snmp6(k: Kernel): Line[] {
  return snmp6List(k).map((name) =>
    row(`${name.padEnd(32)}\t`, value(mibValue(k, name), `counter:${name}`)),
  );
}

/// /proc/net/xfrm_stat: IPsec is not modelled, so all of it stays zero.
export function xfrmStat(): Line[] {
  return xfrmNames.split('\n').map((name) => row(`${name.padEnd(24)}\t0`));
}

/// Every protocol counter with its value, in the order in which nstat lists them.
export function protocolCounters(k: Kernel): { readonly name: string; readonly value: number }[] {
  const names = [...columnsOf(snmpNames), ...snmp6List(k), ...columnsOf(netstatNames)];
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
