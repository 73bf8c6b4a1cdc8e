/// Ring sizes, queue counts, flow control and driver flags, as ethtool sets them.
/// Stands for net/ethtool/{rings,channels,pause,privflags}.c: what the kernel checks before it calls
/// the driver, and the driver's own rules through its table (src/hardware/driver.ts).
/// Left out: push modes, buffer lengths and TCP data split, which no driver here has.
import { driverOf, hasRss } from '../hardware/driver.ts';
import type { Refusal } from '../hardware/nic_driver.ts';
import { done, fails, type ErrnoName, type Result } from './errno.ts';
import type { NicDescription } from './host.ts';
import { resizeRings, setQueues } from './nic.ts';
import type { Kernel, NetDevice } from './state.ts';

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
  const wanted = {
    rx: asked.rx ?? dev.ring.rx,
    tx: asked.tx ?? dev.ring.tx,
    rx_mini: asked['rx-mini'] ?? 0,
    rx_jumbo: asked['rx-jumbo'] ?? 0,
  };
  const same = wanted.rx === dev.ring.rx && wanted.tx === dev.ring.tx;
  if (same && !wanted.rx_mini && !wanted.rx_jumbo) return done;
  const tooBig =
    wanted.rx > rules.max
      ? 'rx'
      : wanted.rx_mini
        ? 'rx-mini'
        : wanted.rx_jumbo
          ? 'rx-jumbo'
          : wanted.tx > rules.max
            ? 'tx'
            : null;
  if (tooBig) return failsAt('EINVAL', 'requested ring size exceeds maximum', tooBig);
  const settled = rules.settle(dev.ring, wanted);
  if (settled.rx !== dev.ring.rx || settled.tx !== dev.ring.tx) {
    resizeRings(k, dev, settled.rx, settled.tx);
    k.config_version++;
  }
  return settled.refused ? fails(settled.refused.errno) : done;
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
  if (!rules) return fails('EOPNOTSUPP');
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
  const refused = rules.refuse(combined, other);
  if (refused) return fails(refused.errno);
  if (combined !== dev.rx.length) changeQueues(k, dev, combined);
  return done;
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

/// Sets Ethernet flow control. Stands for ethnl_set_pause() and igb_set_pauseparam(): with
/// negotiation the partner's answer stands (the other end here agrees to both directions), and the
/// NIC is reset to negotiate; without it the values are forced.
export function ethtool_set_pauseparam(k: Kernel, dev: NetDevice, asked: PauseRequest): Result {
  if (!driverOf(dev).pause) return fails('EOPNOTSUPP');
  const wanted = { ...dev.pause, ...asked };
  if (
    wanted.autoneg === dev.pause.autoneg &&
    wanted.rx === dev.pause.rx &&
    wanted.tx === dev.pause.tx
  )
    return done;
  dev.pause = wanted.autoneg ? { autoneg: true, rx: true, tx: true } : wanted;
  if (wanted.autoneg) resetNic(k, dev);
  k.config_version++;
  return done;
}

/// Sets flags that only this driver has; igb then resets the NIC, to fill its rings in the other
/// way. EOPNOTSUPP for a flag that the driver does not know.
export function ethnl_set_privflags(
  k: Kernel,
  dev: NetDevice,
  asked: Readonly<Record<string, boolean>>,
): EthtoolResult {
  const names = driverOf(dev).privFlags;
  if (!names) return fails('EOPNOTSUPP');
  for (const name of Object.keys(asked))
    if (!names.includes(name)) return failsAt('EOPNOTSUPP', 'bit name not found', name);
  const changed = Object.entries(asked).filter(([name, on]) => dev.priv_flags[name] !== on);
  if (!changed.length) return done;
  for (const [name, on] of changed) dev.priv_flags[name] = on;
  if (dev.up) resetNic(k, dev);
  k.config_version++;
  return done;
}

/// Takes the NIC down and up again, as igb does when a setting must reach the hardware: the rings
/// are emptied and the link is lost for a moment.
export function resetNic(k: Kernel, dev: NetDevice): void {
  if (dev.up) resizeRings(k, dev, dev.ring.rx, dev.ring.tx);
}

/// Whether a driver's answer is a refusal.
export function isRefusal(answer: object): answer is Refusal {
  return 'errno' in answer;
}
