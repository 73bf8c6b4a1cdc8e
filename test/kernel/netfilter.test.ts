import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clone } from '../../src/engine/snapshot.ts';
import { digest } from '../../src/engine/digest.ts';
import { COSTS } from '../../src/kernel/costs.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { addFlow } from '../../src/kernel/flows.ts';
import { nf_hook_slow } from '../../src/kernel/netfilter/core.ts';
import {
  nf_register_net_hook,
  nf_unregister_net_hook,
} from '../../src/kernel/netfilter/hook_lists.ts';
import { nfnetlink_rcv_batch } from '../../src/kernel/netfilter/nfnetlink.ts';
import { nft_limit_eval } from '../../src/kernel/netfilter/nft_limit.ts';
import type { NftMessage } from '../../src/kernel/netfilter/nf_tables_message.ts';
import type { NfHookEntry } from '../../src/kernel/netfilter/types.ts';
import { REASON } from '../../src/kernel/reasons.ts';
import { advance } from '../../src/kernel/run.ts';
import { mergeSkb, takeSkb } from '../../src/kernel/skb.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { run as vector } from '../../src/kernel/vectors/netfilter_hooks.ts';
import { nft } from '../../src/shell/commands/nft.ts';
import { type } from '../shell/tools/typing.ts';
import { dropped, eth0, host, ms, traffic } from './hosts.ts';

/// Types each line; an error fails the test.
function rules(k: Kernel, ...lines: string[]): void {
  for (const line of lines) {
    const { err, status } = type(nft, k, `nft ${line}`);
    if (status !== 0) throw new Error(`nft ${line}: ${err}`);
  }
}

const filter = [
  'add table inet t',
  'add chain inet t in "{ type filter hook input priority 0; policy accept; }"',
];

/// Packets and bytes of the counters, in the order of the rules.
function counted(k: Kernel): number[] {
  return k.nf.tables
    .flatMap((table) => table.chains)
    .flatMap((chain) => chain.rules)
    .flatMap((rule) => rule.state);
}

/// Softirq time of 20 packets that come one by one, ns.
function softirqTime(...lines: string[]): number {
  const k = host({ apps: [] });
  rules(k, ...lines);
  traffic(k, { pps: 1000, limit: 20 });
  advance(k, 30 * ms);
  checkLedger(k);
  return k.cpus.reduce((sum, c) => sum + c.time.softirq, 0);
}

const sent = (k: Kernel, limit: number, spec = {}): void => {
  traffic(k, { pps: 100_000, limit, ...spec });
  advance(k, k.now + 30 * ms);
};

describe('a packet that is dropped early', () => {
  it('does not pay for the steps behind, though nothing comes after it', () => {
    const chain = (hook: string): string[] => [
      'add table inet t',
      `add chain inet t c "{ type filter hook ${hook} priority 0; policy drop; }"`,
    ];
    const early = softirqTime(...chain('prerouting'));
    const late = softirqTime(...chain('input'));
    const behind = COSTS.ip_route_input_noref.ns + COSTS.ip_local_deliver.ns;
    expect(late - early).toBe(20 * behind);
  });
});

describe('netfilter', () => {
  it('counts what a rule drops at INPUT, in the rule and by its reason', () => {
    const k = host({ apps: [{}] });
    rules(k, ...filter, 'add rule inet t in udp dport 9000 counter drop');
    sent(k, 50);
    expect(counted(k)).toEqual([50, 50 * 46]);
    expect(dropped(k, REASON.NETFILTER_DROP)).toBe(50);
    expect([k.mib.IpInReceives, k.mib.IpInDelivers, k.mib.UdpInDatagrams]).toEqual([50, 0, 0]);
    checkLedger(k);
  });

  it('asks only the chains of the hook that a packet passes', () => {
    const k = host({ apps: [{}] });
    rules(k, 'add table ip t');
    for (const hook of ['prerouting', 'input', 'forward'])
      rules(
        k,
        `add chain ip t ${hook} "{ type filter hook ${hook} priority 0; }"`,
        `add rule ip t ${hook} counter`,
      );
    sent(k, 20);
    expect(counted(k)).toEqual([20, 920, 20, 920, 0, 0]);
    expect(k.nf.active.slice(0, 5)).toEqual([1, 1, 1, 0, 0]);
    expect(k.nf.active.slice(5)).toEqual([0, 0, 0, 0, 0]);
  });

  it('runs chains of one hook by priority, and a drop ends it', () => {
    const k = host({ apps: [{}] });
    rules(k, 'add table ip t');
    for (const [name, priority] of [
      ['late', 10],
      ['early', -10],
      ['middle', 0],
    ] as const)
      rules(k, `add chain ip t ${name} "{ type filter hook input priority ${priority}; }"`);
    rules(
      k,
      'add rule ip t late counter',
      'add rule ip t early counter',
      'add rule ip t middle counter drop',
    );
    sent(k, 10);
    expect(counted(k)).toEqual([0, 0, 10, 460, 10, 460]);
  });

  it('puts a new function before those of the same priority, as the kernel does', () => {
    const k = host();
    const entry = (priority: number, id: number): NfHookEntry => ({
      priority,
      fn: 0,
      id,
      table: 0,
      chain: 0,
    });
    for (const [priority, id] of [
      [0, 1],
      [0, 2],
      [-5, 3],
      [5, 4],
      [0, 5],
    ] as const)
      nf_register_net_hook(k, 2, 0, entry(priority, id));
    expect(k.nf.hooks[0]!.map((one) => one.id)).toEqual([3, 5, 2, 1, 4]);
    nf_unregister_net_hook(k, (one) => one.id === 2);
    expect(k.nf.active[0]).toBe(4);
  });

  it('lets a policy decide over what no rule has taken', () => {
    const k = host({ apps: [{}, {}] });
    rules(
      k,
      'add table ip t',
      'add chain ip t in "{ type filter hook input priority 0; policy drop; }"',
      'add rule ip t in udp dport 9001 accept',
    );
    sent(k, 10, { dport: 9000 });
    sent(k, 15, { dport: 9001 });
    expect(dropped(k, REASON.NETFILTER_DROP)).toBe(10);
    expect(k.mib.UdpInDatagrams).toBe(15);
  });

  it('counts what the policy decides over where a chain is asked to', () => {
    const k = host({ apps: [{}, {}] });
    rules(k, ...filter, 'add rule inet t in udp dport 9001 accept');
    const base = k.nf.tables[0]!.chains[0]!.base!;
    base.counted = true;
    sent(k, 10, { dport: 9000 });
    sent(k, 15, { dport: 9001 });
    expect([base.packets, base.bytes]).toEqual([10, 460]);
  });

  it('sleeps while its table is dormant', () => {
    const k = host({ apps: [{}] });
    rules(k, ...filter, 'add rule inet t in drop', 'add table inet t { flags dormant; }');
    expect(k.nf.active[1]).toBe(0);
    sent(k, 5);
    rules(k, 'add table inet t');
    sent(k, 6);
    expect([k.mib.UdpInDatagrams, dropped(k, REASON.NETFILTER_DROP)]).toEqual([5, 6]);
  });

  it('drops at the ingress hook of a device before IP has seen the packet', () => {
    const k = host({ apps: [{}] });
    rules(
      k,
      'add table netdev early',
      'add chain netdev early in "{ type filter hook ingress device eth0 priority -500; }"',
      'add rule netdev early in udp dport 9000 counter drop',
    );
    expect(eth0(k).rx_hooks & 16).toBe(16);
    sent(k, 25);
    expect(counted(k)).toEqual([25, 25 * 46]);
    expect([k.mib.IpInReceives, dropped(k, REASON.NETFILTER_DROP)]).toEqual([0, 25]);
    rules(k, 'flush ruleset');
    expect(eth0(k).rx_hooks & 16).toBe(0);
    sent(k, 5);
    expect(k.mib.UdpInDatagrams).toBe(5);
  });

  it('lets a bucket of five through at once, then its rate', () => {
    const k = host({ apps: [{}] });
    rules(
      k,
      ...filter,
      'add rule inet t in limit rate 100/second counter accept',
      'add rule inet t in drop',
    );
    traffic(k, { pps: 10_000, limit: 1000 });
    advance(k, 105 * ms);
    // 5 from the bucket, then one for each 10 ms of the 100 ms.
    expect(k.mib.UdpInDatagrams).toBeGreaterThanOrEqual(14);
    expect(k.mib.UdpInDatagrams).toBeLessThanOrEqual(15);
    expect(dropped(k, REASON.NETFILTER_DROP)).toBe(1000 - Number(k.mib.UdpInDatagrams));
  });

  it('reckons tokens in nanoseconds, as nft_limit_eval does', () => {
    const bucket = [200_000_000, 5, 1_000_000_000, 1_000_000_000, 0]; // 5/second burst 5
    const at = (now: number): boolean => nft_limit_eval(bucket, 0, -1, false, now);
    expect([0, 0, 0, 0, 0].map(at)).toEqual([true, true, true, true, true]);
    expect([at(0), at(199_999_999), at(200_000_000), at(200_000_001)]).toEqual([
      false,
      false,
      true,
      false,
    ]);
    expect(bucket[3]).toBe(1);
  });

  it('follows a verdict map, a jump and a return', () => {
    const k = host({ apps: [{}, {}, {}] });
    rules(
      k,
      ...filter,
      'add chain inet t sub',
      'add rule inet t sub udp sport 1-65535 counter return',
      'add rule inet t in udp dport vmap { 9000 : drop, 9001 : jump sub }',
      'add rule inet t in counter',
    );
    sent(k, 10, { dport: 9000 });
    sent(k, 11, { dport: 9001 });
    sent(k, 12, { dport: 9002 });
    expect(dropped(k, REASON.NETFILTER_DROP)).toBe(10);
    expect(counted(k)).toEqual([23, 23 * 46, 11, 11 * 46]);
  });

  it('finds addresses in the intervals of a set, and sees what is added later', () => {
    const k = host({ apps: [{}] });
    rules(
      k,
      ...filter,
      'add set inet t bad "{ type ipv4_addr; flags interval; }"',
      'add element inet t bad { 192.0.2.0/24, 10.0.0.77 }',
      'add rule inet t in ip saddr @bad drop',
    );
    sent(k, 10);
    expect(dropped(k, REASON.NETFILTER_DROP)).toBe(0);
    rules(k, 'add element inet t bad { 10.0.0.0-10.0.0.9 }');
    sent(k, 10);
    expect(dropped(k, REASON.NETFILTER_DROP)).toBe(10);
  });

  it('sets a mark that a later chain can read', () => {
    const k = host({ apps: [{}] });
    rules(
      k,
      ...filter,
      'add chain inet t pre "{ type filter hook prerouting priority mangle; }"',
      'add rule inet t pre udp dport 9000 meta mark set 7',
      'add rule inet t in meta mark 7 counter drop',
    );
    sent(k, 10);
    expect(dropped(k, REASON.NETFILTER_DROP)).toBe(10);
  });

  it('writes a logged packet into the kernel log, in the usual form', () => {
    const k = host({ apps: [{}] });
    rules(k, ...filter, 'add rule inet t in log prefix seen');
    sent(k, 1);
    expect(k.dmesg.at(-1)).toMatch(
      /\] seenIN=eth0 OUT= MAC=(?:[0-9a-f]{2}:){12}08:00 SRC=10\.0\.0\.1 DST=10\.0\.0\.2 LEN=46 TOS=0x00 PREC=0x00 TTL=64 ID=\d+ .*PROTO=UDP SPT=\d+ DPT=9000 LEN=26 $/,
    );
  });

  it('answers what it rejects, and drops it', () => {
    const k = host({ apps: [{}] });
    rules(k, ...filter, 'add rule inet t in udp dport 9000 reject');
    sent(k, 3);
    expect(dropped(k, REASON.NETFILTER_DROP)).toBe(3);
    expect(k.mib.IcmpOutDestUnreachs).toBeGreaterThan(0);
  });

  it('counts a packet merged by GRO once, with the bytes of all its frames', () => {
    const k = host();
    rules(k, ...filter, 'add rule inet t in counter drop');
    const flow = addFlow(k, { dev: 1, saddr: '10.0.0.1', daddr: '10.0.0.2', sport: 1, dport: 2 });
    const [first, ...others] = [0, 1, 2].map(() => takeSkb(k.skbs));
    for (const skb of others) mergeSkb(k.skbs, first!, skb);
    k.skbs.flow[first!] = flow;
    k.skbs.flags[first!] = 0;
    k.skbs.len[first!] = 14 + 3000;
    k.ledger.offered += 3;
    expect(nf_hook_slow(k, k.cpus[0]!, 2, 1, first!, 1, -1)).toBe(false);
    expect(counted(k)).toEqual([1, 3000]);
    expect(dropped(k, REASON.NETFILTER_DROP)).toBe(3);
    checkLedger(k);
  });

  it('takes time for each rule that is visited', () => {
    const busy = (n: number): number => {
      const k = host({ apps: [{}] });
      rules(k, ...filter);
      for (let i = 0; i < n; i++) rules(k, `add rule inet t in udp dport ${i + 1}`);
      sent(k, 100);
      return k.cpus.reduce((sum, c) => sum + c.time.softirq, 0);
    };
    expect(busy(100) - busy(0)).toBeGreaterThan(100 * 100 * 9);
  });

  it('leaves everything as it was when a batch is refused', () => {
    const k = host();
    rules(k, ...filter, 'add rule inet t in counter');
    const before = digest(k.nf.tables);
    const batch: NftMessage[] = [
      { type: 'newtable', family: 'ip', table: 'x', excl: false, dormant: null, comment: '' },
      { type: 'delrule', family: 'inet', table: 't', chain: 'in', handle: 0, destroy: false },
      { type: 'delrule', family: 'inet', table: 't', chain: 'in', handle: 99, destroy: false },
    ];
    expect(nfnetlink_rcv_batch(k, batch)).toMatchObject([
      { message: 2, errno: 'ENOENT', attr: 'handle' },
    ]);
    expect(digest(k.nf.tables)).toBe(before);
  });

  it('refuses rules that go round in a circle', () => {
    const k = host();
    rules(k, ...filter, 'add chain inet t a', 'add chain inet t b');
    rules(k, 'add rule inet t in jump a', 'add rule inet t a jump b');
    expect(type(nft, k, 'nft add rule inet t b jump a').err).toContain(
      'Could not process rule: Too many links',
    );
  });

  it('keeps its counters and buckets in a snapshot', () => {
    const k = host({ apps: [{}] });
    rules(
      k,
      ...filter,
      'add rule inet t in limit rate 1000/second counter',
      'add rule inet t in drop',
    );
    traffic(k, { pps: 50_000, limit: 200 });
    advance(k, 2 * ms);
    const copy = clone(k);
    advance(k, 20 * ms);
    advance(copy, 20 * ms);
    expect(digest(copy)).toBe(digest(k));
  });

  it('loses no packet, whatever the rules are', () => {
    const match = fc.constantFrom(
      ...[
        'udp dport 9000',
        'udp dport 9000-9001',
        'ip saddr 10.0.0.0/8',
        'ip ttl 64',
        'tcp dport 80',
      ],
      ...[
        'ip length > 40',
        'meta mark 1',
        'iifname eth0',
        'udp dport { 9000, 9002 }',
        'ct state new',
      ],
      ...['limit rate 500/second', 'udp sport . udp dport { 1 . 2 }', 'th dport != 9000', ''],
    );
    const verdict = fc.constantFrom(
      'accept',
      'drop',
      'return',
      'jump sub',
      'meta mark set 1',
      'reject',
    );
    const rule = fc.tuple(fc.constantFrom('pre', 'in', 'sub'), match, verdict);
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 8 }), fc.boolean(), (list, policy) => {
        const k = host({ apps: [{}, {}] });
        rules(k, 'add table ip t', 'add chain ip t sub');
        rules(k, `add chain ip t pre "{ type filter hook prerouting priority -5; }"`);
        rules(
          k,
          `add chain ip t in "{ type filter hook input priority 0; policy ${policy ? 'drop' : 'accept'}; }"`,
        );
        for (const [chain, condition, then] of list)
          if (chain !== 'sub' || then !== 'jump sub')
            rules(k, `add rule ip t ${chain} ${condition} counter ${then}`);
        traffic(k, { pps: 200_000, limit: 60, flows: 3 });
        traffic(k, { pps: 100_000, limit: 30, dport: 9001 });
        for (const at of [1, 2, 5]) {
          advance(k, at * ms);
          checkLedger(k);
        }
      }),
      { numRuns: 25, seed: 7 },
    );
  });

  it('has the kernel’s hook numbers, and would notice another', () => {
    expect(vector({ hooks_inet: {} })).toContain('hooks');
  });

  it('refuses chains through which one packet would meet millions of rules', () => {
    const k = host();
    rules(k, ...filter);
    const names = Array.from({ length: 15 }, (_, i) => `c${i}`);
    for (const name of names) rules(k, `add chain inet t ${name}`);
    for (let i = 0; i < 14; i++)
      for (let n = 0; n < 4; n++) rules(k, `add rule inet t c${i} jump c${i + 1}`);
    const last = type(nft, k, 'nft add rule inet t in jump c0');
    expect(last.err).toContain('Could not process rule: softnet: not modelled here');
    rules(k, 'add rule inet t in jump c9'); // 4 + 16 + ... + 1024 rules
  });

  it('still finds a jump that is too deep when a shallow one came first', () => {
    const k = host();
    rules(k, ...filter);
    for (let i = 0; i < 16; i++) rules(k, `add chain inet t c${i}`);
    for (let i = 0; i < 15; i++) rules(k, `add rule inet t c${i} jump c${i + 1}`);
    rules(k, 'add rule inet t in jump c8', 'add rule inet t in jump c1');
    expect(type(nft, k, 'nft add rule inet t in jump c0').err).toContain('Too many links');
  });

  it('lets a rule that deletes an element go on when there is none', () => {
    const k = host({ apps: [] });
    rules(
      k,
      ...filter,
      'add set inet t s "{ type ipv4_addr; flags dynamic; }"',
      'add rule inet t in delete @s "{ ip saddr }" counter',
    );
    sent(k, 5);
    expect(counted(k)).toEqual([5, expect.any(Number)]);
  });

  it('rejects at the ingress hook of an inet table', () => {
    const k = host();
    rules(
      k,
      'add table inet t',
      'add chain inet t g "{ type filter hook ingress device eth0 priority 0; }"',
    );
    rules(k, 'add rule inet t g reject');
  });
});
