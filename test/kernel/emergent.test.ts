/// What nobody wrote into the host, and what must come out of it all the same: each is seen as on a real one,
/// by typing commands and reading what they print.
import { describe, expect, it } from 'vitest';
import { hosts } from '../../src/hardware/hosts.ts';
import { advance } from '../../src/kernel/run.ts';
import { ms } from './hosts.ts';
import {
  after,
  interrupts,
  irqCpu,
  machine,
  QUEUES,
  rxPackets,
  softnet,
  total,
  type SoftnetRow,
} from './seen.ts';
import { say, sitDown } from './typist.ts';

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

  it('of no length takes one packet at a time, when it finds the queue empty', () => {
    const typist = sitDown(machine());
    const none = 'sysctl -qw net.core.netdev_max_backlog=0';
    const rows = softnet(after(typist, [steered[0]!, none, 'traffic start udp --rate line']));
    expect(rows[TARGET]!.processed).toBeGreaterThan(10);
    expect(rows[TARGET]!.dropped).toBeGreaterThan(10 * rows[TARGET]!.processed);
  });

  it('limits no flow where the bitmap names the CPU that it steers to', () => {
    const typist = sitDown(machine());
    const lines = [
      steered[0]!,
      'sysctl -qw net.core.netdev_max_backlog=20',
      'sysctl -qw net.core.flow_limit_cpu_bitmap=4',
      'traffic start udp --rate line --flows 1',
    ];
    const rows = softnet(after(typist, lines, 20 * ms));
    expect(rows[TARGET]!.dropped).toBeGreaterThan(100);
    expect(total(rows, 'flow_limit')).toBe(0);
  });

  it('limits no flow among two hundred alike, however many are dropped', () => {
    const typist = sitDown(machine());
    const lines = [
      steered[0]!,
      'sysctl -qw net.core.netdev_max_backlog=20',
      'sysctl -qw net.core.flow_limit_cpu_bitmap=ff',
      'traffic start udp --rate line --flows 200',
    ];
    const rows = softnet(after(typist, lines, 20 * ms));
    expect(rows[TARGET]!.dropped).toBeGreaterThan(100);
    expect(total(rows, 'flow_limit')).toBe(0);
  });
});

describe('RPS', () => {
  const spread = (flows: number): SoftnetRow[] => {
    const typist = sitDown(machine());
    const steer = `for q in ${QUEUES}; do echo e0 > $q/rps_cpus; done`;
    return softnet(after(typist, [steer, `traffic start udp --rate 200k --flows ${flows}`]));
  };

  it('spreads sixty-four flows over the CPUs of its mask and no others', () => {
    const rows = spread(64);
    expect(rows.map((row) => row.processed > 0)).toEqual(rows.map((_, cpu) => cpu >= 5));
    expect(rows.map((row) => row.rps > 0)).toEqual(rows.map((_, cpu) => cpu >= 5));
  });

  it('gives one flow to one CPU', () => {
    expect(spread(1).filter((row) => row.processed > 0)).toHaveLength(1);
  });
});

describe('a CPU that is taken offline', () => {
  it('leaves softnet_stat, so that a line is not the CPU of its number any more', () => {
    const typist = sitDown(machine());
    say(typist, 'echo 0 > /sys/devices/system/cpu/cpu5/online');
    expect(softnet(typist).map((row) => row.cpu)).toEqual([0, 1, 2, 3, 4, 6, 7]);
  });

  it('hands an interrupt that was its own to another, and the mask then names all that are left', () => {
    const typist = sitDown(machine());
    const { k } = typist.host;
    const cpu = irqCpu(typist);
    const { irq } = k.irqs[k.napis[k.devs[1]!.rx[0]!.napi]!.irq]!;
    expect(cpu).toBe(1);
    say(typist, `echo ${cpu} > /proc/irq/${irq}/smp_affinity_list`);
    say(typist, `echo 0 > /sys/devices/system/cpu/cpu${cpu}/online`);
    expect(irqCpu(typist)).not.toBe(cpu);
    expect(say(typist, `cat /proc/irq/${irq}/smp_affinity_list`)).toBe('0,2-7\n');
    after(typist, ['traffic start udp --rate 10k --count 50']);
    expect(k.ledger.delivered).toBe(50);
  });

  it('is left out of an RPS mask that is written, and a mask of it alone steers nothing', () => {
    const typist = sitDown(machine());
    say(typist, 'echo 0 > /sys/devices/system/cpu/cpu3/online');
    const mask = '/sys/class/net/eth0/queues/rx-0/rps_cpus';
    expect(say(typist, `echo c > ${mask}; cat ${mask}`)).toBe('04\n');
    say(typist, `echo 8 > ${mask}`);
    after(typist, ['traffic start udp --rate 50k --count 100']);
    expect(total(softnet(typist), 'rps')).toBe(0);
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

  it('counts what RPS hands to another CPU there and not where the interrupt came', () => {
    const typist = sitDown(machine());
    const steer = `for q in ${QUEUES}; do echo 4 > $q/rps_cpus; done`;
    after(typist, [steer, 'traffic start udp --rate 50k --count 200']);
    const rows = softnet(typist);
    expect(irqCpu(typist)).not.toBe(2);
    expect(rows[2]!.processed).toBe(200);
    expect(total(rows, 'processed')).toBe(200);
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

  it('is what all datagrams between two addresses are, until the ports are hashed too', () => {
    const typist = after(sitDown(machine(0, 8)), ['traffic start udp --flows 200 --rate 500k']);
    const used = typist.host.k.devs[1]!.rx.filter((q) => q.packets > 0);
    expect(used).toHaveLength(1);
    after(typist, ['ethtool -X eth0 equal 2', 'ethtool -N eth0 rx-flow-hash udp4 sdfn']);
    const many = typist.host.k.devs[1]!.rx.filter((q) => q.packets > 0);
    expect(many.map((q) => q.index)).toEqual([0, 1]);
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

describe('interrupts that are set up later', () => {
  it('get the CPUs of default_smp_affinity that are on the node of the NIC', () => {
    const typist = sitDown(machine(0, 8));
    say(typist, 'echo 32 > /proc/irq/default_smp_affinity');
    const masks = (): string =>
      say(
        typist,
        'for i in /sys/class/net/eth0/device/msi_irqs/*; do cat /proc/irq/${i##*/}/smp_affinity; done | sort -u',
      );
    expect(masks()).toBe('0f\n');
    say(typist, 'ethtool -L eth0 combined 4');
    expect(masks()).toBe('02\n');
  });
});
