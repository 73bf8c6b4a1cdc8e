/// /proc/net/udp and /proc/net/sockstat: the UDP sockets and the memory they hold.
/// Stands for udp4_format_sock() in net/ipv4/udp.c and sockstat_seq_show() in net/ipv4/proc.c.
/// Left out: the address of the socket, which is shown as zeros, as the kernel shows it to those who
/// may not see addresses; the random part of the hash, so that slots follow from the port.
import type { Kernel, Sock } from '../../kernel/state.ts';
import type { Line } from '../command.ts';
import { value } from '../marked.ts';
import { row } from '../nodes.ts';

const heading =
  '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops';

/// Sockets that are open.
export function openSocks(k: Kernel): Sock[] {
  return k.socks.filter((sock) => sock.task !== 0);
}

function hex(number: number, digits: number): string {
  return number.toString(16).toUpperCase().padStart(digits, '0');
}

/// An IPv4 address as the kernel prints it here: the bytes in the order of a little-endian word.
export function littleEndian(address: string): string {
  return address
    .split('.')
    .reverse()
    .map((byte) => hex(Number(byte), 2))
    .join('');
}

export function udp(k: Kernel): Line[] {
  const slots = Number(k.sysctl['net.ipv4.udp_hash_entries']);
  const rows = openSocks(k).map((sock) => ({ sock, slot: sock.port % slots }));
  rows.sort((a, b) => a.slot - b.slot);
  return [
    row(heading.padEnd(127)),
    ...rows.map(({ sock, slot }) => {
      const uid = k.tasks.find((task) => task.pid === sock.task)?.uid ?? 0;
      const local = `${littleEndian(sock.local)}:${hex(sock.port, 4)}`;
      const before = `${String(slot).padStart(5)}: ${local} 00000000:0000 07 00000000:`;
      const queued = hex(sock.rmem_alloc, 8);
      const middle = ` 00:00000000 00000000 ${String(uid).padStart(5)}        0 ${sock.ino} 2 0000000000000000 `;
      const drops = String(sock.drops);
      const used = before.length + queued.length + middle.length + drops.length;
      return row(
        before,
        value(queued, `counter:sock:rmem_alloc@${sock.ino}`),
        middle,
        value(drops, `counter:sock:drops@${sock.ino}`),
        ' '.repeat(Math.max(0, 127 - used)),
      );
    }),
  ];
}

export function sockstat(k: Kernel): Line[] {
  const inuse = openSocks(k).length;
  return [
    row(`sockets: used ${inuse}`),
    row('TCP: inuse 0 orphan 0 tw 0 alloc 0 mem 0'),
    row(`UDP: inuse ${inuse} mem `, value(k.udp_memory_allocated, 'counter:sockstat:udp_mem')),
    row('UDPLITE: inuse 0'),
    row('RAW: inuse 0'),
    row('FRAG: inuse 0 memory 0'),
  ];
}

export function sockstat6(): Line[] {
  return ['TCP6', 'UDP6', 'UDPLITE6', 'RAW6']
    .map((name) => row(`${name}: inuse 0`))
    .concat(row('FRAG6: inuse 0 memory 0'));
}
