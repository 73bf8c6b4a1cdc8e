/// /proc/net/packet and /proc/net/ptype: packet sockets, and what packets are shown to. Stands for packet_seq_show() in
/// net/packet/af_packet.c and ptype_seq_show() in net/core/net-procfs.c.
/// The addresses of sockets are zeros: the kernel hashes them with a secret of the boot.
import { ETH_P_ALL, type PacketHook } from '../../kernel/packet_types.ts';
import type { Kernel } from '../../kernel/state.ts';
import type { Line } from '../command.ts';
import { row } from '../nodes.ts';

export function packetSockets(k: Kernel): Line[] {
  const lines = [row(`${'sk'.padEnd(17)}RefCnt Type Proto  Iface R Rmem   User   Inode`)];
  for (const po of k.packet.socks) {
    if (!po.open) continue;
    const sk = k.socks[po.sock]!;
    const uid = k.tasks[sk.reader]?.uid ?? 0;
    const column = (value: number, width: number): string => String(value).padEnd(width);
    lines.push(
      row(
        `${'0'.repeat(16)} ${column(3, 6)} ${column(po.type, 4)} ${hex4(po.protocol)}   ` +
          `${column(sk.bound_dev, 5)} 1 ${column(sk.rmem_alloc, 6)} ${column(uid, 6)} ${column(sk.ino, 6)}`,
      ),
    );
  }
  return lines;
}

function hex4(value: number): string {
  return value.toString(16).padStart(4, '0');
}

const PROTOCOLS: readonly (readonly [number, string])[] = [
  [0x0800, 'ip_rcv'],
  [0x0806, 'arp_rcv'],
  [0x86dd, 'ipv6_rcv'],
];

/// The devices' own hooks first, then those for every packet, then the protocols by type.
export function packetTypes(k: Kernel): Line[] {
  const { hooks } = k.packet;
  const all = hooks.filter((hook) => hook.protocol === ETH_P_ALL);
  const lines = [row('Type Device      Function')];
  k.devs.forEach((dev, index) => {
    for (const hook of all.filter((one) => one.dev === index))
      lines.push(row(line('ALL ', dev.name, functionOf(k, hook))));
  });
  for (const hook of all.filter((one) => one.dev < 0))
    lines.push(row(line('ALL ', '', functionOf(k, hook))));
  for (const [type, name] of PROTOCOLS) {
    for (const hook of hooks.filter((one) => one.protocol === type && one.dev < 0))
      lines.push(row(line(hex4(type), '', functionOf(k, hook))));
    lines.push(row(line(hex4(type), '', name)));
  }
  return lines;
}

function line(type: string, device: string, name: string): string {
  return `${type} ${device.padEnd(8)} ${name}`;
}

function functionOf(k: Kernel, hook: PacketHook): string {
  if (hook.fanout >= 0) return 'packet_rcv_fanout';
  return k.packet.socks[hook.sock]!.ring === null ? 'packet_rcv' : 'tpacket_rcv';
}
