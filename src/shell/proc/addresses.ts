/// The files of /proc/net that follow from the devices and their addresses: routes, multicast groups,
/// IPv6 addresses. Every device has its link-local address and the groups of a host.
/// Stands for fib_route_seq_show(), dev_mc_seq_show(), igmp_mc_seq_show(), if6_seq_show().
/// Left out: routes and neighbours that somebody adds; they are not modelled.
import type { Kernel, NetDevice } from '../../kernel/state.ts';
import type { Line } from '../command.ts';
import { row } from '../nodes.ts';
import { littleEndian } from './sockets.ts';

function nics(k: Kernel): NetDevice[] {
  return k.devs.filter((dev) => dev.driver !== '' && dev.up);
}

/// The IPv4 addresses of a device: address and prefix length.
function ipv4(dev: NetDevice): { readonly address: string; readonly prefix: number }[] {
  return dev.addrs
    .filter((text) => !text.includes(':'))
    .map((text) => {
      const [address = '', prefix = '32'] = text.split('/');
      return { address, prefix: Number(prefix) };
    });
}

function maskBytes(prefix: number): number[] {
  return [0, 8, 16, 24].map((at) => (0xff00 >> Math.min(8, Math.max(0, prefix - at))) & 0xff);
}

/// /proc/net/route: the default route through the first NIC's peer, and a network for each address.
export function routes(k: Kernel): Line[] {
  const line = (iface: string, to: string, via: string, flags: string, mask: string) =>
    row(`${iface}\t${to}\t${via}\t${flags}\t0\t0\t0\t${mask}\t0\t0\t0`.padEnd(127));
  const up = nics(k);
  const first = up.find((dev) => dev.name === k.desc.nics[0]?.name);
  return [
    row(
      'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT'.padEnd(
        127,
      ),
    ),
    ...(first ? [line(first.name, '00000000', littleEndian(first.peer), '0003', '00000000')] : []),
    ...up.flatMap((dev) =>
      ipv4(dev).map(({ address, prefix }) => {
        const mask = maskBytes(prefix);
        const net = address.split('.').map((byte, index) => Number(byte) & (mask[index] ?? 0));
        return line(
          dev.name,
          littleEndian(net.join('.')),
          '00000000',
          '0001',
          littleEndian(mask.join('.')),
        );
      }),
    ),
  ];
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
  return [...local, `${'1'.padStart(32, '0')} 01 80 10 80 ${'lo'.padStart(8)}`].map((text) =>
    row(text),
  );
}

/// /proc/net/dev_mcast: link-layer groups of each device.
export function devMcast(k: Kernel): Line[] {
  return nics(k).flatMap((dev) => {
    const tail = dev.mac.split(':').slice(3).join('');
    return ['333300000001', '01005e000001', `3333ff${tail}`].map((group) =>
      row(`${String(dev.ifindex).padEnd(4)} ${dev.name.padEnd(15)} 1     0     ${group}`),
    );
  });
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

/// /proc/net/igmp6: all nodes, of the link and of the interface; a NIC is in its solicited-node group too.
export function igmp6(k: Kernel): Line[] {
  return k.devs.flatMap((dev) => {
    const head = `${String(dev.ifindex).padEnd(4)} ${dev.name.padEnd(15)} `;
    const solicited = `ff0200000000000000000001ff${dev.mac.split(':').slice(3).join('')}     1 00000004 0`;
    return [
      ...(dev.driver === '' ? [] : [solicited]),
      'ff020000000000000000000000000001     1 0000000C 0',
      'ff010000000000000000000000000001     1 00000008 0',
    ].map((text) => row(head + text));
  });
}

/// /proc/net/arp: no neighbour is kept; the sender of the traffic is resolved outside the model.
export function arp(): Line[] {
  return [row('IP address       HW type     Flags       HW address            Mask     Device')];
}
