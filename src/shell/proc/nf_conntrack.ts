/// Connections as text: /proc/net/nf_conntrack, /proc/net/stat/nf_conntrack, and the lines of conntrack -L.
/// Stands for ct_seq_show() and ct_cpu_seq_show() in net/netfilter/nf_conntrack_standalone.c.
import { addressText } from '../../kernel/flows.ts';
import { longForm } from '../../kernel/netfilter/packet.ts';
import { expiresIn, shouldGc, tableEntries } from '../../kernel/netfilter/conntrack/table.ts';
import { TCP_STATE_NAMES } from '../../kernel/netfilter/conntrack/tcp_states.ts';
import {
  IPS_ASSURED,
  IPS_SEEN_REPLY,
  type CtEntry,
  type Tuple,
} from '../../kernel/netfilter/conntrack/types.ts';
import type { Kernel } from '../../kernel/state.ts';

const NAMES: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmpv6' };

/// Entries that have not yet expired, in the order of the table.
export function liveEntries(k: Kernel): CtEntry[] {
  return tableEntries(k).filter((entry) => !shouldGc(k, entry));
}

function addresses({ family, saddr, daddr, src, dst }: Tuple, kernel: boolean): string {
  if (family === 2) return `src=${addressText(src)} dst=${addressText(dst)} `;
  const text = kernel ? longForm : (address: string): string => address;
  return `src=${text(saddr)} dst=${text(daddr)} `;
}

function ports({ proto, sport, dport }: Tuple): string {
  if (proto === 1 || proto === 58) return `type=${dport >>> 8} code=${dport & 0xff} id=${sport} `;
  return NAMES[proto] === undefined ? '' : `sport=${sport} dport=${dport} `;
}

function direction(entry: CtEntry, dir: number, kernel: boolean): string {
  const tuple = entry.tuple[dir]!;
  const counted = `packets=${entry.packets[dir]!} bytes=${entry.bytes[dir]!} `;
  return addresses(tuple, kernel) + ports(tuple) + (entry.acct ? counted : '');
}

/// An entry from the protocol on, without `use=`; `kernel`: as the kernel itself writes IPv6 addresses.
export function entryText(k: Kernel, entry: CtEntry, kernel: boolean): string {
  const { proto } = entry.tuple[0]!;
  const name = (NAMES[proto] ?? 'unknown').padEnd(8);
  const left = Math.floor(expiresIn(k, entry) / k.desc.hz);
  const state = entry.tcp ? `${TCP_STATE_NAMES[entry.tcp.state]!} ` : '';
  const unreplied = entry.status & IPS_SEEN_REPLY ? '' : '[UNREPLIED] ';
  const assured = entry.status & IPS_ASSURED ? '[ASSURED] ' : '';
  return (
    `${name} ${proto} ${left} ${state}${direction(entry, 0, kernel)}${unreplied}` +
    `${direction(entry, 1, kernel)}${assured}mark=${entry.mark} `
  );
}

/// /proc/net/nf_conntrack. Its reader holds one more reference to an entry.
export function nfConntrack(k: Kernel): string[] {
  return liveEntries(k).map((entry) => {
    const { family } = entry.tuple[0]!;
    const l3 = (family === 2 ? 'ipv4' : 'ipv6').padEnd(8);
    return `${l3} ${family} ${entryText(k, entry, true)}zone=0 use=2`;
  });
}

const HEAD =
  'entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop icmp_error  expect_new expect_create expect_delete search_restart';

/// /proc/net/stat/nf_conntrack: a line for each CPU.
export function nfConntrackStat(k: Kernel): string[] {
  const { ct } = k.nf;
  if (!ct) return [HEAD];
  const hex = (value: number): string => value.toString(16).padStart(8, '0');
  const rows = ct.stats.map((s) => {
    const first = [ct.count, s.clash_resolve];
    const middle = [s.found, 0, s.invalid, 0, 0, s.chaintoolong, s.insert, s.insert_failed, s.drop];
    const errors = [s.early_drop, s.error];
    const columns = [...middle, ...errors].map(hex).join(' ');
    const rest = [0, 0, 0, s.search_restart].map(hex).join(' ');
    return `${hex(first[0]!)}  ${hex(first[1]!)} ${columns}  ${rest}`;
  });
  return [HEAD, ...rows];
}
