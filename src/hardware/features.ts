/// Offload features: the bits of netdev_features_t that ethtool shows, in the order of their bits.
/// Stands for netdev_features_strings in net/ethtool/common.c. Which of them a driver has, and which
/// it lets one change, is in the driver's own file.

/// Every feature, by the name that `ethtool -k` prints. The order is the kernel's, by bit.
const NAMES = `tx-scatter-gather tx-checksum-ipv4 tx-checksum-ip-generic tx-checksum-ipv6 highdma
tx-scatter-gather-fraglist tx-vlan-offload rx-vlan-offload rx-vlan-filter vlan-challenged
generic-segmentation-offload generic-receive-offload large-receive-offload tx-tcp-segmentation
tx-gso-robust tx-tcp-ecn-segmentation tx-tcp-mangleid-segmentation tx-tcp6-segmentation
tx-fcoe-segmentation tx-gre-segmentation tx-gre-csum-segmentation tx-ipxip4-segmentation
tx-ipxip6-segmentation tx-udp_tnl-segmentation tx-udp_tnl-csum-segmentation tx-gso-partial
tx-tunnel-remcsum-segmentation tx-sctp-segmentation tx-esp-segmentation tx-udp-segmentation
tx-gso-list tx-checksum-fcoe-crc tx-checksum-sctp ntuple-filters receive-hashing rx-checksumming
tx-nocache-copy loopback rx-fcs rx-all tx-vlan-stag-hw-insert rx-vlan-stag-hw-parse
rx-vlan-stag-filter l2-fwd-offload hw-tc-offload esp-hw-offload esp-tx-csum-hw-offload
rx-udp_tunnel-port-offload tls-hw-tx-offload tls-hw-rx-offload rx-gro-hw tls-hw-record rx-gro-list
macsec-hw-offload rx-udp-gro-forwarding hsr-tag-ins-offload hsr-tag-rm-offload hsr-fwd-offload
hsr-dup-offload`;

export const FEATURES: readonly string[] = NAMES.split(/\s+/);

/// Features that ethtool shows under an older name of its own: that name to the kernel's string.
const KERNEL_STRINGS: Readonly<Record<string, string>> = {
  'rx-checksumming': 'rx-checksum',
  'generic-segmentation-offload': 'tx-generic-segmentation',
  'generic-receive-offload': 'rx-gro',
  'large-receive-offload': 'rx-lro',
  'rx-vlan-offload': 'rx-vlan-hw-parse',
  'tx-vlan-offload': 'tx-vlan-hw-insert',
  'ntuple-filters': 'rx-ntuple-filter',
  'receive-hashing': 'rx-hashing',
};

/// The name that the kernel itself uses for a feature (netdev_features_strings).
export function kernelString(feature: string): string {
  return KERNEL_STRINGS[feature] ?? feature;
}

/// The feature that a kernel string names, or undefined.
export function byKernelString(name: string): string | undefined {
  return FEATURES.find((feature) => kernelString(feature) === name);
}
