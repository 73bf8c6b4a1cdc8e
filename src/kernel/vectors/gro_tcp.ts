/// Vectors of GRO for TCP over IPv4 and IPv6.
import { addFlow } from '../flows.ts';
import {
  FLAG_BAD_CSUM,
  FLAG_DF,
  FLAG_FRAG,
  FLAG_IPID,
  FLAG_MF,
  FLAG_RXHASH,
  FLAG_TCP,
  FLAG_TSTAMP,
  takeSkb,
} from '../skb.ts';
import type { Skb } from '../state.ts';
import { groHost, gsoOf, layOut, runOps, type GroCase, type GroHost } from './gro_host.ts';

const LETTERS = 'FSRPAUEC';

type Op = readonly [
  kind: 'rx',
  flow: number,
  rx_hash: number,
  seq: number,
  payload: number,
  ack: number,
  window: number,
  flags: string,
  ttl: number,
  tos: number,
  ipid: number,
  df: number,
  tsval: number | null,
  layout: string,
  more_fragments: number,
  bad_checksum: number,
];

export function run(given: unknown): string | null {
  const test = given as GroCase;
  const host = groHost(test);
  const flows: Record<string, number> = {};
  const { k } = host;
  return runOps(
    host,
    test,
    (op) => segment(host, flows, test.ip_version === 6, op as unknown as Op),
    (skb) => ({
      flow: k.flows.sport[k.skbs.flow[skb]!]! - 10000,
      seq: k.skbs.seq[skb]! >>> 0,
      payload: k.skbs.payload[skb]!,
      flags: [...LETTERS].filter((_, bit) => k.skbs.tcp_flags[skb]! & (1 << bit)).join(''),
      segs: k.skbs.segs[skb]!,
      ...gsoOf(k, skb),
    }),
  );
}

function segment(host: GroHost, flows: Record<string, number>, six: boolean, op: Op): Skb {
  const { k } = host;
  const [, flow, rx_hash, seq, payload, ack, window, letters, ttl, tos, ipid, df, tsval] = op;
  const [layout, more_fragments, bad_checksum] = op.slice(13);
  const pool = k.skbs;
  const skb = takeSkb(pool);
  const headers = 14 + (six ? 40 : 20) + (tsval === null ? 20 : 32);
  pool.flow[skb] = flows[`${flow} ${ttl} ${tos}`] ??= addFlow(k, {
    dev: 1,
    saddr: six ? 'fd00::1' : '10.0.0.1',
    daddr: six ? 'fd00::2' : '10.0.0.2',
    sport: 10000 + flow,
    dport: 80,
    proto: 6,
    ttl,
    tos,
  });
  pool.flags[skb] =
    FLAG_TCP |
    FLAG_IPID |
    FLAG_RXHASH |
    (df && !six ? FLAG_DF : 0) |
    (tsval === null ? 0 : FLAG_TSTAMP) |
    (more_fragments ? FLAG_FRAG | FLAG_MF : 0) |
    (bad_checksum ? FLAG_BAD_CSUM : 0);
  pool.len[skb] = headers + payload;
  pool.dev[skb] = 1;
  pool.hash[skb] = rx_hash;
  pool.seq[skb] = seq;
  pool.ack_seq[skb] = ack;
  pool.window[skb] = window;
  pool.payload[skb] = payload;
  pool.ipid[skb] = ipid;
  pool.frag_off[skb] = 0;
  pool.tsval[skb] = tsval ?? 0;
  pool.tsecr[skb] = 0;
  pool.tcp_flags[skb] = [...letters].reduce((sum, each) => sum | (1 << LETTERS.indexOf(each)), 0);
  layOut(k, skb, headers, payload, layout);
  return skb;
}
