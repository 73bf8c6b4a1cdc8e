/// Every sysctl of the recorded hosts: name, how the kernel reads it, mode and value after boot, in the
/// order of /proc/sys. One line each: `name kind[:min[:max]][!mode] value`, mode 644 when not given.
/// `*` stands for the devices and `default`; `=` only gives a directory another value.
/// Kinds: i int, u unsigned int, b byte, l unsigned long, j seconds kept in jiffies, J milliseconds
/// kept in jiffies, h hundredths of a second kept in jiffies, s text; the words are handlers of their
/// own in sysctl_handlers.ts. Tabs separate the values of a vector. `!EIO`: reading gives that error.
/// Sources: the handlers and bounds from the ctl_table arrays of Linux 6.12, the values recorded.
export const sysctls = `
[abi]
vsyscall32 i:0:1 1
[crypto]
fips_enabled i 0
fips_name s Linux Kernel Cryptographic API
fips_version s 6.12.107+deb13-amd64
[debug]
exception-trace i 1
kprobes-optimization i:0:1 1
[dev/hpet]
max-user-freq i 64
[dev/mac_hid]
mouse_button2_keycode i 97
mouse_button3_keycode i 100
mouse_button_emulation i:0:1 0
[dev/tty]
ldisc_autoload i:0:1 1
legacy_tiocsti i 0
[fs]
aio-max-nr l 65536
aio-nr l!444 0
dentry-state l!444 2133	1411	45	0	83	0
dir-notify-enable i 1
file-max l:0 199440
file-nr l!444 0	0	199440
inode-nr l!444 2107	0
inode-state l!444 2107	0	0	0	0	0	0
lease-break-time i 45
leases-enable i 1
mount-max i:1 100000
nr_open u:64:2147483584 1048576
overflowgid i:0:65535 65534
overflowuid i:0:65535 65534
pipe-max-size u 1048576
pipe-user-pages-hard l 0
pipe-user-pages-soft l 16384
protected_fifos i:0:2 0
protected_hardlinks i:0:1 1
protected_regular i:0:2 0
protected_symlinks i:0:1 1
suid_dumpable i:0:2 0
[fs/epoll]
max_user_watches l:0 448244
[fs/fanotify]
max_queued_events i:0 16384
max_user_groups l:0:2147483647 128
max_user_marks l:0:2147483647 16521
[fs/inotify]
max_queued_events i:0 16384
max_user_instances l:0:2147483647 128
max_user_watches l:0 15526
[fs/mqueue]
msg_default i:1:65536 10
msg_max i:1:65536 10
msgsize_default i:128:16777216 8192
msgsize_max i:128:16777216 8192
queues_max i 256
[fs/quota]
allocated_dquots i!444 0
cache_hits i!444 0
drops i!444 0
free_dquots i!444 0
lookups i!444 0
reads i!444 0
syncs i!444 0
writes i!444 0
[fs/verity]
require_signatures i:0:1 0
[kernel]
acct i 4	2	30
acpi_video_flags l 0
apparmor_display_secid_mode i!600 0
apparmor_restrict_unprivileged_unconfined i!600 0
arch s!444 x86_64
auto_msgmni i:0:1 0
bootloader_type i!444 176
bootloader_version i!444 0
bpf_stats_enabled i:0:1 0
cad_pid i!600 1
cap_last_cap i!444 40
core_file_note_size_limit u:4194304:16777216 4194304
core_pattern s core
core_pipe_limit i 0
core_sort_vma u:0:1 0
core_uses_pid i 0
ctrl-alt-del i 1
dmesg_restrict i:0:1 1
domainname s (none)
ftrace_dump_on_oops s 0
ftrace_enabled i 1
hardlockup_all_cpu_backtrace i:0:1 0
hardlockup_panic i:0:1 0
hostname s host2
hung_task_all_cpu_backtrace i:0:1 0
hung_task_check_count i:0 4194304
hung_task_check_interval_secs l::36893488147419103 0
hung_task_panic i:0:1 0
hung_task_timeout_secs l::36893488147419103 120
hung_task_warnings i:-1 10
io_delay_type i 0
io_uring_disabled i:0:2 0
io_uring_group i -1
kexec_load_disabled i:1:1 0
kexec_load_limit_panic i -1
kexec_load_limit_reboot i -1
kptr_restrict i:0:2 0
max_lock_depth i 1024
max_rcu_stall_to_panic i:1 0
modprobe s /sbin/modprobe
modules_disabled i:1:1 0
msg_next_id i:0!444 -1
msgmax i:0 8192
msgmnb i:0 16384
msgmni i:0:32768 32000
ngroups_max i!444 65536
nmi_watchdog i:0:1!444 0
ns_last_pid i:0:32768!666 249
numa_balancing i:0:4 1
numa_balancing_promote_rate_limit_MBps i:0 65536
oops_all_cpu_backtrace i:0:1 0
oops_limit u 10000
osrelease s!444 6.12.107+deb13-amd64
ostype s!444 Linux
overflowgid i:0:65535 65534
overflowuid i:0:65535 65534
panic i 0
panic_on_io_nmi i 0
panic_on_oops i 0
panic_on_rcu_stall i:0:1 0
panic_on_unrecovered_nmi i 0
panic_on_warn i:0:1 0
panic_print l 0
perf_cpu_time_max_percent i:0:100 25
perf_event_max_contexts_per_stack i:0:1000 8
perf_event_max_sample_rate i:1 100000
perf_event_max_stack i:0:655360 127
perf_event_mlock_kb i 516
perf_event_paranoid i 3
pid_max i:301:4194304 32768
poweroff_cmd s /sbin/poweroff
print-fatal-signals i 0
printk i 4	4	1	7
printk_delay i:0:10000 0
printk_devkmsg s ratelimit
printk_ratelimit j 5
printk_ratelimit_burst i 10
randomize_va_space i 2
real-root-dev i 0
sched_autogroup_enabled i:0:1 1
sched_cfs_bandwidth_slice_us i:1 5000
sched_deadline_period_max_us u:100 4194304
sched_deadline_period_min_us u::4194304 100
sched_energy_aware i:0:1
sched_rr_timeslice_ms i 100
sched_rt_period_us i:1 1000000
sched_rt_runtime_us i:-1:1000000 950000
sched_schedstats i:0:1 0
sem i 32000	1024000000	500	32000
sem_next_id i:0!444 -1
shm_next_id i:0!444 -1
shm_rmid_forced i:0:1 0
shmall l 18446744073692774399
shmmax l 18446744073692774399
shmmni i:0:32768 4096
soft_watchdog i:0:1 1
softlockup_all_cpu_backtrace i:0:1 0
softlockup_panic i:0:1 0
split_lock_mitigate u:0:1 1
stack_tracer_enabled i 0
sysctl_writes_strict i:-1:1 1
sysrq i 438
tainted l 0
task_delayacct i:0:1 0
threads-max i 15728
timer_migration u:0:1 1
traceoff_on_warning i 0
tracepoint_printk i 0
unknown_nmi_panic i 0
unprivileged_bpf_disabled i:0:2 2
unprivileged_userns_apparmor_policy i!600 1
unprivileged_userns_clone i 1
version s!444 #1 SMP PREEMPT_DYNAMIC Debian 6.12.107-1 (2026-08-29)
warn_limit u 0
watchdog i:0:1 1
watchdog_cpumask cpulist 0-7
watchdog_thresh i:0:60 10
[kernel/firmware_config]
force_sysfs_fallback i 0
ignore_sysfs_fallback i 0
[kernel/keys]
gc_delay i:0 300
maxbytes i:1 20000
maxkeys i:1 200
persistent_keyring_expiry i:0 259200
root_maxbytes i:1 25000000
root_maxkeys i:1 1000000
[kernel/pty]
max i:0:1048576 4096
nr i!444 0
reserve i:0:1048576 1024
[kernel/random]
boot_id i!444 a05f37fc-60c9-4625-9993-527d9a6c476b
entropy_avail i!444 256
poolsize i!444 256
urandom_min_reseed_secs i 60
uuid i!444 cad34e4c-0b71-4cb9-bdc2-bd6f6cebfc7b
write_wakeup_threshold i 256
[kernel/seccomp]
actions_avail s!444 kill_process kill_thread trap errno user_notif trace log allow
actions_logged s kill_process kill_thread trap errno user_notif trace log
[kernel/usermodehelper]
bset l!600 4294967295	511
inheritable l!600 4294967295	511
[kernel/yama]
ptrace_scope i:0:3 0
[net/core]
bpf_jit_enable i:0:2 1
bpf_jit_harden i:0:2!600 0
bpf_jit_kallsyms i:0:1!600 1
bpf_jit_limit l:1:1056964608!600 528482304
busy_poll i:0 0
busy_read i:0 0
default_qdisc qdisc fq_codel
dev_weight i:1 64
dev_weight_rx_bias i:1 1
dev_weight_tx_bias i:1 1
devconf_inherit_init_net i:0:3 0
fb_tunnels_only_for_init_net i:0:2 0
flow_limit_cpu_bitmap flow_cpus 00
flow_limit_table_len flow_table 4096
gro_normal_batch i:1 8
high_order_alloc_disable i:0:1 0
max_skb_frags i:1:17 17
mem_pcpu_rsv i:256 256
message_burst i 10
message_cost j 5
netdev_budget i 300
netdev_budget_usecs i:8000 8000
netdev_max_backlog i 1000
netdev_rss_key s!444 0b:f9:51:9e:54:d5:d7:a3:a3:ae:7a:e9:07:08:ae:6d:8b:3f:5c:f5:ad:27:90:62:13:18:fc:4b:70:9d:04:5f:a3:ca:f3:30:d5:65:cd:ef:5d:df:bd:d1:73:2e:5a:45:ff:cb:51:d9
netdev_tstamp_prequeue i 1
netdev_unregister_timeout_secs i:1:3600 10
optmem_max i:0 131072
rmem_default i:2304 212992
rmem_max i:2304 212992
rps_default_mask mask 00
rps_sock_flow_entries pow2 0
skb_defer_max i:0 64
somaxconn i:0 4096
tstamp_allow_data i:0:1 1
txrehash b:0:1 1
warnings i 0
wmem_default i:4608 212992
wmem_max i:4608 212992
xfrm_acq_expires i 30
xfrm_aevent_etime u 10
xfrm_aevent_rseqth u 2
xfrm_larval_drop i 1
[net/ipv4]
cipso_cache_bucket_size i 10
cipso_cache_enable i 1
cipso_rbm_optfmt i 0
cipso_rbm_strictvalid i 1
fib_multipath_hash_fields u:1:4095 7
fib_multipath_hash_policy b:0:3 0
fib_multipath_hash_seed u 0
fib_multipath_use_neigh b:0:1 0
fib_notify_on_flag_change b:0:2 0
fib_sync_mem u:65536:67108864 524288
fwmark_reflect b 0
icmp_echo_enable_probe b:0:1 0
icmp_echo_ignore_all b:0:1 0
icmp_echo_ignore_broadcasts b:0:1 1
icmp_errors_use_inbound_ifaddr b:0:1 0
icmp_ignore_bogus_error_responses b:0:1 1
icmp_msgs_burst i:0 50
icmp_msgs_per_sec i:0 1000
icmp_ratelimit J 1000
icmp_ratemask i 6168
igmp_link_local_mcast_reports b 1
igmp_max_memberships i 20
igmp_max_msf i 10
igmp_qrv i:1 2
inet_peer_maxttl j 600
inet_peer_minttl j 120
inet_peer_threshold i 65664
ip_autobind_reuse b:0:1 0
ip_default_ttl b:1:255 64
ip_dynaddr b 0
ip_early_demux b 1
ip_forward ipv4_forward 0
ip_forward_update_priority b:0:1 1
ip_forward_use_pmtu b 0
ip_local_port_range port_range 32768	60999
ip_local_reserved_ports ports
ip_no_pmtu_disc b 0
ip_nonlocal_bind b 0
ip_unprivileged_port_start privileged:0:65535 1024
ipfrag_high_thresh frag_high 4194304
ipfrag_low_thresh frag_low 3145728
ipfrag_max_dist i:0 64
ipfrag_secret_interval j 0
ipfrag_time j 30
nexthop_compat_mode b:0:1 1
ping_group_range l 1	0
raw_l3mdev_accept b:0:1 1
tcp_abort_on_overflow b 0
tcp_adv_win_scale i:-31:31 1
tcp_allowed_congestion_control allowed_cc reno cubic
tcp_app_win b:0:31 31
tcp_autocorking b:0:1 1
tcp_available_congestion_control s!444 reno cubic
tcp_available_ulp s!444 mptcp
tcp_backlog_ack_defer b:0:1 1
tcp_base_mss i 1024
tcp_challenge_ack_limit i 2147483647
tcp_child_ehash_entries u:0:16777216 0
tcp_comp_sack_delay_ns l 1000000
tcp_comp_sack_nr b:0 44
tcp_comp_sack_slack_ns l 100000
tcp_congestion_control cc cubic
tcp_dsack b 1
tcp_early_demux b 1
tcp_early_retrans b:0:4 3
tcp_ecn b:0:2 2
tcp_ecn_fallback b:0:1 1
tcp_ehash_entries i!444 16384
tcp_fack b 0
tcp_fastopen i 1
tcp_fastopen_blackhole_timeout_sec i:0 0
tcp_fastopen_key s!600 00000000-00000000-00000000-00000000
tcp_fin_timeout j 60
tcp_frto b 2
tcp_fwmark_accept b 0
tcp_invalid_ratelimit J 500
tcp_keepalive_intvl j 75
tcp_keepalive_probes b 9
tcp_keepalive_time j 7200
tcp_l3mdev_accept b:0:1 0
tcp_limit_output_bytes i 1048576
tcp_low_latency i 0
tcp_max_orphans i 8192
tcp_max_reordering i:1 300
tcp_max_syn_backlog i 128
tcp_max_tw_buckets i 8192
tcp_mem l 22410	29880	44820
tcp_migrate_req b:0:1 0
tcp_min_rtt_wlen i:0:86400 300
tcp_min_snd_mss i:48:65535 48
tcp_min_tso_segs b:1 2
tcp_moderate_rcvbuf b 1
tcp_mtu_probe_floor i:48:65535 48
tcp_mtu_probing b 0
tcp_no_metrics_save b 0
tcp_no_ssthresh_metrics_save b:0:1 1
tcp_notsent_lowat u 4294967295
tcp_orphan_retries b 0
tcp_pacing_ca_ratio i:0:1000 120
tcp_pacing_ss_ratio i:0:1000 200
tcp_pingpong_thresh b:1 1
tcp_plb_cong_thresh i:0:256 128
tcp_plb_enabled b:0:1 0
tcp_plb_idle_rehash_rounds b::31 3
tcp_plb_rehash_rounds b::31 12
tcp_plb_suspend_rto_sec b 60
tcp_probe_interval u::17179869 600
tcp_probe_threshold i 8
tcp_recovery b 1
tcp_reflect_tos b:0:1 0
tcp_reordering reordering:1 3
tcp_retrans_collapse b 1
tcp_retries1 b::255 3
tcp_retries2 b 15
tcp_rfc1337 b 0
tcp_rmem i:4096 4096	131072	6291456
tcp_rto_min_us i:1 200000
tcp_sack b 1
tcp_shrink_window b:0:1 0
tcp_slow_start_after_idle b 1
tcp_stdurg b 0
tcp_syn_linear_timeouts b:0:127 4
tcp_syn_retries b:1:127 6
tcp_synack_retries b 5
tcp_syncookies b 1
tcp_thin_linear_timeouts b 0
tcp_timestamps b 1
tcp_tso_rtt_log b::31 9
tcp_tso_win_divisor b 3
tcp_tw_reuse b:0:2 2
tcp_window_scaling b 1
tcp_wmem i:1 4096	16384	4194304
tcp_workaround_signed_windows b 0
udp_child_hash_entries u:0:65536 0
udp_early_demux b 1
udp_hash_entries i!444 1024
udp_l3mdev_accept b:0:1 0
udp_mem l 44820	59760	89640
udp_rmem_min i:1 4096
udp_wmem_min i:1 4096
xfrm4_gc_thresh i 32768
[net/ipv4/conf/all]
accept_source_route = 0
[net/ipv4/conf/*]
accept_local i 0
accept_redirects i 1
accept_source_route i 1
arp_accept i 0
arp_announce i 0
arp_evict_nocarrier i 1
arp_filter i 0
arp_ignore i 0
arp_notify i 0
bc_forwarding i 0
bootp_relay i 0
disable_policy i 0
disable_xfrm i 0
drop_gratuitous_arp i 0
drop_unicast_in_l2_multicast i 0
force_igmp_version i 0
forwarding conf_forward 0
igmpv2_unsolicited_report_interval i 10000
igmpv3_unsolicited_report_interval i 1000
ignore_routes_with_linkdown i 0
log_martians i 0
mc_forwarding i!444 0
medium_id i 0
promote_secondaries i 0
proxy_arp i 0
proxy_arp_pvlan i 0
route_localnet i 0
rp_filter i 0
secure_redirects i 1
send_redirects i 1
shared_media i 1
src_valid_mark i 0
tag i 0
[net/ipv4/conf/lo]
disable_policy = 1
disable_xfrm = 1
[net/ipv4/neigh/*]
anycast_delay h 100
app_solicit i:0 0
base_reachable_time j 30
base_reachable_time_ms J 30000
delay_first_probe_time j 5
gc_stale_time j 60
interval_probe_time_ms J:1 5000
locktime h 100
mcast_resolicit i:0 0
mcast_solicit i:0 3
proxy_delay h 80
proxy_qlen i:0 64
retrans_time h 100
retrans_time_ms J 1000
ucast_solicit i:0 3
unres_qlen unres_qlen 101
unres_qlen_bytes i:0 212992
[net/ipv4/neigh/default]
gc_interval j 30
gc_thresh1 i:0 128
gc_thresh2 i:0 512
gc_thresh3 i:0 1024
[net/ipv4/route]
error_burst i 1250
error_cost i 250
flush i!200
gc_elasticity i 8
gc_interval j 60
gc_min_interval j 0
gc_min_interval_ms J 500
gc_thresh i -1
gc_timeout j 300
max_size i 2147483647
min_adv_mss i 256
min_pmtu i:68 552
mtu_expires j 600
redirect_load i 5
redirect_number i 9
redirect_silence i 5120
[net/ipv6]
anycast_src_echo_reply b 0
auto_flowlabels b::3 1
bindv6only b 0
calipso_cache_bucket_size i 10
calipso_cache_enable i 1
fib_multipath_hash_fields u:1:4095 7
fib_multipath_hash_policy b:0:3 0
fib_notify_on_flag_change b:0:2 0
flowlabel_consistency b 1
flowlabel_reflect i:0:7 0
flowlabel_state_ranges b 0
fwmark_reflect b 0
idgen_delay j 1
idgen_retries i 3
ioam6_id u::16777215 16777215
ioam6_id_wide l::72057594037927935 72057594037927935
ip6frag_high_thresh frag6_high 4194304
ip6frag_low_thresh frag6_low 3145728
ip6frag_secret_interval j 0
ip6frag_time j 60
ip_nonlocal_bind b 0
max_dst_opts_length i 2147483647
max_dst_opts_number i 8
max_hbh_length i 2147483647
max_hbh_opts_number i 8
mld_max_msf i 64
mld_qrv i:1 2
seg6_flowlabel i 0
xfrm6_gc_thresh i 32768
[net/ipv6/conf/all]
accept_dad = 0
[net/ipv6/conf/*]
accept_dad i 1
accept_ra i 1
accept_ra_defrtr i 1
accept_ra_from_local i 0
accept_ra_min_hop_limit i 1
accept_ra_min_lft i 0
accept_ra_mtu i 1
accept_ra_pinfo i 1
accept_ra_rt_info_max_plen i 0
accept_ra_rt_info_min_plen i 0
accept_ra_rtr_pref i 1
accept_redirects i 1
accept_source_route i 0
accept_untracked_na i:0:2 0
addr_gen_mode i 0
autoconf i 1
dad_transmits i 1
disable_ipv6 i 0
disable_policy i 0
drop_unicast_in_l2_multicast i 0
drop_unsolicited_na i 0
enhanced_dad i 1
force_mld_version i 0
force_tllao i 0
forwarding ipv6_forward 0
hop_limit i:1:255 64
ignore_routes_with_linkdown i 0
ioam6_enabled b:0:1 0
ioam6_id u:0:65535 65535
ioam6_id_wide u 4294967295
keep_addr_on_down i 0
max_addresses i 16
max_desync_factor i 600
mc_forwarding i!444 0
mldv1_unsolicited_report_interval J 10000
mldv2_unsolicited_report_interval J 1000
mtu i 1280
ndisc_evict_nocarrier b:0:1 1
ndisc_notify i 0
ndisc_tclass i:0:255 0
optimistic_dad i 0
proxy_ndp i 0
ra_defrtr_metric u:1 1024
ra_honor_pio_life b:0:1 0
ra_honor_pio_pflag b:0:1 0
regen_max_retry i 3
regen_min_advance i 2
router_probe_interval j 60
router_solicitation_delay j 1
router_solicitation_interval j 4
router_solicitation_max_interval j 3600
router_solicitations i:-1 -1
rpl_seg_enabled i:0:1 0
seg6_enabled i 0
seg6_require_hmac i 0
stable_secret s!600 !EIO
suppress_frag_ndisc i 1
temp_prefered_lft i 86400
temp_valid_lft i 604800
use_oif_addrs_only i 0
use_optimistic i 0
use_tempaddr i 0
[net/ipv6/conf/lo]
accept_dad = -1
mtu = 65536
use_tempaddr = -1
[net/ipv6/icmp]
echo_ignore_all b 0
echo_ignore_anycast b 0
echo_ignore_multicast b 0
error_anycast_as_unicast b:0:1 0
ratelimit J 1000
ratemask ports 0-1,3-127
[net/ipv6/neigh/*]
anycast_delay h 100
app_solicit i:0 0
base_reachable_time j 30
base_reachable_time_ms J 30000
delay_first_probe_time j 5
gc_stale_time j 60
interval_probe_time_ms J:1 5000
locktime h 0
mcast_resolicit i:0 0
mcast_solicit i:0 3
proxy_delay h 80
proxy_qlen i:0 64
retrans_time h 250
retrans_time_ms J 1000
ucast_solicit i:0 3
unres_qlen unres_qlen 101
unres_qlen_bytes i:0 212992
[net/ipv6/neigh/default]
gc_interval j 30
gc_thresh1 i:0 128
gc_thresh2 i:0 512
gc_thresh3 i:0 1024
[net/ipv6/route]
flush i!200
gc_elasticity i 9
gc_interval j 30
gc_min_interval j 0
gc_min_interval_ms J 500
gc_thresh i 1024
gc_timeout j 60
max_size i 2147483647
min_adv_mss i 1220
mtu_expires j 600
skip_notify_on_dev_down b:0:1 0
[net/mptcp]
add_addr_timeout j 120
allow_join_initial_addr_port b:0:1 1
available_schedulers s!444 default
blackhole_timeout u:0 3600
checksum_enabled b:0:1 0
close_timeout j 60
enabled b:0:1 1
pm_type b:0:1 0
scheduler s default
stale_loss_cnt u 4
[net/netfilter]
nf_hooks_lwtunnel i 0
nf_log_all_netns i 0
[net/netfilter/nf_log]
0 s NONE
1 s NONE
10 s NONE
2 s NONE
3 s NONE
4 s NONE
5 s NONE
6 s NONE
7 s NONE
8 s NONE
9 s NONE
[net/unix]
max_dgram_qlen i:0 10
[user]
max_cgroup_namespaces l 7864
max_fanotify_groups l 128
max_fanotify_marks l 16521
max_inotify_instances l 128
max_inotify_watches l 15526
max_ipc_namespaces l 7864
max_mnt_namespaces l 7864
max_net_namespaces l 7864
max_pid_namespaces l 7864
max_time_namespaces l 7864
max_user_namespaces l 7864
max_uts_namespaces l 7864
[vm]
admin_reserve_kbytes l 8192
compact_memory i!200
compact_unevictable_allowed i:0:1 1
compaction_proactiveness i:0:100 20
dirty_background_bytes l:1 0
dirty_background_ratio i:0:100 10
dirty_bytes l:8192 0
dirty_expire_centisecs i:0 3000
dirty_ratio i:0:100 20
dirty_writeback_centisecs h 500
dirtytime_expire_seconds i:0 43200
drop_caches i:1:4!200
enable_soft_offline i:0:1 1
extfrag_threshold i:0:1000 500
hugetlb_optimize_vmemmap i 0
hugetlb_shm_group i 0
laptop_mode j 0
legacy_va_layout i:0 0
lowmem_reserve_ratio i 256	256	32	0	0
max_map_count i:0 65530
memfd_noexec i:0:2 0
memory_failure_early_kill i:0:1 0
memory_failure_recovery i:0:1 1
min_free_kbytes i:0 67584
min_slab_ratio i:0:100 5
min_unmapped_ratio i:0:100 1
mmap_min_addr l 65536
mmap_rnd_bits i:28:32!600 28
mmap_rnd_compat_bits i:8:16!600 8
nr_hugepages l 0
nr_hugepages_mempolicy i 0
nr_overcommit_hugepages l 0
numa_stat s 1
numa_zonelist_order s Node
oom_dump_tasks i 1
oom_kill_allocating_task i 0
overcommit_kbytes l 0
overcommit_memory i:0:2 0
overcommit_ratio i 50
page-cluster i:0:31 3
page_lock_unfairness i:0 5
panic_on_oom i:0:2 0
percpu_pagelist_high_fraction i:0 0
stat_interval j 1
stat_refresh i!600
swappiness i:0:200 60
unprivileged_userfaultfd i:0:1 0
user_reserve_kbytes l 62283
vfs_cache_pressure i:0 100
watermark_boost_factor i:0 15000
watermark_scale_factor i:1:3000 10
zone_reclaim_mode i:0 0
`;

/// What differs on the other recorded hosts: `path value`. The table above is the igb host.
export const sysctlsOf: Readonly<Record<string, string>> = {
  'arm64-gem': `
crypto/fips_version 6.12.107+deb13-arm64
kernel/arch aarch64
kernel/osrelease 6.12.107+deb13-arm64
`,
  virtio: `
fs/dentry-state 2127	1411	45	0	83	0
fs/file-max 199535
fs/file-nr 0	0	199535
fs/inode-nr 2101	0
fs/inode-state 2101	0	0	0	0	0	0
kernel/ns_last_pid 251
net/ipv4/tcp_mem 22407	29879	44814
net/ipv4/udp_mem 44817	59759	89634
vm/user_reserve_kbytes 62233
`,
  laptop: `
fs/dentry-state 1890	1277	45	0	84	0
fs/epoll/max_user_watches 218534
fs/fanotify/max_user_marks 8192
fs/file-max 97564
fs/file-nr 0	0	97564
fs/inode-nr 1833	0
fs/inode-state 1833	0	0	0	0	0	0
fs/inotify/max_user_watches 8192
kernel/ns_last_pid 179
kernel/numa_balancing 0
kernel/threads-max 7666
kernel/watchdog_cpumask 0-1
net/core/flow_limit_cpu_bitmap 0
net/core/rps_default_mask 0
net/ipv4/inet_peer_threshold 52360
net/ipv4/tcp_ehash_entries 8192
net/ipv4/tcp_max_orphans 4096
net/ipv4/tcp_max_tw_buckets 4096
net/ipv4/tcp_mem 10713	14284	21426
net/ipv4/udp_hash_entries 512
net/ipv4/udp_mem 21426	28568	42852
vm/min_free_kbytes 45056
vm/user_reserve_kbytes 30420
net/core/netdev_rss_key 00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00
user/max_cgroup_namespaces 3833
user/max_fanotify_marks 8192
user/max_inotify_watches 8192
user/max_ipc_namespaces 3833
user/max_mnt_namespaces 3833
user/max_net_namespaces 3833
user/max_pid_namespaces 3833
user/max_time_namespaces 3833
user/max_user_namespaces 3833
user/max_uts_namespaces 3833
`,
  wide: `
fs/dentry-state 2434	1277	45	0	84	0
fs/epoll/max_user_watches 445395
fs/fanotify/max_user_marks 16416
fs/file-max 197466
fs/file-nr 0	0	197466
fs/inode-nr 2547	0
fs/inode-state 2547	0	0	0	0	0	0
fs/inotify/max_user_watches 15427
kernel/ns_last_pid 435
kernel/numa_balancing 0
kernel/pid_max 36864
kernel/threads-max 15628
kernel/watchdog_cpumask 0-35
net/core/flow_limit_cpu_bitmap 0,00000000
net/core/rps_default_mask 0,00000000
net/ipv4/tcp_mem 22653	30207	45306
net/ipv4/udp_mem 45309	60415	90618
vm/min_free_kbytes 45056
vm/user_reserve_kbytes 61784
net/core/netdev_rss_key 00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00
user/max_cgroup_namespaces 7814
user/max_fanotify_marks 16416
user/max_inotify_watches 15427
user/max_ipc_namespaces 7814
user/max_mnt_namespaces 7814
user/max_net_namespaces 7814
user/max_pid_namespaces 7814
user/max_time_namespaces 7814
user/max_user_namespaces 7814
user/max_uts_namespaces 7814
`,
};
