import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as gro_tcp from '../../src/kernel/vectors/gro_tcp.ts';
import * as gro_udp from '../../src/kernel/vectors/gro_udp.ts';

// A slow model of receive offload: held packets are lists of the frames merged into them, and everything is
// worked out from those frames each time. What it says is put to the host by the adapter of the vectors.

const BUCKETS = 8;
const HELD_MOST = 8; // packets in one bucket
const DATAGRAMS_MOST = 64;
const LEGACY_MOST = 65536;

interface Frame {
  flow: number;
  rx_hash: number;
  seq: number;
  payload: number;
  ack: number;
  window: number;
  flags: string;
  ttl: number;
  tos: number;
  ipid: number; // IPv6: flow label
  df: number;
  tsval: number | null;
  more_fragments: number;
  bad_checksum: number;
  has_checksum: number;
  layout: string;
}

interface Held {
  frames: Frame[]; // the first one's headers stand for all
  tick: number; // in which it came
  fixedId: boolean; // the second frame has the identification of the first
}

interface Sizes {
  readonly ip_version: number;
  readonly gro_normal_batch: number;
  readonly gro_max_size: number;
  readonly gro_ipv4_max_size: number;
}

type Op = { kind: 'rx'; frame: Frame } | { kind: 'flush_all' | 'tick' | 'flush_old' };

const bytesOf = ({ frames }: Held): number => frames.reduce((sum, { payload }) => sum + payload, 0);
const has = (frame: Frame, letters: string): boolean =>
  [...letters].some((letter) => frame.flags.includes(letter));
const without = (frame: Frame, letters: string): string =>
  [...frame.flags].filter((letter) => !letters.includes(letter)).join('');

class Offload {
  readonly results: string[] = [];
  readonly held_after: number[] = [];
  readonly delivered: { after_op: number; of: Held }[] = [];
  readonly #buckets: Held[][] = Array.from({ length: BUCKETS }, () => []); // the oldest first
  #list: Held[] = [];
  #segments = 0;
  #tick = 0;
  #op = 0;
  readonly #udp: boolean;
  readonly #sizes: Sizes;

  constructor(udp: boolean, sizes: Sizes) {
    this.#udp = udp;
    this.#sizes = sizes;
  }

  run(ops: readonly Op[]): this {
    for (const op of ops) {
      this.results.push(op.kind === 'rx' ? this.#receive(op.frame) : '-');
      if (op.kind === 'tick') this.#tick++;
      else if (op.kind !== 'rx') this.#flush(op.kind === 'flush_old');
      this.held_after.push(this.#buckets.flat().length);
      this.#op++;
    }
    this.#flush(false);
    return this;
  }

  #receive(frame: Frame): string {
    const bucket = this.#buckets[frame.rx_hash % BUCKETS]!;
    const alone: Held = { frames: [frame], tick: this.#tick, fixedId: false };
    const foreign = frame.more_fragments || frame.bad_checksum;
    if (foreign || (this.#udp && !frame.has_checksum)) return (this.#up(alone), 'NORMAL');
    const held = bucket.findLast(({ frames: [first] }) => this.#sameFlow(first!, frame));
    const merged = held !== undefined && this.#continues(held, frame);
    const least = held === undefined || !merged ? 1 : held.frames[0]!.payload;
    if (merged) held.frames.push(frame);
    // Nothing more can follow a short segment, or one with a flag of that kind.
    const last = !this.#udp && (frame.payload < least || has(frame, 'FSRPU'));
    const full = this.#udp && merged && (frame.payload !== least || this.#full(held));
    if (held && (!merged || last || full)) {
      bucket.splice(bucket.indexOf(held), 1);
      this.#up(held);
    }
    if (merged) return 'MERGED';
    if (last) return (this.#up(alone), 'NORMAL');
    if (bucket.length === HELD_MOST) this.#up(bucket.shift()!);
    bucket.push(alone);
    return 'HELD';
  }

  #full({ frames }: Held): boolean {
    return frames.length >= DATAGRAMS_MOST;
  }

  #sameFlow(a: Frame, b: Frame): boolean {
    const label = this.#sizes.ip_version === 4 || a.ipid === b.ipid;
    return a.rx_hash === b.rx_hash && a.flow === b.flow && label;
  }

  #continues(held: Held, frame: Frame): boolean {
    const first = held.frames[0]!;
    if (first.ttl !== frame.ttl || first.tos !== frame.tos) return false;
    if (this.#sizes.ip_version === 4 && !this.#identified(held, frame)) return false;
    if (frame.payload > first.payload) return false;
    if (!this.#udp && !segmentFits(held, frame)) return false;
    const tcp = first.tsval === null ? 20 : 32;
    const headers = (this.#sizes.ip_version === 4 ? 20 : 40) + (this.#udp ? 8 : tcp);
    const length = headers + bytesOf(held) + frame.payload;
    const { gro_ipv4_max_size, gro_max_size, ip_version } = this.#sizes;
    if (length >= (ip_version === 4 ? gro_ipv4_max_size : gro_max_size)) return false;
    return !this.#udp || length < LEGACY_MOST;
  }

  #identified(held: Held, frame: Frame): boolean {
    const first = held.frames[0]!;
    if (first.df !== frame.df) return false;
    if (held.frames.length === 1 && frame.df && frame.ipid === first.ipid) held.fixedId = true;
    return frame.ipid === (first.ipid + (held.fixedId ? 0 : held.frames.length)) % 65536;
  }

  #flush(old: boolean): void {
    for (const bucket of this.#buckets)
      while (bucket.length > 0 && !(old && bucket[0]!.tick === this.#tick))
        this.#up(bucket.shift()!);
    this.#deliver();
  }

  #up(packet: Held): void {
    this.#list.push(packet);
    this.#segments += packet.frames.length;
    if (this.#segments >= this.#sizes.gro_normal_batch) this.#deliver();
  }

  #deliver(): void {
    for (const of of this.#list) this.delivered.push({ after_op: this.#op, of });
    this.#list = [];
    this.#segments = 0;
  }
}

function segmentFits(held: Held, frame: Frame): boolean {
  const first = held.frames[0]!;
  return (
    !has(frame, 'C') &&
    frame.payload > 0 &&
    without(first, 'CFP') === without(frame, 'CFP') &&
    first.ack === frame.ack &&
    first.window === frame.window &&
    first.tsval === frame.tsval &&
    frame.seq === (first.seq + bytesOf(held)) % 2 ** 32
  );
}

function gso(held: Held, types: string[]): { gso_size: number; gso_types: string[] } {
  const one = held.frames.length === 1;
  return { gso_size: one ? 0 : held.frames[0]!.payload, gso_types: one ? [] : types };
}

// ---- what arrives: mostly what continues a flow, and now and then something that does not

const sizes = fc.record({
  ip_version: fc.constantFrom(4, 6),
  gro_normal_batch: fc.constantFrom(1, 8, 30),
  // The small ones are just as long as three full segments or datagrams, with their headers.
  gro_max_size: fc.constantFrom(4392, 4404, 4416, 16_000, 65_536, 185_000),
  gro_ipv4_max_size: fc.constantFrom(4372, 4384, 4396, 16_000, 65_536),
});

/// One frame in `weight` is not as usual in one way or another.
function step(weight: number, payload: number) {
  const mostly = <T>(usual: T, ...others: T[]): fc.Arbitrary<T> =>
    fc.oneof({ weight, arbitrary: fc.constant(usual) }, fc.constantFrom(...others));
  return fc.record({
    kind: mostly('rx', 'rx', 'rx', 'tick', 'flush_old', 'flush_all'),
    flow: fc.nat(weight > 100 ? 0 : 3),
    other_hash: mostly(false, true),
    many: fc.nat(11),
    payload: mostly(payload, 0, 1, 6, 700, 2000),
    seq_step: mostly(0, 1, -1, 1448),
    ack: mostly(5000, 5001),
    window: mostly(500, 501),
    flags: mostly('A', 'PA', 'FA', 'SA', 'RA', 'AU', 'AE', 'AEC', 'AC'),
    ttl: mostly(64, 63),
    tos: mostly(0, 2, 16),
    id_step: mostly(0, 1, 65_535),
    df: mostly(1, 0),
    stamp: mostly(0, 1, -1),
    more_fragments: mostly(0, 1),
    bad_checksum: mostly(0, 1),
    has_checksum: mostly(1, 0),
    layout: fc.constantFrom('linear', 'frag'),
  });
}
const steps = (weight: number, payload: number) =>
  fc.array(step(weight, payload), { minLength: 1, maxLength: 150, size: 'max' });

const world = fc.record({
  sizes,
  steps: fc.oneof(steps(12, 1448), steps(40, 1448), steps(1000, 1448), steps(1000, 20)),
  spread: fc.boolean(), // many flows, all in one bucket
  counts: fc.boolean(), // identifications count up, or stay
  begin: fc.constantFrom(1000, 2 ** 32 - 3000),
  stamps: fc.boolean(),
});
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

function opsOf({ sizes: { ip_version }, steps, spread, counts, begin, stamps }: World): Op[] {
  const next = new Map<number, { seq: number; id: number }>();
  return steps.map((one): Op => {
    if (one.kind !== 'rx') return { kind: one.kind as 'tick' };
    const flow = spread ? one.many : one.flow;
    const at = next.get(flow) ?? { seq: begin, id: 65_530 };
    const seq = (at.seq + one.seq_step + 2 ** 32) % 2 ** 32;
    const four = (at.id + one.id_step) % 65_536;
    next.set(flow, {
      seq: (seq + one.payload) % 2 ** 32,
      id: (four + (counts ? 1 : 0)) % 65_536,
    });
    const tsval = (one.stamp < 0 ? !stamps : stamps) ? 77 + Math.max(0, one.stamp) : null;
    const { other_hash, many: _, kind: __, seq_step: ___, id_step, stamp: ____, ...rest } = one;
    const frame: Frame = {
      ...{ ...rest, flow, seq, tsval },
      rx_hash: 8 * flow + (other_hash ? 8000 : 0) + (spread ? 0 : flow % 3),
      ipid: ip_version === 4 ? four : id_step % 2 === 0 ? 0 : 0x1_2345,
      df: ip_version === 4 ? one.df : 0,
      more_fragments: ip_version === 4 ? one.more_fragments : 0,
    };
    return { kind: 'rx', frame };
  });
}

const runs = { numRuns: 250, seed: 3 };

describe('receive offload', () => {
  it('merges TCP segments, holds them and lets them go as frame by frame is worked out', () => {
    fc.assert(
      fc.property(world, (given) => {
        const ops = opsOf(given);
        const model = new Offload(false, given.sizes).run(ops);
        const four = given.sizes.ip_version === 4;
        const delivered = model.delivered.map(({ after_op, of }) => {
          const first = of.frames[0]!;
          const flags = new Set(first.flags);
          for (const { flags: more } of of.frames) for (const one of more) flags.add(one);
          const fixed = four && of.fixedId ? ['TCP_FIXEDID'] : [];
          const types = [
            four ? 'TCPV4' : 'TCPV6',
            ...fixed,
            ...(flags.has('C') ? ['TCP_ECN'] : []),
          ];
          return {
            ...{ after_op, flow: first.flow, seq: first.seq, payload: bytesOf(of) },
            flags: [...'FSRPAUEC'].filter((letter) => flags.has(letter)).join(''),
            segs: of.frames.length,
            ...gso(of, types),
          };
        });
        const rows = ops.map((op) => {
          if (op.kind !== 'rx') return [op.kind];
          const f = op.frame;
          return [
            ...['rx', f.flow, f.rx_hash, f.seq, f.payload, f.ack, f.window, f.flags, f.ttl, f.tos],
            ...[f.ipid, f.df, f.tsval, f.layout, f.more_fragments, f.bad_checksum],
          ];
        });
        const { results, held_after } = model;
        const told = { ...given.sizes, ops: rows, delivered, results, held_after };
        expect(gro_tcp.run(told)).toBeNull();
      }),
      runs,
    );
  });

  it('merges UDP datagrams up to 64, a shorter one last, where it may', () => {
    fc.assert(
      fc.property(world, (given) => {
        const ops = opsOf(given).map((op): Op => {
          if (op.kind !== 'rx') return op;
          const payload = Math.max(1, op.frame.payload);
          const plain = { more_fragments: 0, bad_checksum: 0, flags: '', tsval: null };
          const small = given.counts ? payload : Math.min(payload, 700);
          const ipid = given.sizes.ip_version === 4 ? op.frame.ipid : 0;
          return { kind: 'rx', frame: { ...op.frame, ...plain, payload: small, ipid } };
        });
        const model = new Offload(true, given.sizes).run(ops);
        const delivered = model.delivered.map(({ after_op, of }) => ({
          ...{ after_op, flow: of.frames[0]!.flow, payload: bytesOf(of) },
          ...{ udp_len: bytesOf(of) + 8, segs: of.frames.length },
          ...gso(of, ['UDP_L4']),
        }));
        const rows = ops.map((op) => {
          if (op.kind !== 'rx') return [op.kind];
          const { flow, rx_hash, payload, has_checksum, ttl, tos, ipid, df, layout } = op.frame;
          return ['rx', flow, rx_hash, payload, has_checksum, ttl, tos, ipid, df, layout];
        });
        const { results, held_after } = model;
        const told = { scenario: 'model', ops: rows, delivered, results, held_after };
        expect(gro_udp.run({ ...given.sizes, ...told })).toBeNull();
      }),
      runs,
    );
  });
});
