/// The counters that move at every packet, as fixed fields: incrementing a field is cheap, a record
/// with computed keys is not. Names are those of nstat (Mib) and of `ethtool -S` (Hw).
/// Left out: counters of protocols and paths that the host does not have yet; printers show what
/// the registry of counters says about those.

/// SNMP counters of the receive path (net/ipv4/proc.c).
export type Mib = {
  IpInReceives: number;
  IpInHdrErrors: number;
  IpInAddrErrors: number;
  IpInDiscards: number;
  IpInDelivers: number;
  UdpInDatagrams: number;
  UdpNoPorts: number;
  UdpInErrors: number;
  UdpRcvbufErrors: number;
  UdpInCsumErrors: number;
  UdpMemErrors: number;
  IpExtInOctets: number;
  IpExtInNoECTPkts: number;
};

export function createMib(): Mib & Record<string, number> {
  return {
    IpInReceives: 0,
    IpInHdrErrors: 0,
    IpInAddrErrors: 0,
    IpInDiscards: 0,
    IpInDelivers: 0,
    UdpInDatagrams: 0,
    UdpNoPorts: 0,
    UdpInErrors: 0,
    UdpRcvbufErrors: 0,
    UdpInCsumErrors: 0,
    UdpMemErrors: 0,
    IpExtInOctets: 0,
    IpExtInNoECTPkts: 0,
  };
}

/// What a NIC counts on the receive side, whatever the driver shows of it.
export type Hw = {
  rx_packets: number; // good frames accepted by the address filter
  rx_bytes: number; // their bytes, FCS included (igb's GORC); other drivers derive theirs
  rx_crc_errors: number;
  rx_missed_errors: number; // lost because the packet buffer was full
  rx_no_buffer_count: number; // arrived while their queue had no descriptor
  rx_fifo_errors: number; // rtnl_link_stats64: missed frames plus per-queue drops, as igb sums them
  rx_errors: number;
};

export function createHw(): Hw & Record<string, number> {
  return {
    rx_packets: 0,
    rx_bytes: 0,
    rx_crc_errors: 0,
    rx_missed_errors: 0,
    rx_no_buffer_count: 0,
    rx_fifo_errors: 0,
    rx_errors: 0,
  };
}
