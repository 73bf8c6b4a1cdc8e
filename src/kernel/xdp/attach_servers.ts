/// What the drivers ixgbe, ice, mlx5_core and ena say to an XDP program.
/// Stands for ixgbe_xdp_setup(), ice_xdp_setup_prog(), mlx5e_xdp_allowed() and ena_xdp_set().
/// Left out: programs that take frames in several buffers; resources for the transmit queues of XDP, but for ena's,
/// which it must have; ixgbe's refusals for SR-IOV and DCB, which no host here uses.
import { rscEnabled } from '../../hardware/ixgbe_limits.ts';
import { fails, type Result } from '../errno.ts';
import { resetNic } from '../ethtool_ops.ts';
import { printk } from '../printk.ts';
import type { Kernel, NetDevice } from '../state.ts';
import type { XdpDriver, XdpDriverCounts } from './attach.ts';
import { mostQueues } from './queues.ts';

const FRAME_HEADERS = 14 + 4 + 4; // Ethernet, FCS, a VLAN tag
const PADDED_HEADERS = 26; // and a second tag: ICE_ETH_PKT_HDR_PAD, IXGBE_PKT_HDR_PAD
const LONG_BUFFER = 3072;
const PAGE_SIZE = 4096;
const XDP_PACKET_HEADROOM = 256;
const SHINFO = 320;
const ENA_XDP_MAX_MTU = PAGE_SIZE - FRAME_HEADERS - XDP_PACKET_HEADROOM - SHINFO;
const MLX5_XDP_MAX_MTU = PAGE_SIZE - XDP_PACKET_HEADROOM - SHINFO - FRAME_HEADERS;

/// Programs are exchanged while the NIC runs; the first one and the last one make the rings anew.
const MADE_ANEW = {
  changed: (k: Kernel, dev: NetDevice): void => resetNic(k, dev),
} as const;
const COUNTS: XdpDriverCounts = {
  ...{ drops_in_queue: false, traces_failures: true },
  ...{ failed_tx_drops: true, failed_redirect_aborts: false },
};

function log(k: Kernel, dev: NetDevice, text: string): void {
  printk(k, `${dev.driver} ${dev.pci} ${dev.name}: ${text}`);
}

function refuseEna(k: Kernel, dev: NetDevice): Result | null {
  const most = mostQueues(k, dev);
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

/// mlx5e_params_validate_xdp(): why a frame of that MTU needs more than one buffer, told in the log alone.
function refuseMlx5Mtu(k: Kernel, dev: NetDevice, mtu: number): Result | null {
  if (mtu <= MLX5_XDP_MAX_MTU) return null;
  const why = 'too big for an XDP program not aware of multi buffer';
  log(k, dev, `MTU(${mtu}) > ${MLX5_XDP_MAX_MTU}, ${why}`);
  return fails('EINVAL');
}

function refuseMlx5(k: Kernel, dev: NetDevice): Result | null {
  if (dev.features['large-receive-offload'] === true) {
    log(k, dev, "can't set XDP while HW-GRO/LRO is on, disable them first");
    return fails('EINVAL');
  }
  return refuseMlx5Mtu(k, dev, dev.mtu);
}

/// Bytes of a buffer: a page halved, unless the old way of receiving is on.
function intelBuffer(dev: NetDevice, legacy: number): number {
  return dev.priv_flags['legacy-rx'] === true ? legacy : LONG_BUFFER;
}

export const serverXdpDrivers: Readonly<Record<string, XdpDriver>> = {
  ixgbe: {
    refuse: (_k, dev) =>
      rscEnabled(dev) || dev.mtu + FRAME_HEADERS > intelBuffer(dev, 2048) ? fails('EINVAL') : null,
    refuseMtu(k, dev, mtu) {
      if (mtu + PADDED_HEADERS <= intelBuffer(dev, 2048)) return null;
      log(k, dev, 'Requested MTU size is not supported with XDP');
      return fails('EINVAL');
    },
    counts: COUNTS,
    ...MADE_ANEW,
  },
  ice: {
    refuse: (_k, dev) =>
      dev.mtu + PADDED_HEADERS > intelBuffer(dev, 1664)
        ? fails(
            'EOPNOTSUPP',
            'ice: MTU is too large for linear frames and XDP prog does not support frags',
          )
        : null,
    refuseMtu(k, dev, mtu) {
      const most = intelBuffer(dev, 1664) - PADDED_HEADERS;
      if (mtu <= most) return null;
      log(k, dev, `max MTU for XDP usage is ${most}`);
      return fails('EINVAL');
    },
    counts: COUNTS,
    ...MADE_ANEW,
  },
  mlx5_core: { refuse: refuseMlx5, refuseMtu: refuseMlx5Mtu, counts: COUNTS, ...MADE_ANEW },
  ena: {
    refuse: refuseEna,
    // ena_xdp_set() lowers the device's own maximum.
    refuseMtu: (_k, _dev, mtu) =>
      mtu > ENA_XDP_MAX_MTU ? fails('EINVAL', 'mtu greater than device maximum') : null,
    counts: { ...COUNTS, failed_tx_drops: false, failed_redirect_aborts: true },
    ...MADE_ANEW,
  },
};
