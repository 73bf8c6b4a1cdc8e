/// AF_XDP in copy mode and zero-copy: who may bind, where frames are lost, what is sent.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digest } from '../../src/engine/digest.ts';
import { ethtool_set_ringparam } from '../../src/kernel/ethtool_ops.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { resizeRings } from '../../src/kernel/nic.ts';
import { cpuTimes } from '../../src/kernel/piece.ts';
import { REASON } from '../../src/kernel/reasons.ts';
import { advance, stepEvent } from '../../src/kernel/run.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { createPathTrace } from '../../src/kernel/tracing.ts';
import { dev_xdp_attach } from '../../src/kernel/xdp/attach.ts';
import type { XdpSock } from '../../src/kernel/xdp/types.ts';
import { xsk_bind, xskClose, type XskBind } from '../../src/kernel/xdp/xsk.ts';
import { dropped, eth0, ms, traffic } from './hosts.ts';
import { machine, RXDROP, terminal, umemFrames, withXsk } from './xdp_hosts.ts';

const softirq = (k: Kernel): number => k.cpus.reduce((sum, c) => sum + cpuTimes(k, c).softirq, 0);

describe('binding', () => {
  const bind = (profile: string, want: Partial<XskBind>, mtu = 1500, lro = false) => {
    const k = machine(profile);
    eth0(k).mtu = mtu;
    eth0(k).features['large-receive-offload'] = lro;
    const at = xsk_bind(k, eth0(k), { ...RXDROP, ...want });
    return typeof at === 'string' ? at : k.bpf.xsks[at]!.zc ? 'zero-copy' : 'copy';
  };

  it('is zero-copy only by ixgbe, ice and mlx5 in 6.12', () => {
    for (const profile of ['ixgbe', 'ice', 'mlx5']) {
      expect(bind(profile, { zerocopy: true })).toBe('zero-copy');
      expect(bind(profile, {})).toBe('zero-copy');
      expect(bind(profile, { copy: true })).toBe('copy');
    }
    for (const profile of ['igb', 'virtio', 'ena', 'mixed']) {
      expect(bind(profile, { zerocopy: true })).toBe('EOPNOTSUPP');
      expect(bind(profile, {})).toBe('copy');
    }
  });

  it('wants a whole frame to fit a buffer, and both flags refuses', () => {
    expect(bind('ixgbe', { zerocopy: true }, 3814)).toBe('zero-copy');
    expect(bind('ixgbe', { zerocopy: true }, 3815)).toBe('EINVAL');
    expect(bind('ixgbe', {}, 3815)).toBe('copy');
    expect(bind('ice', { zerocopy: true, copy: true })).toBe('EINVAL');
  });

  it('has no zero-copy by mlx5 while LRO is on', () => {
    expect(bind('mlx5', { zerocopy: true }, 1500, true)).toBe('EOPNOTSUPP');
  });

  it('keeps the number of queues above the queue that is taken', () => {
    const { say, host } = terminal('ixgbe');
    xsk_bind(host.k, eth0(host.k), { ...RXDROP, queue: 5, copy: true });
    expect(say('ethtool -L eth0 combined 4').err).toContain(
      'requested channel counts are too low for existing zerocopy AF_XDP sockets',
    );
    expect(say('ethtool -L eth0 combined 6').status).toBe(0);
  });
});

describe('a ring that is in a socket’s memory', () => {
  it('keeps its size at ice, and is made anew at ixgbe', () => {
    const ring = (profile: string) => {
      const { k, xs } = withXsk(profile, {});
      const result = ethtool_set_ringparam(k, eth0(k), { rx: 1024 });
      expect(umemFrames(k, xs)).toBe(4096);
      return [result.ok ? '' : result.errno, eth0(k).rx[0]!.ready];
    };
    expect(ring('ice')).toEqual(['EBUSY', 2047]);
    expect(ring('ixgbe')).toEqual(['', 1023]);
  });
});

describe('zero-copy', () => {
  it('gives every frame to the application for 82 ns of softirq, 25 less than a copy', () => {
    const run = (copy: boolean): number => {
      const { k } = withXsk('ice', { copy, polls: false });
      const before = softirq(k);
      traffic(k, { pps: 6_000_000, flows: 1, limit: 20_000 });
      advance(k, k.now + 20 * ms);
      checkLedger(k);
      expect(k.ledger.delivered).toBe(20_000);
      expect(k.bpf.xsks[0]!.rx_queue_full).toBe(0);
      return (softirq(k) - before) / 20_000;
    };
    const zero = run(false);
    const copied = run(true);
    expect(zero).toBeGreaterThan(82);
    expect(zero).toBeLessThan(130);
    expect(copied - zero).toBeGreaterThan(20);
    expect(copied - zero).toBeLessThan(30);
  });

  it('takes the NIC’s buffers out of the fill ring, and never loses one', () => {
    const { k, xs } = withXsk('ixgbe', {});
    const q = eth0(k).rx[0]!;
    expect(q.ready).toBe(511);
    expect(xs.fill).toBe(4096 - 511);
    traffic(k, { pps: 10_000_000, limit: 3000 });
    for (let i = 0; i < 6000; i++) {
      stepEvent(k);
      expect(umemFrames(k, xs)).toBe(4096);
    }
    advance(k, k.now + 20 * ms);
    expect(xs.received).toBe(3000);
  });

  it('loses frames in the NIC when the application is too slow, where a copy loses them in XDP', () => {
    const run = (copy: boolean) => {
      const { k, xs } = withXsk('ice', { copy });
      k.tasks[k.socks[xs.sock]!.reader]!.state = 'running'; // it never gets its turn
      traffic(k, { pps: 1_000_000, limit: 12_000 });
      advance(k, k.now + 50 * ms);
      checkLedger(k);
      expect(xs.count).toBe(2048);
      return { k, xs };
    };
    const copied = run(true);
    expect(dropped(copied.k, REASON.XDP_REDIRECT)).toBe(12_000 - 2048);
    expect(copied.xs.rx_queue_full).toBe(12_000 - 2048);
    const { k, xs } = run(false);
    expect(dropped(k, REASON.XDP_REDIRECT)).toBe(0);
    expect(eth0(k).rx[0]!.used).toBe(2047);
    expect(eth0(k).rx[0]!.drops).toBe(12_000 - 2048 - 2047);
    expect(xs.rx_queue_full).toBeGreaterThan(0);
    expect(umemFrames(k, xs)).toBe(4096);
  });

  it('drops what the RX ring has no room for where the flag need_wakeup is missing, and by mlx5', () => {
    for (const [profile, need_wakeup] of [
      ['ixgbe', false],
      ['mlx5', true],
    ] as const) {
      const { k, xs } = withXsk(profile, { need_wakeup });
      k.tasks[k.socks[xs.sock]!.reader]!.state = 'running';
      traffic(k, { pps: 1_000_000, limit: 3000 });
      advance(k, k.now + 20 * ms);
      checkLedger(k);
      expect(dropped(k, REASON.XDP_REDIRECT)).toBe(3000 - 2048);
      expect(umemFrames(k, xs)).toBe(4096);
    }
  });

  it('runs dry with the fill ring, says so, and goes on when the application wakes it', () => {
    const { k, xs } = withXsk('ixgbe', {});
    const hidden = xs.fill;
    xs.fill = 0;
    traffic(k, { pps: 1_000_000, limit: 600 });
    const task = k.tasks[k.socks[xs.sock]!.reader]!;
    task.state = 'running';
    advance(k, k.now + 5 * ms);
    expect(xs.count).toBe(511);
    expect(eth0(k).rx[0]!.ready).toBe(0);
    expect(xs.rx_fill_ring_empty_descs).toBeGreaterThan(0);
    expect(xs.wakeup_rx).toBe(true);
    xs.fill = hidden;
    task.state = 'sleeping';
    k.socks[xs.sock]!.waiting = true;
    traffic(k, { pps: 1_000_000, limit: 1000 });
    advance(k, k.now + 20 * ms);
    checkLedger(k);
    expect(umemFrames(k, xs)).toBe(4096);
  });

  it('passes what the program passes as a copy: the socket is charged with it, the buffer is free', () => {
    const { k, xs } = withXsk('ice', {});
    k.bpf.maps.find((map) => map.name === 'xsks')!.values[0] = -1;
    traffic(k, { pps: 100_000, limit: 200 });
    advance(k, k.now + 20 * ms);
    checkLedger(k);
    expect(k.ledger.delivered).toBe(200);
    expect(xs.received).toBe(0);
    expect(umemFrames(k, xs)).toBe(4096);
  });

  it('gives the queue its own memory back when the socket is closed or the program goes', () => {
    const closed = withXsk('ice', {});
    xskClose(closed.k, closed.xs);
    expect(eth0(closed.k).xdp!.pools[0]).toBe(-1);
    const gone = withXsk('ice', {});
    dev_xdp_attach(gone.k, eth0(gone.k), -1, 'drv', false);
    expect(gone.xs.fill).toBe(4096);
    for (const { k } of [closed, gone]) {
      advance(k, k.now + 2000 * ms);
      traffic(k, { pps: 100_000, limit: 100 });
      advance(k, k.now + 20 * ms);
      checkLedger(k);
      expect(k.ledger.delivered).toBe(100);
    }
  });
});

/// Runs until the first frame is sent: an application that began without a link comes back when its poll() times out.
function untilSending(k: Kernel, xs: XdpSock): void {
  for (let i = 0; i < 3000 && xs.transmitted === 0; i++) advance(k, k.now + ms);
}

describe('sending', () => {
  const sent = (k: Kernel): number => eth0(k).hw.tx_packets ?? 0;

  it('fills a link of 10 Gb/s without copies, and takes nothing from the ledger', () => {
    const { k, xs } = withXsk('ixgbe', { app: 'txonly', polls: true });
    untilSending(k, xs);
    const before = sent(k);
    advance(k, k.now + 10 * ms);
    checkLedger(k);
    // 64 bytes and FCS, preamble, gap: 88 bytes a frame.
    expect((sent(k) - before) / 142_045).toBeGreaterThan(0.97);
    expect((sent(k) - before) / 142_045).toBeLessThan(1.03);
    expect(k.ledger.offered).toBe(0);
    expect(xs.outstanding - xs.tx_count).toBeLessThanOrEqual(2048);
    expect(umemFrames(k, xs) - eth0(k).rx[0]!.ready).toBe(xs.outstanding);
  });

  it('is held back by an skb for each frame in copy mode', () => {
    const { k, xs } = withXsk('ixgbe', { app: 'txonly', copy: true, polls: true });
    untilSending(k, xs);
    const before = sent(k);
    advance(k, k.now + 10 * ms);
    const rate = (sent(k) - before) / 10; // a millisecond
    expect(rate).toBeGreaterThan(1500);
    expect(rate).toBeLessThan(3000);
    expect(xs.sent - xs.transmitted - xs.tx_count).toBeGreaterThan(0); // lost while there was no link
  });

  it('sends back what came, which the ledger has as forwarded', () => {
    for (const copy of [false, true]) {
      const { k, xs } = withXsk('ice', { app: 'l2fwd', copy, polls: false });
      traffic(k, { pps: 1_000_000, limit: 5000 });
      for (let i = 0; i < 3000; i++) {
        stepEvent(k);
        checkLedger(k);
        expect(umemFrames(k, xs)).toBe(4096);
      }
      advance(k, k.now + 20 * ms);
      checkLedger(k);
      expect(xs.received).toBe(5000);
      expect(xs.sent).toBe(5000);
      expect(k.ledger.forwarded + xs.tx_count).toBe(5000);
      expect(k.ledger.forwarded).toBeGreaterThan(4900);
      expect(umemFrames(k, xs)).toBe(4096);
    }
  });

  it('stalls with a half-full ring when copy mode was not asked for by name', () => {
    const { k, xs } = withXsk('virtio', { app: 'l2fwd', polls: false });
    traffic(k, { pps: 500_000, limit: 1000 });
    advance(k, k.now + 20 * ms);
    expect(xs.tx_count).toBe(1000);
    expect(k.ledger.forwarded).toBe(0);
  });

  it('goes nowhere without a link: completed, not sent', () => {
    const { k, xs } = withXsk('virtio', { app: 'txonly', copy: true, polls: true });
    advance(k, k.now + ms);
    eth0(k).carrier = false;
    const before = sent(k);
    advance(k, k.now + ms);
    expect(sent(k)).toBe(before);
    expect(xs.outstanding).toBeGreaterThanOrEqual(0);
    checkLedger(k);
  });
});

describe('an application without poll()', () => {
  it('takes a CPU for itself, and has the frame within two microseconds', () => {
    const { k, xs } = withXsk('ice', { polls: false });
    const cpu = k.cpus[6]!;
    const before = cpuTimes(k, cpu).user;
    const from = k.now;
    traffic(k, { pps: 1000, limit: 5 });
    advance(k, k.now + 10 * ms);
    expect(xs.received).toBe(5);
    expect((cpuTimes(k, cpu).user - before) / (k.now - from)).toBeGreaterThan(0.95);
  });
});

describe('xdpsock', () => {
  it('says with errno and line why it cannot bind', () => {
    const { say } = terminal('laptop');
    expect(say('xdpsock -r -z -N -i eth0 -d 1')).toMatchObject({
      err: 'xdpsock.c:xsk_configure_socket:1068: errno: 95/"Operation not supported"\n',
      status: 1,
    });
  });

  it('shows the difference between copy and zero-copy with the same flood', () => {
    const { say, host } = terminal('ixgbe');
    say('traffic start udp --dev eth0 --flows 1 --rate 100k --for 10s');
    for (const flag of ['-z', '-c']) {
      const { out, status } = say(`xdpsock -r -p ${flag} -N -x -i eth0 -q 0 -d 1`);
      expect(status).toBe(0);
      expect(out).toContain(' sock0@eth0:0 rxdrop xdp-drv poll() \n');
    }
    checkLedger(host.k);
  });
});

describe('any application, through resets and removals', () => {
  type Thing = 'nothing' | 'ring' | 'program' | 'close' | 'down';
  const things = fc.constantFrom<Thing>('nothing', 'ring', 'program', 'close', 'down');
  const build = (profile: string, want: Partial<XskBind>, pps: number) => {
    const made = withXsk(profile, want);
    traffic(made.k, { pps, limit: 300, flows: 3 });
    traffic(made.k, { pps: 400_000, limit: 60, flows: 2, dport: 7 });
    return made;
  };
  const disturb = (k: Kernel, xs: XdpSock, what: Thing): void => {
    if (what === 'ring') resizeRings(k, eth0(k), 512, 256);
    if (what === 'program') dev_xdp_attach(k, eth0(k), -1, 'drv', false);
    if (what === 'close') xskClose(k, xs);
    if (what === 'down') eth0(k).carrier = false;
  };

  it('loses no frame of the wire and none of the UMEM, and comes to the same state step by step', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('virtio', 'ice', 'mlx5'),
        fc.record({
          app: fc.constantFrom<XdpSock['app']>('rxdrop', 'txonly', 'l2fwd'),
          copy: fc.boolean(),
          polls: fc.boolean(),
          need_wakeup: fc.boolean(),
        }),
        fc.constantFrom(300_000, 3_000_000, 12_000_000),
        things,
        (profile, want, pps, what) => {
          const slow = build(profile, want, pps);
          const until = slow.k.now + ms;
          const middle = slow.k.now + 150_000;
          slow.k.trace = createPathTrace(40_000);
          const step = (k: Kernel, end: number): void => {
            while (k.agenda.times[k.agenda.winners[1]!]! <= end) {
              stepEvent(k);
              checkLedger(k);
              const { xs } = slow;
              if (xs.sock >= 0 && xs.app !== 'txonly') expect(umemFrames(k, xs)).toBe(4096);
            }
            k.now = end;
          };
          step(slow.k, middle);
          disturb(slow.k, slow.xs, what);
          checkLedger(slow.k);
          step(slow.k, until);
          slow.k.trace = null;
          const fast = build(profile, want, pps);
          advance(fast.k, middle);
          disturb(fast.k, fast.xs, what);
          advance(fast.k, until);
          expect(digest(fast.k)).toBe(digest(slow.k));
        },
      ),
      { numRuns: 30 },
    );
  });
});
