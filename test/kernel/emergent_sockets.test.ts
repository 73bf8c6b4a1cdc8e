/// More of what nobody wrote into the host: what comes out where packets end, in sockets, tables and programs.
import { describe, expect, it } from 'vitest';
import { hosts } from '../../src/hardware/hosts.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { typed } from '../../tools/typed.ts';
import { ms } from './hosts.ts';
import { after, counter, interrupts, machine, softnet, total } from './seen.ts';
import { say, sitDown, type Typist } from './typist.ts';

describe('a slow reader', () => {
  it('overflows its socket, and nothing else', () => {
    const typist = after(sitDown(machine(50_000)), ['traffic start udp --rate 300k'], 20 * ms);
    const errors = counter(typist, 'UdpRcvbufErrors');
    expect(errors).toBeGreaterThan(1000);
    expect(counter(typist, 'UdpInErrors')).toBe(errors);
    const row = say(typist, "grep ':2328 ' /proc/net/udp").trim().split(/\s+/);
    expect(Number(row.at(-1))).toBe(errors);
    expect(total(softnet(typist), 'dropped')).toBe(0);
  });
});

describe('a socket that nobody reads', () => {
  /// Its line in ss -uamn, by the letters of skmem.
  const memory = (options: string, before: readonly string[] = []): Record<string, number> => {
    const lines = [...before, `udpsink 5000 noread ${options} &`, 'traffic start udp --port 5000'];
    const typist = after(sitDown(machine()), lines, 50 * ms);
    const [, text = ''] = /skmem:\((.*)\)/.exec(say(typist, 'ss -uamn sport = :5000')) ?? [];
    const found = [...text.matchAll(/([a-z]+)(\d+)/g)].map(
      ([, name, value]) => [name!, Number(value)] as const,
    );
    expect(counter(typist, 'UdpRcvbufErrors')).toBe(Object.fromEntries(found)['d']);
    return Object.fromEntries(found);
  };

  it('fills its buffer up to rmem_default and at most one packet beyond', () => {
    const { r, rb } = memory('');
    expect(rb).toBe(212_992);
    expect(r).toBeGreaterThan(rb! - 1280);
    expect(r).toBeLessThanOrEqual(rb! + 1280);
  });

  it('gets as its buffer what rmem_default is, and not twice that', () => {
    expect(memory('', ['sysctl -qw net.core.rmem_default=1000000'])['rb']).toBe(1_000_000);
  });

  it('gets at most twice rmem_max and at least 2304 bytes by SO_RCVBUF', () => {
    expect(memory('rcvbuf 100000000')['rb']).toBe(2 * 212_992);
    expect(memory('rcvbuf 1')['rb']).toBe(2304);
  });
});

describe('a listener', () => {
  it('answers a flood of SYNs with cookies, and says so once', () => {
    const typist = sitDown(machine());
    const lines = ['tcpsink 8080 8 &', 'traffic start syn --port 8080 --rate 20k --sources 500'];
    after(typist, lines, 50 * ms);
    expect(counter(typist, 'TcpExtSyncookiesSent')).toBeGreaterThan(300);
    const said = say(typist, 'dmesg')
      .split('\n')
      .filter((line) => line.includes('SYN flooding'));
    expect(said).toHaveLength(1);
    expect(said[0]).toContain('Sending cookies');
  });

  it('keeps backlog + 1 half-open connections before it sends cookies', () => {
    const typist = sitDown(machine());
    const flood = 'traffic start syn --port 8080 --rate 10k --sources 400 --count 400';
    after(typist, ['tcpsink 8080 128 noaccept &', flood], 100 * ms);
    const rows = say(typist, 'ss -tan state syn-recv').trimEnd().split('\n');
    expect(rows).toHaveLength(1 + 129);
    expect(counter(typist, 'TcpExtSyncookiesSent')).toBe(400 - 129);
    expect(counter(typist, 'TcpExtTCPReqQFullDoCookies')).toBe(400 - 129);
    expect(counter(typist, 'TcpExtListenDrops')).toBe(0);
  });

  it('without cookies keeps the last quarter of tcp_max_syn_backlog for hosts that it knows', () => {
    const typist = sitDown(machine());
    const flood = 'traffic start syn --port 8081 --rate 10k --sources 100 --count 100';
    const settings = 'sysctl -qw net.ipv4.tcp_syncookies=0 net.ipv4.tcp_max_syn_backlog=16';
    after(typist, [settings, 'tcpsink 8081 64 noaccept &', flood], 100 * ms);
    const rows = say(typist, 'ss -tan state syn-recv').trimEnd().split('\n');
    expect(rows).toHaveLength(1 + 13);
    expect(counter(typist, 'TcpExtListenDrops')).toBe(100 - 13);
    expect(counter(typist, 'TcpExtTCPReqQFullDrop')).toBe(0);
  });

  it('has the smaller of its backlog and somaxconn, and keeps it when that grows', () => {
    const typist = sitDown(machine());
    const limit = (): string | undefined => /LISTEN +\d+ +(\d+)/.exec(say(typist, 'ss -lnt'))?.[1];
    after(typist, ['sysctl -qw net.core.somaxconn=2', 'tcpsink 8081 128 noaccept &']);
    expect(limit()).toBe('2');
    say(typist, 'sysctl -qw net.core.somaxconn=4096');
    expect(limit()).toBe('2');
  });

  it('that nobody accepts from overflows at backlog + 1', () => {
    const typist = sitDown(machine());
    const clients = 'traffic start clients --port 8080 --rate 1k --count 20';
    after(typist, ['tcpsink 8080 3 noaccept &', clients], 100 * ms);
    expect(counter(typist, 'TcpExtListenOverflows')).toBeGreaterThan(0);
    expect(
      say(typist, 'ss -ltn')
        .split('\n')
        .find((row) => row.includes(':8080')),
    ).toMatch(/^LISTEN +4 +3 /);
  });
});

describe('a full table of connections', () => {
  it('drops what is new, and says so in the log', () => {
    const typist = after(sitDown(machine()), [
      'iptables -I INPUT -m conntrack --ctstate INVALID -j DROP',
      'sysctl -qw net.netfilter.nf_conntrack_max=20',
      'traffic start udp --rate 100k --flows 100 --count 1000',
    ]);
    const { delivered, offered } = typist.host.k.ledger;
    expect(say(typist, 'sysctl -n net.netfilter.nf_conntrack_count').trim()).toBe('20');
    expect([offered, delivered]).toEqual([1000, 200]);
    expect(say(typist, 'dmesg')).toContain('nf_conntrack: table full, dropping packet');
  });
});

describe('a large datagram', () => {
  it('arrives as fragments, each of which IP counts, and once as a whole', () => {
    const typist = sitDown(machine());
    const patience = { columns: null, limit_ns: 1e9 };
    const ping = 'ping -c 2 -i 0.2 -s 3000 10.0.0.1';
    expect(typed(typist.host, typist.session, ping, patience).status).toBe(0);
    expect(counter(typist, 'IpFragCreates')).toBe(6);
    expect(counter(typist, 'IpFragOKs')).toBe(2);
    expect(counter(typist, 'IpReasmReqds')).toBe(6);
    expect(counter(typist, 'IpReasmOKs')).toBe(2);
  });
});

describe('an XDP program that drops', () => {
  const virtio = { ...hosts['virtio']!, apps: machine().apps };
  const flood = 'traffic start udp --rate 100k --count 500';
  const device = (typist: Typist): [number, number] => {
    const file = (name: string): number =>
      Number(say(typist, `cat /sys/class/net/eth0/statistics/${name}`));
    return [file('rx_packets'), file('rx_dropped')];
  };

  it('in the driver: the device has received and dropped them, and no CPU has processed any', () => {
    const typist = after(sitDown(virtio), [
      'ethtool -L eth0 combined 2',
      'ip link set dev eth0 xdpdrv obj /opt/lab/xdp_drop.o sec xdp',
      flood,
    ]);
    expect(device(typist)).toEqual([500, 500]);
    expect(total(softnet(typist), 'processed')).toBe(0);
    const counters = say(typist, 'ethtool -S eth0');
    for (const name of ['rx_drops', 'rx_xdp_packets', 'rx_xdp_drops'])
      expect(counters).toContain(` ${name}: 500\n`);
  });

  it('in generic mode: a CPU has processed each, and the device knows of no drop', () => {
    const typist = after(sitDown(virtio), [
      'ip link set dev eth0 xdpgeneric obj /opt/lab/xdp_dropudp.o sec xdp',
      flood,
    ]);
    expect(device(typist)).toEqual([500, 0]);
    expect(total(softnet(typist), 'processed')).toBe(500);
    expect(say(typist, 'bpftool map dump name drops')).toMatch(/"value": 500\b/);
  });
});

describe('a ping to the host itself', () => {
  const ping = (typist: Typist, count: number): void => {
    const patience = { columns: null, limit_ns: 10e9 };
    const line = `ping -c ${count} -i 0.05 127.0.0.1`;
    expect(typed(typist.host, typist.session, line, patience).status).toBe(0);
  };

  it('goes through a backlog twice, the request and the answer, and raises no interrupt', () => {
    const typist = sitDown(machine());
    const before = interrupts(typist);
    ping(typist, 20);
    checkLedger(typist.host.k);
    expect(total(softnet(typist), 'processed')).toBe(40);
    expect(say(typist, 'grep lo: /proc/net/dev')).toMatch(/lo: +3360 +40 /);
    expect(interrupts(typist)).toBe(before);
  });

  it('is steered by the rps_cpus of lo', () => {
    const typist = sitDown(machine());
    say(typist, 'echo 20 > /sys/class/net/lo/queues/rx-0/rps_cpus');
    ping(typist, 5);
    expect(softnet(typist)[5]).toMatchObject({ processed: 10 });
    expect(softnet(typist)[5]!.rps).toBeGreaterThan(0);
  });
});
