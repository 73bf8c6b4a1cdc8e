import { describe, expect, it } from 'vitest';
import { hosts } from '../../src/hardware/hosts.ts';
import { boot } from '../../src/kernel/boot.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import {
  congestionAck,
  congestionRoom,
  congestionSent,
  enterRecovery,
  leaveRecovery,
} from '../../src/kernel/remote/remote_congestion.ts';
import {
  forgetBelow,
  holeLength,
  nextHole,
  noteSacks,
} from '../../src/kernel/remote/remote_sack.ts';
import { startTcp, writeRemote } from '../../src/kernel/remote/remote_start.ts';
import { dataLength } from '../../src/kernel/remote/remote_turn.ts';
import { advance } from '../../src/kernel/run.ts';
import type { OutgoingTcp, Remote, RemoteConn } from '../../src/kernel/state.ts';
import { ETH0, eth0, host, ms } from './hosts.ts';
import { serve } from './tcp_hosts.ts';

/// A connection that has sent 20,000 bytes of which the first 1000 are acknowledged.
function sender(): { r: Remote; conn: RemoteConn } {
  const k = host({ apps: [] });
  startTcp(k, { dev: ETH0 });
  const r = k.remotes[0]!;
  const conn = r.conns[0]!;
  Object.assign(conn, { state: 'established', iss: 4294966000, snd_una: 1001 });
  Object.assign(conn, { snd_nxt: 20001, snd_max: 20001, snd_wnd: 65536 });
  return { r, conn };
}

/// SACK blocks as they stand in an ACK, from bytes counted from the SYN.
function sacks(conn: RemoteConn, ...blocks: readonly (readonly [number, number])[]): void {
  const tcp: OutgoingTcp = {
    ...{ seq: 0, ack_seq: 0, flags: 16, window: 0, tsval: 0, tsecr: 0, tstamp: false, syn: null },
    sacks: blocks.map(([start, end]) => ({
      start_seq: (conn.iss + start) % 2 ** 32,
      end_seq: (conn.iss + end) % 2 ** 32,
    })),
  };
  noteSacks(conn, tcp);
}

describe('a remote sender', () => {
  it('merges the blocks of many ACKs, though sequence numbers wrap', () => {
    const { conn } = sender();
    sacks(conn, [5000, 6000]);
    sacks(conn, [9000, 9500], [5000, 6000]);
    sacks(conn, [6000, 7000], [300, 400]); // the second is a D-SACK of old data
    expect(conn.sacked).toEqual([5000, 7000, 9000, 9500]);
    sacks(conn, [6500, 9200]);
    expect(conn.sacked).toEqual([5000, 9500]);
    conn.snd_una = 9500;
    forgetBelow(conn);
    expect(conn.sacked).toEqual([]);
  });

  it('sends every hole once more, and not what lies behind the last block', () => {
    const { conn } = sender();
    sacks(conn, [3000, 4000], [6000, 7000]);
    expect(nextHole(conn)).toBe(-1); // not in recovery yet
    Object.assign(conn, { recover: 20001, resend: 1001 });
    expect([nextHole(conn), holeLength(conn, 1001)]).toEqual([1001, 1999]);
    conn.resend = 3000;
    expect([nextHole(conn), holeLength(conn, 4000)]).toEqual([4000, 2000]);
    conn.resend = 6000;
    expect(nextHole(conn)).toBe(-1);
  });

  it('sends no small segment while others are on their way', () => {
    const { r, conn } = sender();
    conn.snd_wnd = 19_100; // 100 bytes more than are on the way
    expect(dataLength(r, conn)).toBe(0);
    Object.assign(conn, { snd_nxt: 1001, snd_max: 1001, snd_wnd: 100 });
    expect(dataLength(r, conn)).toBe(100);
  });

  it('sends less when it sees a loss, and recovers only as fast as its share of what arrives', () => {
    const { r, conn } = sender();
    sacks(conn, [3001, 4001], [6001, 7001]);
    enterRecovery(r, conn);
    expect([conn.recover, conn.ssthresh, conn.prior_cwnd]).toEqual([20001, 13303, 19000]);
    congestionAck(r, conn, 2000, 0);
    // On the way is only what lies behind the last island: the holes are lost.
    expect([conn.pipe, conn.cwnd]).toEqual([13000, 13303]);
    expect(congestionRoom(conn)).toBe(303);
    conn.resend = 2001;
    congestionSent(conn, 1000);
    expect(congestionRoom(conn)).toBe(-697);
    congestionAck(r, conn, 2000, 0);
    expect([conn.pipe, conn.cwnd]).toEqual([14000, 15801]);
    conn.snd_una = 20001;
    leaveRecovery(conn);
    expect([conn.recover, conn.cwnd]).toEqual([-1, 13303]);
  });

  it('sends a hole again when what was sent after it has arrived', () => {
    const { r, conn } = sender();
    sacks(conn, [3001, 4001], [6001, 7001]);
    enterRecovery(r, conn);
    Object.assign(conn, { resend: 5001, last_resent: 4001, retransmit: false });
    sacks(conn, [4001, 5001]);
    congestionAck(r, conn, 1000, 0);
    expect(nextHole(conn)).toBe(1001);
  });

  it('asks with its last segment when nothing comes, and learns of the loss before it', () => {
    const k = host({ apps: [] });
    serve(k);
    startTcp(k, { dev: ETH0, bytes: 100_000, keeps: true });
    advance(k, 20 * ms);
    const conn = k.remotes[0]!.conns[0]!;
    expect(conn.snd_una).toBe(100_001);
    // Ten segments are lost on the way.
    eth0(k).carrier = false;
    writeRemote(k, 0, 14_480);
    advance(k, k.now + 2 * ms);
    eth0(k).carrier = true;
    advance(k, k.now + 20 * ms);
    expect(conn.snd_una).toBe(114_481);
    expect(k.remotes[0]!.retransmitted).toBe(10);
  });

  it('goes on at the speed of the host when the rings of a fast NIC have overflowed', () => {
    const k = boot({ ...hosts['mlx5']!, apps: [] }, 1);
    k.devs[1]!.features['large-receive-offload'] = false;
    k.config_version++;
    serve(k);
    startTcp(k, { dev: 1 });
    advance(k, 10 * ms);
    const sk = k.socks.find(({ tcp }) => tcp !== null)!;
    const early = sk.tcp!.bytes_received;
    expect(k.remotes[0]!.retransmitted).toBeGreaterThan(0);
    advance(k, 20 * ms);
    checkLedger(k);
    // More than 20 Gb/s.
    expect(sk.tcp!.bytes_received - early).toBeGreaterThan(25_000_000);
  });

  it('shares the link with the other senders of the device', () => {
    const k = host({ apps: [] });
    serve(k);
    startTcp(k, { dev: ETH0 });
    startTcp(k, { dev: ETH0 });
    advance(k, 50 * ms);
    const [a, b] = k.remotes.map((r) => r.sent);
    expect(eth0(k).wire_ps).toBeLessThanOrEqual(50 * ms * 1000);
    expect(a! + b!).toBeGreaterThan(3800);
    expect(Math.abs(a! - b!) / (a! + b!)).toBeLessThan(0.2);
  });

  it('keeps to its rate', () => {
    const k = host({ apps: [] });
    serve(k);
    startTcp(k, { dev: ETH0, rate_pps: 10_000 });
    advance(k, 100 * ms);
    expect(k.remotes[0]!.sent).toBeGreaterThan(990);
    expect(k.remotes[0]!.sent).toBeLessThan(1003);
  });
});
