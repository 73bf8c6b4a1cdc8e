/// tcpdump: what it prints of a packet, which packets it takes, and how it ends.
import { describe, expect, it } from 'vitest';
import { openPacket } from '../../../src/kernel/af_packet.ts';
import type { PacketCopy } from '../../../src/kernel/packet_types.ts';
import { run_filter } from '../../../src/kernel/packet_filter.ts';
import { advance } from '../../../src/kernel/run.ts';
import { startSource, type SourceSpec } from '../../../src/kernel/traffic.ts';
import type { Kernel } from '../../../src/kernel/state.ts';
import { parseExpression } from '../../../src/shell/tcpdump/expression.ts';
import { packetLine } from '../../../src/shell/tcpdump/print.ts';
import { tcpText, type Conversations } from '../../../src/shell/tcpdump/tcp.ts';
import { hostLike } from './typing.ts';

const STYLE = { names: false, link: false, quiet: false, absolute: false, any: false };

/// The copies that a tap on eth0 has of some traffic.
function seen(spec: Partial<SourceSpec>, promisc = true): { k: Kernel; copies: PacketCopy[] } {
  const k = hostLike('igb');
  const at = openPacket(k, 0, { dev: 1, promisc });
  startSource(k, { dev: 1, pps: 1000, limit: 2, flows: 2, dport: 9000, ...spec });
  advance(k, 20_000_000);
  return { k, copies: k.packet.socks[at]!.queue };
}

function lines(spec: Partial<SourceSpec>, style: Partial<typeof STYLE> = {}): string[] {
  const { k, copies } = seen(spec);
  const conversations: Conversations = new Map();
  return copies.map((copy) => packetLine(k, copy, { ...STYLE, ...style }, conversations));
}

describe('tcpdump prints', () => {
  it('a datagram with its ends and its length, and the answer that nobody listens', () => {
    expect(lines({ limit: 1 })).toEqual([
      'IP 10.0.0.1.10000 > 10.0.0.2.9000: UDP, length 18',
      'IP 10.0.0.2 > 10.0.0.1: ICMP 10.0.0.2 udp port 9000 unreachable, length 54',
    ]);
  });

  it('the Ethernet header with -e', () => {
    const [first] = lines({ limit: 1 }, { link: true });
    expect(first).toMatch(
      /^([0-9a-f]{2}:){5}[0-9a-f]{2} > 52:54:00:12:34:50, ethertype IPv4 \(0x0800\), length 60: 10\.0\.0\.1\.10000 > /,
    );
  });

  it('a tag with -e, four bytes longer than the NIC has left', () => {
    const [first] = lines({ limit: 1, vlan: 10 }, { link: true });
    expect(first).toContain(
      'ethertype 802.1Q (0x8100), length 64: vlan 10, p 0, ethertype IPv4 (0x0800), ',
    );
  });

  it('the device and the direction when it captures on all', () => {
    expect(lines({ limit: 1 }, { any: true })[0]).toMatch(/^eth0 {2}In {2}IP /);
  });

  it('who has an address', () => {
    const { k, copies } = seen({ proto: 'arp', limit: 1 });
    const request = { ...copies[0]!, icmp: 1 };
    expect(packetLine(k, request, STYLE, new Map())).toBe(
      'ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 46',
    );
  });

  it('sequence numbers from the beginning of a conversation', () => {
    const ends = { from: '10.0.0.1', to: '10.0.0.2', sp: 40_000, dp: 80 };
    const base = {
      tcp_flags: 2,
      seq: 1000,
      ack_seq: 0,
      window: 64_240,
      payload: 0,
      flags: 0,
      sacks: [],
    };
    const syn = { mss: 1460, wscale: 7, sack_ok: true, tstamp: false };
    const conversations: Conversations = new Map();
    const text = (copy: object): string =>
      tcpText({ ...base, ...copy } as never, ends, false, true, conversations);
    expect(text({ syn })).toBe(
      'Flags [S], seq 1000, win 64240, options [mss 1460,nop,nop,sackOK,nop,wscale 7], length 0',
    );
    expect(text({ tcp_flags: 24, seq: 1001, ack_seq: 1, payload: 100 })).toMatch(
      /^Flags \[P\.\], seq 1:101, ack \d+, win 64240, length 100$/,
    );
  });
});

describe('a filter expression', () => {
  function passes(expression: string, spec: Partial<SourceSpec> = {}): boolean {
    const parsed = parseExpression(expression);
    if ('fault' in parsed) throw new Error(parsed.fault);
    const { k, copies } = seen({ limit: 1, ...spec });
    return parsed.filter === null || run_filter(k, parsed.filter, copies[0]!);
  }

  it.each([
    ['udp', true],
    ['tcp', false],
    ['udp port 9000', true],
    ['src port 9000', false],
    ['host 10.0.0.1 and dst port 9000', true],
    ['net 10.0.0.0/24', true],
    ['net 10.0.1', false],
    ['not udp', false],
    ['port 80 or 9000', true],
    ['(tcp or udp) and portrange 8000-9999', true],
    ['ether dst 52:54:00:12:34:50', true],
    ['greater 61', false],
    ['ip proto 17', true],
    ['arp or icmp', false],
    ['vlan', false],
    ['outbound', false],
    ['tcp[tcpflags] & (tcp-syn|tcp-ack) != 0', false],
  ])('%s: %s for a datagram to port 9000', (expression, passed) => {
    expect(passes(expression)).toBe(passed);
  });

  it('binds and and or alike, from left to right', () => {
    // (udp or tcp) and port 80
    expect(passes('udp or tcp and port 80')).toBe(false);
  });

  it.each([
    ['nonsense filter', 'syntax error'],
    ['udp and', 'syntax error'],
    ['port 70000', 'illegal port number 70000 > 65535'],
    ['net 10.0.0.1/24', 'non-network bits set in "10.0.0.1/24"'],
  ])('%s is refused: %s', (expression, fault) => {
    expect(parseExpression(expression)).toEqual({ fault });
  });
});
