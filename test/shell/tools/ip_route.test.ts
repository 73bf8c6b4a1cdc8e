import { describe, expect, it } from 'vitest';
import { checkLedger, ledgerOf } from '../../../src/kernel/ledger.ts';
import { advance } from '../../../src/kernel/run.ts';
import type { Kernel } from '../../../src/kernel/state.ts';
import { arp } from '../../../src/shell/commands/arp.ts';
import { ip } from '../../../src/shell/commands/ip.ts';
import { ping } from '../../../src/shell/commands/ping.ts';
import { route } from '../../../src/shell/commands/route.ts';
import { arp as neighbours } from '../../../src/shell/proc/fib_trie.ts';
import { snmp } from '../../../src/shell/proc/snmp.ts';
import { hostLike, type, type Typed } from './typing.ts';

/// Types lines on a host; the answer of the last one counts.
function on(k: Kernel, ...lines: readonly string[]): Typed {
  return lines.map((line) => type(ip, k, line)).at(-1)!;
}

describe('ip route', () => {
  it('adds, shows, replaces and deletes routes', () => {
    const k = hostLike('virtio');
    expect(on(k, 'ip route add 198.51.100.0/24 via 10.0.0.1')).toMatchObject({
      out: '',
      status: 0,
    });
    expect(on(k, 'ip route add 198.51.100.0/24 via 10.0.0.1')).toMatchObject({
      err: 'RTNETLINK answers: File exists\n',
      status: 2,
    });
    on(
      k,
      'ip route replace 198.51.100.0/24 via 10.0.1.1',
      'ip ro add 192.0.2/24 dev eth1 metric 50 mtu 1400',
    );
    expect(on(k, 'ip r').out).toBe(
      'default via 10.0.0.1 dev eth0 \n' +
        '10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.2 \n' +
        '10.0.1.0/24 dev eth1 proto kernel scope link src 10.0.1.2 \n' +
        '192.0.2.0/24 dev eth1 scope link metric 50 mtu 1400 \n' +
        '198.51.100.0/24 via 10.0.1.1 dev eth1 \n',
    );
    expect(on(k, 'ip route del 192.0.2.0/24 metric 7').err).toBe(
      'RTNETLINK answers: No such process\n',
    );
    expect(on(k, 'ip route del 192.0.2.0/24 metric 50').status).toBe(0);
    expect(on(k, 'ip route show dev eth1').out).toBe(
      '10.0.1.0/24 proto kernel scope link src 10.0.1.2 \n198.51.100.0/24 via 10.0.1.1 \n',
    );
  });

  it('refuses in the words of the kernel and of the tool, and changes nothing', () => {
    const k = hostLike('virtio');
    const before = JSON.stringify(k.fib);
    const refusals: readonly (readonly [string, string])[] = [
      ['add 203.0.113.0/24 via 172.16.0.1', 'Error: Nexthop has invalid gateway.\n'],
      ['add 203.0.113.1/24 via 10.0.0.1', 'Error: Invalid prefix for given prefix length.\n'],
      [
        'add blackhole 203.0.113.0/24 dev eth0',
        'Error: Gateway, device and multipath can not be specified for this route type.\n',
      ],
      ['add 203.0.113.0/24 via 10.0.0.1 src 10.9.9.9', 'Error: Invalid prefsrc address.\n'],
      ['change 203.0.113.0/24 via 10.0.0.1', 'RTNETLINK answers: No such file or directory\n'],
      ['add 203.0.113.0/24', 'RTNETLINK answers: No such device\n'],
      [
        'add 203.0.113.0/33 via 10.0.0.1',
        'Error: any valid prefix is expected rather than "203.0.113.0/33".\n',
      ],
      [
        'add 203.0.113.0/24 via 10.0.0.300',
        'Error: any valid address is expected rather than "10.0.0.300".\n',
      ],
      ['add 203.0.113.0/24 dev eth7', 'Cannot find device "eth7"\n'],
      ['del 203.0.113.0/24 table 77', 'Error: FIB table does not exist.\n'],
      ['frob', 'Command "frob" is unknown, try "ip route help".\n'],
    ];
    expect(refusals.map(([line]) => on(k, `ip route ${line}`).err)).toEqual(
      refusals.map(([, err]) => err),
    );
    const after = JSON.parse(JSON.stringify(k.fib)) as Kernel['fib'];
    expect(after.rules).toEqual((JSON.parse(before) as Kernel['fib']).rules);
    expect(on(k, 'ip route').out.split('\n').length).toBe(4);
    expect(type(ip, k, 'ip route add 192.0.2.0/24 via 10.0.0.1', { uid: 1000 }).err).toBe(
      'RTNETLINK answers: Operation not permitted\n',
    );
  });

  it('tells the way of a packet from here and of one that came in', () => {
    const k = hostLike('virtio');
    const get = (words: string): string => on(k, `ip route get ${words}`).out.replace('\n   ', '');
    expect(get('192.0.2.1')).toBe('192.0.2.1 via 10.0.0.1 dev eth0 src 10.0.0.2 uid 0  cache \n');
    expect(get('10.0.1.2')).toBe('local 10.0.1.2 dev lo src 10.0.1.2 uid 0  cache <local> \n');
    expect(get('10.0.0.2 from 10.0.0.1 iif eth0')).toBe(
      'local 10.0.0.2 from 10.0.0.1 dev lo uid 0  cache <local> iif eth0 \n',
    );
    expect(on(k, 'ip route get 192.0.2.1 from 10.0.0.9 iif eth0').err).toBe(
      'RTNETLINK answers: No route to host\n',
    );
    k.sysctl['net.ipv4.conf.eth1.rp_filter'] = '1';
    expect(on(k, 'ip route get 10.0.1.2 from 192.0.2.1 iif eth1').err).toBe(
      'RTNETLINK answers: Invalid cross-device link\n',
    );
  });

  it('flushes what a filter lets through', () => {
    const k = hostLike('virtio');
    on(
      k,
      'ip route add 192.0.2.0/24 via 10.0.0.1 proto static',
      'ip route add 192.0.3.0/24 via 10.0.0.1',
    );
    expect(on(k, 'ip route flush proto static').status).toBe(0);
    expect(on(k, 'ip route show to root 192.0.0.0/16').out).toBe(
      '192.0.3.0/24 via 10.0.0.1 dev eth0 \n',
    );
  });
});

describe('ip rule', () => {
  it('adds rules at their place and takes them away', () => {
    const k = hostLike('virtio');
    on(
      k,
      'ip rule add from 10.0.1.0/24 fwmark 0x10/0xf0 iif eth1 lookup 100 pref 90',
      'ip rule add to 192.0.2.1 prohibit',
    );
    on(k, 'ip rule add not from 10.0.0.2 ipproto udp dport 53 table main suppress_prefixlength 0');
    expect(on(k, 'ip rule').out).toBe(
      '0:\tfrom all lookup local\n' +
        '88:\tnot from 10.0.0.2 ipproto udp dport 53 lookup main suppress_prefixlength 0\n' +
        '89:\tfrom all to 192.0.2.1 prohibit\n' +
        '90:\tfrom 10.0.1.0/24 fwmark 0x10/0xf0 iif eth1 lookup 100\n' +
        '32766:\tfrom all lookup main\n' +
        '32767:\tfrom all lookup default\n',
    );
    expect(on(k, 'ip route get 192.0.2.1').err).toBe('RTNETLINK answers: Permission denied\n');
    expect(on(k, 'ip rule del pref 89', 'ip rule del pref 89').err).toBe(
      'RTNETLINK answers: No such file or directory\n',
    );
    expect(on(k, 'ip rule add table frob').err).toBe(
      'Error: argument "frob" is wrong: invalid table ID\n\n',
    );
  });
});

describe('ip neigh', () => {
  it('keeps what is added by hand, and forgets the rest when flushed', () => {
    const k = hostLike('virtio');
    on(
      k,
      'ip neigh add 10.0.0.50 lladdr 2:0:0:0:0:50 dev eth0',
      'ip neigh add 10.0.0.51 lladdr 02:00:00:00:00:51 dev eth0 nud reachable',
    );
    expect(on(k, 'ip neigh').out).toBe(
      '10.0.0.51 dev eth0 lladdr 02:00:00:00:00:51 REACHABLE \n' +
        '10.0.0.50 dev eth0 lladdr 02:00:00:00:00:50 PERMANENT \n',
    );
    expect(on(k, 'ip neigh add 10.0.0.50 lladdr 02:00:00:00:00:52 dev eth0').err).toBe(
      'RTNETLINK answers: File exists\n',
    );
    advance(k, 100_000_000_000);
    expect(on(k, 'ip neigh show nud stale').out).toContain('10.0.0.51');
    on(k, 'ip neigh flush dev eth0');
    expect(on(k, 'ip neigh').out).toBe('10.0.0.50 dev eth0 lladdr 02:00:00:00:00:50 PERMANENT \n');
    expect(type(arp, k, 'arp -n').out).toContain(
      '10.0.0.50                ether   02:00:00:00:00:50   CM',
    );
    expect(on(k, 'ip neigh del 10.0.0.50 dev eth0', 'ip neigh del 10.0.0.50 dev eth0').err).toBe(
      'RTNETLINK answers: No such file or directory\n',
    );
  });
});

describe('ping', () => {
  it('gets an answer from the other end of the wire through the whole receive path', () => {
    const k = hostLike('igb');
    const done = type(ping, k, 'ping -c 3 -i 0.2 10.0.0.1');
    expect(done.status).toBe(0);
    expect(done.out).toMatch(
      /^PING 10\.0\.0\.1 \(10\.0\.0\.1\) 56\(84\) bytes of data\.\n64 bytes from 10\.0\.0\.1: icmp_seq=1 ttl=64 time=0\.\d{3} ms\n/,
    );
    expect(done.out).toMatch(
      /\n\n--- 10\.0\.0\.1 ping statistics ---\n3 packets transmitted, 3 received, 0% packet loss, time 40\dms\nrtt min\/avg\/max\/mdev = /,
    );
    checkLedger(k);
    // A raw socket has its copy; the kernel has nobody for the packet itself.
    expect(ledgerOf(k).dropped).toMatchObject([{ reason: 'NO_SOCKET', packets: 3 }]);
    const { IcmpOutEchos, IcmpInEchoReps, IpOutRequests, IpInReceives } = k.mib;
    expect([IcmpOutEchos, IcmpInEchoReps, IpOutRequests, IpInReceives]).toEqual([3, 3, 3, 3]);
    expect(on(k, 'ip neigh').out).toMatch(
      /^10\.0\.0\.1 dev eth0 lladdr [0-9a-f:]{17} REACHABLE \n$/,
    );
  });

  it('sends and receives fragments above the MTU, and refuses to where they are forbidden', () => {
    const k = hostLike('igb');
    expect(type(ping, k, 'ping -q -c 2 -i 0.2 -s 3000 10.0.0.1').status).toBe(0);
    const { IpFragOKs, IpFragCreates, IpReasmReqds, IpReasmOKs } = k.mib;
    expect([IpFragOKs, IpFragCreates, IpReasmReqds, IpReasmOKs]).toEqual([2, 6, 6, 2]);
    const refused = type(ping, k, 'ping -c 1 -s 1473 -M do 10.0.0.1');
    expect([refused.status, refused.err]).toEqual([1, 'ping: sendmsg: Message too long\n']);
    expect(refused.out).toContain(
      '1 packets transmitted, 0 received, +1 errors, 100% packet loss, time 0ms\n\n',
    );
  });

  it('waits for nobody in vain, and needs a way and a privilege', () => {
    const k = hostLike('virtio');
    expect(type(ping, k, 'ping -c1 -W1 10.0.0.222').status).toBe(1);
    expect(on(k, 'ip neigh show 10.0.0.222').out).toBe('10.0.0.222 dev eth0 INCOMPLETE \n');
    on(k, 'ip route add blackhole 192.0.2.128/25', 'ip route del default');
    expect(type(ping, k, 'ping -c1 192.0.2.130')).toMatchObject({
      status: 2,
      err: 'ping: connect: Invalid argument\n',
    });
    expect(type(ping, k, 'ping -c1 203.0.113.1').err).toBe(
      'ping: connect: Network is unreachable\n',
    );
    expect(type(ping, k, 'ping -c 1 10.0.0.1', { uid: 1000 })).toMatchObject({ status: 2 });
  });
});

describe('route -n', () => {
  it('shows the main table as the older tool does', () => {
    const k = hostLike('virtio');
    on(k, 'ip route add blackhole 192.0.2.128/25');
    expect(type(route, k, 'route -n').out.split('\n').at(-2)).toBe(
      '192.0.2.128     0.0.0.0         255.255.255.128 U     0      0        0 *',
    );
  });
});

describe('ip address flush', () => {
  it('takes every IPv4 address of a device, and the routes that follow from them', () => {
    const k = hostLike('virtio');
    on(k, 'ip addr add 10.0.0.3/24 dev eth0', 'ip addr add 192.0.2.1/24 dev eth0');
    expect(on(k, 'ip -4 addr flush dev eth0').status).toBe(0);
    expect(on(k, 'ip -4 addr show dev eth0').out).toBe('');
    expect(on(k, 'ip route show table all dev eth0').out).not.toContain('10.0.0');
    expect(on(k, 'ip addr flush').err).toBe('Flush requires arguments.\n');
  });
});

describe('/proc/net', () => {
  it('lists the ICMP types that were seen, and the neighbours', () => {
    const k = hostLike('igb');
    expect(snmp(k).some(({ text }) => text.startsWith('IcmpMsg'))).toBe(false);
    type(ping, k, 'ping -q -c 2 -i 0.2 10.0.0.1');
    const lines = snmp(k).map(({ text }) => text);
    const at = lines.findIndex((text) => text.startsWith('IcmpMsg'));
    expect(lines.slice(at, at + 2)).toEqual(['IcmpMsg: InType0 OutType8', 'IcmpMsg: 2 2']);
    expect(neighbours(k)[1]!.text).toMatch(
      /^10\.0\.0\.1 {9}0x1 {9}0x2 {9}[0-9a-f:]{17} {5}\* {8}eth0$/,
    );
  });
});
