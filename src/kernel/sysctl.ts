/// Reading and writing sysctls: the text of a value, what a write does besides, and what is refused.
/// Stands for fs/proc/proc_sysctl.c and the handlers behind it. Who may write is the caller's affair.
/// Left out: sysctls of other network namespaces.
import { maskHas, parseMask } from './cpumask.ts';
import { done, fails, type ErrnoName, type Result } from './errno.ts';
import { setSockFlowEntries } from './rfs.ts';
import { rt_cache_flush } from './fib_frontend.ts';
import { dev_disable_lro } from './lro.ts';
import { conntrackSysctl } from './netfilter/conntrack/settings.ts';
import { createFlowLimit } from './rps.ts';
import { netdev_rss_key_fill } from './rss.ts';
import { bytesOf, framesIn, handlers, type HandlerContext } from './sysctl_handlers.ts';
import { readNumbers } from './sysctl_numbers.ts';
import { sysctlEntry, undotted, unreadable, type SysctlEntry } from './sysctl_table.ts';
import type { Hot, Kernel } from './state.ts';

export { initialSysctls, sysctlsOfDevice, dotted, undotted } from './sysctl_table.ts';

/// The value of a sysctl as /proc shows it, without the newline; an errno when there is none by that
/// name, or when the kernel gives no value out.
export function readSysctl(k: Kernel, name: string): { readonly value: string } | ErrnoName {
  if (name === 'net.core.netdev_rss_key') return { value: rssKey(k) };
  const value = k.sysctl[name];
  if (name === 'net.netfilter.nf_conntrack_count' && k.nf.ct)
    return { value: String(k.nf.ct.count) };
  if (value === undefined) return 'ENOENT';
  return value === unreadable ? 'EIO' : { value };
}

/// netdev_rss_key is all zero until the first driver asks for it (netdev_rss_key_fill()).
function rssKey(k: Kernel): string {
  const asked = k.devs.some((dev) => dev.rss_indir.length > 0);
  const key = asked ? netdev_rss_key_fill(k.seed) : new Array<number>(52).fill(0);
  return key.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/// Permission bits of a sysctl's file; null when there is none by that name.
export function sysctlMode(name: string): number | null {
  return sysctlEntry(undotted(name))?.mode ?? null;
}

/// Writes text to a sysctl, as write(2) on its file does. A refused write changes nothing, except that
/// a vector keeps the numbers before the faulty one, as in the kernel.
export function writeSysctl(k: Kernel, name: string, text: string): Result {
  const entry = sysctlEntry(undotted(name));
  const current = k.sysctl[name];
  if (!entry || current === undefined) return fails('ENOENT');
  const at: HandlerContext = {
    current: current === unreadable ? '' : current,
    entry,
    hz: k.desc.hz,
    cpus: k.desc.cpus,
    memory_mib: k.desc.memory_mib,
    other: (other) => k.sysctl[other] ?? '',
  };
  const result = handle(text, entry, at);
  if (typeof result === 'string') return fails(result);
  // A table of the same size is emptied.
  if (name === 'net.core.rps_sock_flow_entries') setSockFlowEntries(k, Number(result.value));
  if (result.value !== current) {
    k.sysctl[name] = result.value;
    after(k, name, result.value);
    Object.assign(k.hot, hotOf(k.sysctl));
    if (name.startsWith('net.ipv4.')) rt_cache_flush(k);
    k.config_version++;
  }
  return result.bad ? fails('EINVAL') : done;
}

function handle(
  text: string,
  entry: SysctlEntry,
  at: HandlerContext,
): { readonly value: string; readonly bad: boolean } | ErrnoName {
  const own = handlers[entry.handler];
  if (own) {
    const handled = own(text, at);
    return typeof handled === 'string' ? handled : { value: handled.value, bad: false };
  }
  const kind = /^[iublJjh]$/.test(entry.handler) ? entry : { ...entry, handler: 'i' };
  return readNumbers(text, at.current, kind, at.hz) ?? 'EINVAL';
}

/// Milliseconds and seconds, bytes and packets: two names of one variable.
const twins: readonly (readonly [RegExp, string, (value: number) => number])[] = [
  [/^(net\.ipv[46]\.neigh\..+)\.base_reachable_time$/, 'base_reachable_time_ms', (s) => s * 1000],
  [
    /^(net\.ipv[46]\.neigh\..+)\.base_reachable_time_ms$/,
    'base_reachable_time',
    (ms) => trunc(ms, 1000),
  ],
  [/^(net\.ipv4\.neigh\..+)\.retrans_time$/, 'retrans_time_ms', (centis) => centis * 10],
  [/^(net\.ipv4\.neigh\..+)\.retrans_time_ms$/, 'retrans_time', (ms) => trunc(ms, 10)],
  [/^(net\.ipv[46]\.neigh\..+)\.unres_qlen$/, 'unres_qlen_bytes', bytesOf],
  [/^(net\.ipv[46]\.neigh\..+)\.unres_qlen_bytes$/, 'unres_qlen', framesIn],
  [/^(net\.ipv[46]\.route)\.gc_min_interval$/, 'gc_min_interval_ms', (s) => s * 1000],
  [/^(net\.ipv[46]\.route)\.gc_min_interval_ms$/, 'gc_min_interval', (ms) => trunc(ms, 1000)],
];

function trunc(value: number, unit: number): number {
  return Math.trunc(value / unit);
}

/// What writing one sysctl changes in others.
function after(k: Kernel, name: string, value: string): void {
  for (const [form, twin, convert] of twins) {
    const match = form.exec(name);
    if (match) k.sysctl[`${match[1]}.${twin}`] = String(convert(Number(value)));
  }
  if (name === 'net.ipv4.ip_forward' || name === 'net.ipv4.conf.all.forwarding') {
    forwardChange(k, value);
  } else if (/^net\.ipv4\.conf\..+\.forwarding$/.test(name) && Number(value) !== 0) {
    const dev = k.devs.find((each) => name === `net.ipv4.conf.${each.name}.forwarding`);
    if (dev) dev_disable_lro(k, dev);
  } else if (/^net\.ipv6\.conf\.all\.(forwarding|disable_ipv6)$/.test(name)) {
    const setting = name.slice(name.lastIndexOf('.') + 1);
    for (const instance of ['default', ...k.devs.map((dev) => dev.name)])
      k.sysctl[`net.ipv6.conf.${instance}.${setting}`] = value;
    // dev_forward_change()
    if (setting === 'forwarding' && Number(value) !== 0)
      for (const dev of k.devs) dev_disable_lro(k, dev);
  } else if (name === 'net.core.flow_limit_cpu_bitmap') {
    flowLimits(k, value);
  } else if (name === 'net.ipv4.tcp_congestion_control') {
    for (const list of ['available', 'allowed']) {
      const key = `net.ipv4.tcp_${list}_congestion_control`;
      const names = (k.sysctl[key] ?? '').split(' ');
      if (!names.includes(value)) k.sysctl[key] = [...names, value].join(' ');
    }
  } else if (name.includes('nf_conntrack_')) conntrackSysctl(k, name);
}

/// flow_limit_cpu_sysctl(): CPUs that are new in the mask get a table, those that left it lose theirs.
function flowLimits(k: Kernel, value: string): void {
  const mask = parseMask(value, k.desc.cpus);
  if (typeof mask === 'string') throw new Error(`flow_limit_cpu_bitmap holds ${value}`);
  const buckets = Number(k.sysctl['net.core.flow_limit_table_len']);
  for (const cpu of k.cpus) {
    if (maskHas(mask, cpu.id) === (cpu.flow_limit !== null)) continue;
    cpu.flow_limit = cpu.flow_limit === null ? createFlowLimit(buckets) : null;
    cpu.flow_limit_count = 0;
  }
}

/// inet_forward_change(): one switch for all devices, those to come included.
function forwardChange(k: Kernel, value: string): void {
  const on = Number(value) !== 0;
  k.sysctl['net.ipv4.ip_forward'] = value;
  k.sysctl['net.ipv4.conf.all.forwarding'] = value;
  k.sysctl['net.ipv4.conf.all.accept_redirects'] = on ? '0' : '1';
  for (const instance of ['default', ...k.devs.map((dev) => dev.name)])
    k.sysctl[`net.ipv4.conf.${instance}.forwarding`] = on ? '1' : '0';
  if (on) for (const dev of k.devs) dev_disable_lro(k, dev);
}

/// The settings that the packet path reads at every packet, parsed.
export function hotOf(sysctl: Readonly<Record<string, string>>): Hot {
  const core = (name: string) => {
    const value = sysctl[`net.core.${name}`];
    if (value === undefined) throw new Error(`no sysctl net.core.${name}`);
    return Number(value);
  };
  const vector = (name: string) => (sysctl[`net.ipv4.${name}`] ?? '').split('\t').map(Number);
  const ipv4 = (name: string) => Number(sysctl[`net.ipv4.${name}`] ?? 0);
  const udpMem = vector('udp_mem');
  const tcpMem = vector('tcp_mem');
  return {
    netdev_budget: core('netdev_budget'),
    netdev_budget_usecs: core('netdev_budget_usecs'),
    netdev_max_backlog: core('netdev_max_backlog'),
    netdev_tstamp_prequeue: core('netdev_tstamp_prequeue'),
    dev_weight: core('dev_weight'),
    gro_normal_batch: core('gro_normal_batch'),
    rmem_default: core('rmem_default'),
    rmem_max: core('rmem_max'),
    busy_read: core('busy_read'),
    busy_poll: core('busy_poll'),
    dev_rx_weight: core('dev_weight') * core('dev_weight_rx_bias'),
    udp_mem_pressure: udpMem[1] ?? 0,
    udp_mem_max: udpMem[2] ?? 0,
    udp_rmem_min: ipv4('udp_rmem_min'),
    ip_early_demux: ipv4('ip_early_demux'),
    tcp_early_demux: ipv4('tcp_early_demux'),
    bpf_stats_enabled: Number(sysctl['kernel.bpf_stats_enabled'] ?? 0),
    udp_wmem_min: ipv4('udp_wmem_min'),
    udp_mem_min: udpMem[0] ?? 0,
    tcp_mem_min: tcpMem[0] ?? 0,
    tcp_mem_pressure: tcpMem[1] ?? 0,
    tcp_mem_max: tcpMem[2] ?? 0,
    tcp_rmem_min: vector('tcp_rmem')[0] ?? 0,
    tcp_wmem_min: vector('tcp_wmem')[0] ?? 0,
    mem_pcpu_rsv: core('mem_pcpu_rsv'),
    tcp_syncookies: ipv4('tcp_syncookies'),
    tcp_max_syn_backlog: ipv4('tcp_max_syn_backlog'),
    tcp_abort_on_overflow: ipv4('tcp_abort_on_overflow'),
    tcp_synack_retries: ipv4('tcp_synack_retries'),
    tcp: {
      rmem: vector('tcp_rmem'),
      wmem: vector('tcp_wmem'),
      moderate_rcvbuf: ipv4('tcp_moderate_rcvbuf'),
      app_win: ipv4('tcp_app_win'),
      shrink_window: ipv4('tcp_shrink_window'),
      workaround_signed_windows: ipv4('tcp_workaround_signed_windows'),
      window_scaling: ipv4('tcp_window_scaling'),
      timestamps: ipv4('tcp_timestamps'),
      sack: ipv4('tcp_sack'),
      dsack: ipv4('tcp_dsack'),
      comp_sack_nr: ipv4('tcp_comp_sack_nr'),
      comp_sack_delay_ns: ipv4('tcp_comp_sack_delay_ns'),
      backlog_ack_defer: ipv4('tcp_backlog_ack_defer'),
      invalid_ratelimit: ipv4('tcp_invalid_ratelimit'),
      rto_min_us: ipv4('tcp_rto_min_us'),
      reordering: ipv4('tcp_reordering'),
      pingpong_thresh: ipv4('tcp_pingpong_thresh'),
    },
  };
}
