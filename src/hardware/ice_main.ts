/// The ice driver's receive path, for an E810: interrupt, poll, refill, moderation by lib/dim, accelerated RFS.
/// Stands for drivers/net/ethernet/intel/ice/ice_txrx.c, ice_base.c and ice_main.c.
/// A frame that finds no descriptor is lost at once. Vectors are hinted to the CPU of their number; none is managed.
/// Left out: transmission, several traffic classes, virtual functions, frames in more than one buffer, the
/// line about the link in the kernel log (it tells of error correction and negotiation).
import { maskOf } from '../kernel/cpumask.ts';
import { createDim } from '../kernel/dim.ts';
import { sampleDim } from '../kernel/dim_work.ts';
import type { DriverPath, Vector } from '../kernel/driver_table.ts';
import { planInterrupt } from '../kernel/irq.ts';
import { napi_schedule } from '../kernel/napi_schedule.ts';
import { REASON } from '../kernel/reasons.ts';
import type { Cpu, Kernel, Napi, NetDevice, RxQueue } from '../kernel/state.ts';
import { arfs } from './arfs.ts';
import { buildHalfPage } from './half_page.ts';
import { isPerfect } from './ice_ntuple.ts';
import { pollRxQueue, refillAll, refillsAll, type RxRules } from './rx_path.ts';

const RX_PROFILE = [2, 8, 16, 62, 126] as const; // us
const ICE_DIM_DEFAULT_PROFILE_IX = 1;
const ITR_MASK = 0x1ffe; // us: the register counts in twos
const INTRL_ADAPTIVE = 4; // us: the least interval of a vector whose delay lib/dim sets
const STALE_US = 1_000_000;
const EOPNOTSUPP = -95;
const ETH_PKT_HDR_PAD = 26;
const BUFFER = 1536;
const MAX_FRAME = 9728; // ICE_AQ_SET_MAC_FRAME_SIZE_MAX

function ice_msix_clean_rings(k: Kernel, c: Cpu, n: Napi): void {
  n.irq_events++;
  n.irq_enabled = false;
  napi_schedule(k, c, n);
}

function ice_napi_poll(k: Kernel, c: Cpu, n: Napi, budget: number): number {
  return pollRxQueue(k, c, n, budget, iceRx);
}

function enableInterrupt(k: Kernel, _c: Cpu, dev: NetDevice, n: Napi, q: RxQueue): void {
  if (adaptive(dev)) ice_net_dim(k, n, q);
  n.irq_enabled = true;
  planInterrupt(k, n);
}

/// A measurement that began a second ago or earlier is no more worth anything.
function ice_net_dim(k: Kernel, n: Napi, q: RxQueue): void {
  const dim = n.dim!;
  const since_us = Math.floor(k.now / 1000) - dim.start.time_us;
  if (since_us >= STALE_US) dim.state = 'START_MEASURE';
  sampleDim(k, n, q);
}

function adaptive(dev: NetDevice): boolean {
  return dev.coalesce['adaptive-rx'] === true;
}

/// ice_write_itr() and ice_set_q_vector_intrl(): the delay of the queue, and the rate limit of the vector.
function writeItr(dev: NetDevice, n: Napi, usecs: number): void {
  const eitherAdapts = adaptive(dev) || dev.coalesce['adaptive-tx'] === true;
  const limit = eitherAdapts ? INTRL_ADAPTIVE : Number(dev.coalesce['rx-usecs-high']);
  n.itr_ns = Math.max(usecs & ITR_MASK, limit) * 1000;
}

const iceRx: RxRules = {
  build: buildHalfPage,
  refill: refillAll,
  refill_at: Infinity,
  refillsRest: refillsAll,
  enableInterrupt,
  feeds_itr: false,
  past_gro: null,
};

function vectors(k: Kernel, dev: NetDevice): Vector[] {
  const pairs = dev.rx.map(({ index }) => ({
    name: `ice-${dev.name}-TxRx-${index}`,
    queue: index,
    hint: k.cpus[index]?.online ? maskOf([index], k.desc.cpus) : [],
    hintOnly: true as const,
  }));
  return [{ name: `ice-${dev.pci}:misc`, queue: -1, hint: [] }, ...pairs];
}

export const icePath: DriverPath = {
  name: 'ice',
  poll: ice_napi_poll,
  interrupt: ice_msix_clean_rings,
  usable: (size) => size - 1, // ICE_DESC_UNUSED
  stamps: { watchdogs: 0, bothPorts: false },
  longestFrame: (dev) => (dev.mtu + ETH_PKT_HDR_PAD <= BUFFER ? BUFFER : MAX_FRAME),
  fifo: () => null,
  lost(_k, _dev, q) {
    q.drops++;
    return REASON.RX_QUEUE_DROPS;
  },
  interruptAt: (k, n) => Math.max(k.now, n.irq_last + n.itr_ns),
  moderate(_k, dev, n) {
    n.dim = createDim(ICE_DIM_DEFAULT_PROFILE_IX, 'PARKING_ON_TOP');
    const usecs = adaptive(dev)
      ? RX_PROFILE[ICE_DIM_DEFAULT_PROFILE_IX]
      : Number(dev.coalesce['rx-usecs']);
    writeItr(dev, n, usecs);
  },
  // Made adaptive, a queue keeps its delay until lib/dim has measured.
  coalesced(_k, dev, n) {
    writeItr(dev, n, adaptive(dev) ? n.itr_ns / 1000 : Number(dev.coalesce['rx-usecs']));
  },
  dimWork(_k, dev, n) {
    writeItr(dev, n, RX_PROFILE[n.dim!.profile_ix]!);
  },
  vectors,
  // Flow Director serves accelerated RFS only while it compares addresses and ports of that kind of flow.
  flowSteering: {
    ...arfs,
    steer(k, dev, skb, rxq_index, flow_id) {
      const flow = k.skbs.flow[skb]!;
      const kind = k.flows.proto[flow] === 6 ? 'tcp' : 'udp';
      if (!isPerfect(dev, `${kind}${k.flows.family[flow] === 2 ? 4 : 6}`)) return EOPNOTSUPP;
      return arfs.steer(k, dev, skb, rxq_index, flow_id);
    },
  },
  flagChanged: (_k, _dev, name) => name === 'legacy-rx',
  tellsL4Hash: true,
  reset_ns: 0,
  resetsForQueues: true,
  resetsForMtu: true,
  freesVectors: true,
  dealsCpus: false,
};
