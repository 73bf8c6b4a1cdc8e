/// A program is put into a device, or taken out: the kernel's checks, and each driver's.
/// Stands for dev_xdp_attach() and dev_xdp_install() in net/core/dev.c, generic_xdp_install(), and the drivers'
/// igb_xdp_setup(), virtnet_xdp_set() and vmxnet3_xdp_set().
/// Left out: links, offload to a NIC, devices above this one, virtio_net's copies of the frames that lie in buffers from
/// before, extra transmit queues that virtio_net would open where
/// the machine offers one for each CPU.
import { done, fails, type Result } from '../errno.ts';
import { resetNic } from '../ethtool_ops.ts';
import { printk } from '../printk.ts';
import { updateRxHooks } from '../rx_hooks.ts';
import type { Kernel, NetDevice } from '../state.ts';
import { serverXdpDrivers } from './attach_servers.ts';
import { progPut } from './load.ts';
import type { BpfProg } from './types.ts';

/// 'none': no mode flag, so native where the driver can, else generic.
export type XdpMode = 'none' | 'skb' | 'drv' | 'hw';

/// A driver's own rules: struct net_device_ops.ndo_bpf.
export interface XdpDriver {
  /// Why the driver will not take a program now; null: it does.
  refuse(k: Kernel, dev: NetDevice): Result | null;
  /// A program came where none was, or went and left none.
  changed(k: Kernel, dev: NetDevice, on: boolean): void;
  readonly drops_in_queue: boolean;
  readonly traces_failures: boolean;
}

const PAGE_SIZE = 4096;
const XDP_PACKET_HEADROOM = 256;
const SHINFO = 320;
const ETH_HLEN = 14;
const VLAN_HLEN = 4;
const FCS = 4;
const IGB_ETH_PKT_HDR_PAD = 26;

const igb: XdpDriver = {
  refuse(k, dev) {
    const frame = dev.mtu + IGB_ETH_PKT_HDR_PAD;
    const buffer = igbBuffer(dev, dev.mtu);
    if (frame <= buffer) return null;
    log(k, dev, `XDP RX buffer size ${buffer} is too small for the frame size ${frame}`);
    return fails('EINVAL', 'igb: The RX buffer size is too small for the frame size');
  },
  changed: (k, dev) => resetNic(k, dev), // igb_close(), igb_open(): the link is lost for a moment
  drops_in_queue: false,
  traces_failures: true,
};

/// igb_rx_bufsz(): what igb_set_rx_buffer_len() chose for that MTU.
function igbBuffer(dev: NetDevice, mtu: number): number {
  if (dev.priv_flags['legacy-rx'] === true) return 2048;
  return mtu + IGB_ETH_PKT_HDR_PAD > 1536 ? 3072 : 1536;
}

const virtioNet: XdpDriver = {
  refuse(k, dev) {
    const most = PAGE_SIZE - XDP_PACKET_HEADROOM - SHINFO - ETH_HLEN;
    if (dev.mtu > most) {
      log(k, dev, `single-buffer XDP requires MTU less than ${most}`);
      return fails('EINVAL', 'virtio_net: MTU too large to enable XDP without frags');
    }
    const wanted = dev.rx.length + k.desc.cpus;
    const most_pairs = k.desc.nics.find((nic) => nic.mac === dev.mac)?.queues ?? dev.rx.length;
    const slower = `XDP request ${wanted} queues but max is ${most_pairs}. XDP_TX and XDP_REDIRECT will operate in a slower locked tx mode.`;
    if (wanted > most_pairs && !k.dmesg.some((line) => line.includes('slower locked tx mode')))
      log(k, dev, slower); // netdev_warn_once()
    return null;
  },
  changed() {},
  drops_in_queue: true,
  traces_failures: false,
};

const vmxnet3: XdpDriver = {
  refuse(_k, dev) {
    const most = PAGE_SIZE - XDP_PACKET_HEADROOM - SHINFO - ETH_HLEN - 2 * VLAN_HLEN - FCS;
    return dev.mtu > most ? fails('EOPNOTSUPP', `vmxnet3: MTU ${dev.mtu} too large for XDP`) : null;
  },
  changed: (k, dev) => resetNic(k, dev), // the rings are made anew
  drops_in_queue: false,
  traces_failures: false,
};

/// Drivers with a native hook; e1000, e1000e and lo have none.
const xdpDrivers: Readonly<Record<string, XdpDriver>> = {
  igb,
  virtio_net: virtioNet,
  vmxnet3,
  ...serverXdpDrivers,
};

function log(k: Kernel, dev: NetDevice, text: string): void {
  const bus = k.desc.nics.find((nic) => nic.mac === dev.mac)?.bus_name ?? dev.pci;
  printk(k, `${dev.driver} ${bus} ${dev.name}: ${text}`);
}

/// The answer to a request; a driver may also warn while it agrees.
export type AttachResult = Result & { readonly warning?: string };

/// Puts a program (its index in BpfState.progs) into the device, or with -1 takes out the one of that mode.
/// `noexist`: only where none is. net/core/dev.c:dev_xdp_attach()
export function dev_xdp_attach(
  k: Kernel,
  dev: NetDevice,
  prog: number,
  asked: XdpMode,
  noexist: boolean,
): AttachResult {
  const driver = xdpDrivers[dev.driver];
  const mode = asked === 'none' ? (driver ? 'drv' : 'skb') : asked;
  const current = mode === 'skb' ? dev.xdp_prog : mode === 'drv' ? (dev.xdp?.prog ?? -1) : -1;
  if (prog >= 0 && noexist && current >= 0) return fails('EBUSY', 'XDP program already attached');
  if (prog === current) return done;
  if (mode !== 'skb' && !driver)
    return fails('EOPNOTSUPP', 'Underlying driver does not support XDP in native mode');
  if (mode === 'hw') return fails('EINVAL'); // the drivers' ndo_bpf() knows no XDP_SETUP_PROG_HW
  const result = dev_xdp_install(k, dev, prog, mode);
  if (!result.ok) return result;
  if (prog >= 0) k.bpf.progs[prog]!.refs++;
  if (current >= 0) progPut(k, current);
  updateRxHooks(k, dev);
  k.config_version++;
  return result;
}

function dev_xdp_install(
  k: Kernel,
  dev: NetDevice,
  prog: number,
  mode: 'skb' | 'drv',
): AttachResult {
  const other = mode === 'skb' ? (dev.xdp?.prog ?? -1) : dev.xdp_prog;
  if (prog >= 0 && other >= 0)
    return fails('EEXIST', "Native and generic XDP can't be active at the same time");
  if (mode === 'skb') {
    generic_xdp_install(dev, prog);
    return done;
  }
  return installNative(k, dev, prog);
}

function installNative(k: Kernel, dev: NetDevice, prog: number): AttachResult {
  const driver = xdpDrivers[dev.driver]!;
  const refused = prog >= 0 ? driver.refuse(k, dev) : null;
  if (refused !== null) return refused;
  const lro = dev.driver === 'vmxnet3' && dev.features['large-receive-offload'] === true;
  if (lro) dev.features['large-receive-offload'] = false;
  const changed = (dev.xdp !== null) !== prog >= 0;
  const { drops_in_queue, traces_failures } = driver;
  dev.xdp = prog < 0 ? null : { prog, drops_in_queue, traces_failures };
  if (changed) driver.changed(k, dev, prog >= 0);
  return lro ? { ...done, warning: 'vmxnet3: LRO is not supported with XDP' } : done;
}

/// net/core/dev.c:generic_xdp_install(): hardware that merges frames is told to stop.
function generic_xdp_install(dev: NetDevice, prog: number): void {
  if (prog >= 0 && dev.xdp_prog < 0)
    for (const name of ['large-receive-offload', 'rx-gro-hw'])
      if (dev.features[name] === true) dev.features[name] = dev.wanted_features[name] = false;
  dev.xdp_prog = prog;
}

/// Why a device with a native program cannot have that MTU, or null. igb_change_mtu()
export function xdpRefusesMtu(k: Kernel, dev: NetDevice, mtu: number): Result | null {
  if (dev.xdp === null || dev.driver !== 'igb') return null;
  const frame = mtu + IGB_ETH_PKT_HDR_PAD;
  if (frame <= igbBuffer(dev, dev.mtu)) return null;
  log(k, dev, `Requested MTU size is not supported with XDP. Max frame size is ${frame}`);
  return fails('EINVAL');
}

/// What a device with a native program cannot have is taken out of `after`: vmxnet3_fix_features(). True when the
/// driver refuses the whole change: virtnet_set_features().
export function xdpRefusesFeatures(
  k: Kernel,
  dev: NetDevice,
  after: Record<string, boolean>,
): boolean {
  if (dev.driver === 'vmxnet3' && after['large-receive-offload'] === true) {
    log(k, dev, 'LRO is not supported with XDP');
    after['large-receive-offload'] = false;
  }
  return dev.driver === 'virtio_net' && after['rx-gro-hw'] !== dev.features['rx-gro-hw'];
}

/// The device's program and its mode, as netlink tells it; null: none.
export function attachedProg(
  k: Kernel,
  dev: NetDevice,
): { readonly prog: BpfProg; readonly mode: 'xdp' | 'xdpgeneric' } | null {
  if (dev.xdp !== null) return { prog: k.bpf.progs[dev.xdp.prog]!, mode: 'xdp' };
  if (dev.xdp_prog >= 0) return { prog: k.bpf.progs[dev.xdp_prog]!, mode: 'xdpgeneric' };
  return null;
}
