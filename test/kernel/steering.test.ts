import { describe, expect, it } from 'vitest';
import { ixgbeNtuple } from '../../src/hardware/ixgbe_ntuple.ts';
import { offlineCpu } from '../../src/kernel/cpu_hotplug.ts';
import { dev_close, dev_open, dev_set_threaded } from '../../src/kernel/dev.ts';
import { ethtool_set_rxnfc, insertRule } from '../../src/kernel/ethtool_ops_rss.ts';
import { addFlow } from '../../src/kernel/flows.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { setQueues } from '../../src/kernel/nic.ts';
import { REASON } from '../../src/kernel/reasons.ts';
import { setRpsCpus } from '../../src/kernel/rps.ts';
import { rssQueue } from '../../src/kernel/rss.ts';
import { wholeFilter } from '../../src/kernel/rxnfc_program.ts';
import { advance } from '../../src/kernel/run.ts';
import { FLAG_FRAG } from '../../src/kernel/skb.ts';
import type { Kernel, NtupleRule } from '../../src/kernel/state.ts';
import { writeSysctl } from '../../src/kernel/sysctl.ts';
import { parseRule, ruleLines } from '../../src/shell/ethtool/nfc_rules.ts';
import { dropped, ETH0, eth0, hashPorts, host, ms, traffic } from './hosts.ts';

const total = (k: Kernel, of: (c: Kernel['cpus'][number]) => number): number =>
  k.cpus.reduce((sum, c) => sum + of(c), 0);

describe('steering', () => {
  it('keeps all UDP flows of one pair of hosts on one queue until ports are hashed', () => {
    const queues = (ports: boolean): number => {
      const k = host({ apps: [{}] });
      if (ports) hashPorts(k);
      traffic(k, { pps: 100_000, limit: 500, flows: 64 });
      advance(k, 20 * ms);
      return eth0(k).rx.filter((q) => q.packets > 0).length;
    };
    expect(queues(false)).toBe(1);
    expect(queues(true)).toBe(8);
  });

  it('spreads packets over the CPUs of rps_cpus with IPIs', () => {
    const k = host({ queues: 1, apps: [{}] });
    setRpsCpus(k, eth0(k).rx[0]!, [0x3c]);
    traffic(k, { pps: 200_000, limit: 5000, flows: 64 });
    advance(k, 50 * ms);
    checkLedger(k);
    expect(k.cpus.map((c) => c.processed > 0)).toEqual([
      ...[false, false, true, true, true, true, false, false],
    ]);
    expect(total(k, (c) => c.received_rps)).toBe(k.rps_ipis.reduce((a, b) => a + b));
    expect(k.cpus[3]!.received_rps).toBeGreaterThan(0);
    expect(k.ledger.delivered).toBe(5000);
  });

  it('drops at the backlog when it is full', () => {
    const k = host({ queues: 1, speed_mbps: 10_000 });
    k.hot.netdev_max_backlog = 10;
    setRpsCpus(k, eth0(k).rx[0]!, [0x04]);
    traffic(k, { pps: 6_000_000, limit: 20_000, flows: 1, dport: 9 });
    advance(k, 100 * ms);
    checkLedger(k);
    expect(k.cpus[2]!.dropped).toBeGreaterThan(0);
    expect(dropped(k, REASON.CPU_BACKLOG)).toBe(k.cpus[2]!.dropped);
    expect(eth0(k).rx_dropped).toBe(k.cpus[2]!.dropped);
  });

  it('polls in a kernel thread when the device is threaded', () => {
    const k = host({ queues: 1, apps: [{}] });
    dev_set_threaded(k, eth0(k), true);
    traffic(k, { pps: 100_000, limit: 1000 });
    advance(k, 50 * ms);
    checkLedger(k);
    expect(k.ledger.delivered).toBe(1000);
    const thread = k.tasks.find((task) => task.kind === 'napi')!;
    expect(thread.comm).toBe('napi/eth0-8193');
    expect(thread.runtime).toBeGreaterThan(400_000);
    expect(total(k, (c) => c.softirqs[3]!)).toBe(0);
  });
});

describe('net.core.rps_default_mask', () => {
  it('is the rps_cpus of queues that come later, without CPUs that are offline', () => {
    const k = host({ queues: 2 });
    expect(writeSysctl(k, 'net.core.rps_default_mask', 'c').ok).toBe(true);
    offlineCpu(k, k.cpus[3]!);
    setQueues(k, eth0(k), 4);
    expect(eth0(k).rx.map((q) => q.rps_map)).toEqual([[], [], [2], [2]]);
    expect(k.rps_needed).toBe(2);
  });
});

describe('rules for single flows', () => {
  const rule = (words: string): NtupleRule => {
    const typed = parseRule(words.split(' '));
    if ('text' in typed) throw new Error(typed.text);
    return typed.rule;
  };

  const queues = (k: Kernel): number[] => eth0(k).rx.map((q) => q.packets);

  it('send what they match to a queue, past the indirection table', () => {
    const k = host({ apps: [{}, {}] });
    eth0(k).filters = [rule('udp4 dst-port 9001 action 6')].map(wholeFilter);
    traffic(k, { pps: 10_000, limit: 50, dport: 9001 });
    traffic(k, { pps: 10_000, limit: 50, dport: 9000 });
    advance(k, 10 * ms);
    expect(queues(k)[6]).toBe(50);
    expect(queues(k).reduce((a, b) => a + b)).toBe(100);
  });

  it('match by masks, addresses and kind, the lowest location first', () => {
    const k = host();
    const flow = (spec: object): number =>
      addFlow(k, {
        ...{ dev: ETH0, saddr: '10.0.0.77', daddr: '10.0.0.2', sport: 5000, dport: 9000 },
        ...spec,
      });
    eth0(k).filters = [
      { ...rule('udp4 dst-port 9000 m 0xff action 3'), location: 0 },
      { ...rule('tcp4 src-ip 10.0.0.77 action -1'), location: 1 },
      { ...rule('ip4 src-ip 10.0.0.0 m 0.0.0.255 l4proto 17 action 5'), location: 2 },
    ].map(wholeFilter);
    const queue = (spec: object, flags = 0): number => rssQueue(k, eth0(k), flow(spec), flags);
    expect(queue({ dport: 8960 })).toBe(3); // 0x2300, of which 0x23 is compared
    expect(queue({ dport: 9216 })).toBe(5); // 0x2400
    expect(queue({ proto: 6 })).toBe(-1);
    expect(queue({}, FLAG_FRAG)).toBe(5); // a fragment has no ports
  });

  it('are refused by igb, and leave nothing behind', () => {
    const k = host();
    const answer = insertRule(k, eth0(k), rule('udp4 dst-port 9001 action 6'));
    expect(answer).toMatchObject({ ok: false, errno: 'EOPNOTSUPP' });
    expect(eth0(k).ntuple).toEqual([]);
  });

  it('of an 82599 need ntuple-filters, one mask for all, and a queue that is there', () => {
    const dev = { ...eth0(host()), features: { 'ntuple-filters': true } };
    const refusal = (words: string, location = 0): string | undefined =>
      ixgbeNtuple.refuse(dev, { ...rule(words), location })?.errno;
    expect(refusal('udp4 dst-port 53 action 7')).toBeUndefined();
    expect(refusal('udp4 dst-port 53 action -1')).toBeUndefined();
    expect(refusal('udp4 dst-port 53 action 8')).toBe('EINVAL');
    expect(refusal('udp4 dst-port 53 action 1', 2046)).toBe('EINVAL');
    expect(refusal('ip4 l4proto 1 action 1')).toBe('EINVAL');
    dev.ntuple = [rule('udp4 dst-port 53 action 1')];
    expect(refusal('tcp4 dst-port 80 action 2', 1)).toBeUndefined();
    expect(refusal('tcp4 src-port 80 action 2', 1)).toBe('EINVAL');
    dev.features['ntuple-filters'] = false;
    expect(refusal('udp4 dst-port 53 action 1')).toBe('EOPNOTSUPP');
  });

  it('are printed as a recorded host prints them', () => {
    expect(
      ruleLines({ ...rule('udp4 src-ip 10.0.2.2 src-port 53 action 1'), location: 1 }),
    ).toEqual([
      'Filter: 1',
      '\tRule Type: UDP over IPv4',
      '\tSrc IP addr: 10.0.2.2 mask: 0.0.0.0',
      '\tDest IP addr: 0.0.0.0 mask: 255.255.255.255',
      '\tTOS: 0x0 mask: 0xff',
      '\tSrc port: 53 mask: 0x0',
      '\tDest port: 0 mask: 0xffff',
      '\tAction: Direct to queue 1',
      '',
    ]);
  });

  it('with a word that the tool cannot read are not sent to the kernel', () => {
    const text = (words: string): string => {
      const typed = parseRule(words.split(' '));
      return 'text' in typed ? typed.text : '';
    };
    expect(text('carrier-pigeon action 1')).toBe('Add rule, invalid syntax');
    expect(text('udp4 colour 3')).toBe('Add rule, unrecognized option[colour]');
    expect(text('udp4 dst-port 65536')).toBe('Invalid dst-port value[65536]');
    expect(text('udp4 src-ip 10.0.0')).toBe('Invalid src-ip value[10.0.0]');
    expect(text('udp4 dst-port 1 dst-port 2')).toBe('Invalid dst-port value[2]');
    expect(text('udp4 dst-port 1 m')).toBe('Add rule, invalid syntax');
    expect(text('udp4 action 1 queue 2')).toBe('action and queue are not compatible');
  });
});

describe('receive-side scaling', () => {
  it('puts what is no IP into queue 0, and fragments where their addresses say', () => {
    const k = host();
    hashPorts(k);
    const spec = { dev: ETH0, saddr: '10.0.0.1', daddr: '10.0.0.2', sport: 1, dport: 2 };
    const arp = addFlow(k, { ...spec, ethertype: 0x0806 });
    expect(rssQueue(k, eth0(k), arp)).toBe(0);
    const of = (sport: number, flags: number): number =>
      rssQueue(k, eth0(k), addFlow(k, { ...spec, sport }), flags);
    const ports = Array.from({ length: 32 }, (_, i) => 5000 + i);
    expect(new Set(ports.map((port) => of(port, FLAG_FRAG))).size).toBe(1);
    expect(new Set(ports.map((port) => of(port, 0))).size).toBe(8);
  });

  it('follows the hash fields of each protocol', () => {
    const k = host();
    const spread = (proto: number): number => {
      const queues = Array.from({ length: 32 }, (_, i) =>
        addFlow(k, {
          ...{ dev: ETH0, saddr: '10.0.0.1', daddr: '10.0.0.2', dport: 80 },
          ...{ sport: 5000 + i, proto },
        }),
      ).map((flow) => rssQueue(k, eth0(k), flow));
      return new Set(queues).size;
    };
    expect([spread(6), spread(17), spread(1)]).toEqual([8, 1, 1]);
    ethtool_set_rxnfc(k, eth0(k), 'udp4', 'sdfn');
    expect(spread(17)).toBe(8);
  });
});

describe('a device', () => {
  it('receives nothing while it is down, and goes on when it is up again', () => {
    const k = host({ apps: [{}] });
    traffic(k, { pps: 10_000, limit: 10_000 });
    advance(k, 10 * ms);
    dev_close(k, eth0(k));
    const before = k.ledger.delivered;
    advance(k, 20 * ms);
    expect(k.ledger.delivered - before).toBeLessThan(5);
    expect(dropped(k, REASON.LINK_DOWN)).toBeGreaterThan(90);
    dev_open(k, eth0(k));
    advance(k, 950 * ms);
    expect(k.ledger.delivered).toBeGreaterThan(before + 100);
    checkLedger(k);
  });
});
