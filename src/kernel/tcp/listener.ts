/// A listening socket: bind(), listen(), the queue of connections that wait, accept(), and what becomes of
/// them when it is closed.
/// Stands for __inet_listen_sk() (net/ipv4/af_inet.c), and for inet_csk_listen_start(), inet_csk_accept()
/// and inet_csk_listen_stop() in net/ipv4/inet_connection_sock.c.
/// Left out: TCP Fast Open, migration to another listener, shutdown() of a listener.
import { applyOptions, bindConflict, createSock, sock_def_readable } from '../sock.ts';
import type { BindOptions } from '../sock.ts';
import { reuseport_detach_sock } from '../sock_reuseport.ts';
import type { Cpu, Kernel, Sock } from '../state.ts';
import { closeConnection } from './close_connection.ts';
import { __inet_hash } from './inet_hashtables.ts';
import { inet_csk_reqsk_queue_drop } from './request_sock.ts';
import { TCP_CLOSE, TCP_LISTEN } from './tcp_states.ts';

/// Makes a TCP socket, binds it and listens: its index, or why not. `backlog` is what the application asks
/// for; net.core.somaxconn limits it. Address `*` stands for an IPv6 socket that takes IPv4 too.
export function openListener(
  k: Kernel,
  reader: number,
  port: number,
  backlog: number,
  options: BindOptions,
): number | 'EADDRINUSE' | 'ENODEV' {
  const sk = createSock(k, reader, port, k.hot.tcp.rmem[1]!, 'tcp');
  sk.sndbuf = k.hot.tcp.wmem[1]!;
  if (!applyOptions(k, sk, options).ok) return 'ENODEV';
  if (bindConflict(k, sk)) return 'EADDRINUSE';
  const index = k.socks.push(sk) - 1;
  k.tcp_sockets_allocated++;
  __sys_listen(k, index, backlog);
  return index;
}

/// Listens, or changes the backlog of a socket that does. What somaxconn allows is taken now; a later change
/// of it does not reach an open listener. net/socket.c:__sys_listen(), net/ipv4/af_inet.c:__inet_listen_sk()
export function __sys_listen(k: Kernel, index: number, backlog: number): void {
  const sk = k.socks[index]!;
  const somaxconn = Number(k.sysctl['net.core.somaxconn']);
  // The kernel compares as unsigned numbers, so a negative backlog asks for the most.
  const most = Math.min(backlog >>> 0, somaxconn);
  if (sk.listen) {
    sk.listen.max_ack_backlog = most;
    return;
  }
  sk.listen = {
    ...{ max_ack_backlog: most, accept_queue: [], qlen: 0, young: 0, synflood_warned: false },
    ...{ defer_accept: 0, syn_retries: 0, synq_overflow_ts: -1 },
  };
  sk.state = TCP_LISTEN;
  __inet_hash(k, index);
}

/// A connection goes to the end of the accept queue.
/// net/ipv4/inet_connection_sock.c:inet_csk_reqsk_queue_add()
export function inet_csk_reqsk_queue_add(k: Kernel, listener: number, child: number): void {
  k.socks[listener]!.listen!.accept_queue.push(child);
}

/// Wakes who waits in accept().
export function listenerReadable(k: Kernel, c: Cpu, sk: Sock): void {
  if (sk.waiting) sock_def_readable(k, c, sk);
}

/// The connection that has waited longest, now a file of the application; -1: none waits.
/// net/ipv4/inet_connection_sock.c:inet_csk_accept()
export function inet_csk_accept(k: Kernel, sk: Sock): number {
  const child = sk.listen?.accept_queue.shift();
  if (child === undefined) return -1;
  const made = k.socks[child]!;
  made.ino = 4101 + child;
  return child;
}

/// Closes a listener: half-open connections are forgotten, those that wait in the accept queue are reset.
/// net/ipv4/inet_connection_sock.c:inet_csk_listen_stop()
export function closeListener(k: Kernel, c: Cpu, index: number): void {
  const sk = k.socks[index]!;
  const queue = sk.listen;
  if (!queue) throw new Error(`socket ${index} does not listen`);
  k.lhash2 = k.lhash2.filter((one) => one !== index);
  reuseport_detach_sock(k, index);
  sk.hashed = false;
  k.reqs.forEach((req, at) => {
    if (req.listener === index) inet_csk_reqsk_queue_drop(k, at);
  });
  for (const child of queue.accept_queue.splice(0)) closeConnection(k, c, child);
  sk.listen = null;
  sk.state = TCP_CLOSE;
  sk.task = 0;
  k.tcp_sockets_allocated--;
}
