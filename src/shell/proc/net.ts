/// /proc/net: the list of its files.
/// Left out, and refused with words: ipv6_route, netlink, rt6_stats, rt_acct, and
/// the per-CPU caches below stat/.
import type { Kernel } from '../../kernel/state.ts';
import { constantFiles } from '../data/net_files.ts';
import { dir, failing, file, plain, type DirNode, type Entry, type Text } from '../nodes.ts';
import { devMcast, ifInet6, igmp, igmp6 } from './addresses.ts';
import { arp, fibTrie, fibTrieStat, routes } from './fib_trie.ts';
import { netDev } from './net_dev.ts';
import { packetSockets, packetTypes } from './packet.ts';
import { devSnmp6, netstat, snmp, snmp6, xfrmStat } from './snmp.ts';
import { softnetStat } from './softnet_stat.ts';
import { vlanDirectory } from './vlan.ts';
import { nfConntrack, nfConntrackStat } from './nf_conntrack.ts';
import { raw, raw6, sockstat, sockstat6, tcp, tcp6, udp, udp6 } from './sockets.ts';

/// A file that says the same on every host.
export function constant(path: string): Entry {
  return file(() => plain(constantFiles[path] ?? ''));
}

/// A file that a real host has and this one does not model.
export function unmodelled(mode = 0o444): Entry {
  return file(() => failing('ENOTMODELLED'), { mode });
}

const constants =
  'anycast6 connector icmp icmp6 ip6_flowlabel ip6_mr_cache ip6_mr_vif ip_mr_cache ip_mr_vif mcfilter mcfilter6 protocols psched rt_cache udplite udplite6 unix wireless'.split(
    ' ',
  );
const missing = 'ipv6_route netlink rt6_stats rt_acct'.split(' ');

export function net(k: Kernel): DirNode {
  const entries: Record<string, Entry> = {};
  const add = (name: string, read: () => Text) => {
    entries[name] = file(read);
  };
  for (const name of constants) entries[name] = constant(`/proc/net/${name}`);
  for (const name of missing) entries[name] = unmodelled();
  add('arp', () => arp(k));
  add('dev', () => netDev(k));
  add('dev_mcast', () => devMcast(k));
  add('if_inet6', () => ifInet6(k));
  add('fib_trie', () => fibTrie(k));
  add('fib_triestat', () => fibTrieStat(k));
  add('igmp', () => igmp(k));
  add('igmp6', () => igmp6(k));
  add('netstat', () => netstat(k));
  if (k.nf.ct) {
    const rows = (lines: readonly string[]): Text => plain(lines.join('\n'));
    entries['nf_conntrack'] = file(() => rows(nfConntrack(k)), { mode: 0o440 });
  }
  add('packet', () => packetSockets(k));
  add('ptype', () => packetTypes(k));
  add('route', () => routes(k));
  add('snmp', () => snmp(k));
  add('snmp6', () => snmp6(k));
  add('sockstat', () => sockstat(k));
  add('sockstat6', () => sockstat6(k));
  add('softnet_stat', () => softnetStat(k));
  add('raw', () => raw(k));
  add('raw6', () => raw6(k));
  add('tcp', () => tcp(k));
  add('tcp6', () => tcp6(k));
  add('udp', () => udp(k));
  add('udp6', () => udp6(k));
  add('xfrm_stat', xfrmStat);
  // There once the module is loaded, as it is with the first VLAN device.
  if (k.devs.some((dev) => dev.links.vlan !== null)) entries['vlan'] = () => vlanDirectory(k);
  entries['netfilter'] = dir({ nf_log: constant('/proc/net/netfilter/nf_log') });
  entries['dev_snmp6'] = () =>
    dir(Object.fromEntries(k.devs.map((dev) => [dev.name, file(() => devSnmp6(k, dev))])));
  entries['stat'] = () =>
    dir({
      ...{ arp_cache: unmodelled(), ndisc_cache: unmodelled(), rt_cache: unmodelled() },
      ...(k.nf.ct && { nf_conntrack: file(() => plain(nfConntrackStat(k).join('\n'))) }),
    });
  // The names are sorted only for who lists them: most walks pass through.
  return { ...dir(entries), names: () => Object.keys(entries).sort() };
}
