/// Servers, connections and hand-made segments for the tests of TCP.
import { spawn } from '../../src/kernel/apps.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { startClients } from '../../src/kernel/remote/remote_start.ts';
import { advance, stepEvent } from '../../src/kernel/run.ts';
import { FLAG_DF, FLAG_IPID, FLAG_TCP, FLAG_TSTAMP, takeSkb } from '../../src/kernel/skb.ts';
import type { Kernel, Sock, TcpSock } from '../../src/kernel/state.ts';
import { tcp_v4_rcv } from '../../src/kernel/tcp/tcp_ipv4.ts';
import { tcp_v6_rcv } from '../../src/kernel/tcp/tcp_ipv6.ts';
import { eth0, ETH0, host, ms, type HostOptions } from './hosts.ts';

export interface ServerOptions {
  readonly reads?: boolean; // true
  readonly service_ns?: number;
  readonly rcvbuf?: number; // SO_RCVBUF
  readonly rcvlowat?: number;
  readonly cpu?: number;
  readonly backlog?: number;
  readonly address?: string; // 0.0.0.0
  readonly v6only?: boolean;
}

/// A server on TCP port 5201 with a reader for each connection; its listener is the last socket.
export function serve(k: Kernel, options: ServerOptions = {}): Sock {
  const made = spawn(k, {
    comm: 'server',
    uid: 1000,
    cpu: options.cpu ?? -1,
    proto: 'tcp',
    port: 5201,
    reads: true,
    service_ns: options.service_ns ?? 0,
    backlog: options.backlog ?? 4096,
    rcvbuf: options.rcvbuf ?? 0,
    ...(options.address !== undefined && { address: options.address }),
    ...(options.v6only !== undefined && { v6only: options.v6only }),
  });
  if (typeof made === 'string') throw new Error(made);
  const sk = k.socks.at(-1)!;
  sk.accept!.read = options.reads ?? true;
  sk.rcvlowat = options.rcvlowat ?? 1;
  return sk;
}

export interface Connected {
  readonly k: Kernel;
  readonly sk: Sock;
  readonly tp: TcpSock;
}

/// A host with one connection that nobody reads and over which nothing was sent.
export function connected(options: ServerOptions = {}, hostOptions: HostOptions = {}): Connected {
  const k = host({ apps: [], ...hostOptions });
  serve(k, { reads: false, ...options });
  return shakeHands(k, false);
}

/// The same over IPv6.
export function connected6(options: ServerOptions = {}): Connected {
  const k = host({ apps: [] });
  serve(k, { reads: false, address: '::', ...options });
  return shakeHands(k, true);
}

function shakeHands(k: Kernel, v6: boolean): Connected {
  startClients(k, { dev: ETH0, rate: 1, limit: 1, v6 });
  advance(k, 10 * ms);
  const sk = k.socks.at(-1)!;
  if (!sk.tcp) throw new Error('no connection');
  return { k, sk, tp: sk.tcp };
}

export interface Segment {
  readonly at?: number; // bytes behind rcv_nxt; may be negative
  readonly len?: number;
  readonly flags?: number; // ACK
  readonly tsval?: number; // one millisecond after ts_recent
  readonly ack?: number; // relative to snd_una
  readonly truesize?: number;
}

/// Hands a segment to TCP as if IP had received it, in a head of its own with no room to spare.
export function segment({ k, sk, tp }: Connected, given: Segment): void {
  const pool = k.skbs;
  const skb = takeSkb(pool);
  const len = given.len ?? 0;
  k.ledger.offered++;
  pool.flow[skb] = sk.flow;
  const six = sk.family === 10;
  const ip = six ? 0 : FLAG_IPID | FLAG_DF;
  pool.flags[skb] = FLAG_TCP | ip | (tp.tstamp_ok ? FLAG_TSTAMP : 0);
  pool.len[skb] = (six ? 86 : 66) + len;
  pool.payload[skb] = len;
  pool.truesize[skb] = given.truesize ?? 2304;
  pool.end[skb] = pool.truesize[skb] - 576;
  pool.room[skb] = 0;
  pool.data_len[skb] = 0;
  pool.dev[skb] = ETH0;
  pool.queue[skb] = 0;
  pool.arrived[skb] = k.now;
  pool.serial[skb] = k.ledger.offered;
  pool.seq[skb] = (tp.rcv_nxt + (given.at ?? 0)) | 0;
  pool.ack_seq[skb] = (tp.snd_una + (given.ack ?? 0)) | 0;
  pool.tcp_flags[skb] = given.flags ?? 16;
  pool.window[skb] = 502;
  pool.tsval[skb] = (given.tsval ?? tp.ts_recent + 1) | 0;
  pool.tsecr[skb] = tp.rcv_tsecr | 0;
  pool.gso_size[skb] = 0;
  (six ? tcp_v6_rcv : tcp_v4_rcv)(k, k.cpus[0]!, skb);
  checkLedger(k);
}

/// What the host has sent since, as the other end will see it.
export function sent(
  k: Kernel,
): readonly { flags: number; ack: number; window: number; sacks: number[][] }[] {
  return eth0(k).outgoing.flatMap(({ tcp }) =>
    tcp === null
      ? []
      : [
          {
            flags: tcp.flags,
            ack: tcp.ack_seq,
            window: tcp.window,
            sacks: tcp.sacks.map(({ start_seq, end_seq }) => [start_seq, end_seq]),
          },
        ],
  );
}

/// Runs event by event with the ledger checked after each.
export function stepChecked(k: Kernel, events: number, each: () => void = () => undefined): void {
  for (let i = 0; i < events && stepEvent(k); i++) {
    checkLedger(k);
    each();
  }
}
