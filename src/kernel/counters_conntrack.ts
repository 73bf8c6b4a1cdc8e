/// Counters of connection tracking, by CPU, under the names of conntrack -S.
import { complete, type Counter, type CounterRow } from './counters_entry.ts';

const group = {
  shown: 'conntrack -S, /proc/net/stat/nf_conntrack',
  unit: 'packets',
  source: 'net/netfilter/nf_conntrack_core.c:nf_conntrack_in',
} as const;
const confirm = 'net/netfilter/nf_conntrack_core.c:__nf_conntrack_confirm';

const rows: readonly CounterRow[] = [
  {
    id: 'conntrack:found',
    meaning: 'Times that address translation found the port it wanted taken.',
    step: 'IN-23',
    unit: 'tuples',
    moved_by: 'the search for a port of a new connection',
    source: 'net/netfilter/nf_conntrack_core.c:nf_conntrack_tuple_taken',
  },
  {
    id: 'conntrack:invalid',
    meaning: 'Packets that belong to no connection and can begin none.',
    step: 'IN-23',
    moved_by: 'a segment out of the window, a wrong checksum, an ICMP reply that nobody asked for',
    if_it_grows: 'Rules that drop INVALID drop them; look with nf_conntrack_log_invalid.',
  },
  {
    id: 'conntrack:insert',
    meaning: 'Entries put in by a command.',
    step: '',
    unit: 'entries',
    source: 'net/netfilter/nf_conntrack_core.c:nf_conntrack_hash_check_insert',
  },
  {
    id: 'conntrack:insert_failed',
    meaning: 'New entries for which another was in the table already.',
    step: 'IN-26',
    unit: 'entries',
    moved_by: 'confirmation of a connection whose tuple is taken, or whose chain is too long',
    if_it_grows: 'Two connections were translated to the same addresses and ports.',
    source: confirm,
  },
  {
    id: 'conntrack:drop',
    meaning: 'Packets dropped because the table was full, or their entry could not be put in.',
    step: 'IN-23',
    moved_by: 'a new flow when nf_conntrack_max is reached',
    if_it_grows: 'Raise nf_conntrack_max, shorten timeouts, or exempt traffic with NOTRACK.',
  },
  {
    id: 'conntrack:early_drop',
    meaning: 'Entries given up to make room.',
    step: 'IN-23',
    unit: 'entries',
    moved_by: 'a new flow when nf_conntrack_max is reached',
    if_it_grows: 'The table is full; connections that were never assured lose their entries.',
    source: 'net/netfilter/nf_conntrack_core.c:early_drop',
  },
  {
    id: 'conntrack:error',
    meaning: 'ICMP messages that were wrong, or about no known connection.',
    step: 'IN-23',
    moved_by: 'an ICMP error, or an ICMP message with a wrong checksum',
    source: 'net/netfilter/nf_conntrack_core.c:nf_conntrack_handle_icmp',
  },
  {
    id: 'conntrack:search_restart',
    meaning: 'Look-ups begun again because an entry moved meanwhile.',
    step: 'IN-23',
    source: 'net/netfilter/nf_conntrack_core.c:____nf_conntrack_find',
  },
  {
    id: 'conntrack:clash_resolve',
    meaning: 'Twin entries of one flow from two CPUs that were merged.',
    step: 'IN-26',
    unit: 'entries',
    source: 'net/netfilter/nf_conntrack_core.c:nf_ct_resolve_clash',
  },
  {
    id: 'conntrack:chaintoolong',
    meaning: 'New entries refused because their hash chain was too long.',
    step: 'IN-26',
    unit: 'entries',
    moved_by: 'confirmation of a connection',
    if_it_grows: 'More buckets are needed: nf_conntrack_buckets.',
    source: confirm,
  },
];

export const conntrackCounters: readonly Counter[] = rows.map((row) => complete(row, group));
