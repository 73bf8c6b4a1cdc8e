/// /proc/net/vlan: the VLAN devices. Stands for vlan_seq_show() and vlandev_seq_show() in net/8021q/vlanproc.c.
import { dev_get_stats } from '../../kernel/dev_stats.ts';
import type { Kernel, NetDevice } from '../../kernel/state.ts';
import type { Line } from '../command.ts';
import { dir, file, row, type DirNode, type Entry } from '../nodes.ts';

/// The directory is there once the module is loaded, as it is with the first VLAN device.
export function vlanDirectory(k: Kernel): DirNode {
  const entries: Record<string, Entry> = { config: file(() => config(k)) };
  for (const dev of vlans(k)) entries[dev.name] = file(() => device(k, dev));
  return dir(entries);
}

function vlans(k: Kernel): NetDevice[] {
  return k.devs.filter((dev) => dev.links.vlan !== null);
}

function config(k: Kernel): Line[] {
  return [
    row('VLAN Dev name\t | VLAN ID'),
    row('Name-Type: VLAN_NAME_TYPE_RAW_PLUS_VID_NO_PAD'),
    ...vlans(k).map((dev) =>
      row(`${dev.name.padEnd(15)}| ${dev.links.vlan!.id}  | ${below(k, dev)}`),
    ),
  ];
}

function below(k: Kernel, dev: NetDevice): string {
  return k.devs[dev.links.lower]!.name;
}

function device(k: Kernel, dev: NetDevice): Line[] {
  const { id, reorder_hdr, ingress, egress } = dev.links.vlan!;
  const stats = dev_get_stats(k, dev);
  const count = (name: string, value: number): Line =>
    row(`${name.padStart(30)} ${String(value).padStart(12)}`);
  const map = (from: number, to: number): string =>
    ingress
      .slice(from, to)
      .map((priority, i) => `${from + i}:${priority}`)
      .join('  ');
  // The kernel's own format has one blank before the last.
  const maps = `${map(0, 7)} ${map(7, 8)}`;
  const out = Object.entries(egress).map(([priority, tag]) => `${priority}:${tag} `);
  return [
    row(`${dev.name}  VID: ${id}\t REORDER_HDR: ${reorder_hdr ? 1 : 0}  dev->priv_flags: 81001`),
    count('total frames received', stats.rx_packets),
    count('total bytes received', stats.rx_bytes),
    count('Broadcast/Multicast Rcvd', stats.multicast),
    row(''),
    count('total frames transmitted', stats.tx_packets),
    count('total bytes transmitted', stats.tx_bytes),
    row(`Device: ${below(k, dev)}`),
    row(`INGRESS priority mappings: ${maps}`),
    row(` EGRESS priority mappings: ${out.join('')}`),
  ];
}
