/// Time stamps that the NIC itself takes of what arrives. How they are asked for: net_timestamp_set.ts.
/// Stands for what the NICs do, and for igb_ptp_rx_rgtstamp(), igb_ptp_rx_hang() and their like.
/// The gigabit NICs and the 82599 have one register for the stamp of one frame: no other frame is stamped until the
/// driver has read it. When that frame is lost on its way, the driver's watchdog, every two seconds, frees the register
/// later (rx_hwtstamp_cleared). Newer NICs write each stamp beside its frame.
/// The NIC's clock runs with the system's. A UDP frame to port 319 is taken for a PTP event message of whatever kind the
/// filter asks for, as frames have no contents here; PTP over Ethernet is not sent.
/// Left out: stamps of what is sent, clocks that drift, delays of PHY and MAC.
import { addSlot, setTime } from '../engine/agenda.ts';
import { COSTS } from './costs.ts';
import { pathAt } from './driver_table.ts';
import { HWTSTAMP_HANG } from './events.ts';
import { MIN_FRAME } from './link_time.ts';
import { printk } from './printk.ts';
import { FLAG_HWTSTAMP } from './skb.ts';
import type { Cpu, Kernel, NetDevice, Skb } from './state.ts';

const FILTER_ALL = 1;
const L2_ONLY = [9, 10, 11]; // HWTSTAMP_FILTER_PTP_V2_L2_*
const PTP_EV_PORT = 319;
const IPPROTO_UDP = 17;
const WATCHDOG_NS = 2_000_000_000;
const FCS = 4;

/// The NIC stamps a frame that has arrived, if its filter has it.
export function stampInHardware(k: Kernel, dev: NetDevice, skb: Skb): void {
  const { hwtstamp } = dev;
  const rules = pathAt(dev.path).stamps;
  if (rules === undefined || hwtstamp.held) return;
  if (hwtstamp.rx_filter !== FILTER_ALL && !isPtpEvent(k, dev, skb)) return;
  const { skbs } = k;
  skbs.flags[skb] = skbs.flags[skb]! | FLAG_HWTSTAMP;
  // The stamp is of the first bit behind the preamble; a frame has arrived with its last.
  const bits = (Math.max(MIN_FRAME, skbs.len[skb]!) + FCS) * 8;
  skbs.hwstamp[skb] = skbs.arrived[skb]! - Math.round((bits * 1000) / dev.speed_mbps);
  if (rules.watchdogs > 0) holdRegister(k, dev, rules.watchdogs);
}

function isPtpEvent(k: Kernel, dev: NetDevice, skb: Skb): boolean {
  if (L2_ONLY.includes(dev.hwtstamp.rx_filter)) return false;
  const flow = k.skbs.flow[skb]!;
  if (k.flows.proto[flow] !== IPPROTO_UDP || k.flows.dport[flow] !== PTP_EV_PORT) return false;
  return !pathAt(dev.path).stamps?.bothPorts || k.flows.sport[flow] === PTP_EV_PORT;
}

function holdRegister(k: Kernel, dev: NetDevice, watchdogs: number): void {
  const { hwtstamp } = dev;
  hwtstamp.held = true;
  if (hwtstamp.slot < 0) hwtstamp.slot = addSlot(k.agenda, HWTSTAMP_HANG, k.devs.indexOf(dev));
  setTime(k.agenda, hwtstamp.slot, (Math.floor(k.now / WATCHDOG_NS) + watchdogs) * WATCHDOG_NS);
}

/// The register is free for the next frame.
export function freeStampRegister(k: Kernel, dev: NetDevice): void {
  if (!dev.hwtstamp.held) return;
  dev.hwtstamp.held = false;
  setTime(k.agenda, dev.hwtstamp.slot, Infinity);
}

/// The driver fetches the stamp of a frame that it hands up: out of the register, or out of the descriptor.
export function fetchStamp(k: Kernel, c: Cpu, dev: NetDevice): void {
  const register = (pathAt(dev.path).stamps?.watchdogs ?? 0) > 0;
  c.cursor_ns += register ? COSTS.ptp_rx_rgtstamp.ns : COSTS.cyc2time.ns;
  freeStampRegister(k, dev);
}

/// The watchdog finds that nobody has come for the stamp in the register.
export function stampHang(k: Kernel, dev: NetDevice): void {
  freeStampRegister(k, dev);
  dev.hw['rx_hwtstamp_cleared'] = (dev.hw['rx_hwtstamp_cleared'] ?? 0) + 1;
  const line = pathAt(dev.path).stamps?.hangLine?.(dev) ?? '';
  if (line !== '') printk(k, line);
}
