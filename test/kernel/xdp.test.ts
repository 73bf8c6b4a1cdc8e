import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COSTS } from '../../src/kernel/costs.ts';
import { cpuTimes } from '../../src/kernel/piece.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { REASON } from '../../src/kernel/reasons.ts';
import { advance, stepEvent } from '../../src/kernel/run.ts';
import type { Kernel, NetDevice } from '../../src/kernel/state.ts';
import { createPathTrace } from '../../src/kernel/tracing.ts';
import { attachedProg, dev_xdp_attach, type XdpMode } from '../../src/kernel/xdp/attach.ts';
import { createHtab, htabDelete, htabLookup, htabUpdate } from '../../src/kernel/xdp/htab.ts';
import { bpf_prog_load, progPut } from '../../src/kernel/xdp/load.ts';
import {
  createLpmTrie,
  trieDelete,
  trieLookup,
  trieOrder,
  trieUpdate,
} from '../../src/kernel/xdp/lpm_trie.ts';
import { bpfMapUpdate, mapRows } from '../../src/kernel/xdp/maps.ts';
import type { BpfMap } from '../../src/kernel/xdp/types.ts';
import { xsk_bind, xskClose } from '../../src/kernel/xdp/xsk.ts';
import { digest } from '../../src/engine/digest.ts';
import { parseProgram } from '../../src/shell/bpftool/source.ts';
import { dropped, eth0, hashPorts, host, ms, traffic } from './hosts.ts';

const EVERYWHERE = { key: 0, prefixlen: 32 };

function attach(k: Kernel, dev: NetDevice, source: string, mode: XdpMode = 'drv'): void {
  const prog = bpf_prog_load(k, parseProgram(source), 0);
  if (typeof prog !== 'number') throw new Error(`${prog.errno}: ${prog.log}`);
  const result = dev_xdp_attach(k, dev, prog, mode, false);
  progPut(k, prog);
  if (!result.ok) throw new Error(`${result.errno} ${result.extack ?? ''}`);
}

function refused(source: string): string {
  const result = bpf_prog_load(host({ queues: 1 }), parseProgram(source), 0);
  return typeof result === 'number' ? 'loaded' : result.errno;
}

/// A virtio host: its link does not go down when a program comes.
function ready(source: string, mode: XdpMode = 'drv', queues = 1): Kernel {
  const k = host({ profile: 'virtio', queues, apps: [{}] });
  attach(k, eth0(k), source, mode);
  return k;
}

const mapNamed = (k: Kernel, name: string): BpfMap => k.bpf.maps.find((map) => map.name === name)!;
const counted = (k: Kernel, name: string): number[] =>
  mapRows(k, mapNamed(k, name)).map((row) => row.values.reduce((a, b) => a + b, 0));

describe('native XDP', () => {
  it('drops in the driver for 42 ns a frame, and the stack sees nothing', () => {
    const k = ready('drop');
    traffic(k, { pps: 1_000_000, limit: 5000 });
    advance(k, 100 * ms);
    checkLedger(k);
    expect(dropped(k, REASON.XDP_DROP)).toBe(5000);
    expect(k.mib.IpInReceives).toBe(0);
    expect(k.cpus.reduce((sum, c) => sum + c.processed, 0)).toBe(0);
    expect(eth0(k).xdp_counts[0]).toMatchObject({ packets: 5000, drops: 5000 });
    expect(eth0(k).rx[0]!.drops).toBe(5000);
    expect(COSTS.igb_clean_rx_irq.ns + COSTS.bpf_prog_run_xdp.ns).toBe(42);
  });

  it('costs a flooded CPU what was published: 24, 16 and 8.6 million frames a second', () => {
    const rate = (source: string): number => {
      const k = ready(source);
      attach(k, k.devs[2]!, 'pass');
      traffic(k, { pps: 40_000_000, flows: 1 });
      advance(k, 4 * ms);
      const ns = k.cpus.reduce((sum, c) => {
        const time = cpuTimes(k, c);
        return sum + time.softirq + time.kthread;
      }, 0);
      return (eth0(k).xdp_counts[0]!.packets / ns) * 1000;
    };
    const published = {
      drop: 24,
      tx: 16.23,
      'map out devmap entries 1\nentry out 0 3\nredirect out 0': 8.65,
    };
    for (const [source, mpps] of Object.entries(published)) {
      expect(rate(source)).toBeGreaterThan(0.93 * mpps);
      expect(rate(source)).toBeLessThan(1.005 * mpps);
    }
  });

  it('passes what no rule drops, with the driver’s full cost behind it', () => {
    const k = ready('map hits array entries 1\nif dport 7 count hits 0 drop\npass');
    traffic(k, { pps: 50_000, limit: 300, dport: 9000 });
    traffic(k, { pps: 50_000, limit: 200, dport: 7 });
    advance(k, 100 * ms);
    checkLedger(k);
    expect(k.ledger.delivered).toBe(300);
    expect(counted(k, 'hits')).toEqual([200]);
  });

  it('matches addresses by the longest prefix, and by what is not in a map', () => {
    const source = `map good lpm_trie entries 4
entry good 10.0.0.0/30
if not src in good drop
pass`;
    const k = ready(source);
    traffic(k, { pps: 50_000, limit: 160, sources: 8 }); // 10.0.0.1, then .3 to .9
    advance(k, 50 * ms);
    expect(k.ledger.delivered).toBe(40);
    expect(dropped(k, REASON.XDP_DROP)).toBe(120);
  });

  it('lets a token bucket’s burst through, then its rate', () => {
    const k = ready('if rate over 10000 burst 20 drop\npass');
    traffic(k, { pps: 100_000, limit: 1000 }); // 10 ms
    advance(k, 50 * ms);
    expect(k.ledger.delivered).toBeGreaterThanOrEqual(118);
    expect(k.ledger.delivered).toBeLessThanOrEqual(121);
  });

  it('sends back with XDP_TX: counted as forwarded, and on the transmit queue', () => {
    const k = ready('tx');
    traffic(k, { pps: 100_000, limit: 400 });
    advance(k, 20 * ms);
    checkLedger(k);
    expect(k.ledger.forwarded).toBe(400);
    expect(eth0(k).tx.reduce((sum, q) => sum + q.packets, 0)).toBe(400);
    expect(eth0(k).xdp_counts[0]!.tx).toBe(400);
  });

  it('loses what the transmit ring has no room for, which virtio_net counts there alone', () => {
    const k = ready('tx');
    eth0(k).speed_mbps = 10; // what the senders go by
    traffic(k, { pps: 100_000, limit: 2000, pattern: 'poisson' });
    eth0(k).ring = { ...eth0(k).ring, tx: 32 };
    eth0(k).speed_mbps = 1;
    advance(k, 5000 * ms);
    checkLedger(k);
    const lostHere = dropped(k, REASON.XDP_TX);
    expect(lostHere).toBeGreaterThan(0);
    expect(eth0(k).xdp_counts.reduce((sum, one) => sum + one.xmit_drops, 0)).toBe(lostHere);
    expect(eth0(k).rx[0]!.drops).toBe(0);
  });

  it('charges a datagram that passes on virtio with a page', () => {
    const k = ready('pass');
    k.tasks[k.socks[0]!.reader]!.state = 'running'; // nobody reads
    traffic(k, { pps: 100_000, limit: 1 });
    advance(k, 5 * ms);
    expect(k.socks[0]!.rmem_alloc).toBe(4352);
  });

  it('counts an aborted frame as an exception', () => {
    const k = ready('aborted');
    traffic(k, { pps: 100_000, limit: 10 });
    advance(k, 20 * ms);
    expect(dropped(k, REASON.XDP_ABORTED)).toBe(10);
    expect(k.bpf.exceptions).toBe(10);
  });
});

describe('XDP_REDIRECT', () => {
  const toEth1 = 'map out devmap entries 1\nentry out 0 3\nredirect out 0';

  it('leaves by another device only when that one has a program too', () => {
    const run = (withProgram: boolean): Kernel => {
      const k = ready(toEth1);
      if (withProgram) attach(k, k.devs[2]!, 'pass');
      traffic(k, { pps: 100_000, limit: 300 });
      advance(k, 20 * ms);
      checkLedger(k);
      return k;
    };
    const without = run(false);
    expect(without.ledger.forwarded).toBe(0);
    expect(dropped(without, REASON.XDP_REDIRECT)).toBe(300);
    expect(without.bpf.redirect_errors).toBe(300);
    const k = run(true);
    expect(k.ledger.forwarded).toBe(300);
    expect(k.devs[2]!.tx.reduce((sum, q) => sum + q.packets, 0)).toBe(300);
  });

  it('takes the rule’s own verdict where the map is empty', () => {
    const k = ready('map out devmap entries 4\nredirect out 2 else pass');
    traffic(k, { pps: 100_000, limit: 50 });
    advance(k, 20 * ms);
    expect(k.ledger.delivered).toBe(50);
  });

  it('moves frames to a thread on another CPU, which takes them up the stack', () => {
    const k = ready('map cpus cpumap entries 8\nentry cpus 5 192\nredirect cpus 5');
    traffic(k, { pps: 200_000, limit: 1000 });
    advance(k, 50 * ms);
    checkLedger(k);
    expect(k.ledger.delivered).toBe(1000);
    expect(k.cpus[5]!.processed).toBe(1000);
    const thread = k.tasks.find((task) => task.kind === 'cpumap')!;
    expect(thread.comm).toBe(`cpumap/5/map:${mapNamed(k, 'cpus').id}`);
    expect(thread.runtime).toBeGreaterThan(0);
  });

  it('loses a VLAN tag that the NIC has taken off, on the way to another CPU', () => {
    const k = host({ queues: 1, apps: [{}] });
    attach(k, eth0(k), 'map cpus cpumap entries 8\nentry cpus 5 192\nredirect cpus 5');
    advance(k, 1000 * ms); // igb's link is back
    eth0(k).promisc = 1; // or the NIC would filter the tag
    traffic(k, { pps: 100_000, limit: 100, vlan: 5 });
    advance(k, 1050 * ms);
    checkLedger(k);
    expect(k.ledger.delivered).toBe(100);
  });

  it('loses what the ring to that CPU has no room for', () => {
    const k = ready('map cpus cpumap entries 8\nentry cpus 5 16\nredirect cpus 5');
    traffic(k, { pps: 8_000_000, limit: 20_000, dport: 9 });
    advance(k, 50 * ms);
    checkLedger(k);
    const entry = k.bpf.cpu_entries[0]!;
    expect(entry.drops).toBeGreaterThan(0);
    expect(dropped(k, REASON.XDP_CPUMAP)).toBe(entry.drops);
    expect(entry.enqueued + entry.drops).toBe(20_000);
  });

  it('takes what is left in the ring up the stack when the program goes', () => {
    const k = ready('map cpus cpumap entries 8\nentry cpus 5 2048\nredirect cpus 5');
    traffic(k, { pps: 5_000_000, limit: 1500 });
    while (k.bpf.cpu_entries[0]!.count < 200) stepEvent(k);
    dev_xdp_attach(k, eth0(k), -1, 'drv', false);
    advance(k, 100 * ms);
    checkLedger(k);
    expect(k.bpf.cpu_entries[0]).toMatchObject({ count: 0, drops: 0, stopped: true });
    expect(k.tasks.find((task) => task.kind === 'cpumap')!.exited).toBe(true);
    expect(k.cpus[5]!.processed).toBeGreaterThan(200);
  });

  it('refuses a cpumap element for a CPU that is not there, or a ring too long', () => {
    const k = ready('map cpus cpumap entries 64\nif dport 1 redirect cpus 5\npass');
    const map = mapNamed(k, 'cpus');
    const set = (key: number, qsize: number) =>
      bpfMapUpdate(k, map, { ...EVERYWHERE, key }, qsize, 'any');
    expect([set(8, 10), set(64, 10), set(1, 16_385), set(1, 16_384)]).toEqual([
      ...['ENODEV', 'E2BIG', 'EOVERFLOW', null],
    ]);
  });
});

/// How xdpsock -r -p binds.
const RXDROP = {
  ...{ queue: 0, copy: false, zerocopy: false, need_wakeup: true, polls: true, len: 64 },
  ...{ app: 'rxdrop' as const, comm: 'xdpsock', uid: 0, cpu: 6 },
};

describe('AF_XDP', () => {
  const source = 'map xsks xskmap entries 4\nredirect xsks queue else pass';
  const bound = (queue = 0): Kernel => {
    const k = ready(source);
    const want = { ...RXDROP, queue, copy: true };
    const index = xsk_bind(k, eth0(k), want);
    if (typeof index !== 'number') throw new Error(index);
    mapNamed(k, 'xsks').values[0] = k.bpf.xsks[index]!.sock;
    return k;
  };

  it('hands frames of its queue to the application, past the stack', () => {
    const k = bound();
    traffic(k, { pps: 500_000, limit: 3000 });
    advance(k, 50 * ms);
    checkLedger(k);
    expect(k.bpf.xsks[0]!.received).toBe(3000);
    expect(k.ledger.delivered).toBe(3000);
    expect(k.mib.IpInReceives).toBe(0);
    expect(k.bpf.xsks[0]!.fill).toBe(4096);
  });

  it('counts a full RX ring when the application is too slow', () => {
    const k = bound();
    traffic(k, { pps: 30_000_000, limit: 60_000 });
    k.bpf.xsks[0]!.ring = 64;
    advance(k, 50 * ms);
    checkLedger(k);
    const xs = k.bpf.xsks[0]!;
    expect(xs.rx_queue_full).toBeGreaterThan(0);
    expect(dropped(k, REASON.XDP_REDIRECT)).toBe(xs.rx_queue_full);
  });

  it('cannot be bound twice to a queue, nor in zero-copy mode by igb', () => {
    const k = host({ queues: 1 });
    const want = { ...RXDROP, cpu: -1 };
    expect(xsk_bind(k, eth0(k), { ...want, zerocopy: true })).toBe('EOPNOTSUPP');
    expect(xsk_bind(k, eth0(k), { ...want, zerocopy: true, copy: true })).toBe('EINVAL');
    expect(xsk_bind(k, eth0(k), { ...want, queue: 4 })).toBe('EINVAL');
    expect(xsk_bind(k, eth0(k), want)).toBe(0);
    expect(xsk_bind(k, eth0(k), want)).toBe('EBUSY');
    xskClose(k, k.bpf.xsks[0]!);
    expect(xsk_bind(k, eth0(k), want)).toBe(1);
  });
});

describe('generic XDP', () => {
  it('runs on the skb: the core has counted it, and a drop has no reason of its own', () => {
    const k = ready('drop', 'skb');
    traffic(k, { pps: 100_000, limit: 300 });
    advance(k, 20 * ms);
    checkLedger(k);
    expect(dropped(k, REASON.NOT_SPECIFIED)).toBe(300);
    expect(k.cpus.reduce((sum, c) => sum + c.processed, 0)).toBe(300);
    expect(k.mib.IpInReceives).toBe(0);
    expect(eth0(k).rx[0]!.drops).toBe(0);
  });

  it('drops for the reason XDP where a redirect leads nowhere', () => {
    const k = ready(
      'map xsks xskmap entries 1\nmap out devmap entries 1\nentry out 0 3\nredirect out 0',
      'skb',
    );
    k.devs[2]!.up = false;
    traffic(k, { pps: 100_000, limit: 30 });
    advance(k, 20 * ms);
    expect(dropped(k, REASON.XDP)).toBe(30);
  });

  it('comes after RPS, on the CPU that RPS chose', () => {
    const k = ready('map hits percpu_array entries 1\ncount hits 0 drop', 'skb');
    k.devs[1]!.rx[0]!.rps_cpus = [0x04];
    k.devs[1]!.rx[0]!.rps_map = [2];
    k.rps_needed = 1;
    traffic(k, { pps: 100_000, limit: 100 });
    advance(k, 20 * ms);
    expect(mapRows(k, mapNamed(k, 'hits'))[0]!.values[2]).toBe(100);
  });

  it('switches off what merges frames in hardware', () => {
    const k = ready('pass', 'skb');
    expect(eth0(k).features['rx-gro-hw']).toBe(false);
  });
});

describe('attaching', () => {
  it('refuses generic beside native, and a second program without force', () => {
    const k = ready('pass');
    const prog = bpf_prog_load(k, parseProgram('drop'), 0) as number;
    const dev = eth0(k);
    expect(dev_xdp_attach(k, dev, prog, 'skb', true)).toMatchObject({ errno: 'EEXIST' });
    expect(dev_xdp_attach(k, dev, prog, 'none', true)).toMatchObject({ errno: 'EBUSY' });
    expect(dev_xdp_attach(k, dev, prog, 'none', false)).toEqual({ ok: true });
    progPut(k, prog);
    expect(attachedProg(k, dev)?.prog.refs).toBe(1);
    expect(k.bpf.progs.filter((one) => one.id > 0).length).toBe(1);
  });

  it('lets a program and its maps go with the last reference', () => {
    const k = ready('map a array entries 1\ncount a 0 drop');
    dev_xdp_attach(k, eth0(k), -1, 'drv', false);
    expect(k.bpf.progs.every((prog) => prog.id === 0)).toBe(true);
    expect(k.bpf.maps.every((map) => map.id === 0)).toBe(true);
  });

  it('resets an igb that is up, and holds it to the buffer’s size', () => {
    const k = host({ queues: 1 });
    attach(k, eth0(k), 'pass');
    expect(eth0(k).carrier).toBe(false);
    advance(k, 1000 * ms);
    expect(eth0(k).carrier).toBe(true);
    dev_xdp_attach(k, eth0(k), -1, 'drv', false);
    eth0(k).mtu = 4000;
    const prog = bpf_prog_load(k, parseProgram('pass'), 0) as number;
    expect(dev_xdp_attach(k, eth0(k), prog, 'drv', true)).toMatchObject({
      errno: 'EINVAL',
      extack: 'igb: The RX buffer size is too small for the frame size',
    });
  });

  it('has no native mode on lo', () => {
    const k = host();
    const prog = bpf_prog_load(k, parseProgram('pass'), 0) as number;
    expect(dev_xdp_attach(k, k.devs[0]!, prog, 'drv', true)).toMatchObject({
      errno: 'EOPNOTSUPP',
      extack: 'Underlying driver does not support XDP in native mode',
    });
    expect(dev_xdp_attach(k, k.devs[0]!, prog, 'none', true)).toEqual({ ok: true });
    expect(attachedProg(k, k.devs[0]!)?.mode).toBe('xdpgeneric');
  });
});

describe('the verifier', () => {
  it('refuses what the kernel’s refuses in byte code, with its errno', () => {
    expect(refused('pass')).toBe('loaded');
    expect(refused('if dport 9 drop')).toBe('EINVAL'); // not every frame is decided
    expect(refused('drop\npass')).toBe('EINVAL'); // unreachable
    expect(refused('again: if dport 9 drop\ngoto again\npass')).toBe('EINVAL'); // a loop
    expect(refused('if dport 9 goto end\ndrop\nend: pass')).toBe('loaded');
    expect(refused('if src in nowhere drop\npass')).toBe('EBADF');
    expect(refused('map a array entries 2\ncount a 2 drop')).toBe('EACCES');
    expect(refused('map a array entries 2\nredirect a 0')).toBe('EINVAL');
    expect(refused('if dport 9 drop\n'.repeat(4096) + 'pass')).toBe('E2BIG');
  });
});

describe('maps', () => {
  it('find the longest prefix, whatever the order in which prefixes came and went', () => {
    const prefix = fc.record({ key: fc.nat(0xffff), prefixlen: fc.integer({ min: 16, max: 32 }) });
    const masked = (key: number, length: number) =>
      (key & (length === 0 ? 0 : -1 << (32 - length))) >>> 0;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), prefix), { maxLength: 60 }),
        fc.array(fc.nat(0xffff), { maxLength: 40 }),
        (changes, asked) => {
          const trie = createLpmTrie();
          const known = new Map<string, { key: number; prefixlen: number }>();
          for (const [adds, { key: low, prefixlen }] of changes) {
            const key = masked(0x0a000000 + low, prefixlen);
            const name = `${key}/${prefixlen}`;
            if (adds) {
              expect(trieUpdate(trie, 100, [key], prefixlen, prefixlen)).toBe(null);
              known.set(name, { key, prefixlen });
            } else
              expect(trieDelete(trie, [key], prefixlen)).toBe(known.delete(name) ? null : 'ENOENT');
          }
          expect(trie.count).toBe(known.size);
          expect(trieOrder(trie).length).toBe(known.size);
          for (const low of asked) {
            const address = 0x0a000000 + low;
            const best = [...known.values()]
              .filter((one) => masked(address, one.prefixlen) === one.key)
              .reduce((most, one) => Math.max(most, one.prefixlen), -1);
            const found = trieLookup(trie, [address]);
            expect(found < 0 ? -1 : trie.nodes[found]!.prefixlen).toBe(best);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('go through prefixes from the more specific to the less, as the kernel’s own example', () => {
    const trie = createLpmTrie();
    const net = (a: number, b: number) => ((192 << 24) | (168 << 16) | (a << 8) | b) >>> 0;
    for (const [key, bits] of [
      [net(0, 0), 16],
      [net(0, 0), 24],
      [net(128, 0), 24],
      [net(1, 0), 24],
    ])
      trieUpdate(trie, 10, [key!], bits!, 1);
    expect(
      trieOrder(trie).map((at) => [trie.nodes[at]!.key[0], trie.nodes[at]!.prefixlen]),
    ).toEqual([
      ...[
        [net(0, 0), 24],
        [net(1, 0), 24],
        [net(128, 0), 24],
        [net(0, 0), 16],
      ],
    ]);
  });

  it('hold as many elements as they were made for', () => {
    const h = createHtab(3, 77);
    expect([1, 2, 3, 4].map((key) => htabUpdate(h, key, key, 'any'))).toEqual([
      ...[null, null, null, 'E2BIG'],
    ]);
    expect(htabUpdate(h, 1, 9, 'noexist')).toBe('EEXIST');
    expect(htabDelete(h, 2)).toBe(null);
    expect(htabDelete(h, 2)).toBe('ENOENT');
    expect(htabUpdate(h, 4, 4, 'any')).toBe(null);
    expect([1, 2, 3, 4].map((key) => htabLookup(h, key) >= 0)).toEqual([true, false, true, true]);
  });
});

describe('random programs', () => {
  const match = fc.constantFrom(
    ...['proto udp', 'proto tcp', 'dport 9000', 'not dport 9000', 'sport 1-40000', 'ipv4'],
    ...['src in nets', 'not src in nets', 'rate over 100000 burst 8', 'len 60-100', 'arp'],
    ...['src fe80::/10', 'not dst fe80::/64', 'src in six', 'ipv6'],
  );
  const verdict = fc.constantFrom(
    ...['drop', 'pass', 'tx', 'aborted', 'redirect out 0', 'redirect cpus hash else pass'],
    ...['redirect xsks queue else pass', 'meta 7', 'meta 8 size 200 else drop pass', '', ''],
  );
  const rule = fc
    .tuple(fc.array(match, { minLength: 1, maxLength: 3 }), verdict, fc.boolean())
    .map(([all, end, counts]) => `if ${all.join(' and ')} ${counts ? 'count hits 0 ' : ''}${end}`);
  const maps = `map hits percpu_array entries 1
map nets lpm_trie entries 8
map six lpm_trie key ipv6 entries 8
map out devmap entries 1
map cpus cpumap entries 8
map xsks xskmap entries 4
entry six fe80::/64
entry nets 10.0.0.0/25
entry out 0 3
entry cpus 3 32
entry cpus 5 512
`;
  const build = (rules: readonly string[], mode: XdpMode, queues: number): Kernel => {
    const k = ready(`${maps}${rules.join('\n')}\npass`, mode, queues);
    if (mode === 'drv') attach(k, k.devs[2]!, 'pass');
    hashPorts(k);
    const xs = xsk_bind(k, eth0(k), RXDROP);
    mapNamed(k, 'xsks').values[0] = k.bpf.xsks[xs as number]!.sock;
    traffic(k, { pps: 1_500_000, limit: 150, flows: 8, dport: 9000 });
    traffic(k, { pps: 700_000, limit: 80, flows: 3, dport: 7, vlan: 5 });
    traffic(k, { pps: 500_000, limit: 60, flows: 2, v6: true });
    return k;
  };

  it('lose no frame at any event, and come to the same state traced and step by step', () => {
    fc.assert(
      fc.property(
        fc.array(rule, { maxLength: 5 }),
        fc.constantFrom<XdpMode>('drv', 'skb'),
        fc.constantFrom(1, 4),
        (rules, mode, queues) => {
          const slow = build(rules, mode, queues);
          slow.trace = createPathTrace(20_000);
          while (slow.agenda.times[slow.agenda.winners[1]!]! <= 3 * ms) {
            stepEvent(slow);
            checkLedger(slow);
          }
          slow.now = 3 * ms;
          slow.trace = null;
          const fast = build(rules, mode, queues);
          advance(fast, 3 * ms);
          expect(digest(fast)).toBe(digest(slow));
        },
      ),
      { numRuns: 40 },
    );
  });
});
