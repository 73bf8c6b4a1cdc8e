/// Listeners: SYNs, half-open connections, cookies, the third ACK, accept(), and the end of a listener.
import { describe, expect, it } from 'vitest';
import { endApp, spawn } from '../../src/kernel/apps.ts';
import { boot } from '../../src/kernel/boot.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { REASON } from '../../src/kernel/reasons.ts';
import { startClients, startSynFlood } from '../../src/kernel/remote/remote_start.ts';
import { advance } from '../../src/kernel/run.ts';
import { FLAG_BAD_CSUM, FLAG_TCP, FLAG_TSTAMP, takeSkb } from '../../src/kernel/skb.ts';
import type { Kernel, OutgoingTcp, Sock } from '../../src/kernel/state.ts';
import { writeSysctl } from '../../src/kernel/sysctl.ts';
import { inet_csk_accept, openListener } from '../../src/kernel/tcp/listener.ts';
import { tcp_v4_rcv } from '../../src/kernel/tcp/tcp_ipv4.ts';
import {
  TCPHDR_ACK,
  TCPHDR_CWR,
  TCPHDR_ECE,
  TCPHDR_RST,
  TCPHDR_SYN,
} from '../../src/kernel/tcp/tcp_states.ts';
import { bareHost } from '../../src/kernel/vectors/bare_host.ts';
import { addConnection, receiveSegment } from '../../src/kernel/vectors/tcp_segment.ts';
import { ETH0, host, ms } from './hosts.ts';

const PORT = 8080;
const second = 1000 * ms;
const START = 10 * second;

function bare(settings: Record<string, string> = {}): Kernel {
  const k = boot(bareHost(1, 250), 1);
  k.now = START;
  for (const [name, value] of Object.entries(settings))
    expect(writeSysctl(k, name, value).ok).toBe(true);
  return k;
}

function listen(k: Kernel, backlog: number): Sock {
  const made = openListener(k, 0, PORT, backlog, {});
  if (typeof made === 'string') throw new Error(made);
  return k.socks[made]!;
}

/// What the host has sent since it was last asked.
function sent(k: Kernel): OutgoingTcp[] {
  return k.devs[0]!.outgoing.splice(0).map((out) => out.tcp!);
}

function count(k: Kernel, name: string): number {
  return k.mib[name] ?? 0;
}

function syn(k: Kernel, sport: number, seq = 1000): number {
  const flow = addConnection(k, '10.0.0.1', sport, PORT);
  receiveSegment(k, flow, TCPHDR_SYN, seq, 0);
  return flow;
}

/// The same as receiveSegment(), with a timestamp that echoes `tsecr`.
function stamped(k: Kernel, flow: number, flags: number, seq: number, ack: number, tsecr: number) {
  const skb = takeSkb(k.skbs);
  const pool = k.skbs;
  pool.flow[skb] = flow;
  pool.flags[skb] = FLAG_TCP | FLAG_TSTAMP;
  pool.dev[skb] = 0;
  pool.len[skb] = 66;
  pool.truesize[skb] = 768;
  pool.seq[skb] = seq | 0;
  pool.ack_seq[skb] = ack | 0;
  pool.tcp_flags[skb] = flags;
  pool.window[skb] = 502;
  pool.tsval[skb] = 1;
  pool.tsecr[skb] = tsecr | 0;
  k.ledger.offered++;
  tcp_v4_rcv(k, k.cpus[0]!, skb);
}

describe('a SYN', () => {
  it('is answered with a SYN-ACK that offers the first window, and waits as a request', () => {
    const k = bare();
    const sk = listen(k, 16);
    syn(k, 4000);
    const [answer] = sent(k);
    expect(answer).toMatchObject({ flags: TCPHDR_SYN | TCPHDR_ACK, ack_seq: 1001, window: 65496 });
    expect(answer!.syn).toEqual({ mss: 65496, wscale: 7, sack_ok: true, tstamp: false });
    expect(sk.listen).toMatchObject({ qlen: 1, young: 1, accept_queue: [] });
    expect(k.ledger.consumed).toBe(1);
    checkLedger(k);
  });

  it('that is ECN-capable itself is not believed when it asks for ECN', () => {
    const k = bare({ 'net.ipv4.tcp_ecn': '1' });
    listen(k, 16);
    for (const tos of [0, 2]) {
      const flow = addConnection(k, '10.0.0.1', 4000 + tos, PORT);
      k.flows.tos[flow] = tos;
      receiveSegment(k, flow, TCPHDR_SYN | TCPHDR_ECE | TCPHDR_CWR, 1000, 0);
    }
    expect(sent(k).map((answer) => answer.flags & TCPHDR_ECE)).toEqual([TCPHDR_ECE, 0]);
  });

  it('that comes again gets the SYN-ACK again, not a second request', () => {
    const k = bare();
    const sk = listen(k, 16);
    const flow = syn(k, 4000);
    const [first] = sent(k);
    receiveSegment(k, flow, TCPHDR_SYN, 1000, 0);
    expect(sent(k)[0]!.seq).toBe(first!.seq);
    expect(sk.listen!.qlen).toBe(1);
    expect(count(k, 'TcpRetransSegs')).toBe(1);
    receiveSegment(k, flow, TCPHDR_SYN, 1000, 0);
    expect(sent(k)).toHaveLength(0);
    expect(count(k, 'TcpExtTCPACKSkippedSynRecv')).toBe(1);
  });

  it('has its SYN-ACK sent again after 1, 3, 7, 15 and 31 s, and is forgotten after 63 s', () => {
    const k = bare();
    const sk = listen(k, 16);
    syn(k, 4000);
    const times: number[] = [];
    for (let t = 0; t < 70; t++) {
      const before = count(k, 'TcpExtTCPSynRetrans');
      advance(k, START + (t + 1) * second + 10 * ms);
      if (count(k, 'TcpExtTCPSynRetrans') > before) times.push(t + 1);
      expect(sk.listen!.qlen).toBe(t + 1 < 63 ? 1 : 0);
    }
    expect(times).toEqual([1, 3, 7, 15, 31]);
    expect(count(k, 'TcpExtTCPTimeouts')).toBe(6);
  });

  it('is given up after two more SYN-ACKs while old requests fill more than half of the queue', () => {
    const k = bare();
    const sk = listen(k, 8);
    for (let i = 0; i < 9; i++) syn(k, 4000 + i);
    advance(k, START + 8 * second);
    expect(sk.listen!.qlen).toBe(4); // half of the backlog: these have five tries
  });

  it('to a port where nobody listens is answered with a reset; a reset is not', () => {
    const k = bare();
    const flow = syn(k, 4000);
    expect(sent(k)[0]).toMatchObject({ flags: TCPHDR_RST | TCPHDR_ACK, seq: 0, ack_seq: 1001 });
    receiveSegment(k, flow, TCPHDR_RST, 1, 0);
    expect(sent(k)).toHaveLength(0);
    expect(count(k, 'TcpOutRsts')).toBe(1);
    expect(k.ledger.drops[REASON.NO_SOCKET]).toBe(2);
  });

  it('with a wrong checksum is counted and dropped before anyone looks for a socket', () => {
    const k = bare();
    listen(k, 16);
    const flow = addConnection(k, '10.0.0.1', 4000, PORT);
    const skb = takeSkb(k.skbs);
    k.skbs.flow[skb] = flow;
    k.skbs.flags[skb] = FLAG_TCP | FLAG_BAD_CSUM;
    k.skbs.tcp_flags[skb] = TCPHDR_SYN;
    tcp_v4_rcv(k, k.cpus[0]!, skb);
    expect(count(k, 'TcpInCsumErrors')).toBe(1);
    expect(count(k, 'TcpInErrs')).toBe(1);
    expect(count(k, 'TcpInSegs')).toBe(1);
    expect(k.ledger.drops[REASON.TCP_CSUM]).toBe(1);
    expect(sent(k)).toHaveLength(0);
  });
});

describe('the limits', () => {
  it('a backlog is cut to somaxconn when listen() is called, and a negative one means the most', () => {
    const k = bare({ 'net.core.somaxconn': '2' });
    const sk = listen(k, 128);
    expect(sk.listen!.max_ack_backlog).toBe(2);
    writeSysctl(k, 'net.core.somaxconn', '4096');
    expect(sk.listen!.max_ack_backlog).toBe(2);
    const other = openListener(k, 0, PORT + 1, -1, {});
    expect(k.socks[other as number]!.listen!.max_ack_backlog).toBe(4096);
  });

  it('answers 400 SYNs to a backlog of 128 as the recorded host did: 129 requests, 271 cookies', () => {
    const k = bare();
    const sk = listen(k, 128);
    for (let i = 0; i < 400; i++) syn(k, 2000 + i);
    expect(sk.listen!.qlen).toBe(129);
    expect(count(k, 'TcpExtSyncookiesSent')).toBe(271);
    expect(count(k, 'TcpExtTCPReqQFullDoCookies')).toBe(271);
    expect(count(k, 'TcpExtListenDrops')).toBe(0);
    const lines = k.dmesg.filter((line) => line.includes('SYN flooding'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /TCP: request_sock_TCP: Possible SYN flooding on port 0\.0\.0\.0:8080\. Sending cookies\.$/,
    );
  });

  it('keeps the last quarter of tcp_max_syn_backlog free when cookies are off', () => {
    const k = bare({ 'net.ipv4.tcp_syncookies': '0', 'net.ipv4.tcp_max_syn_backlog': '16' });
    const sk = listen(k, 64);
    for (let i = 0; i < 100; i++) syn(k, 2000 + i);
    expect(sk.listen!.qlen).toBe(13); // as recorded
    expect(count(k, 'TcpExtListenDrops')).toBe(87);
    expect(count(k, 'TcpExtTCPReqQFullDrop')).toBe(0);
    expect(sk.drops).toBe(87);
  });
});

/// A listener with a backlog of 1: one connection waits, two SYNs come, then both third ACKs.
function overflowing(k: Kernel): Sock {
  const sk = listen(k, 1);
  const first = syn(k, 4000);
  receiveSegment(k, first, TCPHDR_ACK, 1001, sent(k)[0]!.seq + 1);
  const flows = [4001, 4002].map((sport) => syn(k, sport));
  const answers = sent(k);
  expect(answers).toHaveLength(2);
  flows.forEach((flow, i) => receiveSegment(k, flow, TCPHDR_ACK, 1001, answers[i]!.seq + 1));
  return sk;
}

describe('the third ACK', () => {
  it('makes a connection that accept() hands out in order', () => {
    const k = bare();
    const sk = listen(k, 16);
    for (const sport of [4000, 4001]) {
      const flow = syn(k, sport);
      receiveSegment(k, flow, TCPHDR_ACK, 1001, sent(k)[0]!.seq + 1);
    }
    expect(sk.listen).toMatchObject({ qlen: 0, young: 0 });
    expect(count(k, 'TcpPassiveOpens')).toBe(2);
    expect(count(k, 'TcpCurrEstab')).toBe(2);
    const ports = [inet_csk_accept(k, sk), inet_csk_accept(k, sk)].map(
      (i) => k.socks[i]!.peer_port,
    );
    expect(ports).toEqual([4000, 4001]);
    expect(inet_csk_accept(k, sk)).toBe(-1);
  });

  it('with a wrong number is answered with a reset, and the request stays', () => {
    const k = bare();
    const sk = listen(k, 16);
    const flow = syn(k, 4000);
    sent(k);
    receiveSegment(k, flow, TCPHDR_ACK, 1001, 77);
    expect(sent(k)[0]).toMatchObject({ flags: TCPHDR_RST, seq: 77 });
    expect(sk.listen!.qlen).toBe(1);
    expect(k.ledger.drops[REASON.TCP_FLAGS]).toBe(1);
  });

  it('finds the accept queue full: it is dropped, and the client believes in a connection', () => {
    const k = bare();
    const sk = overflowing(k);
    expect(sk.listen).toMatchObject({ qlen: 1 });
    expect(sk.listen!.accept_queue).toHaveLength(2);
    expect(count(k, 'TcpExtListenOverflows')).toBe(1);
    expect(count(k, 'TcpExtListenDrops')).toBe(1);
    expect(sent(k)).toHaveLength(0);
    expect(k.ledger.drops[REASON.NOT_SPECIFIED]).toBe(1);
    checkLedger(k);
  });

  it('is answered with a reset when tcp_abort_on_overflow is on', () => {
    const k = bare({ 'net.ipv4.tcp_abort_on_overflow': '1' });
    const sk = overflowing(k);
    expect(sent(k)).toMatchObject([{ flags: TCPHDR_RST }]);
    expect(sk.listen!.qlen).toBe(0);
    expect(count(k, 'TcpExtEmbryonicRsts')).toBe(1);
  });

  it('counts as the second segment of the connection, and tells by which NAPI instance it came', () => {
    const k = bare();
    const sk = listen(k, 16);
    const flow = syn(k, 4000);
    receiveSegment(k, flow, TCPHDR_ACK, 1001, sent(k)[0]!.seq + 1);
    expect(k.socks[inet_csk_accept(k, sk)]!.tcp).toMatchObject({ segs_in: 2, data_segs_in: 0 });
  });

  it('of a SYN-ACK that was sent twice gives the round trip by its timestamp', () => {
    const k = bare();
    const sk = listen(k, 16);
    const flow = addConnection(k, '10.0.0.1', 4000, PORT);
    k.flows.syn[flow] = { mss: 1460, wscale: 7, sack_ok: true, tstamp: true };
    stamped(k, flow, TCPHDR_SYN, 1000, 0, 0);
    k.now += 100 * ms;
    stamped(k, flow, TCPHDR_SYN, 1000, 0, 0);
    expect(count(k, 'TcpRetransSegs')).toBe(1);
    const again = sent(k).at(-1)!;
    k.now += 30 * ms;
    stamped(k, flow, TCPHDR_ACK, 1001, again.seq + 1, again.tsval);
    const { tcp } = k.socks[inet_csk_accept(k, sk)]!;
    expect(tcp!.srtt_us / 8).toBeGreaterThanOrEqual(30_000);
    expect(tcp!.srtt_us / 8).toBeLessThan(50_000);
  });

  it('is not a reset inside the window that is not exact: one such in half a second is asked about', () => {
    const k = bare();
    const sk = listen(k, 16);
    const flow = syn(k, 4000);
    sent(k);
    for (let i = 0; i < 3; i++) receiveSegment(k, flow, TCPHDR_RST, 1100, 0);
    expect(sent(k)).toMatchObject([{ flags: TCPHDR_ACK, ack_seq: 1001 }]);
    expect([count(k, 'TcpExtTCPChallengeACK'), count(k, 'TcpExtTCPACKSkippedChallenge')]).toEqual([
      1, 2,
    ]);
    expect(sk.listen!.qlen).toBe(1);
  });

  it('a reset in its place ends the request', () => {
    const k = bare();
    const sk = listen(k, 16);
    const flow = syn(k, 4000);
    receiveSegment(k, flow, TCPHDR_RST, 1001, 0);
    expect(sk.listen!.qlen).toBe(0);
    expect(count(k, 'TcpAttemptFails')).toBe(1);
    expect(count(k, 'TcpExtEmbryonicRsts')).toBe(1);
  });

  it('alone does not make a connection while TCP_DEFER_ACCEPT waits for data', () => {
    const k = bare();
    const sk = listen(k, 16);
    sk.listen!.defer_accept = 1;
    const flow = syn(k, 4000);
    receiveSegment(k, flow, TCPHDR_ACK, 1001, sent(k)[0]!.seq + 1);
    expect(sk.listen!.accept_queue).toHaveLength(0);
    expect(count(k, 'TcpExtTCPDeferAcceptDrop')).toBe(1);
  });
});

describe('a segment for a listener', () => {
  it('that is a reset, or has no flag that means something, counts as a drop of the listener', () => {
    const k = bare();
    const sk = listen(k, 16);
    const flow = addConnection(k, '10.0.0.1', 4000, PORT);
    receiveSegment(k, flow, TCPHDR_RST, 1, 0);
    receiveSegment(k, flow, 0, 1, 0);
    expect([k.ledger.drops[REASON.TCP_RESET], k.ledger.drops[REASON.TCP_FLAGS]]).toEqual([1, 1]);
    expect(sk.drops).toBe(2);
    expect(sent(k)).toHaveLength(0);
  });
});

describe('SYN cookies', () => {
  it('bring a connection back without a request, with one of four segment sizes', () => {
    const k = bare({ 'net.ipv4.tcp_syncookies': '2' });
    const sk = listen(k, 16);
    const flow = syn(k, 4000);
    const [answer] = sent(k);
    expect(sk.listen!.qlen).toBe(0);
    expect(answer!.syn).toMatchObject({ wscale: -1, sack_ok: false });
    receiveSegment(k, flow, TCPHDR_ACK, 1001, answer!.seq + 1);
    expect(count(k, 'TcpExtSyncookiesRecv')).toBe(1);
    const made = k.socks[inet_csk_accept(k, sk)]!;
    expect(made.tcp).toMatchObject({ mss_clamp: 1460, rcv_nxt: 1001, wscale_ok: false });
    // The first window is chosen anew, in segments of the cookie's size: 44 of them below 65535.
    expect(made.tcp!.rcv_ssthresh).toBe(44 * 1460);
  });

  it('are refused when guessed, and when they are older than two minutes', () => {
    const k = bare({ 'net.ipv4.tcp_syncookies': '2' });
    listen(k, 16);
    const flow = syn(k, 4000);
    const [answer] = sent(k);
    receiveSegment(k, flow, TCPHDR_ACK, 1001, answer!.seq + 9);
    expect(sent(k)[0]).toMatchObject({ flags: TCPHDR_RST });
    k.now += 119 * second;
    syn(k, 4001); // keeps the listener in the habit
    sent(k);
    k.now += 2 * second;
    receiveSegment(k, flow, TCPHDR_ACK, 1001, answer!.seq + 1);
    expect(sent(k)[0]).toMatchObject({ flags: TCPHDR_RST });
    expect(count(k, 'TcpExtSyncookiesFailed')).toBe(2);
  });

  it('keep the listener in the habit for two minutes, counted from the first of a second', () => {
    const k = bare({ 'net.ipv4.tcp_syncookies': '2' });
    listen(k, 16);
    syn(k, 4000);
    k.now += 900 * ms;
    const flow = syn(k, 4001);
    const answer = sent(k).at(-1)!;
    k.now = START + 120 * second + 500 * ms;
    receiveSegment(k, flow, TCPHDR_ACK, 1001, answer.seq + 1);
    expect(count(k, 'TcpExtSyncookiesFailed')).toBe(0);
    expect(sent(k)[0]).toMatchObject({ flags: TCPHDR_RST });
  });

  it('are not looked for when none was sent of late', () => {
    const k = bare();
    listen(k, 16);
    const flow = addConnection(k, '10.0.0.1', 4000, PORT);
    receiveSegment(k, flow, TCPHDR_ACK, 1001, 5);
    expect(count(k, 'TcpExtSyncookiesFailed')).toBe(0);
    expect(sent(k)[0]).toMatchObject({ flags: TCPHDR_RST, seq: 5 });
  });
});

describe('over the wire', () => {
  const sink = { comm: 'tcpsink', uid: 0, cpu: -1, proto: 'tcp' as const, service_ns: 0 };

  it('a listener that never accepts holds backlog + 1 connections; its end resets them', () => {
    const k = host();
    const task = spawn(k, { ...sink, port: PORT, backlog: 4, reads: false });
    startClients(k, { dev: ETH0, dport: PORT, limit: 12, rate: 1000 });
    advance(k, 4 * second);
    checkLedger(k);
    const sk = k.socks.find((one) => one.listen !== null)!;
    expect(sk.listen!.accept_queue).toHaveLength(5);
    expect(count(k, 'TcpExtListenOverflows')).toBe(count(k, 'TcpExtListenDrops'));
    expect(count(k, 'TcpExtListenDrops')).toBeGreaterThan(7);
    endApp(k, k.tasks[task as number]!.pid);
    advance(k, k.now + 100 * ms);
    checkLedger(k);
    expect(count(k, 'TcpOutRsts')).toBe(5);
    expect(count(k, 'TcpCurrEstab')).toBe(0);
    expect(k.tcp_sockets_allocated).toBe(0);
  });

  it('clients get through a flood of SYNs by their cookies, and their data is read', () => {
    const k = host();
    const task = spawn(k, { ...sink, port: PORT, backlog: 16, reads: true });
    startSynFlood(k, { dev: ETH0, dport: PORT, pps: 1000 });
    startClients(k, { dev: ETH0, dport: PORT, limit: 4, rate: 20, bytes: 50_000 });
    advance(k, second);
    checkLedger(k);
    const sk = k.socks.find((one) => one.listen !== null)!;
    expect(sk.listen!.qlen).toBe(17);
    expect(count(k, 'TcpExtSyncookiesSent')).toBeGreaterThan(900);
    expect(sk.accept!.accepted).toBe(4);
    expect(count(k, 'TcpExtSyncookiesRecv')).toBeGreaterThan(0);
    expect(k.tasks.filter((one) => one.tgid === k.tasks[task as number]!.pid)).toHaveLength(5);
    expect(k.ledger.delivered).toBeGreaterThan(4 * 30);
  });
});
