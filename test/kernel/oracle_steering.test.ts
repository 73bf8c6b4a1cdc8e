import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boot } from '../../src/kernel/boot.ts';
import { emptyMask, maskHas, maskOf } from '../../src/kernel/cpumask.ts';
import {
  createFlowTable,
  createSockFlowTable,
  rps_input_queue_head_add,
  rps_input_queue_tail_incr,
  rps_input_queue_tail_save,
  rps_record_sock_flow,
} from '../../src/kernel/rfs.ts';
import { addFlow } from '../../src/kernel/flows.ts';
import { netif_set_xps_queue } from '../../src/kernel/net_sysfs.ts';
import { get_rps_cpu, setRpsCpus } from '../../src/kernel/rps.ts';
import type { Kernel, NetDevice, RxQueue } from '../../src/kernel/state.ts';
import { forwardFrame, transmit } from '../../src/kernel/transmit.ts';
import { bareHost } from '../../src/kernel/vectors/bare_host.ts';
import {
  __netif_set_xps_queue,
  netdev_pick_tx,
  netif_reset_xps_queues_gt,
} from '../../src/kernel/xps.ts';
import { eth0, ETH0, host } from './hosts.ts';

const u32 = fc.nat(0xffff_ffff);
const runs = { numRuns: 150, seed: 17 };

/// A host with these of its CPUs online.
function hostOf(online: readonly boolean[]): Kernel {
  const k = boot(bareHost(online.length, 250), 1);
  for (const c of k.cpus) c.online = online[c.id]!;
  return k;
}

const cpus = (least: number) => fc.array(fc.boolean(), { minLength: least, maxLength: 70 });

describe('RPS', () => {
  it('spreads hashes evenly over the CPUs of the mask that were online when it was written', () => {
    fc.assert(
      fc.property(cpus(1), fc.array(fc.nat(69)), u32, fc.nat(69), (online, wanted, hash, gone) => {
        const k = hostOf(online);
        const q: RxQueue = { ...k.devs[0]!.rx[0]! };
        setRpsCpus(k, q, maskOf(wanted, 70));
        const map = [...online.keys()].filter((id) => online[id] && wanted.includes(id));
        expect(q.rps_map).toEqual(map);
        const c = k.cpus[gone % online.length]!;
        c.online = false;
        const place = Number((BigInt(hash) * BigInt(map.length)) >> 32n);
        const chosen = map[place] === undefined || map[place] === c.id ? -1 : map[place];
        const entry = { flows: null, index: 0 };
        expect(get_rps_cpu(k, q, -1, hash, entry)).toBe(hash === 0 ? -1 : chosen);
      }),
      runs,
    );
  });
});

describe('RFS', () => {
  const CPUS = 8;
  const FLOWS = 6;
  const op = fc.oneof(
    fc.record({ kind: fc.constant('read'), flow: fc.nat(FLOWS - 1), cpu: fc.nat(CPUS - 1) }),
    fc.record({ kind: fc.constant('packet'), flow: fc.nat(FLOWS - 1), cpu: fc.constant(0) }),
    fc.record({ kind: fc.constant('drain'), flow: fc.nat(7), cpu: fc.nat(CPUS - 1) }),
  );

  it('moves a flow only when nothing of it waits where it was, so that packets stay in order', () => {
    const begin = fc.constantFrom(0, 2 ** 31 - 5, 2 ** 32 - 16);
    fc.assert(
      fc.property(
        begin,
        fc.array(op, { minLength: 40, maxLength: 300 }),
        u32,
        (start, ops, salt) => {
          const k = hostOf(new Array<boolean>(CPUS).fill(true));
          for (const c of k.cpus) c.input_queue_head = c.input_queue_tail = start;
          const table = createSockFlowTable(32, CPUS);
          k.rps_sock_flow_table = table;
          const q = { ...k.devs[0]!.rx[0]!, rps_map: [], rps_flow_table: createFlowTable(16) };
          // Flows that share no entry in either table: where they do, order may be lost.
          const hashes = Array.from(
            { length: FLOWS },
            (_, flow) => (((salt & ~31) >>> 0) + flow * 2 + 1) % 2 ** 32,
          );
          const waiting: number[][] = k.cpus.map(() => []);
          const read = new Map<number, number>();
          for (const { kind, flow, cpu } of ops) {
            if (kind === 'read') {
              rps_record_sock_flow(table, hashes[flow]!, cpu);
              read.set(flow, cpu);
            } else if (kind === 'drain') {
              const left = waiting[cpu]!.splice(0, flow);
              rps_input_queue_head_add(k.cpus[cpu]!, left.length);
            } else {
              const entry = { flows: null, index: 0 };
              const to = get_rps_cpu(k, q, -1, hashes[flow]!, entry);
              expect(to).toBe(whereItMayGo(waiting, flow, read.get(flow) ?? -1));
              if (to < 0) continue;
              rps_input_queue_tail_save(entry, rps_input_queue_tail_incr(k.cpus[to]!));
              waiting[to]!.push(flow);
            }
          }
        },
      ),
      runs,
    );
  });

  function whereItMayGo(waiting: readonly number[][], flow: number, reader: number): number {
    const holds = waiting.findIndex((flows) => flows.includes(flow));
    return holds >= 0 ? holds : reader;
  }
});

describe('XPS', () => {
  const CPUS = 8;

  function deviceOf(k: Kernel, queues: number): NetDevice {
    const queue = () => ({ packets: 0, bytes: 0, xps_cpus: emptyMask(CPUS) });
    return { ...k.devs[0]!, tx: Array.from({ length: queues }, queue), xps_maps: null };
  }

  it('sends by the queues whose mask has the CPU, each alike often, and by the hash where none has', () => {
    const writes = fc.array(fc.tuple(fc.nat(5), fc.nat(255)), { maxLength: 20 });
    const online = fc.array(fc.boolean(), { minLength: CPUS, maxLength: CPUS });
    const queues = fc.integer({ min: 1, max: 6 });
    fc.assert(
      fc.property(online, writes, queues, u32, (up, written, kept, hash) => {
        const k = hostOf(up);
        const dev = deviceOf(k, 6);
        for (const [index, mask] of written) __netif_set_xps_queue(k, dev, index, [mask]);
        const last = new Map(written);
        for (const [index, { xps_cpus }] of dev.tx.entries())
          for (const c of k.cpus) {
            const has = up[c.id]! && ((last.get(index) ?? 0) >> c.id) & 1;
            expect(maskHas(xps_cpus, c.id)).toBe(Boolean(has));
          }
        dev.tx.length = kept;
        netif_reset_xps_queues_gt(dev, kept);
        for (const c of k.cpus) {
          const own = [...dev.tx.keys()].filter((i) => maskHas(dev.tx[i]!.xps_cpus, c.id));
          const among = own.length > 0 ? own.length : kept;
          const pick = (value: number): number =>
            netdev_pick_tx(dev, {
              ...{ hash: value, cpu: c.id, priority: 0, rx_queue: -1, sk: null, ooo_okay: true },
            });
          const middles = Array.from({ length: among }, (_, i) =>
            Math.floor(((i + 0.5) * 2 ** 32) / among),
          );
          const found = middles.map(pick);
          expect(new Set(found)).toEqual(new Set(own.length > 0 ? own : [...dev.tx.keys()]));
          const place = Number((BigInt(hash) * BigInt(among)) >> 32n);
          expect(pick(hash)).toBe(found[place]);
        }
      }),
      runs,
    );
  });

  it('keeps a socket on its queue until what it sent has left', () => {
    const k = hostOf(new Array<boolean>(CPUS).fill(true));
    const dev = deviceOf(k, 4);
    const sk = { tx_queue: -1 };
    const send = (hash: number, ooo_okay: boolean): number =>
      netdev_pick_tx(dev, { ...{ hash, cpu: 0, priority: 0, rx_queue: -1, sk }, ooo_okay });
    expect(send(0, false)).toBe(0);
    expect(send(0xffff_ffff, false)).toBe(0);
    expect(send(0xffff_ffff, true)).toBe(3);
    expect(send(0, false)).toBe(3);
    dev.tx.length = 2;
    expect(send(0, false)).toBe(0);
  });

  it('sends what is forwarded by the queue of the number that it came in by', () => {
    const k = hostOf(new Array<boolean>(CPUS).fill(true));
    const dev = deviceOf(k, 3);
    const forward = (rx_queue: number): number =>
      netdev_pick_tx(dev, {
        ...{ hash: 77, cpu: 0, priority: 0, rx_queue, sk: null, ooo_okay: true },
      });
    expect([0, 1, 2, 3, 8].map(forward)).toEqual([0, 1, 2, 0, 2]);
  });

  it('counts on the queue of the CPU that sends, and of the receive queue what is forwarded', () => {
    const k = host({ profile: 'virtio' }); // its driver gives queue N to CPUs 2N and 2N + 1
    const dev = eth0(k);
    const flow = addFlow(k, {
      ...{ dev: ETH0, saddr: '10.0.2.2', daddr: '10.0.2.15', sport: 7, dport: 9, proto: 1 },
    });
    const packets = () => dev.tx.map((q) => q.packets);
    const out = { dev: ETH0, flow, proto: 1, len: 98, arrives: 0, remote: -1, tcp: null };
    for (const cpu of [5, 5, 0, 7]) transmit(k, k.cpus[cpu]!, { ...out });
    expect(packets()).toEqual([1, 0, 2, 1]);
    for (const index of dev.tx.keys()) netif_set_xps_queue(k, dev, index, '0');
    expect(dev.xps_maps).toBeNull();
    for (const queue of [0, 1, 1, 6]) forwardFrame(k, k.cpus[5]!, dev, flow, 98, 1, queue);
    expect(packets()).toEqual([2, 2, 3, 1]);
  });
});
