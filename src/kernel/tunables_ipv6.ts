/// Settings of IPv6: forwarding, sockets of both families, reassembly, options, ICMPv6.
import type { TunableRow } from './tunables_entry.ts';

const SWITCH = '0 or 1';
const INT = 'any int';
const addrconf = 'net/ipv6/addrconf.c:addrconf_fixup_forwarding';

export const ipv6Tunables: readonly TunableRow[] = [
  {
    id: 'net.ipv6.conf.*.forwarding',
    meaning:
      'all: whether packets may leave by another device than they came by; it sets the value of every device too, and switches LRO off. Of one device: whether it is in the groups of routers.',
    unit: SWITCH,
    default: '0',
    range: INT,
    step: 'IN-25',
    source: addrconf,
  },
  {
    id: 'net.ipv6.conf.*.disable_ipv6',
    meaning: 'Discard what is received over IPv6 on this device. all sets every device.',
    unit: SWITCH,
    default: '0',
    range: INT,
    step: 'IN-22',
    source: 'net/ipv6/ip6_input.c:ip6_rcv_core',
  },
  {
    id: 'net.ipv6.conf.*.keep_addr_on_down',
    meaning:
      'Keep the addresses that were given to a device when it goes down. The value for all decides where it is not 0.',
    unit: SWITCH,
    default: '0',
    range: INT,
    step: '',
    source: 'net/ipv6/addrconf.c:addrconf_ifdown',
  },
  {
    id: 'net.ipv6.bindv6only',
    meaning: 'A new socket on :: takes IPv6 only. With 0 it takes IPv4 as well.',
    unit: SWITCH,
    default: '0',
    range: '0 to 255',
    step: 'IN-28',
    source: 'net/ipv6/af_inet6.c:inet6_create',
  },
  {
    id: 'net.ipv6.ip6frag_high_thresh',
    meaning:
      'Memory for fragments. Above it no fragment is taken, not even the one that was missing.',
    unit: 'bytes',
    default: '4194304',
    range: 'ip6frag_low_thresh and more',
    step: 'IN-27',
    source: 'net/ipv4/inet_fragment.c:inet_frag_find',
  },
  {
    id: 'net.ipv6.ip6frag_time',
    meaning: 'How long the fragments of a datagram wait for the rest.',
    unit: 's',
    default: '60',
    range: INT,
    step: 'IN-27',
    source: 'include/net/ipv6_frag.h:ip6frag_expire_frag_queue',
  },
  {
    id: 'net.ipv6.max_hbh_opts_number',
    meaning:
      'Options in a hop-by-hop header at most; padding does not count. Below 0: so many, and none that is not known.',
    unit: 'options',
    default: '8',
    range: INT,
    step: 'IN-22',
    source: 'net/ipv6/exthdrs.c',
  },
  {
    id: 'net.ipv6.max_hbh_length',
    meaning: 'Longest hop-by-hop header.',
    unit: 'bytes',
    default: '2147483647',
    range: INT,
    step: 'IN-22',
    source: 'net/ipv6/exthdrs.c',
  },
  {
    id: 'net.ipv6.max_dst_opts_number',
    meaning:
      'Destination options at most; padding does not count. Below 0: so many, and none that is not known.',
    unit: 'options',
    default: '8',
    range: INT,
    step: 'IN-27',
    source: 'net/ipv6/exthdrs.c',
  },
  {
    id: 'net.ipv6.max_dst_opts_length',
    meaning: 'Longest header of destination options.',
    unit: 'bytes',
    default: '2147483647',
    range: INT,
    step: 'IN-27',
    source: 'net/ipv6/exthdrs.c',
  },
  {
    id: 'net.ipv6.icmp.ratelimit',
    meaning:
      'One message of a limited type to a receiver in so long, six at once. Networks of 64 bits get four times as many.',
    unit: 'ms',
    default: '1000',
    range: INT,
    step: 'EG-10',
    source: 'net/ipv6/icmp.c',
  },
  {
    id: 'net.ipv6.icmp.ratemask',
    meaning:
      'Types of messages that are limited: all but packet too big (2) and the informational ones.',
    unit: 'list of types',
    default: '0-1,3-127',
    range: 'ranges of 0 to 255',
    step: 'EG-10',
    source: 'net/ipv6/icmp.c',
  },
  {
    id: 'net.ipv6.icmp.echo_ignore_all',
    meaning: 'Answer no echo requests.',
    unit: SWITCH,
    default: '0',
    range: '0 to 255',
    step: 'IN-27',
    source: 'net/ipv6/icmp.c',
  },
  {
    id: 'net.ipv6.icmp.echo_ignore_multicast',
    meaning: 'Answer no echo requests to groups.',
    unit: SWITCH,
    default: '0',
    range: '0 to 255',
    step: 'IN-27',
    source: 'net/ipv6/icmp.c',
  },
];
