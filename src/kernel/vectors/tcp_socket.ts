/// A host and a connection on it, for the vectors of TCP.
import { boot } from '../boot.ts';
import { createSock } from '../sock.ts';
import type { Kernel, Sock, TcpSock } from '../state.ts';
import { tcp_init_sock } from '../tcp/openreq_child.ts';
import { bareHost } from './bare_host.ts';

export interface Connection {
  readonly k: Kernel;
  readonly sk: Sock;
  readonly tp: TcpSock;
}

/// A connection of which nothing is known yet.
export function connection(hz = 250): Connection {
  const k = boot(bareHost(1, hz), 0);
  const tp = tcp_init_sock(k, 0);
  const sk = { ...createSock(k, 0, 80, 131072, 'tcp'), tcp: tp };
  k.socks.push(sk);
  return { k, sk, tp };
}
