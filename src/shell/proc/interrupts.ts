/// /proc/interrupts: how often each interrupt fired on each CPU. Device rows come from the host (of a
/// server's NVMe disk they stay 0: no disk is read or written here); the rows of the platform (timer, disk) and the architecture's rows stay at their recorded boot value,
/// except RES and CAL, to which the host's own inter-processor interrupts are added.
/// Stands for show_interrupts() and arch_show_interrupts().
import type { Kernel } from '../../kernel/state.ts';
import type { Line } from '../command.ts';
import { right, type Piece } from '../marked.ts';
import { row } from '../nodes.ts';
import { perCpu, platformIrqs, platformOf } from './platform.ts';

interface InterruptRow {
  readonly label: string;
  readonly counts: readonly number[]; // by CPU
  readonly chip: string;
  readonly hwirq: string;
  readonly name: string;
}

/// The interrupts that have a handler, in order of their numbers.
export function interruptRows(k: Kernel): InterruptRow[] {
  const rows: (InterruptRow & { readonly irq: number })[] = [];
  for (const irq of k.irqs) if (irq.name !== '') rows.push({ ...irq, label: String(irq.irq) });
  const taken = new Set(k.irqs.map((irq) => irq.irq));
  for (const irq of platformIrqs(k))
    if (irq.chip !== '' && !taken.has(irq.irq)) rows.push({ ...irq, label: String(irq.irq) });
  return rows.sort((a, b) => a.irq - b.irq);
}

/// Rows that the processors keep themselves (arch/x86/kernel/irq.c), in the kernel's order. ERR and MIS
/// have one number for the whole machine.
const architecture = [
  ['NMI', 'Non-maskable interrupts'],
  ['LOC', 'Local timer interrupts'],
  ['SPU', 'Spurious interrupts'],
  ['PMI', 'Performance monitoring interrupts'],
  ['IWI', 'IRQ work interrupts'],
  ['RTR', 'APIC ICR read retries'],
  ['RES', 'Rescheduling interrupts'],
  ['CAL', 'Function call interrupts'],
  ['TLB', 'TLB shootdowns'],
  ['TRM', 'Thermal event interrupts'],
  ['THR', 'Threshold APIC interrupts'],
  ['DFR', 'Deferred Error APIC interrupts'],
  ['MCE', 'Machine check exceptions'],
  ['MCP', 'Machine check polls'],
  ['ERR', ''],
  ['MIS', ''],
  ['PIN', 'Posted-interrupt notification event'],
  ['NPI', 'Nested posted-interrupt event'],
  ['PIW', 'Posted-interrupt wakeup event'],
] as const;

/// The architecture's rows: the recorded boot value plus what the host itself has done since. Those of Arm cores (IPI0
/// and so on) were not recorded.
export function architectureRows(k: Kernel): InterruptRow[] {
  if (k.desc.arch === 'aarch64') return [];
  const { local } = platformOf(k);
  return architecture.map(([label, name]) => {
    const since = moved(k, label);
    const counts = perCpu(local[label], k.desc.cpus).map((at, cpu) => at + (since[cpu] ?? 0));
    return { label, counts, chip: '', hwirq: '', name };
  });
}

function moved(k: Kernel, label: string): readonly number[] {
  if (label === 'RES') return k.resched_ipis;
  if (label === 'CAL') return k.rps_ipis;
  return [];
}

export function interrupts(k: Kernel): Line[] {
  const cpus = k.cpus.filter((cpu) => cpu.online).map((cpu) => cpu.id);
  const columns = ({ label, counts }: InterruptRow): Piece[] => [
    `${label.padStart(3)}: `,
    ...cpus.flatMap((cpu) => [
      ...right(counts[cpu] ?? 0, 10, `counter:interrupts:${label}@cpu${cpu}`),
      ' ',
    ]),
  ];
  return [
    row(`           ${cpus.map((cpu) => `CPU${String(cpu).padEnd(8)}`).join('')}`),
    ...interruptRows(k).map((irq) => row(...columns(irq), ` ${wiring(irq)}  ${irq.name}`)),
    ...architectureRows(k).map((local) =>
      local.name === ''
        ? row(
            `${local.label}: `,
            ...right(local.counts[0] ?? 0, 10, `counter:interrupts:${local.label}`),
          )
        : row(...columns(local), `  ${local.name}`),
    ),
  ];
}

/// The interrupt chip, the line on it, and how it is triggered.
function wiring({ chip, hwirq }: InterruptRow): string {
  const [line = '', trigger = ''] = hwirq.split('-');
  // x86 names the flow handler; Arm says whether it is the level or the edge that counts.
  const dash = /^[A-Z]/.test(trigger) ? ' ' : '-';
  return `${chip.padStart(8)} ${line.padStart(3)}${dash}${trigger.padEnd(8)}`;
}
