/// /sys/class/net/DEV/queues: a directory for each receive and transmit queue.
/// Stands for rx_queue_default_attrs and netdev_queue_default_attrs of net/core/net-sysfs.c.
/// Left out: byte queue limits and receive-queue based XPS act on nothing; what is written is kept.
import { parseMask, printMask } from '../../kernel/cpumask.ts';
import { done, fails, type Result } from '../../kernel/errno.ts';
import {
  netif_set_xps_queue,
  readUnsigned,
  store_rps_dev_flow_table_cnt,
  store_rps_map,
} from '../../kernel/net_sysfs.ts';
import type { Kernel, NetDevice, RxQueue, TxQueue } from '../../kernel/state.ts';
import { attribute, dir, failing, marked, type DirNode, type Entry } from '../nodes.ts';

const DQL_MAX_LIMIT = 1879048192; // (UINT_MAX / 2) - DQL_MAX_OBJECT

/// Queues that the device was made with, whether used or not: real ones may be fewer (ethtool -L).
function allocatedQueues(k: Kernel, dev: NetDevice): number {
  return k.desc.nics.find((nic) => nic.name === dev.name)?.queues ?? 1;
}

export function queues(k: Kernel, dev: NetDevice): DirNode {
  const entries: Record<string, Entry> = {};
  // lo has a queue of each kind although no packet waits in one.
  const lo = dev.driver === '';
  const rx = dev.rx.length > 0 || !lo ? dev.rx : [null];
  const tx = dev.tx.length > 0 || !lo ? dev.tx : [null];
  rx.forEach((queue, index) => {
    entries[`rx-${index}`] = () => rxQueue(k, dev, queue, index);
  });
  tx.forEach((queue, index) => {
    entries[`tx-${index}`] = () => txQueue(k, dev, queue, index);
  });
  return dir(entries, 0o755);
}

function path(dev: NetDevice, queue: string, name: string): string {
  return `/sys/class/net/${dev.name}/queues/${queue}/${name}`;
}

function rxQueue(k: Kernel, dev: NetDevice, queue: RxQueue | null, index: number): DirNode {
  const at = `@${dev.name}/rx-${index}`;
  const bits = k.desc.cpus;
  const virtio: Record<string, Entry> = dev.driver === 'virtio_net' ? { virtio_net: dir({}) } : {};
  return dir(
    {
      rps_cpus: attribute(
        () => marked(printMask(queue?.rps_cpus ?? [], bits), `tunable:sysfs:rps_cpus${at}`),
        {
          write: (text) => (queue ? store_rps_map(k, queue, text) : fails('ENOTMODELLED')),
        },
      ),
      rps_flow_cnt: attribute(
        () => marked(queue?.rps_flow_cnt ?? 0, `tunable:sysfs:rps_flow_cnt${at}`),
        {
          write: (text) =>
            queue ? store_rps_dev_flow_table_cnt(k, queue, text) : fails('ENOTMODELLED'),
        },
      ),
      ...virtio,
    },
    0o755,
  );
}

function txQueue(k: Kernel, dev: NetDevice, queue: TxQueue | null, index: number): DirNode {
  const at = `@${dev.name}/tx-${index}`;
  const own = `tx-${index}`;
  const several = allocatedQueues(k, dev) > 1;
  const rxqs = path(dev, own, 'xps_rxqs');
  const width = allocatedQueues(k, dev);
  const limits: Record<string, Entry> =
    dev.driver === '' ? {} : { byte_queue_limits: () => byteQueueLimits(k, dev, own) };
  return dir(
    {
      ...limits,
      traffic_class: attribute(() => (several ? 0 : failing('ENOENT'))),
      tx_maxrate: attribute(() => 0, { mode: 0o644, write: () => fails('EOPNOTSUPP') }),
      tx_timeout: attribute(() => 0),
      xps_cpus: attribute(
        () =>
          several
            ? marked(printMask(queue?.xps_cpus ?? [], k.desc.cpus), `tunable:sysfs:xps_cpus${at}`)
            : failing('ENOENT'),
        {
          mode: 0o644,
          write: (text) =>
            several && queue ? netif_set_xps_queue(k, dev, index, text) : fails('ENOENT'),
        },
      ),
      xps_rxqs: attribute(() => k.stored[rxqs] ?? printMask([], width), {
        write: (text) => storeMask(k, rxqs, text, width),
      }),
    },
    0o755,
  );
}

function storeMask(k: Kernel, at: string, text: string, bits: number): Result {
  const mask = parseMask(text, bits);
  if (typeof mask === 'string') return fails(mask);
  return store(k, at, printMask(mask, bits));
}

function store(k: Kernel, at: string, value: string): Result {
  k.stored[at] = value;
  k.config_version++;
  return done;
}

/// bql_set(): a number of bytes, or `max`.
function byteQueueLimits(k: Kernel, dev: NetDevice, queue: string): DirNode {
  const at = (name: string) => path(dev, queue, `byte_queue_limits/${name}`);
  const limit = (name: string, initial: number) =>
    attribute(() => k.stored[at(name)] ?? initial, {
      write(text) {
        if (/^max\n?$/.test(text)) return store(k, at(name), String(DQL_MAX_LIMIT));
        const number = readUnsigned(text, 4294967295n, 10);
        if (typeof number === 'string') return fails(number);
        if (number.value > DQL_MAX_LIMIT) return fails('EINVAL');
        return store(k, at(name), String(number.value));
      },
    });
  const milliseconds = (name: string, initial: number) =>
    attribute(() => k.stored[at(name)] ?? initial, {
      write(text) {
        const number = readUnsigned(text, 4294967295n, 10);
        if (typeof number === 'string') return fails(number);
        const tick = 1000 / k.desc.hz;
        const jiffies = Math.ceil(number.value / tick);
        if (name === 'stall_thrs' && jiffies > 0 && (jiffies < 4 || jiffies > 128))
          return fails('ERANGE');
        return store(k, at(name), String(jiffies * tick));
      },
    });
  return dir(
    {
      hold_time: milliseconds('hold_time', 1000),
      inflight: attribute(() => 0),
      limit: limit('limit', 0),
      limit_max: limit('limit_max', DQL_MAX_LIMIT),
      limit_min: limit('limit_min', 0),
      stall_cnt: attribute(() => 0),
      stall_max: attribute(() => 0, { mode: 0o644, write: () => done }),
      stall_thrs: milliseconds('stall_thrs', 0),
    },
    0o755,
  );
}
