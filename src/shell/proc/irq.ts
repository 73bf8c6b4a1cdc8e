/// /proc/irq: where each interrupt may go and where it goes. Interrupts of the platform keep what is
/// written to them and show it again, but move nowhere: nothing here raises them.
/// Stands for kernel/irq/proc.c.
import { fails, type Result } from '../../kernel/errno.ts';
import {
  cpusIn,
  emptyMask,
  maskOf,
  parseList,
  parseMask,
  printList,
  printMask,
} from '../../kernel/cpumask.ts';
import { irq_can_set_affinity_usr, irq_set_affinity } from '../../kernel/irq.ts';
import { DEFAULT_AFFINITY } from '../../kernel/nic_vectors.ts';
import type { Kernel } from '../../kernel/state.ts';
import { dir, file, marked, plain, type DirNode, type Entry, type Node } from '../nodes.ts';
import { platformIrqs, type PlatformIrq } from './platform.ts';

/// One interrupt as its directory shows it.
interface IrqView {
  readonly irq: number;
  readonly affinity: readonly number[]; // mask words
  readonly hint: readonly number[];
  readonly effective: readonly number[];
  readonly node: number;
  readonly spurious: readonly string[];
  readonly name: string; // the handler's directory; '' none
  readonly fixed: boolean;
  set(mask: readonly number[]): Result;
}

function views(k: Kernel): IrqView[] {
  const bits = k.desc.cpus;
  const own = k.irqs.map((irq): IrqView => ({
    irq: irq.irq,
    affinity: irq.affinity,
    hint: irq.affinity_hint,
    effective: irq.effective < 0 ? emptyMask(bits) : maskOf([irq.effective], bits),
    node: irq.node,
    spurious: ['0', '0', '0'],
    name: irq.name,
    fixed: !irq_can_set_affinity_usr(irq),
    set: (mask) => irq_set_affinity(k, irq.irq, [...mask]),
  }));
  const taken = new Set(own.map((view) => view.irq));
  const others = platformIrqs(k).filter((irq) => !taken.has(irq.irq));
  return [...own, ...others.map((irq) => platformView(k, irq))].sort((a, b) => a.irq - b.irq);
}

function platformView(k: Kernel, irq: PlatformIrq): IrqView {
  const path = `/proc/irq/${irq.irq}/smp_affinity`;
  const bits = k.desc.cpus;
  const stored = k.stored[path];
  const affinity = stored === undefined ? irq.affinity : parseMask(stored, bits);
  return {
    irq: irq.irq,
    affinity: typeof affinity === 'string' ? irq.affinity : affinity,
    hint: emptyMask(bits),
    effective: irq.effective < 0 ? emptyMask(bits) : maskOf([irq.effective], bits),
    node: irq.node,
    spurious: irq.spurious,
    name: irq.name,
    fixed: irq.fixed,
    set(mask) {
      k.stored[path] = printMask(mask, bits);
      k.config_version++;
      return { ok: true };
    },
  };
}

/// write_irq_affinity(): the text is read, then at least one CPU of it must be online.
function write(k: Kernel, view: IrqView, text: string, form: 'mask' | 'list'): Result {
  if (view.fixed) return fails('EPERM');
  const bits = k.desc.cpus;
  const mask = form === 'mask' ? parseMask(text, bits) : parseList(text, bits);
  if (typeof mask === 'string') return fails(mask);
  if (!cpusIn(mask).some((cpu) => k.cpus[cpu]?.online)) return fails('EINVAL');
  return view.set(mask);
}

function irqDirectory(k: Kernel, view: IrqView): DirNode {
  const bits = k.desc.cpus;
  const ref = (name: string) => `tunable:proc:${name}@irq${view.irq}`;
  const mode = view.fixed ? 0o444 : 0o644;
  const mask = (words: readonly number[], name: string) => () =>
    marked(printMask(words, bits), ref(name));
  const list = (words: readonly number[], name: string) => () =>
    marked(printList(words), ref(name));
  const [count, unhandled, last] = view.spurious;
  const handler: Record<string, Entry> =
    view.name === '' || view.name.includes('/') ? {} : { [view.name]: dir({}) };
  return dir({
    affinity_hint: file(mask(view.hint, 'affinity_hint')),
    effective_affinity: file(mask(view.effective, 'effective_affinity')),
    effective_affinity_list: file(list(view.effective, 'effective_affinity')),
    node: file(() => view.node),
    smp_affinity: file(mask(view.affinity, 'smp_affinity'), {
      mode,
      write: (text) => write(k, view, text, 'mask'),
    }),
    smp_affinity_list: file(list(view.affinity, 'smp_affinity'), {
      mode,
      write: (text) => write(k, view, text, 'list'),
    }),
    spurious: file(() =>
      plain(`count ${count}\nunhandled ${unhandled}\nlast_unhandled ${last} ms`),
    ),
    ...handler,
  });
}

/// The mask that interrupts get when they are set up: every CPU unless written.
function defaultAffinity(k: Kernel): string {
  const all = maskOf(
    k.cpus.map((cpu) => cpu.id),
    k.desc.cpus,
  );
  return k.stored[DEFAULT_AFFINITY] ?? printMask(all, k.desc.cpus);
}

function writeDefault(k: Kernel, text: string): Result {
  const mask = parseMask(text, k.desc.cpus);
  if (typeof mask === 'string') return fails(mask);
  if (!cpusIn(mask).some((cpu) => k.cpus[cpu]?.online)) return fails('EINVAL');
  k.stored[DEFAULT_AFFINITY] = printMask(mask, k.desc.cpus);
  k.config_version++;
  return { ok: true };
}

export function irq(k: Kernel): Node {
  const entries: Record<string, Entry> = {
    default_smp_affinity: file(
      () => marked(defaultAffinity(k), 'tunable:proc:default_smp_affinity'),
      { mode: 0o644, write: (text) => writeDefault(k, text) },
    ),
  };
  for (const view of views(k)) entries[view.irq] = () => irqDirectory(k, view);
  return dir(entries);
}
