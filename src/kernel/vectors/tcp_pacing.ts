/// Vectors of the pacing rate.
import { pacingRate } from '../tcp/tcp_rtt.ts';
import { differs } from './bare_host.ts';

interface Case {
  readonly cwnd: number;
  readonly ssthresh: number;
  readonly mss: number;
  readonly srtt_us8: number;
  readonly packets_out: number;
  readonly ss_ratio: number;
  readonly ca_ratio: number;
  readonly max_pacing_rate: string;
  readonly pacing_rate: string;
}

export function run(given: unknown): string | null {
  const { srtt_us8, max_pacing_rate, pacing_rate, ...pace } = given as Case;
  const rate = pacingRate({ ...pace, srtt_us: srtt_us8, max: BigInt(max_pacing_rate) });
  return differs('rate', rate.toString(), pacing_rate);
}
