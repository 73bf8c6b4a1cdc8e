/// /proc: the list of its files.
/// Left out, and refused with words: buddyinfo, vmstat, zoneinfo.
import type { Kernel } from '../../kernel/state.ts';
import { dir, file, link, plain, type DirNode, type Entry } from '../nodes.ts';
import { cpuinfo, meminfo, procModules } from './cpuinfo.ts';
import { interrupts } from './interrupts.ts';
import { irq } from './irq.ts';
import { constant, net, unmodelled } from './net.ts';
import { platformOf } from './platform.ts';
import { softirqs } from './softirqs.ts';
import { loadavg, stat, uptime } from './stat.ts';
import { sys } from './sys.ts';
import { taskDirectory } from './task.ts';

export function proc(k: Kernel): DirNode {
  const tasks: Record<string, Entry> = {};
  for (const task of k.tasks)
    if (!task.exited && task.pid === task.tgid) tasks[task.pid] = () => taskDirectory(k, task);
  return dir({
    ...tasks,
    buddyinfo: unmodelled(),
    cgroups: constant('/proc/cgroups'),
    cmdline: file(() => platformOf(k).cmdline),
    cpuinfo: isArm(k) ? unmodelled() : file(() => cpuinfo(k)),
    devices: constant('/proc/devices'),
    filesystems: constant('/proc/filesystems'),
    interrupts: file(() => interrupts(k)),
    irq: () => irq(k),
    loadavg: file(() => loadavg(k)),
    meminfo: file(() => meminfo(k)),
    modules: isArm(k) ? unmodelled() : file(() => procModules(k)),
    mounts: link('self/mounts'),
    net: link('self/net'),
    self: () => dir({ mounts: file(() => plain(mounts)), net: () => net(k) }),
    softirqs: file(() => softirqs(k)),
    stat: file(() => stat(k)),
    sys: () => sys(k),
    uptime: file(() => uptime(k)),
    version: isArm(k) ? unmodelled() : constant('/proc/version'),
    vmstat: unmodelled(),
    zoneinfo: unmodelled(),
  });
}

/// What the kernel says of Arm cores and of its own build for them was not recorded.
function isArm(k: Kernel): boolean {
  return k.desc.arch === 'aarch64';
}

const mounts = `dev /dev devtmpfs rw,relatime,size=1006840k,nr_inodes=251710,mode=755,inode64 0 0
/dev/vda / ext4 rw,noatime 0 0
proc /proc proc rw,relatime 0 0
sysfs /sys sysfs rw,relatime 0 0
dev /dev devtmpfs rw,relatime,size=1006840k,nr_inodes=251710,mode=755,inode64 0 0
devpts /dev/pts devpts rw,relatime,gid=5,mode=620,ptmxmode=666 0 0
tmpfs /run tmpfs rw,relatime,inode64 0 0
tmpfs /dev/shm tmpfs rw,relatime,inode64 0 0
tmpfs /tmp tmpfs rw,relatime,inode64 0 0
cgroup2 /sys/fs/cgroup cgroup2 rw,relatime 0 0
bpf /sys/fs/bpf bpf rw,relatime 0 0
debugfs /sys/kernel/debug debugfs rw,relatime 0 0
tracefs /sys/kernel/tracing tracefs rw,relatime 0 0`;
