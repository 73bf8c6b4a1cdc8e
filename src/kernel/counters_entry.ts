/// What the registry of counters knows of a counter, and how the tables write it.
import type { StepId } from './steps.ts';

export interface Counter {
  readonly id: string; // softnet_stat:time_squeeze, link:rx_missed_errors, ethtool:igb:rx_queue_N_drops, UdpRcvbufErrors
  readonly shown: string; // file and column, or command
  readonly meaning: string;
  readonly unit: string;
  readonly step: StepId | ''; // '': no step of the path
  readonly moved_by: string; // '' when nothing in this model does
  readonly also_in: string;
  readonly if_it_grows: string;
  readonly source: string; // kernel file:function
}

/// Most tables leave out what follows from the group.
export type CounterRow = Pick<Counter, 'id' | 'meaning' | 'step'> & Partial<Counter>;

/// Fills what a table left out.
export function complete(
  row: CounterRow,
  group: Pick<Counter, 'shown' | 'unit' | 'source'>,
): Counter {
  return { moved_by: '', also_in: '', if_it_grows: '', ...group, ...row };
}
