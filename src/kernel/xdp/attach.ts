/// A program is put into a device, or taken out: the kernel's checks, and each driver's.
/// Stands for dev_xdp_attach() and dev_xdp_install() in net/core/dev.c, generic_xdp_install(), and the drivers'
/// igb_xdp_setup(), virtnet_xdp_set() and vmxnet3_xdp_set().
/// Left out: links, offload to a NIC, the native modes of veth and of a bond, virtio_net's copies of the frames that lie in buffers from
/// before, extra transmit queues that virtio_net would open where
/// the machine offers one for each CPU.
import { done, fails, type Result } from '../errno.ts';
import { resetNic } from '../ethtool_ops.ts';
import { printk } from '../printk.ts';
import { updateRxHooks } from '../rx_hooks.ts';
import type { Kernel, NetDevice } from '../state.ts';
import { serverXdpDrivers } from './attach_servers.ts';
import { progPut } from './load.ts';
import type { BpfProg, XdpAttachment } from './types.ts';
import { poolsOf, settleFill } from './xsk_pool.ts';

/// 'none': no mode flag, so native where the driver can, else generic.
export type XdpMode = 'none' | 'skb' | 'drv' | 'hw';

/// A driver's own rules: struct net_device_ops.ndo_bpf.
export interface XdpDriver {
  /// Why the driver will not take a program now; null: it does.
  refuse(k: Kernel, dev: NetDevice): Result | null;
  /// A program came where none was, or went and left none.
  changed(k: Kernel, dev: NetDevice, on: boolean): void;
  readonly counts: XdpDriverCounts;
  /// Why a device with a program cannot have that MTU; null: it can, and so it is where this is absent.
  refuseMtu?(k: Kernel, dev: NetDevice, mtu: number): Result | null;
}

/// How a driver counts: see XdpAttachment.
export type XdpDriverCounts = Pick<
  XdpAttachment,
  'drops_in_queue' | 'traces_failures' | 'failed_tx_drops' | 'failed_redirect_aborts'
>;

const PAGE_SIZE = 4096;
const XDP_PACKET_HEADROOM = 256;
const SHINFO = 320;
const ETH_HLEN = 14;
const VLAN_HLEN = 4;
const FCS = 4;
const IGB_ETH_PKT_HDR_PAD = 26;

const COUNTS: XdpDriverCounts = {
  ...{ drops_in_queue: false, traces_failures: true },
  ...{ failed_tx_drops: true, failed_redirect_aborts: false },
};

const igb: XdpDriver = {
  refuse(k, dev) {
    const frame = dev.mtu + IGB_ETH_PKT_HDR_PAD;
    const buffer = igbBuffer(dev, dev.mtu);
    if (frame <= buffer) return null;
    log(k, dev, `XDP RX buffer size ${buffer} is too small for the frame size ${frame}`);
    return fails('EINVAL', 'igb: The RX buffer size is too small for the frame size');
  },
  changed: (k, dev) => resetNic(k, dev), // igb_close(), igb_open(): the link is lost for a moment
  counts: COUNTS,
  refuseMtu(k, dev, mtu) {
    const frame = mtu + IGB_ETH_PKT_HDR_PAD;
    if (frame <= igbBuffer(dev, dev.mtu)) return null;
    log(k, dev, `Requested MTU size is not supported with XDP. Max frame size is ${frame}`);
    return fails('EINVAL');
  },
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
  counts: { ...COUNTS, drops_in_queue: true, traces_failures: false, failed_tx_drops: false },
};

const vmxnet3: XdpDriver = {
  refuse(_k, dev) {
    const most = PAGE_SIZE - XDP_PACKET_HEADROOM - SHINFO - ETH_HLEN - 2 * VLAN_HLEN - FCS;
    return dev.mtu > most ? fails('EOPNOTSUPP', `vmxnet3: MTU ${dev.mtu} too large for XDP`) : null;
  },
  changed: (k, dev) => resetNic(k, dev), // the rings are made anew
  counts: { ...COUNTS, traces_failures: false },
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
  if (prog >= 0 && (dev.links.kind === 'bond' || dev.links.kind === 'veth') && asked !== 'skb')
    return fails('ENOTMODELLED');
  const driver = xdpDrivers[dev.driver];
  const mode = asked === 'none' ? (driver ? 'drv' : 'skb') : asked;
  const current = mode === 'skb' ? dev.xdp_prog : mode === 'drv' ? (dev.xdp?.prog ?? -1) : -1;
  if (uppers(k, dev).some((upper) => attachedProg(k, upper) !== null))
    return fails('EEXIST', 'Cannot attach when an upper device already has a program');
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

/// Devices above this one: its VLANs and macvlans, the bridge or bond that it belongs to.
function uppers(k: Kernel, dev: NetDevice): NetDevice[] {
  const { vlans, macvlans, master } = dev.links;
  return [...vlans, ...macvlans, ...(master >= 0 ? [master] : [])].map((at) => k.devs[at]!);
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
  dev.xdp = prog < 0 ? null : { prog, ...driver.counts, pools: poolsOf(k, dev) };
  if (changed) driver.changed(k, dev, prog >= 0);
  if (prog < 0) takeMemoryBack(k, dev);
  return lro ? { ...done, warning: 'vmxnet3: LRO is not supported with XDP' } : done;
}

/// Without a program no queue uses the memory of an AF_XDP socket: the sockets have it all.
function takeMemoryBack(k: Kernel, dev: NetDevice): void {
  const at = k.devs.indexOf(dev);
  for (const xs of k.bpf.xsks) if (xs.sock >= 0 && xs.zc && xs.dev === at) settleFill(k, xs);
}

/// net/core/dev.c:generic_xdp_install(): hardware that merges frames is told to stop.
function generic_xdp_install(dev: NetDevice, prog: number): void {
  if (prog >= 0 && dev.xdp_prog < 0)
    for (const name of ['large-receive-offload', 'rx-gro-hw'])
      if (dev.features[name] === true) dev.features[name] = dev.wanted_features[name] = false;
  dev.xdp_prog = prog;
}

/// Why a device with a native program cannot have that MTU, or null. igb_change_mtu() and the like
export function xdpRefusesMtu(k: Kernel, dev: NetDevice, mtu: number): Result | null {
  return dev.xdp === null ? null : (xdpDrivers[dev.driver]?.refuseMtu?.(k, dev, mtu) ?? null);
}

/// What a device with a native program cannot have is taken out of `after`: vmxnet3_fix_features(),
/// ixgbe_fix_features(), mlx5e_fix_features(). True when the driver refuses the whole change: virtnet_set_features().
export function xdpRefusesFeatures(
  k: Kernel,
  dev: NetDevice,
  after: Record<string, boolean>,
): boolean {
  const why = LRO_LOG[dev.driver];
  if (why !== undefined && after['large-receive-offload'] === true) {
    log(k, dev, why);
    after['large-receive-offload'] = false;
  }
  return dev.driver === 'virtio_net' && after['rx-gro-hw'] !== dev.features['rx-gro-hw'];
}

const LRO_LOG: Readonly<Record<string, string>> = {
  vmxnet3: 'LRO is not supported with XDP',
  ixgbe: 'LRO is not supported with XDP',
  mlx5_core: 'LRO is incompatible with XDP',
};

/// The device's program and its mode, as netlink tells it; null: none.
export function attachedProg(
  k: Kernel,
  dev: NetDevice,
): { readonly prog: BpfProg; readonly mode: 'xdp' | 'xdpgeneric' } | null {
  if (dev.xdp !== null) return { prog: k.bpf.progs[dev.xdp.prog]!, mode: 'xdp' };
  if (dev.xdp_prog >= 0) return { prog: k.bpf.progs[dev.xdp_prog]!, mode: 'xdpgeneric' };
  return null;
}
