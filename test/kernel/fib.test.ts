import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dev_close, dev_open } from '../../src/kernel/dev.ts';
import { inet_del_ifa, inet_insert_ifa } from '../../src/kernel/devinet.ts';
import { fib_new_table, inet_rtm_newroute } from '../../src/kernel/fib_frontend.ts';
import {
  fib_get_table,
  fib_nl_delrule,
  fib_nl_newrule,
  FR_ACT,
} from '../../src/kernel/fib_rules.ts';
import { flowKey, noResult, plainRoute } from '../../src/kernel/fib_semantics.ts';
import {
  fib_table_delete,
  fib_table_insert,
  fib_table_lookup,
  leaves,
  RTN,
  SCOPE,
  trieOf,
} from '../../src/kernel/fib_trie.ts';
import { addressNumber, addressText } from '../../src/kernel/flows.ts';
import { ip_route_output_key_hash } from '../../src/kernel/route.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { fibTrie } from '../../src/shell/proc/fib_trie.ts';
import { hostLike } from '../shell/tools/typing.ts';
import snapshot from '../reference/transcripts/snapshots/snapshot-virtio.json' with { type: 'json' };

const ADD = { excl: true, replace: false, append: false, create: true };

/// Routes of a table, one text each: prefix, type and device.
function table(k: Kernel, id: number): string[] {
  const found = fib_get_table(k, id)!;
  return leaves(trieOf(k, found)).flatMap((l) =>
    l.leaf
      .filter((fa) => fa.table === id)
      .map(
        (fa) => `${addressText(l.key)}/${32 - fa.slen} ${fa.type} ${k.devs[fa.dev]?.name ?? '-'}`,
      ),
  );
}

function wayTo(k: Kernel, daddr: string, rest: Parameters<typeof flowKey>[0] = {}): string {
  const out = ip_route_output_key_hash(k, flowKey({ daddr: addressNumber(daddr), ...rest }));
  if (typeof out === 'string') return out;
  return `${k.devs[out.dev]!.name} ${out.gw ? addressText(out.gw) : '-'} ${addressText(out.saddr)}`;
}

describe('the routing trie', () => {
  it('has after boot the very shape that a recorded host shows', () => {
    const text = fibTrie(hostLike('virtio'))
      .map((line) => line.text)
      .join('\n');
    const files = snapshot.files as Record<string, { content?: string }>;
    expect(`${text}\n`).toBe(files['/proc/net/fib_trie']!.content);
  });

  it('is the same after routes have come and gone in another order', () => {
    const k = hostLike('virtio');
    const before = JSON.stringify(fibTrie(k));
    const nets = Array.from({ length: 200 }, (_, i) => `10.${i % 7}.${i}.0/24`);
    for (const net of nets) inet_insert_ifa(k, k.devs[1]!, net.replace('.0/24', '.9/24'));
    expect(table(k, 255).length).toBeGreaterThan(300);
    for (const net of nets.toReversed()) inet_del_ifa(k, k.devs[1]!, net.replace('.0/24', '.9/24'));
    expect(JSON.stringify(fibTrie(k))).toBe(before);
  });
});

describe('the longest prefix', () => {
  const prefix = fc
    .tuple(
      fc.constantFrom(10, 11, 172, 192),
      fc.nat(3),
      fc.nat(255),
      fc.nat(255),
      fc.integer({ min: 0, max: 32 }),
    )
    .map(([a, b, c, d, length]) => {
      const number = a * 2 ** 24 + b * 2 ** 16 + c * 256 + d;
      return {
        length,
        key: length === 0 ? 0 : ((number >>> (32 - length)) << (32 - length)) >>> 0,
      };
    });

  it('is what a look at every route gives, whatever came and went before', () => {
    fc.assert(
      fc.property(
        fc.array(prefix, { maxLength: 60 }),
        fc.array(fc.nat(59)),
        fc.array(prefix),
        (routes, gone, asked) => {
          const k = hostLike('virtio');
          const tb = fib_new_table(k, 100);
          const have = new Map<string, { length: number; key: number }>();
          for (const one of routes) {
            const made = plainRoute({
              slen: 32 - one.length,
              table: 100,
              dev: 1,
              scope: SCOPE.LINK,
            });
            fib_table_insert(k, tb, one.key, made, ADD);
            have.set(`${one.key}/${one.length}`, one);
          }
          for (const i of gone) {
            const one = routes[i];
            if (!one) continue;
            const was = have.delete(`${one.key}/${one.length}`);
            expect(fib_table_delete(k, tb, one.key, 32 - one.length, 0, () => true)).toBe(was);
          }
          for (const { key } of [...asked, ...routes]) {
            const fits = [...have.values()].filter(
              ({ key: net, length }) => length === 0 || (key ^ net) >>> (32 - length) === 0,
            );
            const best = Math.max(-1, ...fits.map(({ length }) => length));
            const res = noResult();
            const err = fib_table_lookup(k, tb, flowKey({ daddr: key }), res, false);
            expect(err === null ? res.prefixlen : -1).toBe(best);
          }
        },
      ),
      { numRuns: 60, seed: 7 },
    );
  });
});

describe('routes that follow from addresses and devices', () => {
  it('come with an address and go with it, and with what used it as source', () => {
    const k = hostLike('virtio');
    inet_insert_ifa(k, k.devs[1]!, '192.0.2.7/24');
    expect(table(k, 254)).toContain('192.0.2.0/24 1 eth0');
    expect(table(k, 255)).toContain('192.0.2.255/32 3 eth0');
    const route = plainRoute({
      slen: 8,
      gw: addressNumber('10.0.0.1'),
      prefsrc: addressNumber('192.0.2.7'),
    });
    expect(inet_rtm_newroute(k, addressNumber('198.51.100.0'), route, ADD).ok).toBe(true);
    expect(wayTo(k, '198.51.100.4')).toBe('eth0 10.0.0.1 192.0.2.7');
    expect(inet_del_ifa(k, k.devs[1]!, '192.0.2.7/24').ok).toBe(true);
    expect(table(k, 254)).toEqual(['0.0.0.0/0 1 eth0', '10.0.0.0/24 1 eth0', '10.0.1.0/24 1 eth1']);
    expect(inet_del_ifa(k, k.devs[1]!, '192.0.2.7/24')).toEqual({
      ok: false,
      errno: 'EADDRNOTAVAIL',
      extack: 'ipv4: Address not found',
    });
  });

  it('takes the secondaries of a network with its primary address, unless they are promoted', () => {
    for (const promote of [false, true]) {
      const k = hostLike('virtio');
      k.sysctl['net.ipv4.conf.eth0.promote_secondaries'] = promote ? '1' : '0';
      inet_insert_ifa(k, k.devs[1]!, '10.0.0.3/24');
      inet_del_ifa(k, k.devs[1]!, '10.0.0.2/24');
      expect(k.devs[1]!.addrs).toEqual(promote ? ['10.0.0.3/24'] : []);
      expect(table(k, 254).includes('10.0.0.0/24 1 eth0')).toBe(promote);
    }
  });

  it('keep the local address while the device is down, and lose the default route for good', () => {
    const k = hostLike('virtio');
    dev_close(k, k.devs[1]!);
    expect(table(k, 254)).toEqual(['10.0.1.0/24 1 eth1']);
    expect(table(k, 255)).toContain('10.0.0.2/32 2 eth0');
    expect(table(k, 255)).not.toContain('10.0.0.255/32 3 eth0');
    dev_open(k, k.devs[1]!);
    expect(table(k, 254)).toEqual(['10.0.0.0/24 1 eth0', '10.0.1.0/24 1 eth1']);
  });
});

describe('a route that is added', () => {
  it('needs a gateway that is on a link', () => {
    const k = hostLike('virtio');
    const route = plainRoute({ slen: 8, gw: addressNumber('192.0.2.1') });
    const before = [table(k, 254), table(k, 255), k.fib.genid];
    expect(inet_rtm_newroute(k, addressNumber('203.0.113.0'), route, ADD)).toMatchObject({
      errno: 'ENETUNREACH',
      extack: 'Nexthop has invalid gateway',
    });
    expect([table(k, 254), table(k, 255), k.fib.genid]).toEqual(before);
  });

  it('with onlink refuses an address of this host as gateway, whichever device has it', () => {
    const k = hostLike('virtio');
    const gw = addressNumber('10.0.1.2');
    const route = plainRoute({ slen: 8, dev: 1, gw, onlink: true });
    expect(inet_rtm_newroute(k, addressNumber('203.0.113.0'), route, ADD)).toMatchObject({
      errno: 'EINVAL',
      extack: 'Nexthop has invalid gateway',
    });
  });

  it('is refused with the errno of the rule that forbids the way to its gateway', () => {
    const k = hostLike('virtio');
    fib_nl_newrule(k, { pref: 1, action: FR_ACT.PROHIBIT }, true);
    const route = plainRoute({ slen: 8, gw: addressNumber('10.0.1.1') });
    expect(inet_rtm_newroute(k, addressNumber('203.0.113.0'), route, ADD)).toMatchObject({
      errno: 'EACCES',
      extack: 'Nexthop has invalid gateway',
    });
  });

  it('wins over a less specific one, and the lower metric over the higher', () => {
    const k = hostLike('virtio');
    const add = (prefix: string, slen: number, dev: number, priority: number): void =>
      void inet_rtm_newroute(
        k,
        addressNumber(prefix),
        plainRoute({ slen, dev, priority, scope: SCOPE.LINK }),
        ADD,
      );
    add('192.0.0.0', 16, 1, 0);
    add('192.0.2.0', 8, 2, 10);
    add('192.0.2.0', 8, 1, 20);
    expect(wayTo(k, '192.0.2.1')).toBe('eth1 - 10.0.1.2');
    expect(wayTo(k, '192.0.3.1')).toBe('eth0 - 10.0.0.2');
  });

  it('may refuse: each type with its own errno, throw by looking further', () => {
    const k = hostLike('virtio');
    const refuse = (prefix: string, type: number): void =>
      void inet_rtm_newroute(k, addressNumber(prefix), plainRoute({ slen: 0, type }), ADD);
    refuse('192.0.2.1', RTN.BLACKHOLE);
    refuse('192.0.2.2', RTN.UNREACHABLE);
    refuse('192.0.2.3', RTN.PROHIBIT);
    refuse('192.0.2.4', RTN.THROW);
    expect(['1', '2', '3', '4'].map((n) => wayTo(k, `192.0.2.${n}`))).toEqual([
      'EINVAL',
      'EHOSTUNREACH',
      'EACCES',
      'ENETUNREACH',
    ]);
  });
});

describe('policy rules', () => {
  it('part the local from the main table and send a source its own way', () => {
    const k = hostLike('virtio');
    expect(fib_get_table(k, 255)!.trie).toBe(fib_get_table(k, 254)!.trie);
    fib_nl_newrule(
      k,
      { src: addressNumber('10.0.1.2'), src_len: 32, table: 100, pref: 1000 },
      true,
    );
    expect(fib_get_table(k, 255)!.trie).not.toBe(fib_get_table(k, 254)!.trie);
    inet_rtm_newroute(
      k,
      0,
      plainRoute({ slen: 32, table: 100, gw: addressNumber('10.0.1.1') }),
      ADD,
    );
    const saddr = addressNumber('10.0.1.2');
    expect(wayTo(k, '192.0.2.1', { saddr })).toBe('eth1 10.0.1.1 10.0.1.2');
    expect(wayTo(k, '192.0.2.1')).toBe('eth0 10.0.0.1 10.0.0.2');
    expect(wayTo(k, '10.0.0.2')).toBe('lo - 10.0.0.2');
    expect(fib_nl_delrule(k, { pref: 1000 }).ok).toBe(true);
    expect(fib_nl_delrule(k, { pref: 1000 })).toMatchObject({ errno: 'ENOENT' });
    expect(wayTo(k, '192.0.2.1', { saddr })).toBe('eth0 10.0.0.1 10.0.1.2');
  });

  it('are the same with and without not, but not when another protocol has added them', () => {
    const k = hostLike('virtio');
    const rule = { pref: 7, table: 100, mark: 1, mark_mask: 255, protocol: 3 };
    expect(fib_nl_newrule(k, rule, true).ok).toBe(true);
    expect(fib_nl_newrule(k, { ...rule, invert: true }, true)).toMatchObject({ errno: 'EEXIST' });
    expect(fib_nl_newrule(k, { ...rule, protocol: 4 }, true).ok).toBe(true);
  });

  it('match a mark under its mask, and pass over routes that are too general', () => {
    const k = hostLike('virtio');
    fib_nl_newrule(k, { mark: 0x10, mark_mask: 0xf0, action: 8, pref: 10 }, true);
    expect(wayTo(k, '10.0.1.1', { mark: 0x1f })).toBe('EACCES');
    expect(wayTo(k, '10.0.1.1', { mark: 0x2f })).toBe('eth1 - 10.0.1.2');
    fib_nl_newrule(k, { table: 254, suppress_prefixlen: 0, pref: 20 }, true);
    fib_nl_newrule(k, { action: 7, pref: 30 }, true);
    expect(wayTo(k, '10.0.1.1')).toBe('eth1 - 10.0.1.2');
    expect(wayTo(k, '192.0.2.1')).toBe('ENETUNREACH');
  });
});
