/// Vectors of receive buffer autotuning: data arrives, the application reads, windows are chosen.
import { FLAG_GSO, FLAG_TCP, FLAG_TSTAMP, takeSkb } from '../skb.ts';
import type { Kernel, Skb } from '../state.ts';
import {
  tcp_grow_window,
  tcp_init_buffer_space,
  tcp_initialize_rcv_mss,
  tcp_measure_rcv_mss,
  tcp_mstamp_refresh,
  tcp_rcv_rtt_measure,
  tcp_rcv_space_adjust,
} from '../tcp/tcp_rcvbuf.ts';
import { __tcp_select_window } from '../tcp/tcp_window.ts';
import { SOCK_RCVBUF_LOCK } from '../sock_mem.ts';
import { differs } from './bare_host.ts';
import { connection, type Connection } from './tcp_socket.ts';

interface Case {
  readonly tcp_rmem: readonly number[];
  readonly rcvbuf_locked: number;
  readonly advmss: number;
  readonly timestamps: number;
  readonly initial_rcv_wnd: number;
  readonly rcv_wscale: number;
  readonly start: Readonly<Record<StateName, number>>;
  readonly start_time_us: number;
  readonly events: readonly (readonly [string, ...number[]])[];
}

type StateName = (typeof NAMES)[number];

const NAMES = [
  'rcvbuf',
  'window_clamp',
  'rcv_ssthresh',
  'space',
  'rtt_us8',
  'scaling_ratio',
  'rcv_mss',
] as const;

export function run(given: unknown): string | null {
  const test = given as Case;
  const made = begin(test);
  const bad = differs(
    'start',
    state(made),
    NAMES.map((name) => test.start[name]),
  );
  if (bad !== null) return bad;
  const skb = takeSkb(made.k.skbs);
  for (const [i, [kind, ...row]] of test.events.entries()) {
    const used = happen(made, test, skb, kind, row);
    const wrong = differs(
      `event ${i} (${kind})`,
      [...used.shown, ...(used.known ? state(made) : [])],
      row.slice(used.given),
    );
    if (wrong !== null) return wrong;
  }
  return null;
}

function begin(test: Case): Connection {
  const made = connection();
  const { k, sk, tp } = made;
  k.hot.tcp.rmem = [...test.tcp_rmem];
  sk.rcvbuf = test.start.rcvbuf;
  if (test.rcvbuf_locked) sk.userlocks |= SOCK_RCVBUF_LOCK;
  tp.advmss = test.advmss;
  tp.mss_cache = test.advmss;
  tp.rcv_wscale = test.rcv_wscale;
  tp.tcp_header_len = test.timestamps ? 32 : 20;
  tp.rcv_wnd = test.initial_rcv_wnd;
  tp.rcv_ssthresh = test.initial_rcv_wnd;
  tp.window_clamp = 65535 * 2 ** test.rcv_wscale;
  k.now = test.start_time_us * 1000;
  tcp_init_buffer_space(k, sk, tp);
  tcp_initialize_rcv_mss(tp);
  return made;
}

function state({ sk, tp }: Connection): number[] {
  const { window_clamp, rcv_ssthresh, scaling_ratio } = tp;
  const { rtt_us } = tp.rcv_rtt_est;
  const { space } = tp.rcvq_space;
  return [sk.rcvbuf, window_clamp, rcv_ssthresh, space, rtt_us, scaling_ratio, tp.icsk_ack.rcv_mss];
}

interface Happened {
  readonly given: number; // how many numbers of the row say what happens
  readonly shown: readonly number[]; // the next ones, as ours are
  readonly known: boolean; // the rest is the state
}

function happen(
  made: Connection,
  test: Case,
  skb: Skb,
  kind: string,
  row: readonly number[],
): Happened {
  const { k, sk, tp } = made;
  switch (kind) {
    case 'data':
      arrive(made, test, skb, row);
      return { given: 4, shown: [], known: true };
    case 'read':
      k.now = row[0]! * 1000;
      tp.copied_seq += row[1]!;
      sk.rmem_alloc = row[2]!;
      tcp_rcv_space_adjust(k, sk, tp);
      return { given: 3, shown: [], known: true };
    case 'select_window':
      tp.rcv_wnd = __tcp_select_window(k, sk, tp);
      tp.rcv_wup = tp.rcv_nxt;
      return { given: 0, shown: [sk.rmem_alloc, tp.rcv_wnd], known: true };
    default:
      tp.copied_seq = tp.rcv_nxt;
      sk.rmem_alloc = 0;
      return { given: 0, shown: [], known: false };
  }
}

function arrive({ k, sk, tp }: Connection, test: Case, skb: Skb, row: readonly number[]): void {
  const [t_us, len, truesize, gso_size] = row;
  k.now = t_us! * 1000;
  describe(k, test, skb, len!, truesize!, gso_size!);
  tcp_mstamp_refresh(k, tp);
  tcp_measure_rcv_mss(k, sk, tp, skb);
  tcp_rcv_rtt_measure(tp);
  tp.rcv_nxt += len!;
  sk.rmem_alloc += truesize!;
  if (len! >= 128) tcp_grow_window(k, sk, tp, skb, true);
}

function describe(
  k: Kernel,
  test: Case,
  skb: Skb,
  len: number,
  truesize: number,
  gso_size: number,
): void {
  const pool = k.skbs;
  const merged = gso_size > 0 ? FLAG_GSO : 0;
  pool.flags[skb] = FLAG_TCP | (test.timestamps ? FLAG_TSTAMP : 0) | merged;
  pool.tcp_flags[skb] = 16;
  pool.payload[skb] = len;
  pool.truesize[skb] = truesize;
  pool.gso_size[skb] = gso_size;
  pool.data_len[skb] = 0; // its data is in the head
}
