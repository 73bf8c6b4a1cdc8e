/// What the receive paths of the drivers e1000e and e1000 have in common: short frames are copied, an interrupt
/// starts the counts of its moderation afresh, and flow control has its marks in one packet buffer.
/// Stands for the parts of netdev.c (e1000e) and e1000_main.c (e1000) that agree.
import { COSTS } from '../kernel/costs.ts';
import type { Watermarks } from '../kernel/driver_table.ts';
import { __napi_schedule, napi_schedule_prep } from '../kernel/napi_schedule.ts';
import { napi_alloc_skb, setHead } from '../kernel/skb.ts';
import type { Cpu, Kernel, Napi, NetDevice, Skb } from '../kernel/state.ts';
import { STEP, takeStep } from '../kernel/tracing.ts';

export const E1000_RX_BUFFER_WRITE = 16;
const COPYBREAK = 256; // bytes
const COPY = napi_alloc_skb(COPYBREAK);
const HEADROOM = 64; // NET_SKB_PAD; NET_IP_ALIGN is 0 on x86
const FCS = 4;
const ETH_HLEN = 14;

/// The interrupt of the receive side: silent until the poll is over, which begins to count anew.
export function scheduleAfresh(k: Kernel, c: Cpu, n: Napi): void {
  n.irq_enabled = false;
  if (!napi_schedule_prep(n)) return;
  n.total_packets = 0;
  n.total_bytes = 0;
  __napi_schedule(k, c, n);
}

/// Copies a frame of up to `longest` bytes without FCS, and the buffer stays with the NIC; of a longer one the skb
/// is the buffer, with that much room.
export function copyOrKeep(k: Kernel, c: Cpu, skb: Skb, longest: number, room: number): void {
  const len = k.skbs.len[skb]!;
  takeStep(k, c, STEP.BUILD, skb, COSTS.igb_clean_rx_irq.ns + COSTS.igb_build_skb.ns);
  const copied = len <= longest;
  if (copied) c.cursor_ns += COSTS.copybreak.ns;
  setHead(k.skbs, skb, copied ? COPY.room : room, HEADROOM + len, 0, 0);
}

/// e1000e compares the length without FCS and copies what is below the limit.
export const E1000E_LONGEST_COPY = COPYBREAK - 1;
/// e1000 compares the length with FCS and copies what is not above it.
export const E1000_LONGEST_COPY = COPYBREAK - FCS;

/// The marks of e1000e_reset() and e1000_reset(): nine tenths of the packet buffer, or room for one frame of `tag`
/// bytes above the MTU's; in steps of eight bytes. Without a refresh timer a pause is asked for again when it is over.
export function e1000Watermarks(
  dev: NetDevice,
  buffer: number,
  tag: number,
  quanta: number,
): Watermarks {
  const longest = dev.mtu + ETH_HLEN + FCS + tag;
  const high = Math.min(Math.floor((buffer * 9) / 10), buffer - longest) & 0xfff8;
  return { high, low: high - 8, quanta, refresh: quanta };
}

/// `Flow Control:` of the line about the link; `both` is how the driver writes both directions.
export function flowControlText(dev: NetDevice, both: string): string {
  const [rxWord = '', txWord = ''] = both.split('/');
  const { rx, tx } = dev.pause;
  return rx && tx ? both : rx ? rxWord : tx ? txWord : 'None';
}
