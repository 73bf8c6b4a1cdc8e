/// tc ingress: filters and actions on the way in.
import { describe, expect, it } from 'vitest';
import { psched_l2t_ns } from '../../src/kernel/act_police.ts';
import { addAction, type NewAction } from '../../src/kernel/act_api.ts';
import { tc_del_tfilter, tc_new_tfilter, type FilterRequest } from '../../src/kernel/cls_api.ts';
import { otherEnd } from '../../src/kernel/hardware_address.ts';
import { reciprocalScale } from '../../src/kernel/hash.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { net_enable_timestamp } from '../../src/kernel/net_timestamp.ts';
import { REASON } from '../../src/kernel/reasons.ts';
import { nextTime, stepEvent } from '../../src/kernel/run.ts';
import { addIngress, deleteIngress } from '../../src/kernel/sch_ingress.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { TC_ACT, type TcActionSpec } from '../../src/kernel/tc/types.ts';
import { filterLines } from '../../src/shell/tc/filter.ts';
import { openPacket } from '../../src/kernel/af_packet.ts';
import { FLAG_FRAG, FLAG_IPID, FLAG_MF, FLAG_REDIRECTED, FLAG_VLAN } from '../../src/kernel/skb.ts';
import { arrive, flowTo, settle } from './frames.ts';
import { dropped, ETH0, eth0, host, ms, traffic } from './hosts.ts';
import { attach } from './xdp_hosts.ts';

function gact(control: number): NewAction {
  return { kind: 'gact', spec: { kind: 'gact' }, index: 0, control };
}

function action(spec: TcActionSpec, control: number): NewAction {
  return { kind: spec.kind, spec, index: 0, control };
}

const BASE: FilterRequest = {
  ...{ ingress: true, create: true, exclusive: true, chain: 0, prio: 0, protocol: 0x0800 },
  ...{
    kind: 'matchall',
    handle: 0,
    classid: 0,
    match: { kind: 'matchall' },
    skip_hw: false,
    actions: [],
  },
};

function filter(k: Kernel, request: Partial<FilterRequest>): ReturnType<typeof tc_new_tfilter> {
  return tc_new_tfilter(k, eth0(k), { ...BASE, ...request });
}

function ready(): Kernel {
  const k = host({ apps: [{}, {}] });
  addIngress(k, eth0(k), 'ingress');
  return k;
}

function send(k: Kernel, limit: number, dport = 9000, pps = 100_000): void {
  traffic(k, { pps, limit, flows: 4, dport });
  const until = k.now + (limit / pps) * 1e9 + 5 * ms;
  while (nextTime(k) <= until && stepEvent(k)) checkLedger(k);
  k.now = until;
}

describe('tc ingress', () => {
  it('drops with the reason TC_INGRESS what a filter says to drop', () => {
    const k = ready();
    const key = { eth_type: 0x0800, ip_proto: 17, dst_port: { low: 9000, high: 9000 } };
    filter(k, { kind: 'flower', match: { kind: 'flower', key }, actions: [gact(TC_ACT.SHOT)] });
    send(k, 7, 9000);
    send(k, 3, 9001);
    expect(dropped(k, REASON.TC_INGRESS)).toBe(7);
    expect(k.mib.UdpInDatagrams).toBe(3);
    expect(eth0(k).ingress!.ingress).toMatchObject({ packets: 10, drops: 7, bytes: 10 * 46 });
    expect(k.tc.actions[0]).toMatchObject({ packets: 7, drops: 7, bytes: 7 * 46 });
  });

  it('asks the lower priority number first, and stops at the first that decides', () => {
    const k = ready();
    filter(k, { prio: 20, actions: [gact(TC_ACT.SHOT)] });
    filter(k, { prio: 10, actions: [gact(TC_ACT.OK)] });
    send(k, 4);
    expect(k.mib.UdpInDatagrams).toBe(4);
    expect(k.tc.actions.map((one) => one.packets)).toEqual([0, 4]);
  });

  it('goes on to the next filter after continue', () => {
    const k = ready();
    filter(k, { prio: 10, actions: [gact(TC_ACT.UNSPEC)] });
    filter(k, { prio: 20, actions: [gact(TC_ACT.SHOT)] });
    send(k, 4);
    expect(dropped(k, REASON.TC_INGRESS)).toBe(4);
  });

  it('numbers priorities down from 49152', () => {
    const k = ready();
    filter(k, { actions: [gact(TC_ACT.OK)] });
    filter(k, { actions: [gact(TC_ACT.OK)] });
    const prios = eth0(k).ingress!.ingress.chains[0]!.protos.map((tp) => tp.prio);
    expect(prios).toEqual([49_151, 49_152]);
  });

  it('goes to another chain', () => {
    const k = ready();
    filter(k, { chain: 5, actions: [gact(TC_ACT.SHOT)] });
    filter(k, { actions: [gact(TC_ACT.GOTO_CHAIN | 5)] });
    send(k, 2);
    expect(dropped(k, REASON.TC_INGRESS)).toBe(2);
  });

  it('matches header bytes with u32', () => {
    const k = ready();
    // dport 9000 at bytes 22 and 23 of an IPv4 header without options
    const keys = [{ val: 9000, mask: 0xffff, off: 20, nexthdr: false }];
    filter(k, { kind: 'u32', match: { kind: 'u32', keys }, actions: [gact(TC_ACT.SHOT)] });
    send(k, 2, 9001);
    send(k, 3, 9000);
    expect(dropped(k, REASON.TC_INGRESS)).toBe(3);
    expect(eth0(k).ingress!.ingress.chains[0]!.protos[0]!.filters[0]).toMatchObject({
      pcnt: 5,
      hits: 3,
    });
  });

  it('looks with u32 into the Ethernet header at offsets below 0', () => {
    const k = ready();
    const sender = otherEnd(k, eth0(k)).split(':');
    const val = Number.parseInt(sender.slice(2).join(''), 16);
    const keys = [{ val, mask: 0xffff_ffff, off: -6, nexthdr: false }];
    filter(k, { kind: 'u32', match: { kind: 'u32', keys }, actions: [gact(TC_ACT.SHOT)] });
    send(k, 2);
    expect(dropped(k, REASON.TC_INGRESS)).toBe(2);
  });

  it('counts nexthdr from the IP header, where no table before has said how long that is', () => {
    const k = ready();
    // 46 at bytes 2 and 3 is the length of the packet; 9000 would be the port.
    const keys = [{ val: 46, mask: 0xffff, off: 0, nexthdr: true }];
    filter(k, { kind: 'u32', match: { kind: 'u32', keys }, actions: [gact(TC_ACT.SHOT)] });
    send(k, 2);
    expect(dropped(k, REASON.TC_INGRESS)).toBe(2);
  });

  it('polices with the bucket of act_police: a burst passes, then the rate', () => {
    const k = ready();
    const spec = {
      kind: 'police',
      rate: 46_000,
      burst: 460,
      mtu: 2040,
      peakrate: 0,
      overhead: 0,
      exceed: TC_ACT.SHOT,
      conform: TC_ACT.OK,
    } as const;
    filter(k, { actions: [action(spec, TC_ACT.SHOT)] });
    send(k, 50, 9000, 1_000_000);
    expect(k.mib.UdpInDatagrams).toBe(10);
    expect(k.tc.actions[0]).toMatchObject({ overlimits: 40, drops: 40 });
    // 46 bytes take a millisecond at 46000 bytes a second
    send(k, 20, 9000, 100);
    expect(k.mib.UdpInDatagrams).toBe(30);
  });

  it('turns a length into the time that the kernel works out', () => {
    // 1500 bytes at 125000 bytes a second: 12 ms
    expect(psched_l2t_ns(125_000, 0, 1500)).toBe(12_000_000);
  });

  it('redirects to another device, where the packet leaves the host', () => {
    const k = ready();
    const to = {
      kind: 'mirred',
      redirect: true,
      ingress: false,
      ifindex: k.devs[2]!.ifindex,
    } as const;
    filter(k, { actions: [action(to, TC_ACT.STOLEN)] });
    send(k, 5);
    expect(k.ledger.forwarded).toBe(5);
    expect(k.devs[2]!.hw['tx_packets']).toBe(5);
    expect(k.mib.UdpInDatagrams).toBe(0);
  });

  it('mirrors: the packet goes on', () => {
    const k = ready();
    const to = {
      kind: 'mirred',
      redirect: false,
      ingress: false,
      ifindex: k.devs[2]!.ifindex,
    } as const;
    filter(k, { actions: [action(to, TC_ACT.PIPE)] });
    send(k, 5);
    expect(k.devs[2]!.hw['tx_packets']).toBe(5);
    expect(k.mib.UdpInDatagrams).toBe(5);
  });

  it('redirected to the ingress of another device, the packet counts there again', () => {
    const [plain, k] = [ready(), ready()];
    const to = {
      kind: 'mirred',
      redirect: true,
      ingress: true,
      ifindex: k.devs[2]!.ifindex,
    } as const;
    filter(k, { actions: [action(to, TC_ACT.STOLEN)] });
    for (const one of [plain, k]) send(one, 5);
    const processed = (one: Kernel): number => one.cpus.reduce((sum, c) => sum + c.processed, 0);
    expect(processed(k)).toBe(processed(plain) + 5);
    expect(k.mib.UdpInDatagrams).toBe(5);
  });

  it('redirected to the ingress of another device, generic XDP there leaves it alone', () => {
    const k = ready();
    const second = k.devs[2]!;
    const to = { kind: 'mirred', redirect: true, ingress: true, ifindex: second.ifindex } as const;
    attach(k, second, 'drop', 'skb');
    send(k, 2); // the filter is not there yet
    filter(k, { actions: [action(to, TC_ACT.STOLEN)] });
    send(k, 5);
    expect(k.mib.UdpInDatagrams).toBe(7);
    expect(k.skbs.flags.every((flags) => (flags & FLAG_REDIRECTED) === 0)).toBe(true);
    arrive(k, flowTo(k, { dev: 2 }), {}, 2);
    settle(k);
    expect(k.mib.UdpInDatagrams).toBe(7);
    // A copy is no redirected packet.
    const mirror = ready();
    attach(mirror, mirror.devs[2]!, 'drop', 'skb');
    filter(mirror, { actions: [action({ ...to, redirect: false }, TC_ACT.PIPE)] });
    send(mirror, 5);
    expect(mirror.mib.UdpInDatagrams).toBe(5);
    expect(mirror.ledger.offered).toBe(10);
  });

  it('redirected to the ingress of another device, a packet is stamped there anew', () => {
    const k = ready();
    net_enable_timestamp(k);
    const to = { kind: 'mirred', redirect: true, ingress: true, ifindex: 3 } as const;
    filter(k, { actions: [action(to, TC_ACT.STOLEN)] });
    const [first, second] = [openPacket(k, 0, { dev: 1 }), openPacket(k, 0, { dev: 2 })];
    send(k, 1);
    const stamps = [first, second].map((at) => k.packet.socks[at]!.queue[0]!.at);
    expect(stamps[1]).toBeGreaterThan(stamps[0]!);
  });

  it('takes no queue from skbedit, unless the action was made before: then the number below it', () => {
    const k = ready();
    const edit = { kind: 'skbedit', mark: null, priority: null, queue: 3, ptype: null } as const;
    expect(filter(k, { actions: [gact(TC_ACT.PIPE), action(edit, TC_ACT.PIPE)] })).toMatchObject({
      errno: 'EOPNOTSUPP',
      extack: 'act_skbedit: "queue_mapping" option on receive side is hardware only, use skip_sw',
    });
    expect([k.tc.actions.length, eth0(k).ingress!.ingress.chains.length]).toEqual([0, 0]);
    let [byHash, byQueue] = [-1, -1];
    const left = (queue: number): number => {
      const one = ready();
      const tap = openPacket(one, 0, { dev: ETH0 });
      const to = { kind: 'mirred', redirect: true, ingress: false, ifindex: 3 } as const;
      addAction(one, { ...action({ ...edit, queue }, TC_ACT.PIPE), index: 1 });
      const known = { kind: 'skbedit', spec: null, index: 1, control: TC_ACT.PIPE } as const;
      const actions = [known, action(to, TC_ACT.STOLEN)];
      expect(filter(one, { actions }).ok).toBe(true);
      send(one, 1);
      byQueue = eth0(one).rx.findIndex((q) => q.packets === 1);
      const { flow } = one.packet.socks[tap]!.queue[0]!;
      byHash = reciprocalScale(one.flows.hash[flow]!, 8);
      return one.devs[2]!.tx.findIndex((q) => q.packets === 1);
    };
    expect([left(3), left(7)]).toEqual([2, 6]);
    // 0: no receive queue is recorded; 8: there is no such queue, and the packet's own stays.
    expect(left(0)).toBe(byHash);
    expect(left(8)).toBe(byQueue);
  });

  it('mirrored to the ingress of another device, a copy that comes in there is a packet of its own', () => {
    const k = ready();
    const to = {
      kind: 'mirred',
      redirect: false,
      ingress: true,
      ifindex: k.devs[2]!.ifindex,
    } as const;
    filter(k, { actions: [action(to, TC_ACT.PIPE)] });
    send(k, 5);
    expect(k.ledger.offered).toBe(10);
    expect(k.mib.UdpInDatagrams).toBe(10);
  });

  it('lets a packet go round three times, not for ever', () => {
    const again = (redirect: boolean): Kernel => {
      const k = ready();
      const { ifindex } = eth0(k);
      const to = { kind: 'mirred', redirect, ingress: true, ifindex } as const;
      filter(k, { actions: [action(to, redirect ? TC_ACT.STOLEN : TC_ACT.PIPE)] });
      send(k, 1);
      expect(dropped(k, REASON.TC_INGRESS)).toBe(1);
      expect(k.tc.actions[0]!.packets).toBe(3);
      expect(k.dmesg.at(-1)).toMatch(/ Packet exceeded mirred recursion limit on dev eth0$/);
      return k;
    };
    expect(again(true).mib.UdpInDatagrams).toBe(0);
    // The packet and two copies; the third copy is one too many.
    expect(again(false).mib.UdpInDatagrams).toBe(3);
  });

  it('changes the id of a tag and leaves it its priority, unless one is given', () => {
    for (const [prio, left] of [
      [-1, 5],
      [0, 0],
    ] as const) {
      const k = ready();
      eth0(k).features['rx-vlan-filter'] = false;
      const at = openPacket(k, 0, { dev: ETH0 });
      const spec = { kind: 'vlan', action: 'modify', id: 20, prio } as const;
      const { ifindex } = eth0(k);
      const to = { kind: 'mirred', redirect: false, ingress: true, ifindex } as const;
      const actions = [action(spec, TC_ACT.PIPE), action(to, TC_ACT.OK)];
      filter(k, { prio: 9, protocol: 0x8100, actions });
      arrive(k, flowTo(k), { flags: FLAG_VLAN, vlan_tci: (5 << 13) | 10, len: 64 });
      settle(k);
      expect(k.packet.socks[at]!.queue[1]!.vlan_tci).toBe((left << 13) | 20);
    }
  });

  it('sets the mark', () => {
    const k = ready();
    const mark = { value: 7, mask: 0xffff_ffff };
    const edit = { kind: 'skbedit', mark, priority: null, queue: null, ptype: null } as const;
    filter(k, { prio: 1, actions: [action(edit, TC_ACT.UNSPEC)] });
    filter(k, {
      ...{ prio: 2, kind: 'fw', handle: 7, match: { kind: 'fw', mark: 7, mask: 0xffff_ffff } },
      actions: [gact(TC_ACT.SHOT)],
    });
    send(k, 3);
    expect(dropped(k, REASON.TC_INGRESS)).toBe(3);
  });

  it('refuses what the kernel refuses, and changes nothing', () => {
    const k = host();
    expect(filter(k, {})).toMatchObject({ ok: false, extack: "Parent Qdisc doesn't exists" });
    addIngress(k, eth0(k), 'clsact');
    expect(addIngress(k, eth0(k), 'ingress')).toMatchObject({ ok: false, errno: 'EEXIST' });
    filter(k, { prio: 5, actions: [gact(TC_ACT.OK)] });
    expect(filter(k, { prio: 5, kind: 'u32', match: { kind: 'u32', keys: [] } })).toMatchObject({
      extack: 'Specified filter kind does not match existing one',
    });
    expect(filter(k, { prio: 5, create: false, handle: 9 })).toMatchObject({ errno: 'ENOENT' });
    const named = { ingress: true, chain: 0, prio: 6, protocol: 0, kind: '', handle: 0 };
    expect(tc_del_tfilter(k, eth0(k), named)).toMatchObject({
      extack: 'Filter with specified priority/protocol not found',
    });
    expect(k.tc.actions).toHaveLength(1);
  });

  it('numbers from 49152 on, whatever lower priority somebody has given', () => {
    const k = ready();
    filter(k, { prio: 10, actions: [gact(TC_ACT.OK)] });
    filter(k, { actions: [gact(TC_ACT.OK)] });
    filter(k, { actions: [gact(TC_ACT.OK)] });
    const prios = eth0(k).ingress!.ingress.chains[0]!.protos.map((tp) => tp.prio);
    expect(prios).toEqual([10, 49_151, 49_152]);
    filter(k, { prio: 0x8000, actions: [gact(TC_ACT.OK)] });
    expect(filter(k, { actions: [gact(TC_ACT.OK)] })).toMatchObject({ errno: 'EINVAL' });
  });

  it('lets a packet pass that is sent to a chain without filters', () => {
    const k = ready();
    filter(k, { actions: [gact(TC_ACT.GOTO_CHAIN | 7)] });
    send(k, 4);
    expect(k.mib.UdpInDatagrams).toBe(4);
  });

  it('counts a jump from the first action on', () => {
    const k = ready();
    filter(k, { actions: [gact(TC_ACT.JUMP | 1), gact(TC_ACT.SHOT), gact(TC_ACT.OK)] });
    send(k, 3);
    expect(k.tc.actions.map((one) => one.packets)).toEqual([3, 3, 0]);
    expect(dropped(k, REASON.TC_INGRESS)).toBe(3);
  });

  it('gives up a packet that is classified again for ever, and says so', () => {
    const k = ready();
    filter(k, { actions: [gact(TC_ACT.RECLASSIFY)] });
    send(k, 1);
    expect(dropped(k, REASON.TC_INGRESS)).toBe(1);
    expect(k.tc.actions[0]!.packets).toBe(17);
    expect(k.dmesg.at(-1)).toMatch(/ 0: reclassify loop, rule prio 0, protocol 800$/);
  });

  it('polices a frame against the MTU with its Ethernet header', () => {
    for (const [mtu, passed] of [
      [59, 0],
      [60, 5],
    ] as const) {
      const k = ready();
      const limits = { rate: 1_000_000, burst: 10_000, mtu, peakrate: 0, overhead: 0 };
      const spec = { kind: 'police', ...limits, exceed: TC_ACT.SHOT, conform: TC_ACT.OK } as const;
      filter(k, { actions: [action(spec, TC_ACT.SHOT)] });
      send(k, 5);
      expect(k.mib.UdpInDatagrams).toBe(passed);
    }
  });

  it('asks flower filters mask by mask, and lists them by handle', () => {
    const k = ready();
    const port = { low: 9000, high: 9000 };
    const base = { prio: 1, kind: 'flower' } as const;
    const keys = [{ ip_proto: 6 }, { dst_port: port }, { ip_proto: 17 }];
    keys.forEach((key, i) =>
      filter(k, {
        ...{ ...base, match: { kind: 'flower', key } },
        actions: [gact(i === 1 ? TC_ACT.SHOT : TC_ACT.OK)],
      }),
    );
    send(k, 3);
    // The third shares its mask with the first, which came before the second.
    expect(k.tc.actions.map((one) => one.packets)).toEqual([0, 0, 3]);
    const lines = filterLines(k, eth0(k).ingress!.ingress, { prio: 0, protocol: 0 }, false);
    const handles = lines.flatMap((line) => /handle (\S+)/.exec(line)?.[1] ?? []);
    expect(handles).toEqual(['0x1', '0x2', '0x3']);
  });

  it('does not see the ports of a fragment with flower, the first one included', () => {
    const k = ready();
    const key = { eth_type: 0x0800, ip_proto: 17, dst_port: { low: 9000, high: 9000 } };
    filter(k, { kind: 'flower', match: { kind: 'flower', key }, actions: [gact(TC_ACT.SHOT)] });
    const flags = FLAG_IPID | FLAG_FRAG | FLAG_MF;
    arrive(k, flowTo(k), { flags, ipid: 1, frag_off: 0, payload: 24 });
    settle(k);
    expect(k.mib.IpReasmReqds).toBe(1);
    arrive(k, flowTo(k));
    settle(k);
    expect(dropped(k, REASON.TC_INGRESS)).toBe(1);
  });

  it("does not change matchall's one filter", () => {
    const k = ready();
    filter(k, { prio: 5, actions: [gact(TC_ACT.OK)] });
    const again = { prio: 5, handle: 1, exclusive: false, actions: [gact(TC_ACT.SHOT)] };
    expect(filter(k, again)).toMatchObject({ ok: false, errno: 'EEXIST' });
    expect(k.tc.actions.map((one) => one.control)).toEqual([TC_ACT.OK]);
  });

  it('takes its filters and their actions along when it goes', () => {
    const k = ready();
    filter(k, { actions: [gact(TC_ACT.SHOT)] });
    expect(deleteIngress(k, eth0(k), 'ingress').ok).toBe(true);
    expect(k.tc.actions).toHaveLength(0);
    expect(eth0(k).rx_hooks).toBe(0);
  });
});
