import { describe, expect, it } from 'vitest';
import { drivers } from '../../src/hardware/driver.ts';
import { hosts } from '../../src/hardware/hosts.ts';
import { boot } from '../../src/kernel/boot.ts';
import { counter } from '../../src/kernel/counters.ts';
import { dev_close, dev_open, dev_set_mtu } from '../../src/kernel/dev.ts';
import { ethtool_set_ringparam } from '../../src/kernel/ethtool_ops.ts';
import { ethtool_set_features } from '../../src/kernel/ethtool_ops_features.ts';
import { deleteRule, insertRule } from '../../src/kernel/ethtool_ops_rss.ts';
import { addFlow } from '../../src/kernel/flows.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { REASON } from '../../src/kernel/reasons.ts';
import { rssQueue } from '../../src/kernel/rss.ts';
import { advance } from '../../src/kernel/run.ts';
import type { Kernel, NetDevice, NtupleRule } from '../../src/kernel/state.ts';
import { startSource } from '../../src/kernel/traffic.ts';
import { ethtool } from '../../src/shell/commands/ethtool.ts';
import { parseRule } from '../../src/shell/ethtool/nfc_rules.ts';
import { interruptRows } from '../../src/shell/proc/interrupts.ts';
import { createSession } from '../../src/shell/shell.ts';
import { typed } from '../../tools/typed.ts';
import { type } from '../shell/tools/typing.ts';

const MS = 1_000_000;

/// The last line of the kernel log, without its time.
function lastLog(k: Kernel): string | undefined {
  return k.dmesg.at(-1)?.replace(/^\[[ \d.]+\] /, '');
}

function arm(slowdown = 1): { k: Kernel; dev: NetDevice } {
  const app = { comm: 'udp-sink', user: 'alice', port: 9000, cpu: 1, service_ns: 100, rcvbuf: 0 };
  const k = boot({ ...hosts['arm64-gem']!, slowdown, apps: [app] }, 1);
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

function queueOf(k: Kernel, dev: NetDevice, spec: object): number {
  const ends = { saddr: '10.0.2.2', daddr: '10.0.2.15', sport: 69, dport: 9000 };
  return rssQueue(k, dev, addFlow(k, { dev: 1, ...ends, ...spec }));
}

describe('a Cadence GEM', () => {
  it('has one line for both queues, with a handler for each', () => {
    const { k } = arm();
    const [line] = interruptRows(k);
    expect([line!.label, line!.chip, line!.name]).toEqual(['16', 'GICv3', 'eth0, eth0']);
  });

  it('puts everything into the first queue, as it has no hash', () => {
    const { k, dev } = arm();
    startSource(k, { dev: 1, pps: 20_000, len: 64, flows: 16, dport: 9000, limit: 200 });
    advance(k, 30 * MS);
    expect(dev.rx.map((q) => q.packets)).toEqual([201, 0]); // and one while it booted
    expect(k.ledger.delivered).toBe(200);
    checkLedger(k);
  });

  it('asks for interrupts to be put off: a poll that found frames is followed by one by timer', () => {
    const { k, dev } = arm();
    expect([dev.gro_flush_timeout, dev.napi_defer_hard_irqs]).toEqual([20_000, 1]);
    startSource(k, { dev: 1, pps: 100_000, len: 64, dport: 9000, limit: 1000 });
    advance(k, 30 * MS);
    const interrupts = k.irqs[0]!.counts.reduce((a, b) => a + b, 0);
    expect(dev.rx[0]!.packets).toBe(1001);
    expect(interrupts).toBeGreaterThan(0);
    expect(interrupts).toBeLessThan(500);
  });

  it('has one descriptor less than the ring is long, and counts what finds none', () => {
    const { k, dev } = arm(10);
    ethtool_set_ringparam(k, dev, { rx: 100 });
    expect(dev.ring.rx).toBe(128);
    advance(k, 1001 * MS);
    expect(dev.rx[0]!.ready).toBe(127);
    startSource(k, { dev: 1, pps: 1_000_000, len: 64, dport: 9000, limit: 1000 });
    advance(k, 1300 * MS);
    const lost = dev.hw['rx_resource_errors'] ?? 0;
    expect(lost).toBeGreaterThan(0);
    expect(k.ledger.drops[REASON.RX_QUEUE_DROPS]).toBe(lost);
    checkLedger(k);
  });

  it('throws away what has a wrong checksum, unless it is promiscuous or told not to look', () => {
    const { k, dev } = arm();
    const bad = { dev: 1, pps: 10_000, len: 64, dport: 9000, limit: 20, bad_csum: 1 };
    const udp = (): number => k.mib.UdpInCsumErrors;
    startSource(k, bad);
    advance(k, 10 * MS);
    expect([dev.hw['rx_udp_checksum_errors'], udp()]).toEqual([20, 0]);
    ethtool_set_features(k, dev, { 'rx-checksum': false });
    startSource(k, bad);
    advance(k, 20 * MS);
    expect([dev.hw['rx_udp_checksum_errors'], udp()]).toEqual([20, 20]);
    checkLedger(k);
  });

  it('changes its MTU only while it is down', () => {
    const { k, dev } = arm();
    expect(dev_set_mtu(k, dev, 1400)).toMatchObject({ ok: false, errno: 'EBUSY' });
    dev_close(k, dev);
    expect(dev_set_mtu(k, dev, 10_223)).toMatchObject({ ok: false, errno: 'EINVAL' });
    expect(dev_set_mtu(k, dev, 10_222).ok).toBe(true);
    dev_open(k, dev);
    expect(dev.mtu).toBe(10_222);
  });

  it('counts bytes behind the Ethernet header', () => {
    const { k, dev } = arm();
    startSource(k, { dev: 1, pps: 10_000, len: 104, dport: 9000, limit: 10 });
    advance(k, 10 * MS);
    const line = drivers['macb']!.statistics(dev)!.find(({ name }) => name === 'q0_rx_bytes');
    expect(line!.value).toBe(120 + 10 * (100 - 14));
  });

  it('has each line of -S in the registry', () => {
    const { dev } = arm();
    const ids = drivers['macb']!.statistics(dev)!.map(({ id }) => `ethtool:macb:${id}`);
    expect(ids.filter((id) => counter(id) === null)).toEqual([]);
  });

  it('knows no hash fields, and says so in the kernel log', () => {
    const { k } = arm();
    const shown = type(ethtool, k, 'ethtool -n eth0 rx-flow-hash udp4');
    expect(shown.err).toBe('Cannot get RX network flow hashing options: Operation not supported\n');
    expect(lastLog(k)).toBe('macb ff0c0000.ethernet eth0: Command parameter 41 is not supported');
  });
});

describe('the screeners of a Cadence GEM', () => {
  it('are armed by inserting a rule while ntuple-filters is on, not by switching it on', () => {
    const { k, dev } = arm();
    insertRule(k, dev, rule('udp4 src-ip 10.0.2.2 action 1', 3));
    expect(queueOf(k, dev, {})).toBe(0);
    ntuple(k, dev, true);
    expect(queueOf(k, dev, {})).toBe(0);
    insertRule(k, dev, rule('udp4 dst-port 7 action 1', 2));
    expect(queueOf(k, dev, {})).toBe(1); // the older rule too
    deleteRule(k, dev, 2);
    expect(queueOf(k, dev, {})).toBe(1);
    ntuple(k, dev, false);
    expect(queueOf(k, dev, {})).toBe(0);
    ntuple(k, dev, true);
    expect(queueOf(k, dev, {})).toBe(0);
    expect(dev.ntuple.map(({ location }) => location)).toEqual([3]);
  });

  it('compare addresses and ports only where they are whole, and nothing else', () => {
    const { k, dev } = arm();
    ntuple(k, dev, true);
    insertRule(k, dev, rule('udp4 src-ip 10.0.2.2 dst-port 80 action 1', 0));
    expect(queueOf(k, dev, { dport: 80 })).toBe(1);
    expect(queueOf(k, dev, { dport: 80, proto: 6 })).toBe(1); // TCP, though the rule says UDP
    expect(queueOf(k, dev, { dport: 81 })).toBe(0);
    deleteRule(k, dev, 0);
    insertRule(k, dev, rule('udp4 src-ip 10.9.9.0 m 0.0.0.255 dst-port 80 action 1', 0));
    expect(queueOf(k, dev, { dport: 80 })).toBe(1); // a part of an address is not compared
  });

  it('are four, each with a place that must be free, for queues that are there', () => {
    const { k, dev } = arm();
    const refusal = (words: string, at: number): unknown => insertRule(k, dev, rule(words, at));
    expect(refusal('udp4 dst-port 1 action 1', 4)).toMatchObject({ errno: 'EINVAL' });
    expect(refusal('udp4 dst-port 1 action 2', 0)).toMatchObject({ errno: 'EINVAL' });
    expect(refusal('udp4 dst-port 1 action -1', 0)).toMatchObject({ errno: 'EINVAL' });
    expect(refusal('udp4 dst-port 1 action 1', 0)).toMatchObject({ ok: true });
    expect(refusal('udp4 dst-port 2 action 1', 0)).toMatchObject({ errno: 'EBUSY' });
    expect(lastLog(k)).toBe('macb ff0c0000.ethernet eth0: Rule not added: location 0 not free!');
  });
});

function fetch(k: Kernel, line: string): { out: string; err: string; status: number } {
  const got = typed({ k }, createSession(k, 'root'), line, { columns: null, limit_ns: 60e9 });
  return { out: got.stdout, err: got.stderr, status: got.status };
}

describe('tftp', () => {
  it('fetches a file block by block, each acknowledged', () => {
    const { k, dev } = arm();
    const got = fetch(k, 'tftp -g -r f.bin 10.0.2.2');
    expect(got).toMatchObject({ out: '', err: '', status: 0 });
    // A router's advertisement at boot, the answer to ARP, the size, 586 blocks.
    expect(dev.rx[0]!.packets).toBe(1 + 1 + 1 + 586);
    expect(k.mib['UdpOutDatagrams']).toBe(1 + 587);
    expect(k.mib.UdpInDatagrams).toBe(587);
    checkLedger(k);
  });

  it('tells of a file that the server has not, and gives up when nothing comes back', () => {
    const { k, dev } = arm();
    expect(fetch(k, 'tftp -g -r g.bin 10.0.2.2')).toMatchObject({
      err: 'tftp: server error: (1) File not found\n',
      status: 1,
    });
    dev_close(k, dev);
    dev_open(k, dev); // the link needs a second
    dev.link_down_until = Infinity;
    expect(fetch(k, 'tftp -g -r f.bin 10.0.2.2')).toMatchObject({
      err: 'tftp: timeout\n',
      status: 1,
    });
  });
});
