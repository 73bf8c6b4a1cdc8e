/// Bridges: learning, forwarding, flooding, local delivery.
import { describe, expect, it } from 'vitest';
import { openPacket } from '../../src/kernel/af_packet.ts';
import { dev_get_stats } from '../../src/kernel/dev_stats.ts';
import { inet_insert_ifa } from '../../src/kernel/devinet.ts';
import { otherEnd } from '../../src/kernel/hardware_address.ts';
import { liveEntries } from '../../src/kernel/bridge/br_fdb.ts';
import { PACKET_OUTGOING } from '../../src/kernel/packet_types.ts';
import { do_set_master, rtnl_dellink } from '../../src/kernel/rtnl_link.ts';
import type { Kernel, NetDevice } from '../../src/kernel/state.ts';
import { FLAG_FOREIGN } from '../../src/kernel/skb.ts';
import { arrive, flowTo, settle } from './frames.ts';
import { dropped, eth0, host } from './hosts.ts';
import { REASON } from '../../src/kernel/reasons.ts';
import { add, processed, send } from './stacked.ts';

/// br0 over eth0 and eth1, with an address of its own.
function bridged(ports = 2): { k: Kernel; br: NetDevice } {
  const k = host({ apps: [{}] });
  const br = add(k, { name: 'br0', kind: 'bridge' });
  for (const dev of k.devs.slice(1, 1 + ports)) do_set_master(k, dev, 'br0');
  inet_insert_ifa(k, br, '10.0.9.2/24');
  return { k, br };
}

describe('a bridge', () => {
  it('hands up what is for its own address, counted again', () => {
    const { k, br } = bridged();
    send(k, { daddr: '10.0.9.2' });
    expect(k.mib.UdpInDatagrams).toBe(10);
    expect(dev_get_stats(k, br)).toMatchObject({ rx_packets: 10, rx_bytes: 10 * 46 });
    expect(processed(k)).toBe(20);
  });

  it('learns behind which port a sender is', () => {
    const { k, br } = bridged();
    send(k, { daddr: '10.0.9.2' });
    const learned = liveEntries(k, br.links.bridge!).filter((entry) => !entry.local);
    expect(learned).toMatchObject([{ mac: otherEnd(k, eth0(k)), port: 1 }]);
  });

  it('floods what is for an address that it does not know', () => {
    const { k } = bridged();
    send(k, { foreign: 1 });
    expect(k.ledger.forwarded).toBe(10);
    expect(k.devs[2]!.hw['tx_packets']).toBe(10);
    expect(k.mib.UdpInDatagrams).toBe(0);
  });

  it('floods to the port that joined last first', () => {
    const { k } = bridged();
    add(k, { name: 'dummy0', kind: 'dummy' });
    do_set_master(k, k.devs.at(-1)!, 'br0');
    const tap = openPacket(k, 0, { dev: -1 });
    arrive(k, flowTo(k), { flags: FLAG_FOREIGN });
    settle(k);
    const sent = k.packet.socks[tap]!.queue.filter((copy) => copy.pkt_type === PACKET_OUTGOING);
    expect(sent.map((copy) => k.devs[copy.dev]!.name)).toEqual(['dummy0', 'eth1']);
  });

  it('drops what it could only send back where it came from', () => {
    const { k } = bridged(1);
    send(k, { foreign: 1 });
    expect(dropped(k, REASON.NOT_SPECIFIED)).toBe(10);
  });

  it('forwards a frame that is four bytes longer than the MTU of the port, for a tag, but no more', () => {
    const { k } = bridged();
    k.devs[2]!.mtu = 1000;
    for (const len of [1018, 1019]) arrive(k, flowTo(k), { len, flags: FLAG_FOREIGN });
    settle(k);
    expect(k.ledger.forwarded).toBe(1);
    expect(dropped(k, REASON.NOT_SPECIFIED)).toBe(1);
  });

  it('forgets an address that was not seen for the ageing time', () => {
    const { k, br } = bridged();
    send(k, { daddr: '10.0.9.2' });
    k.now += 301e9;
    expect(liveEntries(k, br.links.bridge!).every((entry) => entry.local)).toBe(true);
  });

  it('without an ageing time learns nothing', () => {
    const { k, br } = bridged();
    br.links.bridge!.ageing_ns = 0;
    send(k, { daddr: '10.0.9.2' });
    br.links.bridge!.ageing_ns = 300e9;
    expect(liveEntries(k, br.links.bridge!).every((entry) => entry.local)).toBe(true);
  });

  it('has an entry for its own address until a port gives it another one, and no address without ports', () => {
    const { k, br } = bridged(0);
    const { fdb } = br.links.bridge!;
    expect(fdb).toMatchObject([{ mac: br.mac, port: k.devs.indexOf(br), local: true }]);
    const [first, second] = [k.devs[1]!, k.devs[2]!];
    second.mac = first.mac;
    for (const dev of [first, second]) do_set_master(k, dev, 'br0');
    const entry = (port: number): object[] => [{ mac: first.mac, port, local: true }];
    expect(br.links.bridge!.fdb).toMatchObject(entry(1));
    do_set_master(k, first, '');
    expect(br.links.bridge!.fdb).toMatchObject(entry(2));
    do_set_master(k, second, '');
    expect(br.links.bridge!.fdb).toEqual([]);
    expect(br.mac).toBe('00:00:00:00:00:00');
  });

  it('keeps an address that it was made with', () => {
    const k = host();
    const br = add(k, { name: 'br0', kind: 'bridge', mac: '02:00:00:00:00:77' });
    do_set_master(k, eth0(k), 'br0');
    expect(br.mac).toBe('02:00:00:00:00:77');
  });

  it('keeps its ports in promiscuous mode and lets them go with it', () => {
    const { k, br } = bridged();
    expect(eth0(k)).toMatchObject({ promisc: 1, rx_hooks: 32 });
    expect(br.mac).toBe(eth0(k).mac);
    rtnl_dellink(k, br);
    expect(eth0(k)).toMatchObject({ promisc: 0, rx_hooks: 0 });
    expect(eth0(k).links.master).toBe(-1);
  });

  it('tells the log about the states of a port', () => {
    const { k } = bridged(1);
    const states = k.dmesg.filter((line) => line.includes('br0: port 1(eth0)'));
    expect(states.map((line) => line.split('entered ')[1])).toEqual([
      ...['blocking state', 'disabled state', 'blocking state', 'forwarding state'],
    ]);
  });

  it('takes no bridge and no lo for a port', () => {
    const { k } = bridged();
    add(k, { name: 'br1', kind: 'bridge' });
    expect(do_set_master(k, k.devs.at(-1)!, 'br0')).toMatchObject({ errno: 'ELOOP' });
    expect(do_set_master(k, k.devs[0]!, 'br0')).toMatchObject({ errno: 'EINVAL' });
  });
});
