import { describe, expect, it } from 'vitest';
import { IP_FAULT } from '../../src/kernel/ip_faults.ts';
import { checkLedger, ledgerOf } from '../../src/kernel/ledger.ts';
import { FLAG_BAD_IP } from '../../src/kernel/skb.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { writeSysctl } from '../../src/kernel/sysctl.ts';
import { arrive, flowTo, settle } from './frames.ts';
import { eth0, host } from './hosts.ts';

const OWN = 'fe80::5054:ff:fe12:3450';
const PEER = 'fe80::1';

function packet(k: Kernel, rest: Parameters<typeof flowTo>[1] = {}, columns = {}): void {
  arrive(k, flowTo(k, { saddr: PEER, daddr: OWN, ...rest }), columns);
  settle(k);
  checkLedger(k);
}

function reasons(k: Kernel): string[] {
  return ledgerOf(k).dropped.map(({ reason }) => reason);
}

describe('an IPv6 packet', () => {
  it('for the link-local address of its device reaches UDP', () => {
    const k = host();
    packet(k);
    const { Ip6InReceives, Ip6InOctets, Ip6InNoECTPkts, Ip6InDelivers, IpInReceives } = k.mib;
    expect([Ip6InReceives, Ip6InOctets, Ip6InNoECTPkts, Ip6InDelivers]).toEqual([1, 46, 1, 1]);
    expect(IpInReceives).toBe(0);
    expect(reasons(k)).toEqual(['NO_SOCKET']);
  });

  it('for another host on the link is an address error, for one further away has no route', () => {
    const k = host();
    packet(k, { daddr: 'fe80::77' });
    packet(k, { saddr: '2001:db8::1', daddr: '2001:db8::2' });
    expect([k.mib['Ip6InAddrErrors'], k.mib['Ip6InNoRoutes']]).toEqual([1, 1]);
    expect(reasons(k).toSorted()).toEqual(['IP_INADDRERRORS', 'IP_INNOROUTES']);
  });

  it('with the loopback address, from a group, or of another version is a header error', () => {
    const k = host();
    packet(k, { saddr: '::1' });
    packet(k, { daddr: '::1' });
    packet(k, { saddr: 'ff02::1' });
    packet(k, {}, { flags: FLAG_BAD_IP, cb: IP_FAULT.VERSION });
    expect(k.mib['Ip6InHdrErrors']).toBe(4);
    packet(k, {}, { flags: FLAG_BAD_IP, cb: IP_FAULT.TRUNCATED });
    expect([k.mib['Ip6InHdrErrors'], k.mib['Ip6InTruncatedPkts']]).toEqual([4, 1]);
  });

  it('is discarded where IPv6 is switched off', () => {
    const k = host();
    writeSysctl(k, 'net.ipv6.conf.eth0.disable_ipv6', '1');
    packet(k);
    expect([k.mib['Ip6InDiscards'], ...reasons(k)]).toEqual([1, 'IPV6DISABLED']);
  });

  it('with an unknown next header has no protocol', () => {
    const k = host();
    packet(k, { proto: 99 });
    expect([k.mib['Ip6InUnknownProtos'], ...reasons(k)]).toEqual([1, 'IP_NOPROTO']);
  });

  it('that asks for an echo is answered, to the host and to all nodes', () => {
    const k = host();
    packet(k, { proto: 58, sport: 128 << 8 });
    packet(k, { proto: 58, sport: 128 << 8, daddr: 'ff02::1' });
    packet(k, { proto: 58, sport: 128 << 8, daddr: 'ff02::5' });
    expect([
      k.mib['Icmp6OutEchoReplies'],
      eth0(k).hw['tx_packets'],
      k.mib['Ip6InMcastPkts'],
    ]).toEqual([2, 2, 2]);
  });
});
