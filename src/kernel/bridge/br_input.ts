/// A frame that came by a port of a bridge: learn where its sender is, then forward it, flood it, or hand it to
/// the bridge's own device. Stands for br_handle_frame(), br_handle_frame_finish() and br_pass_frame_up() in
/// net/bridge/br_input.c.
/// A merged packet is one frame to the bridge.
/// Left out: br_netfilter, VLAN filtering, IGMP and MLD snooping (groups are flooded), the spanning tree protocol
/// itself, suppression of ARP, MRP, CFM, locked ports, and the reserved groups 01:80:c2:00:00:0x with group_fwd_mask:
/// nobody here sends to them.
import { COSTS } from '../costs.ts';
import { frameDestination, otherEnd } from '../hardware_address.ts';
import { kfree_skb_reason, leaveHost } from '../ledger.ts';
import type { BridgePort } from '../links.ts';
import { REASON } from '../reasons.ts';
import { RX_AFRESH, RX_HANDLER_CONSUMED } from '../rx_result.ts';
import { FLAG_BROADCAST, FLAG_FOREIGN, FLAG_MULTICAST } from '../skb.ts';
import type { Cpu, Kernel, NetDevice, Skb } from '../state.ts';
import { STEP, takeStep } from '../tracing.ts';
import { br_fdb_find_rcu, br_fdb_update } from './br_fdb.ts';
import { br_flood, br_forward } from './br_forward.ts';
import { BR_STATE_FORWARDING, BR_STATE_LEARNING } from './br_port.ts';

const ETH_HLEN = 14;

export function br_handle_frame(
  k: Kernel,
  c: Cpu,
  master: NetDevice,
  dev: NetDevice,
  skb: Skb,
): number {
  takeStep(k, c, STEP.RX_HANDLER, skb, COSTS.br_handle_frame.ns);
  const port = dev.links.port!;
  if (port.state !== BR_STATE_FORWARDING && port.state !== BR_STATE_LEARNING)
    return refuse(k, c, skb);
  const dest = frameDestination(k, dev, skb);
  if (dest === master.mac) k.skbs.flags[skb] = k.skbs.flags[skb]! & ~FLAG_FOREIGN;
  return br_handle_frame_finish(k, c, master, dev, port, skb, dest);
}

function refuse(k: Kernel, c: Cpu, skb: Skb): number {
  kfree_skb_reason(k, c, skb, REASON.NOT_SPECIFIED, STEP.RX_HANDLER);
  return RX_HANDLER_CONSUMED;
}

function br_handle_frame_finish(
  k: Kernel,
  c: Cpu,
  master: NetDevice,
  dev: NetDevice,
  port: BridgePort,
  skb: Skb,
  dest: string,
): number {
  const br = master.links.bridge!;
  const index = k.devs.indexOf(dev);
  if (port.learning) br_fdb_update(k, br, index, otherEnd(k, dev));
  if (port.state === BR_STATE_LEARNING) return refuse(k, c, skb);
  const group = k.skbs.flags[skb]! & (FLAG_BROADCAST | FLAG_MULTICAST);
  const local = master.promisc > 0 || group !== 0;
  if (group & FLAG_MULTICAST) master.hw.rx_multicast++;
  let sent: boolean;
  const entry = group ? undefined : br_fdb_find_rcu(k, br, dest);
  if (entry) {
    if (entry.local) return br_pass_frame_up(k, master, skb);
    entry.used = k.now;
    sent = br_forward(k, c, index, entry.port, skb);
  } else sent = br_flood(k, c, master, index, skb, kindOf(group));
  if (local) return br_pass_frame_up(k, master, skb);
  if (!sent) return refuse(k, c, skb);
  leaveHost(k, skb);
  return RX_HANDLER_CONSUMED;
}

function kindOf(group: number): keyof Pick<BridgePort, 'flood' | 'mcast_flood' | 'bcast_flood'> {
  if (group & FLAG_BROADCAST) return 'bcast_flood';
  return group ? 'mcast_flood' : 'flood';
}

/// To the bridge's own device, for one more round. A bridge that is down takes nothing.
function br_pass_frame_up(k: Kernel, master: NetDevice, skb: Skb): number {
  master.hw.rx_packets++;
  master.hw.rx_bytes += k.skbs.len[skb]! - ETH_HLEN;
  k.skbs.dev[skb] = k.devs.indexOf(master);
  return RX_AFRESH;
}
