/// The settings of connection tracking: what its sysctls say, parsed when they are written, and what a
/// write does besides. Stands for net/netfilter/nf_conntrack_standalone.c.
import { reciprocalScale } from '../../hash.ts';
import type { Kernel } from '../../state.ts';
import { RETRANS, TCP_CONNTRACK, UNACK } from './tcp_states.ts';
import { hash_conntrack_raw } from './tuple.ts';
import type { Conntrack, CtSettings } from './types.ts';

const PREFIX = 'net.netfilter.nf_conntrack_';

/// The settings as the sysctls have them.
export function settingsOf(k: Kernel): CtSettings {
  const number = (name: string): number => Number(k.sysctl[`${PREFIX}${name}`]);
  const ticks = (name: string): number => number(name) * k.desc.hz;
  const tcp = new Array<number>(UNACK + 1).fill(0);
  for (const [name, state] of Object.entries(TCP_CONNTRACK)) {
    const key = `tcp_timeout_${name.toLowerCase()}`;
    if (k.sysctl[`${PREFIX}${key}`] !== undefined) tcp[state] = ticks(key);
  }
  // No sysctl names these two. SYN_SENT2 keeps its two minutes whatever SYN_SENT has.
  tcp[TCP_CONNTRACK.SYN_SENT2] = 120 * k.desc.hz;
  tcp[TCP_CONNTRACK.NONE] = tcp[TCP_CONNTRACK.SYN_SENT]!;
  tcp[RETRANS] = ticks('tcp_timeout_max_retrans');
  tcp[UNACK] = ticks('tcp_timeout_unacknowledged');
  return {
    max: number('max'),
    acct: number('acct') === 1,
    checksum: number('checksum') === 1,
    log_invalid: number('log_invalid'),
    tcp,
    tcp_loose: number('tcp_loose') === 1,
    tcp_be_liberal: number('tcp_be_liberal') === 1,
    tcp_max_retrans: number('tcp_max_retrans'),
    tcp_ignore_invalid_rst: number('tcp_ignore_invalid_rst') === 1,
    udp: [ticks('udp_timeout'), ticks('udp_timeout_stream')],
    icmp: ticks('icmp_timeout'),
    icmpv6: ticks('icmpv6_timeout'),
    generic: ticks('generic_timeout'),
  };
}

/// One of the sysctls has been written.
export function conntrackSysctl(k: Kernel, name: string): void {
  const { ct } = k.nf;
  if (ct === null || !name.includes('nf_conntrack_')) return;
  if (name === `${PREFIX}max`) k.sysctl['net.nf_conntrack_max'] = k.sysctl[name]!;
  if (name === 'net.nf_conntrack_max') k.sysctl[`${PREFIX}max`] = k.sysctl[name]!;
  if (name === `${PREFIX}buckets`) nf_conntrack_hash_resize(ct, Number(k.sysctl[name]));
  ct.settings = settingsOf(k);
}

// Every chain is made anew. net/netfilter/nf_conntrack_core.c
function nf_conntrack_hash_resize(ct: Conntrack, size: number): void {
  const heads = new Int32Array(size).fill(-1);
  for (const head of ct.heads)
    for (let at = head; at >= 0;) {
      const next = ct.next[at]!;
      const entry = ct.entries[at >> 1]!;
      const bucket = reciprocalScale(hash_conntrack_raw(entry.tuple[at & 1]!, ct.key), size);
      ct.next[at] = heads[bucket]!;
      heads[bucket] = at;
      entry.bucket[at & 1] = bucket;
      at = next;
    }
  ct.heads = heads;
}

/// What nf_conntrack_buckets and its kin are when the module is loaded.
export function sizesAtLoad(buckets: number): Record<string, string> {
  const expect = Math.max(1, Math.floor(buckets / 256));
  return {
    [`${PREFIX}buckets`]: String(buckets),
    [`${PREFIX}max`]: String(buckets),
    'net.nf_conntrack_max': String(buckets),
    [`${PREFIX}expect_max`]: String(expect * 4),
  };
}
