import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digest } from '../../src/engine/digest.ts';
import { clone } from '../../src/engine/snapshot.ts';
import { checkLedger, ledgerOf } from '../../src/kernel/ledger.ts';
import { resizeRings } from '../../src/kernel/nic.ts';
import { REASON } from '../../src/kernel/reasons.ts';
import {
  startClients,
  startSynFlood,
  startTcp,
  stopRemote,
} from '../../src/kernel/remote/remote_start.ts';
import { advance, stepEvent } from '../../src/kernel/run.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { writeSysctl } from '../../src/kernel/sysctl.ts';
import { TCP_CLOSE_WAIT, TCP_ESTABLISHED } from '../../src/kernel/tcp/tcp_states.ts';
import { dropped, eth0, ETH0, host, ms } from './hosts.ts';
import { serve, stepChecked } from './tcp_hosts.ts';

const connections = (k: Kernel) => k.socks.filter((sk) => sk.tcp !== null);

/// Loses what arrives in the next `ns`.
function cut(k: Kernel, ns: number): void {
  eth0(k).link_down_until = k.now + ns;
}

describe('a transfer', () => {
  it('delivers every byte once and ends in CLOSE-WAIT', () => {
    const k = host({ apps: [] });
    serve(k);
    startTcp(k, { dev: ETH0, connections: 3, bytes: 1_000_000 });
    stepChecked(k, 4000);
    advance(k, 300 * ms);
    expect(connections(k).map((sk) => [sk.state, sk.received_bytes, sk.rmem_alloc])).toEqual(
      new Array(3).fill([TCP_CLOSE_WAIT, 1_000_000, 0]),
    );
    expect(ledgerOf(k)).toMatchObject({ queued: [], dropped: [] });
    expect(k.remotes[0]!.retransmitted).toBe(0);
  });

  it('fills a gigabit link, and TCP sees far fewer packets than the wire', () => {
    const k = host({ apps: [] });
    serve(k);
    startTcp(k, { dev: ETH0 });
    advance(k, 100 * ms);
    const bytes = connections(k)[0]!.received_bytes;
    // 1448 of 1538 bytes on the wire are payload.
    expect((bytes * 8) / 1e8 / (1448 / 1538)).toBeGreaterThan(0.99);
    expect(k.mib.TcpInSegs).toBeLessThan(k.ledger.offered / 5);
    expect(connections(k)[0]!.tcp!.segs_in).toBeGreaterThan(k.ledger.offered - 200);
  });

  it('sends ACKs for every second merged packet or less, and the device counts them', () => {
    const k = host({ apps: [] });
    serve(k);
    startTcp(k, { dev: ETH0 });
    advance(k, 100 * ms);
    expect(eth0(k).hw.tx_packets).toBe(k.mib.TcpOutSegs);
    expect(k.mib.TcpOutSegs).toBeLessThan(k.mib.TcpInSegs);
    expect(eth0(k).tx.reduce((sum, q) => sum + q.packets, 0)).toBe(k.mib.TcpOutSegs);
  });

  it('heals losses: three duplicate ACKs bring the missing segment, and each byte comes once', () => {
    const k = host({ apps: [] });
    serve(k);
    startTcp(k, { dev: ETH0, bytes: 3_000_000 });
    advance(k, 5 * ms);
    for (let i = 0; i < 4; i++) {
      cut(k, 30_000);
      stepChecked(k, 400);
    }
    advance(k, 2000 * ms);
    checkLedger(k);
    expect(dropped(k, REASON.LINK_DOWN)).toBeGreaterThan(4);
    expect(k.mib.TcpExtTCPOFOQueue).toBeGreaterThan(0);
    expect(k.remotes[0]!.retransmitted).toBeGreaterThanOrEqual(4);
    const [sk] = connections(k);
    expect([sk!.state, sk!.received_bytes, sk!.tcp!.ofo_head]).toEqual([
      TCP_CLOSE_WAIT,
      3_000_000,
      -1,
    ]);
  });

  it('goes on after the ring has overflowed: SACK tells all the holes at once', () => {
    const k = host({ apps: [], speed_mbps: 40_000 });
    serve(k);
    startTcp(k, { dev: ETH0 });
    advance(k, 60 * ms);
    checkLedger(k);
    expect(dropped(k, REASON.RX_MISSED_ERRORS)).toBeGreaterThan(50);
    const [sk] = connections(k);
    expect((sk!.received_bytes * 8) / 60e6).toBeGreaterThan(9); // Gbit/s
    expect(sk!.tcp!.rcv_ooopack).toBeGreaterThan(50);
  });

  it('comes to the same state whether it is cloned on the way or not', () => {
    const k = host({ apps: [] });
    serve(k);
    startTcp(k, { dev: ETH0, connections: 2 });
    advance(k, 7 * ms);
    const copy = clone(k);
    advance(k, 15 * ms);
    while (copy.now < 15 * ms && stepEvent(copy) && copy.now <= 15 * ms);
    const again = clone(k);
    advance(again, copy.now);
    expect(digest(copy)).toBe(digest(again));
  });
});

describe('a reader', () => {
  it('that does not read shuts the window, and the sender stops and asks from time to time', () => {
    const k = host({ apps: [] });
    serve(k, { reads: false });
    startTcp(k, { dev: ETH0 });
    advance(k, 100 * ms);
    const [sk] = connections(k);
    const [conn] = k.remotes[0]!.conns;
    expect([conn!.snd_wnd, sk!.tcp!.rcv_wnd]).toEqual([0, 0]);
    expect(k.mib.TcpExtTCPToZeroWindowAdv).toBe(1);
    const { sent } = k.remotes[0]!;
    advance(k, 1000 * ms);
    // 200, 400, 800 ms after the last answer
    expect(k.remotes[0]!.sent - sent).toBe(2);
    expect(dropped(k, REASON.TCP_OLD_SEQUENCE)).toBe(2);
    expect(sk!.rmem_alloc).toBeLessThan(sk!.rcvbuf + 2 * 65536);
    checkLedger(k);
  });

  it('that does not read leaves the buffers that the recorded virtio host shows', () => {
    const k = host({ apps: [], profile: 'virtio' });
    writeSysctl(k, 'net.ipv4.tcp_rmem', '4096 16384 16384');
    serve(k, { reads: false });
    startTcp(k, { dev: ETH0 });
    advance(k, 3000 * ms);
    const { rmem_alloc, rcvbuf, sndbuf, forward_alloc } = connections(k)[0]!;
    // skmem:(r16640,rb16384,t0,tb87040,f3840,w0,o0,bl0,d5): tcp-buffer-autotune
    expect([rmem_alloc, rcvbuf, sndbuf, forward_alloc]).toEqual([16640, 16384, 87040, 3840]);
    expect(k.mib.TcpExtTCPToZeroWindowAdv).toBe(1);
  });

  it('that is slow opens and shuts the window again and again, and loses nothing', () => {
    const k = host({ apps: [] });
    serve(k, { service_ns: 100 * ms, rcvbuf: 100_000 });
    startTcp(k, { dev: ETH0, bytes: 3_000_000 });
    advance(k, 6000 * ms);
    checkLedger(k);
    expect(k.mib.TcpExtTCPFromZeroWindowAdv).toBeGreaterThan(3);
    expect(connections(k)[0]!.received_bytes).toBe(3_000_000);
  });

  it('finds segments in the backlog that came while it copied', () => {
    const k = host({ apps: [], speed_mbps: 10_000 });
    serve(k);
    startTcp(k, { dev: ETH0 });
    let most = 0;
    stepChecked(k, 6000, () => {
      for (const sk of connections(k)) most = Math.max(most, sk.backlog_len);
    });
    expect(most).toBeGreaterThan(0);
  });

  it('with SO_RCVLOWAT is woken for so many bytes at a time', () => {
    const k = host({ apps: [] });
    serve(k, { rcvlowat: 30_000 });
    startTcp(k, { dev: ETH0, bytes: 600_000, rate_pps: 10_000 });
    advance(k, 200 * ms);
    const [sk] = connections(k);
    expect(sk!.received_bytes).toBe(600_000);
    expect(sk!.received).toBeLessThanOrEqual(21);
  });
});

describe('receive memory', () => {
  it('grows up to tcp_rmem[2] while the application keeps up', () => {
    const k = host({ apps: [], speed_mbps: 10_000 });
    serve(k);
    writeSysctl(k, 'net.ipv4.tcp_rmem', '4096 131072 400000');
    startTcp(k, { dev: ETH0, connections: 4 });
    advance(k, 200 * ms);
    expect(connections(k).map((sk) => sk.rcvbuf)).toEqual([400_000, 400_000, 400_000, 400_000]);
  });

  it('stays as it is with SO_RCVBUF or without tcp_moderate_rcvbuf', () => {
    for (const fixed of [true, false]) {
      const k = host({ apps: [], speed_mbps: 10_000 });
      serve(k, fixed ? { rcvbuf: 65536 } : {});
      if (!fixed) writeSysctl(k, 'net.ipv4.tcp_moderate_rcvbuf', '0');
      startTcp(k, { dev: ETH0 });
      advance(k, 50 * ms);
      expect(connections(k)[0]!.rcvbuf).toBe(131072);
    }
  });

  it('used up by small segments is won back by collapsing them', () => {
    const k = host({ apps: [] });
    serve(k, { reads: false, rcvbuf: 65536 });
    eth0(k).features['generic-receive-offload'] = false;
    eth0(k).features['rx-gro'] = false;
    startTcp(k, { dev: ETH0, mss: 20 });
    stepChecked(k, 5000);
    advance(k, 500 * ms);
    checkLedger(k);
    const [sk] = connections(k);
    expect(k.mib.TcpExtPruneCalled).toBeGreaterThan(0);
    expect(k.mib.TcpExtTCPRcvCollapsed).toBeGreaterThan(0);
    expect(sk!.rcvbuf).toBe(131072);
    expect(sk!.rmem_alloc).toBeLessThan(131072 + 4096);
    expect(sk!.tcp!.bytes_received).toBeGreaterThan(20_000);
  });

  it('of the whole host runs out: what arrives is dropped, and an ACK shuts the window', () => {
    const k = host({ apps: [], queues: 1 });
    serve(k, { reads: false });
    writeSysctl(k, 'net.ipv4.tcp_mem', '300 400 500'); // pages
    startTcp(k, { dev: ETH0, connections: 40 });
    stepChecked(k, 1000);
    advance(k, 100 * ms);
    checkLedger(k);
    expect(k.mib.TcpExtTCPMemoryPressures).toBeGreaterThan(0);
    expect(k.mib.TcpExtTCPRcvQDrop).toBeGreaterThan(0);
    expect(dropped(k, REASON.PROTO_MEM)).toBeGreaterThan(0);
    // Shut for want of memory, which does not count as such; opened again later.
    expect(k.mib.TcpExtTCPToZeroWindowAdv).toBe(0);
    expect(k.mib.TcpExtTCPFromZeroWindowAdv).toBeGreaterThan(0);
    // A CPU keeps up to 256 pages that are not counted yet.
    expect(k.tcp_memory_allocated).toBeLessThanOrEqual(500 + 256);
  });

  it('is given back when everything has been read', () => {
    const k = host({ apps: [] });
    serve(k);
    startTcp(k, { dev: ETH0, connections: 5, bytes: 500_000 });
    advance(k, 300 * ms);
    const kept = k.cpus.reduce((sum, c) => sum + c.tcp_fw_alloc, 0);
    expect(k.tcp_memory_allocated + kept).toBe(0);
    expect(connections(k).every((sk) => sk.rmem_alloc === 0 && sk.forward_alloc < 4096)).toBe(true);
  });
});

describe('others on the wire', () => {
  it('flood with SYNs from many addresses and never answer', () => {
    const k = host({ apps: [] });
    serve(k, { backlog: 16 });
    startSynFlood(k, { dev: ETH0, pps: 50_000, limit: 500 });
    stepChecked(k, 3000);
    advance(k, 100 * ms);
    checkLedger(k);
    expect(k.remotes[0]!.syns).toBe(500);
    expect(k.ledger.consumed).toBe(500);
    expect(connections(k)).toEqual([]);
    expect(k.mib.TcpOutSegs).toBeGreaterThan(0);
  });

  it('connect one after another and wait to be accepted', () => {
    const k = host({ apps: [] });
    const listener = serve(k);
    startClients(k, { dev: ETH0, rate: 1000, limit: 30 });
    advance(k, 50 * ms);
    expect(listener.accept!.accepted).toBe(30);
    expect(connections(k).every((sk) => sk.state === TCP_ESTABLISHED)).toBe(true);
    expect(k.mib.TcpCurrEstab).toBe(30);
  });

  it('try a SYN again after one second, and then after two', () => {
    const k = host({ apps: [] });
    serve(k);
    cut(k, 1500 * ms);
    startTcp(k, { dev: ETH0, bytes: 1000 });
    advance(k, 2900 * ms);
    expect(connections(k)).toEqual([]);
    advance(k, 3100 * ms);
    expect(connections(k)[0]!.received_bytes).toBe(1000);
    expect(k.remotes[0]!.conns[0]!.tries).toBe(3);
  });

  it('are reset by a port on which nobody listens', () => {
    const k = host({ apps: [] });
    startTcp(k, { dev: ETH0, connections: 3 });
    advance(k, 10 * ms);
    expect(k.remotes[0]!.conns.map((conn) => conn.state)).toEqual(['closed', 'closed', 'closed']);
    expect(k.mib.TcpOutRsts).toBe(3);
  });

  it('stop when they are told to', () => {
    const k = host({ apps: [] });
    serve(k);
    const id = startTcp(k, { dev: ETH0 });
    advance(k, 5 * ms);
    stopRemote(k, id);
    const { sent } = k.remotes[id]!;
    advance(k, 500 * ms);
    expect(k.remotes[id]!.sent).toBe(sent);
    checkLedger(k);
  });
});

const scenario = fc.record({
  connections: fc.integer({ min: 1, max: 6 }),
  mss: fc.constantFrom(1448, 1448, 500, 40),
  bytes: fc.constantFrom(Infinity, 300_000, 1),
  train: fc.integer({ min: 1, max: 60 }),
  timestamps: fc.boolean(),
  profile: fc.constantFrom('igb' as const, 'virtio' as const),
  ring: fc.constantFrom(64, 256),
  service_ns: fc.constantFrom(0, 10_000, 2_000_000),
  rcvbuf: fc.constantFrom(0, 0, 4096, 100_000),
  reads: fc.boolean(),
  gro: fc.boolean(),
  cuts: fc.integer({ min: 0, max: 3 }),
  cut_ns: fc.integer({ min: 1000, max: 300_000 }),
});

describe('whatever happens', () => {
  it('every frame is accounted for after each event, and no byte is read twice', () => {
    fc.assert(
      fc.property(scenario, (s) => {
        const k = host({ apps: [], profile: s.profile, speed_mbps: 2500 });
        serve(k, { reads: s.reads, service_ns: s.service_ns, rcvbuf: s.rcvbuf });
        if (s.profile === 'igb') resizeRings(k, eth0(k), s.ring, 256);
        if (!s.gro) eth0(k).features['rx-gro'] = false;
        advance(k, 2000 * ms);
        startTcp(k, { dev: ETH0, ...s });
        for (let i = 0; i <= s.cuts; i++) {
          stepChecked(k, 700);
          cut(k, s.cut_ns);
        }
        advance(k, k.now + (s.bytes === Infinity ? 5 : 3000) * ms);
        checkLedger(k);
        for (const sk of connections(k)) {
          const tp = sk.tcp!;
          const fin = sk.state === TCP_CLOSE_WAIT ? 1 : 0;
          const read = (tp.bytes_received - fin - ((tp.rcv_nxt - tp.copied_seq) >>> 0)) >>> 0;
          if (!fin) expect(sk.received_bytes).toBe(read);
          if (s.bytes !== Infinity && s.reads && s.service_ns === 0)
            expect([s.bytes, sk.state]).toEqual([sk.received_bytes, TCP_CLOSE_WAIT]);
          const conn = k.remotes[0]!.conns.find((one) => one.flow === sk.flow)!;
          expect(conn.snd_una).toBeLessThanOrEqual(tp.bytes_received + 1);
          expect(sk.rmem_alloc).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 12, seed: 7 },
    );
  });
});
