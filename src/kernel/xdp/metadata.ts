/// Metadata: bytes that an XDP program puts before the packet, for who comes after it: a classifier of tc, or an
/// application behind AF_XDP. They are how a mark gets from XDP to skb->mark: struct xdp_md has no mark.
/// Stands for bpf_xdp_adjust_meta() in net/core/filter.c with one call in a run of the program, and for
/// skb_metadata_set() and skb_metadata_differs() in include/linux/skbuff.h.
/// Left out: what the NIC knows of the frame (bpf_xdp_metadata_rx_hash() and the like), which only a program that is
/// bound to the device may ask for.
import { FLAG_META } from '../skb.ts';
import type { Kernel, NetDevice, Skb } from '../state.ts';

const XDP_FRAME = 40; // sizeof(struct xdp_frame): kept free at the start of the buffer
const META_MAX = 252; // xdp_metalen_invalid(): a byte's worth, whole words
const HALF_PAGE_ROOM = 192; // igb_skb_pad(), ixgbe_skb_pad(), ice_skb_pad(): half a page less shared info and 1536 bytes
const XDP_PACKET_HEADROOM = 256;
const VIRTIO_HDR_LEN = 12;

/// Room before the frame as a driver hands it to a program; -1: the driver takes no metadata (data_meta beyond data).
/// The second parameters of xdp_prepare_buff() in the drivers.
export function metaHeadroom(dev: NetDevice): number {
  const legacy = dev.priv_flags['legacy-rx'] === true;
  switch (dev.driver) {
    case 'igb':
    case 'ixgbe':
      return legacy ? 0 : HALF_PAGE_ROOM;
    case 'ice':
      return legacy ? -1 : HALF_PAGE_ROOM;
    case 'mlx5_core':
      return XDP_PACKET_HEADROOM;
    case 'virtio_net':
      return XDP_PACKET_HEADROOM + VIRTIO_HDR_LEN;
    default:
      return -1; // ena, vmxnet3
  }
}

/// Puts `len` bytes before the packet, of which the first word is told. The helper's answer; the packet is unchanged
/// where it fails. net/core/filter.c:bpf_xdp_adjust_meta()
export function adjustMeta(
  k: Kernel,
  headroom: number,
  skb: Skb,
  len: number,
  word: number,
): 'ENOTSUPP' | 'EINVAL' | 'EACCES' | null {
  if (headroom < 0) return 'ENOTSUPP';
  if (headroom - len < XDP_FRAME) return 'EINVAL';
  if (len % 4 !== 0 || len > META_MAX) return 'EACCES';
  let at = k.bpf.metas.findIndex((one) => one.len === len && one.word === word);
  if (at < 0) at = k.bpf.metas.push({ len, word }) - 1;
  k.skbs.meta[skb] = at;
  k.skbs.flags[skb] = k.skbs.flags[skb]! | FLAG_META;
  return null;
}
