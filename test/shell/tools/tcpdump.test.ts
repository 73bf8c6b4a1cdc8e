/// tcpdump: what it prints of a packet, which packets it takes, and how it ends.
import { describe, expect, it } from 'vitest';
import { openPacket } from '../../../src/kernel/af_packet.ts';
import type { PacketCopy } from '../../../src/kernel/packet_types.ts';
import { run_filter } from '../../../src/kernel/packet_filter.ts';
import { advance } from '../../../src/kernel/run.ts';
import { addFlow } from '../../../src/kernel/flows.ts';
import { FLAG_TCP } from '../../../src/kernel/skb.ts';
import { createSession } from '../../../src/shell/shell.ts';
import { typed } from '../../../tools/typed.ts';
import { startSource, type SourceSpec } from '../../../src/kernel/traffic.ts';
import type { Kernel } from '../../../src/kernel/state.ts';
import { parseExpression } from '../../../src/shell/tcpdump/expression.ts';
import { captured } from '../../../src/shell/tcpdump/live.ts';
import { packetText } from '../../../src/shell/tcpdump/print.ts';
import type { Conversations } from '../../../src/shell/tcpdump/tcp.ts';
import { hostLike } from './typing.ts';

const STYLE = { names: false, link: false, quiet: false, absolute: false, verbose: 0 };
const MAX_SNAPLEN = 262_144;

/// A copy as libpcap hands it over, printed; `any`: captured on every device.
function packetLine(
  k: Kernel,
  copy: PacketCopy,
  {
    any = false,
    snaplen = MAX_SNAPLEN,
    ...style
  }: typeof STYLE & { any?: boolean; snaplen?: number },
  seen: Conversations,
): string {
  const { bytes, len } = captured(k, copy, any, snaplen);
  return packetText({ bytes, len, device: any ? k.devs[copy.dev]!.name : null }, style, seen);
}

/// The copies that a tap on eth0 has of some traffic.
function seen(spec: Partial<SourceSpec>, promisc = true): { k: Kernel; copies: PacketCopy[] } {
  const k = hostLike('igb');
  const at = openPacket(k, 0, { dev: 1, promisc });
  startSource(k, { dev: 1, pps: 1000, limit: 2, flows: 2, dport: 9000, ...spec });
  advance(k, 20_000_000);
  return { k, copies: k.packet.socks[at]!.queue };
}

function lines(
  spec: Partial<SourceSpec>,
  style: Partial<typeof STYLE> & { any?: boolean; snaplen?: number } = {},
): string[] {
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
    const { k, copies } = seen({ limit: 1 });
    const of = k.flows.count;
    const flow = addFlow(k, {
      dev: 1,
      saddr: '10.0.0.1',
      daddr: '10.0.0.2',
      sport: 40_000,
      dport: 80,
      proto: 6,
    });
    expect(flow).toBe(of);
    const syn = { mss: 1460, wscale: 7, sack_ok: true, tstamp: false };
    const base = {
      ...{ ...copies[0]!, flow, proto: 6, flags: FLAG_TCP, len: 66 },
      ...{ tcp_flags: 2, seq: 1000, ack_seq: 0, window: 64_240, payload: 0 },
    };
    const conversations: Conversations = new Map();
    const text = (copy: Partial<PacketCopy>): string =>
      packetLine(k, { ...base, ...copy }, STYLE, conversations);
    expect(text({ syn })).toBe(
      'IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [S], seq 1000, win 64240, options [mss 1460,nop,nop,sackOK,nop,wscale 7], length 0',
    );
    expect(text({ tcp_flags: 24, seq: 1001, ack_seq: 1, payload: 100, len: 154 })).toMatch(
      /: Flags \[P\.\], seq 1:101, ack \d+, win 64240, length 100$/,
    );
  });
});

describe('what tcpdump tells of a packet when asked for more', () => {
  it('the fields of the IP header with -v, and of the one that an error quotes', () => {
    const header = (flags: string): string =>
      `IP (tos 0x0, ttl 64, id 0, offset 0, flags [${flags}], proto`;
    const asked = `${header('DF')} UDP (17), length 46)\n    10.0.0.1.10000 > 10.0.0.2.9000: UDP, length 18`;
    expect(lines({ limit: 1 }, { verbose: 1 })).toEqual([
      asked,
      `${header('none')} ICMP (1), length 74)\n    10.0.0.2 > 10.0.0.1: ICMP 10.0.0.2 udp port 9000 unreachable, ` +
        `length 54\n\t${asked}`,
    ]);
  });

  it('with -vv that a checksum is right', () => {
    expect(lines({ limit: 1 }, { verbose: 2 })[0]).toContain('[udp sum ok] UDP, length 18');
  });

  it('that what the NIC has yet to sum up looks wrong', () => {
    const { k, copies } = seen({ limit: 1 });
    const flow = addFlow(k, {
      dev: 1,
      saddr: '10.0.0.1',
      daddr: '10.0.0.2',
      sport: 40_000,
      dport: 80,
      proto: 6,
    });
    const sent = {
      ...{ ...copies[0]!, flow, proto: 6, flags: FLAG_TCP, len: 54, out: true },
      ...{ tcp_flags: 16, seq: 5000, ack_seq: 6000, window: 502, payload: 0 },
    };
    const cksum = (): string | undefined =>
      /cksum 0x[0-9a-f]{4} \((\w+)/.exec(
        packetLine(k, sent, { ...STYLE, verbose: 1 }, new Map()),
      )?.[1];
    expect(cksum()).toBe('incorrect');
    k.devs[1]!.features['tx-checksum-ip-generic'] = false;
    expect(cksum()).toBe('correct');
  });

  it('whose header the snapshot cuts', () => {
    expect(lines({ limit: 1 }, { snaplen: 30 })[0]).toBe('IP [|ip]');
    expect(lines({ limit: 1 }, { snaplen: 36 })[0]).toBe('IP [|udp]');
  });
});

describe('a file of packets', () => {
  const all = (options: string): { text: string; err: string } => {
    const k = hostLike('igb');
    const session = createSession(k, 'root');
    const limits = { columns: null, limit_ns: 60e9 };
    startSource(k, { dev: 1, pps: 10, limit: 3, flows: 1, dport: 9000 });
    typed({ k }, session, 'timeout 2 tcpdump -i eth0 -nn -w /tmp/x.pcap', limits);
    const { stdout, stderr } = typed({ k }, session, options, limits);
    return { text: stdout, err: stderr };
  };

  it('prints as the packets did', () => {
    const { text, err } = all('tcpdump -nn -t -r /tmp/x.pcap udp');
    expect(err).toBe(
      'reading from file /tmp/x.pcap, link-type EN10MB (Ethernet), snapshot length 262144\n',
    );
    expect(text).toBe('IP 10.0.0.1.10000 > 10.0.0.2.9000: UDP, length 18\n'.repeat(3));
  });

  it('begins with the magic number, version 2.4 and the kind of link', () => {
    expect(all('head -c 24 /tmp/x.pcap | xxd -p').text).toBe(
      'd4c3b2a1020004000000000000000000000004000100000' + '0\n',
    );
  });

  it('holds the bytes that -xx shows, each record behind sixteen of its own', () => {
    const hex = all('tail -c +41 /tmp/x.pcap | head -c 60 | xxd -p | tr -d "\\n"').text;
    const shown = all('tcpdump -nn -t -c 1 -xx -r /tmp/x.pcap').text;
    const bytes = [...shown.matchAll(/0x[0-9a-f]{4}: ([0-9a-f ]+)/g)].map((row) => row[1]);
    expect(bytes.join('').replaceAll(' ', '')).toBe(hex);
    expect(hex).toHaveLength(120);
  });

  it.each([
    ['tcpdump -r /tmp/nosuch', 'tcpdump: /tmp/nosuch: No such file or directory\n'],
    ['tcpdump -r /proc/cpuinfo', 'tcpdump: unknown file format\n'],
    [
      'head -c 10 /tmp/x.pcap > /tmp/y; tcpdump -r /tmp/y',
      'tcpdump: truncated dump file; tried to read 20 file header bytes, only got 6\n',
    ],
  ])('%s says why it cannot', (command, words) => {
    expect(all(command).err).toBe(words);
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
