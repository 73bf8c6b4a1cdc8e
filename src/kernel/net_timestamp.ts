/// Software time stamps of received packets: taken while some socket wants one, once for each packet.
/// Stands for net_timestamp_check() and its like in net/core/dev.c, and for __sock_recv_timestamp() in net/socket.c.
/// With net.core.netdev_tstamp_prequeue the CPU of the interrupt takes them, before RPS; without, the CPU that
/// works on the packet, so that they come after the wait in its backlog. A tap takes one that is there already, and does
/// not ask for any (net/packet/af_packet.c:tpacket_get_timestamp()).
/// Times here are virtual; the tools add the wall clock.
/// Left out: the work that switches the stamps on a moment later (netstamp_work), stamps of what is sent,
/// SO_TIMESTAMP's microseconds, other options of SO_TIMESTAMPING.
import { COSTS } from './costs.ts';
import { FLAG_HWTSTAMP, FLAG_STAMPED } from './skb.ts';
import type { Cpu, Kernel, Skb, Sock, SockStamps } from './state.ts';

/// A socket wants stamps: every packet gets one from now on. net/core/dev.c:net_enable_timestamp()
export function net_enable_timestamp(k: Kernel): void {
  k.netstamp_wanted++;
}

/// net/core/dev.c:net_disable_timestamp()
export function net_disable_timestamp(k: Kernel): void {
  k.netstamp_wanted--;
}

/// Whether packets are stamped before RPS.
export function stampsBeforeRps(k: Kernel): boolean {
  return k.netstamp_wanted > 0 && k.hot.netdev_tstamp_prequeue !== 0;
}

/// Whether they are stamped where they are worked on.
export function stampsAfterRps(k: Kernel): boolean {
  return k.netstamp_wanted > 0 && k.hot.netdev_tstamp_prequeue === 0;
}

/// Stamps a packet that has no stamp, on the CPU that has it in hand. include/linux/skbuff.h:__net_timestamp()
export function __net_timestamp(k: Kernel, c: Cpu, skb: Skb): void {
  const { flags, stamp } = k.skbs;
  if (flags[skb]! & FLAG_STAMPED) return;
  c.cursor_ns += COSTS.ktime_get_real.ns;
  stamp[skb] = c.cursor_ns;
  flags[skb] = flags[skb]! | FLAG_STAMPED;
}

/// Stamps the packets of a list from that one on.
export function stampList(k: Kernel, c: Cpu, head: Skb): void {
  for (let skb = head; skb >= 0; skb = k.skbs.next[skb]!) __net_timestamp(k, c, skb);
}

/// SO_TIMESTAMPNS, or SO_TIMESTAMPING for both kinds; the socket keeps the stamps of its last `keep` packets.
/// net/core/sock.c:sock_enable_timestamp()
export function sock_enable_timestamp(
  k: Kernel,
  sk: Sock,
  kind: SockStamps['kind'],
  keep: number,
): void {
  if (sk.stamps === null) net_enable_timestamp(k);
  sk.stamps = { kind, keep, log: [] };
}

/// The socket is closed.
export function disableStamps(k: Kernel, sk: Sock): void {
  if (sk.stamps === null) return;
  sk.stamps = null;
  net_disable_timestamp(k);
}

/// recvmsg() tells the application the stamps of a packet in control messages. A packet that came before stamps
/// were switched on gets one now with SO_TIMESTAMPNS, and none with SO_TIMESTAMPING.
/// net/socket.c:__sock_recv_timestamp()
export function __sock_recv_timestamp(k: Kernel, c: Cpu, skb: Skb, stamps: SockStamps): void {
  const { flags, stamp, hwstamp } = k.skbs;
  if (stamps.kind === 'ns') __net_timestamp(k, c, skb);
  const both = stamps.kind === 'timestamping';
  const software = flags[skb]! & FLAG_STAMPED ? stamp[skb]! : -1;
  const hardware = both && flags[skb]! & FLAG_HWTSTAMP ? hwstamp[skb]! : -1;
  if (software >= 0 || hardware >= 0) c.cursor_ns += COSTS.put_cmsg.ns;
  stamps.log.push({ software, hardware, read: c.cursor_ns, cpu: c.id });
  if (stamps.log.length > stamps.keep) stamps.log.shift();
}
