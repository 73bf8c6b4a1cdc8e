/// Loading connection tracking, and hooking it in and out as rules need it. Stands for
/// nf_conntrack_init_start(), nf_ct_netns_do_get() (net/netfilter/nf_conntrack_proto.c) and
/// nf_nat_register_fn() (net/netfilter/nf_nat_core.c).
/// Left out: unloading the module: once there, table and sysctls stay.
import { bits, stream } from '../../../engine/random.ts';
import { conntrackBuckets } from '../../boot_defaults.ts';
import { conntrackEntries } from '../../sysctl_table.ts';
import type { Kernel } from '../../state.ts';
import {
  NF_IP_PRI,
  hookEntries,
  nf_register_net_hook,
  nf_unregister_net_hook,
} from '../hook_lists.ts';
import { HOOK_CT_CONFIRM, HOOK_CT_IN, HOOK_NAT, HOOK_NFT_NAT } from '../hook_numbers.ts';
import {
  NFPROTO_IPV4,
  NFPROTO_IPV6,
  NF_INET_LOCAL_IN,
  NF_INET_LOCAL_OUT,
  NF_INET_POST_ROUTING,
  NF_INET_PRE_ROUTING,
} from '../types.ts';
import { startCollector } from './gc.ts';
import { settingsOf, sizesAtLoad } from './settings.ts';
import { TCP_CONNTRACK } from './tcp_states.ts';
import type { Conntrack, CtStat } from './types.ts';

/// Loads the module, unless it is there: an empty table of the size that the memory gives, and sysctls.
export function loadConntrack(k: Kernel): Conntrack {
  if (k.nf.ct) return k.nf.ct;
  // The installed memory stands for the pages in use; whole pages of buckets hide the difference.
  const buckets = conntrackBuckets(k.desc.memory_mib * 256);
  // A new object, since readers remember the directories of the one they know.
  k.sysctl = { ...k.sysctl, ...conntrackEntries(), ...sizesAtLoad(buckets) };
  const key = stream(k.seed, 'nf_conntrack_hash_rnd');
  const nat = stream(k.seed, 'nf_nat_hash_rnd');
  const ct: Conntrack = {
    entries: [],
    free: [],
    next: new Int32Array(0),
    heads: new Int32Array(buckets).fill(-1),
    count: 0,
    next_id: 1,
    key: [bits(key), bits(key), bits(key), bits(key)],
    flow_hash: [],
    stats: k.cpus.map(createStat),
    settings: settingsOf(k),
    hooked4: false,
    hooked6: false,
    nat_hooked: false,
    nat_key: [bits(nat), bits(nat), bits(nat), bits(nat)],
    nat_rows: [],
    nat_dead: 0,
    bysource: new Int32Array(0),
    random: stream(k.seed, 'nf_conntrack'),
    gc: { slot: -1, next_bucket: 0, avg_timeout: 0, count: 0, start_time: 0, early_drop: false },
  };
  k.nf.ct = ct;
  startCollector(k, ct);
  return ct;
}

function createStat(): CtStat {
  return {
    ...{ found: 0, invalid: 0, insert: 0, insert_failed: 0, clash_resolve: 0, drop: 0 },
    ...{ early_drop: 0, error: 0, search_restart: 0, chaintoolong: 0 },
  };
}

/// So many rules need connection tracking now. Called when a ruleset is put in force.
/// net/netfilter/nf_conntrack_proto.c:nf_ct_netns_get()
export function nf_ct_netns_get(k: Kernel, users: number): void {
  k.nf.ct_users = users;
  updateHooks(k);
}

/// A ruleset is in force: hooks tracking in for the families whose rules ask for it, and out where none
/// does any more; the same for address translation.
function updateHooks(k: Kernel): void {
  const chains = natChains(k);
  const [four, six] = [wants(k, 'ip'), wants(k, 'ip6')];
  if (k.nf.ct === null && !four && !six && !chains) return;
  const ct = loadConntrack(k);
  if (four !== ct.hooked4) hook(k, NFPROTO_IPV4, four);
  if (six !== ct.hooked6) hook(k, NFPROTO_IPV6, six);
  ct.hooked4 = four;
  ct.hooked6 = six;
  if (chains && ct.bysource.length === 0) ct.bysource = new Int32Array(ct.heads.length).fill(-1);
  if (chains !== ct.nat_hooked) hookNat(k, chains);
  ct.nat_hooked = chains;
}

function natChains(k: Kernel): boolean {
  return hookEntries(k).some((entry) => entry.fn === HOOK_NFT_NAT);
}

function wants(k: Kernel, family: 'ip' | 'ip6'): boolean {
  return k.nf.tables.some(
    (table) =>
      (table.family === family || table.family === 'inet') &&
      table.chains.some(({ rules }) => rules.some(({ ct }) => ct)),
  );
}

const IN = [NF_INET_PRE_ROUTING, NF_INET_LOCAL_IN, NF_INET_LOCAL_OUT];
const OUT = [NF_INET_LOCAL_IN, NF_INET_POST_ROUTING];

function hook(k: Kernel, pf: number, on: boolean): void {
  if (!on) return unhook(k, pf, [HOOK_CT_IN, HOOK_CT_CONFIRM]);
  const entry = (fn: number, priority: number) => ({ priority, fn, id: 0, table: -1, chain: -1 });
  // At LOCAL_IN it sees what was gathered from fragments there.
  for (const at of IN) nf_register_net_hook(k, pf, at, entry(HOOK_CT_IN, NF_IP_PRI.CONNTRACK));
  for (const at of OUT)
    nf_register_net_hook(k, pf, at, entry(HOOK_CT_CONFIRM, NF_IP_PRI.CONNTRACK_CONFIRM));
  nf_ct_tcp_fixup(k, pf);
}

function unhook(k: Kernel, pf: number, fns: readonly number[]): void {
  const six = pf === NFPROTO_IPV6;
  const lists = new Set(k.nf.hooks.slice(six ? 5 : 0, six ? 10 : 5).flat());
  nf_unregister_net_hook(k, (entry) => fns.includes(entry.fn) && lists.has(entry));
}

// Segments went by unseen meanwhile: windows are learnt anew.
// net/netfilter/nf_conntrack_proto.c:nf_ct_tcp_fixup()
function nf_ct_tcp_fixup(k: Kernel, pf: number): void {
  for (const { live, tcp, tuple } of k.nf.ct!.entries)
    if (live && tuple[0]!.family === pf && tcp?.state === TCP_CONNTRACK.ESTABLISHED)
      for (const seen of tcp.seen) seen.td_maxwin = 0;
}

const NAT_HOOKS = [
  [NF_INET_PRE_ROUTING, NF_IP_PRI.NAT_DST],
  [NF_INET_LOCAL_OUT, NF_IP_PRI.NAT_DST],
  [NF_INET_LOCAL_IN, NF_IP_PRI.NAT_SRC],
  [NF_INET_POST_ROUTING, NF_IP_PRI.NAT_SRC],
] as const;

function hookNat(k: Kernel, on: boolean): void {
  for (const pf of [NFPROTO_IPV4, NFPROTO_IPV6]) {
    if (!on) unhook(k, pf, [HOOK_NAT]);
    else
      for (const [at, priority] of NAT_HOOKS)
        nf_register_net_hook(k, pf, at, { priority, fn: HOOK_NAT, id: 0, table: -1, chain: -1 });
  }
}
