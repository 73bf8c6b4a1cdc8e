/// IPv6 in the rules of programs and in their maps.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { REASON } from '../../src/kernel/reasons.ts';
import { advance } from '../../src/kernel/run.ts';
import { words6 } from '../../src/kernel/xdp/fields.ts';
import {
  createLpmTrie,
  trieDelete,
  trieLookup,
  trieOrder,
  trieUpdate,
} from '../../src/kernel/xdp/lpm_trie.ts';
import { dropped, eth0, ms, traffic } from './hosts.ts';
import { attach, counted, machine, refused, terminal } from './xdp_hosts.ts';

/// Of 40 IPv6 and 30 IPv4 datagrams, how many a program drops.
function drops(source: string): number {
  const k = machine('virtio');
  attach(k, eth0(k), source);
  traffic(k, { pps: 100_000, limit: 40, v6: true });
  traffic(k, { pps: 100_000, limit: 30 });
  advance(k, 20 * ms);
  checkLedger(k);
  return dropped(k, REASON.XDP_DROP);
}

describe('rules', () => {
  it('compare addresses of their own family only', () => {
    expect(drops('if src fe80::/10 drop\npass')).toBe(40);
    expect(drops('if src fe80::1 drop\npass')).toBe(40);
    expect(drops('if src fe80::2 drop\npass')).toBe(0);
    expect(drops('if not src fe80::2 drop\npass')).toBe(40);
    expect(drops('if dst fe80::/64 drop\npass')).toBe(40);
    expect(drops('if src ::/0 drop\npass')).toBe(40);
    expect(drops('if src 0.0.0.0/0 drop\npass')).toBe(30);
  });

  it('know the next header as it stands in the fixed header, and ports behind it', () => {
    expect(drops('if proto udp drop\npass')).toBe(70);
    expect(drops('if ipv6 and proto udp and dport 9000 drop\npass')).toBe(40);
    expect(drops('if ipv6 and proto icmpv6 drop\npass')).toBe(0);
    expect(drops('if ipv6 and sport 1-65535 drop\npass')).toBe(40);
  });

  it('see a fragment as a fragment: no ports, next header 44', () => {
    const k = machine('virtio');
    const program = `map n array entries 3
if ipv6 and proto 44 count n 0
if ipv6 and proto udp count n 1
if ipv6 and dport 1-65535 count n 2
pass`;
    attach(k, eth0(k), program);
    traffic(k, { pps: 1000, limit: 3, v6: true, len: 4000 });
    advance(k, 20 * ms);
    checkLedger(k);
    const [fragments = 0, udp = 0, ports = 0] = counted(k, 'n');
    expect(fragments + udp).toBeGreaterThan(0);
    expect(ports).toBe(udp);
  });

  it('find prefixes of 128 bits in a trie, and count by it', () => {
    const map = 'map bad lpm_trie key ipv6 entries 4\n';
    expect(drops(`${map}entry bad fe80::/16\nif src in bad drop\npass`)).toBe(40);
    expect(drops(`${map}entry bad fe80::1/128\nif src in bad drop\npass`)).toBe(40);
    expect(drops(`${map}entry bad 2001:db8::/32\nif src in bad drop\npass`)).toBe(0);
    expect(drops(`${map}entry bad 2001:db8::/32\nif not dst in bad drop\npass`)).toBe(40);
  });

  it('look up nothing but addresses in such a trie', () => {
    const map = 'map bad lpm_trie key ipv6 entries 4\n';
    expect(refused(`${map}if dport in bad drop\npass`)).toBe('EACCES');
    expect(refused(`${map}if dst in bad drop\npass`)).toBe('loaded');
  });
});

describe('the trie', () => {
  it('finds the longest of prefixes of 128 bits, whatever came and went', () => {
    const bits = (text: string): bigint =>
      words6(text).reduce((all, word) => (all << 32n) | BigInt(word), 0n);
    const words = (value: bigint): number[] =>
      [96n, 64n, 32n, 0n].map((shift) => Number((value >> shift) & 0xffff_ffffn));
    const base = bits('2001:db8::');
    const masked = (value: bigint, length: number): bigint =>
      length === 0 ? 0n : (value >> BigInt(128 - length)) << BigInt(128 - length);
    const address = fc.bigInt({ min: 0n, max: 0xffffn }).map((low) => base | (low << 56n) | low);
    const prefix = fc.tuple(address, fc.integer({ min: 0, max: 128 }));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), prefix), { maxLength: 50 }),
        fc.array(address, { maxLength: 30 }),
        (changes, asked) => {
          const trie = createLpmTrie(128);
          const known = new Map<string, [bigint, number]>();
          for (const [adds, [value, length]] of changes) {
            const key = masked(value, length);
            const name = `${key}/${length}`;
            if (adds) {
              expect(trieUpdate(trie, 100, words(key), length, length)).toBe(null);
              known.set(name, [key, length]);
            } else
              expect(trieDelete(trie, words(key), length)).toBe(
                known.delete(name) ? null : 'ENOENT',
              );
          }
          expect(trieOrder(trie).length).toBe(known.size);
          for (const value of asked) {
            const best = [...known.values()]
              .filter(([key, length]) => masked(value, length) === key)
              .reduce((most, [, length]) => Math.max(most, length), -1);
            const found = trieLookup(trie, words(value));
            expect(found < 0 ? -1 : trie.nodes[found]!.prefixlen).toBe(best);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('bpftool', () => {
  it('takes and prints keys of twenty bytes', () => {
    const { say } = terminal('virtio');
    say(
      "printf 'map bad lpm_trie key ipv6 entries 4\\nif src in bad drop\\npass\\n' > /tmp/six.xdp",
    );
    expect(say('ip link set dev eth0 xdp obj /tmp/six.xdp sec xdp').status).toBe(0);
    expect(say('bpftool map show name bad').out).toContain('key 20B  value 8B  max_entries 4');
    const address = '0x20 0x01 0x0d 0xb8 0 0 0 0 0 0 0 0 0 0 0 0';
    expect(
      say(`bpftool map update name bad key 32 0 0 0 ${address} value 1 0 0 0 0 0 0 0`),
    ).toEqual({ out: '', err: '', status: 0 });
    expect(say('bpftool map dump name bad').out).toContain(
      '"prefixlen": 32,\n            "data": [32,1,13,184,0,0,0,0,0,0,0,0,0,0,0,0\n',
    );
    expect(say(`bpftool map lookup name bad key 32 0 0 0 ${address}`).status).toBe(0);
    expect(say(`bpftool map delete name bad key 32 0 0 0 ${address}`).status).toBe(0);
    expect(say('bpftool map dump name bad').out).toBe('[]\n');
  });

  it('refuses addresses that are none, with the line', () => {
    const { say } = terminal('virtio');
    const load = (text: string) => {
      say(`printf '${text}\\npass\\n' > /tmp/bad.xdp`);
      return say('ip link set dev eth0 xdp obj /tmp/bad.xdp sec xdp').err;
    };
    expect(load('if src fe80::g drop')).toContain(':1: fe80::g is not an IPv6 address');
    expect(load('if src fe80::/129 drop')).toContain(':1: 129 is no prefix length');
    expect(load('map h hash key ipv6 entries 4')).toContain(':1: no IPv6 keys in a hash here');
    expect(load('map b lpm_trie key ipv6 entries 4\\nentry b 10.0.0.0/8')).toContain(':2: ');
  });
});
