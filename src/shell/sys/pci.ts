/// The directory of a NIC's PCI function, and of the virtio device below it.
/// Stands for drivers/pci/pci-sysfs.c, drivers/pci/msi/msi.c and drivers/virtio/virtio.c.
/// Left out: configuration space, resources, power states, virtual functions; writing to any of them.
import { cpusIn, maskOf, printList, printMask } from '../../kernel/cpumask.ts';
import type { NicDescription } from '../../kernel/host.ts';
import type { Kernel, NetDevice } from '../../kernel/state.ts';
import { attribute, dir, link, plain, trigger, type DirNode, type Entry } from '../nodes.ts';
import { netDevice } from './class_net.ts';
import { deviceEntries } from './devices.ts';

/// What the functions of the recorded machines say of themselves.
interface PciFunction {
  readonly vendor: string;
  readonly device: string;
  readonly revision: string;
  readonly subsystem: readonly [vendor: string, device: string];
  readonly driver: string;
  readonly has?: PciCapabilities; // absent: a function that shows none of these files
}

/// Files that only some functions have.
interface PciCapabilities {
  readonly aer: boolean; // advanced error reporting
  readonly ari: number; // ari_enabled
  readonly express: boolean; // a PCI Express link
  readonly resets: string; // reset_method; '' none, and no file `reset`
  readonly dmaBits: number;
  readonly d3cold: number;
  readonly sriov: boolean; // virtual functions
}

const functions: Readonly<Record<string, PciFunction>> = {
  igb: {
    vendor: '8086',
    device: '10c9',
    revision: '01',
    subsystem: ['1af4', '1100'],
    driver: 'igb',
    has: {
      ...{ aer: true, ari: 1, express: true, resets: 'flr pm bus' },
      ...{ dmaBits: 64, d3cold: 1, sriov: true },
    },
  },
  vmxnet3: {
    vendor: '15ad',
    device: '07b0',
    revision: '01',
    subsystem: ['15ad', '07b0'],
    driver: 'vmxnet3',
    has: {
      ...{ aer: false, ari: 0, express: true, resets: 'bus' },
      ...{ dmaBits: 64, d3cold: 0, sriov: false },
    },
  },
  e1000e: {
    vendor: '8086',
    device: '10d3',
    revision: '00',
    subsystem: ['8086', '0000'],
    driver: 'e1000e',
    has: {
      ...{ aer: true, ari: 0, express: true, resets: 'pm bus' },
      ...{ dmaBits: 64, d3cold: 1, sriov: false },
    },
  },
  e1000: {
    vendor: '8086',
    device: '100e',
    revision: '03',
    subsystem: ['1af4', '1100'],
    driver: 'e1000',
    has: {
      ...{ aer: false, ari: 0, express: false, resets: '' },
      ...{ dmaBits: 32, d3cold: 0, sriov: false },
    },
  },
  // Not recorded: the identities that the drivers look for, without a card maker's.
  ixgbe: plainFunction('8086', '10fb', 'ixgbe'),
  ice: plainFunction('8086', '159b', 'ice'),
  mlx5_core: plainFunction('15b3', '1017', 'mlx5_core'),
  ena: plainFunction('1d0f', 'ec20', 'ena'),
  i82596: plainFunction('8086', '1226', 'i82596'),
  virtio_net: {
    vendor: '1af4',
    device: '1041',
    revision: '01',
    subsystem: ['1af4', '1100'],
    driver: 'virtio-pci',
  },
};

function plainFunction(vendor: string, device: string, driver: string): PciFunction {
  return { vendor, device, revision: '00', subsystem: [vendor, device], driver };
}

/// What the PCI function of a NIC is.
export function pciFunction(dev: NetDevice): PciFunction {
  const found = functions[dev.driver];
  if (!found) throw new Error(`no PCI function for driver ${dev.driver}`);
  // On the root bus QEMU's virtio-net is transitional, with the legacy identity.
  return dev.driver === 'virtio_net' && dev.pci.startsWith('0000:00:')
    ? { ...found, device: '1000', revision: '00', subsystem: ['1af4', '0001'] }
    : found;
}

/// CPUs of the device's NUMA node; all of them when the platform does not say.
export function localCpus(k: Kernel, dev: NetDevice): number[] {
  const node = k.desc.numa[dev.numa_node] ?? k.desc.numa.flat();
  return maskOf(
    node.filter((cpu) => k.cpus[cpu]?.online),
    k.desc.cpus,
  );
}

const aerErrors =
  'Undefined DLP SDES TLP FCP CmpltTO CmpltAbrt UnxCmplt RxOF MalfTLP ECRC UnsupReq ACSViol UncorrIntErr BlockedTLP AtomicOpBlocked TLPBlockedErr PoisonTLPBlocked DMWrReqBlocked IDECheck MisIDETLP PCRC_CHECK TLPXlatBlocked';
const aerCorrectable = 'RxErr BadTLP BadDLLP Rollover Timeout NonFatalErr CorrIntErr HeaderOF';

/// The model's NICs report no PCI errors: all of these counters stay zero.
function aer(names: string, total: string): Entry {
  const lines = [...names.split(' '), total].map((name) => `${name} 0`).join('\n');
  return attribute(() => plain(lines));
}

function msiIrqs(k: Kernel, dev: NetDevice): DirNode {
  const vectors = k.irqs.filter((irq) => k.devs[irq.dev] === dev);
  return dir(Object.fromEntries(vectors.map((irq) => [irq.irq, attribute(() => 'msix')])), 0o755);
}

function upper(hex: string): string {
  return hex.toUpperCase();
}

/// What a function has beyond a plain one: error counters, its link, virtual functions.
function further(has: PciCapabilities): Record<string, Entry> {
  const fixed = (text: string | number) => attribute(() => text);
  const aerFiles = {
    aer_dev_correctable: aer(aerCorrectable, 'TOTAL_ERR_COR'),
    aer_dev_fatal: aer(aerErrors, 'TOTAL_ERR_FATAL'),
    aer_dev_nonfatal: aer(aerErrors, 'TOTAL_ERR_NONFATAL'),
  };
  const linkFiles = {
    current_link_speed: fixed('2.5 GT/s PCIe'),
    current_link_width: fixed(1),
    max_link_speed: fixed('2.5 GT/s PCIe'),
    max_link_width: fixed(1),
  };
  return {
    ari_enabled: fixed(has.ari),
    ...(has.aer ? aerFiles : {}),
    ...(has.express ? linkFiles : {}),
    ...(has.resets === '' ? {} : { reset_method: unmodelledSetting(has.resets) }),
    ...(has.sriov ? sriovFiles() : {}),
  };
}

function sriovFiles(): Record<string, Entry> {
  const fixed = (text: string | number) => attribute(() => text);
  return {
    sriov_drivers_autoprobe: unmodelledSetting(1),
    sriov_numvfs: unmodelledSetting(0),
    sriov_offset: fixed(128),
    sriov_stride: fixed(2),
    sriov_totalvfs: fixed(7),
    sriov_vf_device: fixed('10ca'),
    sriov_vf_total_msix: fixed(0),
  };
}

/// A setting that can be read and whose change is not modelled.
function unmodelledSetting(text: string | number): Entry {
  return attribute(() => text, {
    mode: 0o644,
    write: () => ({ ok: false, errno: 'ENOTMODELLED' }),
  });
}

export function pciDirectory(k: Kernel, dev: NetDevice): DirNode {
  const card = pciFunction(dev);
  const place = deviceEntries(k, dev);
  const fixed = (text: string | number) => attribute(() => text);
  const ids = [card.vendor, card.device, ...card.subsystem].map(upper);
  const modalias = `pci:v0000${ids[0]}d0000${ids[1]}sv0000${ids[2]}sd0000${ids[3]}bc02sc00i00`;
  const cpus = localCpus(k, dev);
  const line = k.desc.nics.find((nic) => nic.name === dev.name)?.intx;
  const below: Record<string, Entry> =
    place.virtio === ''
      ? { net: () => netDirectory(k, dev) }
      : { [place.virtio]: () => virtioDirectory(k, dev) };
  const up = '../'.repeat(place.parents.length + 2);
  const notModelled = () => ({ ok: false, errno: 'ENOTMODELLED' }) as const;
  return dir(
    {
      ...(card.has ? further(card.has) : {}),
      broken_parity_status: unmodelledSetting(0),
      class: fixed('0x020000'),
      consistent_dma_mask_bits: fixed(card.has?.dmaBits ?? 64),
      d3cold_allowed: unmodelledSetting(card.has?.d3cold ?? 1),
      device: fixed(`0x${card.device}`),
      dma_mask_bits: fixed(card.has?.dmaBits ?? 64),
      driver: link(`${up}bus/pci/drivers/${card.driver}`),
      driver_override: unmodelledSetting('(null)'),
      enable: unmodelledSetting(1),
      irq: fixed(line ?? 11),
      local_cpulist: fixed(printList(cpus)),
      local_cpus: fixed(printMask(cpus, k.desc.cpus)),
      modalias: fixed(modalias),
      msi_bus: unmodelledSetting(1),
      ...(line === undefined ? { msi_irqs: () => msiIrqs(k, dev) } : {}),
      numa_node: unmodelledSetting(dev.numa_node),
      power_state: fixed('D0'),
      remove: trigger(0o220, notModelled),
      rescan: trigger(0o200, notModelled),
      ...(card.has?.resets === '' ? {} : { reset: trigger(0o200, notModelled) }),
      revision: fixed(`0x${card.revision}`),
      subsystem: link(`${up}bus/pci`),
      subsystem_device: fixed(`0x${card.subsystem[1]}`),
      subsystem_vendor: fixed(`0x${card.subsystem[0]}`),
      uevent: attribute(
        () =>
          plain(
            [
              `DRIVER=${card.driver}`,
              'PCI_CLASS=20000',
              `PCI_ID=${ids[0]}:${ids[1]}`,
              `PCI_SUBSYS_ID=${ids[2]}:${ids[3]}`,
              `PCI_SLOT_NAME=${dev.pci}`,
              `MODALIAS=${modalias}`,
            ].join('\n'),
          ),
        { mode: 0o644, write: notModelled },
      ),
      vendor: fixed(`0x${card.vendor}`),
      ...below,
    },
    0o755,
  );
}

function netDirectory(k: Kernel, dev: NetDevice): DirNode {
  return dir({ [dev.name]: () => netDevice(k, dev) }, 0o755);
}

/// Feature bits that host and driver agreed on, lowest first (VIRTIO_NET_F_RSS and hash reports are in the last ones).
const virtioFeatures = ['1110010111111111111101', '100001100100000001000000000000011'] as const;

/// Bit 22 is VIRTIO_NET_F_MQ: more than one queue pair.
function negotiated(nic: NicDescription | undefined): string {
  const [low, high] = virtioFeatures;
  return low + ((nic?.queues ?? 1) > 1 ? '1' : '0') + high + (nic?.rss ? '11001001' : '10000000');
}

function virtioDirectory(k: Kernel, dev: NetDevice): DirNode {
  const nic = k.desc.nics.find((one) => one.name === dev.name);
  const modalias = 'virtio:d00000001v00001AF4';
  return dir(
    {
      device: attribute(() => '0x0001'),
      driver: link(
        `${'../'.repeat(deviceEntries(k, dev).parents.length + 3)}bus/virtio/drivers/virtio_net`,
      ),
      features: attribute(() => negotiated(nic)),
      modalias: attribute(() => modalias),
      net: () => netDirectory(k, dev),
      status: attribute(() => '0x0000000f'),
      uevent: attribute(() => plain(`DRIVER=virtio_net\nMODALIAS=${modalias}`), {
        mode: 0o644,
        write: () => ({ ok: false, errno: 'ENOTMODELLED' }),
      }),
      vendor: attribute(() => '0x1af4'),
    },
    0o755,
  );
}

/// CPUs of a mask as numbers, for tools.
export function localCpuList(k: Kernel, dev: NetDevice): number[] {
  return cpusIn(localCpus(k, dev));
}
