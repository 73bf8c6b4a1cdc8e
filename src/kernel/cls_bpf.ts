/// The bpf filter of tc: a program decides about a packet, can read what an XDP program left before it, and can set
/// skb->mark. So a mark gets from XDP to netfilter and to the rules of routing.
/// Stands for cls_bpf_classify() and cls_bpf_delete() in net/sched/cls_bpf.c, with direct action (`da`).
/// Left out: programs whose answer is a class or whose filter has actions, classic BPF, tcx, offload.
import { COSTS } from './costs.ts';
import type { Cpu, Kernel, Skb } from './state.ts';
import { TC_ACT, type TcFilter } from './tc/types.ts';
import { progPut } from './xdp/load.ts';
import { runRules } from './xdp/rules.ts';

/// What the program says of the packet: TC_ACT_*; UNSPEC: the next filter is asked. cls_bpf_exec_opcode()
export function cls_bpf_classify(k: Kernel, c: Cpu, prog: number, skb: Skb): number {
  const loaded = k.bpf.progs[prog]!;
  c.cursor_ns += COSTS.bpf_prog_run_xdp.ns;
  const began = c.cursor_ns - COSTS.bpf_prog_run_xdp.ns;
  const verdict = runRules(k, c, loaded, skb, 'skb');
  if (k.hot.bpf_stats_enabled !== 0) {
    loaded.run_cnt++;
    loaded.run_time_ns += c.cursor_ns - began;
    c.cursor_ns += COSTS.bpf_stats.ns;
  }
  return verdict === TC_ACT.OK || verdict === TC_ACT.SHOT || verdict === TC_ACT.STOLEN
    ? verdict
    : TC_ACT.UNSPEC;
}

/// The filter goes, and with it its reference to the program.
export function cls_bpf_delete(k: Kernel, { match }: TcFilter): void {
  if (match.kind === 'bpf') progPut(k, match.prog);
}
