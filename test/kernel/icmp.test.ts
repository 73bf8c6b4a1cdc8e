import { describe, expect, it } from 'vitest';
import { inet_insert_ifa } from '../../src/kernel/devinet.ts';
import { checkLedger, ledgerOf } from '../../src/kernel/ledger.ts';
import {
  neigh_add,
  neigh_lookup,
  neighNow,
  neighState,
  NUD,
  peerMac,
} from '../../src/kernel/neighbour.ts';
import { advance } from '../../src/kernel/run.ts';
import { FLAG_BAD_CSUM, FLAG_BROADCAST } from '../../src/kernel/skb.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { writeSysctl } from '../../src/kernel/sysctl.ts';
import { arrive, flowTo, settle } from './frames.ts';
import { eth0, host, ms } from './hosts.ts';

const ECHO = 8 << 8;

function echo(k: Kernel, n = 1, rest: Parameters<typeof flowTo>[1] = {}, flags = 0): void {
  const flow = flowTo(k, { proto: 1, sport: ECHO, dport: 77, ...rest });
  for (let i = 0; i < n; i++) arrive(k, flow, { len: 98, flags });
  settle(k);
  checkLedger(k);
}

describe('an echo request', () => {
  it('is used up and answered by a frame of the same length', () => {
    const k = host();
    echo(k, 3);
    expect(ledgerOf(k)).toMatchObject({ offered: 3, consumed: 3, dropped: [] });
    const { IcmpInMsgs, IcmpInEchos, IcmpMsgInType8, IcmpOutMsgs, IcmpOutEchoReps } = k.mib;
    expect([IcmpInMsgs, IcmpInEchos, IcmpMsgInType8, IcmpOutMsgs, IcmpOutEchoReps]).toEqual([
      3, 3, 3, 3, 3,
    ]);
    expect([eth0(k).hw['tx_packets'], eth0(k).hw['tx_bytes']]).toEqual([3, 3 * 102]);
    expect(k.mib.IpInDelivers).toBe(3);
  });

  it('stays without answer where icmp_echo_ignore_all says so', () => {
    const k = host();
    writeSysctl(k, 'net.ipv4.icmp_echo_ignore_all', '1');
    echo(k);
    expect([k.mib.IcmpInMsgs, k.mib.IcmpOutMsgs, ledgerOf(k).consumed]).toEqual([1, 0, 1]);
  });

  it('to a broadcast address is refused unless icmp_echo_ignore_broadcasts is off', () => {
    const k = host();
    echo(k, 1, { daddr: '10.0.0.255' }, FLAG_BROADCAST);
    expect(ledgerOf(k).dropped).toMatchObject([{ reason: 'INVALID_PROTO', packets: 1 }]);
    writeSysctl(k, 'net.ipv4.icmp_echo_ignore_broadcasts', '0');
    echo(k, 1, { daddr: '10.0.0.255' }, FLAG_BROADCAST);
    expect(k.mib['IcmpOutEchoReps']).toBe(1);
  });

  it('with a wrong checksum, and a message of an unknown type, are errors', () => {
    const k = host();
    echo(k, 1, {}, FLAG_BAD_CSUM);
    echo(k, 1, { sport: 200 << 8 });
    expect([k.mib.IcmpInErrors, k.mib.IcmpInCsumErrors]).toEqual([2, 1]);
    expect(ledgerOf(k).dropped.map(({ reason }) => reason)).toEqual([
      'UNHANDLED_PROTO',
      'ICMP_CSUM',
    ]);
  });

  it('is not limited, as its type is not in icmp_ratemask', () => {
    const k = host();
    echo(k, 200);
    expect(k.mib['IcmpOutEchoReps']).toBe(200);
  });
});

describe('an error message', () => {
  it('goes to one sender six times at once, then once in icmp_ratelimit', () => {
    const k = host();
    writeSysctl(k, 'net.ipv4.icmp_msgs_burst', '1000');
    const flow = flowTo(k, { proto: 99 });
    for (let i = 0; i < 20; i++) arrive(k, flow);
    settle(k);
    expect([k.mib['IcmpOutDestUnreachs'], k.mib.IcmpOutRateLimitHost]).toEqual([6, 14]);
    for (let second = 1; second <= 3; second++) {
      advance(k, second * 1000 * ms + 100 * ms);
      for (let i = 0; i < 5; i++) arrive(k, flow);
      settle(k);
    }
    expect(k.mib['IcmpOutDestUnreachs']).toBe(9);
  });

  it('goes to all together not faster than icmp_msgs_per_sec after a burst', () => {
    const k = host();
    for (let i = 0; i < 250; i++)
      arrive(k, flowTo(k, { proto: 99, saddr: `10.0.0.${3 + (i % 250)}` }));
    settle(k);
    const sent = k.mib['IcmpOutDestUnreachs']!;
    // A message takes one credit of the burst of 50 in the mean, more come back every 20 ms.
    expect(sent).toBeGreaterThan(25);
    expect(sent).toBeLessThan(110);
    expect(sent + k.mib.IcmpOutRateLimitGlobal).toBe(250);
  });

  it('never answers an error, a later fragment or a broadcast', () => {
    const k = host();
    writeSysctl(k, 'net.ipv4.ip_forward', '1');
    arrive(k, flowTo(k, { proto: 1, sport: 3 << 8, daddr: '10.0.1.77', ttl: 1 }));
    arrive(k, flowTo(k, { proto: 99 }), { flags: FLAG_BROADCAST });
    settle(k);
    expect(k.mib.IcmpOutMsgs).toBe(0);
    arrive(k, flowTo(k, { proto: 1, sport: ECHO, daddr: '10.0.1.77', ttl: 1 }));
    settle(k);
    expect(k.mib['IcmpOutTimeExcds']).toBe(1);
  });
});

describe('ARP', () => {
  const ask = (k: Kernel, daddr: string, saddr = '10.0.0.1', op = 1): void => {
    const flow = flowTo(k, { ethertype: 0x0806, proto: 0, saddr, daddr, sport: op, dport: 0 });
    arrive(k, flow, { flags: FLAG_BROADCAST });
    settle(k);
    checkLedger(k);
  };

  it('answers who asks for an address of this host, and remembers who it was', () => {
    const k = host();
    ask(k, '10.0.0.2');
    expect(ledgerOf(k)).toMatchObject({ offered: 1, consumed: 1 });
    expect([eth0(k).hw['tx_packets'], k.mib.IpOutRequests]).toEqual([1, 0]);
    const n = neigh_lookup(k, 1, 0x0a00_0001)!;
    expect([neighState(k, n), n.lladdr]).toEqual([NUD.STALE, peerMac(k, eth0(k))]);
  });

  it('keeps silent about addresses of others, and with arp_ignore about other devices’', () => {
    const k = host();
    ask(k, '10.0.0.77');
    expect(eth0(k).hw['tx_packets'] ?? 0).toBe(0);
    ask(k, '10.0.1.2');
    expect(eth0(k).hw['tx_packets']).toBe(1);
    writeSysctl(k, 'net.ipv4.conf.eth0.arp_ignore', '1');
    ask(k, '10.0.1.2');
    expect(eth0(k).hw['tx_packets']).toBe(1);
    ask(k, '10.0.0.2');
    expect(eth0(k).hw['tx_packets']).toBe(2);
  });

  it('answers who looks whether an address is free, and does not remember nobody', () => {
    const k = host();
    ask(k, '10.0.0.2', '0.0.0.0');
    expect([eth0(k).hw['tx_packets'], k.neighs.length]).toEqual([1, 0]);
  });

  it('answers that question for an address of another device too', () => {
    const k = host();
    ask(k, '10.0.1.2', '0.0.0.0');
    expect(eth0(k).hw['tx_packets']).toBe(1);
  });

  it('with arp_ignore 2 wants both addresses in one network of the device, whichever it is', () => {
    const k = host();
    writeSysctl(k, 'net.ipv4.conf.eth0.arp_ignore', '2');
    expect(inet_insert_ifa(k, eth0(k), '10.0.0.77/32').ok).toBe(true);
    ask(k, '10.0.0.77');
    expect(eth0(k).hw['tx_packets']).toBe(1);
    ask(k, '10.0.0.77', '10.0.9.1');
    expect(eth0(k).hw['tx_packets']).toBe(1);
  });

  it('with arp_ignore 3 is silent about addresses of this host alone, but not with route_localnet', () => {
    const k = host();
    writeSysctl(k, 'net.ipv4.conf.eth0.route_localnet', '1');
    writeSysctl(k, 'net.ipv4.conf.eth0.arp_ignore', '3');
    ask(k, '127.0.0.1');
    expect(eth0(k).hw['tx_packets'] ?? 0).toBe(0);
    writeSysctl(k, 'net.ipv4.conf.lo.route_localnet', '1');
    ask(k, '127.0.0.1');
    expect(eth0(k).hw['tx_packets']).toBe(1);
  });

  it('remembers who asked, not confirmed for twice base_reachable_time', () => {
    const k = host();
    ask(k, '10.0.0.2');
    const n = neigh_lookup(k, 1, 0x0a00_0001)!;
    expect(n.updated - n.confirmed).toBe(60_000_000_000);
  });

  it('uses an address that is stale, asks about it after five seconds, and believes the answer', () => {
    const k = host();
    ask(k, '10.0.0.2');
    const n = neigh_lookup(k, 1, 0x0a00_0001)!;
    echo(k);
    const sent = n.updated;
    expect([neighState(k, n), n.used]).toEqual([NUD.DELAY, sent]);
    k.now = sent + 5000 * ms - 1;
    expect(neighState(k, n)).toBe(NUD.DELAY);
    k.now++;
    expect(neighNow(k, n)).toEqual({ state: NUD.REACHABLE, updated: k.now, confirmed: k.now });
    k.now += 46_000 * ms;
    expect(neighState(k, n)).toBe(NUD.STALE);
  });

  it('gives up an address that nobody has, after three questions to it alone', () => {
    const k = host();
    const how = { create: true, excl: true, replace: false };
    neigh_add(k, 1, 0x0a00_0001, '02:00:00:00:00:50', NUD.STALE, how);
    echo(k);
    const n = neigh_lookup(k, 1, 0x0a00_0001)!;
    expect(eth0(k).hw['tx_packets']).toBe(1);
    const states = [4999, 5001, 7999, 8001].map((after) => {
      k.now = n.updated + after * ms;
      return neighState(k, n);
    });
    expect(states).toEqual([NUD.DELAY, NUD.PROBE, NUD.PROBE, NUD.FAILED]);
    k.now = n.updated + 5001 * ms;
    echo(k); // one more to the address that is being asked
    k.now += 3000 * ms;
    expect(neighState(k, n)).toBe(NUD.FAILED);
  });

  it('takes a reply for what is in the table only, unless arp_accept is on', () => {
    const k = host();
    ask(k, '10.0.0.2', '10.0.0.9', 2);
    expect(k.neighs.length).toBe(0);
    writeSysctl(k, 'net.ipv4.conf.eth0.arp_accept', '1');
    ask(k, '10.0.0.2', '10.0.0.9', 2);
    expect(k.neighs.length).toBe(1);
  });
});
