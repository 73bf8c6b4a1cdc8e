/// Listeners seen from the shell: ss, netstat, /proc/net and the programs that listen.
import { describe, expect, it } from 'vitest';
import { endApp, spawn } from '../../../src/kernel/apps.ts';
import { startClients, startSynFlood } from '../../../src/kernel/remote/remote_start.ts';
import { advance } from '../../../src/kernel/run.ts';
import type { Kernel } from '../../../src/kernel/state.ts';
import { netstat } from '../../../src/shell/commands/netstat.ts';
import { ss } from '../../../src/shell/commands/ss.ts';
import { sockstat, tcp, tcp6 } from '../../../src/shell/proc/sockets.ts';
import { hostLike, type } from './typing.ts';

const second = 1_000_000_000;

function listening(backlog: number, reads: boolean, address = '0.0.0.0'): Kernel {
  const k = hostLike('igb');
  const made = spawn(k, {
    ...{ comm: 'tcpsink', uid: 0, cpu: -1, pid: 258, proto: 'tcp', port: 8080 },
    ...{ backlog, reads, service_ns: 0, address },
  });
  expect(typeof made).toBe('number');
  return k;
}

describe('a listener that never accepts', () => {
  const k = listening(4, false);
  startClients(k, { dev: 1, dport: 8080, limit: 12, rate: 1000 });
  advance(k, 4 * second);

  it('shows its full accept queue as Recv-Q above Send-Q', () => {
    expect(type(ss, k, 'ss -lnt').out).toBe(
      'State  Recv-Q Send-Q Local Address:Port Peer Address:Port\n' +
        'LISTEN 5      4            0.0.0.0:8080      0.0.0.0:*   \n',
    );
    expect(type(netstat, k, 'netstat -lnt').out.split('\n')[2]).toBe(
      'tcp        5      0 0.0.0.0:8080            0.0.0.0:*               LISTEN     ',
    );
  });

  it('has five connections that nobody owns', () => {
    const rows = type(ss, k, 'ss -Htnp state established').out.trim().split('\n');
    expect(rows).toHaveLength(5);
    for (const row of rows) expect(row).toMatch(/^0 +0 +\S+:8080 +\S+:\d+ *$/);
    expect(type(ss, k, 'ss -Hlntp').out).toContain('users:(("tcpsink",pid=258,fd=3))');
  });

  it('counts in netstat -s what it has refused', () => {
    const { out } = type(netstat, k, 'netstat -s');
    const drops = k.mib['TcpExtListenDrops'];
    expect(out).toContain(`    ${drops} times the listen queue of a socket overflowed\n`);
    expect(out).toContain(`    ${drops} SYNs to LISTEN sockets dropped\n`);
    expect(out).toContain('    5 passive connection openings\n');
  });

  it('is in /proc/net/tcp as recorded hosts show one', () => {
    const [heading, first] = tcp(k).map((line) => line.text);
    expect(heading).toHaveLength(149);
    expect(first).toMatch(
      /^ {3}0: 00000000:1F90 00000000:0000 0A 00000000:00000005 00:00000000 00000000 {5}0 {8}0 \d+ 1 0{16} 100 0 0 10 0 *$/,
    );
    expect(tcp(k)).toHaveLength(7);
    expect(sockstat(k)[1]!.text).toBe('TCP: inuse 6 orphan 0 tw 0 alloc 6 mem 0');
  });

  it('takes everything with it when it ends', () => {
    const other = listening(4, false);
    startClients(other, { dev: 1, dport: 8080, limit: 3, rate: 1000 });
    advance(other, second);
    endApp(other, 258);
    expect(type(ss, other, 'ss -Htan').out).toBe('');
    expect(type(ss, other, 'ss -s').out).toContain('Total: ');
    expect(other.tcp_sockets_allocated).toBe(0);
  });
});

describe('half-open connections', () => {
  const k = listening(128, false);
  startSynFlood(k, { dev: 1, dport: 8080, pps: 500, limit: 400 });
  advance(k, 1.5 * second);

  it('are as many as the backlog and one more', () => {
    const { out } = type(ss, k, 'ss -Htan state syn-recv');
    expect(out.trim().split('\n')).toHaveLength(129);
    expect(type(ss, k, 'ss -tan').out).toContain('\nSYN-RECV 0      0');
    expect(type(netstat, k, 'netstat -atn').out.match(/SYN_RECV/g)).toHaveLength(129);
  });

  it('show when their SYN-ACK is sent again', () => {
    const [first = ''] = type(ss, k, 'ss -Htano state syn-recv').out.split('\n');
    expect(first).toMatch(
      /^0 +0 +\S+:8080 +198\.18\.\d+\.\d+:\d+ timer:\(on,(\d\.)?\d+ms,[01]\) *$/,
    );
    expect(tcp(k)[2]!.text).toMatch(/ 03 00000000:00000000 01:[0-9A-F]{8} 0000000[01] /);
  });
});

describe('a listener of IPv6 that takes IPv4 too', () => {
  const k = listening(4096, true, '*');
  startClients(k, { dev: 1, dport: 8080, limit: 2, rate: 1000, bytes: 20_000 });
  advance(k, second);

  it('shows its connections in the form of IPv6', () => {
    const { out } = type(ss, k, 'ss -tan');
    expect(out).toMatch(/\nLISTEN +0 +4096 +\*:8080 +\*:\* *\n/);
    expect(out).toMatch(/ \[::ffff:10\.0\.0\.2\]:8080 +\[::ffff:10\.0\.0\.\d+\]:\d+/);
    expect(type(ss, k, 'ss -4 -Htan').out).toBe('');
    expect(tcp6(k)[1]!.text).toContain(`${'0'.repeat(32)}:1F90 `);
    expect(type(netstat, k, 'netstat -atn').out).toContain('tcp6       0      0 :::8080  ');
  });

  it('has fields of the connection, those the host has', () => {
    const [row = '', details = ''] = type(ss, k, 'ss -Htni dst 10.0.0.1').out.split('\n');
    expect(row).toContain('::ffff:10.0.0.2');
    expect(details).toMatch(
      /^\t cubic wscale:\d+,\d+ rto:\d+ rtt:[\d.]+\/[\d.]+ .*mss:1448 pmtu:1500 rcvmss:\d+ advmss:1448 cwnd:10 bytes_received:20000 /,
    );
    expect(details).toMatch(/ rcv_space:\d+ rcv_ssthresh:\d+ .*snd_wnd:\d+ rcv_wnd:\d+$/);
  });
});
