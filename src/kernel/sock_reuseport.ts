/// SO_REUSEPORT groups: sockets that share an address and a port, and which of them gets a packet.
/// Stands for net/core/sock_reuseport.c.
/// Left out: programs attached to a group, groups whose members were shut down, migration of requests
/// (net.ipv4.tcp_migrate_req).
import { reciprocalScale } from './hash.ts';
import type { Kernel, Sock, SockReuseport } from './state.ts';

const TCP_ESTABLISHED = 1;

/// Makes a group of that socket alone. net/core/sock_reuseport.c:reuseport_alloc()
export function reuseport_alloc(k: Kernel, index: number): void {
  const sk = k.socks[index]!;
  if (sk.reuseport_cb >= 0) return;
  const group: SockReuseport = {
    socks: [index],
    incoming_cpu: sk.incoming_cpu >= 0 ? 1 : 0,
    has_conns: false,
    synq_overflow_ts: -1,
  };
  const empty = k.reuseports.findIndex((one) => one.socks.length === 0);
  if (empty >= 0) k.reuseports[empty] = group;
  sk.reuseport_cb = empty >= 0 ? empty : k.reuseports.push(group) - 1;
}

/// Adds a socket to the group of another one. net/core/sock_reuseport.c:reuseport_add_sock()
export function reuseport_add_sock(k: Kernel, index: number, other: number): void {
  reuseport_alloc(k, other);
  const sk = k.socks[index]!;
  const group = k.reuseports[k.socks[other]!.reuseport_cb]!;
  group.socks.push(index);
  if (sk.incoming_cpu >= 0) group.incoming_cpu++;
  sk.reuseport_cb = k.socks[other]!.reuseport_cb;
}

/// Takes a socket out of its group: the last member moves into its place, so that others get other
/// packets than before. net/core/sock_reuseport.c:reuseport_detach_sock()
export function reuseport_detach_sock(k: Kernel, index: number): void {
  const sk = k.socks[index]!;
  if (sk.reuseport_cb < 0) return;
  const group = k.reuseports[sk.reuseport_cb]!;
  const at = group.socks.indexOf(index);
  const last = group.socks.pop()!;
  if (last !== index) group.socks[at] = last;
  if (sk.incoming_cpu >= 0) group.incoming_cpu--;
  sk.reuseport_cb = -1;
}

/// Sets SO_INCOMING_CPU; the group counts who has set it.
/// net/core/sock_reuseport.c:reuseport_update_incoming_cpu()
export function reuseport_update_incoming_cpu(k: Kernel, sk: Sock, cpu: number): void {
  const group = sk.reuseport_cb >= 0 ? k.reuseports[sk.reuseport_cb]! : null;
  if (group && sk.incoming_cpu < 0 && cpu >= 0) group.incoming_cpu++;
  else if (group && sk.incoming_cpu >= 0 && cpu < 0) group.incoming_cpu--;
  sk.incoming_cpu = cpu;
  k.flows.sock.fill(-2);
}

/// The member for a hash: where it falls in the group; when members have SO_INCOMING_CPU set, the next one
/// from there that has this CPU. -1 when all are connected.
/// net/core/sock_reuseport.c:reuseport_select_sock_by_hash()
export function reuseport_select_sock_by_hash(
  k: Kernel,
  group: SockReuseport,
  hash: number,
  cpu: number,
): number {
  const { socks } = group;
  const first = reciprocalScale(hash, socks.length);
  let valid = -1;
  for (let n = 0; n < socks.length; n++) {
    const index = socks[(first + n) % socks.length]!;
    const sk = k.socks[index]!;
    if (sk.state === TCP_ESTABLISHED) continue;
    if (group.incoming_cpu === 0 || sk.incoming_cpu === cpu) return index;
    if (valid < 0) valid = index;
  }
  return valid;
}

/// net/core/sock_reuseport.c:reuseport_select_sock()
export function reuseport_select_sock(k: Kernel, sk: Sock, hash: number, cpu: number): number {
  if (sk.reuseport_cb < 0) return -1;
  return reuseport_select_sock_by_hash(k, k.reuseports[sk.reuseport_cb]!, hash, cpu);
}
