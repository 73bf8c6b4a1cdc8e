import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boot } from '../../src/kernel/boot.ts';
import { __alloc_skb, __netdev_alloc_skb, releaseSkb, takeSkb } from '../../src/kernel/skb.ts';
import {
  createSock,
  sockRcvbuf,
  sockRcvbufForce,
  sockSndbuf,
  sockSndbufForce,
} from '../../src/kernel/sock.ts';
import type { Kernel, Sock } from '../../src/kernel/state.ts';
import { __skb_recv_udp, __udp_enqueue_schedule_skb } from '../../src/kernel/udp.ts';
import { bareHost } from '../../src/kernel/vectors/bare_host.ts';
import * as tcp_mem from '../../src/kernel/vectors/tcp_mem.ts';

const runs = { numRuns: 150, seed: 29 };
const PAGE = 4096;

describe('a UDP socket', () => {
  const frame = fc.record({
    kind: fc.constant('rx' as const),
    head: fc.constantFrom(384, 704, 1728, 3776), // bytes of room in the head
    used: fc.integer({ min: 1, max: 384 }),
    fragment: fc.oneof(fc.constant(0), fc.nat(1500)),
    spare: fc.constantFrom(0, 1024, 4096), // of the fragment's memory
  });
  const read = fc.record({ kind: fc.constant('recv' as const) });
  const ops = fc.array(fc.oneof({ weight: 2, arbitrary: frame }, read), {
    ...{ minLength: 30, maxLength: 200, size: 'max' as const },
  });
  const rcvbuf = fc.constantFrom(2304, 4096, 20_000, 65_536, 212_992);

  /// Truesizes of the datagrams that wait, the oldest first.
  function waiting(k: Kernel, sk: Sock): number[] {
    const found: number[] = [];
    for (const head of [sk.reader_head, sk.head])
      for (let skb = head; skb >= 0; skb = k.skbs.next[skb]!) found.push(k.skbs.truesize[skb]!);
    return found;
  }

  it('is charged for what waits and for what is to be given back, in whole pages of the host', () => {
    fc.assert(
      fc.property(rcvbuf, fc.nat(60_000), ops, (size, threshold, given) => {
        const k = boot(bareHost(1, 250), 1);
        k.hot.mem_pcpu_rsv = 1;
        const c = k.cpus[0]!;
        const sk = createSock(k, 0, 1, size);
        sk.forward_threshold = threshold;
        const before = k.udp_memory_allocated;
        let refused = 0;
        for (const op of given) {
          const rmem = sk.rmem_alloc;
          if (op.kind === 'recv') {
            const oldest = waiting(k, sk)[0];
            const skb = __skb_recv_udp(k, sk);
            expect(skb < 0 ? undefined : k.skbs.truesize[skb]).toBe(oldest);
            if (skb >= 0) releaseSkb(k.skbs, skb);
          } else {
            const skb = takeSkb(k.skbs);
            const whole = op.head + 576 + (op.fragment > 0 ? op.fragment + op.spare : 0);
            k.skbs.len[skb] = op.used + op.fragment;
            k.skbs.end[skb] = op.head;
            k.skbs.room[skb] = op.head - op.used;
            k.skbs.data_len[skb] = op.fragment;
            k.skbs.truesize[skb] = whole;
            const queued = __udp_enqueue_schedule_skb(k, c, sk, skb) === 0;
            // One packet more than fits, whatever its size; from half on fragments are copied if they fit.
            expect(queued).toBe(rmem <= size);
            const copied = rmem > Math.floor(size / 2) && op.used + op.fragment <= op.head;
            if (queued) expect(k.skbs.truesize[skb]).toBe(copied ? op.head + 576 : whole);
            else {
              refused++;
              releaseSkb(k.skbs, skb);
            }
          }
          const sum = waiting(k, sk).reduce((total, one) => total + one, 0);
          expect(sk.rmem_alloc).toBe(sum + sk.forward_deficit);
          const pages = k.udp_memory_allocated - before;
          expect(pages * PAGE).toBe(sk.rmem_alloc + sk.forward_alloc);
          expect(sk.forward_alloc).toBeGreaterThanOrEqual(0);
          expect(sk.forward_deficit).toBeLessThan(Math.max(1, threshold));
        }
        expect(sk.drops).toBe(refused);
      }),
      runs,
    );
  });
});

describe("a protocol's memory", () => {
  const input = fc.record({
    tcp_mem: fc.constant([100, 200, 300]),
    allocated_before: fc.nat(330),
    pages_wanted: fc.integer({ min: 1, max: 40 }),
    kind: fc.constantFrom('SEND', 'RECV'),
    pressure_before: fc.nat(1),
    sockets_allocated: fc.nat(8),
    rmem_alloc: fc.oneof(fc.constantFrom(4095, 4096), fc.nat(300_000)),
    wmem_queued: fc.oneof(fc.constantFrom(4095, 4096), fc.nat(300_000)),
    forward_alloc: fc.nat(4095),
    tcp_rmem_min: fc.constant(4096),
    tcp_wmem_min: fc.constant(4096),
    sndbuf_before: fc.constantFrom(4608, 87_040, 400_000),
  });

  it('is given freely below the first limit, by size and fairness to the third, and never beyond', () => {
    fc.assert(
      fc.property(input, (given) => {
        const [low, high, max] = given.tcp_mem as [number, number, number];
        const wanted = given.allocated_before + given.pages_wanted;
        const sends = given.kind === 'SEND';
        const pressed = wanted <= low ? 0 : wanted > high ? 1 : given.pressure_before;
        const own = sends ? given.wmem_queued : given.rmem_alloc;
        const used = given.wmem_queued + given.rmem_alloc + given.forward_alloc;
        const fair = Math.ceil(used / PAGE) * given.sockets_allocated < max;
        const granted = wanted <= low || (wanted <= max && (own < PAGE || pressed === 0 || fair));
        // A sender that is refused must stop at what it has queued; if it has, it may have these pages.
        const half = Math.min(given.sndbuf_before, Math.floor(given.wmem_queued / 2));
        const shrunk = sends && !granted ? Math.max(4608, half) : given.sndbuf_before;
        const full = given.wmem_queued + given.pages_wanted * PAGE >= shrunk;
        const ok = granted || (sends && full);
        const outcome = {
          ...{ ok: ok ? 1 : 0, allocated_after: ok ? wanted : given.allocated_before },
          ...{ pressure_after: pressed, sndbuf_after: shrunk },
        };
        expect(tcp_mem.run({ ...given, ...outcome })).toBeNull();
      }),
      { ...runs, numRuns: 400 },
    );
  });
});

describe('a buffer of a socket', () => {
  const value = fc.oneof(
    fc.integer(),
    fc.integer({ min: -2, max: 500_000 }),
    fc.constantFrom(-(2 ** 31), 2 ** 30 - 1, 2 ** 30, 2 ** 31 - 1, 1152, 2304),
  );

  it('is twice what is asked for, up to the sysctl unless forced, and never too small for a packet', () => {
    fc.assert(
      fc.property(value, fc.integer({ min: 2304, max: 2 ** 31 - 1 }), (asked, most) => {
        const twice = (size: number): number => Math.min(size, 2 ** 30 - 1) * 2;
        const limited = twice(asked < 0 ? most : Math.min(asked, most));
        const forced = twice(Math.max(0, asked));
        expect(sockRcvbuf(asked, most)).toBe(Math.max(2304, limited));
        expect(sockSndbuf(asked, most)).toBe(Math.max(4608, limited));
        expect(sockRcvbufForce(asked)).toBe(Math.max(2304, forced));
        expect(sockSndbufForce(asked)).toBe(Math.max(4608, forced));
      }),
      runs,
    );
  });
});

describe('the head of a packet', () => {
  it('holds what was asked for, and costs what its allocation takes', () => {
    fc.assert(
      fc.property(fc.nat(20_000), (bytes) => {
        const pad = 64;
        const lines = (size: number): number => Math.ceil(size / 64) * 64;
        // The shared info lies behind the data: 320 bytes, and the sk_buff itself 256.
        const slab = (size: number): number => {
          const whole = lines(size) + 320;
          return whole <= 704 ? 704 : 2 ** Math.max(10, Math.ceil(Math.log2(whole)));
        };
        const plain = __alloc_skb(bytes);
        expect(plain).toEqual({ truesize: slab(bytes) + 256, room: slab(bytes) - 320 });
        expect(plain.room).toBeGreaterThanOrEqual(bytes);
        const netdev = __netdev_alloc_skb(bytes);
        const page = bytes + pad > 384 && bytes + pad <= PAGE - 320;
        const taken = page ? lines(bytes + pad) + 320 : slab(bytes + pad);
        expect(netdev).toEqual({ truesize: taken + 256, room: taken - 320, head_frag: page });
      }),
      runs,
    );
  });
});
