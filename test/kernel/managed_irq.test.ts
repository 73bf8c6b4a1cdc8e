import { describe, expect, it } from 'vitest';
import { hosts } from '../../src/hardware/hosts.ts';
import { boot } from '../../src/kernel/boot.ts';
import { offlineCpu, onlineCpu } from '../../src/kernel/cpu_hotplug.ts';
import { cpusIn, maskOf } from '../../src/kernel/cpumask.ts';
import { groupCpusEvenly } from '../../src/kernel/group_cpus.ts';
import { irq_set_affinity } from '../../src/kernel/irq.ts';
import type { Irq, Kernel } from '../../src/kernel/state.ts';
import { platformIrqs } from '../../src/shell/proc/platform.ts';

function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}

function server(queues = 64): Kernel {
  const base = hosts['ixgbe']!;
  return boot({ ...base, disks: [{ name: 'nvme0', pci: '0000:01:00.0', queues }] }, 1);
}

function queue(k: Kernel, n: number): Irq {
  return k.irqs.find((irq) => irq.name === `nvme0q${n}`)!;
}

describe('CPUs in groups', () => {
  it('are one group as a whole, whatever their nodes', () => {
    expect(groupCpusEvenly(1, [range(0, 4), range(4, 4)])).toEqual([range(0, 8)]);
  });

  it('are a group for each node when there are as many', () => {
    expect(groupCpusEvenly(2, [range(0, 4), range(4, 4)])).toEqual([range(0, 4), range(4, 4)]);
  });

  it('begin with the second of two equal nodes, as the kernel’s sort has it', () => {
    expect(groupCpusEvenly(4, [range(0, 4), range(4, 4)])).toEqual([
      [4, 5],
      [6, 7],
      [0, 1],
      [2, 3],
    ]);
  });

  it('give the smaller node its share first, and each node at least one', () => {
    expect(groupCpusEvenly(3, [range(0, 8), range(8, 2)])).toEqual([
      ...[[8, 9], range(0, 4), range(4, 4)],
    ]);
  });

  it('put one more into the first groups when they do not come out even', () => {
    expect(groupCpusEvenly(3, [range(0, 8)])).toEqual([
      ...[
        [0, 1, 2],
        [3, 4, 5],
        [6, 7],
      ],
    ]);
  });

  it('leave groups empty when there are not enough', () => {
    expect(groupCpusEvenly(5, [range(0, 2), [2]])).toEqual([[2], [0], [1], [], []]);
  });

  it.each([
    [7, [5, 9, 2, 4]],
    [16, [16, 16, 16, 16]],
    [30, [3, 1, 20, 8, 8]],
  ])('%i groups over nodes of %j CPUs: each CPU in one', (groups, sizes) => {
    let next = 0;
    const nodes = sizes.map((size) => range((next += size) - size, size));
    const made = groupCpusEvenly(groups, nodes);
    expect(made.every((cpus) => cpus.length > 0)).toBe(true);
    expect(made.flat().sort((a, b) => a - b)).toEqual(range(0, next));
    expect(made.every((cpus) => nodes.some((node) => cpus.every((c) => node.includes(c))))).toBe(
      true,
    );
  });
});

describe('a disk with a queue for each CPU', () => {
  it('has a vector for each, on its CPU, and one for its administration', () => {
    const k = server();
    const own = k.irqs.filter((irq) => irq.name.startsWith('nvme0'));
    expect(own).toHaveLength(33);
    expect(queue(k, 0)).toMatchObject({ managed: false, hwirq: '0-edge', node: 0 });
    expect(cpusIn(queue(k, 0).affinity)).toEqual(range(0, 16));
    expect(own.slice(1).every((irq) => irq.managed)).toBe(true);
    expect(queue(k, 1)).toMatchObject({ effective: 16, node: 1, irq: queue(k, 0).irq + 1 });
    expect(queue(k, 17)).toMatchObject({ effective: 0, node: 0 });
  });

  it('refuses to be moved, but for its administration', () => {
    const k = server();
    const everywhere = maskOf(range(0, 32), 32);
    const before = [...queue(k, 1).affinity];
    expect(irq_set_affinity(k, queue(k, 1).irq, everywhere)).toMatchObject({ errno: 'EPERM' });
    expect(queue(k, 1).affinity).toEqual(before);
    expect(irq_set_affinity(k, queue(k, 0).irq, everywhere)).toEqual({ ok: true });
  });

  it('loses the queue’s interrupt with the CPU and gets it back with it', () => {
    const k = server();
    const desc = queue(k, 18);
    expect(desc.effective).toBe(1);
    const before = [...desc.affinity];
    offlineCpu(k, k.cpus[1]!);
    expect(desc).toMatchObject({ shut_down: true, effective: 0 });
    expect(desc.affinity).toEqual(before);
    onlineCpu(k, k.cpus[1]!);
    expect(desc).toMatchObject({ shut_down: false, effective: 1 });
  });
});

describe('a disk with fewer queues', () => {
  it('has the last of the CPUs that take the fewest', () => {
    const k = server(4);
    expect(cpusIn(queue(k, 1).affinity)).toEqual(range(16, 8));
    expect(range(1, 4).map((n) => queue(k, n).effective)).toEqual([23, 31, 7, 15]);
  });

  it('moves within the mask, stays there when the CPU comes back, and ends with the last one', () => {
    const k = server(4);
    const desc = queue(k, 3);
    offlineCpu(k, k.cpus[7]!);
    expect(desc).toMatchObject({ shut_down: false, effective: 6 });
    onlineCpu(k, k.cpus[7]!);
    expect(desc.effective).toBe(6);
    for (const cpu of range(0, 8)) offlineCpu(k, k.cpus[cpu]!);
    expect(desc).toMatchObject({ shut_down: true, effective: 8 });
    onlineCpu(k, k.cpus[3]!);
    expect(desc).toMatchObject({ shut_down: false, effective: 3 });
  });
});

describe('the recorded machines', () => {
  it.each(['igb', 'virtio', 'laptop', 'wide'])('%s: its disk is as it would be here', (profile) => {
    const k = boot({ ...hosts[profile]!, disks: [{ name: 'disk', pci: '', queues: 1 }] }, 1);
    const recorded = platformIrqs(k).find((irq) => irq.name.endsWith('req.0'))!;
    const own = k.irqs.find((irq) => irq.name === 'diskq1')!;
    expect(recorded.fixed).toBe(true);
    if (profile !== 'laptop') expect(own.affinity).toEqual(recorded.affinity);
    expect(own.effective).toBe(recorded.effective);
    expect(own.node).toBe(recorded.node);
  });
});
