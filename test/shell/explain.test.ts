import { describe, expect, it } from 'vitest';
import { hosts } from '../../src/hardware/hosts.ts';
import { boot } from '../../src/kernel/boot.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { explainRef } from '../../src/shell/explain.ts';
import { files } from '../../src/shell/files.ts';
import { rootOn } from './files/root.ts';

function host(name = 'alder'): Kernel {
  const desc = hosts[name];
  if (!desc) throw new Error(`no host ${name}`);
  return boot(desc, 1);
}

const marked = [
  '/proc/interrupts',
  '/proc/softirqs',
  '/proc/stat',
  '/proc/net/dev',
  '/proc/net/snmp',
  '/proc/net/netstat',
  '/proc/net/snmp6',
  '/proc/net/softnet_stat',
  '/proc/net/sockstat',
  '/proc/net/udp',
  '/proc/irq/33/smp_affinity',
  '/proc/irq/33/effective_affinity_list',
  '/proc/irq/default_smp_affinity',
  '/proc/sys/net/core/netdev_budget',
  '/proc/sys/net/ipv4/conf/eth0/rp_filter',
  '/proc/sys/vm/swappiness',
  '/sys/class/net/eth0/mtu',
  '/sys/class/net/eth0/gro_flush_timeout',
  '/sys/class/net/eth0/statistics/rx_missed_errors',
  '/sys/class/net/eth0/queues/rx-0/rps_cpus',
];

describe('explaining a number', () => {
  it.each(marked)('knows every marked number of %s, with the value that is shown', (path) => {
    const k = host();
    const read = files.read(rootOn(k), path);
    if (typeof read === 'string') throw new Error(read);
    const marks = read.lines.flatMap((line) => (line.marks ?? []).map((mark) => ({ line, mark })));
    expect(marks.length).toBeGreaterThan(0);
    for (const { line, mark } of marks) {
      const card = explainRef(k, mark.ref);
      expect(card, mark.ref).not.toBeNull();
      const text = line.text.slice(mark.start, mark.end);
      const value =
        path.endsWith('softnet_stat') || mark.ref.includes('rmem_alloc')
          ? String(Number.parseInt(text, 16))
          : text;
      if (
        card?.value &&
        !mark.ref.includes('affinity') &&
        !mark.ref.includes('stat:intr') &&
        !mark.ref.includes('softirq_total')
      )
        expect(card.value, mark.ref).toBe(value);
    }
  });

  it('says of a setting that is only kept that it is not modelled', () => {
    expect(explainRef(host(), 'tunable:vm.swappiness')?.meaning).toMatch(/nothing in this model/);
    expect(explainRef(host(), 'tunable:net.core.default_qdisc')?.meaning).toMatch(/not modelled/);
  });

  it('gives step, context and source of what the path reads', () => {
    expect(explainRef(host(), 'tunable:net.core.netdev_budget')).toMatchObject({
      value: '300',
      step: 'IN-08',
      context: 'softirq',
      source: 'net/core/dev.c:net_rx_action',
    });
    expect(explainRef(host(), 'counter:ethtool:igb:rx_queue_N_drops@eth0:2')).toMatchObject({
      name: 'rx_queue_N_drops, eth0:2',
      value: '0',
      step: 'IN-03',
      context: 'hw',
    });
  });

  it('knows no number that no registry lists', () => {
    expect(explainRef(host(), 'counter:nonsense@eth0')).toBeNull();
    expect(explainRef(host(), 'tunable:net.core.nosuch')).toBeNull();
    expect(explainRef(host(), 'rubbish')).toBeNull();
  });
});
