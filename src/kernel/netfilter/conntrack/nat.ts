/// Setting up the translation of a connection: what a snat, dnat, masquerade or redirect expression, or no
/// rule at all, makes of it. Stands for nf_nat_setup_info() in net/netfilter/nf_nat_core.c,
/// nf_nat_masquerade.c and nf_nat_redirect.c.
/// Left out: NETMAP, helpers, and the removal of masqueraded connections when a device loses its address.
import { addressNumber } from '../../flows.ts';
import { printkAt } from '../../printk.ts';
import type { Cpu, Kernel, Skb } from '../../state.ts';
import { NFT_BREAK } from '../compile.ts';
import { NF_ACCEPT, NF_DROP, NF_INET_LOCAL_OUT, NFPROTO_IPV6, type NftExpr } from '../types.ts';
import { nat_ipv6_dev_get_saddr, redirectAddress } from './nat_address6.ts';
import {
  MANIP_DST,
  MANIP_SRC,
  destinationWords,
  get_unique_tuple,
  sourceBucket,
  sourceWords,
  type NatRange,
} from './nat_tuple.ts';
import { entryOf } from './packet.ts';
import { tableOf } from './table.ts';
import { createTuple, nf_ct_invert_tuple, sameTuple } from './tuple.ts';
import {
  IPS_CONFIRMED,
  IPS_DST_NAT,
  IPS_DST_NAT_DONE,
  IPS_SRC_NAT,
  IPS_SRC_NAT_DONE,
  ORIGINAL,
  REPLY,
} from './types.ts';

/// No rule wanted the connection translated: its addresses stay, its port too unless another connection has it.
export function nf_nat_alloc_null_binding(k: Kernel, c: Cpu, index: number, manip: number): void {
  const back = tableOf(k).entries[index]!.tuple[REPLY]!;
  const address = manip === MANIP_SRC ? destinationWords(back) : sourceWords(back);
  nf_nat_setup_info(k, c, index, { ...plainRange, min: address, max: address }, manip);
}

const plainRange: NatRange = { min: [], max: [], ports: [], random: false, persistent: false };
const current = createTuple();

/// Sets a connection's translation. The verdict.
function nf_nat_setup_info(
  k: Kernel,
  c: Cpu,
  index: number,
  range: NatRange,
  manip: number,
): number {
  const ct = tableOf(k);
  const entry = ct.entries[index]!;
  if (entry.status & IPS_CONFIRMED) return NF_ACCEPT;
  nf_ct_invert_tuple(current, entry.tuple[REPLY]!);
  const made = get_unique_tuple(k, c, { ...current }, range, index, manip);
  nf_ct_invert_tuple(current, entry.tuple[REPLY]!);
  if (!sameTuple(made, current)) {
    nf_ct_invert_tuple(entry.tuple[REPLY]!, made);
    entry.status |= manip === MANIP_SRC ? IPS_SRC_NAT : IPS_DST_NAT;
  }
  if (manip === MANIP_SRC) {
    entry.nat_bucket = sourceBucket(ct, entry.tuple[ORIGINAL]!);
    entry.nat_next = ct.bysource[entry.nat_bucket]!;
    ct.bysource[entry.nat_bucket] = index;
  }
  entry.status |= manip === MANIP_SRC ? IPS_SRC_NAT_DONE : IPS_DST_NAT_DONE;
  return NF_ACCEPT;
}

/// What a snat, dnat, masquerade or redirect expression does. The verdict.
export function nft_nat_eval(
  k: Kernel,
  c: Cpu,
  skb: Skb,
  expr: NftExpr,
  hook: number,
  indev: number,
  outdev: number,
): number {
  if (expr.kind !== 'nat') throw new Error(`a ${expr.kind} translates no addresses`);
  const index = entryOf(k, skb);
  if (index < 0) return NF_ACCEPT;
  const six = tableOf(k).entries[index]!.tuple[ORIGINAL]!.family === NFPROTO_IPV6;
  if (expr.family !== '' && (expr.family === 'ip6') !== six) return NFT_BREAK;
  const range = rangeOf(expr);
  switch (expr.type) {
    case 'snat':
      return nf_nat_setup_info(k, c, index, range, MANIP_SRC);
    case 'dnat':
      return nf_nat_setup_info(k, c, index, range, MANIP_DST);
    case 'masquerade':
      if (six) return nf_nat_masquerade_ipv6(k, c, index, range, outdev);
      return nf_nat_masquerade_ipv4(k, c, index, range, outdev);
    case 'redirect':
      if (six) return nf_nat_redirect_ipv6(k, c, index, range, hook, indev);
      return nf_nat_redirect_ipv4(k, c, index, range, hook, indev);
  }
}

function rangeOf(expr: Extract<NftExpr, { kind: 'nat' }>): NatRange {
  const address = (at: number): number[] => (expr.addr[at] ?? expr.addr[0] ?? []).map(Number);
  const [low, high = low] = expr.port;
  return {
    min: address(0),
    max: address(1),
    ports: low === undefined || high === undefined ? [] : [low, high],
    random: expr.flags.includes('random') || expr.flags.includes('fully-random'),
    persistent: expr.flags.includes('persistent'),
  };
}

// The first address of a device; -1: it has none.
function firstAddress(k: Kernel, dev: number): number {
  const text = k.devs[dev]!.addrs.find((one) => !one.includes(':'));
  return text === undefined ? -1 : addressNumber(text.split('/')[0]!);
}

function nf_nat_masquerade_ipv4(
  k: Kernel,
  c: Cpu,
  index: number,
  range: NatRange,
  outdev: number,
): number {
  if (tableOf(k).entries[index]!.tuple[ORIGINAL]!.src === 0) return NF_ACCEPT;
  const address = firstAddress(k, outdev);
  if (address < 0) {
    printkAt(k, Math.floor(c.cursor_ns), `${k.devs[outdev]!.name} ate my IP address`);
    return NF_DROP;
  }
  return masquerade(k, c, index, range, outdev, [address]);
}

function nf_nat_masquerade_ipv6(
  k: Kernel,
  c: Cpu,
  index: number,
  range: NatRange,
  outdev: number,
): number {
  const { daddr } = tableOf(k).entries[index]!.tuple[ORIGINAL]!;
  const address = nat_ipv6_dev_get_saddr(k, k.devs[outdev]!, daddr);
  return address ? masquerade(k, c, index, range, outdev, address) : NF_DROP;
}

function masquerade(
  k: Kernel,
  c: Cpu,
  index: number,
  range: NatRange,
  outdev: number,
  address: readonly number[],
): number {
  tableOf(k).entries[index]!.masq = outdev;
  return nf_nat_setup_info(k, c, index, { ...range, min: address, max: address }, MANIP_SRC);
}

function nf_nat_redirect_ipv4(
  k: Kernel,
  c: Cpu,
  index: number,
  range: NatRange,
  hook: number,
  indev: number,
): number {
  const address = hook === NF_INET_LOCAL_OUT ? 0x7f00_0001 : firstAddress(k, indev);
  if (address < 0) return NF_DROP;
  return nf_nat_setup_info(k, c, index, { ...range, min: [address], max: [address] }, MANIP_DST);
}

function nf_nat_redirect_ipv6(
  k: Kernel,
  c: Cpu,
  index: number,
  range: NatRange,
  hook: number,
  indev: number,
): number {
  const { daddr } = tableOf(k).entries[index]!.tuple[ORIGINAL]!;
  const own = hook === NF_INET_LOCAL_OUT ? [0, 0, 0, 1] : redirectAddress(k.devs[indev]!, daddr);
  if (!own) return NF_DROP;
  return nf_nat_setup_info(k, c, index, { ...range, min: own, max: own }, MANIP_DST);
}
