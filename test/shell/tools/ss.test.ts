import { describe, expect, it } from 'vitest';
import { advance } from '../../../src/kernel/run.ts';
import { startSource } from '../../../src/kernel/traffic.ts';
import { netstat } from '../../../src/shell/commands/netstat.ts';
import { ss } from '../../../src/shell/commands/ss.ts';
import { hostLike, type } from './typing.ts';

describe('ss', () => {
  it('shows a bound UDP socket to those who ask for it', () => {
    const k = hostLike('alder');
    expect(type(ss, k, 'ss -uan').out).toBe(
      'State  Recv-Q Send-Q Local Address:Port Peer Address:Port\n' +
        'UNCONN 0      0            0.0.0.0:9000      0.0.0.0:*   \n',
    );
    expect(type(ss, k, 'ss -un').out.split('\n')).toHaveLength(2);
    expect(type(ss, k, 'ss -tan').out.split('\n')).toHaveLength(2);
  });

  it('tells the owner to root and to the owner', () => {
    const k = hostLike('alder');
    const pid = k.socks[0]!.task;
    expect(type(ss, k, 'ss -lunp').out).toContain(`users:(("udp-sink",pid=${pid},fd=3))`);
    expect(type(ss, k, 'ss -lunp', { uid: 1001 }).out).not.toContain('udp-sink');
  });

  it('shows memory and drops of a socket that is read too slowly', () => {
    const k = hostLike('alder');
    k.tasks[k.socks[0]!.reader]!.service_ns = 1_000_000;
    startSource(k, { dev: 1, pps: 50_000, len: 64, flows: 8 });
    advance(k, 200_000_000);
    const sock = k.socks[0]!;
    expect(sock.drops).toBeGreaterThan(0);
    expect(type(ss, k, 'ss -uamn').out).toContain(
      `\n\t skmem:(r${sock.rmem_alloc},rb${sock.rcvbuf},t0,tb212992,f${sock.forward_alloc},w0,o0,bl0,d${sock.drops})\n`,
    );
  });

  it.each([
    ['sport = :9000', 1],
    ['sport = :53', 0],
    ['( sport = :53 or sport gt :8999 )', 1],
    ['not sport :9000', 0],
    ['src 0.0.0.0 and dport = :0', 1],
  ])('filters by "%s"', (filter, found) => {
    const { out } = type(ss, hostLike('alder'), `ss -Huan ${filter}`);
    expect(out.split('\n')).toHaveLength(found + 1);
  });

  it('tells with -e which socket is which: inode, and a cookie that stays', () => {
    const k = hostLike('alder');
    const line = () => type(ss, k, 'ss -uane').out;
    const sock = k.socks[0]!;
    expect(line()).toContain(` ino:${sock.ino} sk:1 cgroup:/ <->\n`);
    expect(line()).toContain(' sk:1 ');
  });

  it('names the table for UNIX sockets, which are of three kinds', () => {
    expect(type(ss, hostLike('igb'), 'ss -xl').out).toMatch(/^Netid State /);
  });

  it('stretches over a terminal', () => {
    const { out } = type(ss, hostLike('alder'), 'ss -uan', { columns: 80 });
    expect(out.split('\n')[0]).toHaveLength(80);
  });

  it('refuses a state that is none', () => {
    expect(type(ss, hostLike('igb'), 'ss -u state nonsense')).toMatchObject({
      err: 'ss: wrong state name: nonsense\n',
      status: 255,
    });
  });
});

describe('netstat', () => {
  it('agrees with ss about what waits', () => {
    const k = hostLike('alder');
    k.tasks[k.socks[0]!.reader]!.service_ns = 1_000_000;
    startSource(k, { dev: 1, pps: 50_000, len: 64 });
    advance(k, 50_000_000);
    const sock = k.socks[0]!;
    const [, , row] = type(netstat, k, 'netstat -uan').out.split('\n');
    expect(row!.split(/ +/).slice(0, 4)).toEqual([
      ...['udp', String(sock.rmem_alloc - sock.forward_deficit), '0', '0.0.0.0:9000'],
    ]);
    expect(type(netstat, k, 'netstat -su').out).toContain(
      `    ${k.mib['UdpInDatagrams']} packets received\n`,
    );
  });
});
