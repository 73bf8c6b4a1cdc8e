import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dev_set_promiscuity } from '../../src/kernel/dev.ts';
import { inet_insert_ifa } from '../../src/kernel/devinet.ts';
import { inet_rtm_newroute } from '../../src/kernel/fib_frontend.ts';
import { fib_nl_delrule, fib_nl_newrule } from '../../src/kernel/fib_rules.ts';
import { plainRoute } from '../../src/kernel/fib_semantics.ts';
import { SCOPE } from '../../src/kernel/fib_trie.ts';
import { addressNumber } from '../../src/kernel/flows.ts';
import { IP_FAULT } from '../../src/kernel/ip_faults.ts';
import { checkLedger, ledgerOf } from '../../src/kernel/ledger.ts';
import {
  FLAG_BAD_IP,
  FLAG_BROADCAST,
  FLAG_DF,
  FLAG_FRAG,
  FLAG_IPID,
  FLAG_MARK,
  FLAG_MF,
  FLAG_TCP,
  FLAG_VLAN,
} from '../../src/kernel/skb.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { writeSysctl } from '../../src/kernel/sysctl.ts';
import { arrive, flowTo, settle } from './frames.ts';
import { eth0, host } from './hosts.ts';

const ICMP_ECHO = 8 << 8;
const FLAGS = FLAG_BAD_IP | FLAG_BROADCAST | FLAG_DF | FLAG_FRAG | FLAG_MF | FLAG_VLAN;

const ADD = { excl: true, replace: false, append: false, create: true };

/// What the ledger says of the drops, as one text.
function drops(k: Kernel): string {
  checkLedger(k);
  return ledgerOf(k)
    .dropped.map(({ reason, packets }) => `${reason} ${packets}`)
    .join(', ');
}

function set(k: Kernel, name: string, value: string): void {
  expect(writeSysctl(k, name, value).ok).toBe(true);
}

function router(): Kernel {
  const k = host({ apps: [{}] });
  set(k, 'net.ipv4.ip_forward', '1');
  return k;
}

describe('the IPv4 header', () => {
  const cases: readonly (readonly [string, number, string, string])[] = [
    ['another version', IP_FAULT.VERSION, 'IP_INHDR 1', 'IpInHdrErrors'],
    ['a header below 20 bytes', IP_FAULT.IHL, 'IP_INHDR 1', 'IpInHdrErrors'],
    ['a wrong checksum', IP_FAULT.CHECKSUM, 'IP_CSUM 1', 'IpExtInCsumErrors'],
    ['more length than came', IP_FAULT.TRUNCATED, 'PKT_TOO_SMALL 1', 'IpExtInTruncatedPkts'],
    ['less length than its header', IP_FAULT.TOTAL_LENGTH, 'IP_INHDR 1', 'IpInHdrErrors'],
    ['options without sense', IP_FAULT.BAD_OPTIONS, 'NOT_SPECIFIED 1', 'IpInHdrErrors'],
  ];
  for (const [what, cb, reason, counter] of cases)
    it(`with ${what} ends the packet as ${reason.split(' ')[0]}`, () => {
      const k = host({ apps: [{}] });
      arrive(k, flowTo(k), { flags: FLAG_BAD_IP, cb });
      settle(k);
      expect(drops(k)).toBe(reason);
      expect([k.mib.IpInReceives, k.mib[counter], k.mib.IpInDelivers]).toEqual([1, 1, 0]);
    });

  it('counts a wrong checksum among the header errors, a short packet not', () => {
    const k = host();
    arrive(k, flowTo(k), { flags: FLAG_BAD_IP, cb: IP_FAULT.CHECKSUM });
    arrive(k, flowTo(k), { flags: FLAG_BAD_IP, cb: IP_FAULT.TRUNCATED });
    settle(k);
    expect(k.mib.IpInHdrErrors).toBe(1);
  });

  it('is counted by its ECN field', () => {
    const k = host({ apps: [{}] });
    for (const tos of [0, 1, 2, 3, 3]) arrive(k, flowTo(k, { tos }));
    settle(k);
    const { IpExtInNoECTPkts, IpExtInECT1Pkts, IpExtInECT0Pkts, IpExtInCEPkts } = k.mib;
    expect([IpExtInNoECTPkts, IpExtInECT1Pkts, IpExtInECT0Pkts, IpExtInCEPkts]).toEqual([
      1, 1, 1, 2,
    ]);
  });

  it('may hold a source route only where accept_source_route is on for all and the device', () => {
    const k = host({ apps: [{}] });
    const send = (): void => {
      arrive(k, flowTo(k), { flags: FLAG_BAD_IP, cb: IP_FAULT.SOURCE_ROUTE });
      settle(k);
    };
    set(k, 'net.ipv4.conf.all.accept_source_route', '1');
    send();
    expect(ledgerOf(k).delivered).toBe(1);
    set(k, 'net.ipv4.conf.eth0.accept_source_route', '0');
    set(k, 'net.ipv4.conf.all.log_martians', '1');
    send();
    expect(drops(k)).toBe('NOT_SPECIFIED 1');
    expect(k.dmesg.at(-1)).toContain('IPv4: source route option 10.0.0.1 -> 10.0.0.2');
  });
});

describe('protocol dispatch', () => {
  it('drops what no protocol wants, and counts it at the device', () => {
    const k = host();
    arrive(k, flowTo(k, { ethertype: 0x88cc }));
    settle(k);
    expect(drops(k)).toBe('UNHANDLED_PROTO 1');
    expect(eth0(k).rx_dropped).toBe(1);
  });

  it('takes a frame with a tag for nobody as another host’s, one with a priority only as its own', () => {
    const k = host({ apps: [{}] });
    eth0(k).features['rx-vlan-filter'] = false;
    arrive(k, flowTo(k), { flags: FLAG_VLAN, vlan_tci: 7 });
    arrive(k, flowTo(k), { flags: FLAG_VLAN, vlan_tci: 0x6000 });
    settle(k);
    expect(drops(k)).toBe('OTHERHOST 1');
    expect(ledgerOf(k).delivered).toBe(1);
  });
});

describe('the way in', () => {
  it('refuses sources that cannot be, and logs them only when asked', () => {
    const k = host({ apps: [{}] });
    const impossible = ['224.0.0.9', '255.255.255.255', '0.0.0.7', '127.0.0.1', '10.0.0.2'];
    for (const saddr of impossible) arrive(k, flowTo(k, { saddr }));
    settle(k);
    expect(drops(k)).toBe(`NOT_SPECIFIED ${impossible.length}`);
    expect(k.dmesg.join()).not.toContain('martian');
    set(k, 'net.ipv4.conf.eth0.log_martians', '1');
    arrive(k, flowTo(k, { saddr: '127.0.0.1' }));
    settle(k);
    expect(k.dmesg.at(-2)).toContain('IPv4: martian source 10.0.0.2 from 127.0.0.1, on dev eth0');
    expect(k.dmesg.at(-1)).toMatch(
      /ll header: 00000000: 52 54 00 12 34 50 ([0-9a-f]{2} ){6}08 00$/,
    );
  });

  it('logs a martian that was sent to all with the address of all', () => {
    const k = host();
    set(k, 'net.ipv4.conf.eth0.log_martians', '1');
    set(k, 'net.ipv4.conf.eth0.rp_filter', '1');
    arrive(k, flowTo(k, { saddr: '10.0.1.9', daddr: '10.0.0.255' }), { flags: FLAG_BROADCAST });
    settle(k);
    expect(k.dmesg.at(-2)).toContain('martian source 10.0.0.255 from 10.0.1.9, on dev eth0');
    expect(k.dmesg.at(-1)).toMatch(/ ll header: 00000000: (ff ){6}([0-9a-f]{2} ){6}08 00$/);
  });

  it('looks for the way back with the ports of the way back, where a rule asks for ports', () => {
    const k = host({ apps: [{}] });
    set(k, 'net.ipv4.conf.eth0.rp_filter', '1');
    const route = plainRoute({ slen: 8, dev: 1, scope: SCOPE.LINK, table: 100 });
    expect(inet_rtm_newroute(k, addressNumber('10.0.1.0'), route, ADD).ok).toBe(true);
    fib_nl_newrule(k, { pref: 5, proto: 17, sport: [9000, 9000], table: 100 }, true);
    arrive(k, flowTo(k, { saddr: '10.0.1.9', dport: 9001 }));
    settle(k);
    expect(drops(k)).toBe('IP_RPFILTER 1');
    arrive(k, flowTo(k, { saddr: '10.0.1.9' }));
    settle(k);
    expect(drops(k)).toBe('IP_RPFILTER 1');
    expect(ledgerOf(k).delivered).toBe(1);
  });

  it('keeps back log lines above message_burst, and says how many', () => {
    const k = host();
    set(k, 'net.ipv4.conf.eth0.log_martians', '1');
    const flow = flowTo(k, { daddr: '127.0.0.1' });
    for (let i = 0; i < 25; i++) arrive(k, flow);
    settle(k);
    expect(k.dmesg.filter((line) => line.includes('martian destination')).length).toBe(10);
    k.now += 6_000_000_000;
    arrive(k, flow);
    settle(k);
    expect(k.dmesg.join('\n')).toContain('net_ratelimit: 15 callbacks suppressed');
  });

  it('takes its own address as a source with accept_local, and 127.0.0.0/8 with route_localnet', () => {
    const k = host({ apps: [{}] });
    set(k, 'net.ipv4.conf.eth0.accept_local', '1');
    set(k, 'net.ipv4.conf.eth0.route_localnet', '1');
    arrive(k, flowTo(k, { saddr: '10.0.0.2' }));
    arrive(k, flowTo(k, { daddr: '127.0.0.1' }));
    settle(k);
    expect(ledgerOf(k).delivered).toBe(2);
  });

  it('filters by the reverse path: strict asks for this device, loose for any', () => {
    const seen = (mode: string, saddr: string): number => {
      const k = host({ apps: [{}] });
      set(k, 'net.ipv4.conf.eth1.rp_filter', mode);
      arrive(k, flowTo(k, { dev: 2, saddr, daddr: '10.0.1.2' }), {}, 2);
      settle(k);
      checkLedger(k);
      return k.mib.TcpExtIPReversePathFilter;
    };
    expect([seen('0', '192.0.2.9'), seen('1', '192.0.2.9'), seen('2', '192.0.2.9')]).toEqual([
      0, 1, 0,
    ]);
    expect(seen('1', '10.0.1.1')).toBe(0);
  });

  it('takes the stricter of all and the device', () => {
    const k = host({ apps: [{}] });
    set(k, 'net.ipv4.conf.all.rp_filter', '1');
    const flow = flowTo(k, { dev: 2, saddr: '192.0.2.9', daddr: '10.0.1.2' });
    arrive(k, flow, {}, 2);
    settle(k);
    expect(drops(k)).toBe('IP_RPFILTER 1');
    set(k, 'net.ipv4.conf.all.rp_filter', '0');
    arrive(k, flow, {}, 2);
    settle(k);
    expect(ledgerOf(k).delivered).toBe(1);
  });

  it('is not for a host that does not forward: IpInAddrErrors, and no word to the sender', () => {
    const k = host();
    arrive(k, flowTo(k, { daddr: '10.0.1.77' }));
    settle(k);
    expect(drops(k)).toBe('IP_INADDRERRORS 1');
    expect([k.mib.IpInAddrErrors, k.mib.IcmpOutMsgs]).toEqual([1, 0]);
  });

  it('delivers broadcasts, and refuses a unicast packet in a broadcast frame where told to', () => {
    const k = host({ apps: [{}] });
    arrive(k, flowTo(k, { daddr: '10.0.0.255' }), { flags: FLAG_BROADCAST });
    arrive(k, flowTo(k), { flags: FLAG_BROADCAST });
    settle(k);
    expect([k.mib.IpExtInBcastPkts, k.mib.IpInDelivers]).toEqual([1, 2]);
    set(k, 'net.ipv4.conf.all.drop_unicast_in_l2_multicast', '1');
    arrive(k, flowTo(k), { flags: FLAG_BROADCAST });
    settle(k);
    expect(drops(k)).toContain('UNICAST_IN_L2_MULTICAST 1');
  });

  it('hands nobody’s protocol to nobody, and tells the sender', () => {
    const k = host();
    arrive(k, flowTo(k, { proto: 99 }));
    settle(k);
    expect(drops(k)).toBe('IP_NOPROTO 1');
    expect([k.mib.IpInUnknownProtos, k.mib['IcmpOutDestUnreachs'], k.mib.IpInDelivers]).toEqual([
      1, 1, 0,
    ]);
  });

  it('finds the route of a mark anew for each packet', () => {
    const k = host({ apps: [{}] });
    fib_nl_newrule(k, { table: 255, pref: 10 }, true);
    fib_nl_delrule(k, { pref: 0 });
    fib_nl_newrule(k, { mark: 5, mark_mask: 0xffff_ffff, action: 8, pref: 5 }, true);
    const flow = flowTo(k);
    arrive(k, flow);
    arrive(k, flow, { flags: FLAG_MARK, mark: 5 });
    arrive(k, flow);
    settle(k);
    expect(ledgerOf(k).delivered).toBe(2);
    expect(k.ledger.drops.reduce((a, b) => a + b)).toBe(1);
  });

  it('asks the table again when a setting, an address or a route has changed', () => {
    const k = host({ apps: [{}] });
    const flow = flowTo(k, { saddr: '192.0.2.9' });
    arrive(k, flow);
    settle(k);
    expect(k.flows.rt_key[flow]).toBe(k.fib.genid + 1);
    inet_rtm_newroute(
      k,
      addressNumber('192.0.2.0'),
      plainRoute({ slen: 8, dev: 2, scope: SCOPE.LINK }),
      ADD,
    );
    set(k, 'net.ipv4.conf.eth0.rp_filter', '1');
    arrive(k, flow);
    settle(k);
    expect(drops(k)).toBe('IP_RPFILTER 1');
  });
});

describe('a router', () => {
  it('sends a packet on by another device and counts it there', () => {
    const k = router();
    for (let i = 0; i < 5; i++) arrive(k, flowTo(k, { daddr: '10.0.1.77' }));
    settle(k);
    checkLedger(k);
    expect(ledgerOf(k).forwarded).toBe(5);
    const { IpForwDatagrams, IpOutTransmits, IpOutRequests, IpInDelivers } = k.mib;
    expect([IpForwDatagrams, IpOutTransmits, IpOutRequests, IpInDelivers]).toEqual([5, 5, 0, 0]);
    expect(k.devs[2]!.hw['tx_packets']).toBe(5);
  });

  it('tells a sender of the better way on its own link, without shared_media only inside one network', () => {
    const k = router();
    expect(inet_insert_ifa(k, eth0(k), '10.0.5.2/24').ok).toBe(true);
    const gw = addressNumber('10.0.5.1');
    const route = plainRoute({ slen: 8, dev: 1, gw, nh_scope: SCOPE.LINK });
    expect(inet_rtm_newroute(k, addressNumber('192.0.2.0'), route, ADD).ok).toBe(true);
    const send = (saddr: string): number => {
      arrive(k, flowTo(k, { saddr, daddr: '192.0.2.1' }));
      settle(k);
      return k.mib['IcmpOutRedirects'] ?? 0;
    };
    expect(send('10.0.0.7')).toBe(1);
    set(k, 'net.ipv4.conf.all.shared_media', '0');
    set(k, 'net.ipv4.conf.eth0.shared_media', '0');
    expect([send('10.0.0.8'), send('10.0.5.8')]).toEqual([1, 2]);
    expect(ledgerOf(k).forwarded).toBe(3);
  });

  it('answers a TTL of one with time exceeded', () => {
    const k = router();
    arrive(k, flowTo(k, { daddr: '10.0.1.77', ttl: 1 }));
    settle(k);
    expect(drops(k)).toBe('IP_INHDR 1');
    expect([k.mib.IpInHdrErrors, k.mib['IcmpOutTimeExcds'], k.mib.IpForwDatagrams]).toEqual([
      1, 1, 0,
    ]);
  });

  it('cuts what is too large for the way on, or with DF tells the sender', () => {
    const k = router();
    k.devs[2]!.mtu = 600;
    const flow = flowTo(k, { daddr: '10.0.1.77' });
    arrive(k, flow, { len: 1514, flags: FLAG_IPID, ipid: 1 });
    arrive(k, flow, { len: 1514, flags: FLAG_IPID | FLAG_DF, ipid: 2 });
    settle(k);
    expect(drops(k)).toBe('PKT_TOO_BIG 1');
    const { IpFragOKs, IpFragCreates, IpFragFails, IpForwDatagrams } = k.mib;
    expect([IpFragOKs, IpFragCreates, IpFragFails, IpForwDatagrams]).toEqual([1, 3, 1, 2]);
    expect(k.devs[2]!.hw['tx_packets']).toBe(3);
    expect(k.mib['IcmpOutDestUnreachs']).toBe(1);
  });

  it('lets the last fragment fill the MTU, though its length is no multiple of 8', () => {
    const k = router();
    k.devs[2]!.mtu = 605;
    // 584 bytes behind the first header, and 585 that still fit behind the second
    arrive(k, flowTo(k, { daddr: '10.0.1.77' }), { len: 1203, flags: FLAG_IPID, ipid: 1 });
    settle(k);
    expect(k.mib.IpFragCreates).toBe(2);
    expect(k.devs[2]!.hw['tx_packets']).toBe(2);
  });

  it('counts what GRO has merged as one packet sent, though the wire has every segment', () => {
    const k = router();
    const flow = flowTo(k, { daddr: '10.0.1.77', proto: 6, dport: 80 });
    for (const i of [0, 1])
      arrive(k, flow, {
        ...{ flags: FLAG_TCP, len: 1514, payload: 1460, tcp_flags: 16, window: 500 },
        ...{ seq: 1 + i * 1460, ack_seq: 1 },
      });
    settle(k);
    checkLedger(k);
    expect(k.devs[2]!.hw['tx_packets']).toBe(2);
    expect([k.mib.IpOutTransmits, k.mib.IpExtOutOctets]).toEqual([1, 2960]);
  });

  it('says that a host ignores its redirects, where martians are logged', () => {
    const k = router();
    set(k, 'net.ipv4.conf.eth0.log_martians', '1');
    set(k, 'net.ipv4.route.redirect_number', '2');
    const flow = flowTo(k, { saddr: '10.0.0.9', daddr: '192.0.2.1' });
    for (let i = 0; i < 8; i++) {
      arrive(k, flow);
      settle(k);
    }
    expect(k.mib['IcmpOutRedirects']).toBe(2);
    const said = k.dmesg.filter((line) => line.includes('ignores redirects'));
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(
      / IPv4: host 10.0.0.9\/if2 ignores redirects for 192.0.2.1 to 10.0.0.1$/,
    );
  });

  it('has no route: IpExtInNoRoutes, and a net unreachable', () => {
    const k = router();
    k.fib.tables.length = 2;
    arrive(k, flowTo(k, { daddr: '192.0.2.1', dev: 2, saddr: '10.0.1.1' }), {}, 2);
    settle(k);
    expect(ledgerOf(k).forwarded).toBe(1);
    const bare = host();
    set(bare, 'net.ipv4.ip_forward', '1');
    fib_nl_newrule(
      bare,
      { action: 7, dst: addressNumber('192.0.2.0'), dst_len: 24, pref: 5 },
      true,
    );
    arrive(bare, flowTo(bare, { daddr: '192.0.2.1' }));
    settle(bare);
    expect(drops(bare)).toBe('IP_INNOROUTES 1');
    expect([bare.mib.IpExtInNoRoutes, bare.mib['IcmpOutDestUnreachs']]).toEqual([1, 1]);
  });

  it('tells a sender on the same link of the better way, once at first', () => {
    const k = router();
    for (let i = 0; i < 4; i++) arrive(k, flowTo(k, { saddr: '10.0.0.9', daddr: '192.0.2.1' }));
    settle(k);
    expect(ledgerOf(k).forwarded).toBe(4);
    expect(k.mib['IcmpOutRedirects']).toBe(1);
  });

  it('does not forward what was sent to all, nor what a promiscuous NIC saw', () => {
    const k = router();
    dev_set_promiscuity(k, eth0(k), 1);
    arrive(k, flowTo(k, { daddr: '10.0.1.77' }), { flags: FLAG_BROADCAST });
    settle(k);
    expect(drops(k)).toBe('NOT_SPECIFIED 1');
  });
});

describe('every packet', () => {
  it('is accounted for, whatever its header, flags and addresses', () => {
    const address = fc.constantFrom(
      '10.0.0.1',
      '10.0.0.2',
      '10.0.0.255',
      '10.0.1.77',
      '127.0.0.1',
      '224.0.0.1',
      '255.255.255.255',
      '0.0.0.0',
      '192.0.2.7',
    );
    const frame = fc.record({
      saddr: address,
      daddr: address,
      proto: fc.constantFrom(1, 6, 17, 99),
      ttl: fc.constantFrom(1, 64),
      sport: fc.constantFrom(ICMP_ECHO, 0, 3 << 8, 9000),
      flags: fc.nat(0xfffff).map((bits) => bits & FLAGS),
      cb: fc.nat(8),
      len: fc.constantFrom(60, 590, 1514),
      ethertype: fc.constantFrom(0x0800, 0x0800, 0x0800, 0x0806, 0x88cc),
      frag_off: fc.constantFrom(0, 8, 1480),
    });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 40 }), fc.boolean(), (frames, forwards) => {
        const k = host({ apps: [{}] });
        if (forwards) set(k, 'net.ipv4.ip_forward', '1');
        k.devs[2]!.mtu = 600;
        for (const { flags, cb, len, frag_off, ...spec } of frames) {
          const columns = { flags, cb, len, frag_off, payload: len - 34, ipid: 1, vlan_tci: cb };
          arrive(k, flowTo(k, spec), columns);
          settle(k);
          checkLedger(k);
        }
        expect(k.ledger.offered).toBe(frames.length);
      }),
      { numRuns: 60, seed: 3 },
    );
  });
});
