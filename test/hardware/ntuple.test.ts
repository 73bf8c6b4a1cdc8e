import { describe, expect, it } from 'vitest';
import { driverOf } from '../../src/hardware/driver.ts';
import { hosts } from '../../src/hardware/hosts.ts';
import { boot } from '../../src/kernel/boot.ts';
import { ethtool_set_features } from '../../src/kernel/ethtool_ops_features.ts';
import { deleteRule, insertRule } from '../../src/kernel/ethtool_ops_rss.ts';
import { addFlow } from '../../src/kernel/flows.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { REASON } from '../../src/kernel/reasons.ts';
import { rssQueue } from '../../src/kernel/rss.ts';
import { advance } from '../../src/kernel/run.ts';
import { FLAG_FRAG } from '../../src/kernel/skb.ts';
import type { Kernel, NetDevice, NtupleRule } from '../../src/kernel/state.ts';
import { startSource } from '../../src/kernel/traffic.ts';
import { ethtool } from '../../src/shell/commands/ethtool.ts';
import { parseRule } from '../../src/shell/ethtool/nfc_rules.ts';
import { type } from '../shell/tools/typing.ts';

const MS = 1_000_000;

/// The last line of the kernel log, without its time.
function lastLog(k: Kernel): string | undefined {
  return k.dmesg.at(-1)?.replace(/^\[[ \d.]+\] /, '');
}

function server(profile: string): { k: Kernel; dev: NetDevice } {
  const app = { comm: 'udp-sink', user: 'alice', port: 9000, cpu: 20, service_ns: 100, rcvbuf: 0 };
  const k = boot({ ...hosts[profile]!, apps: [app] }, 1);
  return { k, dev: k.devs[1]! };
}

function rule(words: string, location = 0): NtupleRule {
  const typed = parseRule(words.split(' '));
  if ('text' in typed) throw new Error(typed.text);
  return { ...typed.rule, location };
}

function ntuple(k: Kernel, dev: NetDevice, on: boolean): void {
  ethtool_set_features(k, dev, { 'rx-ntuple-filter': on });
}

function queueOf(k: Kernel, dev: NetDevice, spec: object, flags = 0): number {
  const ends = { saddr: '10.0.0.1', daddr: '10.0.0.2', sport: 5000, dport: 80, proto: 17 };
  return rssQueue(k, dev, addFlow(k, { dev: 1, ...ends, ...spec }), flags);
}

function statistic(dev: NetDevice, name: string): number | undefined {
  return driverOf(dev)
    .statistics(dev)!
    .find((line) => line.name === name)?.value;
}

describe('rules for single flows', () => {
  it.each(['ixgbe', 'ice', 'mlx5'])('%s: send to a queue, and drop in the NIC', (profile) => {
    const { k, dev } = server(profile);
    ntuple(k, dev, true);
    if (dev.link_down_until > k.now) advance(k, dev.link_down_until + MS);
    expect(insertRule(k, dev, rule('udp4 dst-port 9000 action 5', 0)).ok).toBe(true);
    expect(insertRule(k, dev, rule('udp4 dst-port 9 action -1', 1)).ok).toBe(true);
    startSource(k, { dev: 1, pps: 100_000, len: 64, flows: 8, dport: 9000, limit: 100 });
    startSource(k, { dev: 1, pps: 100_000, len: 64, flows: 8, dport: 9, limit: 50 });
    advance(k, k.now + 10 * MS);
    expect(dev.rx.filter((q) => q.packets > 0).map((q) => q.index)).toEqual([5]);
    expect(k.ledger.drops[REASON.FILTER]).toBe(50);
    checkLedger(k);
  });

  it('are counted by the NICs that count them', () => {
    for (const [profile, match] of [
      ['ixgbe', 'fdir_match'],
      ['ice', 'fdir_sb_match.nic'],
    ] as const) {
      const { k, dev } = server(profile);
      ntuple(k, dev, true);
      if (dev.link_down_until > k.now) advance(k, dev.link_down_until + MS);
      insertRule(k, dev, rule('udp4 dst-port 9 action -1', 1));
      startSource(k, { dev: 1, pps: 100_000, len: 64, dport: 9, limit: 50 });
      startSource(k, { dev: 1, pps: 100_000, len: 64, dport: 9000, limit: 30 });
      advance(k, k.now + 10 * MS);
      expect(statistic(dev, match)).toBe(50);
      if (profile === 'ixgbe') expect(statistic(dev, 'fdir_miss')).toBe(30);
    }
  });
});

describe('rules of ice', () => {
  const refusal = (k: Kernel, dev: NetDevice, words: string, at = 0): string | undefined => {
    const answer = insertRule(k, dev, rule(words, at));
    return answer.ok ? undefined : answer.errno;
  };

  it('compare a field whole or not at all, and never nothing', () => {
    const { k, dev } = server('ice');
    expect(refusal(k, dev, 'udp4 src-ip 10.0.0.0 m 0.0.0.255 action 1')).toBe('EOPNOTSUPP');
    expect(refusal(k, dev, 'udp4 dst-port 80 m 1 action 1')).toBe('EOPNOTSUPP');
    expect(refusal(k, dev, 'udp4 dst-port 80 tos 4 action 1')).toBe('EOPNOTSUPP');
    expect(refusal(k, dev, 'udp4 action 1')).toBe('EINVAL');
    expect(refusal(k, dev, 'ip4 src-ip 10.0.0.1 l4proto 1 action 1')).toBe('EOPNOTSUPP');
    expect(refusal(k, dev, 'ip4 src-ip 10.0.0.1 tos 4 action 1')).toBe('EINVAL');
    expect(refusal(k, dev, 'ip4 action 1')).toBe('EINVAL');
    expect(refusal(k, dev, 'udp4 dst-port 80 action 32')).toBe('EINVAL');
    expect(dev.ntuple).toEqual([]);
  });

  it('compare the same fields for all rules of one kind of flow', () => {
    const { k, dev } = server('ice');
    expect(refusal(k, dev, 'udp4 dst-port 80 action 1', 0)).toBeUndefined();
    expect(refusal(k, dev, 'udp4 src-port 80 action 1', 1)).toBe('EINVAL');
    expect(lastLog(k)).toBe(
      'ice 0000:41:00.0: Failed to add filter. Flow director filters on each port must have the same input set.',
    );
    expect(refusal(k, dev, 'tcp4 src-port 80 action 1', 1)).toBeUndefined();
    deleteRule(k, dev, 0);
    expect(refusal(k, dev, 'udp4 src-port 80 action 1', 0)).toBeUndefined();
  });

  it('cannot be given twice, but can be given another queue', () => {
    const { k, dev } = server('ice');
    refusal(k, dev, 'udp4 dst-port 80 action 1', 0);
    expect(refusal(k, dev, 'udp4 dst-port 80 action 2', 1)).toBe('EINVAL');
    expect(refusal(k, dev, 'udp4 dst-port 80 action 1', 0)).toBe('EINVAL');
    expect(refusal(k, dev, 'udp4 dst-port 80 action 2', 0)).toBeUndefined();
    expect(queueOf(k, dev, {})).toBe(2);
  });

  it('for ip4 catch what has no ports: other protocols, and fragments', () => {
    const { k, dev } = server('ice');
    refusal(k, dev, 'ip4 src-ip 10.0.0.1 action 7');
    expect(queueOf(k, dev, { proto: 1 })).toBe(7);
    expect(queueOf(k, dev, {}, FLAG_FRAG)).toBe(7);
    const { k: other, dev: same } = server('ice');
    const plain = queueOf(other, same, { sport: 77 });
    expect(queueOf(k, dev, { sport: 77 })).toBe(plain);
  });

  it('have 15872 places, and go when ntuple-filters goes off', () => {
    const { k } = server('ice');
    const add = (words: string): string => type(ethtool, k, `ethtool -N eth0 ${words}`).out;
    expect(add('flow-type udp4 dst-port 80 action 1')).toBe('Added rule with ID 15871\n');
    const far = type(ethtool, k, 'ethtool -N eth0 flow-type udp4 dst-port 81 action 1 loc 15872');
    expect(far.err).toContain('No space left on device');
    expect(type(ethtool, k, 'ethtool -N eth0 delete 5').err).toContain('No such file or directory');
    type(ethtool, k, 'ethtool -K eth0 ntuple off');
    type(ethtool, k, 'ethtool -K eth0 ntuple on');
    expect(type(ethtool, k, 'ethtool -n eth0').out).toContain('Total 0 rules');
  });
});

describe('rules of mlx5', () => {
  it('hold without ntuple-filters, the one with more fields first', () => {
    const { k, dev } = server('mlx5');
    expect(dev.features['ntuple-filters']).toBe(false);
    insertRule(k, dev, rule('udp4 src-ip 10.0.0.0 m 0.0.0.255 action 3', 0));
    insertRule(k, dev, rule('udp4 src-ip 10.0.0.1 dst-port 80 action 4', 1));
    insertRule(k, dev, rule('ip4 src-ip 10.0.0.1 action 5', 2));
    expect(queueOf(k, dev, {})).toBe(4);
    expect(queueOf(k, dev, { dport: 81 })).toBe(3);
    expect(queueOf(k, dev, { proto: 6 })).toBe(5);
    deleteRule(k, dev, 1);
    expect(queueOf(k, dev, {})).toBe(3);
  });

  it('with as many fields are looked at by the age of their masks', () => {
    const { k, dev } = server('mlx5');
    insertRule(k, dev, rule('udp4 dst-port 80 action 2', 9));
    insertRule(k, dev, rule('udp4 src-ip 10.0.0.1 action 1', 0));
    expect(queueOf(k, dev, {})).toBe(2);
    deleteRule(k, dev, 9);
    insertRule(k, dev, rule('udp4 dst-port 80 action 2', 9));
    expect(queueOf(k, dev, {})).toBe(1);
  });

  it('may stand behind one that compares the same, and come into force when that goes', () => {
    const { k, dev } = server('mlx5');
    insertRule(k, dev, rule('udp4 dst-port 80 action 2', 9));
    insertRule(k, dev, rule('udp4 dst-port 80 action 3', 4));
    expect(queueOf(k, dev, {})).toBe(2);
    expect(insertRule(k, dev, rule('udp4 dst-port 80 action 5', 5))).toMatchObject({
      errno: 'EEXIST',
    });
    deleteRule(k, dev, 9);
    expect(queueOf(k, dev, {})).toBe(3);
  });

  it('are refused by the errno that the driver logs', () => {
    const { k } = server('mlx5');
    const tried = (words: string): string =>
      type(ethtool, k, `ethtool -N eth0 flow-type ${words}`).err.split('\n')[0]!;
    expect(tried('sctp4 dst-port 80 action 1')).toBe(
      'rmgr: Cannot insert RX class rule: Unknown error 524',
    );
    expect(lastLog(k)).toBe(
      'mlx5_core 0000:41:00.0 eth0: mlx5e_ethtool_flow_replace: flow is not valid -524',
    );
    expect(tried('udp4 dst-port 80 tos 4 action 1')).toContain('Invalid argument');
    expect(tried('udp4 dst-port 80 action 32')).toContain('Invalid argument');
    expect(tried('udp4 dst-port 80 action 1 loc 1024')).toContain('No space left on device');
    expect(type(ethtool, k, 'ethtool -n eth0 rule 7').err).toContain('No such file or directory');
  });
});

describe('rules for IPv6', () => {
  const six = { saddr: 'fd00::1', daddr: 'fd00::2', sport: 5000, dport: 80, proto: 17 };

  it('compare four words under their masks, and catch no IPv4', () => {
    const { k, dev } = server('mlx5');
    insertRule(k, dev, rule('udp6 src-ip fd00:0:0:7::1 m 0:0:0:ffff:: action 9'));
    expect(queueOf(k, dev, six)).toBe(9);
    expect(queueOf(k, dev, { ...six, saddr: 'fd01::1' })).not.toBe(9);
    expect(queueOf(k, dev, { ...six, proto: 6 })).not.toBe(9);
    insertRule(k, dev, rule('udp6 dst-port 80 action 4', 1));
    expect(queueOf(k, dev, { ...six, saddr: 'fd01::1' })).toBe(4);
    const { k: other, dev: same } = server('mlx5');
    expect(queueOf(k, dev, { sport: 9 })).toBe(queueOf(other, same, { sport: 9 }));
  });

  it('are for ice whole fields too, and only one of them can be for ip6', () => {
    const { k, dev } = server('ice');
    const refusal = (words: string, at: number): unknown => insertRule(k, dev, rule(words, at));
    expect(refusal('udp6 src-ip fd00::1 m ::ff action 1', 0)).toMatchObject({
      errno: 'EOPNOTSUPP',
    });
    expect(refusal('udp6 src-ip fd00::1 action 1', 0)).toMatchObject({ ok: true });
    expect(refusal('ip6 src-ip fd00::1 tclass 4 action 1', 1)).toMatchObject({
      errno: 'EOPNOTSUPP',
    });
    expect(refusal('ip6 src-ip fd00::1 action 1', 1)).toMatchObject({ ok: true });
    expect(refusal('ip6 src-ip fd00::9 action 1', 2)).toMatchObject({ errno: 'EINVAL' });
    expect(queueOf(k, dev, six)).toBe(1);
    expect(queueOf(k, dev, { ...six, proto: 58 })).toBe(1);
  });

  it('are refused by an 82599, and printed with their traffic class', () => {
    const { k, dev } = server('ixgbe');
    ntuple(k, dev, true);
    expect(insertRule(k, dev, rule('tcp6 dst-port 80 action 1'))).toMatchObject({
      errno: 'EINVAL',
    });
    expect(lastLog(k)).toBe('ixgbe 0000:41:00.0 eth0: Unrecognized flow type');
    const { k: other } = server('mlx5');
    type(
      ethtool,
      other,
      'ethtool -N eth0 flow-type tcp6 src-ip fd00::1 dst-port 80 action 3 loc 2',
    );
    expect(type(ethtool, other, 'ethtool -n eth0 rule 2').out).toBe(
      [
        'Filter: 2',
        '\tRule Type: TCP over IPv6',
        '\tSrc IP addr: fd00::1 mask: ::',
        '\tDest IP addr: :: mask: ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
        '\tTraffic Class: 0x0 mask: 0xff',
        '\tSrc port: 0 mask: 0xffff',
        '\tDest port: 80 mask: 0x0',
        '\tAction: Direct to queue 3',
        '',
        '',
      ].join('\n'),
    );
  });
});

describe('private flags', () => {
  const flags = (k: Kernel, words: string) =>
    type(ethtool, k, `ethtool --set-priv-flags eth0 ${words}`);

  it('legacy-rx copies short frames and headers, where an skb is built around half a page else', () => {
    const charged = (profile: string, len: number, legacy: boolean): number => {
      const { k, dev } = server(profile);
      if (legacy) expect(flags(k, 'legacy-rx on').status).toBe(0);
      if (dev.link_down_until > k.now) advance(k, dev.link_down_until + MS);
      k.tasks.find((task) => task.comm === 'udp-sink')!.service_ns = 1e9; // it reads one and no more
      startSource(k, { dev: 1, pps: 1000, len, dport: 9000, limit: 3 });
      advance(k, k.now + 10 * MS);
      return k.skbs.truesize[k.socks[0]!.head]!;
    };
    for (const profile of ['ixgbe', 'ice']) {
      expect(charged(profile, 1400, false)).toBe(charged(profile, 100, false)); // half a page
      expect(charged(profile, 1400, true)).toBeGreaterThan(charged(profile, 1400, false));
      expect(charged(profile, 100, true)).toBeLessThan(charged(profile, 100, false));
    }
  });

  it('rx_cqe_moder of mlx5 gives the running queues the moderation of the mode', () => {
    const { k, dev } = server('mlx5');
    const napi = k.napis[dev.rx[0]!.napi]!;
    expect([napi.itr_class, dev.priv_flags['rx_cqe_moder']]).toEqual([1, true]);
    flags(k, 'rx_cqe_moder off');
    expect(napi.itr_class).toBe(0);
    expect(type(ethtool, k, 'ethtool -c eth0').out).toMatch(/CQE mode RX: on/);
    type(ethtool, k, 'ethtool -C eth0 cqe-mode-rx off');
    expect(dev.priv_flags['rx_cqe_moder']).toBe(false);
    type(ethtool, k, 'ethtool -C eth0 cqe-mode-rx on');
    expect([napi.itr_class, dev.priv_flags['rx_cqe_moder']]).toEqual([1, true]);
  });

  it('rx_striding_rq of mlx5 and LRO exclude each other in one direction', () => {
    const { k, dev } = server('mlx5');
    type(ethtool, k, 'ethtool -K eth0 lro on');
    expect(flags(k, 'rx_striding_rq off').status).toBe(1);
    expect(k.dmesg.slice(-2).map((line) => line.replace(/^\[[ \d.]+\] /, ''))).toEqual([
      "mlx5_core 0000:41:00.0 eth0: Can't set legacy RQ with HW-GRO/LRO, disable them first",
      "mlx5_core 0000:41:00.0 eth0: Disable private flag 'rx_striding_rq' failed err -22",
    ]);
    type(ethtool, k, 'ethtool -K eth0 lro off');
    expect(flags(k, 'rx_striding_rq off').status).toBe(0);
    type(ethtool, k, 'ethtool -K eth0 lro on');
    expect(dev.features['large-receive-offload']).toBe(false);
    expect(lastLog(k)).toBe(
      'mlx5_core 0000:41:00.0 eth0: Disabling LRO, not supported in legacy RQ',
    );
    startSource(k, { dev: 1, pps: 2_000_000, len: 64, dport: 9000, limit: 5000 });
    advance(k, k.now + 10 * MS);
    checkLedger(k);
  });

  it('about virtual functions are kept, and those of the transmit side say that they are not modelled', () => {
    const { k } = server('ice');
    expect(flags(k, 'vf-vlan-pruning on').status).toBe(0);
    expect(type(ethtool, k, 'ethtool --show-priv-flags eth0').out).toMatch(/vf-vlan-pruning *: on/);
    const { k: other } = server('mlx5');
    expect(flags(other, 'skb_tx_mpwqe off').err).toContain('softnet: not modelled here');
    expect(type(ethtool, server('ena').k, 'ethtool --show-priv-flags eth0').status).toBe(1);
  });
});
