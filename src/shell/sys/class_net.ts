/// /sys/class/net/DEV: the attributes of a network device.
/// Stands for net_class_attrs of net/core/net-sysfs.c.
/// Left out: uevents, device groups that act on something.
import { done, fails, type Result } from '../../kernel/errno.ts';
import { dev_change_tx_queue_len, dev_set_mtu, dev_set_threaded } from '../../kernel/dev.ts';
import { dev_set_alias } from '../../kernel/dev_names.ts';
import {
  change_flags,
  change_gro_flush_timeout,
  change_napi_defer_hard_irqs,
  withUnsigned,
} from '../../kernel/net_sysfs.ts';
import type { Kernel, NetDevice } from '../../kernel/state.ts';
import {
  attribute,
  dir,
  failing,
  link,
  marked,
  plain,
  type DirNode,
  type Entry,
  type Text,
} from '../nodes.ts';
import { deviceEntries, linksOf } from './devices.ts';
import { power } from './power.ts';
import { queues } from './queues.ts';
import { statistics } from './statistics.ts';

const IFF_UP = 0x1;
const IFF_BROADCAST = 0x2;
const IFF_LOOPBACK = 0x8;
const IFF_PROMISC = 0x100;
const IFF_ALLMULTI = 0x200;
const IFF_MULTICAST = 0x1000;

/// dev->flags
export function flagsOf(dev: NetDevice): number {
  const kind = dev.driver === '' ? IFF_LOOPBACK : IFF_BROADCAST | IFF_MULTICAST;
  return (
    kind |
    (dev.up ? IFF_UP : 0) |
    (dev.promisc > 0 ? IFF_PROMISC : 0) |
    (dev.allmulti > 0 ? IFF_ALLMULTI : 0)
  );
}

/// RFC 2863 state of the interface, as /sys and ip(8) show it.
export function operstate(dev: NetDevice): 'up' | 'down' | 'unknown' {
  if (dev.driver === '') return dev.up ? 'unknown' : 'down';
  return dev.up && dev.carrier ? 'up' : 'down';
}

/// Speed and duplex can be asked only of a running Ethernet device (speed_show, duplex_show).
function linkSetting(dev: NetDevice, text: string | number): Text {
  return dev.driver === '' || !dev.up ? failing('EINVAL') : text;
}

/// kstrtoul(), then a setter.
function number(read: () => Text, set: (value: number) => Result) {
  return attribute(read, { write: (text) => withUnsigned(text, set) });
}

/// The attributes that a user may change.
function settings(k: Kernel, dev: NetDevice): Record<string, Entry> {
  const at = `@${dev.name}`;
  const stored = (name: string) => `/sys/class/net/${dev.name}/${name}`;
  return {
    carrier: attribute(() => (dev.up ? (dev.carrier ? 1 : 0) : failing('EINVAL')), {
      mode: 0o644,
      write: () => fails('EOPNOTSUPP'),
    }),
    flags: number(
      () => `0x${flagsOf(dev).toString(16)}`,
      (value) => change_flags(k, dev, value),
    ),
    gro_flush_timeout: number(
      () => marked(dev.gro_flush_timeout, `tunable:sysfs:gro_flush_timeout${at}`),
      (value) => change_gro_flush_timeout(k, dev, value),
    ),
    ifalias: attribute(() => (dev.alias === '' ? [] : dev.alias), {
      write: (text) => dev_set_alias(k, dev, text.replace(/\n$/, '')),
    }),
    mtu: number(
      () => marked(dev.mtu, `tunable:link:mtu${at}`),
      (value) => dev_set_mtu(k, dev, value | 0),
    ),
    napi_defer_hard_irqs: number(
      () => marked(dev.napi_defer_hard_irqs, `tunable:sysfs:napi_defer_hard_irqs${at}`),
      (value) => change_napi_defer_hard_irqs(k, dev, value),
    ),
    netdev_group: number(
      () => k.stored[stored('netdev_group')] ?? 0,
      (value) => {
        k.stored[stored('netdev_group')] = String(value | 0);
        k.config_version++;
        return done;
      },
    ),
    proto_down: attribute(() => 0, { mode: 0o644, write: () => fails('EOPNOTSUPP') }),
    threaded: number(
      () => marked(dev.threaded ? 1 : 0, `tunable:sysfs:threaded${at}`),
      (value) => threaded(k, dev, value),
    ),
    tx_queue_len: number(
      () => marked(dev.txqueuelen, `tunable:link:txqueuelen${at}`),
      (value) => dev_change_tx_queue_len(k, dev, value),
    ),
  };
}

/// modify_napi_threaded()
function threaded(k: Kernel, dev: NetDevice, value: number): Result {
  if (dev.driver === '' || value > 1) return fails('EOPNOTSUPP');
  return dev_set_threaded(k, dev, value === 1);
}

/// Everything below /sys/class/net/DEV, in the order of their names.
export function netDevice(k: Kernel, dev: NetDevice): DirNode {
  const lo = dev.driver === '';
  const changes = dev.carrier_changes;
  const links = linksOf(k, dev);
  const entries: Record<string, Entry> = {
    ...settings(k, dev),
    addr_assign_type: attribute(() => 0),
    addr_len: attribute(() => 6),
    address: attribute(() => dev.mac),
    broadcast: attribute(() => (lo ? '00:00:00:00:00:00' : 'ff:ff:ff:ff:ff:ff')),
    carrier_changes: attribute(() => marked(changes, `counter:link:carrier_changes@${dev.name}`)),
    carrier_down_count: attribute(() => Math.ceil(changes / 2)),
    carrier_up_count: attribute(() => Math.floor(changes / 2)),
    dev_id: attribute(() => '0x0'),
    dev_port: attribute(() => 0),
    dormant: attribute(() => (dev.up ? 0 : failing('EINVAL'))),
    duplex: attribute(() => linkSetting(dev, dev.duplex)),
    ifindex: attribute(() => dev.ifindex),
    iflink: attribute(() => k.devs[dev.links.lower]?.ifindex ?? dev.ifindex),
    link_mode: attribute(() => 0),
    name_assign_type: attribute(() => (lo ? 2 : 1)),
    operstate: attribute(() => operstate(dev)),
    phys_port_id: attribute(() => failing('EOPNOTSUPP')),
    phys_port_name: attribute(() => failing('EOPNOTSUPP')),
    phys_switch_id: attribute(() => failing('EOPNOTSUPP')),
    power: () => power(),
    queues: () => queues(k, dev),
    speed: attribute(() => linkSetting(dev, dev.speed_mbps)),
    statistics: () => statistics(k, dev),
    subsystem: link(links.subsystem),
    testing: attribute(() => (dev.up ? 0 : failing('EINVAL'))),
    type: attribute(() => (lo ? 772 : 1)),
    uevent: attribute(() => plain(`INTERFACE=${dev.name}\nIFINDEX=${dev.ifindex}`), {
      mode: 0o644,
      write: () => done,
    }),
  };
  if (links.device !== null) entries['device'] = link(links.device);
  return dir(sorted(entries), 0o755);
}

function sorted(entries: Readonly<Record<string, Entry>>): Record<string, Entry> {
  return Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/// /sys/class/net: a link for each device.
export function classNet(k: Kernel): DirNode {
  return dir(
    Object.fromEntries(
      k.devs.map((dev) => [dev.name, link(`../../devices/${deviceEntries(k, dev).path}`)]),
    ),
    0o755,
  );
}
