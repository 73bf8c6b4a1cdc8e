/// Bonding: what comes by an active slave is the bond's. Stands for bondHandleFrame() and
/// bond_should_deliver_exact_match() in drivers/net/bonding/bond_main.c.
/// With 802.3ad nobody at the other end speaks LACP here: the first slave with a link is the active aggregator
/// alone, as in the kernel.
/// Without miimon nobody looks at the slaves' links: a slave counts as linked for ever, and the bond does not change
/// over. 802.3ad always looks.
/// Left out: in the hash of balance-xor, frames that a bridge or macvlan on the bond sends under another address, and
/// neighbours that the administrator gave another link address; balance-tlb and balance-alb, ARP monitoring, LACP itself, primary slaves, fail_over_mac,
/// all_slaves_active; frames for the reserved groups 01:80:c2:00:00:0x, which nobody here sends and which an inactive
/// slave would pass on.
import { COSTS } from './costs.ts';
import { otherEnd } from './hardware_address.ts';
import type { BondMode } from './links.ts';
import { printk } from './printk.ts';
import { RX_HANDLER_ANOTHER, RX_HANDLER_EXACT } from './rx_result.ts';
import type { Cpu, Kernel, NetDevice, Skb } from './state.ts';
import { STEP, takeStep } from './tracing.ts';

export const BOND_MODES: readonly BondMode[] = [
  'balance-rr',
  'active-backup',
  'balance-xor',
  'broadcast',
  '802.3ad',
];

/// A frame that came by a slave.
export function bondHandleFrame(
  k: Kernel,
  c: Cpu,
  bond: NetDevice,
  slave: NetDevice,
  skb: Skb,
): number {
  takeStep(k, c, STEP.RX_HANDLER, skb, COSTS.bond_handle_frame.ns);
  if (slave.links.slave?.inactive === true) return RX_HANDLER_EXACT;
  k.skbs.dev[skb] = k.devs.indexOf(bond);
  return RX_HANDLER_ANOTHER;
}

/// Only one slave is used at a time. include/net/bonding.h:bond_uses_primary(), and LACP without a partner
function usesOne(mode: BondMode): boolean {
  return mode === 'active-backup' || mode === '802.3ad';
}

/// Chooses the active slave anew, after a link came or went or a slave was added or taken.
/// Stands for bond_select_active_slave() and bond_set_carrier() in drivers/net/bonding/bond_main.c.
export function selectActiveSlave(k: Kernel, dev: NetDevice): void {
  const bond = dev.links.bond!;
  const watched = bond.miimon > 0 || bond.mode === '802.3ad';
  const usable = dev.links.ports.filter((port) => !watched || linked(k, port));
  const kept = usable.includes(bond.active) ? bond.active : (usable[0] ?? -1);
  if (usesOne(bond.mode) && kept !== bond.active) {
    const name = k.devs[kept]?.name;
    if (name !== undefined && bond.mode === 'active-backup')
      printk(k, `${dev.name}: (slave ${name}): making interface the new active one`);
    if (name === undefined) printk(k, `${dev.name}: now running without any active interface!`);
  }
  bond.active = kept;
  for (const port of dev.links.ports)
    k.devs[port]!.links.slave!.inactive = usesOne(bond.mode) && port !== kept;
  dev.carrier = dev.up && usable.length > 0;
}

function linked(k: Kernel, port: number): boolean {
  const { up, carrier } = k.devs[port]!;
  return up && carrier;
}

/// The slave that sends the next frame; -1: none. Stands for bond_xmit_roundrobin(), bond_xmit_activebackup() and
/// bond_xmit_hash() as far as one choice goes.
export function bondSlaveFor(k: Kernel, dev: NetDevice, flow: number): number {
  const bond = dev.links.bond!;
  if (usesOne(bond.mode)) return bond.active;
  const usable = dev.links.ports.filter((port) => linked(k, port));
  if (usable.length === 0) return -1;
  if (bond.mode === 'balance-rr') {
    // The counter goes over all slaves; one that has no link leaves its turn to the next.
    const { ports } = dev.links;
    const from = ++bond.rr_tx_counter % ports.length;
    return [...ports.slice(from), ...ports].find((port) => usable.includes(port))!;
  }
  return usable[ethHash(k, dev, flow) % usable.length]!;
}

/// xmit_hash_policy layer2: the last bytes of both link addresses, and the type of the packet. The frame is the bond's
/// own, to the machine at the other end of its wire. Stands for bond_eth_hash() in drivers/net/bonding/bond_main.c.
function ethHash(k: Kernel, bond: NetDevice, flow: number): number {
  const last = (mac: string): number => Number.parseInt(mac.slice(-2), 16);
  return last(otherEnd(k, bond)) ^ last(bond.mac) ^ k.flows.ethertype[flow]!;
}
