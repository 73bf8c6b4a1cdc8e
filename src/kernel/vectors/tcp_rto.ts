/// Vectors of the round-trip estimator and the timeout.
import { usecs_to_jiffies } from '../jiffies.ts';
import { tcp_rtt_estimator, tcp_set_rto } from '../tcp/tcp_rtt.ts';
import { differs } from './bare_host.ts';
import { connection } from './tcp_socket.ts';

interface Case {
  readonly hz: number;
  readonly rto_min_us: number;
  readonly initial_rto_jiffies: number;
  readonly samples: readonly (readonly [string, ...number[]])[];
}

export function run(given: unknown): string | null {
  const test = given as Case;
  const { k, tp } = connection(test.hz);
  const first = differs('first timeout', tp.icsk_rto, test.initial_rto_jiffies);
  if (first !== null) return first;
  tp.icsk_rto_min = usecs_to_jiffies(k, test.rto_min_us);
  for (const [i, [, ...row]] of test.samples.entries()) {
    const [rtt_us, snd_una, snd_nxt, ...theirs] = row;
    tp.snd_una = snd_una!;
    tp.snd_nxt = snd_nxt!;
    tcp_rtt_estimator(k, tp, rtt_us!);
    tcp_set_rto(k, tp);
    const { srtt_us, mdev_us, mdev_max_us, rttvar_us, rtt_seq, icsk_rto } = tp;
    const ms = Math.floor((icsk_rto * 1000) / test.hz);
    const ours = [srtt_us, mdev_us, mdev_max_us, rttvar_us, rtt_seq, icsk_rto, ms];
    const bad = differs(`sample ${i}`, ours, theirs);
    if (bad !== null) return bad;
  }
  return null;
}
