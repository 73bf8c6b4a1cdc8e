/// Vectors of TCP connection tracking: which kind of segment flags make, and what each makes of a state.
import {
  TCP_CONNTRACK,
  get_conntrack_index,
  tcpConntracks,
} from '../netfilter/conntrack/tcp_states.ts';
import { differs } from './bare_host.ts';

interface Case {
  readonly dir?: 'original' | 'reply';
  readonly flagset?: string;
  readonly next_state?: Readonly<Record<string, string>>;
  readonly tcp_flags_byte?: string;
}

const SETS = ['syn', 'synack', 'fin', 'ack', 'rst', 'none'];

export function run(given: unknown): string | null {
  const test = given as Case;
  if (test.next_state === undefined)
    return differs(
      'flag set',
      SETS[get_conntrack_index(Number(test.tcp_flags_byte))],
      test.flagset,
    );
  const names = Object.keys(TCP_CONNTRACK);
  const dir = test.dir === 'reply' ? 1 : 0;
  const index = SETS.indexOf(test.flagset ?? '');
  const ours = Object.keys(test.next_state).map((name) => [
    name,
    names[tcpConntracks(dir, index, names.indexOf(name))],
  ]);
  return differs('next state', Object.fromEntries(ours), test.next_state);
}
