/// What the receive path asks of a NIC driver: its poll function, its interrupt handler, its rules
/// for descriptors and moderation. The drivers (src/hardware/*_main.ts) add themselves to this table
/// through src/hardware/driver_path.ts, so that the kernel calls them without importing them.
import type { Cpu, Kernel, Napi, NetDevice, RxQueue, Skb } from './state.ts';

/// A poll function returns the packets it took, or WORKING when it has put a piece of work in hand
/// and is to be called again when that is done.
export type PollFunction = (k: Kernel, c: Cpu, n: Napi, budget: number) => number;

/// Returned by whatever needs time: a piece of work is in hand; call again when it has ended.
export const WORKING = -1;

export interface DriverPath {
  readonly name: string; // igb
  readonly poll: PollFunction;
  /// The interrupt handler; it schedules the NAPI instance.
  interrupt(k: Kernel, c: Cpu, n: Napi): void;
  /// Descriptors of a new ring that the NIC may fill at once.
  usable(size: number): number;
  /// Where a frame waits that finds no descriptor; null: it is lost at once.
  fifo(
    dev: NetDevice,
  ): { readonly perQueue: boolean; readonly limit: number; readonly bytes: boolean } | null;
  /// When the NIC asks the other end for a pause, if it may; without it the NIC never does.
  watermarks?(dev: NetDevice): Watermarks;
  /// Which counters a lost frame moves; returns the index of the drop reason.
  lost(k: Kernel, dev: NetDevice, q: RxQueue): number;
  /// Whether the NIC throws a frame away that its address filter has let pass: the index of the drop reason, 0: no.
  /// Only frames with flags are asked about.
  discards?(k: Kernel, dev: NetDevice, skb: Skb, flags: number): number;
  /// The longest frame that the NIC takes, bytes with FCS; without it there is no limit.
  longestFrame?(dev: NetDevice): number;
  /// Whether the NIC's VLAN filter is at work although rx-vlan-filter is on and promiscuous mode off; without it: yes.
  filtersVlans?(dev: NetDevice): boolean;
  /// How the NIC keeps the stamps that it takes; without it there are none.
  readonly stamps?: StampRules;
  /// When the device raises its interrupt for frames that are ready now, ns; never before k.now.
  interruptAt(k: Kernel, n: Napi): number;
  /// Gives a NAPI instance the moderation that the driver sets when it starts the NIC; and after `ethtool -C`,
  /// unless coalesced() says something else for that.
  moderate(k: Kernel, dev: NetDevice, n: Napi): void;
  /// Applies a change of `ethtool -C` to a NAPI instance of a device that runs on.
  coalesced?(k: Kernel, dev: NetDevice, n: Napi): void;
  /// What the driver does when a flag of its own (--set-priv-flags) has changed; true: the NIC is reset, as without this.
  flagChanged?(k: Kernel, dev: NetDevice, name: string): boolean;
  /// What the work of lib/dim does: sets the moderation of n.dim's profile.
  dimWork?(k: Kernel, dev: NetDevice, n: Napi): void;
  /// The link is there: what the driver logs.
  linkUp?(k: Kernel, dev: NetDevice): void;
  /// Interrupt vectors of a device with its active queues, in the order of their entries.
  vectors(k: Kernel, dev: NetDevice): readonly Vector[];
  /// How long the link is down after the rings were set up anew, ns; 0: it stays up.
  readonly reset_ns: number;
  /// The device merges a TCP frame that has arrived into one that waits in the ring (lro.ts). True when it has: the
  /// handle is gone then.
  merge?(k: Kernel, dev: NetDevice, q: RxQueue, skb: Skb): boolean;
  /// The driver's interrupt handler does everything itself: there is nothing to poll.
  readonly withoutNapi?: true;
  /// Each transmit queue has a NAPI instance of its own, without a number (netif_napi_add_tx()). Nothing polls it here.
  readonly txNapis?: true;
  /// One legacy interrupt on the line NicDescription.intx, which several NICs may share, instead of MSI-X.
  readonly intx?: true;
  /// The NIC has no hash: what no rule sends elsewhere goes to the first queue.
  readonly rulesOnly?: true;
  /// Whether a change of the number of queues re-registers the interrupts and empties the rings.
  readonly resetsForQueues: boolean;
  /// Whether a change of the MTU empties the rings and resets the NIC while it is up.
  readonly resetsForMtu?: true;
  /// Whether the interrupts are given back while the device is down.
  readonly freesVectors: boolean;
  /// Whether the driver deletes its NAPI instances when the device goes down, or its rings are set up anew; those that it
  /// adds then have other ids.
  readonly deletesNapis?: true;
  /// Accelerated RFS; without it the driver has no ndo_rx_flow_steer(), as those of igb and virtio_net.
  readonly flowSteering?: FlowSteering;
  /// Whether the NIC tells the kernel that its hash covers the ports (PKT_HASH_TYPE_L4) where it does;
  /// without it every hash is taken for one of addresses (PKT_HASH_TYPE_L3), as with igb and e1000e.
  readonly tellsL4Hash?: true;
  /// Whether the driver spreads its vectors over the online CPUs, anew when one comes or goes.
  readonly dealsCpus: boolean;
}

/// Time stamps of received frames in the NIC. net_timestamp_hw.ts
export interface StampRules {
  readonly watchdogs: number; // runs of the driver's watchdog until a stamp that nobody fetched is thrown away; 0: each frame has its own
  readonly bothPorts: boolean; // a PTP message must come from the port that it goes to
  hangLine?(dev: NetDevice): string; // what the driver logs then
}

/// Fill levels of the packet buffer, bytes, and pauses in quanta of 512 bit times.
export interface Watermarks {
  readonly high: number; // a pause is asked for
  readonly low: number; // and ended
  readonly quanta: number; // how long it is to be
  readonly refresh: number; // it is asked for again that long after it was asked for
}

/// What get_rps_cpu() asks of a driver whose NIC can be told where a flow is read.
export interface FlowSteering {
  /// The receive queue whose interrupt is nearest to a CPU: the driver's rx_cpu_rmap.
  queueOf(k: Kernel, dev: NetDevice, cpu: number): number;
  /// Sends the packet's flow to that queue from now on. Returns the filter's number, or a negative errno.
  steer(k: Kernel, dev: NetDevice, skb: Skb, rxq_index: number, flow_id: number): number;
}

export interface Vector {
  readonly name: string; // eth0-TxRx-0
  readonly queue: number; // receive queue that it serves; -1: none
  readonly hint: readonly number[]; // affinity_hint mask words; empty: none
  readonly hintOnly?: true; // the hint is shown, and the interrupt stays where it is: irq_update_affinity_hint()
  readonly tx?: number; // transmit queue whose xps_cpus the driver sets to the hint
}

export const driverPaths: DriverPath[] = [];

/// Adds a driver, or replaces the one of that name, and returns its index.
export function registerDriverPath(path: DriverPath): number {
  const known = pathIndex(path.name);
  if (known >= 0) {
    driverPaths[known] = path;
    return known;
  }
  return driverPaths.push(path) - 1;
}

/// Index of a driver in the table; -1 when there is none of that name.
export function pathIndex(name: string): number {
  return driverPaths.findIndex((path) => path.name === name);
}

/// The driver of that index; throws when it was never registered.
export function pathAt(index: number): DriverPath {
  const path = driverPaths[index];
  if (!path) throw new Error(`no driver path ${index} among ${driverPaths.length}`);
  return path;
}
