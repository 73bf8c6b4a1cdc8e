/// IPv6 beyond delivery: forwarding, ICMPv6 errors and their limits, addresses, UDP sockets and counters.
import { describe, expect, it } from 'vitest';
import { spawn } from '../../src/kernel/apps.ts';
import { dev_close } from '../../src/kernel/dev.ts';
import { inet6_addr_add, inet6_addr_del } from '../../src/kernel/ipv6_addr.ts';
import { checkLedger, ledgerOf } from '../../src/kernel/ledger.ts';
import { advance } from '../../src/kernel/run.ts';
import { FLAG_BAD_CSUM, FLAG_IPID, FLAG_MULTICAST } from '../../src/kernel/skb.ts';
import { openUdp } from '../../src/kernel/sock.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { writeSysctl } from '../../src/kernel/sysctl.ts';
import { __udp6_lib_lookup } from '../../src/kernel/udp6_lookup.ts';
import { ip } from '../../src/shell/commands/ip.ts';
import { nft } from '../../src/shell/commands/nft.ts';
import { type } from '../shell/tools/typing.ts';
import { arrive, flowTo, settle } from './frames.ts';
import { eth0, ETH0, host, ms, traffic } from './hosts.ts';

const HERE = '2001:db8:0:1::1'; // a sender on eth0's link
const THERE = '2001:db8:0:2::9'; // a host on eth1's

function router(): Kernel {
  const k = host();
  inet6_addr_add(k, k.devs[1]!, '2001:db8:0:1::2/64');
  inet6_addr_add(k, k.devs[2]!, '2001:db8:0:2::2/64');
  writeSysctl(k, 'net.ipv6.conf.all.forwarding', '1');
  return k;
}

function packet(k: Kernel, rest: Parameters<typeof flowTo>[1] = {}, columns = {}): void {
  arrive(k, flowTo(k, { saddr: HERE, daddr: THERE, ...rest }), columns);
  settle(k);
  checkLedger(k);
}

function rule(k: Kernel, line: string): void {
  const { err, status } = type(nft, k, line);
  if (status !== 0) throw new Error(err);
}

function reasons(k: Kernel): string[] {
  return ledgerOf(k).dropped.map(({ reason }) => reason);
}

describe('an IPv6 router', () => {
  it('forwards to the network of another device, and counts there', () => {
    const k = router();
    packet(k, {}, { len: 114 });
    expect(ledgerOf(k)).toMatchObject({ offered: 1, forwarded: 1 });
    const [, in_, out] = k.devs;
    expect([in_!.hw['tx_packets'] ?? 0, out!.hw['tx_packets']]).toEqual([0, 1]);
    const { Ip6OutForwDatagrams, Ip6OutTransmits, Ip6OutOctets, Ip6OutRequests } = k.mib;
    expect([Ip6OutForwDatagrams, Ip6OutTransmits, Ip6OutOctets]).toEqual([1, 1, 100]);
    expect(Ip6OutRequests ?? 0).toBe(0);
    expect(k.ip6_mib[out!.ifindex]).toMatchObject({ Ip6OutForwDatagrams: 1 });
    expect(k.ip6_mib[in_!.ifindex]).toMatchObject({ Ip6InReceives: 1 });
  });

  it('does so only while net.ipv6.conf.all.forwarding is on', () => {
    const k = router();
    writeSysctl(k, 'net.ipv6.conf.all.forwarding', '0');
    packet(k);
    expect([k.mib['Ip6InAddrErrors'], ...reasons(k)]).toEqual([1, 'IP_INADDRERRORS']);
  });

  it('tells the sender of a hop limit that has run out', () => {
    const k = router();
    packet(k, { ttl: 1 });
    expect([k.mib['Ip6InHdrErrors'], k.mib['Icmp6OutTimeExcds'], k.mib['Icmp6OutType3']]).toEqual([
      1, 1, 1,
    ]);
    expect(reasons(k)).toEqual(['IP_INHDR']);
    expect(eth0(k).hw['tx_packets']).toBe(1);
  });

  it('tells the sender of a packet that is too big, and never cuts it', () => {
    const k = router();
    k.devs[2]!.mtu = 1400;
    packet(k, {}, { len: 1414 });
    packet(k, {}, { len: 1415 });
    expect(ledgerOf(k).forwarded).toBe(1);
    const { Ip6InTooBigErrors, Ip6FragFails, Icmp6OutPktTooBigs, Ip6OutOctets } = k.mib;
    expect([Ip6InTooBigErrors, Ip6FragFails, Icmp6OutPktTooBigs]).toEqual([1, 1, 1]);
    // The message quotes as much as fits into 1280 bytes.
    expect(Ip6OutOctets).toBe(1400 + 1280);
    // No link of IPv6 takes less than 1280 bytes.
    k.devs[2]!.mtu = 1000;
    packet(k, {}, { len: 1200 });
    expect(ledgerOf(k).forwarded).toBe(2);
  });

  it('measures merged packets by their segments', () => {
    const k = router();
    const train = { proto: 'tcp', v6: true, daddr: THERE, len: 1518, train: 20 } as const;
    traffic(k, { ...train, pps: 500_000, limit: 100 });
    advance(k, 10 * ms);
    checkLedger(k);
    expect(k.mib['Ip6InReceives']).toBeLessThan(60);
    expect([ledgerOf(k).forwarded, k.devs[2]!.hw['tx_packets']]).toEqual([100, 100]);
    expect(k.mib['Ip6OutTransmits']).toBe(k.mib['Ip6OutForwDatagrams']);
    k.devs[2]!.mtu = 1499;
    traffic(k, { ...train, pps: 500_000, limit: 20 });
    advance(k, 20 * ms);
    expect([ledgerOf(k).forwarded, ...reasons(k)]).toEqual([100, 'PKT_TOO_BIG']);
  });

  it('does not forward link-local senders, and tells them', () => {
    const k = router();
    packet(k, { saddr: 'fe80::1' });
    packet(k, { saddr: '::' });
    expect([k.mib['Ip6InAddrErrors'], k.mib['Icmp6OutDestUnreachs']]).toEqual([2, 1]);
  });

  it('tells the sender that there is no route, as a host does too', () => {
    const k = router();
    packet(k, { daddr: '2001:db8:9::1' });
    writeSysctl(k, 'net.ipv6.conf.all.forwarding', '0');
    packet(k, { daddr: '2001:db8:9::1' });
    expect([k.mib['Ip6InNoRoutes'], k.mib['Icmp6OutDestUnreachs']]).toEqual([2, 2]);
    expect(reasons(k)).toEqual(['IP_INNOROUTES']);
  });

  it('asks the FORWARD hook with both devices', () => {
    const k = router();
    rule(k, 'nft add table ip6 f');
    rule(k, 'nft add chain ip6 f forward { type filter hook forward priority 0 ; }');
    rule(k, 'nft add rule ip6 f forward iifname eth0 oifname eth1 udp dport 9000 drop');
    packet(k);
    packet(k, { dport: 9001 });
    expect([ledgerOf(k).forwarded, ...reasons(k)]).toEqual([1, 'NETFILTER_DROP']);
  });

  it('lets its NIC take frames for the groups that it is in, and no others', () => {
    const k = router();
    const taken = (daddr: string): boolean => {
      const before = k.mib['Ip6InMcastPkts'] ?? 0;
      packet(k, { daddr }, { flags: FLAG_MULTICAST });
      return (k.mib['Ip6InMcastPkts'] ?? 0) > before;
    };
    const groups = ['ff02::1', 'ff02::1:ff00:2', 'ff02::1:ff12:3450', 'ff02::2', 'ff05::2'];
    expect(groups.map(taken)).toEqual([true, true, true, true, true]);
    expect(['ff02::5', 'ff02::1:ff00:3'].map(taken)).toEqual([false, false]);
    expect(taken('ff05::1:ff00:2')).toBe(true); // the same link address: only IP can tell
    writeSysctl(k, 'net.ipv6.conf.all.forwarding', '0');
    inet6_addr_del(k, k.devs[1]!, '2001:db8:0:1::2/64');
    expect(groups.map(taken)).toEqual([true, false, true, false, false]);
  });

  it('shows its groups, and how often a link address is used', () => {
    const k = router();
    expect(type(ip, k, 'ip maddr show dev eth0').out).toBe(
      [
        '2:\teth0',
        '\tlink  33:33:00:00:00:01',
        '\tlink  01:00:5e:00:00:01',
        '\tlink  33:33:ff:12:34:50',
        '\tlink  33:33:ff:00:00:02',
        '\tlink  33:33:00:00:00:02 users 2',
        '\tinet  224.0.0.1',
        '\tinet6 ff05::2',
        '\tinet6 ff01::2',
        '\tinet6 ff02::2',
        '\tinet6 ff02::1:ff00:2',
        '\tinet6 ff02::1:ff12:3450',
        '\tinet6 ff02::1',
        '\tinet6 ff01::1',
        '',
      ].join('\n'),
    );
  });

  it('is in the groups of routers', () => {
    const k = router();
    const ask = { proto: 58, sport: 128 << 8, daddr: 'ff02::2' };
    packet(k, ask);
    expect(k.mib['Icmp6OutEchoReplies']).toBe(1);
    writeSysctl(k, 'net.ipv6.conf.all.forwarding', '0');
    packet(k, ask);
    expect([k.mib['Icmp6OutEchoReplies'], ...reasons(k)]).toEqual([1, 'NOT_SPECIFIED']);
  });
});

describe('ICMPv6 errors', () => {
  it('go to the sender of a datagram that nobody wants, six at once and then more slowly', () => {
    const k = router();
    const flow = flowTo(k, { saddr: HERE, daddr: '2001:db8:0:1::2' });
    for (let i = 0; i < 20; i++) arrive(k, flow);
    settle(k);
    expect(k.mib['Udp6NoPorts']).toBe(20);
    expect(k.mib.UdpNoPorts).toBe(0);
    const sent = k.mib['Icmp6OutDestUnreachs']!;
    expect(sent).toBe(6);
    expect(sent + k.mib['Icmp6OutRateLimitHost']!).toBe(20);
    // A network of 64 bits gets one in a quarter of net.ipv6.icmp.ratelimit.
    advance(k, k.now + 250 * ms);
    arrive(k, flow);
    settle(k);
    expect(k.mib['Icmp6OutDestUnreachs']).toBe(7);
  });

  it('come from an address of the device that the packet came by, or from that which it was sent to', () => {
    for (const [rest, saddr] of [
      [{ ttl: 1 }, '2001:db8:0:1::2'],
      [{ daddr: '2001:db8:9::1' }, '2001:db8:0:1::2'],
      [{ daddr: '2001:db8:0:2::2' }, '2001:db8:0:2::2'], // nobody's port, on the far device's address
      [{ saddr: 'fe80::1' }, 'fe80::5054:ff:fe12:3450'],
    ] as const) {
      const k = router();
      rule(k, 'nft add table ip6 o');
      rule(k, 'nft add chain ip6 o output { type filter hook output priority 0 ; }');
      rule(k, `nft add rule ip6 o output ip6 saddr != ${saddr} drop`);
      packet(k, rest);
      expect([k.mib['Icmp6OutMsgs'], eth0(k).hw['tx_packets']], saddr).toEqual([1, 1]);
    }
  });

  it('come from another device that has an address for the whole net, where that one has none', () => {
    const k = router();
    inet6_addr_del(k, k.devs[1]!, '2001:db8:0:1::2/64');
    inet6_addr_add(k, k.devs[2]!, '2001:db8:0:1::7/64');
    rule(k, 'nft add table ip6 o');
    rule(k, 'nft add chain ip6 o output { type filter hook output priority 0 ; }');
    rule(k, 'nft add rule ip6 o output ip6 saddr != 2001:db8:0:1::7 drop');
    packet(k, { ttl: 1 });
    expect(k.devs[2]!.hw['tx_packets']).toBe(1);
  });

  it('about packets that are too big are not limited', () => {
    const k = router();
    k.devs[2]!.mtu = 1280;
    const flow = flowTo(k, { saddr: HERE, daddr: THERE });
    for (let i = 0; i < 20; i++) arrive(k, flow, { len: 1400 });
    settle(k);
    expect(k.mib['Icmp6OutPktTooBigs']).toBe(20);
  });

  it('are not sent about errors, to groups, or to nobody', () => {
    const k = router();
    packet(k, { daddr: '2001:db8:0:1::2', saddr: '::' });
    packet(k, { daddr: 'ff02::1' }, { flags: FLAG_MULTICAST });
    packet(k, { proto: 58, sport: 1 << 8, ttl: 1 });
    expect(k.mib['Icmp6OutMsgs'] ?? 0).toBe(0);
    packet(k, { proto: 99, daddr: '2001:db8:0:1::2' });
    expect(k.mib['Icmp6OutParmProblems']).toBe(1);
  });
});

describe('IPv6 addresses of a device', () => {
  it('come once, the newest first, and go with the device', () => {
    const k = host();
    const dev = eth0(k);
    expect(inet6_addr_add(k, dev, '2001:DB8:0::2/64').ok).toBe(true);
    expect(inet6_addr_add(k, dev, '2001:db8::2/64')).toMatchObject({ errno: 'EEXIST' });
    expect(inet6_addr_add(k, dev, '2001:db8::3')).toMatchObject({ ok: true });
    expect(dev.addrs6).toEqual(['2001:db8::3/128', '2001:db8::2/64']);
    expect(inet6_addr_del(k, dev, '2001:db8::2/65')).toMatchObject({ errno: 'EADDRNOTAVAIL' });
    expect(inet6_addr_del(k, dev, '2001:db8::3/128').ok).toBe(true);
    dev_close(k, dev);
    expect(dev.addrs6).toEqual([]);
  });

  it('are refused where they are none of a host', () => {
    const k = host();
    for (const text of ['ff02::1/64', '::/0'])
      expect(inet6_addr_add(k, eth0(k), text).ok).toBe(false);
    expect(inet6_addr_add(k, eth0(k), '2001:db8::g/64').ok).toBe(false);
  });
});

describe('a UDP socket of IPv6', () => {
  function sink(k: Kernel, address: string, rcvbuf = 0): void {
    const app = { comm: 'sink', uid: 1000, cpu: -1, proto: 'udp', port: 9000 } as const;
    spawn(k, { ...app, address, rcvbuf, reads: rcvbuf === 0, service_ns: 0 });
  }

  it('counts datagrams of each family in the counters of that family', () => {
    const k = router();
    sink(k, '::');
    traffic(k, { pps: 100_000, limit: 5, v6: true });
    traffic(k, { pps: 100_000, limit: 3 });
    advance(k, 10 * ms);
    expect([k.mib['Udp6InDatagrams'], k.mib.UdpInDatagrams]).toEqual([5, 3]);
    expect(k.socks.at(-1)).toMatchObject({ received: 8, family: 10 });
    expect(ledgerOf(k).delivered).toBe(8);
  });

  it('counts what its buffer refuses, and what is damaged, for IPv6', () => {
    const k = router();
    sink(k, '::', 2304);
    traffic(k, { pps: 100_000, limit: 50, v6: true });
    advance(k, 10 * ms);
    expect(k.mib['Udp6RcvbufErrors']).toBe(k.mib['Udp6InErrors']);
    expect(k.mib['Udp6RcvbufErrors']).toBeGreaterThan(0);
    expect([k.mib.UdpRcvbufErrors, k.mib.UdpInErrors]).toEqual([0, 0]);
    const before = k.mib['Udp6InErrors']!;
    packet(k, { daddr: '2001:db8:0:1::2' }, { flags: FLAG_BAD_CSUM });
    expect([k.mib['Udp6InCsumErrors'], k.mib['Udp6InErrors']]).toEqual([1, before + 1]);
    expect(k.mib.UdpInCsumErrors).toBe(0);
  });

  it('that is not there ignores datagrams to a group, and nobody is told', () => {
    const k = router();
    packet(k, { daddr: 'ff02::1' });
    expect([k.mib['Udp6IgnoredMulti'], k.mib['Udp6NoPorts'] ?? 0]).toEqual([1, 0]);
    expect(reasons(k)).toEqual(['NOT_SPECIFIED']);
  });

  it('on an address gets that address only, before one on any', () => {
    const k = router();
    const any = openUdp(k, 0, 9000, { address: '::', reuse: true });
    const exact = openUdp(k, 0, 9000, { address: '2001:db8:0:1::2', reuse: true });
    const key = { saddr: HERE, sport: 1, dport: 9000, dif: 2, cpu: 0 };
    expect(__udp6_lib_lookup(k, { ...key, daddr: '2001:db8:0:1::2' })).toBe(exact);
    expect(__udp6_lib_lookup(k, { ...key, daddr: '2001:db8:0:2::2' })).toBe(any);
    expect(openUdp(k, 0, 9000, {})).toBe('EADDRINUSE');
    expect(typeof openUdp(k, 0, 9001, { address: '2001:db8:0:1::2' })).toBe('number');
    expect(typeof openUdp(k, 0, 9001, {})).toBe('number');
  });
});

describe('a UDP datagram without an identification of its own', () => {
  it('has DF set: a router does not cut it', () => {
    const k = host();
    writeSysctl(k, 'net.ipv4.ip_forward', '1');
    k.devs[2]!.mtu = 1000;
    arrive(k, flowTo(k, { daddr: '10.0.1.9' }), { len: 1200 });
    arrive(k, flowTo(k, { daddr: '10.0.1.9' }), { len: 1200, flags: FLAG_IPID, ipid: 7 }, ETH0);
    settle(k);
    checkLedger(k);
    expect([k.mib.IpFragFails, k.mib.IpFragOKs, k.mib.IpFragCreates]).toEqual([1, 1, 2]);
    expect(reasons(k)).toEqual(['PKT_TOO_BIG']);
  });
});
