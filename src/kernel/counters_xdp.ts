/// Counters of AF_XDP sockets: getsockopt(XDP_STATISTICS), which xdpsock prints with -x.
import { complete, type Counter, type CounterRow } from './counters_entry.ts';

const rows: readonly CounterRow[] = [
  {
    id: 'xsk:rx_dropped',
    shown: 'xdpsock -x: rx dropped',
    meaning:
      'Frames that the socket could not have: no buffer in the fill ring in copy mode, or longer than a buffer.',
    step: 'IN-10',
    moved_by: 'xsk_rcv() with an empty fill ring',
    also_in: 'getsockopt(XDP_STATISTICS)',
    if_it_grows: 'The application gives buffers back too late, or the MTU is too large for them.',
    source: 'net/xdp/xsk.c:xsk_rcv_check',
  },
  {
    id: 'xsk:rx_ring_full',
    shown: 'xdpsock -x: rx queue full',
    meaning:
      'Times that the RX ring had no place for a frame. In copy mode the frame is lost; in zero-copy mode ixgbe and ice keep it and try again.',
    step: 'IN-10',
    moved_by: 'xsk_rcv() with a full RX ring',
    also_in: 'getsockopt(XDP_STATISTICS)',
    if_it_grows: 'The application is too slow.',
    source: 'net/xdp/xsk.c:__xsk_rcv',
  },
  {
    id: 'xsk:rx_fill_ring_empty_descs',
    shown: 'xdpsock -x: fill ring empty',
    meaning:
      'Times that the kernel looked for a buffer and the fill ring was empty. Zero-copy: the NIC is left without descriptors.',
    step: 'IN-10',
    moved_by: 'a frame in copy mode, a refill of the NIC in zero-copy mode',
    also_in: 'getsockopt(XDP_STATISTICS)',
    if_it_grows: 'The UMEM is too small, or its frames are held in the other rings.',
    source: 'net/xdp/xsk_buff_pool.c:xp_alloc_batch',
  },
  {
    id: 'xsk:tx_ring_empty_descs',
    shown: 'xdpsock -x: tx ring empty',
    meaning: 'Times that the kernel wanted to send and the TX ring was empty.',
    step: '',
    moved_by: 'sendto() or poll() in copy mode; a NAPI poll of ixgbe or mlx5 in zero-copy mode',
    also_in: 'getsockopt(XDP_STATISTICS)',
    if_it_grows: 'Nothing is wrong: all there was has been sent.',
    source: 'net/xdp/xsk.c:xsk_getsockopt',
  },
];

export const xdpCounters: readonly Counter[] = rows.map((row) =>
  complete(row, { shown: '', unit: 'frames', source: '' }),
);
