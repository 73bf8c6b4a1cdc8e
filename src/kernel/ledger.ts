/// Every packet is accounted for: offered = delivered + consumed + forwarded + queued + dropped, at
/// every instant.
/// kfree_skb_reason() is the one exit for packets that the kernel drops, dropFrame() for those that
/// the hardware loses. What is queued is found by walking rings, lists, backlogs and sockets, not
/// by arithmetic, so that the check can fail.
import { COSTS } from './costs.ts';
import { nf_conntrack_put } from './netfilter/conntrack/put.ts';
import { DROP_REASONS } from './reasons.ts';
import { FLAG_NFCT, releaseSkb } from './skb.ts';
import type { Cpu, Kernel, Skb } from './state.ts';
import type { Context } from './steps.ts';
import { dropStep } from './tracing.ts';

/// Drops a packet on a CPU, at step `step`. net/core/skbuff.c:kfree_skb_reason()
export function kfree_skb_reason(k: Kernel, c: Cpu, skb: Skb, reason: number, step: number): void {
  dropStep(k, c, step, skb, reason);
  c.cursor_ns += COSTS.kfree_skb_reason.ns;
  if (k.skbs.flags[skb]! & FLAG_NFCT) nf_conntrack_put(k, skb);
  k.ledger.drops[reason] = k.ledger.drops[reason]! + k.skbs.segs[skb]!;
  releaseSkb(k.skbs, skb);
}

/// Ends a packet that the kernel itself has used up: an ACK, a SYN, ICMP, ARP.
/// net/core/skbuff.c:consume_skb()
export function consume_skb(k: Kernel, skb: Skb): void {
  if (k.skbs.flags[skb]! & FLAG_NFCT) nf_conntrack_put(k, skb);
  k.ledger.consumed += k.skbs.segs[skb]!;
  releaseSkb(k.skbs, skb);
}

/// Ends a packet that leaves the host by a NIC again.
export function leaveHost(k: Kernel, skb: Skb): void {
  k.ledger.forwarded += k.skbs.segs[skb]!;
  releaseSkb(k.skbs, skb);
}

/// Drops a frame that the hardware lost, at step `step`.
export function dropFrame(k: Kernel, skb: Skb, reason: number, step: number): void {
  dropStep(k, null, step, skb, reason);
  loseFrame(k, skb, reason);
}

/// The same for a frame whose steps are traced already.
export function loseFrame(k: Kernel, skb: Skb, reason: number): void {
  k.ledger.drops[reason] = k.ledger.drops[reason]! + k.skbs.segs[skb]!;
  releaseSkb(k.skbs, skb);
}

export interface LedgerRows {
  readonly offered: number;
  readonly delivered: number;
  readonly consumed: number;
  readonly forwarded: number;
  readonly queued: readonly { readonly where: string; readonly packets: number }[];
  readonly dropped: readonly {
    readonly reason: string;
    readonly packets: number;
    readonly context: Context;
  }[];
}

/// The ledger as rows; places and reasons without packets are left out.
export function ledgerOf(k: Kernel): LedgerRows {
  const queued = places(k).filter((row) => row.packets > 0);
  const dropped = DROP_REASONS.map((reason, i) => ({
    reason: reason.name,
    packets: k.ledger.drops[i]!,
    context: reason.context,
  })).filter((row) => row.packets > 0);
  const { offered, delivered, consumed, forwarded } = k.ledger;
  return { offered, delivered, consumed, forwarded, queued, dropped };
}

/// Throws, with the numbers, when a packet is missing or counted twice.
export function checkLedger(k: Kernel): void {
  const rows = ledgerOf(k);
  const queued = sum(rows.queued);
  const dropped = sum(rows.dropped);
  if (rows.offered !== rows.delivered + rows.consumed + rows.forwarded + queued + dropped)
    throw new Error(
      `ledger at ${k.now} ns: offered ${rows.offered} is not delivered ${rows.delivered} + ` +
        `consumed ${rows.consumed} + forwarded ${rows.forwarded} + queued ${queued} + dropped ${dropped}: ${JSON.stringify(rows)}`,
    );
  if (queued !== k.skbs.live)
    throw new Error(`ledger at ${k.now} ns: ${k.skbs.live} frames in use, ${queued} found`);
}

function sum(rows: readonly { readonly packets: number }[]): number {
  return rows.reduce((total, row) => total + row.packets, 0);
}

function places(k: Kernel): { where: string; packets: number }[] {
  const rows: { where: string; packets: number }[] = [];
  const add = (where: string, packets: number): void => void rows.push({ where, packets });
  for (const dev of k.devs) {
    for (const q of dev.rx) add(`${dev.name} rx-${q.index} ring`, inRing(k, q.slots));
    dev.fifos.forEach((fifo, i) => add(`${dev.name} packet buffer ${i}`, inList(k, fifo.head)));
  }
  for (const n of k.napis) {
    const name = napiName(k, n.dev, n.cpu, n.queue);
    add(`${name} rx_list`, inList(k, n.rx_head) + framesIn(k, n.rx_late));
    add(
      `${name} GRO`,
      n.gro.heads.reduce((held, head) => held + inList(k, head), 0),
    );
  }
  for (const c of k.cpus) {
    add(`cpu${c.id} in hand`, framesIn(k, c.skb));
    add(`cpu${c.id} input_pkt_queue`, inList(k, c.input_head));
    add(`cpu${c.id} process_queue`, inList(k, c.process_head));
  }
  for (const sk of k.socks) {
    add(`${sk.proto} :${sk.port} receive queue`, inList(k, sk.head));
    if (sk.tcp !== null) {
      add(`tcp :${sk.port} out-of-order queue`, inList(k, sk.tcp.ofo_head));
      add(`tcp :${sk.port} backlog`, inList(k, sk.backlog_head));
    }
    add(`udp :${sk.port} reader queue`, inList(k, sk.reader_head));
  }
  for (const q of k.frags.queues) add('incomplete datagrams', inList(k, q.head));
  for (const q of k.frags6.queues) add('incomplete datagrams', inList(k, q.head));
  for (const bq of k.bpf.bulks) add(`cpu${bq.cpu} XDP bulk queue`, inList(k, bq.head));
  for (const to of k.bpf.cpu_entries) add(`cpumap to cpu${to.cpu}`, inList(k, to.head));
  for (const xs of k.bpf.xsks) {
    add(`AF_XDP queue ${xs.queue} RX ring`, inList(k, xs.head));
    add(`AF_XDP queue ${xs.queue} TX ring`, inList(k, xs.tx_head));
  }
  for (const task of k.tasks) add(`${task.comm} recvmsg`, framesIn(k, task.skb));
  return rows;
}

function napiName(k: Kernel, dev: number, cpu: number, queue: number): string {
  return dev < 0 ? `cpu${cpu} backlog` : `${k.devs[dev]!.name} rx-${queue}`;
}

function framesIn(k: Kernel, skb: Skb): number {
  return skb < 0 ? 0 : k.skbs.segs[skb]!;
}

function inRing(k: Kernel, slots: Int32Array): number {
  let frames = 0;
  for (const skb of slots) frames += framesIn(k, skb);
  return frames;
}

function inList(k: Kernel, head: Skb): number {
  let packets = 0;
  for (let skb = head; skb >= 0; skb = k.skbs.next[skb]!) packets += k.skbs.segs[skb]!;
  return packets;
}
