/// The sysctls that have a handler of their own: masks, names of queueing disciplines and congestion
/// controls, port ranges, tables whose size is a power of two.
/// Stands for net/core/sysctl_net_core.c, net/ipv4/sysctl_net_ipv4.c and proc_do_large_bitmap().
/// Left out: loading a module really; its name is enough.
import { parseList, parseMask, printList, printMask } from './cpumask.ts';
import type { ErrnoName } from './errno.ts';
import { sockFlowTableFits } from './rfs.ts';
import { readNumbers, type Reading } from './sysctl_numbers.ts';
import type { SysctlEntry } from './sysctl_table.ts';

/// What a handler looks at besides the text that was written.
export interface HandlerContext {
  readonly current: string;
  readonly entry: SysctlEntry;
  readonly hz: number;
  readonly cpus: number; // nr_cpu_ids
  readonly memory_mib: number;
  readonly other: (name: string) => string; // the value of another sysctl
}

/// The new value, or the error with which the write is refused.
export type Handled = { readonly value: string } | ErrnoName;

type Handler = (text: string, at: HandlerContext) => Handled;

/// SKB_TRUESIZE(ETH_FRAME_LEN): the memory that one full Ethernet frame is charged with.
const frameTruesize = 1514 + 256 + 320;

const KMALLOC_MAX_SIZE = 4 * 2 ** 20;
const FLOW_LIMIT_SIZE = 272; // struct sd_flow_limit without its buckets
const INT_MAX = 2147483647;
const BUCKETS_PER_PAGE = 4096 / 8;
const MODELLED_BUCKETS = 2 ** 22; // of connection tracking: a larger table would slow down every copy of the host

/// Modules with a queueing discipline or a congestion control that Debian's kernel has; the first
/// names of each list are built in.
const qdiscs =
  'pfifo bfifo pfifo_fast pfifo_head_drop mq noqueue fq_codel cake cbs choke codel drr etf ets fq fq_pie gred hfsc hhf htb mqprio multiq netem pie plug prio qfq red sfb sfq skbprio taprio tbf';
export const congestionControls =
  'reno cubic bbr bic cdg dctcp highspeed htcp hybla illinois lp nv scalable vegas veno westwood yeah';

function number(text: string, at: HandlerContext): Reading {
  return (
    readNumbers(text, at.current, { ...at.entry, handler: 'i' }, at.hz) ?? { value: '', bad: true }
  );
}

function firstLine(text: string): string {
  return text.split(/[\n\0]/, 1)[0] ?? '';
}

/// A number of bytes that another one bounds: of the memory of reassembly, ip_frags_ns_ctl_register().
function bounded(side: 'min' | 'max', by: string): Handler {
  return (text, at) => {
    const bound = BigInt(at.other(by));
    const entry = { ...at.entry, handler: 'l', [side]: bound };
    const reading = readNumbers(text, at.current, entry, at.hz);
    return reading === null || reading.bad ? 'EINVAL' : { value: reading.value };
  };
}

export const handlers: Readonly<Record<string, Handler>> = {
  s: (text) => ({ value: firstLine(text) }),

  frag_high: bounded('min', 'net.ipv4.ipfrag_low_thresh'),
  frag_low: bounded('max', 'net.ipv4.ipfrag_high_thresh'),
  frag6_high: bounded('min', 'net.ipv6.ip6frag_low_thresh'),
  frag6_low: bounded('max', 'net.ipv6.ip6frag_high_thresh'),

  mask(text, { cpus }) {
    const mask = parseMask(text, cpus);
    return typeof mask === 'string' ? mask : { value: printMask(mask, cpus) };
  },

  /// flow_limit_cpu_sysctl(): a CPU that is new in the mask needs memory for its table.
  flow_cpus(text, at) {
    const mask = parseMask(text, at.cpus);
    if (typeof mask === 'string') return mask;
    const before = parseMask(at.current, at.cpus);
    const more = mask.some((word, i) => typeof before !== 'string' && (word & ~before[i]!) !== 0);
    const size = FLOW_LIMIT_SIZE + (Number(at.other('net.core.flow_limit_table_len')) >>> 0);
    if (more && size > KMALLOC_MAX_SIZE) return 'ENOMEM';
    return { value: printMask(mask, at.cpus) };
  },

  cpulist(text, { cpus }) {
    const mask = parseList(text, cpus);
    return typeof mask === 'string' ? mask : { value: printList(mask) };
  },

  /// rps_sock_flow_sysctl(): rounded up to a power of two, at most 2^29.
  pow2(text, at) {
    const { value, bad } = number(text, at);
    const size = Number(value);
    if (bad || size < 0 || size > 2 ** 29) return 'EINVAL';
    let rounded = 1;
    while (rounded < size) rounded *= 2;
    if (!sockFlowTableFits(rounded, at.memory_mib)) return 'ENOMEM';
    return { value: size === 0 ? '0' : String(rounded) };
  },

  /// nf_conntrack_hash_sysctl(): whole pages of chains, as many as one allocation can hold.
  ct_buckets(text, at) {
    const { value, bad } = number(text, at);
    const wanted = Number(value) >>> 0;
    if (bad || wanted === 0) return 'EINVAL';
    const size = Math.ceil(wanted / BUCKETS_PER_PAGE) * BUCKETS_PER_PAGE;
    if (size > INT_MAX / 8 || size * 8 >= at.memory_mib * 2 ** 20) return 'ENOMEM';
    return size > MODELLED_BUCKETS ? 'ENOTMODELLED' : { value: String(size) };
  },

  /// flow_limit_table_len_sysctl(): must be a power of two.
  flow_table(text, at) {
    const { value, bad } = number(text, at);
    const size = Number(value) >>> 0; // the variable is unsigned, so -2^31 is a power of two
    return bad || size === 0 || (size & (size - 1)) !== 0 ? 'EINVAL' : { value };
  },

  /// qdisc_set_default(): the discipline is built in, or a module has it.
  qdisc(text) {
    const name = firstLine(text).slice(0, 15);
    return qdiscs.split(' ').includes(name) ? { value: name } : 'ENOENT';
  },

  /// tcp_set_default_congestion_control()
  cc(text) {
    const name = firstLine(text).slice(0, 15);
    return congestionControls.split(' ').includes(name) ? { value: name } : 'ENOENT';
  },

  /// tcp_set_allowed_congestion_control(): every name must be available already.
  allowed_cc(text, { other }) {
    const names = firstLine(text)
      .split(' ')
      .filter((name) => name !== '');
    const available = other('net.ipv4.tcp_available_congestion_control').split(' ');
    if (!names.every((name) => available.includes(name))) return 'ENOENT';
    return { value: available.filter((name) => names.includes(name)).join(' ') };
  },

  /// ipv4_local_port_range(): two ports in order, the lower above the privileged ones.
  port_range(text, at) {
    const bounds = { ...at.entry, handler: 'i', min: 1n, max: 65535n };
    const reading = readNumbers(text, at.current, bounds, at.hz);
    const [low = 0, high = 0] = (reading?.value ?? '').split('\t').map(Number);
    const privileged = Number(at.other('net.ipv4.ip_unprivileged_port_start'));
    return !reading || reading.bad || high < low || low < privileged
      ? 'EINVAL'
      : { value: reading.value };
  },

  /// ipv4_privileged_ports(): below the ports that the host takes for itself.
  privileged(text, at) {
    const { value, bad } = number(text, at);
    const [low = 0] = at.other('net.ipv4.ip_local_port_range').split('\t').map(Number);
    return bad || low < Number(value) ? 'EINVAL' : { value };
  },

  /// tcp_reordering: at most what tcp_max_reordering is now.
  reordering(text, at) {
    const max = BigInt(at.other('net.ipv4.tcp_max_reordering'));
    const { value, bad } = number(text, { ...at, entry: { ...at.entry, max } });
    return bad ? 'EINVAL' : { value };
  },

  /// proc_do_large_bitmap(): a list of ports and ranges.
  ports(text) {
    const list = firstLine(text).trim();
    if (!/^(\d+(-\d+)?(,\d+(-\d+)?)*,?)?$/.test(list)) return 'EINVAL';
    const ports = new Set<number>();
    for (const range of list.split(',').filter((part) => part !== '')) {
      const [low = 0, high = low] = range.split('-').map(Number);
      if (low > high || high > 65535) return 'EINVAL';
      for (let port = low; port <= high; port++) ports.add(port);
    }
    const mask = new Array<number>(2048).fill(0);
    for (const port of ports) mask[port >> 5] = ((mask[port >> 5] ?? 0) | (1 << (port & 31))) >>> 0;
    return { value: printList(mask) };
  },

  /// proc_unres_qlen(): packets here, bytes in unres_qlen_bytes.
  unres_qlen(text, at) {
    const { value, bad } = number(text, at);
    const most = Math.floor(2147483647 / frameTruesize);
    return bad || Number(value) < 0 || Number(value) > most ? 'EINVAL' : { value };
  },
};

/// Full frames that fit into so many bytes of a neighbour's queue, and back.
export function framesIn(bytes: number): number {
  return Math.floor(bytes / frameTruesize);
}
export function bytesOf(frames: number): number {
  return frames * frameTruesize;
}
