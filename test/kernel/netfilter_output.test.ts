/// What the host itself sends meets rules, connection tracking and address translation; and the same for IPv6.
import { describe, expect, it } from 'vitest';
import { digest } from '../../src/engine/digest.ts';
import { clone } from '../../src/engine/snapshot.ts';
import { spawn } from '../../src/kernel/apps.ts';
import { inet6_addr_add } from '../../src/kernel/ipv6_addr.ts';
import { checkLedger, ledgerOf } from '../../src/kernel/ledger.ts';
import { tableEntries } from '../../src/kernel/netfilter/conntrack/table.ts';
import { policyCounters, ruleCounters } from '../../src/kernel/netfilter/xtables.ts';
import { startClients } from '../../src/kernel/remote/remote_start.ts';
import { advance } from '../../src/kernel/run.ts';
import { writeSysctl } from '../../src/kernel/sysctl.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import type { Command } from '../../src/shell/command.ts';
import { conntrack } from '../../src/shell/commands/conntrack.ts';
import { ip6tables, ip6tablesSave, iptables } from '../../src/shell/commands/iptables.ts';
import { nft } from '../../src/shell/commands/nft.ts';
import { ping } from '../../src/shell/commands/ping.ts';
import { type } from '../shell/tools/typing.ts';
import { eth0, ETH0, host, ms, traffic } from './hosts.ts';
import { serve } from './tcp_hosts.ts';

function say(k: Kernel, command: Command, line: string): string {
  const { out, err, status } = type(command, k, line);
  if (status !== 0) throw new Error(`${line}: ${err}`);
  return out;
}

const rule = (k: Kernel, line: string): string => say(k, iptables, `iptables ${line}`);
const rule6 = (k: Kernel, line: string): string => say(k, ip6tables, `ip6tables ${line}`);

/// Packets that the rules of a chain have counted.
function counted(k: Kernel, table: string, chain: string): number[] {
  return k.nf.tables
    .find(({ name }) => name === table)!
    .chains.find(({ name }) => name === chain)!
    .rules.map((one) => ruleCounters(one)[0]);
}

describe('LOCAL_OUT and POST_ROUTING', () => {
  it('show in OUTPUT what the host answers', () => {
    const k = host({ apps: [] });
    serve(k);
    rule(k, '-A OUTPUT -p tcp --sport 5201 -o eth0 --tcp-flags SYN,ACK SYN,ACK');
    rule(k, '-A OUTPUT -p icmp --icmp-type echo-reply');
    rule(k, '-t mangle -A POSTROUTING -p icmp -s 10.0.0.2 -d 10.0.0.1');
    startClients(k, { dev: ETH0, rate: 1000, limit: 3 });
    traffic(k, { pps: 1000, limit: 5, proto: 'icmp' });
    advance(k, 30 * ms);
    expect(counted(k, 'filter', 'OUTPUT')).toEqual([3, 5]);
    expect(counted(k, 'mangle', 'POSTROUTING')).toEqual([5]);
    expect(k.mib.TcpPassiveOpens).toBe(3);
    checkLedger(k);
  });

  it('counts by the policy what no rule has decided, and drops it when the policy says so', () => {
    const k = host({ apps: [] });
    rule(k, '-P OUTPUT DROP');
    traffic(k, { pps: 1000, limit: 5, proto: 'icmp' });
    advance(k, 30 * ms);
    const output = k.nf.tables[0]!.chains.find(({ name }) => name === 'OUTPUT')!;
    expect(policyCounters(output)[0]).toBe(5);
    expect(k.mib).toMatchObject({ IpOutRequests: 5, IpOutTransmits: 0, IpOutDiscards: 5 });
    expect(eth0(k).hw.tx_packets ?? 0).toBe(0);
    expect(ledgerOf(k).consumed).toBe(5); // the requests themselves
    checkLedger(k);
  });

  it('tells ping that its request was dropped', () => {
    const k = host({ apps: [] });
    rule(k, '-A OUTPUT -d 10.0.0.1 -j DROP');
    const { out, err, status } = type(ping, k, 'ping -c 2 -W 1 10.0.0.1');
    expect(err).toBe('ping: sendmsg: Operation not permitted\n'.repeat(2));
    expect(out).toContain('2 packets transmitted, 0 received, 100% packet loss');
    expect(status).toBe(1);
  });

  it('see a datagram once that leaves in fragments', () => {
    const k = host({ apps: [] });
    rule(k, '-A OUTPUT -p icmp');
    say(k, ping, 'ping -c 1 -s 4000 10.0.0.1');
    expect(counted(k, 'filter', 'OUTPUT')).toEqual([1]);
    expect(k.mib.IpOutRequests).toBe(1);
    expect(k.mib.IpOutTransmits).toBe(3);
  });

  it('are not asked about ARP', () => {
    const k = host({ apps: [] });
    rule(k, '-P OUTPUT DROP');
    traffic(k, { pps: 1000, limit: 2, proto: 'arp' });
    advance(k, 10 * ms);
    expect(eth0(k).hw.tx_packets).toBe(2);
  });

  it('cost nothing while there are no rules, and come back to that', () => {
    const k = host({ apps: [] });
    expect(k.nf.out).toBe(0);
    rule(k, '-A OUTPUT -j ACCEPT');
    expect(k.nf.out).toBe(1);
    say(k, nft, 'nft flush ruleset');
    expect(k.nf.out).toBe(0);
  });
});

describe('what the host begins', () => {
  it('has an entry in the table of connections', () => {
    const k = host({ apps: [] });
    rule(k, '-A OUTPUT -m conntrack --ctstate NEW');
    rule(k, '-A INPUT -m conntrack --ctstate ESTABLISHED');
    say(k, ping, 'ping -c 2 -i 0.2 10.0.0.1');
    expect(counted(k, 'filter', 'OUTPUT')).toEqual([1]);
    expect(counted(k, 'filter', 'INPUT')).toEqual([2]);
    expect(say(k, conntrack, 'conntrack -L')).toMatch(
      /^icmp {5}1 \d+ src=10\.0\.0\.2 dst=10\.0\.0\.1 type=8 code=0 id=(\d+) src=10\.0\.0\.1 dst=10\.0\.0\.2 type=0 code=0 id=\1 mark=0 use=1\n$/,
    );
  });

  it('reaches the host to which OUTPUT translates it, and hears of the one that was meant', () => {
    const k = host({ apps: [] });
    rule(k, '-t nat -A OUTPUT -d 10.0.0.77 -j DNAT --to-destination 10.0.0.1');
    rule(k, '-t nat -A POSTROUTING -o eth0 -j SNAT --to-source 10.0.0.99');
    const out = say(k, ping, 'ping -c 2 -i 0.2 10.0.0.77');
    expect(out).toContain('64 bytes from 10.0.0.77: icmp_seq=2 ttl=64');
    const [entry] = tableEntries(k);
    expect(entry!.tuple.map(({ saddr, daddr }) => `${saddr} > ${daddr}`)).toEqual([
      '10.0.0.2 > 10.0.0.77',
      '10.0.0.1 > 10.0.0.99',
    ]);
    checkLedger(k);
  });

  it('takes the route of its new destination', () => {
    const k = host({ apps: [] });
    rule(k, '-t nat -A OUTPUT -d 10.0.0.77 -j DNAT --to-destination 10.0.1.1');
    rule(k, '-t nat -A POSTROUTING -o eth1 -j MASQUERADE');
    expect(say(k, ping, 'ping -c 1 10.0.0.77')).toContain('1 received');
    expect(k.devs[2]!.hw.tx_packets).toBe(1);
    expect(tableEntries(k)[0]!.tuple[1]!.daddr).toBe('10.0.1.2');
  });
});

describe('IPv6', () => {
  const six = (): Kernel => {
    const k = host({ apps: [] });
    inet6_addr_add(k, eth0(k), '2001:db8::2/64');
    return k;
  };

  it('filters by ip6tables, and answers what it rejects', () => {
    const k = six();
    rule6(k, '-A INPUT -s 2001:db8::/64 -p udp --dport 9000 -j REJECT');
    rule6(k, '-A OUTPUT -p ipv6-icmp --icmpv6-type destination-unreachable');
    traffic(k, { pps: 1000, limit: 4, v6: true });
    advance(k, 20 * ms);
    expect(counted(k, 'filter', 'INPUT')).toEqual([4]);
    expect(counted(k, 'filter', 'OUTPUT')).toEqual([k.mib.Icmp6OutDestUnreachs]);
    expect(k.mib.Icmp6OutDestUnreachs).toBeGreaterThan(0);
    checkLedger(k);
  });

  it('translates by ip6tables, and conntrack shows it', () => {
    const k = six();
    const app = { comm: 'sink', uid: 1000, cpu: -1, proto: 'udp', port: 9000 } as const;
    spawn(k, { ...app, address: '::', rcvbuf: 0, reads: true, service_ns: 0 });
    rule6(k, '-t nat -A PREROUTING -p udp --dport 7 -j REDIRECT --to-ports 9000');
    traffic(k, { pps: 1000, limit: 4, v6: true, dport: 7 });
    advance(k, 20 * ms);
    expect(ledgerOf(k).delivered).toBe(4);
    expect(say(k, conntrack, 'conntrack -L -f ipv6')).toMatch(
      /^udp {6}17 \d+ src=\S+ dst=2001:db8::2 sport=\d+ dport=7 \[UNREPLIED\] src=2001:db8::2 dst=\S+ sport=9000/,
    );
  });

  it('redirects a TCP connection, and the answers come from the port that was asked', () => {
    const k = six();
    serve(k, { address: '::' });
    rule6(k, '-t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 5201');
    startClients(k, { dev: ETH0, rate: 1000, limit: 2, dport: 80, v6: true });
    advance(k, 40 * ms);
    expect(k.mib.TcpPassiveOpens).toBe(2);
    expect(k.remotes[0]!.conns.map(({ state }) => state)).toEqual(['established', 'established']);
  });

  it('keeps what was saved', () => {
    const k = six();
    rule6(k, '-t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination [fd00::7]:8080');
    rule6(
      k,
      '-A FORWARD ! -d fd00:0:0::1 -p icmpv6 --icmpv6-type 1/4 -j REJECT --reject-with no-route',
    );
    const text = say(k, ip6tablesSave, 'ip6tables-save');
    expect(text).toContain(
      '-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination [fd00::7]:8080',
    );
    expect(text).toContain(
      '-A FORWARD ! -d fd00::1/128 -p ipv6-icmp -m icmp6 --icmpv6-type 1/4 -j REJECT --reject-with icmp6-no-route',
    );
  });
});

describe('rows of the flow table that translation makes', () => {
  const flood = (k: Kernel): void => {
    rule(k, '-t nat -A PREROUTING -p udp --dport 7 -j REDIRECT --to-ports 9000');
    writeSysctl(k, 'net.netfilter.nf_conntrack_udp_timeout', '1');
    writeSysctl(k, 'net.netfilter.nf_conntrack_buckets', '1024');
    traffic(k, { pps: 1000, flows: 2500, dport: 7 }); // each comes again when its entry is gone
  };

  it('are used again when the connection is gone', () => {
    const k = host({ apps: [{}] });
    flood(k);
    advance(k, 5_000 * ms);
    const { count } = k.flows;
    advance(k, 20_000 * ms);
    expect(k.nf.ct!.next_id).toBeGreaterThan(20_000);
    expect(k.flows.count).toBeLessThan(count + 1000);
    checkLedger(k);
  });

  it('are the same in a copy of the host', () => {
    const k = host({ apps: [{}] });
    flood(k);
    advance(k, 3_000 * ms);
    const copy = clone(k);
    advance(k, 7_000 * ms);
    advance(copy, 7_000 * ms);
    expect(k.flows.free.length + k.nf.ct!.nat_dead).toBeGreaterThan(0);
    expect(digest(copy)).toBe(digest(k));
  });
});

describe('many rules', () => {
  it('that are added one by one are compiled once each', () => {
    const k = host({ apps: [] });
    for (let i = 0; i < 50; i++) rule(k, `-A INPUT -p udp --dport ${1000 + i} -j ACCEPT`);
    const first = k.nf.tables[0]!.chains[0]!.rules[0]!.code;
    rule(k, '-A INPUT -p udp --dport 9 -j ACCEPT');
    expect(k.nf.tables[0]!.chains[0]!.rules[0]!.code).toBe(first);
  });

  it('still find their sets and chains when one before them is gone', () => {
    const k = host({ apps: [{}] });
    for (const line of ['one', 'two', 'three']) rule(k, `-N ${line}`);
    rule(k, '-A three -p udp -m multiport --dports 7,9000 -j DROP');
    rule(k, '-A one -p udp -m multiport --dports 5,6 -j DROP');
    rule(k, '-A INPUT -j three');
    rule(k, '-F one');
    rule(k, '-X one');
    traffic(k, { pps: 1000, limit: 3, dport: 9000 });
    advance(k, 10 * ms);
    expect(counted(k, 'filter', 'three')).toEqual([3]);
    expect(ledgerOf(k).delivered).toBe(0);
  });

  it('are taken back whole when one of a batch is refused', () => {
    const k = host({ apps: [] });
    say(k, nft, 'nft add table ip t');
    say(k, nft, 'nft add chain ip t c');
    say(k, nft, 'nft add rule ip t c counter');
    say(k, nft, 'nft add set ip t s "{ type ipv4_addr; }"');
    const tables = clone(k.nf.tables);
    const { status } = type(
      nft,
      k,
      'nft "add rule ip t c drop ; add element ip t s { 10.0.0.1 } ; rename chain ip t c d ; add rule ip t nosuch drop"',
    );
    expect(status).toBe(1);
    expect(k.nf.tables[0]!.chains).toEqual(tables[0]!.chains);
    expect(k.nf.tables[0]!.sets).toEqual(tables[0]!.sets);
  });
});
