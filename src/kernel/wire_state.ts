/// What a device knows at first of its wire and of the NIC's clock: no pause, no stamps. Apart from pause_frames.ts and
/// net_timestamp_hw.ts, so that a program that has neither can boot.
import type { FlowControl, HwTstamp } from './state.ts';

const PORT_FRAMES = 1000; // what a port of our switch holds for each sender, unless it is told otherwise

/// The state of a wire on which nothing is paused.
export function createFlowControl(partner: FlowControl['partner'] = 'none'): FlowControl {
  return { partner, xoff: false, slot: -1, port_frames: PORT_FRAMES, tx_resume_ps: 0 };
}

/// No stamps, no register in use.
export function createHwTstamp(): HwTstamp {
  return { tx_type: 0, rx_filter: 0, told: 0, held: false, slot: -1 };
}
