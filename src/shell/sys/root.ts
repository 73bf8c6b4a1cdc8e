/// /sys: network devices, their PCI functions, their clocks, CPUs and NUMA nodes.
/// Left out: every other class, bus and device.
import type { Kernel, NetDevice } from '../../kernel/state.ts';
import { dir, link, type DirNode, type Entry } from '../nodes.ts';
import { modules } from '../proc/cpuinfo.ts';
import { classNet, netDevice } from './class_net.ts';
import { cpus } from './cpu.ts';
import { deviceEntries } from './devices.ts';
import { nodes } from './node.ts';
import { pciDirectory } from './pci.ts';
import { classPtp } from './ptp.ts';

/// The directories of /sys/devices that lead to the devices, as nested entries.
function devices(k: Kernel): Record<string, Entry> {
  const roots: Record<string, Entry> = {};
  for (const dev of k.devs) {
    const { parents } = deviceEntries(k, dev);
    const [root = '', ...ports] = parents;
    if (dev.path < 0) roots['virtual'] = () => dir({ net: virtualDevices(k) }, 0o755);
    else roots[root] = () => branch(k, dev, ports);
  }
  return roots;
}

/// Devices without hardware: lo, and those that an administrator has made.
function virtualDevices(k: Kernel): DirNode {
  const made = k.devs.filter((dev) => dev.path < 0);
  return dir(Object.fromEntries(made.map((dev) => [dev.name, () => netDevice(k, dev)])), 0o755);
}

function branch(k: Kernel, dev: NetDevice, ports: readonly string[]): DirNode {
  const [port, ...rest] = ports;
  if (port !== undefined) return dir({ [port]: () => branch(k, dev, rest) }, 0o755);
  const own = dev.pci.includes(':') ? pciDirectory : platformDirectory;
  return dir({ [dev.pci]: () => own(k, dev) }, 0o755);
}

/// What a device of the platform has beside its network device is left out.
function platformDirectory(k: Kernel, dev: NetDevice): DirNode {
  return dir({ net: dir({ [dev.name]: () => netDevice(k, dev) }, 0o755) }, 0o755);
}

function pciLinks(k: Kernel): Record<string, Entry> {
  const links: Record<string, Entry> = {};
  for (const dev of k.devs) {
    const { parents, pci } = deviceEntries(k, dev);
    if (pci.includes(':')) links[pci] = link(`../../../devices/${parents.join('/')}/${pci}`);
  }
  return links;
}

export function sys(k: Kernel): DirNode {
  return dir({
    bus: () => dir({ pci: dir({ devices: dir(pciLinks(k)) }) }),
    class: () => dir({ net: () => classNet(k), ptp: () => classPtp(k) }),
    devices: () =>
      dir({
        ...devices(k),
        system: () => dir({ cpu: () => cpus(k), node: () => nodes(k) }, 0o755),
      }),
    module: () => dir(Object.fromEntries(modules(k).map(({ name }) => [name, dir({}, 0o755)]))),
  });
}
