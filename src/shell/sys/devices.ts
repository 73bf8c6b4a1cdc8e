/// Where a network device hangs in /sys/devices: below a PCI function, virtio_net one bus further down, or below a
/// device of the platform.
/// Stands for the device model's tree (drivers/base/core.c).
import type { Kernel, NetDevice } from '../../kernel/state.ts';

/// A device's place below /sys/devices, and the names on the way.
export interface DevicePlace {
  readonly path: string; // pci0000:40/0000:40:00.0/0000:41:00.0/net/eth0
  readonly parents: readonly string[]; // directories above the PCI function
  readonly pci: string; // the PCI function, or the device on the platform bus; '' for lo
  readonly virtio: string; // virtio0; '' where there is no virtio bus
}

/// Where a device hangs. A PCI function behind a root port has the port's bus, one below its own, in its path.
export function deviceEntries(k: Kernel, dev: NetDevice): DevicePlace {
  if (dev.path < 0)
    return { path: `virtual/net/${dev.name}`, parents: ['virtual'], pci: '', virtio: '' };
  if (!dev.pci.includes(':'))
    return {
      ...{ path: `platform/${dev.pci}/net/${dev.name}`, parents: ['platform'], pci: dev.pci },
      virtio: '',
    };
  const [domain = '', bus = ''] = dev.pci.split(':');
  const number = Number.parseInt(bus, 16);
  const hex = (value: number) => value.toString(16).padStart(2, '0');
  const parents =
    number === 0
      ? [`pci${domain}:00`]
      : [`pci${domain}:${hex(number - 1)}`, `${domain}:${hex(number - 1)}:00.0`];
  const virtio = k.desc.nics.find((nic) => nic.name === dev.name)?.bus_name ?? '';
  const path = [...parents, dev.pci, ...(virtio === '' ? [] : [virtio]), 'net', dev.name].join('/');
  return { path, parents, pci: dev.pci, virtio };
}

/// The links inside a network device's directory.
export function linksOf(k: Kernel, dev: NetDevice): { subsystem: string; device: string | null } {
  const { path, pci, virtio } = deviceEntries(k, dev);
  const up = '../'.repeat(path.split('/').length + 1);
  const parent = virtio === '' ? pci : virtio;
  return { subsystem: `${up}class/net`, device: parent === '' ? null : `../../../${parent}` };
}
