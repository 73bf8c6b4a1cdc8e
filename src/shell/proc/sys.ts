/// /proc/sys: the sysctls as files.
/// Stands for fs/proc/proc_sysctl.c.
import { readSysctl, sysctlMode, dotted, writeSysctl } from '../../kernel/sysctl.ts';
import type { Kernel } from '../../kernel/state.ts';
import {
  failing,
  file,
  marked,
  type DirNode,
  type FileNode,
  type Node,
  type Text,
} from '../nodes.ts';

/// The registry entry of a sysctl: a device's name in it moves to the end, after `@`.
export function sysctlRef(name: string): string {
  const match = /^(net\.ipv[46]\.(?:conf|neigh))\.([^.]+)\.(.+)$/.exec(name);
  return match ? `tunable:${match[1]}.*.${match[3]}@${match[2]}` : `tunable:${name}`;
}

function text(k: Kernel, name: string): Text {
  const found = readSysctl(k, name);
  if (typeof found === 'string') return failing(found);
  // A string sysctl that is empty gives a lone newline; a vector of no numbers nothing at all.
  if (found.value === '') return name === 'net.ipv4.ip_local_reserved_ports' ? '' : [];
  return marked(found.value, sysctlRef(name));
}

function sysctlFile(k: Kernel, name: string, mode: number): FileNode {
  return file(() => text(k, name), { mode, write: (written) => writeSysctl(k, name, written) });
}

// The directories by their dotted names. Which there are depends on the devices' names alone, and
// walking a path asks at every step, so they are worked out once for a host and its names.
const known = new WeakMap<object, { devices: string; names: ReadonlySet<string> }>();

function directories(k: Kernel): ReadonlySet<string> {
  const devices = k.devs.map((dev) => dev.name).join();
  const before = known.get(k.sysctl);
  if (before?.devices === devices) return before.names;
  const names = new Set<string>();
  for (const name of Object.keys(k.sysctl))
    for (let dot = name.indexOf('.'); dot > 0; dot = name.indexOf('.', dot + 1))
      names.add(name.slice(0, dot));
  known.set(k.sysctl, { devices, names });
  return names;
}

/// The directory of all sysctls whose path below /proc/sys starts with these words.
function directory(k: Kernel, path: string): DirNode {
  const prefix = path === '' ? '' : `${dotted(path)}.`;
  const names = () => {
    const found = new Set<string>();
    for (const name of Object.keys(k.sysctl))
      if (name.startsWith(prefix)) found.add(dotted(name.slice(prefix.length)).split('/')[0] ?? '');
    return [...found].sort();
  };
  return {
    kind: 'dir',
    mode: 0o555,
    names,
    child(name): Node | null {
      const full = path === '' ? name : `${path}/${name}`;
      const own = dotted(full);
      const mode = k.sysctl[own] === undefined ? null : sysctlMode(own);
      if (mode !== null) return sysctlFile(k, own, mode);
      return directories(k).has(own) ? directory(k, full) : null;
    },
  };
}

export function sys(k: Kernel): DirNode {
  return directory(k, '');
}
