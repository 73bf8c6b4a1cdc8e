/// Rows of the flow table that translation makes, and gives back when their connection is gone and nothing names
/// them any more: no packet, socket, half-open connection, copy, frame on the wire, nor other connection.
/// The kernel has no such thing: there a packet carries its addresses itself. Here somebody has to look for whoever
/// still names a row, which is done when about as many rows have lost their connection as have one.
import { freeFlow, takeFlow, type FlowSpec } from '../../flows.ts';
import type { Kernel } from '../../state.ts';
import { tableOf } from './table.ts';
import type { Conntrack } from './types.ts';

const FEW = 256; // rows for which nobody looks
const TCP_CLOSE = 7;

/// A row for a translated flow.
export function natRow(k: Kernel, spec: FlowSpec): number {
  const ct = tableOf(k);
  if (ct.nat_dead >= Math.max(FEW, ct.nat_rows.length >> 1)) sweep(k, ct);
  const row = takeFlow(k, spec);
  ct.nat_rows.push(row);
  // What was remembered of the row's former flow.
  for (const slot of [2 * row, 2 * row + 1])
    if (slot < ct.flow_hash.length) ct.flow_hash[slot] = -1;
  return row;
}

// Gives back the rows that nothing names.
function sweep(k: Kernel, ct: Conntrack): void {
  const unnamed = new Uint8Array(k.flows.count);
  for (const row of ct.nat_rows) unnamed[row] = 1;
  const seen = (flow: number): void => {
    if (flow >= 0) unnamed[flow] = 0;
  };
  packets(k, seen);
  sockets(k, seen);
  for (const dev of k.devs) for (const { flow } of dev.outgoing) seen(flow);
  for (const entry of ct.entries) {
    if (!entry.live) {
      // Its last packet may still be under way, and is translated anew.
      entry.nat_from.fill(-1);
      entry.nat_to.fill(-1);
      continue;
    }
    seen(entry.flow);
    for (const flow of entry.nat_from) seen(flow);
    for (const flow of entry.nat_to) seen(flow);
  }
  for (const row of ct.nat_rows) if (unnamed[row] === 1) freeFlow(k, row);
  ct.nat_rows = ct.nat_rows.filter((row) => unnamed[row] === 0);
  ct.nat_dead = 0;
}

function packets(k: Kernel, seen: (flow: number) => void): void {
  const { used, next, flow } = k.skbs;
  const free = new Uint8Array(used);
  for (let skb = k.skbs.free; skb >= 0; skb = next[skb]!) free[skb] = 1;
  for (let skb = 0; skb < used; skb++) if (free[skb] === 0) seen(flow[skb]!);
}

function sockets(k: Kernel, seen: (flow: number) => void): void {
  for (const sk of k.socks) {
    if (sk.state !== TCP_CLOSE) seen(sk.flow);
    for (const copy of sk.copies) seen(copy.flow);
  }
  for (const req of k.reqs) if (req.listener >= 0) seen(req.flow);
  for (const q of k.frags6.queues) if (q.live) seen(q.flow);
  for (const { queue, ring } of k.packet.socks) {
    for (const copy of queue) seen(copy.flow);
    for (const { frames } of ring?.blocks ?? []) for (const copy of frames) seen(copy.flow);
  }
}
