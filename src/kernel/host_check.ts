/// Whether a host can be what its description says: checked before it boots, so that an impossible machine is refused
/// with a sentence that names the field instead of failing somewhere inside.
import { drivers } from '../hardware/driver.ts';
import { pathAt, pathIndex } from './driver_table.ts';
import { readFault } from './app_options.ts';
import type { AppDescription, HostDescription, NicDescription } from './host.ts';

const MOST_CPUS = 8192; // CONFIG_NR_CPUS of the recorded kernel
const MOST_NODES = 1024; // MAX_NUMNODES

/// Receive queues that a driver can have, by its own limit; a driver that is not here has none of its own.
const MOST_QUEUES: Readonly<Record<string, number>> = {
  igb: 8, // 82576: igb_get_max_rss_queues()
  e1000e: 1,
  e1000: 1,
  i82596: 1,
  macb: 8, // MACB_MAX_QUEUES
  ixgbe: 63, // IXGBE_MAX_FDIR_INDICES
  ice: 256, // BIT(rss_table_entry_width) of an E810
  mlx5_core: 128, // half of MLX5E_MAX_NUM_CHANNELS
  ena: 128, // ENA_MAX_NUM_IO_QUEUES
  vmxnet3: 8, // VMXNET3_DEVICE_MAX_RX_QUEUES of the version modelled
};

/// Throws an Error with a sentence about the first field that makes the host impossible.
export function checkHost(desc: HostDescription): void {
  const wrong =
    cpuFault(desc) ?? nodeFault(desc) ?? numberFault(desc) ?? nicsFault(desc) ?? appsFault(desc);
  if (wrong !== null) throw new Error(`host '${desc.profile}': ${wrong}`);
}

function isCount(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= most;
}

function cpuFault({ cpus, busier_cpus = [] }: HostDescription): string | null {
  if (!isCount(cpus, MOST_CPUS)) return `cpus: ${cpus} is not between 1 and ${MOST_CPUS}`;
  const odd = busier_cpus.find((cpu) => !isCpu(cpu, cpus));
  return odd === undefined ? null : `busier_cpus: there is no CPU ${odd} among ${cpus}`;
}

function isCpu(cpu: number, cpus: number): boolean {
  return Number.isInteger(cpu) && cpu >= 0 && cpu < cpus;
}

/// Every CPU lies in exactly one node.
function nodeFault({ numa, cpus }: HostDescription): string | null {
  if (!isCount(numa.length, MOST_NODES))
    return `numa: ${numa.length} nodes are not between 1 and ${MOST_NODES}`;
  const nodes = new Map<number, number>();
  for (const [node, members] of numa.entries())
    for (const cpu of members) {
      if (!isCpu(cpu, cpus)) return `numa: node ${node} has CPU ${cpu}, but there are ${cpus}`;
      const other = nodes.get(cpu);
      if (other !== undefined) return `numa: CPU ${cpu} is in node ${other} and in node ${node}`;
      nodes.set(cpu, node);
    }
  for (let cpu = 0; cpu < cpus; cpu++) if (!nodes.has(cpu)) return `numa: CPU ${cpu} is in no node`;
  return null;
}

function numberFault(desc: HostDescription): string | null {
  const { numa, numa_distance, memory_mib, hz, uptime_ns, slowdown } = desc;
  // ACPI: 10 is a node to itself; LOCAL_DISTANCE and the largest value of a SLIT byte but one.
  if (
    numa.length > 1 &&
    !(Number.isInteger(numa_distance) && numa_distance > 10 && numa_distance < 255)
  )
    return `numa_distance: ${numa_distance} is not between 11 and 254`;
  if (!isCount(memory_mib, Number.MAX_SAFE_INTEGER)) return `memory_mib: ${memory_mib} MiB`;
  const pages = desc.buffer_pages;
  if (pages !== undefined && !isCount(pages, memory_mib * 256))
    return `buffer_pages: ${pages} of ${memory_mib} MiB`;
  if (![100, 250, 300, 1000].includes(hz)) return `hz: ${hz} is none of 100, 250, 300 and 1000`;
  if (slowdown !== undefined && !isCount(slowdown, 10_000))
    return `slowdown: ${slowdown} is not between 1 and 10000`;
  if (!(Number.isSafeInteger(uptime_ns) && uptime_ns >= 0)) return `uptime_ns: ${uptime_ns}`;
  return null;
}

function nicsFault(desc: HostDescription): string | null {
  const taken: Record<'name' | 'mac' | 'pci' | 'address', Set<string>> = {
    name: new Set(['lo']),
    mac: new Set(),
    pci: new Set(),
    address: new Set(['127.0.0.1/8']),
  };
  for (const [i, nic] of desc.nics.entries()) {
    const wrong = nicFault(desc, nic);
    if (wrong !== null) return `nics[${i}].${wrong}`;
    for (const field of ['name', 'mac', 'pci', 'address'] as const) {
      if (taken[field].has(nic[field])) return `nics[${i}].${field}: ${nic[field]} is taken`;
      taken[field].add(nic[field]);
    }
  }
  return null;
}

function nicFault(desc: HostDescription, nic: NicDescription): string | null {
  const { name, mac, pci, numa_node, speed_mbps } = nic;
  if (!/^[^\s/:]{1,15}$/.test(name) || name === '.' || name === '..')
    return `name: '${name}' is no name for a device`;
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac)) return `mac: '${mac}' is no MAC address`;
  if (Number.parseInt(mac.slice(0, 2), 16) & 1) return `mac: ${mac} is a group address`;
  if (!/^[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$|^[0-9a-f]+\.[a-z]+$/.test(pci))
    return `pci: '${pci}' is no PCI address`;
  if (!(Number.isInteger(numa_node) && numa_node >= -1 && numa_node < desc.numa.length))
    return `numa_node: there is no node ${numa_node} among ${desc.numa.length}`;
  if (speed_mbps !== -1 && !isCount(speed_mbps, 2 ** 31 - 1)) return `speed_mbps: ${speed_mbps}`;
  return addressFault(nic) ?? driverFault(desc, nic);
}

const OCTETS = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

/// An IPv4 address as a number, or null.
function ipv4(text: string): number | null {
  const octets = OCTETS.exec(text)?.slice(1).map(Number);
  if (!octets || octets.some((octet) => octet > 255)) return null;
  return octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

function addressFault({ address, peer }: NicDescription): string | null {
  const [host = '', bits = ''] = address.split('/');
  const own = ipv4(host);
  if (own === null || !/^\d{1,2}$/.test(bits) || Number(bits) > 32)
    return `address: '${address}' is no IPv4 address with its prefix length`;
  const other = ipv4(peer);
  if (other === null) return `peer: '${peer}' is no IPv4 address`;
  if (other === own) return `peer: ${peer} is the device's own address`;
  const size = 2 ** (32 - Number(bits));
  return Math.floor(own / size) === Math.floor(other / size)
    ? null
    : `peer: ${peer} is not in the network of ${address}`;
}

function driverFault(desc: HostDescription, nic: NicDescription): string | null {
  const { driver, queues } = nic;
  if (!Object.hasOwn(drivers, driver) || driver === 'lo' || pathIndex(driver) < 0)
    return `driver: ${driver} is not modelled`;
  if (!isCount(queues, 4096)) return `queues: ${queues} is not between 1 and 4096`;
  const most = MOST_QUEUES[driver] ?? 4096;
  if (queues > most) return `queues: ${driver} has ${most} at most, not ${queues}`;
  if (queues > desc.cpus)
    return `queues: ${queues} queues for ${desc.cpus} CPUs leave some without one`;
  return lineFault(nic);
}

/// A legacy interrupt has a line of the I/O APIC, above those of the platform's own devices.
function lineFault({ driver, intx }: NicDescription): string | null {
  const legacy = pathAt(pathIndex(driver)).intx ?? false;
  if (legacy === (intx !== undefined)) {
    if (intx === undefined || (Number.isInteger(intx) && intx >= 16 && intx <= 23)) return null;
    return `intx: ${intx} is no line from 16 to 23`;
  }
  return legacy ? `intx: ${driver} needs a line of the I/O APIC` : `intx: ${driver} has MSI-X`;
}

function appsFault({ apps, cpus }: HostDescription): string | null {
  const ports = new Set<number>();
  for (const [i, app] of apps.entries()) {
    const wrong = appFault(app, cpus) ?? readFault(app, cpus);
    if (wrong !== null) return `apps[${i}].${wrong}`;
    if (ports.has(app.port)) return `apps[${i}].port: ${app.port} is taken`;
    ports.add(app.port);
  }
  return null;
}

function appFault(
  { comm, port, cpu, service_ns, rcvbuf }: AppDescription,
  cpus: number,
): string | null {
  if (comm === '' || comm.length > 15) return `comm: '${comm}' is not 1 to 15 characters long`;
  if (!isCount(port, 65535)) return `port: ${port} is not between 1 and 65535`;
  if (cpu !== -1 && !isCpu(cpu, cpus)) return `cpu: there is no CPU ${cpu} among ${cpus}`;
  if (!(Number.isInteger(service_ns) && service_ns >= 0)) return `service_ns: ${service_ns}`;
  return Number.isInteger(rcvbuf) && rcvbuf >= 0 ? null : `rcvbuf: ${rcvbuf}`;
}
