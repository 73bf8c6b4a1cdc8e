/// Traffic on the wire: senders outside the host. Frames of one device share its link, so they
/// arrive one after another at link speed: a frame takes its length plus preamble and gap, 20 bytes.
/// Arrival times come from a counter, not from adding up gaps, so they do not drift.
/// Left out: answers to what the host sends, pause frames, protocols other than UDP over IPv4.
import { addSlot, setTime } from '../engine/agenda.ts';
import { chance, exponential, sojourn, stream } from '../engine/random.ts';
import { SOURCE } from './events.ts';
import { addFlow } from './flows.ts';
import { FLAG_BAD_FCS, FLAG_FOREIGN, takeSkb } from './skb.ts';
import type { Kernel, NetDevice, Source } from './state.ts';
import { receiveFrame } from './wire.ts';

const FCS = 4;
const PREAMBLE_AND_GAP = 20; // bytes on the wire beside the frame
const FIRST_SOURCE_PORT = 10000;

/// What a sender does. Frame lengths include the FCS; 64 is the shortest frame of Ethernet.
export interface SourceSpec {
  readonly dev: number; // index into devs
  readonly pattern?: Source['pattern']; // constant
  readonly pps?: number; // frames a second while on; burst: 0 is as fast as the link
  readonly len?: number; // 64
  readonly burst?: number; // frames a burst
  readonly period_ns?: number; // burst start to burst start; onoff, pareto: mean on plus off time
  readonly flows?: number; // UDP source ports, one flow each; taken in turn
  readonly dport?: number; // UDP destination port
  readonly limit?: number; // frames
  readonly stop_at?: number; // ns of virtual time
  readonly bad_fcs?: number; // share of damaged frames, 0 to 1
  readonly foreign?: number; // share of frames for another MAC, 0 to 1
  readonly label?: string;
}

/// Starts a sender and returns its id. Throws on numbers that make no traffic.
export function startSource(k: Kernel, spec: SourceSpec): number {
  const dev = k.devs[spec.dev];
  if (!dev || dev.path < 0) throw new Error(`device ${spec.dev} has no wire`);
  const pattern = spec.pattern ?? 'constant';
  const pps = spec.pps ?? 0;
  const flows = spec.flows ?? 1;
  const len = spec.len ?? 64;
  if (pattern !== 'burst' && !(pps > 0))
    throw new Error(`${pattern} traffic needs a rate, not ${pps}`);
  if (!(flows >= 1) || !(len >= 64))
    throw new Error(`traffic of ${flows} flows, ${len} bytes a frame`);
  if (pattern !== 'constant' && pattern !== 'poisson' && !((spec.period_ns ?? 0) > 0))
    throw new Error(`${pattern} traffic needs a period`);
  const id = k.sources.length;
  const source: Source = {
    id,
    dev: spec.dev,
    active: true,
    label: spec.label ?? '',
    pattern,
    pps,
    len,
    burst: spec.burst ?? 1,
    period_ns: spec.period_ns ?? 0,
    first_flow: addFlows(k, spec.dev, dev, flows, spec.dport ?? 9000),
    flows,
    started: k.now,
    stop_at: spec.stop_at ?? Infinity,
    sent: 0,
    limit: spec.limit ?? Infinity,
    bad_fcs: spec.bad_fcs ?? 0,
    foreign: spec.foreign ?? 0,
    random: stream(k.seed, `source ${id}`),
    due_ns: 0,
    next_flow: 0,
    frame_ps: dev.speed_mbps > 0 ? ((len + PREAMBLE_AND_GAP) * 8 * 1_000_000) / dev.speed_mbps : 0,
    state_start_ns: k.now,
    state_end_ns: k.now,
    state_sent: 0,
    slot: addSlot(k.agenda, SOURCE, id),
  };
  k.sources.push(source);
  k.config_version++;
  planFrame(k, dev, source);
  return id;
}

/// Stops a sender; frames that are on the wire already have arrived.
export function stopSource(k: Kernel, id: number): void {
  const source = k.sources[id];
  if (!source) throw new Error(`no source ${id} among ${k.sources.length}`);
  source.active = false;
  setTime(k.agenda, source.slot, Infinity);
  k.config_version++;
}

/// The last bit of a source's next frame arrives, unless another sender has taken the link.
export function sendFrame(k: Kernel, source: Source): void {
  const dev = k.devs[source.dev]!;
  const end_ps = wireEnd(dev, source);
  const arrives = Math.ceil(end_ps / 1000);
  if (arrives > k.now) return setTime(k.agenda, source.slot, arrives);
  dev.wire_ps = end_ps;
  const pool = k.skbs;
  const skb = takeSkb(pool);
  pool.flow[skb] = source.first_flow + source.next_flow;
  pool.len[skb] = source.len - FCS;
  pool.dev[skb] = source.dev;
  pool.arrived[skb] = k.now;
  pool.serial[skb] = k.ledger.offered;
  let flags = 0;
  if (source.bad_fcs > 0 && chance(source.random, source.bad_fcs)) flags |= FLAG_BAD_FCS;
  if (source.foreign > 0 && chance(source.random, source.foreign)) flags |= FLAG_FOREIGN;
  pool.flags[skb] = flags;
  source.next_flow = source.next_flow + 1 === source.flows ? 0 : source.next_flow + 1;
  source.sent++;
  planFrame(k, dev, source);
  receiveFrame(k, dev, skb);
}

function planFrame(k: Kernel, dev: NetDevice, source: Source): void {
  if (source.sent >= source.limit) return endSource(k, source);
  source.due_ns = dueTime(source);
  if (source.due_ns > source.stop_at) return endSource(k, source);
  setTime(k.agenda, source.slot, Math.max(k.now, Math.ceil(wireEnd(dev, source) / 1000)));
}

function endSource(k: Kernel, source: Source): void {
  source.active = false;
  setTime(k.agenda, source.slot, Infinity);
}

/// When the frame's last bit arrives, ps: as planned, or as soon as the link is free.
function wireEnd(dev: NetDevice, source: Source): number {
  return Math.max(source.due_ns * 1000, dev.wire_ps + source.frame_ps);
}

/// When the next frame is due on a free link, ns.
function dueTime(source: Source): number {
  switch (source.pattern) {
    case 'constant':
      return source.started + spaced(source.sent, source.pps);
    case 'burst': {
      const round = Math.floor(source.sent / source.burst);
      const within = source.sent - round * source.burst;
      const gap = source.pps > 0 ? spaced(within, source.pps) : 0;
      return source.started + round * source.period_ns + gap;
    }
    case 'poisson':
      return previous(source) + Math.ceil(exponential(source.random, 1e9 / source.pps));
    case 'onoff':
    case 'pareto':
      return onOff(source);
  }
}

function previous(source: Source): number {
  return source.sent === 0 ? source.started : source.due_ns;
}

/// n frames at that rate, ns, rounded down; whole seconds apart so that nothing is lost.
function spaced(n: number, pps: number): number {
  const seconds = Math.floor(n / pps);
  return seconds * 1_000_000_000 + Math.floor(((n - seconds * pps) * 1e9) / pps);
}

/// Frames at a constant rate while on; on and off times are random, each half a period in the mean.
function onOff(source: Source): number {
  for (;;) {
    const due = source.state_start_ns + spaced(source.state_sent, source.pps);
    if (due < source.state_end_ns) {
      source.state_sent++;
      return due;
    }
    const tail = source.pattern === 'pareto' ? 'pareto' : 'exponential';
    const mean = source.period_ns / 2;
    const off = source.sent === 0 ? 0 : Math.ceil(sojourn(source.random, mean, tail));
    source.state_start_ns = source.state_end_ns + off;
    source.state_end_ns = source.state_start_ns + Math.ceil(sojourn(source.random, mean, tail));
    source.state_sent = 0;
  }
}

/// Adds flows from the device's peer to its address; each has a source port of its own.
function addFlows(k: Kernel, index: number, dev: NetDevice, count: number, dport: number): number {
  const first = k.flows.count;
  const address = (dev.addrs[0] ?? '0.0.0.0/0').split('/')[0]!;
  for (let i = 0; i < count; i++)
    addFlow(k, {
      dev: index,
      saddr: dev.peer,
      daddr: address,
      sport: FIRST_SOURCE_PORT + (i % 50000),
      dport,
    });
  return first;
}
