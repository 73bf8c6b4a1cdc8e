/// The action police: a token bucket that lets packets pass up to a rate. Stands for net/sched/act_police.c, with
/// psched_ratecfg_precompute() and psched_l2t_ns() of net/sched/sch_generic.c and include/net/sch_generic.h.
/// Left out: packets a second, average rates (an estimator), ATM cells.
import { bursts } from './tc/ticks.ts';
import { TC_ACT, type PoliceState, type TcAction } from './tc/types.ts';

type Spec = Extract<TcAction['spec'], { kind: 'police' }>;

const NSEC_PER_SEC = 1_000_000_000;

/// psched_ratecfg_precompute(): the multiplier and shift with which a length becomes a time.
export function psched_ratecfg_precompute(rate: number): { mult: bigint; shift: bigint } {
  let factor = BigInt(NSEC_PER_SEC);
  let mult = 1n;
  let shift = 0n;
  if (rate > 0)
    for (;;) {
      mult = factor / BigInt(rate);
      if (mult & (1n << 31n) || factor & (1n << 63n)) break;
      factor <<= 1n;
      shift++;
    }
  return { mult, shift };
}

/// Nanoseconds that a packet of `len` bytes takes at that rate.
export function psched_l2t_ns(rate: number, overhead: number, len: number): number {
  const { mult, shift } = psched_ratecfg_precompute(rate);
  return Number((BigInt(len + overhead) * mult) >> shift);
}

/// A bucket as it is made: full. tcf_police_init()
export function createPolice(spec: Spec, now: number): PoliceState {
  const burst = bursts(spec.rate, spec.burst);
  const mtu_ptoks = spec.peakrate > 0 ? psched_l2t_ns(spec.peakrate, spec.overhead, spec.mtu) : 0;
  return {
    tcfp_burst: burst,
    tcfp_mtu_ptoks: mtu_ptoks,
    tcfp_toks: burst,
    tcfp_ptoks: mtu_ptoks,
    tcfp_t_c: now,
  };
}

/// The verdict on a packet of `len` bytes, without its Ethernet header. Its frame, of a merged packet the longest
/// that it was made of, is measured against the MTU (`largest`), and the whole packet against the bucket. net/sched/act_police.c:tcf_police_act()
export function tcf_police_act(
  a: TcAction,
  spec: Spec,
  now: number,
  len: number,
  largest: number,
): number {
  const police = a.police!;
  if (spec.mtu === 0 || largest <= spec.mtu) {
    if (spec.rate === 0) return spec.conform;
    let toks = Math.min(now - police.tcfp_t_c, police.tcfp_burst);
    let ptoks = 0;
    if (spec.peakrate > 0) {
      ptoks = Math.min(toks + police.tcfp_ptoks, police.tcfp_mtu_ptoks);
      ptoks -= psched_l2t_ns(spec.peakrate, spec.overhead, len);
    }
    toks = Math.min(toks + police.tcfp_toks, police.tcfp_burst);
    toks -= psched_l2t_ns(spec.rate, spec.overhead, len);
    if (toks >= 0 && ptoks >= 0) {
      police.tcfp_t_c = now;
      police.tcfp_toks = toks;
      police.tcfp_ptoks = ptoks;
      if (spec.conform === TC_ACT.SHOT) a.drops++;
      return spec.conform;
    }
  }
  a.overlimits++;
  if (spec.exceed === TC_ACT.SHOT) a.drops++;
  return spec.exceed;
}
