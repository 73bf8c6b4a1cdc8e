/// What XDP and AF_XDP have against another number or size of queues. Stands for the last check of ethnl_set_channels()
/// in net/ethtool/channels.c, virtnet_set_channels(), ena_set_channels() and ice_set_ringparam().
import { fails, type Result } from '../errno.ts';
import type { Kernel, NetDevice } from '../state.ts';

/// Queue pairs that the NIC has.
export function mostQueues(k: Kernel, dev: NetDevice): number {
  return k.desc.nics.find((nic) => nic.mac === dev.mac)?.queues ?? dev.rx.length;
}

/// Why the number of queues cannot change to that, or null: an AF_XDP socket is bound to one that would go
/// (net/ethtool/channels.c:ethnl_set_channels()), or the driver has queues of its own for XDP.
export function xdpRefusesChannels(k: Kernel, dev: NetDevice, combined: number): Result | null {
  const at = k.devs.indexOf(dev);
  if (k.bpf.xsks.some((xs) => xs.sock >= 0 && xs.dev === at && xs.queue >= combined))
    return fails(
      'EINVAL',
      'requested channel counts are too low for existing zerocopy AF_XDP sockets',
    );
  if (dev.xdp === null) return null;
  if (dev.driver === 'virtio_net') return fails('EINVAL');
  return dev.driver === 'ena' && combined * 2 > mostQueues(k, dev) ? fails('EINVAL') : null;
}

/// Why the rings cannot get another size, or null: ice has one that an AF_XDP socket's memory is in.
export function xdpRefusesRings(dev: NetDevice): Result | null {
  const pooled = dev.xdp !== null && dev.xdp.pools.some((at) => at >= 0);
  return pooled && dev.driver === 'ice' ? fails('EBUSY') : null;
}
