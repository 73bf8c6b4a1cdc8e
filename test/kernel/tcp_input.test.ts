import { describe, expect, it } from 'vitest';
import { REASON } from '../../src/kernel/reasons.ts';
import { advance } from '../../src/kernel/run.ts';
import { writeSysctl } from '../../src/kernel/sysctl.ts';
import { lock_sock, release_sock } from '../../src/kernel/tcp/tcp_release.ts';
import { MSG_PEEK, tcp_recvmsg, tcp_set_rcvlowat } from '../../src/kernel/tcp/tcp_recvmsg.ts';
import { TCP_CLOSE, TCP_CLOSE_WAIT } from '../../src/kernel/tcp/tcp_states.ts';
import { dropped, ms } from './hosts.ts';
import { connected, segment, sent } from './tcp_hosts.ts';

const FIN = 17;
const RST = 20;
const SYN = 2;

describe('data', () => {
  it('goes to the receive queue in order, and is charged by truesize', () => {
    const on = connected();
    segment(on, { len: 1000 });
    segment(on, { len: 1000 });
    expect(on.tp.bytes_received).toBe(2000);
    // The second one is a fragment of the first: only its sk_buff is saved.
    expect([on.sk.qlen, on.sk.rmem_alloc]).toEqual([1, 2304 + 2304 - 256]);
    expect(on.k.mib.TcpExtTCPRcvCoalesce).toBe(1);
  });

  it('takes the fast path when the socket has memory in reserve', () => {
    const on = connected();
    segment(on, { len: 1000, truesize: 1000 });
    expect(on.k.mib.TcpExtTCPHPHits).toBe(0);
    segment(on, { len: 1000, truesize: 1200 });
    expect(on.k.mib.TcpExtTCPHPHits).toBe(1);
  });

  it('waits behind a hole, is reported in SACK blocks, and moves up when the hole is filled', () => {
    const on = connected();
    const first = on.tp.rcv_nxt;
    segment(on, { at: 2000, len: 1000 });
    segment(on, { at: 1000, len: 1000 });
    expect([on.sk.qlen, on.tp.rcv_ooopack, on.k.mib.TcpExtTCPOFOQueue]).toEqual([0, 2, 2]);
    expect(sent(on.k).at(-1)).toMatchObject({ ack: first, sacks: [[first + 1000, first + 3000]] });
    expect(on.tp.pred_flags).toBe(0);
    segment(on, { len: 1000 });
    expect(on.tp.rcv_nxt).toBe(first + 3000);
    expect(on.tp.ofo_head).toBe(-1);
    expect(sent(on.k).at(-1)).toMatchObject({ ack: first + 3000, sacks: [] });
    expect(on.tp.pred_flags).not.toBe(0);
  });

  it('that came twice out of order is dropped, and the first block of the ACK says so', () => {
    const on = connected();
    const first = on.tp.rcv_nxt;
    segment(on, { at: 1000, len: 1000 });
    segment(on, { at: 1200, len: 500 });
    expect(dropped(on.k, REASON.TCP_OFOMERGE)).toBe(1);
    expect(sent(on.k).at(-1)?.sacks).toEqual([
      [first + 1200, first + 1700],
      [first + 1000, first + 2000],
    ]);
    expect(on.k.mib.TcpExtTCPDSACKOfoSent).toBe(1);
  });

  it('out of order that covers what is there replaces it', () => {
    const on = connected();
    segment(on, { at: 1000, len: 100 });
    segment(on, { at: 1300, len: 100 });
    segment(on, { at: 1000, len: 1000 });
    expect(on.k.mib.TcpExtTCPOFOMerge).toBe(2);
    expect(dropped(on.k, REASON.TCP_OFOMERGE)).toBe(2);
    segment(on, { len: 1000 });
    expect(on.tp.bytes_received).toBe(2000);
  });

  it('keeps at most four SACK blocks, the newest first', () => {
    const on = connected();
    const first = on.tp.rcv_nxt;
    for (let i = 1; i <= 6; i++) segment(on, { at: 2000 * i, len: 100 });
    expect(on.tp.selective_acks.map((block) => block.start_seq - first)).toEqual([
      12000, 10000, 8000, 6000,
    ]);
    // With timestamps three fit into an ACK.
    expect(sent(on.k).at(-1)?.sacks.length).toBe(3);
  });

  it('of old is dropped and answered at once with a D-SACK', () => {
    const on = connected();
    const first = on.tp.rcv_nxt;
    segment(on, { len: 1000 });
    segment(on, { at: -500, len: 500 });
    expect(dropped(on.k, REASON.TCP_OLD_DATA)).toBe(1);
    expect(sent(on.k).at(-1)?.sacks).toEqual([[first + 500, first + 1000]]);
    expect(on.k.mib.TcpExtTCPDSACKOldSent).toBe(1);
  });

  it('beyond the window is dropped', () => {
    const on = connected();
    segment(on, { at: on.tp.rcv_wnd, len: 1000 });
    expect(dropped(on.k, REASON.TCP_OVERWINDOW)).toBe(1);
    segment(on, { at: on.tp.rcv_wnd + 1, len: 1000 });
    expect(dropped(on.k, REASON.TCP_INVALID_SEQUENCE)).toBe(1);
  });

  it('with an older timestamp is a late duplicate', () => {
    const on = connected();
    segment(on, { len: 10, tsval: on.tp.ts_recent + 100 });
    segment(on, { len: 10, tsval: on.tp.ts_recent - 2 });
    expect(dropped(on.k, REASON.TCP_RFC7323_PAWS)).toBe(1);
    expect(on.k.mib.TcpExtPAWSEstab).toBe(1);
  });

  it('for a shut window is dropped', () => {
    const on = connected();
    on.tp.rcv_wnd = 0;
    on.tp.rcv_wup = on.tp.rcv_nxt;
    segment(on, { len: 100 });
    expect(dropped(on.k, REASON.TCP_ZEROWINDOW)).toBe(1);
    expect(on.k.mib.TcpExtTCPZeroWindowDrop).toBe(1);
  });

  it('that acknowledges what was never sent is dropped', () => {
    const on = connected();
    segment(on, { len: 100, ack: 1 });
    expect(dropped(on.k, REASON.TCP_ACK_UNSENT_DATA)).toBe(1);
    expect(on.tp.bytes_received).toBe(0);
  });
});

describe('ACKs', () => {
  it('are quick at first, and then wait for a second segment or 40 ms', () => {
    const on = connected();
    on.tp.icsk_ack.ato = 10; // the stream is not new
    segment(on, { len: 100 });
    expect(sent(on.k)).toEqual([]);
    advance(on.k, on.k.now + 39 * ms);
    expect(on.k.mib.TcpExtDelayedACKs).toBe(0);
    advance(on.k, on.k.now + 5 * ms);
    expect(on.k.mib.TcpExtDelayedACKs).toBe(1);
    expect(on.k.mib.TcpOutSegs).toBe(2); // the SYN-ACK and this one
  });

  it('answer the first segments of a connection one by one', () => {
    const on = connected();
    for (let i = 0; i < 5; i++) segment(on, { len: 1448 });
    expect(sent(on.k)).toHaveLength(5);
  });

  it('for holes are held back after the third, until data or a twentieth of a round trip', () => {
    const on = connected();
    for (let i = 0; i < 10; i++) segment(on, { len: 1448 }); // past the quick ones
    on.tp.icsk_ack.quick = 0;
    const before = on.k.mib.TcpOutSegs;
    for (let i = 0; i < 8; i++) segment(on, { at: 1448 * (i + 1), len: 1448 });
    expect(on.k.mib.TcpOutSegs - before).toBe(3);
    expect(on.tp.compressed_ack).toBe(5);
    advance(on.k, on.k.now + 2 * ms);
    expect(on.k.mib.TcpOutSegs - before).toBe(4);
    expect(on.k.mib.TcpExtTCPAckCompressed).toBe(4);
  });

  it('for holes go out one by one when tcp_comp_sack_nr is 0', () => {
    const on = connected();
    writeSysctl(on.k, 'net.ipv4.tcp_comp_sack_nr', '0');
    on.tp.icsk_ack.ato = 10;
    for (let i = 0; i < 8; i++) segment(on, { at: 1448 * (i + 1), len: 1448 });
    expect(sent(on.k)).toHaveLength(8);
  });
});

describe('the end', () => {
  it('of the other side comes with its FIN, and recvmsg() returns 0 behind the data', () => {
    const on = connected();
    segment(on, { len: 100, flags: FIN });
    expect(on.sk.state).toBe(TCP_CLOSE_WAIT);
    expect(tcp_recvmsg(on.k, on.k.cpus[0]!, on.sk, 4096, 0)).toBe(100);
    expect(tcp_recvmsg(on.k, on.k.cpus[0]!, on.sk, 4096, 0)).toBe(0);
    expect(on.k.ledger.delivered).toBe(1);
  });

  it('drops what lies behind it, and that is no drop of the socket', () => {
    const on = connected();
    segment(on, { at: 500, len: 100 });
    segment(on, { len: 200, flags: FIN });
    expect(on.sk.state).toBe(TCP_CLOSE_WAIT);
    expect(on.tp.ofo_head).toBe(-1);
    expect([dropped(on.k, REASON.NOT_SPECIFIED), on.sk.drops]).toEqual([1, 0]);
  });

  it('is a reset of exactly the next byte; others are asked about', () => {
    const on = connected();
    segment(on, { at: 5, flags: RST });
    expect([on.sk.err, on.k.mib.TcpExtTCPChallengeACK]).toEqual([0, 1]);
    segment(on, { flags: RST });
    expect([on.sk.state, on.sk.err]).toEqual([TCP_CLOSE, 104]);
    expect([on.k.mib.TcpCurrEstab, on.k.mib.TcpEstabResets]).toEqual([0, 1]);
  });

  it('is not a SYN in the middle', () => {
    const on = connected();
    segment(on, { flags: SYN });
    expect(dropped(on.k, REASON.TCP_INVALID_SYN)).toBe(1);
    expect(on.k.mib.TcpExtTCPSYNChallenge).toBe(1);
  });
});

describe('the backlog', () => {
  it('takes what comes while a task holds the socket, and one ACK answers all of it', () => {
    const on = connected();
    on.tp.icsk_ack.ato = 10;
    lock_sock(on.sk);
    for (let i = 0; i < 4; i++) segment(on, { at: 1448 * i, len: 1448 });
    expect([on.tp.bytes_received, on.k.mib.TcpExtTCPBacklogCoalesce]).toEqual([0, 3]);
    expect(sent(on.k)).toEqual([]);
    release_sock(on.k, on.k.cpus[0]!, on.sk, on.tp);
    expect([on.tp.bytes_received, on.sk.backlog_len]).toEqual([4 * 1448, 0]);
    expect(sent(on.k)).toHaveLength(1);
  });

  it('drops at twice the receive buffer, half the send buffer and 64 KiB', () => {
    const on = connected({ rcvbuf: 2304 });
    on.sk.rcvbuf = 4608;
    on.sk.sndbuf = 4608;
    lock_sock(on.sk);
    const limit = 2 * 4608 + 2304 + 65536;
    // Apart from each other, so that they do not join.
    for (let i = 0; i < 60; i++) segment(on, { at: 3000 * i, len: 100 });
    expect(on.k.mib.TcpExtTCPBacklogDrop).toBe(60 - (Math.floor(limit / 2304) + 1));
    expect(dropped(on.k, REASON.SOCKET_BACKLOG)).toBe(on.k.mib.TcpExtTCPBacklogDrop);
  });
});

describe('recvmsg', () => {
  it('with MSG_PEEK leaves the data', () => {
    const on = connected();
    const c = on.k.cpus[0]!;
    segment(on, { len: 1000 });
    expect(tcp_recvmsg(on.k, c, on.sk, 600, MSG_PEEK)).toBe(600);
    expect(tcp_recvmsg(on.k, c, on.sk, 600, 0)).toBe(600);
    expect(tcp_recvmsg(on.k, c, on.sk, 600, 0)).toBe(400);
    expect(tcp_recvmsg(on.k, c, on.sk, 600, 0)).toBe(-11);
    expect([on.sk.rmem_alloc, on.sk.received_bytes]).toEqual([0, 1000]);
  });

  it('with SO_RCVLOWAT makes the buffer twice as large as what is waited for', () => {
    const on = connected();
    tcp_set_rcvlowat(on.k, on.k.cpus[0]!, on.sk, on.tp, 1_000_000);
    expect([on.sk.rcvlowat, on.sk.rcvbuf]).toEqual([1_000_000, 2_000_000]);
    tcp_set_rcvlowat(on.k, on.k.cpus[0]!, on.sk, on.tp, 100_000_000);
    expect(on.sk.rcvlowat).toBe(6291456 / 2);
  });
});
