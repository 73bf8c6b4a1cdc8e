/// /sys/devices/system/cpu: which CPUs there are and their place in the machine.
/// Stands for drivers/base/cpu.c and drivers/base/topology.c.
/// Left out: caches, frequencies, vulnerabilities, idle states.
import { maskOf, printList, printMask } from '../../kernel/cpumask.ts';
import { offlineCpu, onlineCpu } from '../../kernel/cpu_hotplug.ts';
import { fails, type Result } from '../../kernel/errno.ts';
import type { Cpu, Kernel } from '../../kernel/state.ts';
import { attribute, dir, type DirNode, type Entry } from '../nodes.ts';
import { placeOf } from '../proc/cpuinfo.ts';

function listOf(k: Kernel, cpus: readonly number[]): string {
  return printList(maskOf(cpus, k.desc.cpus));
}

/// online_store(): 0 or 1, and n y off on, as kstrtobool() reads them.
function setOnline(k: Kernel, cpu: Cpu, text: string): Result {
  const on = /^([1yYtT]|[oO][nN])/.test(text);
  const off = /^([0nNfF]|[oO][fF])/.test(text);
  if (!on && !off) return fails('EINVAL');
  return on ? onlineCpu(k, cpu) : offlineCpu(k, cpu);
}

function topology(k: Kernel, cpu: Cpu): DirNode {
  const place = placeOf(k, cpu);
  const entries: Record<string, Entry> = {};
  const mask = (name: string, cpus: readonly number[]) => {
    entries[name] = attribute(() => printMask(maskOf(cpus, k.desc.cpus), k.desc.cpus));
    entries[`${name}_list`] = attribute(() => listOf(k, cpus));
  };
  for (const name of ['cluster_cpus', 'core_cpus', 'thread_siblings']) mask(name, [cpu.id]);
  for (const name of ['core_siblings', 'die_cpus', 'package_cpus']) mask(name, place.siblings);
  entries['cluster_id'] = attribute(() => cpu.id);
  entries['core_id'] = attribute(() => place.core);
  entries['die_id'] = attribute(() => place.socket);
  entries['physical_package_id'] = attribute(() => place.socket);
  return dir(entries, 0o755);
}

function cpuDirectory(k: Kernel, cpu: Cpu): DirNode {
  // The boot CPU has no such file: it cannot be taken down (CONFIG_BOOTPARAM_HOTPLUG_CPU0 is gone).
  const online: Record<string, Entry> =
    cpu.id === 0
      ? {}
      : {
          online: attribute(() => (cpu.online ? 1 : 0), {
            write: (text) => setOnline(k, cpu, text),
          }),
        };
  const here: Record<string, Entry> = cpu.online ? { topology: () => topology(k, cpu) } : {};
  return dir({ ...online, ...here }, 0o755);
}

export function cpus(k: Kernel): DirNode {
  const all = k.cpus.map((cpu) => cpu.id);
  const online = k.cpus.filter((cpu) => cpu.online).map((cpu) => cpu.id);
  const offline = k.cpus.filter((cpu) => !cpu.online).map((cpu) => cpu.id);
  const entries: Record<string, Entry> = {};
  for (const cpu of k.cpus) entries[`cpu${cpu.id}`] = () => cpuDirectory(k, cpu);
  return dir(
    {
      ...entries,
      crash_hotplug: attribute(() => 0),
      enabled: attribute(() => listOf(k, all)),
      isolated: attribute(() => ''),
      kernel_max: attribute(() => 8191),
      nohz_full: attribute(() => '(null)'.padStart(k.desc.cpus)),
      offline: attribute(() => listOf(k, offline)),
      online: attribute(() => listOf(k, online)),
      possible: attribute(() => listOf(k, all)),
      present: attribute(() => listOf(k, all)),
      uevent: attribute(() => [], { mode: 0o644 }),
    },
    0o755,
  );
}
