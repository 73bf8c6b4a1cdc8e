/// Large receive offload: the NIC merges TCP segments itself, so that the driver finds one long frame
/// in the ring. vmxnet3 has it: the hypervisor behind the device does the work. Only the driver
/// knows; GRO comes later and is passed by.
/// Unlike GRO it loses what the headers said: of the acknowledgement numbers, windows and timestamps
/// only the last remain. A host that forwards must not do that to other hosts' connections, so the
/// kernel switches LRO off when forwarding is switched on: dev_disable_lro() in net/core/dev.c.
/// What is merged is our own rule, since the hypervisor's is not published: a segment that is next in
/// sequence after the newest frame in the ring, as long as the driver has not taken that one.
/// Left out: devices stacked on others; __skb_warn_lro_forwarding(), because vmxnet3 sets gso_type.
import { netdev_update_features } from './ethtool_ops_features.ts';
import { isIpv6 } from './gro_merge.ts';
import {
  FLAG_BAD_CSUM,
  FLAG_BAD_FCS,
  FLAG_BAD_IP,
  FLAG_FRAG,
  FLAG_GSO,
  FLAG_TCP,
  FLAG_TSTAMP,
  mergeSkb,
  SKB_GSO_TCPV4,
  SKB_GSO_TCPV6,
} from './skb.ts';
import type { Kernel, NetDevice, RxQueue, Skb, SkbPool } from './state.ts';

const ACK = 16;
const PSH = 8;
const MAX_FRAME = 65535;
const UNFIT = FLAG_BAD_CSUM | FLAG_BAD_FCS | FLAG_BAD_IP | FLAG_FRAG;

/// Merges a frame that has arrived for a queue into the newest frame of its ring. True when that was
/// possible: the frame needs no descriptor then, and its handle is gone. Asked for TCP frames only.
export function lroReceive(k: Kernel, dev: NetDevice, q: RxQueue, skb: Skb): boolean {
  if (!dev.features['large-receive-offload'] || q.used === 0) return false;
  const pool = k.skbs;
  const last = q.slots[q.head > 0 ? q.head - 1 : q.slots.length - 1]!;
  if (last < 0 || !continues(pool, last, skb)) return false;
  if ((pool.flags[last]! & FLAG_GSO) === 0) {
    pool.gso_size[last] = pool.payload[last]!;
    pool.gso_type[last] = isIpv6(k, last) ? SKB_GSO_TCPV6 : SKB_GSO_TCPV4;
    pool.flags[last] = pool.flags[last]! | FLAG_GSO;
  }
  const payload = pool.payload[skb]!;
  pool.len[last] = pool.len[last]! + payload;
  pool.payload[last] = pool.payload[last]! + payload;
  pool.ack_seq[last] = pool.ack_seq[skb]!;
  pool.window[last] = pool.window[skb]!;
  pool.tsval[last] = pool.tsval[skb]!;
  pool.tsecr[last] = pool.tsecr[skb]!;
  pool.tcp_flags[last] = pool.tcp_flags[last]! | pool.tcp_flags[skb]!;
  mergeSkb(pool, last, skb);
  return true;
}

function continues(pool: SkbPool, last: Skb, skb: Skb): boolean {
  if (pool.flow[last] !== pool.flow[skb]) return false;
  const flags = pool.flags[skb]!;
  if ((flags & (FLAG_TCP | UNFIT)) !== FLAG_TCP || pool.flags[last]! & UNFIT) return false;
  if ((flags ^ pool.flags[last]!) & FLAG_TSTAMP) return false;
  const size = pool.flags[last]! & FLAG_GSO ? pool.gso_size[last]! : pool.payload[last]!;
  const payload = pool.payload[skb]!;
  if (payload === 0 || payload > size || pool.len[last]! + payload > MAX_FRAME) return false;
  // A segment shorter than the first, or one with PSH, was the end of the packet.
  if (pool.payload[last]! % size !== 0 || pool.tcp_flags[last] !== ACK) return false;
  if ((pool.tcp_flags[skb]! & ~PSH) !== ACK) return false;
  return ((pool.seq[last]! + pool.payload[last]! - pool.seq[skb]!) | 0) === 0;
}

/// Switches LRO off: the device is to forward packets. net/core/dev.c:dev_disable_lro()
export function dev_disable_lro(k: Kernel, dev: NetDevice): void {
  dev.wanted_features['large-receive-offload'] = false;
  netdev_update_features(k, dev);
}
