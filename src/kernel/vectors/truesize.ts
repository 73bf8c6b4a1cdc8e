/// Vectors of what a packet is charged with by the way its head was allocated.
import { __alloc_skb, __netdev_alloc_skb, skbTruesize } from '../skb.ts';
import { differs } from './bare_host.ts';

interface Case {
  readonly requested_bytes: number;
  readonly alloc_skb_truesize: number;
  readonly alloc_skb_room: number;
  readonly netdev_alloc_skb_truesize: number;
  readonly netdev_alloc_skb_room: number;
  readonly netdev_head_frag: number;
  readonly SKB_TRUESIZE: number;
}

export function run(given: unknown): string | null {
  const test = given as Case;
  const plain = __alloc_skb(test.requested_bytes);
  const netdev = __netdev_alloc_skb(test.requested_bytes);
  const ours = [
    plain.truesize,
    plain.room,
    netdev.truesize,
    netdev.room,
    netdev.head_frag ? 1 : 0,
    skbTruesize(test.requested_bytes),
  ];
  const theirs = [
    test.alloc_skb_truesize,
    test.alloc_skb_room,
    test.netdev_alloc_skb_truesize,
    test.netdev_alloc_skb_room,
    test.netdev_head_frag,
    test.SKB_TRUESIZE,
  ];
  return differs('sizes', ours, theirs);
}
