/// /proc/net/softnet_stat: a row for each CPU that is online, fifteen hexadecimal columns.
/// Stands for softnet_seq_show() in net/core/net-procfs.c.
import type { Cpu, Kernel } from '../../kernel/state.ts';
import type { Line } from '../command.ts';
import { value, type Piece } from '../marked.ts';
import { row } from '../nodes.ts';

/// The columns in order; '' for those that the kernel fills with zero since their counter is gone.
export const softnetColumns = [
  'processed',
  'dropped',
  'time_squeeze',
  '',
  '',
  '',
  '',
  '',
  '',
  'received_rps',
  'flow_limit_count',
  'backlog_len',
  'cpu',
  'input_qlen',
  'process_qlen',
] as const;

function column(cpu: Cpu, name: (typeof softnetColumns)[number]): number {
  switch (name) {
    case '':
      return 0;
    case 'backlog_len':
      return cpu.input_qlen + cpu.process_qlen;
    case 'cpu':
      return cpu.id;
    default:
      return cpu[name];
  }
}

/// The numbers of one CPU's row.
export function softnetRow(cpu: Cpu): number[] {
  return softnetColumns.map((name) => column(cpu, name));
}

export function softnetStat(k: Kernel): Line[] {
  return k.cpus
    .filter((cpu) => cpu.online)
    .map((cpu) =>
      row(
        ...softnetRow(cpu).flatMap((number, index): Piece[] => {
          // Counters wrap at 32 bits, as struct softnet_data has unsigned ints.
          const hex = (number >>> 0).toString(16).padStart(8, '0');
          const name = softnetColumns[index];
          const piece = name ? value(hex, `counter:softnet_stat:${name}@cpu${cpu.id}`) : hex;
          return index === 0 ? [piece] : [' ', piece];
        }),
      ),
    );
}
