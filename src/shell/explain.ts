/// What a number in an output is, for a reader who points at it: the entry of its registry and its value
/// now.
import { driverOf } from '../hardware/driver.ts';
import { counter } from '../kernel/counters.ts';
import { printMask } from '../kernel/cpumask.ts';
import { dev_get_stats } from '../kernel/dev_stats.ts';
import { contextOf, parseRef, type FieldCard, type Ref } from '../kernel/registry.ts';
import type { Kernel, NetDevice } from '../kernel/state.ts';
import { readSysctl } from '../kernel/sysctl.ts';
import { tunable } from '../kernel/tunables.ts';
import { architectureRows, interruptRows } from './proc/interrupts.ts';
import { netDevColumns } from './proc/net_dev.ts';
import { mibValue } from './proc/snmp.ts';
import { softirqRows } from './proc/softirqs.ts';
import { softnetColumns, softnetRow } from './proc/softnet_stat.ts';
import { cpuTimeNames, cpuTimes } from './proc/stat.ts';

/// The card for a mark's ref; null when the registries do not know it.
export function explainRef(k: Kernel, text: string): FieldCard | null {
  const ref = parseRef(text);
  if (!ref) return null;
  return ref.registry === 'tunable' ? tunableCard(k, ref) : counterCard(k, ref);
}

function title(ref: Ref, id: string): string {
  const name = id.slice(id.lastIndexOf(':') + 1);
  return ref.where === '' ? name : `${name}, ${ref.where}`;
}

function tunableCard(k: Kernel, ref: Ref): FieldCard | null {
  const entry = tunable(ref.id);
  if (!entry) return null;
  const kept = entry.acts === null ? ' Kept and shown, not modelled.' : '';
  return {
    name: title(ref, ref.id),
    meaning: entry.meaning.includes('nothing in this model') ? entry.meaning : entry.meaning + kept,
    unit: entry.unit,
    value: tunableValue(k, ref),
    step: entry.step,
    context: contextOf(entry.step),
    moved_by: entry.set,
    also_in: `default ${entry.default}; accepts ${entry.range}`,
    if_it_grows: '',
    source: entry.source,
  };
}

function counterCard(k: Kernel, ref: Ref): FieldCard | null {
  const entry = counter(ref.id);
  if (!entry) return null;
  const also = [entry.shown, entry.also_in].filter((text) => text !== '').join('; ');
  return {
    name: title(ref, ref.id),
    meaning: entry.meaning,
    unit: entry.unit,
    value: counterValue(k, ref),
    step: entry.step,
    context: contextOf(entry.step),
    moved_by: entry.moved_by || 'Nothing in this model moves it.',
    also_in: also,
    if_it_grows: entry.if_it_grows,
    source: entry.source,
  };
}

function deviceOf(k: Kernel, where: string): NetDevice | undefined {
  const name = where.split(/[/:]/, 1)[0];
  return k.devs.find((dev) => dev.name === name);
}

/// The queue or CPU number at the end of a place: eth0/rx-3, eth0:3, cpu3, irq33.
function numberIn(where: string): number {
  return Number(/(\d+)$/.exec(where)?.[1] ?? -1);
}

function shown(value: number | string | boolean | undefined): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return value === undefined ? '' : String(value);
}

function tunableValue(k: Kernel, { id, where }: Ref): string {
  const [group, kind, name = ''] = id.split(':');
  const dev = deviceOf(k, where);
  if (group === 'proc') {
    const irq = k.irqs.find((each) => each.irq === numberIn(where));
    return irq ? printMask(irq.affinity, k.desc.cpus) : '';
  }
  if (group === 'sysfs' && dev) return sysfsValue(k, dev, kind ?? '', where);
  if (group === 'link' && dev) return linkValue(dev, kind ?? '');
  if (group === 'ethtool' && dev) return ethtoolValue(dev, kind ?? '', name);
  const own = id.replace('.*.', `.${where}.`);
  const value = readSysctl(k, own);
  return typeof value === 'string' ? '' : value.value.replace(/\t/g, ' ');
}

function sysfsValue(k: Kernel, dev: NetDevice, name: string, where: string): string {
  const rx = dev.rx[numberIn(where)];
  const tx = dev.tx[numberIn(where)];
  if (name === 'rps_cpus') return rx ? printMask(rx.rps_cpus, k.desc.cpus) : '';
  if (name === 'rps_flow_cnt') return shown(rx?.rps_flow_cnt);
  if (name === 'xps_cpus') return tx ? printMask(tx.xps_cpus, k.desc.cpus) : '';
  if (name === 'threaded') return dev.threaded ? '1' : '0';
  if (name === 'gro_flush_timeout') return shown(dev.gro_flush_timeout);
  return name === 'napi_defer_hard_irqs' ? shown(dev.napi_defer_hard_irqs) : '';
}

function linkValue(dev: NetDevice, name: string): string {
  if (name === 'mtu') return shown(dev.mtu);
  if (name === 'txqueuelen') return shown(dev.txqueuelen);
  return name === 'promisc' ? shown(dev.promisc > 0) : '';
}

function ethtoolValue(dev: NetDevice, kind: string, name: string): string {
  switch (kind) {
    case 'ring':
      return shown(name === 'rx' ? dev.ring.rx : dev.ring.tx);
    case 'coalesce':
      return shown(driverOf(dev).coalesce?.show(dev)[name]);
    case 'feature':
      return shown(dev.features[name]);
    case 'channels':
      return shown(dev.rx.length);
    case 'pause':
      return shown(name === 'rx' ? dev.pause.rx : name === 'tx' ? dev.pause.tx : dev.pause.autoneg);
    default:
      return '';
  }
}

function counterValue(k: Kernel, { id, where }: Ref): string {
  const [group = '', name = ''] = id.split(':');
  const cpu = where.startsWith('cpu') ? numberIn(where) : -1;
  switch (group) {
    case 'softnet_stat': {
      const row = k.cpus[cpu];
      return shown(row && softnetRow(row)[softnetColumns.indexOf(name as 'dropped')]);
    }
    case 'softirqs':
      return perCpu(softirqRows(k).find((row) => row.name === name)?.counts, cpu);
    case 'interrupts':
      return perCpu(
        [...interruptRows(k), ...architectureRows(k)].find((row) => row.label === name)?.counts,
        cpu,
      );
    case 'stat':
      return statValue(k, name, cpu);
    case 'sock':
      return sockValue(k, name, Number(where));
    case 'sockstat':
      return shown(name === 'tcp_mem' ? k.tcp_memory_allocated : k.udp_memory_allocated);
    case 'link':
    case 'net_dev':
    case 'ethtool':
      return deviceValue(k, id, where);
    default:
      return /^[A-Z]/.test(id) ? shown(mibValue(k, id)) : '';
  }
}

/// One CPU's number, or the sum of all when no CPU is named.
function perCpu(counts: readonly number[] | undefined, cpu: number): string {
  if (!counts) return '';
  return shown(cpu < 0 ? counts.reduce((sum, count) => sum + count, 0) : counts[cpu]);
}

function statValue(k: Kernel, name: string, cpu: number): string {
  const kind = cpuTimeNames.indexOf(name as 'user');
  if (kind < 0) return '';
  const cpus = cpu < 0 ? k.cpus.filter((each) => each.online) : k.cpus.slice(cpu, cpu + 1);
  const ns = cpus.reduce((sum, each) => sum + (cpuTimes(k, each)[kind] ?? 0), 0);
  return shown(Math.floor(ns / 10_000_000));
}

function sockValue(k: Kernel, name: string, ino: number): string {
  const sock = k.socks.find((each) => each.ino === ino);
  switch (name) {
    case 'drops':
      return shown(sock?.drops);
    case 'ack_backlog':
      return shown(sock?.listen?.accept_queue.length);
    case 'max_ack_backlog':
      return shown(sock?.listen?.max_ack_backlog);
    case 'rcv_unread':
      return sock?.tcp ? shown((sock.tcp.rcv_nxt - sock.tcp.copied_seq) | 0) : '';
    default:
      return shown(sock?.rmem_alloc);
  }
}

function deviceValue(k: Kernel, id: string, where: string): string {
  const dev = deviceOf(k, where);
  if (!dev) return '';
  const [group, name = '', stat = ''] = id.split(':');
  if (group === 'ethtool') {
    const queue = where.includes(':') ? numberIn(where) : -1;
    const own = driverOf(dev).statistics(dev);
    return shown(own?.find((each) => each.id === stat && each.queue === queue)?.value);
  }
  if (name === 'carrier_changes') return shown(dev.carrier_changes);
  if (group === 'net_dev')
    return shown(netDevColumns(k, dev).find(([column]) => column === name)?.[2]);
  const stats: Readonly<Record<string, number>> = { ...dev_get_stats(k, dev) };
  return shown(stats[name]);
}
