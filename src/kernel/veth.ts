/// The queues of a veth as ethtool and ip set them. Stands for veth_get_channels() and veth_set_channels() in
/// drivers/net/veth.c. The frames of a veth are counted at its ends; which of its queues they take is left out.
import { emptyMask } from './cpumask.ts';
import { done, fails, type Result } from './errno.ts';
import type { EthtoolResult } from './ethtool_ops.ts';
import { rx_queue_default_mask } from './rps.ts';
import type { Kernel, NetDevice, RxQueue } from './state.ts';

/// A receive queue of a device without hardware: nothing waits in it.
export function softQueue(k: Kernel, dev: number, index: number): RxQueue {
  return {
    ...{ dev, index, napi: -1, slots: new Int32Array(0), head: 0, tail: 0 },
    ...{ used: 0, ready: 0, cleaned: 0, packets: 0, bytes: 0, drops: 0, alloc_failed: 0 },
    ...{ lro_packets: 0, lro_bytes: 0, interrupts: 0, polls: 0, arms: 0, copied: 0 },
    ...{ kicks: 0, buffers: 0, rps_cpus: emptyMask(k.desc.cpus), rps_map: [] },
    ...{ rps_flow_cnt: 0, rps_flow_table: null, fifo: 0, pages: null },
  };
}

/// That many queues of each kind: netif_set_real_num_rx_queues() and its like.
export function useQueues(k: Kernel, dev: NetDevice, rx: number, tx: number): void {
  const at = dev.rx[0]!.dev;
  dev.rx.length = Math.min(dev.rx.length, rx);
  dev.tx.length = Math.min(dev.tx.length, tx);
  while (dev.rx.length < rx) {
    const queue = softQueue(k, at, dev.rx.length);
    dev.rx.push(queue);
    rx_queue_default_mask(k, queue);
  }
  while (dev.tx.length < tx)
    dev.tx.push({ packets: 0, bytes: 0, xps_cpus: emptyMask(k.desc.cpus) });
}

/// Sets how many queues of each kind a veth uses; the limits were checked. EINVAL while an XDP program of either end
/// needs as many as there are.
export function veth_set_channels(k: Kernel, dev: NetDevice, rx: number, tx: number): Result {
  const peer = k.devs[dev.links.lower];
  if (rx === 0 || tx === 0) return fails('EINVAL');
  if (dev.xdp !== null && peer && rx < peer.tx.length) return fails('EINVAL');
  if (peer && peer.xdp !== null && tx > peer.rx.length) return fails('EINVAL');
  useQueues(k, dev, rx, tx);
  k.config_version++;
  return done;
}

export interface SeparateCounts {
  readonly rx: number;
  readonly tx: number;
  readonly other: number;
  readonly combined: number;
}

/// Which count is beyond what there is or leaves the device without a queue, with the kernel's sentence; null: none.
/// ethnl_set_channels() in net/ethtool/channels.c
export function separateFault(dev: NetDevice, asked: SeparateCounts): EthtoolResult | null {
  const { made } = dev.links;
  const most = { rx: made!.rx, tx: made!.tx, other: 0, combined: 0 };
  const attr = (['rx', 'tx', 'other', 'combined'] as const).find(
    (name) => asked[name] > most[name],
  );
  if (attr !== undefined)
    return { ok: false, errno: 'EINVAL', extack: 'requested channel count exceeds maximum', attr };
  const none = (['rx', 'tx'] as const).find((name) => asked[name] === 0);
  if (none === undefined) return null;
  const extack = 'requested channel counts would result in no RX or TX channel being configured';
  return { ok: false, errno: 'EINVAL', extack, attr: none };
}
