/// Adaptive interrupt moderation shared by drivers (mlx5, ice, ena, virtio_net): every 64 interrupts it
/// compares throughput with the measurement before, walks one profile towards more or less moderation,
/// turns back when that made things worse, and rests at the best place.
/// Stands for lib/dim/dim.c and lib/dim/net_dim.c.
/// Left out: profiles changed by the user (net_dim_init_irq_moder), RDMA's variant.

/// struct dim: the state of one queue. Counters are running totals as the driver keeps them.
export interface Dim {
  state: 'START_MEASURE' | 'MEASURE_IN_PROGRESS' | 'APPLY_NEW_PROFILE';
  tune_state: 'PARKING_ON_TOP' | 'PARKING_TIRED' | 'GOING_RIGHT' | 'GOING_LEFT';
  profile_ix: number; // 0: least moderation, 4: most
  steps_right: number;
  steps_left: number;
  tired: number;
  start: DimSample; // where this measurement began
  prev: DimStats; // the measurement before
}

/// struct dim_sample: totals at a moment. Packets and bytes wrap at 32 bits, events at 16.
export interface DimSample {
  time_us: number;
  packets: number;
  bytes: number;
  events: number; // interrupts
}

/// struct dim_stats: rates per millisecond.
export interface DimStats {
  ppms: number; // packets
  bpms: number; // bytes
  epms: number; // events
}

/// struct dim_cq_moder: what a profile sets.
export interface DimProfile {
  readonly usec: number;
  readonly pkts: number;
}

/// Whether the moderation time counts from the first event or restarts with each completion.
export type DimPeriodMode = 'EQE' | 'CQE';

const PROFILES = 5; // NET_DIM_PARAMS_NUM_PROFILES
const DIM_NEVENTS = 64;
const USEC_PER_MSEC = 1000;

/// The profile a device begins with, for both period modes.
export const NET_DIM_DEF_PROFILE = 1;

const RX_PROFILES: Record<DimPeriodMode, readonly DimProfile[]> = {
  EQE: [1, 8, 64, 128, 256].map((usec) => ({ usec, pkts: 256 })),
  CQE: profiles([2, 8, 16, 32, 64], [256, 128, 64, 64, 64]),
};

const TX_PROFILES: Record<DimPeriodMode, readonly DimProfile[]> = {
  EQE: [1, 8, 32, 64, 128].map((usec) => ({ usec, pkts: 128 })),
  CQE: profiles([5, 8, 16, 32, 64], [128, 64, 32, 32, 32]),
};

function profiles(usecs: readonly number[], pkts: readonly number[]): DimProfile[] {
  return usecs.map((usec, i) => ({ usec, pkts: pkts[i]! }));
}

/// Moderation of receive profile `ix`. lib/dim/net_dim.c:net_dim_get_rx_moderation()
export function net_dim_get_rx_moderation(mode: DimPeriodMode, ix: number): DimProfile {
  return RX_PROFILES[mode][ix]!;
}

/// Moderation of transmit profile `ix`. lib/dim/net_dim.c:net_dim_get_tx_moderation()
export function net_dim_get_tx_moderation(mode: DimPeriodMode, ix: number): DimProfile {
  return TX_PROFILES[mode][ix]!;
}

/// The state of a queue that has not been measured yet.
export function createDim(
  profile_ix = NET_DIM_DEF_PROFILE,
  tune_state: Dim['tune_state'] = 'GOING_RIGHT',
): Dim {
  return {
    state: 'START_MEASURE',
    tune_state,
    profile_ix,
    steps_right: 0,
    steps_left: 0,
    tired: 0,
    start: { time_us: 0, packets: 0, bytes: 0, events: 0 },
    prev: { ppms: 0, bpms: 0, epms: 0 },
  };
}

/// Takes a sample. True when the profile has changed and the driver is to apply it; the driver then
/// sets `state` back to START_MEASURE. lib/dim/net_dim.c:net_dim()
export function net_dim(dim: Dim, sample: DimSample): boolean {
  if (dim.state === 'APPLY_NEW_PROFILE') return false;
  if (dim.state === 'MEASURE_IN_PROGRESS') {
    const events = (sample.events - dim.start.events) & 0xffff;
    if (events < DIM_NEVENTS) return false;
    const now = dim_calc_stats(dim.start, sample);
    if (now === null) return false;
    if (net_dim_decision(dim, now)) {
      dim.state = 'APPLY_NEW_PROFILE';
      return true;
    }
  }
  dim.start = { ...sample };
  dim.state = 'MEASURE_IN_PROGRESS';
  return false;
}

/// Rates between two samples; null when no time has passed. lib/dim/dim.c:dim_calc_stats()
function dim_calc_stats(start: DimSample, end: DimSample): DimStats | null {
  const us = (end.time_us - start.time_us) >>> 0;
  if (us === 0) return null;
  const perMs = (total: number): number => Math.ceil((total * USEC_PER_MSEC) / us) | 0;
  return {
    ppms: perMs((end.packets - start.packets) >>> 0),
    bpms: perMs((end.bytes - start.bytes) >>> 0),
    epms: perMs(DIM_NEVENTS),
  };
}

/// Chooses the next profile. True when it differs. lib/dim/net_dim.c:net_dim_decision()
function net_dim_decision(dim: Dim, now: DimStats): boolean {
  const from = dim.tune_state;
  const before = dim.profile_ix;
  if (from === 'PARKING_ON_TOP') {
    if (net_dim_stats_compare(now, dim.prev) !== 0) leaveParking(dim);
  } else if (from === 'PARKING_TIRED') {
    dim.tired = (dim.tired - 1) & 0xff;
    if (dim.tired === 0) leaveParking(dim);
  } else walk(dim, now);
  // While it rests, the measurement that it rests on stays the yardstick.
  if (from !== 'PARKING_ON_TOP' || dim.tune_state !== 'PARKING_ON_TOP') dim.prev = now;
  return dim.profile_ix !== before;
}

function walk(dim: Dim, now: DimStats): void {
  if (net_dim_stats_compare(now, dim.prev) <= 0) dim_turn(dim);
  if (dim_on_top(dim)) return park(dim, 'PARKING_ON_TOP');
  const step = net_dim_step(dim);
  if (step === 'edge') park(dim, 'PARKING_ON_TOP');
  else if (step === 'too tired') park(dim, 'PARKING_TIRED');
}

/// 1 better, -1 worse, 0 the same: bytes count first, then packets, then fewer interrupts; a tenth is
/// the least that counts. lib/dim/net_dim.c:net_dim_stats_compare()
function net_dim_stats_compare(now: DimStats, prev: DimStats): -1 | 0 | 1 {
  if (prev.bpms === 0) return now.bpms !== 0 ? 1 : 0;
  if (significant(now.bpms, prev.bpms)) return now.bpms > prev.bpms ? 1 : -1;
  if (prev.ppms === 0) return now.ppms !== 0 ? 1 : 0;
  if (significant(now.ppms, prev.ppms)) return now.ppms > prev.ppms ? 1 : -1;
  if (prev.epms !== 0 && significant(now.epms, prev.epms)) return now.epms < prev.epms ? 1 : -1;
  return 0;
}

function significant(value: number, reference: number): boolean {
  return Math.floor((100 * Math.abs(value - reference)) / reference) > 10;
}

/// Whether the best profile lies one step back: it went on, then had to turn.
/// lib/dim/dim.c:dim_on_top()
function dim_on_top(dim: Dim): boolean {
  if (dim.tune_state === 'GOING_RIGHT') return dim.steps_left > 1 && dim.steps_right === 1;
  if (dim.tune_state === 'GOING_LEFT') return dim.steps_right > 1 && dim.steps_left === 1;
  return true;
}

function dim_turn(dim: Dim): void {
  if (dim.tune_state === 'GOING_RIGHT') {
    dim.tune_state = 'GOING_LEFT';
    dim.steps_left = 0;
  } else if (dim.tune_state === 'GOING_LEFT') {
    dim.tune_state = 'GOING_RIGHT';
    dim.steps_right = 0;
  }
}

/// lib/dim/dim.c:dim_park_on_top(), dim_park_tired(): a tired one stays tired for as many decisions.
function park(dim: Dim, where: 'PARKING_ON_TOP' | 'PARKING_TIRED'): void {
  dim.steps_right = 0;
  dim.steps_left = 0;
  if (where === 'PARKING_ON_TOP') dim.tired = 0;
  dim.tune_state = where;
}

/// lib/dim/net_dim.c:net_dim_step()
function net_dim_step(dim: Dim): 'stepped' | 'too tired' | 'edge' {
  if (dim.tired === PROFILES * 2) return 'too tired';
  if (dim.tune_state === 'GOING_RIGHT') {
    if (dim.profile_ix === PROFILES - 1) return 'edge';
    dim.profile_ix++;
    dim.steps_right++;
  } else if (dim.tune_state === 'GOING_LEFT') {
    if (dim.profile_ix === 0) return 'edge';
    dim.profile_ix--;
    dim.steps_left++;
  }
  dim.tired++;
  return 'stepped';
}

function leaveParking(dim: Dim): void {
  dim.tune_state = dim.profile_ix > 0 ? 'GOING_LEFT' : 'GOING_RIGHT';
  net_dim_step(dim);
}
