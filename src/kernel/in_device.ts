/// The IPv4 settings of a device (struct in_device): net.ipv4.conf.NAME.*, some of them together with
/// net.ipv4.conf.all.*. Stands for the IN_DEV_* macros of include/linux/inetdevice.h.
/// The path asks them only where a route is looked up anew or a packet is special.
import type { Kernel, NetDevice } from './state.ts';

/// The device's own value: IN_DEV_CONF_GET.
export function devConf(k: Kernel, dev: NetDevice, name: string): number {
  return Number(k.sysctl[`net.ipv4.conf.${dev.name.replaceAll('.', '/')}.${name}`] ?? 0);
}

export function allConf(k: Kernel, name: string): number {
  return Number(k.sysctl[`net.ipv4.conf.all.${name}`] ?? 0);
}

/// On for the device or for all: IN_DEV_ORCONF.
export function devConfOr(k: Kernel, dev: NetDevice, name: string): boolean {
  return allConf(k, name) !== 0 || devConf(k, dev, name) !== 0;
}

/// On for the device and for all: IN_DEV_ANDCONF.
export function devConfAnd(k: Kernel, dev: NetDevice, name: string): boolean {
  return allConf(k, name) !== 0 && devConf(k, dev, name) !== 0;
}

/// The larger of the two: IN_DEV_MAXCONF.
export function devConfMax(k: Kernel, dev: NetDevice, name: string): number {
  return Math.max(allConf(k, name), devConf(k, dev, name));
}
