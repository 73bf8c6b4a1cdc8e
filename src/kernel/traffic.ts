/// Traffic on the wire: senders outside the host. Frames of one device share its link, so they
/// arrive one after another at link speed: a frame takes its length plus preamble and gap, 20 bytes.
/// Arrival times come from a counter, not from adding up gaps, so they do not drift.
/// While the wire is paused, frames wait at the port of a switch, which loses what it cannot hold (Source.lost).
/// Left out: answers to what the host sends. TCP connections are in remote/.
import { addSlot, runnerUp, setTime } from '../engine/agenda.ts';
import { chance, stream } from '../engine/random.ts';
import { SOURCE } from './events.ts';
import { dressFrame, frameLength, shapeOf, type ShapeSpec } from './frame_shape.ts';
import { afterPauses, endPauses } from './pause_frames.ts';
import { nextDue } from './source_times.ts';
import { addFlows, isBroadcast, ownAddress } from './source_flows.ts';
import { FLAG_BAD_FCS, FLAG_FOREIGN, releaseSkb, takeSkb } from './skb.ts';
import type { FrameShape, Kernel, NetDevice, Skb, Source } from './state.ts';
import { arrivalSteps } from './tracing.ts';
import { keepsFrames, lostAtRing, receiveFrame } from './wire.ts';
import { leaveTurn, takesTurn, waitTurn } from './wire_turn.ts';

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
  readonly hopopts?: readonly number[]; // IPv6: types of the options in a hop-by-hop header
  readonly dstopts?: readonly number[]; // IPv6: types of destination options
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
    waiting: 0,
    lost: 0,
    port_ps: 0,
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
  source.waiting = 0; // what waited at the switch is given up
  leaveTurn(k.devs[source.dev]!, source.slot);
  setTime(k.agenda, source.slot, Infinity);
  k.config_version++;
}

/// The last bit of a source's next frame arrives, unless another sender has taken the link. False when
/// the frame was lost for want of a descriptor.
export function sendFrame(k: Kernel, source: Source): boolean {
  const dev = k.devs[source.dev]!;
  if (dev.pauses.length > 0 || source.waiting > 0) return sendByPort(k, dev, source);
  const end_ps = wireEnd(dev, source);
  const arrives = Math.ceil(end_ps / 1000);
  if (arrives > k.now) {
    waitTurn(dev, source.slot);
    setTime(k.agenda, source.slot, arrives);
    return true;
  }
  if (dev.wire_turn.length > 0 && !takesTurn(k, dev, source.slot)) return true;
  const skb = nextFrame(k, dev, source, end_ps);
  setTime(k.agenda, source.slot, nextArrival(k, dev, source));
  return receiveFrame(k, dev, skb);
}

/// The source's next frame takes the wire, up to `end_ps`.
function nextFrame(k: Kernel, dev: NetDevice, source: Source, end_ps: number): Skb {
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
  return skb;
}

/// On a wire that is paused, or was: frames come to the port of the switch when they are due, and leave it one
/// after another as soon as they may. What comes to a full port is lost there.
function sendByPort(k: Kernel, dev: NetDevice, source: Source): boolean {
  endPauses(k, dev);
  leaveTurn(dev, source.slot);
  if (source.waiting === 0) source.port_ps = Math.max(source.port_ps, dev.wire_ps);
  while (portArrival(source) <= k.now) {
    source.port_ps = Math.max(source.due_ns * 1000, source.port_ps + source.frame_ps);
    if (source.waiting < dev.fc.port_frames) source.waiting++;
    else source.lost++;
    source.due_ns = nextDue(source);
  }
  let kept = true;
  if (source.waiting > 0 && portEnd(dev, source) <= k.now * 1000) {
    source.waiting--;
    // The last bit arrives now, even if the wire was free before the frame came to the port.
    const end_ps = Math.max(portEnd(dev, source), k.now * 1000 - 999);
    const skb = nextFrame(k, dev, source, end_ps);
    kept = receiveFrame(k, dev, skb);
  }
  const leaves = source.waiting > 0 ? Math.ceil(portEnd(dev, source) / 1000) : Infinity;
  const next = Math.min(leaves, portArrival(source));
  if (next === Infinity) source.active = false;
  setTime(k.agenda, source.slot, Math.max(k.now, next));
  return kept;
}

/// When the next frame's last bit reaches the port, ns.
function portArrival(source: Source): number {
  return Math.max(source.due_ns, Math.ceil((source.port_ps + source.frame_ps) / 1000));
}

/// When the last bit of the frame that waits there longest can reach the NIC, ps.
function portEnd(dev: NetDevice, source: Source): number {
  return afterPauses(dev, dev.wire_ps + source.frame_ps, source.frame_ps);
}

/// The same, and then all plain frames of this source that are lost for want of a descriptor before anybody
/// else has a turn, up to and including `until_ns`.
export function sendFrames(k: Kernel, source: Source, until_ns: number): void {
  if (sendFrame(k, source)) return;
  if (source.shape !== null || source.bad_fcs > 0 || source.foreign > 0) return;
  const dev = k.devs[source.dev]!;
  if (source.waiting > 0 || dev.pauses.length > 0 || dev.wire_turn.length > 0) return;
  if (dev.filters.length > 0) return; // each is counted
  const { agenda, skbs } = k;
  const { slot } = source;
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
  source.due_ns = nextDue(source);
  if (source.due_ns === Infinity) return endSource(source);
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
