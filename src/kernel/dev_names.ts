/// What a device is called, and whether it takes every multicast frame. Stands for dev_change_name(),
/// dev_set_alias() and dev_set_allmulti() in net/core/dev.c.
/// Left out: alternative names, patterns such as eth%d, and multicast traffic itself.
import { done, fails, type Result } from './errno.ts';
import { printk } from './printk.ts';
import type { Kernel, NetDevice } from './state.ts';

const IFNAMSIZ = 16;
const IFALIASZ = 256;

/// Renames a device, also while it is up. Its interrupts keep the names they were requested with.
export function dev_change_name(k: Kernel, dev: NetDevice, name: string): Result {
  if (name === dev.name) return done;
  if (!name || name.length >= IFNAMSIZ || /[/:\s]/.test(name)) return fails('EINVAL');
  if (k.devs.some((one) => one.name === name)) return fails('EEXIST');
  const who = dev.path < 0 ? name : `${dev.driver} ${dev.pci} ${name}`;
  printk(k, `${who}: renamed from ${dev.name}${dev.up ? ' (while UP)' : ''}`);
  dev.name = name;
  k.config_version++;
  return done;
}

/// Gives a device a description; an empty one takes it away.
export function dev_set_alias(k: Kernel, dev: NetDevice, alias: string): Result {
  if (alias.length >= IFALIASZ) return fails('EINVAL');
  dev.alias = alias;
  k.config_version++;
  return done;
}

/// One user more or fewer of all-multicast mode.
export function dev_set_allmulti(k: Kernel, dev: NetDevice, change: 1 | -1): Result {
  dev.allmulti = Math.max(0, dev.allmulti + change);
  k.config_version++;
  return done;
}
