/// Vectors of a UDP socket's receive memory: __udp_enqueue_schedule_skb() and __skb_recv_udp().
import { boot } from '../boot.ts';
import { releaseSkb, takeSkb } from '../skb.ts';
import { createSock } from '../sock.ts';
import type { Kernel, Sock } from '../state.ts';
import { __skb_recv_udp, __udp_enqueue_schedule_skb } from '../udp.ts';
import { bareHost, differs } from './bare_host.ts';

interface Case {
  readonly sk_rcvbuf: number;
  readonly ops: readonly (readonly [string, ...(number | null)[]])[];
}

const DEFAULT_THRESHOLD = 212992 >> 2; // set when the socket was made, before its buffer was changed

export function run(given: unknown): string | null {
  const test = given as Case;
  const k = boot(bareHost(1, 250), 1);
  const sk = createSock(k, 0, 1, test.sk_rcvbuf);
  sk.forward_threshold = DEFAULT_THRESHOLD;
  for (const [i, [kind, ...row]] of test.ops.entries()) {
    const ours = kind === 'rx' ? receive(k, sk, row as number[]) : read(k, sk);
    const wrong = differs(`${kind} ${i}`, ours, row);
    if (wrong) return wrong;
  }
  return null;
}

function receive(k: Kernel, sk: Sock, row: readonly number[]): number[] {
  const [len, linear, room, fragment, truesize] = row as [number, number, number, number, number];
  const skb = takeSkb(k.skbs);
  k.skbs.len[skb] = len;
  k.skbs.end[skb] = room;
  k.skbs.room[skb] = room - linear;
  k.skbs.data_len[skb] = fragment;
  k.skbs.truesize[skb] = truesize;
  const queued = __udp_enqueue_schedule_skb(k, k.cpus[0]!, sk, skb) === 0;
  const charged = queued ? k.skbs.truesize[skb] : 0;
  if (!queued) releaseSkb(k.skbs, skb);
  return [len, linear, room, fragment, truesize, queued ? 1 : 0, charged, sk.rmem_alloc, sk.drops];
}

function read(k: Kernel, sk: Sock): (number | null)[] {
  const skb = __skb_recv_udp(k, sk);
  if (skb < 0) return [null, null, null, null, null, null];
  const len = k.skbs.len[skb]!;
  releaseSkb(k.skbs, skb);
  return [len, sk.rmem_alloc, sk.forward_deficit, sk.forward_threshold, sk.reader_qlen, sk.qlen];
}
