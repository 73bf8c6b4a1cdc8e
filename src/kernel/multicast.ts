/// The groups of each device, and the link addresses that its NIC lets through for them. Stands for ip_mc_up()
/// (net/ipv4/igmp.c), for the groups that ipv6_add_dev(), dev_forward_change() and addrconf_join_solict() join
/// (net/ipv6/addrconf.c), and for dev_mc_add() and dev_mc_sync() (net/core/dev_addr_lists.c).
/// Everything follows from addresses and settings, so nothing is kept: the groups of routers count as joined after those
/// of the addresses.
/// Left out: groups that a program joins; NICs with a hash table instead of a list, which let through more.
import { addressBytes } from './address.ts';
import { addresses6 } from './ip6_route.ts';
import { devConf6 } from './ipv6_conf.ts';
import type { Kernel, NetDevice } from './state.ts';

/// A link address in the list of a device, struct netdev_hw_addr.
export interface GroupAddress {
  readonly address: string; // 01:00:5e:00:00:01
  users: number; // groups with that address, and devices on top that have it in their lists
}

/// A group of IPv6, struct ifmcaddr6.
export interface Group6 {
  readonly address: number[];
  users: number;
}

const ALL_HOSTS = '01:00:5e:00:00:01';
const SOLICITED_NODE = addressBytes('ff02::1:ff00:0').slice(0, 13);

/// The IPv6 groups of a device in the order of joining.
export function groups6(k: Kernel, dev: NetDevice): Group6[] {
  const groups: Group6[] = [];
  if (devConf6(k, dev, 'disable_ipv6')) return groups;
  const join = (address: number[]): void => {
    const known = groups.find((one) => one.address.every((byte, i) => byte === address[i]));
    if (known) known.users++;
    else groups.push({ address, users: 1 });
  };
  for (const group of ['ff01::1', 'ff02::1']) join(addressBytes(group));
  if (dev.driver === '') return groups;
  for (const own of addresses6(dev)) join([...SOLICITED_NODE, ...own.slice(13)]);
  if (devConf6(k, dev, 'forwarding'))
    for (const group of ['ff02::2', 'ff01::2', 'ff05::2']) join(addressBytes(group));
  return groups;
}

/// Groups of this device alone are in no link address. net/ipv6/mcast.c:igmp6_group_added()
export function leavesDevice6(group: Group6): boolean {
  return (group.address[1]! & 15) > 1;
}

/// The link addresses that the NIC of a device lets through: those of its groups, and what the devices on top of it
/// have in their lists.
export function multicastList(k: Kernel, dev: NetDevice): GroupAddress[] {
  const list: GroupAddress[] = [];
  if (!dev.up || dev.driver === '') return list;
  const dev_mc_add = (address: string): void => {
    const known = list.find((one) => one.address === address);
    if (known) known.users++;
    else list.push({ address, users: 1 });
  };
  // IPv6 sets its device up before IPv4 does.
  const [, allNodes, ...rest] = groups6(k, dev);
  if (allNodes) dev_mc_add(groupMac6(allNodes.address));
  dev_mc_add(ALL_HOSTS);
  for (const group of rest) if (leavesDevice6(group)) dev_mc_add(groupMac6(group.address));
  for (const upper of uppersOf(k, dev))
    for (const { address } of multicastList(k, upper)) dev_mc_add(address);
  return list;
}

/// Devices that hand their lists down to this one: VLANs, macvlans, and a bond to the slaves that it uses.
function uppersOf(k: Kernel, dev: NetDevice): NetDevice[] {
  const { vlans, macvlans, master, slave } = dev.links;
  const bond = slave !== null && !slave.inactive && master >= 0 ? [master] : [];
  return [...vlans, ...macvlans, ...bond].map((index) => k.devs[index]!);
}

/// Does the NIC let a frame for a group through? What carries a unicast address in a frame for many does not say for
/// which, and is refused.
export function inMulticastList(k: Kernel, dev: NetDevice, flow: number): boolean {
  const daddr = k.flows.daddr[flow]!;
  if (daddr === '224.0.0.1') return true;
  if (!daddr.startsWith('ff') && k.flows.dst[flow]! >>> 28 !== 14) return false;
  const mac = groupMac(k, flow);
  return multicastList(k, dev).some(({ address }) => address === mac);
}

/// The link address of the group that a flow is for. RFC 1112, section 6.4; RFC 2464, section 7.
export function groupMac(k: Kernel, flow: number): string {
  const daddr = k.flows.daddr[flow]!;
  if (daddr.includes(':')) return groupMac6(addressBytes(daddr));
  const group = k.flows.dst[flow]!;
  return macText([0x01, 0, 0x5e, (group >>> 16) & 0x7f, (group >>> 8) & 255, group & 255]);
}

function groupMac6(group: readonly number[]): string {
  return macText([0x33, 0x33, ...group.slice(12)]);
}

function macText(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
