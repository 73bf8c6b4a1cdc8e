/// Vectors of the SYN queue: what a listener does with SYNs that are never answered.
import { boot } from '../boot.ts';
import { writeSysctl } from '../sysctl.ts';
import { openListener } from '../tcp/listener.ts';
import { TCPHDR_SYN } from '../tcp/tcp_states.ts';
import { bareHost, differs } from './bare_host.ts';
import { addConnection, receiveSegment } from './tcp_segment.ts';

interface Case {
  readonly listen_backlog: number;
  readonly sk_max_ack_backlog: number;
  readonly tcp_syncookies: number;
  readonly tcp_max_syn_backlog: number;
  readonly syns: readonly {
    readonly request_queue_len: number;
    readonly listen_drops: number;
    readonly reqq_full_do_cookies: number;
    readonly reqq_full_drop: number;
    readonly syncookies_sent: number;
  }[];
}

const PORT = 20000;

export function run(given: unknown): string | null {
  const test = given as Case;
  const k = boot(bareHost(1, 250), 1);
  writeSysctl(k, 'net.ipv4.tcp_syncookies', String(test.tcp_syncookies));
  writeSysctl(k, 'net.ipv4.tcp_max_syn_backlog', String(test.tcp_max_syn_backlog));
  const index = openListener(k, 0, PORT, test.listen_backlog, {});
  if (typeof index === 'string') return index;
  const queue = k.socks[index]!.listen!;
  const limit = differs('sk_max_ack_backlog', queue.max_ack_backlog, test.sk_max_ack_backlog);
  if (limit) return limit;
  for (const [i, wanted] of test.syns.entries()) {
    const flow = addConnection(k, `10.1.0.${i + 1}`, 1024 + i, PORT);
    receiveSegment(k, flow, TCPHDR_SYN, 1000 * i, 0);
    const count = (name: string): number => k.mib[`TcpExt${name}`] ?? 0;
    const ours = {
      request_queue_len: queue.qlen,
      listen_drops: count('ListenDrops'),
      reqq_full_do_cookies: count('TCPReqQFullDoCookies'),
      reqq_full_drop: count('TCPReqQFullDrop'),
      syncookies_sent: count('SyncookiesSent'),
    };
    const wrong = differs(`SYN ${i}`, ours, wanted);
    if (wrong) return wrong;
  }
  return null;
}
