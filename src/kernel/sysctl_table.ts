/// The sysctls of a host: which exist, how the kernel reads what is written to each, their file mode
/// and their value after boot. Parsed from data/sysctls.ts.
/// Stands for the ctl_table arrays that register_net_sysctl_sz() and its kin hang under /proc/sys.
/// Left out: sysctls that modules add which the recorded hosts had not loaded.
import type { HostDescription } from './host.ts';
import { conntrackSysctls } from './data/nf_conntrack_sysctls.ts';
import { sysctls, sysctlsOf } from './data/sysctls.ts';

/// One ctl_table entry.
export interface SysctlEntry {
  readonly handler: string; // how a write is read: i, u, b, l, j, J, h, s, or a handler's own word
  readonly min: bigint | null;
  readonly max: bigint | null;
  readonly mode: number; // permission bits
  readonly initial: string; // value after boot on the host of the table; tabs between the values
  readonly order: number; // place in the table
}

/// What stands for a failing read in the table.
export const unreadable = '!EIO';

const perDevice = /^(net\/ipv[46]\/(?:conf|neigh))\/([^/]+)\/([^/]+)$/;

const entries = new Map<string, SysctlEntry>();
const exceptions = new Map<string, string>();

for (const [directory, lines] of sections(sysctls)) {
  for (const line of lines) {
    const [name = '', kind = '', ...rest] = line.split(' ');
    const path = `${directory}/${name}`;
    if (kind === '=') exceptions.set(path, rest.join(' '));
    else entries.set(path, entry(kind, rest.join(' '), entries.size));
  }
}

// Those of a module are known before it is loaded, but not there.
const ofConntrack = new Set<string>();
for (const [directory, lines] of sections(conntrackSysctls))
  for (const line of lines) {
    const [name = '', kind = '', ...rest] = line.split(' ');
    ofConntrack.add(`${directory}/${name}`);
    entries.set(`${directory}/${name}`, entry(kind, rest.join(' '), entries.size));
  }

/// The sysctls that connection tracking brings with it, by dotted name.
export function conntrackEntries(): Record<string, string> {
  return Object.fromEntries(
    [...ofConntrack].map((path) => [dotted(path), entries.get(path)!.initial]),
  );
}

function entry(kind: string, initial: string, order: number): SysctlEntry {
  const [parse = '', mode = '644'] = kind.split('!');
  const [handler = '', min, max] = parse.split(':');
  const bound = (text: string | undefined) => (text ? BigInt(text) : null);
  return {
    handler,
    min: bound(min),
    max: bound(max),
    mode: Number.parseInt(mode, 8),
    initial,
    order,
  };
}

function sections(text: string): [string, string[]][] {
  const found: [string, string[]][] = [];
  for (const line of text.trim().split('\n')) {
    if (line.startsWith('[')) found.push([line.slice(1, -1), []]);
    else found.at(-1)?.[1].push(line);
  }
  return found;
}

/// The entry of a sysctl by its path below /proc/sys, or null where there is none by that name.
export function sysctlEntry(path: string): SysctlEntry | null {
  const exact = entries.get(path);
  if (exact) return exact;
  const match = perDevice.exec(path);
  return match ? (entries.get(`${match[1]}/*/${match[3]}`) ?? null) : null;
}

/// The table's own name for a path: the device's name replaced by `*`.
export function genericSysctl(path: string): string {
  const match = perDevice.exec(path);
  return match && !entries.has(path) ? `${match[1]}/*/${match[3]}` : path;
}

/// The directories below net/ipv4/conf, net/ipv6/conf and the neigh directories that stand for no
/// device.
function instances(family: string, devices: readonly string[]): string[] {
  return family.endsWith('/conf') ? ['all', 'default', ...devices] : ['default', ...devices];
}

/// The sysctls that a device brings with it, by dotted name. Stands for inetdev_init() and
/// addrconf_add_dev(): a new device copies the values of `default`.
export function sysctlsOfDevice(device: string, mtu: number): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [path, { initial }] of entries) {
    const family = /^(net\/ipv[46]\/(?:conf|neigh))\/\*\/(.+)$/.exec(path);
    if (!family) continue;
    const own = `${family[1]}/${device}/${family[2]}`;
    values[dotted(own)] = exceptions.get(own) ?? initial;
  }
  values[`net.ipv6.conf.${device}.mtu`] = String(mtu);
  return values;
}

/// Every sysctl with its value right after boot on this host, by dotted name.
export function initialSysctls(desc: HostDescription): Record<string, string> {
  const values: Record<string, string> = {};
  const own = new Map(
    (sysctlsOf[desc.profile] ?? '')
      .trim()
      .split('\n')
      .map((line): [string, string] => [
        line.split(' ', 1)[0] ?? '',
        line.slice(line.indexOf(' ') + 1),
      ]),
  );
  for (const [path, { initial }] of entries) {
    if (ofConntrack.has(path)) continue;
    const family = /^(net\/ipv[46]\/(?:conf|neigh))\/\*\/(.+)$/.exec(path);
    if (!family) {
      values[dotted(path)] = own.get(path) ?? initial;
      continue;
    }
    for (const instance of instances(family[1] ?? '', [])) {
      const at = `${family[1]}/${instance}/${family[2]}`;
      values[dotted(at)] = exceptions.get(at) ?? initial;
    }
  }
  Object.assign(values, sysctlsOfDevice('lo', 65536));
  for (const nic of desc.nics) Object.assign(values, sysctlsOfDevice(nic.name, 1500));
  values['kernel.hostname'] = desc.hostname;
  return values;
}

/// The dotted name of a path below /proc/sys. A device's dots become slashes, as sysctl(8) does it.
export function dotted(path: string): string {
  return path.replace(/[./]/g, (sign) => (sign === '/' ? '.' : '/'));
}

/// The path below /proc/sys of a dotted name.
export const undotted = dotted;
