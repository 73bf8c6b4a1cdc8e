import { describe, expect, it } from 'vitest';
import { hosts } from '../../src/hardware/hosts.ts';
import { boot } from '../../src/kernel/boot.ts';
import { dev_close, dev_set_promiscuity } from '../../src/kernel/dev.ts';
import { ethtool_set_features } from '../../src/kernel/ethtool_ops_features.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { REASON } from '../../src/kernel/reasons.ts';
import { rtnl_dellink, rtnl_newlink } from '../../src/kernel/rtnl_link.ts';
import { advance } from '../../src/kernel/run.ts';
import type { Kernel, NetDevice } from '../../src/kernel/state.ts';
import { startSource } from '../../src/kernel/traffic.ts';
import { dropped, ms } from '../kernel/hosts.ts';
import { add, VLAN10 } from '../kernel/stacked.ts';

function at(profile: string, name: string): { k: Kernel; dev: NetDevice } {
  const k = boot(hosts[profile]!, 1);
  return { k, dev: k.devs.find((one) => one.name === name)! };
}

/// Of ten frames with that tag, how many the NIC's filters keep out.
function kept(k: Kernel, dev: NetDevice, vlan = 10): number {
  const before = dropped(k, REASON.FILTER);
  startSource(k, { dev: k.devs.indexOf(dev), pps: 100_000, limit: 10, vlan, dport: 9 });
  advance(k, k.now + 5 * ms);
  checkLedger(k);
  return dropped(k, REASON.FILTER) - before;
}

const vlan = (link: string, id = 10) =>
  ({ name: `${link}.${id}`, kind: 'vlan', link, vlan: { ...VLAN10, id } }) as const;

describe('the VLAN filter of a NIC', () => {
  it.each([
    ['igb', 'eth0'],
    ['virtio', 'eth0'],
    ['mixed', 'eth0'],
    ['mixed', 'eth1'],
    ['ixgbe', 'eth0'],
    ['ice', 'eth0'],
    ['mlx5', 'eth0'],
  ])(
    '%s %s: keeps out every VLAN that has no device there, and counts nothing',
    (profile, name) => {
      const { k, dev } = at(profile, name);
      const hw = { ...dev.hw };
      expect(kept(k, dev)).toBe(10);
      expect(dev.hw).toEqual(hw);
      expect(rtnl_newlink(k, vlan(name))).toMatchObject({ ok: true });
      expect(kept(k, dev)).toBe(0);
      expect(kept(k, dev, 11)).toBe(10);
    },
  );

  it('lets a VLAN in whose device is down: membership is by device', () => {
    const { k, dev } = at('igb', 'eth0');
    dev_close(k, add(k, vlan('eth0')));
    expect(kept(k, dev)).toBe(0);
  });

  it('forgets a VLAN with its device', () => {
    const { k, dev } = at('igb', 'eth0');
    rtnl_dellink(k, add(k, vlan('eth0')));
    expect(kept(k, dev)).toBe(10);
  });

  it('is off in promiscuous mode', () => {
    const { k, dev } = at('igb', 'eth0');
    dev_set_promiscuity(k, dev, 1);
    expect(kept(k, dev)).toBe(0);
  });

  it('is off with rx-all where the driver says so, and not on ixgbe', () => {
    for (const [profile, name, left] of [
      ['igb', 'eth0', 0],
      ['mixed', 'eth1', 0],
      ['ixgbe', 'eth0', 10],
    ] as const) {
      const { k, dev } = at(profile, name);
      ethtool_set_features(k, dev, { 'rx-all': true });
      advance(k, 2_000 * ms);
      expect(kept(k, dev)).toBe(left);
    }
  });

  it('can be switched off on ixgbe, and is fixed on igb', () => {
    const { k, dev } = at('ixgbe', 'eth0');
    ethtool_set_features(k, dev, { 'rx-vlan-filter': false });
    expect(kept(k, dev)).toBe(0);
    const igb = at('igb', 'eth0');
    ethtool_set_features(igb.k, igb.dev, { 'rx-vlan-filter': false });
    expect(kept(igb.k, igb.dev)).toBe(10);
  });

  it('of e1000 is not at work before the first VLAN', () => {
    const { k, dev } = at('mixed', 'eth2');
    expect(kept(k, dev)).toBe(0);
    add(k, vlan('eth2', 12));
    expect(kept(k, dev)).toBe(10);
    expect(kept(k, dev, 12)).toBe(0);
  });

  it('of a bond’s port has the VLANs of the bond', () => {
    const { k, dev } = at('igb', 'eth0');
    add(k, { name: 'bond0', kind: 'bond', bond: 'active-backup' } as never);
    dev.links.master = k.devs.length - 1;
    expect(kept(k, dev)).toBe(10);
    add(k, vlan('bond0'));
    dev.links.master = k.devs.findIndex((one) => one.name === 'bond0');
    expect(kept(k, dev)).toBe(0);
  });
});
