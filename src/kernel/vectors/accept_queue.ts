/// Vectors of the accept queue: clients connect to a listener that never accepts. The client is what a
/// connecting socket is in those 20 ms: it sends a SYN, answers a SYN-ACK with an ACK, and gives up on a
/// reset. It was on the same host, over loopback; here it is on the wire of a NIC, which to the listener is
/// the same.
import { hosts } from '../../hardware/hosts.ts';
import { boot } from '../boot.ts';
import type { Kernel, OutgoingTcp } from '../state.ts';
import { writeSysctl } from '../sysctl.ts';
import { inet_csk_accept, openListener } from '../tcp/listener.ts';
import { TCPHDR_ACK, TCPHDR_RST, TCPHDR_SYN } from '../tcp/tcp_states.ts';
import { differs } from './bare_host.ts';
import { addConnection, receiveSegment } from './tcp_segment.ts';

interface Case {
  readonly listen_backlog: number;
  readonly somaxconn: number;
  readonly sk_max_ack_backlog: number;
  readonly tcp_abort_on_overflow: number;
  readonly tcp_syncookies: number;
  readonly clients: readonly Record<string, string | number>[];
  readonly accepted_after: number;
}

const PORT = 20000;
const NIC = 1;
const ECONNREFUSED = 111;
const ECONNRESET = 104;

export function run(given: unknown): string | null {
  const test = given as Case;
  const k = boot(hosts['igb']!, 1);
  writeSysctl(k, 'net.core.somaxconn', String(test.somaxconn));
  writeSysctl(k, 'net.ipv4.tcp_syncookies', String(test.tcp_syncookies));
  writeSysctl(k, 'net.ipv4.tcp_abort_on_overflow', String(test.tcp_abort_on_overflow));
  const index = openListener(k, 0, PORT, test.listen_backlog, {});
  if (typeof index === 'string') return index;
  const sk = k.socks[index]!;
  const queue = sk.listen!;
  const limit = differs('sk_max_ack_backlog', queue.max_ack_backlog, test.sk_max_ack_backlog);
  if (limit) return limit;
  for (const [i, wanted] of test.clients.entries()) {
    const client = connect(k, i);
    k.now += 20_000_000;
    const ours = {
      client: i,
      state: client.state,
      accept_queue_len: queue.accept_queue.length,
      request_queue_len: queue.qlen,
      listen_overflows: k.mib.TcpExtListenOverflows ?? 0,
      listen_drops: k.mib.TcpExtListenDrops ?? 0,
      client_err: client.err,
    };
    const wrong = differs(`client ${i}`, ours, wanted);
    if (wrong) return wrong;
  }
  let accepted = 0;
  while (inet_csk_accept(k, sk) >= 0) accepted++;
  return differs('accepted', accepted, test.accepted_after);
}

function connect(k: Kernel, i: number): { readonly state: string; readonly err: number } {
  const { address, peer } = k.desc.nics[0]!;
  const to = { dev: NIC, daddr: address.split('/')[0]! };
  const flow = addConnection(k, peer, 40000 + i, PORT, to);
  const isn = 1000 * i;
  receiveSegment(k, flow, TCPHDR_SYN, isn, 0);
  const answer = takeAnswer(k);
  if (!answer) return { state: 'SYN_SENT', err: 0 };
  if (answer.flags & TCPHDR_RST) return { state: 'CLOSE', err: ECONNREFUSED };
  receiveSegment(k, flow, TCPHDR_ACK, isn + 1, answer.seq + 1);
  const last = takeAnswer(k);
  if (last && last.flags & TCPHDR_RST) return { state: 'CLOSE', err: ECONNRESET };
  return { state: 'ESTABLISHED', err: 0 };
}

/// What the host has just sent.
function takeAnswer(k: Kernel): OutgoingTcp | null {
  return k.devs[NIC]!.outgoing.splice(0).at(-1)?.tcp ?? null;
}
