/// The files of /proc/net that follow from the devices and their addresses: multicast groups, IPv6
/// addresses. Every device has its link-local address and the groups of a host.
/// Stands for dev_mc_seq_show(), igmp_mc_seq_show(), if6_seq_show().
/// Left out: groups that a program joins.
import { addressBytes } from '../../kernel/address.ts';
import { groups6, leavesDevice6, multicastList, type Group6 } from '../../kernel/multicast.ts';
import type { Kernel, NetDevice } from '../../kernel/state.ts';
import type { Line } from '../command.ts';
import { row } from '../nodes.ts';

function nics(k: Kernel): NetDevice[] {
  return k.devs.filter((dev) => dev.driver !== '' && dev.up);
}

/// Interface identifier of a link-local address: the MAC with ff:fe in its middle (RFC 4291, A).
function eui64(mac: string): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac
    .split(':')
    .map((byte) => Number.parseInt(byte, 16));
  return [a ^ 2, b, c, 0xff, 0xfe, d, e, f]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}

function hex2(number: number): string {
  return number.toString(16).padStart(2, '0');
}

/// /proc/net/if_inet6
export function ifInet6(k: Kernel): Line[] {
  const local = nics(k)
    .map(
      (dev) =>
        `fe80000000000000${eui64(dev.mac)} ${hex2(dev.ifindex)} 40 20 c0 ${dev.name.padStart(8)}`,
    )
    .reverse();
  const given = k.devs.flatMap((dev) =>
    dev.addrs6.map((text) => {
      const [address = '', length = '128'] = text.split('/');
      const bytes = addressBytes(address).map(hex2).join('');
      return `${bytes} ${hex2(dev.ifindex)} ${hex2(Number(length))} 00 80 ${dev.name.padStart(8)}`;
    }),
  );
  const own = [...local, `${'1'.padStart(32, '0')} 01 80 10 80 ${'lo'.padStart(8)}`];
  return [...given, ...own].map((text) => row(text));
}

/// /proc/net/dev_mcast: link-layer groups of each device.
export function devMcast(k: Kernel): Line[] {
  return nics(k).flatMap((dev) =>
    multicastList(k, dev).map(({ address, users }) => {
      const head = `${String(dev.ifindex).padEnd(4)} ${dev.name.padEnd(15)}`;
      return row(`${head} ${String(users).padEnd(5)} 0     ${address.replaceAll(':', '')}`);
    }),
  );
}

/// /proc/net/igmp: every device is in 224.0.0.1.
export function igmp(k: Kernel): Line[] {
  return [
    row('Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter'),
    ...k.devs
      .filter((dev) => dev.up)
      .flatMap((dev) => [
        row(`${dev.ifindex}\t${dev.name.padEnd(10)}:     1      V3`),
        row('\t\t\t\t010000E0     1 0:00000000\t\t0'),
      ]),
  ];
}

/// /proc/net/igmp6: the groups of each device, the one that it joined last first.
export function igmp6(k: Kernel): Line[] {
  return k.devs.flatMap((dev) =>
    groups6(k, dev)
      .toReversed()
      .map((group) => {
        const head = `${String(dev.ifindex).padEnd(4)} ${dev.name.padEnd(15)}`;
        const users = String(group.users).padStart(5);
        return row(`${head} ${group.address.map(hex2).join('')} ${users} ${flagsOf(group)} 0`);
      }),
  );
}

/// MAF_LOADED: in the NIC's list; MAF_NOREPORT: all nodes, and what does not leave the device. include/net/if_inet6.h
function flagsOf(group: Group6): string {
  const loaded = leavesDevice6(group) ? 4 : 0;
  const silent = loaded === 0 || isAllNodes(group) ? 8 : 0;
  return (loaded | silent).toString(16).toUpperCase().padStart(8, '0');
}

function isAllNodes({ address }: Group6): boolean {
  return address[1] === 2 && address[15] === 1 && address.slice(2, 15).every((byte) => byte === 0);
}
