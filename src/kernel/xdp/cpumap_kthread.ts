/// The thread at the end of a cpumap's ring: it makes skbs of the frames and takes them up the stack.
/// Stands for cpu_map_kthread_run() in kernel/bpf/cpumap.c. In 6.12 that does no GRO: each frame is a packet of its own.
/// Left out: frames taken eight at a time (here one follows the other), RPS behind the thread.
import { COSTS } from '../costs.ts';
import { beginPiece } from '../piece.ts';
import { __netif_receive_skb_core, receiveNs } from '../receive.ts';
import { builtHead, FLAG_REDIRECTED, FLAG_VLAN, setHead } from '../skb.ts';
import type { Cpu, Kernel, Skb, Task } from '../state.ts';
import { STEP, takeStep } from '../tracing.ts';
import type { CpuMapEntry } from './types.ts';

const XDP_PACKET_HEADROOM = 256;
const PAGE = builtHead(4096);

function entryOf(k: Kernel, task: Task): CpuMapEntry {
  for (const entry of k.bpf.cpu_entries) if (k.tasks[entry.task] === task) return entry;
  throw new Error(`${task.comm} has no ring`);
}

/// The thread at work: takes the next frame of its ring. False when there is none and it sleeps.
/// kernel/bpf/cpumap.c:cpu_map_kthread_run()
export function cpu_map_kthread_run(k: Kernel, c: Cpu, task: Task): boolean {
  const entry = entryOf(k, task);
  const skb = entry.head;
  if (skb < 0) {
    if (entry.stopped) task.exited = true;
    return false;
  }
  entry.head = k.skbs.next[skb]!;
  if (entry.head < 0) entry.tail = -1;
  entry.count--;
  task.skb = skb;
  task.phase = 1; // no preemption between local_bh_disable() and local_bh_enable()
  beginPiece(k, c, buildNs(k, skb) + receiveNs(k, skb), 'kthread', STEP.BUILD);
  return true;
}

/// What generic XDP has put into the ring is an skb already.
function buildNs(k: Kernel, skb: Skb): number {
  return k.skbs.flags[skb]! & FLAG_REDIRECTED ? 0 : COSTS.cpumap_build_skb.ns;
}

/// A frame's piece has ended: it is an skb, and goes up the stack.
export function finishCpumap(k: Kernel, c: Cpu, task: Task): void {
  const skb = task.skb;
  task.skb = -1;
  task.phase = 0;
  if (skb < 0) return;
  // The piece may have been suspended: its steps are taken to have ended just now.
  const build = buildNs(k, skb);
  c.cursor_ns = k.now - build - receiveNs(k, skb);
  if (build > 0) {
    takeStep(k, c, STEP.BUILD, skb, build);
    loseTag(k, skb);
    setHead(k.skbs, skb, PAGE.room, XDP_PACKET_HEADROOM + k.skbs.len[skb]!, 0, 0);
  }
  __netif_receive_skb_core(k, c, skb);
}

/// A tag that the NIC took off is in the descriptor, which stayed behind: the packet goes on without it.
function loseTag(k: Kernel, skb: Skb): void {
  const { flags, dev } = k.skbs;
  if (flags[skb]! & FLAG_VLAN && k.devs[dev[skb]!]!.features['rx-vlan-offload'] === true)
    flags[skb] = flags[skb]! & ~FLAG_VLAN;
}
