/// Sizes of vmxnet3's receive buffers by the MTU, for version 1 of the device.
/// Stands for vmxnet3_adjust_rx_ring_size() in drivers/net/vmxnet3/vmxnet3_drv.c.

const MAX_ETH_HDR_SIZE = 22; // VMXNET3_MAX_ETH_HDR_SIZE
const MAX_SKB_BUF_SIZE = 3072; // VMXNET3_MAX_SKB_BUF_SIZE
const MIN_T0_BUF_SIZE = 128; // VMXNET3_MIN_T0_BUF_SIZE

/// A buffer that is a page: the ones behind the first, and those of the second ring.
export const PAGE = 4096;

/// Descriptors of the first ring that a frame of the greatest size takes.
export function buffersPerPacket(mtu: number): number {
  const rest = mtu + MAX_ETH_HDR_SIZE - MAX_SKB_BUF_SIZE;
  return rest <= 0 ? 1 : 1 + Math.ceil(rest / PAGE);
}

/// Bytes of the buffer that holds the beginning of a frame.
export function bufferSize(mtu: number): number {
  return Math.max(MIN_T0_BUF_SIZE, Math.min(MAX_SKB_BUF_SIZE, mtu + MAX_ETH_HDR_SIZE));
}
