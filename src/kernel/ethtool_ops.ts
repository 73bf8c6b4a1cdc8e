/// Ring sizes, queue counts, flow control and driver flags, as ethtool sets them.
/// Stands for net/ethtool/{rings,channels,pause,privflags}.c: what the kernel checks before it calls
/// the driver, and the driver's own rules through its table (src/hardware/driver.ts).
/// Left out: push modes, buffer lengths and TCP data split, which no driver here has.
import { driverOf, hasRss } from '../hardware/driver.ts';
import type { Refusal, RingSizes } from '../hardware/nic_driver.ts';
import { done, fails, type ErrnoName, type Result } from './errno.ts';
import type { NicDescription } from './host.ts';
import { pathAt } from './driver_table.ts';
import { resizeRings, setQueues } from './nic.ts';
import { printk } from './printk.ts';
import type { Kernel, NetDevice } from './state.ts';
import { separateFault, veth_set_channels } from './veth.ts';
import { flowControlChanged } from './wire.ts';
import { xdpRefusesChannels, xdpRefusesRings } from './xdp/queues.ts';

/// A refusal that also says which attribute of the request was wrong (NL_SET_ERR_MSG_ATTR), by the
/// word that ethtool has for it.
export type EthtoolResult =
  | Result
  | {
      readonly ok: false;
      readonly errno: ErrnoName;
      readonly extack: string;
      readonly attr: string;
    };

/// A refusal with the kernel's sentence about one attribute.
export function failsAt(errno: ErrnoName, extack: string, attr: string): EthtoolResult {
  return { ok: false, errno, extack, attr };
}

/// The description of a NIC, or null for a device without hardware.
export function nicOf(k: Kernel, dev: NetDevice): NicDescription | null {
  return k.desc.nics.find((nic) => nic.mac === dev.mac) ?? null;
}

export interface RingRequest {
  readonly rx?: number;
  readonly tx?: number;
  readonly 'rx-mini'?: number;
  readonly 'rx-jumbo'?: number;
}

/// Resizes the rings, in descriptors a queue. EINVAL above the maximum; the driver rounds or refuses.
/// Stands for ethnl_set_rings() in net/ethtool/rings.c.
export function ethtool_set_ringparam(
  k: Kernel,
  dev: NetDevice,
  asked: RingRequest,
): EthtoolResult {
  const rules = driverOf(dev).ring;
  if (!rules) return fails('EOPNOTSUPP');
  const { max } = rules;
  const now = dev.ring;
  const mini = asked['rx-mini'] ?? 0; // no driver here has such a ring
  const wanted = {
    rx: asked.rx ?? now.rx,
    tx: asked.tx ?? now.tx,
    jumbo: asked['rx-jumbo'] ?? now.jumbo,
  };
  if (sameRings(wanted, now) && !mini) return done;
  const exceeding = [
    ['rx', wanted.rx > max.rx],
    ['rx-mini', mini > 0],
    ['rx-jumbo', wanted.jumbo > max.jumbo],
    ['tx', wanted.tx > max.tx],
  ] as const;
  const tooBig = exceeding.find(([, exceeds]) => exceeds);
  if (tooBig) return failsAt('EINVAL', 'requested ring size exceeds maximum', tooBig[0]);
  const taken = dev.xdp === null ? null : xdpRefusesRings(dev);
  if (taken) return taken;
  const { refused, ...settled } = rules.settle(now, wanted, dev);
  if (!sameRings(settled, now)) {
    resizeRings(k, dev, settled.rx, settled.tx, settled.jumbo);
    k.config_version++;
  }
  return refused ? fails(refused.errno, refused.extack) : done;
}

function sameRings(a: RingSizes, b: RingSizes): boolean {
  return a.rx === b.rx && a.tx === b.tx && a.jumbo === b.jumbo;
}

export interface ChannelRequest {
  readonly rx?: number;
  readonly tx?: number;
  readonly other?: number;
  readonly combined?: number;
}

/// Most queue pairs that the device can have; 0 where channels cannot be read.
export function maxCombined(k: Kernel, dev: NetDevice): number {
  return driverOf(dev).channels ? (nicOf(k, dev)?.queues ?? 0) : 0;
}

/// Sets the number of queues. Stands for ethnl_set_channels() in net/ethtool/channels.c; both
/// drivers here know combined queues only.
export function ethtool_set_channels(
  k: Kernel,
  dev: NetDevice,
  asked: ChannelRequest,
): EthtoolResult {
  const rules = driverOf(dev).channels;
  if (!rules || rules.fixed) return fails('EOPNOTSUPP');
  if (rules.separate) return setSeparate(k, dev, asked);
  const { rx = 0, tx = 0, other = rules.other, combined = dev.rx.length } = asked;
  if (!rx && !tx && other === rules.other && combined === dev.rx.length) return done;
  const tooMany = rx
    ? 'rx'
    : tx
      ? 'tx'
      : other > rules.other
        ? 'other'
        : combined > maxCombined(k, dev)
          ? 'combined'
          : null;
  if (tooMany) return failsAt('EINVAL', 'requested channel count exceeds maximum', tooMany);
  if (!combined)
    return failsAt(
      'EINVAL',
      'requested channel counts would result in no RX or TX channel being configured',
      'combined',
    );
  const inUse = dev.rxfh_configured ? Math.max(...dev.rss_indir) : 0;
  if (combined <= inUse)
    return fails(
      'EINVAL',
      `requested channel counts are too low for existing indirection table (${inUse})`,
    );
  const used = k.bpf.xsks.length > 0 || dev.xdp !== null;
  const taken = used ? xdpRefusesChannels(k, dev, combined) : null;
  if (taken) return taken;
  const refused = rules.refuse(combined, other);
  if (refused) return fails(refused.errno);
  if (combined !== dev.rx.length) changeQueues(k, dev, combined);
  return done;
}

/// Queues for receiving and for sending are counted apart: veth.
function setSeparate(k: Kernel, dev: NetDevice, asked: ChannelRequest): EthtoolResult {
  const now = { rx: dev.rx.length, tx: dev.tx.length, other: 0, combined: 0 };
  const wanted = { ...now, ...asked };
  const names = ['rx', 'tx', 'other', 'combined'] as const;
  if (names.every((name) => wanted[name] === now[name])) return done;
  return separateFault(dev, wanted) ?? veth_set_channels(k, dev, wanted.rx, wanted.tx);
}

/// The table is drawn anew unless the driver keeps one that was set by hand.
function changeQueues(k: Kernel, dev: NetDevice, queues: number): void {
  setQueues(k, dev, queues);
  const { rss } = driverOf(dev);
  if (rss && hasRss(nicOf(k, dev)) && !(rss.keepsTable && dev.rxfh_configured))
    dev.rss_indir = rss.table(queues);
  k.config_version++;
}

export interface PauseRequest {
  readonly autoneg?: boolean;
  readonly rx?: boolean;
  readonly tx?: boolean;
}

/// Sets Ethernet flow control. Stands for ethnl_set_pause() and the drivers' set_pauseparam(): with
/// negotiation the partner's answer stands, and the NIC is reset to negotiate; without it the values are forced.
export function ethtool_set_pauseparam(k: Kernel, dev: NetDevice, asked: PauseRequest): Result {
  const rules = driverOf(dev).pause;
  if (!rules) return fails('EOPNOTSUPP');
  const wanted = { ...dev.pause, ...asked };
  if (
    wanted.autoneg === dev.pause.autoneg &&
    wanted.rx === dev.pause.rx &&
    wanted.tx === dev.pause.tx
  )
    return done;
  const refused = rules.refuse?.(wanted, dev.pause);
  if (refused) return fails(refused.errno);
  dev.pause = rules.settle(wanted);
  if (wanted.autoneg || rules.resets) resetNic(k, dev);
  else if (dev.path >= 0) flowControlChanged(k, dev);
  k.config_version++;
  return done;
}

/// Sets flags that only this driver has; most then reset the NIC, to fill its rings in the other
/// way; e1000e refuses. EOPNOTSUPP for a flag that the driver does not know.
export function ethnl_set_privflags(
  k: Kernel,
  dev: NetDevice,
  asked: Readonly<Record<string, boolean>>,
): EthtoolResult {
  const driver = driverOf(dev);
  const names = driver.privFlags;
  if (!names) return fails('EOPNOTSUPP');
  for (const name of Object.keys(asked))
    if (!names.includes(name)) return failsAt('EOPNOTSUPP', 'bit name not found', name);
  const changed = Object.entries(asked).filter(([name, on]) => dev.priv_flags[name] !== on);
  if (!changed.length) return done;
  for (const [name, on] of changed) {
    const refused = driver.refuseFlag?.(name, on, dev);
    for (const text of refused?.logs ?? [])
      printk(k, `${dev.driver} ${dev.pci} ${dev.name}: ${text}`);
    if (refused) return fails(refused.errno);
  }
  for (const [name, on] of changed) dev.priv_flags[name] = on;
  const path = pathAt(dev.path);
  if (changed.map(([name]) => path.flagChanged?.(k, dev, name) ?? true).includes(true))
    resetNic(k, dev);
  k.config_version++;
  return done;
}

/// Takes the NIC down and up again, as the Intel drivers do when a setting must reach the hardware: the rings
/// are emptied and the link is lost for a moment.
export function resetNic(k: Kernel, dev: NetDevice): void {
  if (dev.up) resizeRings(k, dev, dev.ring.rx, dev.ring.tx);
}

/// Whether a driver's answer is a refusal.
export function isRefusal(answer: object): answer is Refusal {
  return 'errno' in answer;
}
