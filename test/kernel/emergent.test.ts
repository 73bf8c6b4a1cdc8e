/// What nobody wrote into the host, and what must come out of it all the same: each is seen as on a real one,
/// by typing commands and reading what they print.
import { describe, expect, it } from 'vitest';
import { hosts } from '../../src/hardware/hosts.ts';
import type { HostDescription } from '../../src/kernel/host.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { advance } from '../../src/kernel/run.ts';
import { ms } from './hosts.ts';
import { say, sitDown, type Typist } from './typist.ts';

const igb = hosts['igb']!;
const QUEUES = '/sys/class/net/eth0/queues/rx-*';

/// The igb machine with eth0 alone and a reader of port 9000 on CPU 7.
function machine(service_ns = 0, queues = 1): HostDescription {
  const app = { comm: 'sink', user: 'alice', port: 9000, cpu: 7, service_ns, rcvbuf: 0 };
  return { ...igb, nics: [{ ...igb.nics[0]!, queues }], apps: [app] };
}

function after(typist: Typist, lines: readonly string[], time_ns = 10 * ms): Typist {
  for (const line of lines) say(typist, line);
  const { k } = typist.host;
  advance(k, k.now + time_ns);
  checkLedger(k);
  return typist;
}

interface SoftnetRow {
  readonly processed: number;
  readonly dropped: number;
  readonly squeezed: number;
  readonly rps: number;
  readonly flow_limit: number;
  readonly cpu: number;
}

function softnet(typist: Typist): SoftnetRow[] {
  const rows = say(typist, 'cat /proc/net/softnet_stat').trim().split('\n');
  return rows.map((row) => {
    const n = row.split(' ').map((word) => parseInt(word, 16));
    return {
      ...{ processed: n[0]!, dropped: n[1]!, squeezed: n[2]! },
      ...{ rps: n[9]!, flow_limit: n[10]!, cpu: n[12]! },
    };
  });
}

const total = (rows: readonly SoftnetRow[], key: keyof SoftnetRow): number =>
  rows.reduce((sum, row) => sum + row[key], 0);

function counter(typist: Typist, name: string): number {
  const line = say(typist, `nstat -asz ${name}`)
    .split('\n')
    .find((row) => row.startsWith(name));
  return Number(line?.split(/\s+/)[1]);
}

/// The CPU that takes the interrupt of queue 0.
function irqCpu({ host: { k } }: Typist): number {
  return k.irqs[k.napis[k.devs[1]!.rx[0]!.napi]!.irq]!.effective;
}

function interrupts(typist: Typist): number {
  const { k } = typist.host;
  const row = say(typist, "grep 'eth0-' /proc/interrupts").split('\n');
  return row
    .flatMap((line) =>
      line
        .trim()
        .split(/\s+/)
        .slice(1, 1 + k.desc.cpus),
    )
    .reduce((sum, word) => sum + Number(word), 0);
}

const rxPackets = (typist: Typist): number =>
  Number(say(typist, 'cat /sys/class/net/eth0/statistics/rx_packets'));

describe('the softirq budget', () => {
  it('lasts at 300 packets, and is used up all the time at 16', () => {
    const flood = 'traffic start udp --rate line --flows 1';
    const usual = after(sitDown(machine()), [flood]);
    const small = after(sitDown(machine()), ['sysctl -qw net.core.netdev_budget=16', flood]);
    const [few, many] = [usual, small].map((typist) => total(softnet(typist), 'squeezed'));
    expect(many).toBeGreaterThan(50);
    expect(few).toBeLessThan(many! / 10);
  });

  it('is never used up by a trickle', () => {
    const typist = after(sitDown(machine()), ['traffic start udp --rate 20k --flows 1']);
    expect(total(softnet(typist), 'squeezed')).toBe(0);
  });
});

describe('a full backlog', () => {
  const TARGET = 2;
  const steered = [
    `for q in ${QUEUES}; do echo 4 > $q/rps_cpus; done`,
    'sysctl -qw net.core.netdev_max_backlog=10',
  ];

  it("counts its drops in the target CPU's row, not in that of the CPU that took the interrupt", () => {
    const typist = after(sitDown(machine()), [...steered, 'traffic start udp --rate line']);
    expect(irqCpu(typist)).not.toBe(TARGET);
    const rows = softnet(typist);
    expect(rows[TARGET]!.dropped).toBeGreaterThan(100);
    expect(total(rows, 'dropped')).toBe(rows[TARGET]!.dropped);
    expect(rows[TARGET]!.rps).toBeGreaterThan(0);
    expect(total(rows, 'rps')).toBe(rows[TARGET]!.rps);
  });

  it('shows as dropped of the device, whose own counters know of no loss', () => {
    const typist = after(sitDown(machine()), [...steered, 'traffic start udp --rate line']);
    const dropped = Number(say(typist, 'cat /sys/class/net/eth0/statistics/rx_dropped'));
    expect(dropped).toBe(total(softnet(typist), 'dropped'));
    expect(Number(say(typist, 'cat /sys/class/net/eth0/statistics/rx_missed_errors'))).toBe(0);
  });

  it("drops the elephant's packets first, and counts that in the row of the CPU that enqueues", () => {
    const typist = sitDown(machine());
    const lines = [
      steered[0]!,
      'sysctl -qw net.core.netdev_max_backlog=100',
      'sysctl -qw net.core.flow_limit_cpu_bitmap=ff',
      'traffic start udp --rate 1300k --flows 1 --port 9',
      'traffic start udp --rate 5k --flows 1 --sport 20000 --port 9000',
    ];
    const rows = softnet(after(typist, lines, 20 * ms));
    expect(rows[irqCpu(typist)]!.flow_limit).toBeGreaterThan(100);
    expect(total(rows, 'flow_limit')).toBe(rows[irqCpu(typist)]!.flow_limit);
    expect(rows[TARGET]!.dropped).toBeGreaterThanOrEqual(rows[irqCpu(typist)]!.flow_limit);
    expect(typist.host.k.ledger.delivered).toBeGreaterThan(90);
  });
});

describe('a napi/ thread', () => {
  it('lets the softirqs of its CPU run before it sleeps, its own backlog among them', () => {
    const typist = after(sitDown(machine()), [
      'echo 1 > /sys/class/net/eth0/threaded',
      `for q in ${QUEUES}; do echo ff > $q/rps_cpus; done`,
      'traffic start udp --rate 300k --flows 64 --count 2000',
    ]);
    const { k } = typist.host;
    expect(k.ledger.delivered).toBe(2000);
    expect(k.cpus.filter((c) => c.softirq_pending !== 0)).toEqual([]);
  });
});

describe('interrupts', () => {
  it('are one for each packet while they are far between, and far fewer under load', () => {
    const quiet = after(sitDown(machine()), ['traffic start udp --rate 1k --count 10'], 20 * ms);
    expect(interrupts(quiet)).toBe(rxPackets(quiet));
    const busy = after(sitDown(machine()), ['traffic start udp --rate 1M']);
    expect(rxPackets(busy)).toBeGreaterThan(4000);
    expect(interrupts(busy)).toBeLessThan(rxPackets(busy) / 20);
  });
});

describe('processed', () => {
  it('counts packets after GRO: fewer than half the frames of a TCP stream', () => {
    const typist = sitDown(machine());
    after(typist, ['tcpsink 8080 16 &', 'traffic start tcp --port 8080 --connections 1'], 50 * ms);
    const processed = total(softnet(typist), 'processed');
    expect(processed).toBeGreaterThan(10);
    expect(processed).toBeLessThan(rxPackets(typist) / 2);
  });

  it('counts each frame of it when GRO is off', () => {
    const typist = sitDown(machine());
    const lines = ['ethtool -K eth0 gro off', 'tcpsink 8080 16 &'];
    after(typist, [...lines, 'traffic start tcp --port 8080 --connections 1'], 50 * ms);
    const { k } = typist.host;
    expect(total(softnet(typist), 'processed')).toBe(rxPackets(typist) - k.devs[1]!.rx[0]!.used);
  });

  it('is twice the packets where RPS hands each to another CPU', () => {
    const typist = sitDown(machine());
    const steer = `for q in ${QUEUES}; do echo 4 > $q/rps_cpus; done`;
    after(typist, [steer, 'traffic start udp --rate 50k --count 200']);
    expect(softnet(typist)[2]!.processed).toBe(200);
  });
});

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

describe('an elephant', () => {
  it('stays on one queue, where mice spread over all', () => {
    const used = (line: string): number => {
      const typist = sitDown(machine(0, 8));
      after(typist, ['ethtool -N eth0 rx-flow-hash udp4 sdfn', `traffic start udp ${line}`]);
      return typist.host.k.devs[1]!.rx.filter((q) => q.packets > 0).length;
    };
    expect(used('--flows 1 --rate 500k')).toBe(1);
    expect(used('--flows 200 --rate 500k')).toBe(8);
  });
});

describe('a driver without NAPI', () => {
  it('delivers nothing at all when it is offered several times what it can do', () => {
    const delivered = (rate: number): number => {
      const typist = sitDown(hosts['classic']!);
      after(typist, [`traffic start udp --rate ${rate} --flows 1`], 500 * ms);
      const { k } = typist.host;
      const before = k.ledger.delivered;
      advance(k, k.now + 500 * ms);
      return k.ledger.delivered - before;
    };
    expect(delivered(1000)).toBe(500);
    expect(delivered(12_000)).toBe(0);
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
