/// Ports of a bridge: joining, leaving, their states. Stands for br_add_if() and br_del_if() in net/bridge/br_if.c and
/// for br_stp_enable_port() and br_set_state() without a spanning tree: a port that has a link forwards.
/// Left out: STP, path costs and priorities, feature negotiation.
import { dev_set_promiscuity } from '../promiscuity.ts';
import { dev_set_allmulti } from '../dev_names.ts';
import { done, fails, type Result } from '../errno.ts';
import { printk } from '../printk.ts';
import type { Kernel, NetDevice } from '../state.ts';
import { br_fdb_add_local, br_fdb_change_mac_address, br_fdb_delete_by_port } from './br_fdb.ts';

export const BR_STATE_DISABLED = 0;
export const BR_STATE_LEARNING = 2;
export const BR_STATE_FORWARDING = 3;
export const BR_STATE_BLOCKING = 4;
export const BR_STATES = ['disabled', 'listening', 'learning', 'forwarding', 'blocking'] as const;

/// Makes a device a port. EINVAL: not Ethernet; ELOOP: a bridge; EBUSY: it belongs to something already.
export function br_add_if(k: Kernel, master: NetDevice, dev: NetDevice): Result {
  if (dev.driver === '') return fails('EINVAL');
  if (dev.links.bridge) return fails('ELOOP', 'Can not enslave a bridge to a bridge');
  if (dev.links.master >= 0) return fails('EBUSY');
  const br = master.links.bridge!;
  const index = k.devs.indexOf(dev);
  dev.links.port = {
    ...{ number: freeNumber(k, master), state: BR_STATE_DISABLED, learning: true, flood: true },
    ...{ mcast_flood: true, bcast_flood: true, hairpin: false, isolated: false },
  };
  br_set_state(k, master, dev, BR_STATE_BLOCKING);
  br_set_state(k, master, dev, BR_STATE_DISABLED);
  dev_set_allmulti(k, dev, 1);
  dev.links.master = k.devs.indexOf(master);
  master.links.ports.push(index);
  // Without VLAN filtering every port hears everything.
  dev_set_promiscuity(k, dev, 1, true);
  br_fdb_add_local(k, br, index, dev.mac);
  takeAddress(k, master);
  enablePorts(k, master);
  return done;
}

function freeNumber(k: Kernel, master: NetDevice): number {
  const taken = master.links.ports.map((port) => k.devs[port]!.links.port!.number);
  let number = 1;
  while (taken.includes(number)) number++;
  return number;
}

/// A port leaves its bridge.
export function br_del_if(k: Kernel, master: NetDevice, dev: NetDevice): void {
  const index = k.devs.indexOf(dev);
  br_set_state(k, master, dev, BR_STATE_DISABLED);
  br_fdb_delete_by_port(master.links.bridge!, index, true);
  master.links.ports = master.links.ports.filter((port) => port !== index);
  dev.links.master = -1;
  dev_set_allmulti(k, dev, -1);
  dev_set_promiscuity(k, dev, -1, true);
  dev.links.port = null;
  const twin = master.links.ports.find((port) => k.devs[port]!.mac === dev.mac);
  if (twin !== undefined) br_fdb_add_local(k, master.links.bridge!, twin, dev.mac);
  takeAddress(k, master);
  enablePorts(k, master);
}

/// The bridge has the lowest address of its ports, without ports all zeros, unless somebody gave it one.
/// net/bridge/br_stp_if.c:br_stp_recalculate_bridge_id()
function takeAddress(k: Kernel, master: NetDevice): void {
  if (master.links.bridge!.mac_set) return;
  const macs = master.links.ports.map((port) => k.devs[port]!.mac).sort();
  const lowest = macs[0] ?? '00:00:00:00:00:00';
  if (lowest === master.mac) return;
  const own = k.devs.indexOf(master);
  br_fdb_change_mac_address(k, master.links.bridge!, own, master.mac, lowest);
  master.mac = lowest;
}

/// Ports with a link forward while the bridge is up; a bridge has a link while one of them does.
export function enablePorts(k: Kernel, master: NetDevice): void {
  for (const index of master.links.ports) {
    const dev = k.devs[index]!;
    const runs = master.up && dev.up && dev.carrier;
    const { state } = dev.links.port!;
    if (runs && state === BR_STATE_DISABLED) {
      br_set_state(k, master, dev, BR_STATE_BLOCKING);
      br_set_state(k, master, dev, BR_STATE_FORWARDING);
    } else if (!runs && state !== BR_STATE_DISABLED) {
      br_set_state(k, master, dev, BR_STATE_DISABLED);
      br_fdb_delete_by_port(master.links.bridge!, index, false);
    }
  }
  master.carrier =
    master.up &&
    master.links.ports.some((port) => k.devs[port]!.links.port!.state === BR_STATE_FORWARDING);
}

function br_set_state(k: Kernel, master: NetDevice, dev: NetDevice, state: number): void {
  const port = dev.links.port!;
  port.state = state;
  printk(k, `${master.name}: port ${port.number}(${dev.name}) entered ${BR_STATES[state]} state`);
}
