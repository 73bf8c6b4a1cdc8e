/// Vectors of a generic receive queue: __sock_queue_rcv_skb().
import { boot } from '../boot.ts';
import { __sock_queue_rcv_skb, createSock } from '../sock.ts';
import { bareHost, differs } from './bare_host.ts';

interface Case {
  readonly sk_rcvbuf: number;
  readonly ops: readonly (readonly [string, ...number[]])[];
}

export function run(given: unknown): string | null {
  const test = given as Case;
  const sk = createSock(boot(bareHost(1, 250), 1), 0, 1, test.sk_rcvbuf);
  const queue: number[] = [];
  for (const [i, [kind, ...row]] of test.ops.entries()) {
    let ours: number[];
    if (kind === 'rx') {
      const truesize = row[0]!;
      const queued = __sock_queue_rcv_skb(sk, truesize);
      if (queued) queue.push(truesize);
      ours = [truesize, queued ? 1 : 0, sk.rmem_alloc, sk.drops];
    } else {
      const truesize = queue.shift() ?? 0;
      sk.rmem_alloc -= truesize;
      ours = [truesize, sk.rmem_alloc];
    }
    const wrong = differs(`${kind} ${i}`, ours, row);
    if (wrong) return wrong;
  }
  return null;
}
