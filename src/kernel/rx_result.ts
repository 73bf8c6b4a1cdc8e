/// What a device above says of a packet: enum rx_handler_result in include/linux/netdevice.h.
export const RX_HANDLER_CONSUMED = 0; // the packet is gone and accounted for
export const RX_HANDLER_ANOTHER = 1; // it has another device now: round again
export const RX_HANDLER_EXACT = 2; // only for who asked for exactly this device
export const RX_HANDLER_PASS = 3;
export const RX_AFRESH = 4; // ours: the other device takes it in with netif_receive_skb(), as if it had come by it
