/// Taps: packet sockets, their rings and fanout groups.
import { describe, expect, it } from 'vitest';
import {
  closePacket,
  joinFanout,
  openPacket,
  packet_recvmsg,
  packetStatistics,
} from '../../src/kernel/af_packet.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { FANOUT, PACKET_FANOUT_FLAG_ROLLOVER } from '../../src/kernel/packet_fanout.ts';
import { readableBlock, releaseBlock } from '../../src/kernel/packet_ring.ts';
import { nextTime, stepEvent } from '../../src/kernel/run.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { do_set_master } from '../../src/kernel/rtnl_link.ts';
import { addIngress } from '../../src/kernel/sch_ingress.ts';
import { FLAG_FRAG, FLAG_IPID, FLAG_MF, FLAG_VLAN } from '../../src/kernel/skb.ts';
import { arrive, flowTo, settle } from './frames.ts';
import { ETH0, eth0, host, ms, traffic } from './hosts.ts';
import { add } from './stacked.ts';

const RING = { block_size: 262_144, blocks: 8, retire_ms: 1000, reserve: 4 };

/// Runs until a time and checks the ledger at every event.
function run(k: Kernel, until: number): void {
  while (nextTime(k) <= until && stepEvent(k)) checkLedger(k);
  k.now = until;
}

function sink(): Kernel {
  return host({ apps: [{}] });
}

function send(k: Kernel, limit: number, pps = 100_000, flows = 4): void {
  traffic(k, { pps, limit, flows, dport: 9000 });
  run(k, k.now + Math.ceil((limit / pps) * 1e9) + ms);
}

describe('a packet socket', () => {
  it('gets a copy of every packet, and the application gets the packet', () => {
    const k = sink();
    const at = openPacket(k, 0, { dev: ETH0 });
    send(k, 10);
    expect(k.packet.socks[at]!.queue).toHaveLength(10);
    expect(k.mib.UdpInDatagrams).toBe(10);
  });

  it('sees nothing of a device that it is not bound to', () => {
    const k = sink();
    const at = openPacket(k, 0, { dev: 2 });
    expect(eth0(k).rx_hooks).toBe(0);
    send(k, 10);
    expect(k.packet.socks[at]!.tp_packets).toBe(0);
  });

  it('is charged the truesize of each copy and drops once its buffer is full', () => {
    const k = sink();
    const at = openPacket(k, 0, { dev: -1, rcvbuf: 2304 });
    send(k, 20);
    const po = k.packet.socks[at]!;
    const sk = k.socks[po.sock]!;
    const { truesize } = po.queue[0]!;
    expect(po.queue).toHaveLength(Math.ceil(2304 / truesize));
    expect(sk.rmem_alloc).toBe(po.queue.length * truesize);
    const kept = po.queue.length;
    expect(packetStatistics(po)).toMatchObject({ packets: 20, drops: 20 - kept });
    expect(packetStatistics(po)).toMatchObject({ packets: 0, drops: 0 });
    expect(packet_recvmsg(k, po)!.len).toBe(60);
    expect(sk.rmem_alloc).toBe((kept - 1) * truesize);
  });

  it('counts only what its filter lets through', () => {
    const k = sink();
    const filter = { op: 'port', dir: 'dst', low: 9001, high: 9001 } as const;
    const at = openPacket(k, 0, { dev: ETH0, filter });
    send(k, 10);
    expect(k.packet.socks[at]!.tp_packets).toBe(0);
  });

  it('takes for an IP broadcast what has all ones or zeros under the netmask of the device', () => {
    const k = sink();
    eth0(k).addrs = ['10.0.0.2/16'];
    const filter = { op: 'cast', level: 'ip', multicast: false } as const;
    const at = openPacket(k, 0, { dev: ETH0, filter });
    for (const daddr of ['10.0.0.255', '10.0.255.255', '10.0.0.0', '255.255.255.255'])
      arrive(k, flowTo(k, { daddr }));
    settle(k);
    const seen = k.packet.socks[at]!.queue.map((copy) => k.flows.daddr[copy.flow]);
    expect(seen.toSorted()).toEqual(['10.0.0.0', '10.0.255.255', '255.255.255.255']);
  });

  it('of one protocol is served at the dispatch', () => {
    const k = sink();
    const ip = openPacket(k, 0, { dev: -1, protocol: 0x0800 });
    const arp = openPacket(k, 0, { dev: -1, protocol: 0x0806 });
    send(k, 5);
    expect([ip, arp].map((at) => k.packet.socks[at]!.tp_packets)).toEqual([5, 0]);
  });

  it('leaves the path as cheap as before once it is closed', () => {
    const [plain, tapped] = [sink(), sink()];
    closePacket(tapped, openPacket(tapped, 0, { dev: ETH0, promisc: true }));
    expect(eth0(tapped)).toMatchObject({ rx_hooks: 0, promisc: 0 });
    for (const k of [plain, tapped]) send(k, 100);
    const softirq = (k: Kernel): number => k.cpus.reduce((sum, c) => sum + c.time.softirq, 0);
    expect(softirq(tapped)).toBe(softirq(plain));
  });

  it('costs CPU time on every packet while it is open', () => {
    const [plain, tapped] = [sink(), sink()];
    openPacket(tapped, 0, { dev: ETH0, ring: RING });
    for (const k of [plain, tapped]) send(k, 100);
    const softirq = (k: Kernel): number => k.cpus.reduce((sum, c) => sum + c.time.softirq, 0);
    expect(softirq(tapped)).toBeGreaterThan(softirq(plain) + 100 * 90);
  });
});

describe('the last of the taps', () => {
  const LLDP = 0x88cc;

  function unknown(k: Kernel): void {
    arrive(k, flowTo(k, { ethertype: LLDP }));
    settle(k);
    checkLedger(k);
  }

  it('takes a packet that no protocol wants, which is no drop then', () => {
    const [plain, tapped] = [sink(), sink()];
    openPacket(tapped, 0, { dev: ETH0 });
    for (const k of [plain, tapped]) unknown(k);
    expect([plain, tapped].map((k) => eth0(k).rx_dropped)).toEqual([1, 0]);
    expect(tapped.ledger.consumed).toBe(1);
  });

  it('has had its copy before tc, and the packet is dropped', () => {
    const k = sink();
    const at = openPacket(k, 0, { dev: ETH0 });
    addIngress(k, eth0(k), 'ingress');
    unknown(k);
    expect(k.packet.socks[at]!.tp_packets).toBe(1);
    expect(eth0(k).rx_dropped).toBe(1);
  });

  it('of one protocol takes it too, without the VLAN tag and as a packet for somebody else', () => {
    const k = sink();
    eth0(k).features['rx-vlan-filter'] = false;
    const at = openPacket(k, 0, { dev: ETH0, protocol: LLDP });
    arrive(k, flowTo(k, { ethertype: LLDP }), { flags: FLAG_VLAN, vlan_tci: 9, len: 64 });
    settle(k);
    expect(k.packet.socks[at]!.queue[0]).toMatchObject({ vlan_tci: 0, pkt_type: 3 });
    expect(eth0(k).rx_dropped).toBe(0);
  });

  it('of a port does not see what the bridge takes up', () => {
    const k = sink();
    add(k, { name: 'br0', kind: 'bridge' }, '10.0.0.2/24');
    do_set_master(k, eth0(k), 'br0');
    const [port, bridge] = [ETH0, k.devs.findIndex((dev) => dev.name === 'br0')].map((dev) =>
      openPacket(k, 0, { dev, protocol: 0x0800 }),
    );
    send(k, 5);
    expect([port, bridge].map((at) => k.packet.socks[at!]!.tp_packets)).toEqual([0, 5]);
  });
});

describe('a TPACKET_V3 ring', () => {
  it('hands a block over when the retire timer finds packets in it', () => {
    const k = sink();
    const ring = k.packet.socks[openPacket(k, 0, { dev: ETH0, ring: RING })]!.ring!;
    send(k, 10);
    expect(readableBlock(ring)).toBeNull();
    run(k, 1001 * ms);
    expect(readableBlock(ring)).toMatchObject({ timed_out: true });
    expect(readableBlock(ring)!.frames).toHaveLength(10);
  });

  it('keeps an empty block', () => {
    const k = sink();
    const ring = k.packet.socks[openPacket(k, 0, { dev: ETH0, ring: RING })]!.ring!;
    run(k, 5000 * ms);
    expect(ring).toMatchObject({ active: 0, freeze_q_cnt: 0 });
  });

  it('fills a block with as many frames as fit, each aligned to 8 bytes', () => {
    const k = sink();
    const at = openPacket(k, 0, { dev: ETH0, ring: { ...RING, block_size: 4096 } });
    send(k, 100);
    // 86 bytes before the frame of 60: 152 with alignment, behind a header of 48.
    const frames = k.packet.socks[at]!.ring!.blocks.map((block) => block.frames.length);
    expect(frames[0]).toBe(Math.floor((4096 - 48 - 1) / 152));
  });

  it('freezes and drops when the reader has every block, and thaws when it gives one back', () => {
    const k = sink();
    const at = openPacket(k, 0, { dev: ETH0, ring: { ...RING, block_size: 4096, blocks: 2 } });
    const po = k.packet.socks[at]!;
    send(k, 100);
    expect(po.ring).toMatchObject({ frozen: true, freeze_q_cnt: 1 });
    expect(po.tp_packets).toBe(52);
    expect(po.tp_drops).toBe(48);
    expect(k.socks[po.sock]!.drops).toBe(0);
    releaseBlock(po.ring!);
    send(k, 1);
    expect(po).toMatchObject({ tp_packets: 53, tp_drops: 48 });
    expect(po.ring!.frozen).toBe(false);
  });
});

describe('fanout', () => {
  function group(k: Kernel, type: number, flags = 0): number[] {
    const members = [0, 1, 2].map(() => openPacket(k, 0, { dev: ETH0, rcvbuf: 9216 }));
    for (const at of members) expect(joinFanout(k, at, 7, type, flags).ok).toBe(true);
    return members;
  }
  const counts = (k: Kernel, members: number[]): number[] =>
    members.map((at) => k.packet.socks[at]!.tp_packets);

  it('gives each packet to one member', () => {
    const k = sink();
    const members = group(k, FANOUT.lb);
    send(k, 6);
    expect(counts(k, members)).toEqual([2, 2, 2]);
    expect(k.packet.hooks).toHaveLength(1);
  });

  it('by hash keeps a flow with one member', () => {
    const k = sink();
    const members = group(k, FANOUT.hash);
    send(k, 4, 100_000, 1);
    expect(counts(k, members).toSorted()).toEqual([0, 0, 4]);
  });

  it('by hash knows no ports of fragments: all between two hosts go to one member', () => {
    const k = sink();
    const members = group(k, FANOUT.hash);
    const flags = FLAG_FRAG | FLAG_IPID | FLAG_MF;
    for (let sport = 1; sport <= 4; sport++)
      arrive(k, flowTo(k, { sport }), { flags, ipid: sport, frag_off: 0, payload: 24 });
    settle(k);
    expect(counts(k, members).toSorted()).toEqual([0, 0, 4]);
  });

  it('rolls over to the next member that has room', () => {
    const k = sink();
    const members = group(k, FANOUT.hash, PACKET_FANOUT_FLAG_ROLLOVER);
    send(k, 20, 100_000, 1);
    expect(counts(k, members).filter((n) => n > 0).length).toBeGreaterThan(1);
  });

  it('by queue takes one more than the number that the driver wrote down', () => {
    const k = sink();
    const members = group(k, FANOUT.qm);
    send(k, 4, 100_000, 1);
    const queue = k.flows.queue.at(-1)!;
    expect(counts(k, members)[(queue + 1) % 3]).toBe(4);
  });

  it('leaves a member alone until a read finds a quarter of its buffer free', () => {
    const k = sink();
    const [first] = group(k, FANOUT.rollover);
    send(k, 20, 100_000, 1);
    const po = k.packet.socks[first!]!;
    expect(po.pressure).toBe(true);
    packet_recvmsg(k, po);
    expect(po.pressure).toBe(true);
    while (packet_recvmsg(k, po));
    expect(po.pressure).toBe(false);
  });

  it('refuses an unknown mode before it looks whether the socket is in a group', () => {
    const k = sink();
    const [first] = group(k, FANOUT.lb);
    expect(joinFanout(k, first!, 7, 99)).toMatchObject({ errno: 'EINVAL' });
    expect(joinFanout(k, first!, 7, FANOUT.lb)).toMatchObject({ errno: 'EALREADY' });
  });

  it('refuses a member with another mode', () => {
    const k = sink();
    group(k, FANOUT.lb);
    const other = openPacket(k, 0, { dev: ETH0 });
    expect(joinFanout(k, other, 7, FANOUT.cpu)).toMatchObject({ ok: false, errno: 'EINVAL' });
  });
});
