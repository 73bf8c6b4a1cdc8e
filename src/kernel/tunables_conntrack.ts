/// The sysctls of connection tracking, with what each does. They exist once the module is loaded.
import type { TunableRow } from './tunables_entry.ts';

const core = 'net/netfilter/nf_conntrack_core.c';
const tcp = 'net/netfilter/nf_conntrack_proto_tcp.c';

function timeout(name: string, seconds: number, of: string, source: string): TunableRow {
  return {
    id: `net.netfilter.nf_conntrack_${name}`,
    meaning: `How long an entry stays ${of}.`,
    unit: 's',
    default: String(seconds),
    range: 'any int',
    step: 'IN-23',
    source,
  };
}

function onOff(name: string, value: number, meaning: string, source: string): TunableRow {
  return {
    ...{ id: `net.netfilter.nf_conntrack_${name}`, meaning, unit: '0 or 1' },
    ...{ default: String(value), range: '0 to 1', step: 'IN-23', source },
  };
}

const MAX: Omit<TunableRow, 'id'> = {
  meaning:
    'Connections that may be tracked at once. Above it entries that were never assured are given up; when there are none nearby, packets of new flows are dropped. 0: no limit.',
  unit: 'entries',
  default: 'as many as buckets: 65536 above 1 GiB of memory, 262144 above 4 GiB',
  range: '0 to 2147483647',
  step: 'IN-23',
  source: `${core}:__nf_conntrack_alloc`,
};

export const conntrackTunables: readonly TunableRow[] = [
  { id: 'net.netfilter.nf_conntrack_max', ...MAX },
  { id: 'net.nf_conntrack_max', ...MAX },
  {
    id: 'net.netfilter.nf_conntrack_buckets',
    meaning:
      'Chains of the hash table; each entry is in two. Rounded up to whole pages of 512 buckets.',
    unit: 'buckets',
    default: 'from the memory, at least 1024',
    range: '1 to 4194304; 0: EINVAL; more than memory holds: ENOMEM',
    step: 'IN-23',
    source: `${core}:nf_conntrack_hash_resize`,
  },
  onOff('acct', 0, 'New entries count packets and bytes each way.', `${core}:init_conntrack`),
  onOff(
    'checksum',
    1,
    'A packet that comes in with a wrong transport checksum belongs to no connection.',
    `${tcp}:tcp_error`,
  ),
  {
    id: 'net.netfilter.nf_conntrack_log_invalid',
    meaning:
      'Protocol of which packets that belong to no connection are logged, where a logger is loaded.',
    unit: 'protocol number; 255: all',
    default: '0',
    range: '0 to 255',
    step: 'IN-23',
    source: 'net/netfilter/nf_conntrack_proto.c:nf_l4proto_log_invalid',
  },
  onOff(
    'tcp_loose',
    1,
    'A connection may be picked up from the middle, without its SYN.',
    `${tcp}:tcp_new`,
  ),
  onOff(
    'tcp_be_liberal',
    0,
    'Segments out of the window are taken all the same.',
    `${tcp}:nf_tcp_store_invalid`,
  ),
  onOff(
    'tcp_ignore_invalid_rst',
    0,
    'A reset below what was acknowledged is not invalid.',
    `${tcp}:nf_conntrack_tcp_packet`,
  ),
  {
    id: 'net.netfilter.nf_conntrack_tcp_max_retrans',
    meaning: 'Same segments in a row after which tcp_timeout_max_retrans holds.',
    unit: 'segments',
    default: '3',
    range: '0 to 255',
    step: 'IN-23',
    source: `${tcp}:nf_conntrack_tcp_packet`,
  },
  ...(
    [
      ['syn_sent', 120, 'after a SYN'],
      ['syn_recv', 60, 'after a SYN-ACK'],
      ['established', 432000, 'while a connection is established'],
      ['fin_wait', 120, 'after the first FIN'],
      ['close_wait', 60, 'after the first FIN was acknowledged'],
      ['last_ack', 30, 'after the second FIN'],
      ['time_wait', 120, 'after the last ACK'],
      ['close', 10, 'after a reset'],
      ['max_retrans', 300, 'when the same segments come again and again, or a window is shut'],
      ['unacknowledged', 300, 'when data is not acknowledged'],
    ] as const
  ).map(([name, seconds, of]) =>
    timeout(`tcp_timeout_${name}`, seconds, of, `${tcp}:nf_conntrack_tcp_packet`),
  ),
  timeout(
    'udp_timeout',
    30,
    'after a datagram',
    'net/netfilter/nf_conntrack_proto_udp.c:nf_conntrack_udp_packet',
  ),
  timeout(
    'udp_timeout_stream',
    120,
    'after a datagram of a flow with answers that has lasted two seconds',
    'net/netfilter/nf_conntrack_proto_udp.c:nf_conntrack_udp_packet',
  ),
  timeout(
    'icmp_timeout',
    30,
    'after an ICMP message',
    'net/netfilter/nf_conntrack_proto_icmp.c:nf_conntrack_icmp_packet',
  ),
  timeout(
    'icmpv6_timeout',
    30,
    'after an ICMPv6 message',
    'net/netfilter/nf_conntrack_proto_icmpv6.c:nf_conntrack_icmpv6_packet',
  ),
  timeout('generic_timeout', 600, 'after a packet of any other protocol', `${core}:generic_packet`),
];
