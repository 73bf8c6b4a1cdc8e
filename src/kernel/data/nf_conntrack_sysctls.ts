/// The sysctls that the module nf_conntrack brings with it, in the form of data/sysctls.ts: name, how the
/// kernel reads it, mode, value after loading. That of buckets and of the largest number of entries is
/// worked out when the module is loaded.
/// Source: nf_ct_sysctl_table[] and nf_ct_netfilter_table[] in net/netfilter/nf_conntrack_standalone.c,
/// Linux 6.12, HZ 250.
/// Left out: SCTP, DCCP and GRE, whose packets are tracked here as those of any other protocol.
export const conntrackSysctls = `
[net/netfilter]
nf_conntrack_acct b:0:1 0
nf_conntrack_buckets ct_buckets 0
nf_conntrack_checksum b:0:1 1
nf_conntrack_count i!444 0
nf_conntrack_events b:0:2 2
nf_conntrack_expect_max i:1:2147483647 0
nf_conntrack_generic_timeout j 600
nf_conntrack_icmp_timeout j 30
nf_conntrack_icmpv6_timeout j 30
nf_conntrack_log_invalid b 0
nf_conntrack_max i:0:2147483647 0
nf_conntrack_tcp_be_liberal b:0:1 0
nf_conntrack_tcp_ignore_invalid_rst b:0:1 0
nf_conntrack_tcp_loose b:0:1 1
nf_conntrack_tcp_max_retrans b 3
nf_conntrack_tcp_timeout_close j 10
nf_conntrack_tcp_timeout_close_wait j 60
nf_conntrack_tcp_timeout_established j 432000
nf_conntrack_tcp_timeout_fin_wait j 120
nf_conntrack_tcp_timeout_last_ack j 30
nf_conntrack_tcp_timeout_max_retrans j 300
nf_conntrack_tcp_timeout_syn_recv j 60
nf_conntrack_tcp_timeout_syn_sent j 120
nf_conntrack_tcp_timeout_time_wait j 120
nf_conntrack_tcp_timeout_unacknowledged j 300
nf_conntrack_timestamp b:0:1 0
nf_conntrack_udp_timeout j 30
nf_conntrack_udp_timeout_stream j 120
[net]
nf_conntrack_max i:0:2147483647 0
`;
