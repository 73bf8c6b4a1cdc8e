/// /proc/net: the list of its files.
/// Left out, and refused with words: fib_triestat, ipv6_route, netlink, rt6_stats, rt_acct, and
/// the per-CPU caches below stat/.
import type { Kernel } from '../../kernel/state.ts';
import { constantFiles } from '../data/net_files.ts';
import { dir, failing, file, plain, type DirNode, type Entry, type Text } from '../nodes.ts';
import { devMcast, ifInet6, igmp, igmp6 } from './addresses.ts';
import { arp, fibTrie, routes } from './fib_trie.ts';
import { netDev } from './net_dev.ts';
import { netstat, snmp, snmp6, xfrmStat } from './snmp.ts';
import { softnetStat } from './softnet_stat.ts';
import { raw, sockstat, sockstat6, tcp, tcp6, udp } from './sockets.ts';

/// A file that says the same on every host.
export function constant(path: string): Entry {
  return file(() => plain(constantFiles[path] ?? ''));
}

/// A file that a real host has and this one does not model.
export function unmodelled(mode = 0o444): Entry {
  return file(() => failing('ENOTMODELLED'), { mode });
}

const constants =
  'anycast6 connector icmp icmp6 ip6_flowlabel ip6_mr_cache ip6_mr_vif ip_mr_cache ip_mr_vif mcfilter mcfilter6 packet protocols psched raw6 rt_cache udp6 udplite udplite6 unix wireless'.split(
    ' ',
  );
const missing = 'fib_triestat ipv6_route netlink rt6_stats rt_acct'.split(' ');

const ptype = `Type Device      Function
0800          ip_rcv
0806          arp_rcv
86dd          ipv6_rcv`;

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
  add('igmp', () => igmp(k));
  add('igmp6', () => igmp6(k));
  add('netstat', () => netstat(k));
  add('ptype', () => plain(ptype));
  add('route', () => routes(k));
  add('snmp', () => snmp(k));
  add('snmp6', () => snmp6(k));
  add('sockstat', () => sockstat(k));
  add('sockstat6', () => sockstat6(k));
  add('softnet_stat', () => softnetStat(k));
  add('raw', () => raw(k));
  add('tcp', () => tcp(k));
  add('tcp6', () => tcp6(k));
  add('udp', () => udp(k));
  add('xfrm_stat', xfrmStat);
  entries['netfilter'] = dir({ nf_log: constant('/proc/net/netfilter/nf_log') });
  entries['dev_snmp6'] = () =>
    dir(Object.fromEntries(k.devs.map((dev) => [dev.name, unmodelled()])));
  entries['stat'] = () =>
    dir({ arp_cache: unmodelled(), ndisc_cache: unmodelled(), rt_cache: unmodelled() });
  // The names are sorted only for who lists them: most walks pass through.
  return { ...dir(entries), names: () => Object.keys(entries).sort() };
}
