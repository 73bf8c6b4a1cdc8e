/// Vectors of a generic receive queue, that of a raw socket: __sock_queue_rcv_skb().
import { boot } from '../boot.ts';
import { addFlow } from '../flows.ts';
import { openRaw, raw_rcv, raw_recvmsg } from '../raw.ts';
import { releaseSkb, takeSkb } from '../skb.ts';
import { bareHost, differs } from './bare_host.ts';

interface Case {
  readonly sk_rcvbuf: number;
  readonly ops: readonly (readonly [string, ...number[]])[];
}

export function run(given: unknown): string | null {
  const test = given as Case;
  const k = boot(bareHost(1, 250), 1);
  const flow = addFlow(k, { dev: 0, saddr: '10.0.0.1', daddr: '10.0.0.2', sport: 0, dport: 0 });
  const sk = k.socks[openRaw(k, 0, 17, 0)]!;
  sk.rcvbuf = test.sk_rcvbuf;
  for (const [i, [kind, ...row]] of test.ops.entries()) {
    let ours: number[];
    const before = sk.rmem_alloc;
    if (kind === 'rx') {
      const skb = takeSkb(k.skbs);
      k.skbs.flow[skb] = flow;
      k.skbs.truesize[skb] = row[0]!;
      raw_rcv(k, k.cpus[0]!, sk, skb);
      releaseSkb(k.skbs, skb);
      ours = [row[0]!, sk.rmem_alloc > before ? 1 : 0, sk.rmem_alloc, sk.drops];
    } else {
      raw_recvmsg(sk);
      ours = [before - sk.rmem_alloc, sk.rmem_alloc];
    }
    const wrong = differs(`${kind} ${i}`, ours, row);
    if (wrong) return wrong;
  }
  return null;
}
