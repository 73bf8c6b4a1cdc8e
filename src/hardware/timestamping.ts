/// What the drivers' get_ts_info() says of their stamps (`ethtool -T`), and which filter of received packets they set for
/// the one asked for (SIOCSHWTSTAMP). Filters go by their numbers, HWTSTAMP_FILTER_* of include/uapi/linux/net_tstamp.h.
/// What the stamps are: src/kernel/net_timestamp_hw.ts.
import type { NicDriver } from './nic_driver.ts';

const NONE = 0;
const ALL = 1;
const SOME = 2;
const V1_EVENT = 3;
const V1_SYNC = 4;
const V1_DELAY_REQ = 5;
const V2_EVENT = 12;
const NTP_ALL = 15;
const V2_EVENTS: readonly number[] = [6, 9, 12]; // over UDP, over Ethernet, over either

type Settled = { readonly kept: number; readonly told: number } | null;

/// PTP messages of either version.
function isPtpFilter(filter: number): boolean {
  return filter >= V1_EVENT && filter < NTP_ALL;
}

function as(filter: number): Settled {
  return { kept: filter, told: filter };
}

/// igb_ptp_set_timestamp_mode() for an 82576, ixgbe_ptp_set_timestamp_mode() for an 82599: one kind of message of
/// PTP version 1, all of version 2, never every packet.
export function settleMessages(filter: number): Settled {
  if ([NONE, V1_SYNC, V1_DELAY_REQ].includes(filter)) return as(filter);
  return isPtpFilter(filter) && filter !== V1_EVENT ? as(V2_EVENT) : null;
}

/// e1000e_config_hwtstamp() and e1000e_hwtstamp_set(): the 82574 can stamp every packet. Where it stamps more than what
/// was asked for, it tells so (SOME) and keeps what was asked for.
export function settle82574(filter: number): Settled {
  if ([V1_EVENT, ALL, NTP_ALL].includes(filter)) return as(ALL);
  if ([NONE, V1_SYNC, V1_DELAY_REQ].includes(filter)) return as(filter);
  if (V2_EVENTS.includes(filter)) return as(V2_EVENT);
  return isPtpFilter(filter) ? { kept: filter, told: SOME } : null;
}

/// ice_ptp_set_timestamp_mode(): every packet, or none.
export function settleAll(filter: number): Settled {
  if (filter === NONE) return as(NONE);
  return filter === SOME ? null : as(ALL);
}

/// mlx5e_hwstamp_set(): the same, and SOME is all too.
export function settleAny(filter: number): Settled {
  return as(filter === NONE ? NONE : ALL);
}

/// Stamps both ways, with that choice of received packets.
export function hardwareClock(
  rx: readonly string[],
  settle: NonNullable<NicDriver['timestamping']['settle']>,
): NicDriver['timestamping'] {
  return {
    capabilities: [
      ...['hardware-transmit', 'software-transmit', 'hardware-receive', 'software-receive'],
      ...['software-system-clock', 'hardware-raw-clock'],
    ],
    clock: true,
    tx: ['off', 'on'],
    rx,
    settle,
  };
}

/// A NIC without a clock: the kernel stamps both ways.
export const softwareClock: NicDriver['timestamping'] = {
  capabilities: ['software-transmit', 'software-receive', 'software-system-clock'],
  clock: false,
  tx: [],
  rx: [],
};
