/// Traffic on the wire: senders outside the host. Frames of one device share its link, so they
/// arrive one after another at link speed: a frame takes its length plus preamble and gap, 20 bytes.
/// Arrival times come from a counter, not from adding up gaps, so they do not drift.
/// Left out: answers to what the host sends, pause frames. TCP connections are in remote/.
import { addSlot, runnerUp, setTime } from '../engine/agenda.ts';
import { chance, exponential, sojourn, stream } from '../engine/random.ts';
import { SOURCE } from './events.ts';
import { dressFrame, frameLength, shapeOf, type ShapeSpec } from './frame_shape.ts';
import { addFlows, isBroadcast, ownAddress } from './source_flows.ts';
import { FLAG_BAD_FCS, FLAG_FOREIGN, releaseSkb, takeSkb } from './skb.ts';
import type { FrameShape, Kernel, NetDevice, Skb, Source } from './state.ts';
import { arrivalSteps } from './tracing.ts';
import { keepsFrames, lostAtRing, receiveFrame } from './wire.ts';

const FCS = 4;
const PREAMBLE_AND_GAP = 20; // bytes on the wire beside the frame
const VLAN_HLEN = 4;

/// What a sender does. Frame lengths include the FCS; 64 is the shortest frame of Ethernet.
export interface SourceSpec extends ShapeSpec {
  readonly dev: number; // index into devs
  readonly pattern?: Source['pattern']; // constant
  readonly pps?: number; // frames a second while on; burst: 0 is as fast as the link
  readonly len?: number; // 64; of the unfragmented frame
  readonly burst?: number; // frames a burst
  readonly period_ns?: number; // burst start to burst start; onoff, pareto: mean on plus off time
  readonly flows?: number; // taken in turn
  readonly sources?: number; // sender addresses, counted up from the peer's; flows are dealt out to them
  readonly sport?: number; // UDP source port of an address's first flow
  readonly dport?: number; // UDP destination port: 9000
  readonly ports?: number; // destination ports, counted up from dport; flows are dealt out to them
  readonly v6?: boolean; // IPv6
  readonly daddr?: string; // instead of the interface's address
  readonly ttl?: number; // or hop limit: 64
  readonly tos?: number; // 0
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
  const flows = Math.max(spec.flows ?? 1, spec.sources ?? 1, spec.ports ?? 1);
  const len = spec.len ?? 64;
  if (pattern !== 'burst' && !(pps > 0))
    throw new Error(`${pattern} traffic needs a rate, not ${pps}`);
  if (!(flows >= 1) || !(len >= 64))
    throw new Error(`traffic of ${flows} flows, ${len} bytes a frame`);
  if (pattern !== 'constant' && pattern !== 'poisson' && !((spec.period_ns ?? 0) > 0))
    throw new Error(`${pattern} traffic needs a period`);
  const id = k.sources.length;
  const daddr = spec.daddr ?? ownAddress(dev, spec.v6 ?? false);
  const shape = shapeOf(spec, len, daddr, isBroadcast(dev, daddr), flows);
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
    first_flow: addFlows(k, spec, dev, flows, daddr),
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
    frame_ps: wireTime(dev, len + (spec.vlan ? VLAN_HLEN : 0)),
    state_start_ns: k.now,
    state_end_ns: k.now,
    state_sent: 0,
    slot: addSlot(k.agenda, SOURCE, id),
    shape,
  };
  k.sources.push(source);
  k.config_version++;
  if (shape !== null && shape.fragments > 1)
    source.frame_ps = wireTime(dev, frameLength(shape, len, 0) + FCS + (spec.vlan ? VLAN_HLEN : 0));
  setTime(k.agenda, source.slot, nextArrival(k, dev, source));
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

/// The last bit of a source's next frame arrives, unless another sender has taken the link. False when
/// the frame was lost for want of a descriptor.
export function sendFrame(k: Kernel, source: Source): boolean {
  const dev = k.devs[source.dev]!;
  const end_ps = wireEnd(dev, source);
  const arrives = Math.ceil(end_ps / 1000);
  if (arrives > k.now) {
    setTime(k.agenda, source.slot, arrives);
    return true;
  }
  dev.wire_ps = end_ps;
  const { shape } = source;
  const skb = takeSkb(k.skbs);
  fillIn(k, source, skb);
  let flags = 0;
  if (source.bad_fcs > 0 && chance(source.random, source.bad_fcs)) flags |= FLAG_BAD_FCS;
  if (source.foreign > 0 && chance(source.random, source.foreign)) flags |= FLAG_FOREIGN;
  k.skbs.flags[skb] = flags;
  if (shape === null) nextFlow(source);
  else if (sendShaped(k, source, shape, skb)) nextFlow(source);
  source.sent++;
  setTime(k.agenda, source.slot, nextArrival(k, dev, source));
  return receiveFrame(k, dev, skb);
}

/// The same, and then all plain frames of this source that are lost for want of a descriptor before anybody
/// else has a turn, up to and including `until_ns`.
export function sendFrames(k: Kernel, source: Source, until_ns: number): void {
  if (sendFrame(k, source)) return;
  if (source.shape !== null || source.bad_fcs > 0 || source.foreign > 0) return;
  const { agenda, skbs } = k;
  const { slot } = source;
  const dev = k.devs[source.dev]!;
  const rival = runnerUp(agenda, slot);
  // At the same moment the lower slot goes first.
  const rival_ns = agenda.times[rival]! - (rival < slot ? 1 : 0);
  const last_ns = Math.min(until_ns, rival_ns);
  const keeps = keepsFrames(dev);
  const skb = takeSkb(skbs);
  let at = agenda.times[slot]!;
  while (at <= last_ns) {
    const flow = source.first_flow + source.next_flow;
    const offered = k.ledger.offered;
    const reason = lostAtRing(k, dev, keeps, skb, source.len - FCS, flow);
    if (reason < 0) break;
    k.now = at;
    dev.wire_ps = wireEnd(dev, source);
    skbs.flow[skb] = flow;
    skbs.arrived[skb] = at;
    skbs.serial[skb] = offered;
    arrivalSteps(k, skb, skbs.queue[skb]!, 0, reason);
    nextFlow(source);
    source.sent++;
    at = nextArrival(k, dev, source);
  }
  setTime(agenda, slot, at);
  releaseSkb(skbs, skb);
}

function fillIn(k: Kernel, source: Source, skb: Skb): void {
  const pool = k.skbs;
  pool.flow[skb] = source.first_flow + source.next_flow;
  pool.len[skb] = source.len - FCS;
  pool.dev[skb] = source.dev;
  pool.arrived[skb] = k.now;
  pool.serial[skb] = k.ledger.offered;
}

function nextFlow(source: Source): void {
  source.next_flow = source.next_flow + 1 === source.flows ? 0 : source.next_flow + 1;
}

function sendShaped(k: Kernel, source: Source, shape: FrameShape, skb: Skb): boolean {
  const { len, sent, next_flow, random } = source;
  k.skbs.len[skb] = frameLength(shape, len, sent);
  const turn = dressFrame(k.skbs, skb, shape, random, len, sent, next_flow);
  if (shape.fragments > 1) {
    const tag = shape.vlan_tci > 0 ? VLAN_HLEN : 0;
    const next = frameLength(shape, len, sent + 1) + FCS + tag;
    source.frame_ps = wireTime(k.devs[source.dev]!, next);
  }
  return turn;
}

/// Time that a frame of `len` bytes with FCS takes on the device's wire, ps; 0 where there is no line rate.
function wireTime(dev: NetDevice, len: number): number {
  return dev.speed_mbps > 0 ? ((len + PREAMBLE_AND_GAP) * 8 * 1_000_000) / dev.speed_mbps : 0;
}

/// When the source's next frame arrives, ns; Infinity when it has sent its last.
function nextArrival(k: Kernel, dev: NetDevice, source: Source): number {
  if (source.sent >= source.limit) return endSource(source);
  source.due_ns = dueTime(source);
  if (source.due_ns > source.stop_at) return endSource(source);
  return Math.max(k.now, Math.ceil(wireEnd(dev, source) / 1000));
}

function endSource(source: Source): number {
  source.active = false;
  return Infinity;
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
