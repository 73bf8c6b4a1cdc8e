/// VLAN and macvlan devices: whose packet it is, by tag and by address.
import { describe, expect, it } from 'vitest';
import { dev_close, dev_open, dev_set_mtu } from '../../src/kernel/dev.ts';
import { closePacket, openPacket } from '../../src/kernel/af_packet.ts';
import { dev_set_promiscuity } from '../../src/kernel/promiscuity.ts';
import { dev_get_stats } from '../../src/kernel/dev_stats.ts';
import { REASON } from '../../src/kernel/reasons.ts';
import { rtnl_dellink, rtnl_newlink } from '../../src/kernel/rtnl_link.ts';
import { ETH0, dropped, eth0, host } from './hosts.ts';
import { add, named, processed, send, VLAN10 } from './stacked.ts';

const ETH0_10 = { name: 'eth0.10', kind: 'vlan', link: 'eth0', vlan: VLAN10 } as const;

describe('a VLAN device', () => {
  it('gets the packets with its id, without the tag', () => {
    const k = host({ apps: [{}] });
    const dev = add(k, ETH0_10, '10.0.10.2/24');
    send(k, { vlan: 10, daddr: '10.0.10.2' });
    expect(k.mib.UdpInDatagrams).toBe(10);
    expect(dev_get_stats(k, dev)).toMatchObject({ rx_packets: 10, rx_bytes: 10 * 46 });
    expect(dev_get_stats(k, eth0(k)).rx_packets).toBe(10);
  });

  it('makes every packet count twice as processed', () => {
    const k = host({ apps: [{}] });
    add(k, ETH0_10, '10.0.10.2/24');
    send(k, { vlan: 10, daddr: '10.0.10.2' });
    expect(processed(k)).toBe(20);
  });

  it('has the settings of default and the MTU and address of the device below', () => {
    const k = host();
    const dev = add(k, ETH0_10);
    expect(dev).toMatchObject({ mtu: 1500, mac: eth0(k).mac, carrier: true });
    expect(k.sysctl['net.ipv4.conf.eth0/10.rp_filter']).toBe(
      k.sysctl['net.ipv4.conf.default.rp_filter'],
    );
  });

  it('that does not exist leaves the frame to the filter of the NIC', () => {
    const k = host({ apps: [{}] });
    send(k, { vlan: 11, daddr: '10.0.0.2' });
    expect(dropped(k, REASON.FILTER)).toBe(10);
  });

  it('takes the NIC into promiscuous mode with it, and lets it go', () => {
    const k = host({ apps: [{}] });
    const dev = add(k, ETH0_10, '10.0.9.2/24');
    const at = openPacket(k, 0, { dev: k.devs.indexOf(dev), promisc: true });
    expect([dev.promisc, eth0(k).promisc, eth0(k).links.promisc_held]).toEqual([1, 1, 1]);
    expect(
      k.dmesg.slice(-2).map((line) => /(\S+): entered promiscuous mode/.exec(line)![1]),
    ).toEqual(['eth0.10', 'eth0']);
    closePacket(k, at);
    expect([dev.promisc, eth0(k).promisc, eth0(k).links.promisc_held]).toEqual([0, 0, 0]);
    dev_set_promiscuity(k, dev, 1);
    expect(rtnl_dellink(k, dev).ok).toBe(true);
    expect(eth0(k).promisc).toBe(0);
  });

  it('that does not exist makes the packet one for another host in promiscuous mode', () => {
    const k = host({ apps: [{}] });
    openPacket(k, 0, { dev: ETH0, promisc: true });
    send(k, { vlan: 11, daddr: '10.0.0.2' });
    expect(dropped(k, REASON.OTHERHOST)).toBe(10);
  });

  it('that is down ends its packets', () => {
    const k = host({ apps: [{}] });
    dev_close(k, add(k, ETH0_10, '10.0.10.2/24'));
    send(k, { vlan: 10, daddr: '10.0.10.2' });
    expect(dropped(k, REASON.NOT_SPECIFIED)).toBe(10);
  });

  it('has no discipline before it first comes up, and no MTU above that of the device below', () => {
    const k = host();
    rtnl_newlink(k, ETH0_10);
    const dev = named(k, 'eth0.10');
    expect(dev.qdisc.kind).toBe('noop');
    expect(dev_set_mtu(k, dev, 1501)).toMatchObject({ errno: 'ERANGE' });
    dev_open(k, dev);
    expect(dev.qdisc.kind).toBe('noqueue');
    dev_set_mtu(k, eth0(k), 1400);
    expect(dev.mtu).toBe(1400);
  });

  it('goes down with the device below it', () => {
    const k = host();
    const dev = add(k, ETH0_10);
    dev_close(k, eth0(k));
    expect(dev.up).toBe(false);
  });

  it('is shown to a tap on the device below with its tag, and to one on itself without', () => {
    const k = host({ apps: [{}] });
    add(k, ETH0_10, '10.0.10.2/24');
    const below = openPacket(k, 0, { dev: ETH0 });
    const own = openPacket(k, 0, { dev: k.devs.length - 1 });
    send(k, { vlan: 10, daddr: '10.0.10.2', limit: 1 });
    const tags = [below, own].map((at) => k.packet.socks[at]!.queue.map((one) => one.vlan_tci));
    expect(tags).toEqual([[10], [0]]);
  });

  it('is refused as the kernel refuses it', () => {
    const k = host();
    add(k, ETH0_10);
    const again = { ...ETH0_10, name: 'again' };
    expect(rtnl_newlink(k, again)).toMatchObject({
      errno: 'EEXIST',
      extack: 'VLAN device already exists',
    });
    const wide = { ...ETH0_10, name: 'wide', vlan: { ...VLAN10, id: 4095 } };
    expect(rtnl_newlink(k, wide)).toMatchObject({ errno: 'ERANGE', extack: 'Invalid VLAN id' });
    expect(k.devs.filter((dev) => dev.links.kind === 'vlan')).toHaveLength(1);
  });

  it('goes with everything that named it', () => {
    const k = host({ apps: [{}] });
    add(k, ETH0_10, '10.0.10.2/24');
    add(k, { name: 'mv0', kind: 'macvlan', link: 'eth1', macvlan: 'bridge' }, '10.0.1.9/24');
    expect(rtnl_dellink(k, named(k, 'eth0.10')).ok).toBe(true);
    expect(eth0(k)).toMatchObject({ rx_hooks: 0 });
    expect(k.devs[2]!.links.macvlans).toEqual([k.devs.indexOf(named(k, 'mv0'))]);
    expect(Object.keys(k.sysctl).filter((key) => key.includes('eth0/10'))).toEqual([]);
    send(k, {});
    expect(k.mib.UdpInDatagrams).toBe(10);
  });
});

describe('a macvlan', () => {
  it('gets what is sent to its own address, and the NIC the rest', () => {
    const k = host({ apps: [{}] });
    const dev = add(
      k,
      { name: 'mv0', kind: 'macvlan', link: 'eth0', macvlan: 'bridge' },
      '10.0.0.9/24',
    );
    send(k, { daddr: '10.0.0.9' });
    send(k, { daddr: '10.0.0.2' });
    expect(dev_get_stats(k, dev)).toMatchObject({ rx_packets: 10, rx_bytes: 10 * 60 });
    expect(k.mib.UdpInDatagrams).toBe(20);
    expect(processed(k)).toBe(30);
  });

  it('in passthru mode gets everything', () => {
    const k = host({ apps: [{}] });
    const dev = add(k, { name: 'mv0', kind: 'macvlan', link: 'eth0', macvlan: 'passthru' });
    send(k, { daddr: '10.0.0.2' });
    expect(dev_get_stats(k, dev).rx_packets).toBe(10);
    expect(eth0(k).promisc).toBe(1);
  });
});
