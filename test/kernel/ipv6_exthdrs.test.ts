/// Options in IPv6's extension headers: skipped, counted, refused, told of.
import { describe, expect, it } from 'vitest';
import { spawn } from '../../src/kernel/apps.ts';
import { inet6_addr_add } from '../../src/kernel/ipv6_addr.ts';
import { checkLedger, ledgerOf } from '../../src/kernel/ledger.ts';
import { advance } from '../../src/kernel/run.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { writeSysctl } from '../../src/kernel/sysctl.ts';
import type { SourceSpec } from '../../src/kernel/traffic.ts';
import { arrive, flowTo, settle } from './frames.ts';
import { eth0, host, ms, traffic } from './hosts.ts';

const OWN = '2001:db8:0:1::2';

function receiver(): Kernel {
  const k = host();
  inet6_addr_add(k, eth0(k), `${OWN}/64`);
  const app = { comm: 'sink', uid: 1000, cpu: -1, proto: 'udp', port: 9000 } as const;
  spawn(k, { ...app, address: '::', reads: true, service_ns: 0 });
  return k;
}

function send(k: Kernel, spec: Partial<SourceSpec>): void {
  traffic(k, { v6: true, len: 400, pps: 100_000, limit: 5, ...spec });
  advance(k, k.now + 10 * ms);
  checkLedger(k);
}

function reasons(k: Kernel): string[] {
  return ledgerOf(k).dropped.map(({ reason, packets }) => `${reason} ${packets}`);
}

const told = (k: Kernel): number => k.mib['Icmp6OutParmProblems'] ?? 0;

describe('a hop-by-hop header', () => {
  it('with padding, router alert and options that may be skipped is taken off before UDP', () => {
    const k = receiver();
    send(k, { hopopts: [] });
    send(k, { hopopts: [5, 30], dstopts: [30] });
    expect(k.mib['Udp6InDatagrams']).toBe(10);
    // 400 bytes less FCS, Ethernet, IPv6, UDP; then the extension headers: 8, or 16 and 8.
    expect(k.socks.at(-1)!.received_bytes).toBe(5 * (334 - 8) + 5 * (334 - 24));
    expect(k.mib['Ip6InOctets']).toBe(10 * (400 - 4 - 14));
  });

  it('with an unknown option is dropped, and told of where its type asks for it', () => {
    const k = receiver();
    send(k, { hopopts: [0x5e] });
    expect([reasons(k), told(k)]).toEqual([['UNHANDLED_PROTO 5'], 0]);
    send(k, { hopopts: [0x9e] });
    expect([reasons(k), told(k)]).toEqual([['UNHANDLED_PROTO 10'], 5]);
    expect([k.mib['Ip6InHdrErrors'], k.mib['Udp6InDatagrams'] ?? 0]).toEqual([10, 0]);
  });

  it('tells the sender of what went to a group only where the type asks for that too', () => {
    const k = receiver();
    send(k, { hopopts: [0xde], daddr: 'ff02::1', limit: 1 });
    expect(told(k)).toBe(0);
    send(k, { hopopts: [0x9e], daddr: 'ff02::1', limit: 1 });
    expect(told(k)).toBe(1);
  });

  it('has no more options than net.ipv6.max_hbh_opts_number, and is no longer than max_hbh_length', () => {
    const k = receiver();
    send(k, { hopopts: new Array<number>(8).fill(30) });
    expect(k.mib['Udp6InDatagrams']).toBe(5);
    send(k, { hopopts: new Array<number>(9).fill(30) });
    expect(reasons(k)).toEqual(['IP_INHDR 5']);
    writeSysctl(k, 'net.ipv6.max_hbh_opts_number', '-8');
    send(k, { hopopts: [30] });
    expect(reasons(k)).toContain('UNHANDLED_PROTO 5');
    writeSysctl(k, 'net.ipv6.max_hbh_length', '8');
    send(k, { hopopts: [5, 5] });
    expect(reasons(k)).toContain('NOT_SPECIFIED 5');
    expect(k.mib['Ip6InHdrErrors']).toBe(15);
  });

  it('with more padding than needed is a header error', () => {
    const k = receiver();
    const hopopts = [1, 6, 0, 0, 0, 0, 0, 0, 5, 2, 0, 0, 1, 0];
    arrive(k, flowTo(k, { saddr: '2001:db8:0:1::1', daddr: OWN, hopopts }), { len: 100 });
    settle(k);
    expect(reasons(k)).toEqual(['IP_INHDR 1']);
  });
});

describe('destination options', () => {
  it('are looked at by the receiver alone', () => {
    const k = receiver();
    inet6_addr_add(k, k.devs[2]!, '2001:db8:0:2::2/64');
    writeSysctl(k, 'net.ipv6.conf.all.forwarding', '1');
    send(k, { dstopts: [0x9e], daddr: '2001:db8:0:2::9' });
    expect([ledgerOf(k).forwarded, told(k)]).toEqual([5, 0]);
    send(k, { dstopts: [0x9e] });
    expect([k.mib['Ip6InHdrErrors'], told(k), reasons(k)]).toEqual([5, 5, ['UNHANDLED_PROTO 5']]);
    send(k, { hopopts: [0x9e], daddr: '2001:db8:0:2::9' });
    expect(ledgerOf(k).forwarded).toBe(5);
  });
});
