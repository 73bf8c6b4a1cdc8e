/// Bonds: which slave may receive, and what happens to the rest.
import { describe, expect, it } from 'vitest';
import { openPacket } from '../../src/kernel/af_packet.ts';
import { bondSlaveFor } from '../../src/kernel/bond.ts';
import { dev_close } from '../../src/kernel/dev.ts';
import { dev_get_stats } from '../../src/kernel/dev_stats.ts';
import { inet_insert_ifa } from '../../src/kernel/devinet.ts';
import { otherEnd } from '../../src/kernel/hardware_address.ts';
import type { BondMode } from '../../src/kernel/links.ts';
import { REASON } from '../../src/kernel/reasons.ts';
import { do_set_master } from '../../src/kernel/rtnl_link.ts';
import type { Kernel, NetDevice } from '../../src/kernel/state.ts';
import { flowTo } from './frames.ts';
import { dropped, host } from './hosts.ts';
import { add, processed, send } from './stacked.ts';

function bonded(mode: BondMode, miimon = 100): { k: Kernel; bond: NetDevice } {
  const k = host({ profile: 'virtio', apps: [{}] });
  const bond = add(k, { name: 'bond0', kind: 'bond', bond: { mode, miimon } });
  for (const dev of k.devs.slice(1, 3)) {
    dev_close(k, dev);
    do_set_master(k, dev, 'bond0');
    dev.carrier = true;
  }
  inet_insert_ifa(k, bond, '10.0.9.2/24');
  return { k, bond };
}

describe('a bond', () => {
  it('takes what its active slave receives as its own', () => {
    const { k } = bonded('active-backup');
    send(k, { daddr: '10.0.9.2' });
    expect(k.mib.UdpInDatagrams).toBe(10);
    expect(processed(k)).toBe(20);
  });

  it('leaves what a backup receives to nobody', () => {
    const { k } = bonded('active-backup');
    send(k, { daddr: '10.0.9.2', dev: 2 });
    expect(dropped(k, REASON.UNHANDLED_PROTO)).toBe(10);
    expect(dev_get_stats(k, k.devs[2]!).rx_nohandler).toBe(10);
  });

  it('in balance-rr receives by every slave', () => {
    const { k } = bonded('balance-rr');
    send(k, { daddr: '10.0.9.2', dev: 2 });
    expect(k.mib.UdpInDatagrams).toBe(10);
  });

  it('with 802.3ad and no partner uses its first slave alone', () => {
    const { k } = bonded('802.3ad');
    expect([1, 2].map((at) => k.devs[at]!.links.slave!.inactive)).toEqual([false, true]);
  });

  it('goes over to the backup when the active slave loses its link', () => {
    const { k, bond } = bonded('active-backup');
    dev_close(k, k.devs[1]!);
    expect(bond.links.bond!.active).toBe(2);
    send(k, { daddr: '10.0.9.2', dev: 2 });
    expect(k.mib.UdpInDatagrams).toBe(10);
  });

  it('in balance-rr sends by its second slave first, and leaves out one that has no link', () => {
    const { k, bond } = bonded('balance-rr');
    const turns = (): number[] => [1, 2, 3].map(() => bondSlaveFor(k, bond, 0));
    expect(turns()).toEqual([2, 1, 2]);
    k.devs[1]!.carrier = false;
    expect(turns()).toEqual([2, 2, 2]);
  });

  it('in balance-xor sends by the slave that both addresses and the type of the packet choose', () => {
    const { k, bond } = bonded('balance-xor');
    const last = (mac: string): number => Number.parseInt(mac.slice(-2), 16);
    const [four, six] = [flowTo(k), flowTo(k, { saddr: '2001:db8::1', daddr: '2001:db8::2' })];
    // 0x0800 is even, 0x86dd odd: with two slaves they go different ways.
    const even = (last(bond.mac) ^ last(otherEnd(k, bond))) % 2 === 0;
    const chosen = (): number[] => [four, six].map((flow) => bondSlaveFor(k, bond, flow));
    expect(chosen()).toEqual(even ? [1, 2] : [2, 1]);
    bond.mac = `02:00:00:00:00:${(last(bond.mac) ^ 1).toString(16).padStart(2, '0')}`;
    expect(chosen()).toEqual(even ? [2, 1] : [1, 2]);
  });

  it('without miimon does not notice that a link is lost', () => {
    const { k, bond } = bonded('active-backup', 0);
    dev_close(k, k.devs[1]!);
    dev_close(k, k.devs[2]!);
    expect(bond.links.bond!.active).toBe(1);
    expect(bond.carrier).toBe(true);
    const ad = bonded('802.3ad', 0);
    dev_close(ad.k, ad.k.devs[1]!);
    expect(ad.bond.links.bond!.active).toBe(2);
  });

  it('leaves what a backup receives to a socket that asked for exactly that device', () => {
    const { k } = bonded('active-backup');
    openPacket(k, 0, { dev: 2, protocol: 0x0800 });
    send(k, { daddr: '10.0.9.2', dev: 2 });
    expect(dropped(k, REASON.UNHANDLED_PROTO)).toBe(0);
    expect(dev_get_stats(k, k.devs[2]!).rx_nohandler).toBe(0);
    expect(k.ledger.consumed).toBe(10);
  });

  it('has the sum of what its slaves count', () => {
    const { k, bond } = bonded('active-backup');
    send(k, { daddr: '10.0.9.2' });
    send(k, { daddr: '10.0.9.2', dev: 2 });
    expect(dev_get_stats(k, bond).rx_packets).toBe(20);
  });

  it('takes no slave that is up', () => {
    const k = host();
    add(k, { name: 'bond0', kind: 'bond' });
    expect(do_set_master(k, k.devs[1]!, 'bond0')).toMatchObject({ ok: false, errno: 'EPERM' });
    expect(k.devs[1]!.links.master).toBe(-1);
  });
});
