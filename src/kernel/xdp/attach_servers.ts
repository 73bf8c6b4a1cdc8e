/// What the drivers ixgbe, ice, mlx5_core and ena say to an XDP program.
/// Stands for ixgbe_xdp_setup(), ice_xdp_setup_prog(), mlx5e_xdp_allowed() and ena_xdp_set().
/// Left out: programs that take frames in several buffers; that mlx5 stops LRO from being switched on meanwhile;
/// resources for the transmit queues of XDP, but for ena's, which it must have.
import { rscEnabled } from '../../hardware/ixgbe_limits.ts';
import { fails, type Result } from '../errno.ts';
import { resetNic } from '../ethtool_ops.ts';
import { printk } from '../printk.ts';
import type { Kernel, NetDevice } from '../state.ts';
import type { XdpDriver } from './attach.ts';

const FRAME_HEADERS = 14 + 4 + 4; // Ethernet, FCS, a VLAN tag
const ICE_ETH_PKT_HDR_PAD = 26;
const LONG_BUFFER = 3072;
const PAGE_SIZE = 4096;
const XDP_PACKET_HEADROOM = 256;
const SHINFO = 320;
const ENA_XDP_MAX_MTU = PAGE_SIZE - FRAME_HEADERS - XDP_PACKET_HEADROOM - SHINFO;
const MLX5_XDP_MAX_MTU = PAGE_SIZE - XDP_PACKET_HEADROOM - SHINFO - FRAME_HEADERS;

/// Programs are exchanged while the NIC runs; the first one and the last one make the rings anew.
const MADE_ANEW = {
  changed: (k: Kernel, dev: NetDevice): void => resetNic(k, dev),
  drops_in_queue: false,
  traces_failures: true,
} as const;

function log(k: Kernel, dev: NetDevice, text: string): void {
  printk(k, `${dev.driver} ${dev.pci} ${dev.name}: ${text}`);
}

function refuseEna(k: Kernel, dev: NetDevice): Result | null {
  const most = k.desc.nics.find((nic) => nic.mac === dev.mac)?.queues ?? dev.rx.length;
  if (dev.mtu > ENA_XDP_MAX_MTU) {
    log(
      k,
      dev,
      `Failed to set xdp program, the current MTU (${dev.mtu}) is larger than the maximum allowed MTU (${ENA_XDP_MAX_MTU}) while xdp is on`,
    );
    return fails(
      'EINVAL',
      'ena: Failed to set xdp program, the current MTU is larger than the maximum allowed MTU. Check the dmesg for more info',
    );
  }
  if (dev.rx.length * 2 <= most) return null;
  log(
    k,
    dev,
    `Failed to set xdp program, the Rx/Tx channel count should be at most half of the maximum allowed channel count. The current queue count (${dev.rx.length}), the maximal queue count (${most})`,
  );
  return fails(
    'EINVAL',
    'ena: Failed to set xdp program, there is no enough space for allocating XDP queues, Check the dmesg for more info',
  );
}

export const serverXdpDrivers: Readonly<Record<string, XdpDriver>> = {
  ixgbe: {
    refuse: (_k, dev) =>
      rscEnabled(dev) || dev.mtu + FRAME_HEADERS > LONG_BUFFER ? fails('EINVAL') : null,
    ...MADE_ANEW,
  },
  ice: {
    refuse: (_k, dev) =>
      dev.mtu + ICE_ETH_PKT_HDR_PAD > LONG_BUFFER
        ? fails(
            'EOPNOTSUPP',
            'ice: MTU is too large for linear frames and XDP prog does not support frags',
          )
        : null,
    ...MADE_ANEW,
  },
  mlx5_core: {
    refuse(k, dev) {
      if (dev.features['large-receive-offload'] === true) {
        log(k, dev, "can't set XDP while HW-GRO/LRO is on, disable them first");
        return fails('EINVAL');
      }
      return dev.mtu > MLX5_XDP_MAX_MTU ? fails('EINVAL') : null;
    },
    ...MADE_ANEW,
  },
  ena: { refuse: refuseEna, ...MADE_ANEW },
};
