/// Vectors of GRO for UDP, with rx-udp-gro-forwarding except where the scenario says it is off.
import { addFlow } from '../flows.ts';
import { FLAG_DF, FLAG_IPID, FLAG_NO_CSUM, FLAG_RXHASH, takeSkb } from '../skb.ts';
import type { Skb } from '../state.ts';
import { udpPayload } from '../gro_merge.ts';
import { groHost, gsoOf, layOut, runOps, type GroCase, type GroHost } from './gro_host.ts';

type Op = readonly [
  kind: 'rx',
  flow: number,
  rx_hash: number,
  payload: number,
  has_checksum: number,
  ttl: number,
  tos: number,
  ipid: number,
  df: number,
  layout: string,
];

export function run(given: unknown): string | null {
  const test = given as GroCase & { readonly scenario: string };
  const host = groHost(test);
  const { k } = host;
  host.dev.features['rx-udp-gro-forwarding'] = test.scenario !== 'feature_off_no_socket';
  const flows: Record<string, number> = {};
  return runOps(
    host,
    test,
    (op) => datagram(host, flows, test.ip_version === 6, op as unknown as Op),
    (skb) => ({
      flow: k.flows.sport[k.skbs.flow[skb]!]! - 10000,
      payload: udpPayload(k, skb),
      udp_len: udpPayload(k, skb) + 8,
      segs: k.skbs.segs[skb]!,
      ...gsoOf(k, skb),
    }),
  );
}

function datagram(host: GroHost, flows: Record<string, number>, six: boolean, op: Op): Skb {
  const { k } = host;
  const [, flow, rx_hash, payload, has_checksum, ttl, tos, ipid, df, layout] = op;
  const pool = k.skbs;
  const skb = takeSkb(pool);
  const headers = 14 + (six ? 40 : 20) + 8;
  pool.flow[skb] = flows[`${flow} ${ttl} ${tos}`] ??= addFlow(k, {
    dev: 1,
    saddr: six ? 'fd00::1' : '10.0.0.1',
    daddr: six ? 'fd00::2' : '10.0.0.2',
    sport: 10000 + flow,
    dport: 9000,
    ttl,
    tos,
  });
  pool.flags[skb] =
    FLAG_IPID | FLAG_RXHASH | (df && !six ? FLAG_DF : 0) | (has_checksum ? 0 : FLAG_NO_CSUM);
  pool.len[skb] = headers + payload;
  pool.dev[skb] = 1;
  pool.hash[skb] = rx_hash;
  pool.ipid[skb] = ipid;
  layOut(k, skb, headers, payload, layout);
  return skb;
}
