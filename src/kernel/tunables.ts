/// The registry of tunables: every sysctl, ethtool setting and file that the host takes a value from.
/// `acts` is the step of the path that the model lets it act on; null means that a write is checked
/// and kept as the kernel does it, and shown again, and that nothing else happens here.
import { answerTunables } from './tunables_answers.ts';
import { conntrackTunables } from './tunables_conntrack.ts';
import { deviceTunables } from './tunables_device.ts';
import { listenTunables } from './tunables_listen.ts';
import { xdpTunables } from './tunables_xdp.ts';
import { tapTunables } from './tunables_taps.ts';
import { tcpTunables } from './tunables_tcp.ts';
import type { Tunable, TunableRow } from './tunables_entry.ts';
import { ipTunables } from './tunables_ip.ts';
import { ipv6Tunables } from './tunables_ipv6.ts';
import { netTunables } from './tunables_net.ts';
import { nicTunables } from './tunables_nic.ts';
import { genericSysctl, sysctlEntry, undotted, type SysctlEntry } from './sysctl_table.ts';

export type { Tunable } from './tunables_entry.ts';

function complete(row: TunableRow): Tunable {
  const { stored, ...rest } = row;
  const acts = stored || row.step === '' ? null : row.step;
  return { ...rest, set: row.set ?? `sysctl -w ${row.id}=VALUE`, acts };
}

const described = new Map<string, Tunable>(
  [
    ...netTunables,
    ...ipTunables,
    ...ipv6Tunables,
    ...deviceTunables,
    ...nicTunables,
    ...listenTunables,
    ...tcpTunables,
    ...answerTunables,
    ...tapTunables,
    ...conntrackTunables,
    ...xdpTunables,
  ].map((row) => [row.id, complete(row)]),
);

/// The tunables with an explanation of their own, in the order of the path.
export function tunables(): Tunable[] {
  return [...described.values()];
}

/// The tunable of that id, or null. Every sysctl of the host is one.
export function tunable(id: string): Tunable | null {
  const found = described.get(id) ?? described.get(genericName(id)) ?? described.get(colons(id));
  if (found) return found;
  const setting = ethtoolSetting(colons(id));
  if (setting) return setting;
  const generic = genericName(id);
  const entry = sysctlEntry(undotted(id)) ?? sysctlEntry(undotted(id.replace('.*.', '.default.')));
  return entry ? storedSysctl(generic, entry) : null;
}

/// ethtool.ring.rx is ethtool:ring:rx written with dots.
function colons(id: string): string {
  return /^(ethtool|sysfs|proc|link)\./.test(id) ? id.replace(/\./g, ':') : id;
}

/// The ethtool settings without a row of their own: every feature and coalescing parameter that a driver has.
function ethtoolSetting(id: string): Tunable | null {
  const [, group, name] = /^ethtool:(feature|coalesce|pause):(.+)$/.exec(id) ?? [];
  if (group === undefined || name === undefined) return null;
  const option = { feature: '-K', coalesce: '-C', pause: '-A' }[group] ?? '';
  return {
    id,
    set: `ethtool ${option} DEV ${name} VALUE`,
    meaning: `Setting ${name} of the driver. Checked and kept as the driver does it; nothing in this model acts on it.`,
    unit: group === 'coalesce' ? 'as ethtool -c says' : 'on or off',
    default: "the driver's",
    range: 'what the driver accepts',
    step: '',
    acts: null,
    source: 'net/ethtool/netlink.c',
  };
}

function genericName(id: string): string {
  return undotted(genericSysctl(undotted(id)));
}

function storedSysctl(id: string, entry: SysctlEntry): Tunable {
  return {
    id,
    set: entry.mode & 0o200 ? `sysctl -w ${id}=VALUE` : 'read only',
    meaning: 'Kept and shown as the kernel does it; nothing in this model acts on it.',
    unit: units[entry.handler] ?? '',
    default: entry.initial.replace(/\t/g, ' '),
    range: rangeOf(entry),
    step: '',
    acts: null,
    source: sourceOf(id),
  };
}

const units: Readonly<Record<string, string>> = { j: 's', J: 'ms', h: '10 ms' };

/// What the handler of a sysctl accepts, in words.
export function rangeOf({ handler, min, max }: SysctlEntry): string {
  const bounds: Readonly<Record<string, readonly [string, string]>> = {
    i: ['-2147483648', '2147483647'],
    u: ['0', '4294967295'],
    b: ['0', '255'],
    l: ['0', '18446744073709551615'],
    j: ['-8589934', '8589934'],
    J: ['0', '2147483647'],
    h: ['-2147483648', '2147483647'],
  };
  const [low, high] = bounds[handler] ?? [];
  if (low === undefined || high === undefined) return handler === 's' ? 'text' : `see ${handler}`;
  return `${min ?? low} to ${max ?? high}`;
}

const files: readonly (readonly [RegExp, string])[] = [
  [/^net\.core\./, 'net/core/sysctl_net_core.c'],
  [/^net\.ipv4\.conf\./, 'net/ipv4/devinet.c'],
  [/^net\.ipv[46]\.neigh\./, 'net/core/neighbour.c'],
  [/^net\.ipv4\.route\./, 'net/ipv4/route.c'],
  [/^net\.ipv4\./, 'net/ipv4/sysctl_net_ipv4.c'],
  [/^net\.ipv6\.conf\./, 'net/ipv6/addrconf.c'],
  [/^net\.ipv6\.route\./, 'net/ipv6/route.c'],
  [/^net\.ipv6\./, 'net/ipv6/sysctl_net_ipv6.c'],
  [/^net\.mptcp\./, 'net/mptcp/ctrl.c'],
  [/^net\.netfilter\./, 'net/netfilter/nf_log.c'],
  [/^net\.unix\./, 'net/unix/sysctl_net_unix.c'],
];

function sourceOf(id: string): string {
  return files.find(([form]) => form.test(id))?.[1] ?? 'kernel/sysctl.c';
}
