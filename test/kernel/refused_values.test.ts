/// What the kernel refuses to write to a setting, and what it takes: every number below net.core and net.ipv4, and the
/// files of a device and its queues. The tables are the ctl_table arrays and store functions of Linux 6.12 in short.
import { describe, expect, it } from 'vitest';
import { hosts } from '../../src/hardware/hosts.ts';
import { boot } from '../../src/kernel/boot.ts';
import { loadConntrack } from '../../src/kernel/netfilter/conntrack/module.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { writeSysctl } from '../../src/kernel/sysctl.ts';
import { createSession } from '../../src/shell/shell.ts';
import { typed } from '../../tools/typed.ts';

/// Handler, least, most: names. A dash: the handler's own bound.
const SYSCTLS = `
[net.core]
int 256 -: mem_pcpu_rsv
int - -: netdev_max_backlog netdev_tstamp_prequeue message_burst netdev_budget warnings
jiffies - -: message_cost
int 0 1: tstamp_allow_data
int 0 -: busy_poll busy_read skb_defer_max somaxconn optmem_max
int 1 17: max_skb_frags
int 8000 -: netdev_budget_usecs
int 0 2: fb_tunnels_only_for_init_net
int 0 3: devconf_inherit_init_net
int 1 -: gro_normal_batch
int 1 3600: netdev_unregister_timeout_secs
u8 0 1: txrehash
int 4608 -: wmem_max wmem_default
int 2304 -: rmem_max rmem_default
[net.ipv4]
int - -: tcp_max_orphans inet_peer_threshold tcp_low_latency cipso_cache_enable
int - -: cipso_cache_bucket_size cipso_rbm_optfmt cipso_rbm_strictvalid tcp_max_tw_buckets
int - -: icmp_ratemask tcp_base_mss tcp_probe_threshold igmp_max_memberships igmp_max_msf
int - -: tcp_max_syn_backlog tcp_fastopen tcp_limit_output_bytes tcp_challenge_ack_limit
jiffies - -: inet_peer_minttl inet_peer_maxttl tcp_keepalive_time tcp_keepalive_intvl tcp_fin_timeout
jiffies - -: ipfrag_time ipfrag_secret_interval
ulong - -: tcp_mem udp_mem tcp_comp_sack_delay_ns tcp_comp_sack_slack_ns
uint 65536 67108864: fib_sync_mem
u8 0 1: icmp_echo_ignore_all icmp_echo_enable_probe icmp_echo_ignore_broadcasts
u8 0 1: icmp_ignore_bogus_error_responses icmp_errors_use_inbound_ifaddr raw_l3mdev_accept
u8 0 1: tcp_ecn_fallback nexthop_compat_mode ip_autobind_reuse tcp_l3mdev_accept tcp_migrate_req
u8 0 1: fib_multipath_use_neigh udp_l3mdev_accept tcp_no_ssthresh_metrics_save tcp_autocorking
u8 0 1: tcp_backlog_ack_defer tcp_reflect_tos tcp_plb_enabled tcp_shrink_window
ms - -: icmp_ratelimit tcp_invalid_ratelimit
int 0 -: icmp_msgs_per_sec icmp_msgs_burst ipfrag_max_dist
u8 0 2: tcp_ecn tcp_tw_reuse fib_notify_on_flag_change
u8 - -: ip_dynaddr ip_early_demux udp_early_demux tcp_early_demux ip_no_pmtu_disc
u8 - -: ip_forward_use_pmtu ip_nonlocal_bind fwmark_reflect tcp_fwmark_accept tcp_mtu_probing
u8 - -: igmp_link_local_mcast_reports tcp_keepalive_probes tcp_synack_retries tcp_syncookies
u8 - -: tcp_retries2 tcp_orphan_retries tcp_sack tcp_window_scaling tcp_timestamps tcp_recovery
u8 - -: tcp_thin_linear_timeouts tcp_slow_start_after_idle tcp_retrans_collapse tcp_stdurg
u8 - -: tcp_rfc1337 tcp_abort_on_overflow tcp_fack tcp_dsack tcp_frto tcp_no_metrics_save
u8 - -: tcp_moderate_rcvbuf tcp_tso_win_divisor tcp_workaround_signed_windows
u8 - -: tcp_plb_suspend_rto_sec
u8 1 255: ip_default_ttl
int 48 65535: tcp_min_snd_mss tcp_mtu_probe_floor
uint - 17179869: tcp_probe_interval
int 1 -: igmp_qrv tcp_max_reordering tcp_wmem udp_rmem_min udp_wmem_min tcp_rto_min_us
u8 1 127: tcp_syn_retries
u8 - 255: tcp_retries1
uint - -: tcp_notsent_lowat
u8 0 4: tcp_early_retrans
u8 0 31: tcp_app_win
int -31 31: tcp_adv_win_scale
u8 1 -: tcp_min_tso_segs tcp_pingpong_thresh
u8 - 31: tcp_tso_rtt_log tcp_plb_idle_rehash_rounds tcp_plb_rehash_rounds
int 0 86400: tcp_min_rtt_wlen
int 0 1000: tcp_pacing_ss_ratio tcp_pacing_ca_ratio
int 4096 -: tcp_rmem
u8 0 -: tcp_comp_sack_nr
uint 0 16777216: tcp_child_ehash_entries
uint 0 65536: udp_child_hash_entries
int 0 256: tcp_plb_cong_thresh
u8 0 127: tcp_syn_linear_timeouts
[net.ipv4.route]
int - -: gc_thresh max_size redirect_load redirect_number redirect_silence error_cost error_burst
int - -: gc_elasticity min_adv_mss
jiffies - -: gc_min_interval gc_timeout mtu_expires
ms - -: gc_min_interval_ms
int 68 -: min_pmtu
[net.netfilter]
int 0 2147483647: nf_conntrack_max
u8 0 1: nf_conntrack_checksum nf_conntrack_acct nf_conntrack_timestamp nf_conntrack_tcp_loose
u8 0 1: nf_conntrack_tcp_be_liberal nf_conntrack_tcp_ignore_invalid_rst
u8 - -: nf_conntrack_log_invalid nf_conntrack_tcp_max_retrans
int 1 2147483647: nf_conntrack_expect_max
u8 0 2: nf_conntrack_events
jiffies - -: nf_conntrack_generic_timeout nf_conntrack_tcp_timeout_syn_sent
jiffies - -: nf_conntrack_tcp_timeout_syn_recv nf_conntrack_tcp_timeout_established
jiffies - -: nf_conntrack_tcp_timeout_fin_wait nf_conntrack_tcp_timeout_close_wait
jiffies - -: nf_conntrack_tcp_timeout_last_ack nf_conntrack_tcp_timeout_time_wait
jiffies - -: nf_conntrack_tcp_timeout_close nf_conntrack_tcp_timeout_max_retrans
jiffies - -: nf_conntrack_tcp_timeout_unacknowledged nf_conntrack_udp_timeout
jiffies - -: nf_conntrack_udp_timeout_stream nf_conntrack_icmp_timeout nf_conntrack_icmpv6_timeout
`;

interface Row {
  readonly name: string;
  readonly handler: string;
  readonly min: bigint | null;
  readonly max: bigint | null;
}

function rows(): Row[] {
  const found: Row[] = [];
  let directory = '';
  for (const line of SYSCTLS.trim().split('\n')) {
    if (line.startsWith('[')) directory = line.slice(1, -1);
    else {
      const [head = '', names = ''] = line.split(': ');
      const [handler = '', min, max] = head.split(' ');
      const bound = (text = '-'): bigint | null => (text === '-' ? null : BigInt(text));
      for (const name of names.split(' '))
        found.push({ name: `${directory}.${name}`, handler, min: bound(min), max: bound(max) });
    }
  }
  return found;
}

const HZ = 250n;

/// What a handler takes without bounds of its own: kernel/sysctl.c.
const LIMITS: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int: [-(2n ** 31n), 2n ** 31n - 1n],
  uint: [0n, 2n ** 32n - 1n],
  u8: [0n, 255n],
  ulong: [0n, 2n ** 64n - 1n],
  // do_proc_dointvec_jiffies_conv(): what is above INT_MAX / HZ does not fit.
  jiffies: [-((2n ** 31n - 1n) / HZ), (2n ** 31n - 1n) / HZ],
  // msecs_to_jiffies() takes an unsigned int, and all from 2^31 on for negative.
  ms: [0n, 2n ** 31n - 1n],
};

const WORDS = [
  'abc',
  '1x',
  '1,2',
  '--1',
  '\n',
  '   ',
  '0x',
  '1'.repeat(21),
  ' '.repeat(4095) + '1',
];

function host(): Kernel {
  const k = boot(hosts['virtio']!, 1);
  loadConntrack(k);
  return k;
}

/// The first number of the value after a write, or the errno.
function write(k: Kernel, name: string, text: string): string {
  const result = writeSysctl(k, name, text);
  return result.ok ? k.sysctl[name]!.split('\t')[0]! : result.errno;
}

describe('a number for a sysctl', () => {
  const all = rows();

  it('is in the table for every setting that takes one', () => {
    expect(all.length).toBeGreaterThan(180);
    expect(all.filter(({ name }) => host().sysctl[name] === undefined)).toEqual([]);
  });

  it.each(all)(
    '$name ($handler) is refused with EINVAL outside its range',
    ({ name, handler, min, max }) => {
      const k = host();
      const [least, most] = LIMITS[handler]!;
      const [low, high] = [min ?? least, max ?? most];
      const before = { ...k.sysctl };
      for (const text of [...WORDS, String(low - 1n), String(high + 1n)])
        expect([text, write(k, name, text)]).toEqual([text, 'EINVAL']);
      expect(k.sysctl).toEqual(before);
      const shown = (value: bigint): string =>
        String(handler === 'ms' ? ((value + 3n) / 4n) * 4n : value);
      expect(write(k, name, `${low}\n`)).toBe(shown(low));
      expect(write(k, name, ` ${high} `)).toBe(shown(high));
    },
  );
});

describe('a setting with a handler of its own', () => {
  it.each([
    // net/core/sysctl_net_core.c
    ['net.core.dev_weight', '0', 'EINVAL'],
    ['net.core.dev_weight_rx_bias', '0', 'EINVAL'],
    ['net.core.rps_sock_flow_entries', '-1', 'EINVAL'],
    ['net.core.rps_sock_flow_entries', '536870913', 'EINVAL'],
    ['net.core.rps_sock_flow_entries', '3', '4'],
    ['net.core.flow_limit_table_len', '0', 'EINVAL'],
    ['net.core.flow_limit_table_len', '-4096', 'EINVAL'],
    ['net.core.flow_limit_table_len', '-2147483648', '-2147483648'],
    ['net.core.flow_limit_cpu_bitmap', 'g', 'EINVAL'],
    ['net.core.flow_limit_cpu_bitmap', '100', 'EOVERFLOW'],
    ['net.core.rps_default_mask', '100', 'EOVERFLOW'],
    ['net.core.default_qdisc', 'nosuch', 'ENOENT'],
    ['net.core.high_order_alloc_disable', '2', 'EINVAL'],
    // net/ipv4/sysctl_net_ipv4.c
    ['net.ipv4.ip_local_port_range', '0 100', 'EINVAL'],
    ['net.ipv4.ip_local_port_range', '1023 60000', 'EINVAL'],
    ['net.ipv4.ip_local_port_range', '2000 1999', 'EINVAL'],
    ['net.ipv4.ip_unprivileged_port_start', '32769', 'EINVAL'],
    ['net.ipv4.ip_unprivileged_port_start', '32768', '32768'],
    ['net.ipv4.tcp_reordering', '0', 'EINVAL'],
    ['net.ipv4.tcp_reordering', '301', 'EINVAL'],
    ['net.ipv4.tcp_congestion_control', 'nosuch', 'ENOENT'],
    // net/core/neighbour.c
    ['net.ipv4.neigh.eth0.unres_qlen', '-1', 'EINVAL'],
    ['net.ipv4.neigh.eth0.mcast_solicit', '-1', 'EINVAL'],
    ['net.ipv4.neigh.eth0.interval_probe_time_ms', '0', 'EINVAL'],
    ['net.ipv4.neigh.eth0.locktime', '-3', '-0'],
    ['net.ipv4.neigh.eth0.locktime', '5', '4'],
    // net/netfilter/nf_conntrack_standalone.c, kernel/sysctl.c
    ['net.netfilter.nf_conntrack_buckets', '0', 'EINVAL'],
    ['net.ipv4.tcp_mem', '1 -2 3', 'EINVAL'],
    ['net.ipv4.tcp_invalid_ratelimit', '4294967297', '4'],
  ])('%s with %j gives %s', (name, text, result) => {
    expect(write(host(), name, text)).toBe(result);
  });

  it('tcp_reordering may go as far as tcp_max_reordering', () => {
    const k = host();
    write(k, 'net.ipv4.tcp_max_reordering', '1000');
    expect(write(k, 'net.ipv4.tcp_reordering', '1000')).toBe('1000');
    expect(write(k, 'net.ipv4.tcp_reordering', '1001')).toBe('EINVAL');
  });

  it('gives no CPU a flow limit table that kmalloc() cannot hold', () => {
    const k = host();
    write(k, 'net.core.flow_limit_table_len', '4194304');
    expect(write(k, 'net.core.flow_limit_cpu_bitmap', '1')).toBe('ENOMEM');
    expect(k.cpus[0]!.flow_limit).toBeNull();
    write(k, 'net.core.flow_limit_table_len', '2097152');
    expect(write(k, 'net.core.flow_limit_cpu_bitmap', '1')).toBe('01');
  });

  it('keeps the thresholds of reassembly in order', () => {
    const k = host();
    expect(write(k, 'net.ipv4.ipfrag_low_thresh', '4194305')).toBe('EINVAL');
    expect(write(k, 'net.ipv4.ipfrag_high_thresh', '3145727')).toBe('EINVAL');
  });
});

const QUEUE = '/sys/class/net/eth0/queues/rx-0';
const TX = '/sys/class/net/eth0/queues/tx-0';
const DEV = '/sys/class/net/eth0';
const WORD: Readonly<Record<string, string>> = {
  EINVAL: 'Invalid argument',
  ERANGE: 'Numerical result out of range',
  EOVERFLOW: 'Value too large for defined data type',
  EOPNOTSUPP: 'Operation not supported',
  EIO: 'Input/output error',
  ENOMEM: 'Cannot allocate memory',
  EPERM: 'Operation not permitted',
};

describe('a file of a device, a queue or an interrupt', () => {
  /// What the shell says of a write, or what the file shows afterwards.
  function echo(path: string, text: string): string {
    const k = boot(hosts['igb']!, 1);
    const session = createSession(k, 'root');
    const limits = { columns: null, limit_ns: 1e9 };
    const { stdout, stderr } = typed(
      { k },
      session,
      `printf %b '${text}' > ${path} && cat ${path}`,
      limits,
    );
    const refused = /: write error: (.+)\n/.exec(stderr)?.[1];
    return refused === undefined
      ? stdout.trimEnd()
      : (Object.keys(WORD).find((at) => WORD[at] === refused) ?? refused);
  }

  it.each([
    // net/core/net-sysfs.c: a mask of CPUs
    [`${QUEUE}/rps_cpus`, 'x', 'EINVAL'],
    [`${QUEUE}/rps_cpus`, '1ff', 'EOVERFLOW'],
    [`${QUEUE}/rps_cpus`, '1,,2', 'EOVERFLOW'],
    [`${QUEUE}/rps_cpus`, 'ff', 'ff'],
    [`${TX}/xps_cpus`, '1ff', 'EOVERFLOW'],
    // a size of a flow table
    [`${QUEUE}/rps_flow_cnt`, '-1', 'EINVAL'],
    [`${QUEUE}/rps_flow_cnt`, '4294967297', 'EINVAL'],
    [`${QUEUE}/rps_flow_cnt`, '1000', '1024'],
    [`${QUEUE}/rps_flow_cnt`, '18446744073709551616', 'ERANGE'],
    // the NAPI timers
    [`${DEV}/gro_flush_timeout`, '-1', 'EINVAL'],
    [`${DEV}/gro_flush_timeout`, '1e3', 'EINVAL'],
    [`${DEV}/gro_flush_timeout`, '20000', '20000'],
    [`${DEV}/napi_defer_hard_irqs`, '2147483648', 'ERANGE'],
    [`${DEV}/napi_defer_hard_irqs`, '2147483647', '2147483647'],
    [`${DEV}/threaded`, '2', 'EOPNOTSUPP'],
    [`${DEV}/threaded`, '1', '1'],
    // the device
    [`${DEV}/mtu`, '67', 'EINVAL'],
    [`${DEV}/mtu`, '9217', 'EINVAL'],
    [`${DEV}/mtu`, '1 2', 'EINVAL'],
    [`${DEV}/tx_queue_len`, '4294967296', 'ERANGE'],
    [`${DEV}/tx_queue_len`, '0x10', '16'],
    [`${DEV}/tx_queue_len`, '-1', 'EINVAL'],
    [`${DEV}/ifalias`, 'a'.repeat(256), 'EINVAL'],
    [`${DEV}/ifalias`, 'a'.repeat(255), 'a'.repeat(255)],
    [`${DEV}/gro_flush_timeout`, '18446744073709551616', 'ERANGE'],
    [`${DEV}/proto_down`, '1', 'EOPNOTSUPP'],
    [`${DEV}/carrier`, '0', 'EOPNOTSUPP'],
    [`${TX}/tx_maxrate`, '100', 'EOPNOTSUPP'],
    [`${TX}/byte_queue_limits/limit`, '-1', 'EINVAL'],
    [`${TX}/byte_queue_limits/limit`, '1879048193', 'EINVAL'],
    [`${TX}/byte_queue_limits/limit_min`, '1000', '1000'],
    [`${TX}/byte_queue_limits/hold_time`, '4294967296', 'ERANGE'],
    // kernel/irq/proc.c
    ['/proc/irq/33/smp_affinity', '0', 'EINVAL'],
    ['/proc/irq/33/smp_affinity', 'zz', 'EINVAL'],
    ['/proc/irq/33/smp_affinity', '100', 'EOVERFLOW'],
    ['/proc/irq/33/smp_affinity', '81', '81'],
    ['/proc/irq/33/smp_affinity_list', '8', 'ERANGE'],
    ['/proc/irq/33/smp_affinity_list', '3-1', 'EINVAL'],
    ['/proc/irq/33/smp_affinity_list', '1,x', 'EINVAL'],
    ['/proc/irq/33/smp_affinity_list', '0-6:1/3', '0,3,6'],
    ['/proc/irq/default_smp_affinity', '0', 'EINVAL'],
    ['/proc/irq/default_smp_affinity', '1ff', 'EOVERFLOW'],
  ])('%s with %j gives %s', (path, text, result) => {
    expect(echo(path, text)).toBe(result);
  });
});
