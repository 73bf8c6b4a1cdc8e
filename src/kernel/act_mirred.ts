/// The action mirred: a packet, or a copy of it, goes out of another device or comes in by it. Stands for
/// net/sched/act_mirred.c.
/// Left out: blocks of devices, receive packet steering of the other device, a device that is gone (kept apart from
/// one that is down only by a line in the log).
import { tapForwarded } from './af_packet.ts';
import { leaveHost } from './ledger.ts';
import { rateLimited } from './net_ratelimit.ts';
import { cloneSkb, FLAG_GSO, FLAG_REDIRECTED, FLAG_STAMPED, recordedRxQueue } from './skb.ts';
import type { Cpu, Kernel, NetDevice, Skb } from './state.ts';
import { TC_ACT, type TcAction } from './tc/types.ts';
import { forwardFrame } from './transmit.ts';

/// Where a packet begins its way up again; receive.ts puts itself here, for it calls the filters.
export const receiver: { core: (k: Kernel, c: Cpu, skb: Skb) => void } = {
  core: () => {
    throw new Error('a copy was to come in before receive.ts was loaded');
  },
};

/// How often the packet in hand has come in by another device already: skb->tc_depth. A copy comes in inside the call
/// that makes it, and receive.ts puts the count back when it is done with a packet; between packets it is 0.
export const nest = { depth: 0 };

const MIRRED_DEFER_LIMIT = 3;

/// A packet that goes round too often goes no further, and does not count at the action.
export function exceedsNesting(k: Kernel, skb: Skb): boolean {
  if (nest.depth < MIRRED_DEFER_LIMIT) return false;
  const { name } = k.devs[k.skbs.dev[skb]!]!;
  rateLimited(k, `Packet exceeded mirred recursion limit on dev ${name}`);
  return true;
}

type Spec = Extract<TcAction['spec'], { kind: 'mirred' }>;

/// What a redirect did with the packet itself.
export const CONSUMED = -2; // it is gone and accounted for
export const ANOTHER = -3; // it has another device now

/// net/sched/act_mirred.c:tcf_mirred_act(), tcf_mirred_to_dev()
export function tcf_mirred_act(k: Kernel, c: Cpu, a: TcAction, spec: Spec, skb: Skb): number {
  const dev = k.devs.find((one) => one.ifindex === spec.ifindex);
  if (!dev || !dev.up || !dev.carrier) {
    if (dev) rateLimited(k, `tc mirred to Houston: device ${dev.name} is down`);
    a.overlimits++;
    return spec.redirect ? TC_ACT.SHOT : a.control;
  }
  if (!spec.redirect) {
    if (spec.ingress) copyInto(k, c, dev, skb);
    else send(k, c, dev, skb);
    return a.control;
  }
  if (spec.ingress) {
    k.skbs.dev[skb] = k.devs.indexOf(dev);
    skb_set_redirected(k, skb);
    nest.depth++;
    return ANOTHER;
  }
  send(k, c, dev, skb);
  leaveHost(k, skb);
  return CONSUMED;
}

/// Generic XDP of the other device leaves it alone, and a stamp that it had is void: it comes in again.
/// include/linux/skbuff.h:skb_set_redirected()
function skb_set_redirected(k: Kernel, skb: Skb): void {
  k.skbs.flags[skb] = (k.skbs.flags[skb]! | FLAG_REDIRECTED) & ~FLAG_STAMPED;
}

function send(k: Kernel, c: Cpu, dev: NetDevice, skb: Skb): void {
  const pieces = k.skbs.flags[skb]! & FLAG_GSO ? k.skbs.segs[skb]! : 1;
  if (k.packet.nit > 0) tapForwarded(k, c, dev, skb);
  forwardFrame(
    k,
    c,
    dev,
    k.skbs.flow[skb]!,
    k.skbs.len[skb]!,
    pieces,
    recordedRxQueue(k.skbs, skb),
  );
}

/// A copy that comes in by another device is a packet of its own: one more was offered.
function copyInto(k: Kernel, c: Cpu, dev: NetDevice, skb: Skb): void {
  const copy = cloneSkb(k.skbs, skb);
  k.ledger.offered += k.skbs.segs[copy]!;
  k.skbs.dev[copy] = k.devs.indexOf(dev);
  nest.depth++;
  receiver.core(k, c, copy);
  nest.depth--;
}
