/// The counters that move at every packet, as fixed fields: incrementing a field is cheap, a record
/// with computed keys is not. Names are those of nstat (Mib) and of `ethtool -S` (Hw).
/// Left out: counters of protocols and paths that the host does not have yet; printers show what
/// the registry of counters says about those.

import { createTcpMib, type TcpMib } from './tcp/tcp_mib.ts';

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
  IpForwDatagrams: number;
  IpInUnknownProtos: number;
  IpOutRequests: number;
  IpOutNoRoutes: number;
  IpOutTransmits: number;
  IpReasmTimeout: number;
  IpReasmReqds: number;
  IpReasmOKs: number;
  IpReasmFails: number;
  IpFragOKs: number;
  IpFragFails: number;
  IpFragCreates: number;
  IcmpInMsgs: number;
  IcmpInErrors: number;
  IcmpInCsumErrors: number;
  IcmpOutMsgs: number;
  IcmpOutRateLimitGlobal: number;
  IcmpOutRateLimitHost: number;
  IpExtInNoRoutes: number;
  IpExtInTruncatedPkts: number;
  IpExtInMcastPkts: number;
  IpExtInBcastPkts: number;
  IpExtInMcastOctets: number;
  IpExtInBcastOctets: number;
  IpExtOutOctets: number;
  IpExtInCsumErrors: number;
  IpExtInECT1Pkts: number;
  IpExtInECT0Pkts: number;
  IpExtInCEPkts: number;
  IpExtReasmOverlaps: number;
  TcpExtIPReversePathFilter: number;
  TcpExtArpFilter: number;
};

export function createMib(): Mib & TcpMib & Record<string, number> {
  return {
    ...createTcpMib(),
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
    IpForwDatagrams: 0,
    IpInUnknownProtos: 0,
    IpOutRequests: 0,
    IpOutNoRoutes: 0,
    IpOutTransmits: 0,
    IpReasmTimeout: 0,
    IpReasmReqds: 0,
    IpReasmOKs: 0,
    IpReasmFails: 0,
    IpFragOKs: 0,
    IpFragFails: 0,
    IpFragCreates: 0,
    IcmpInMsgs: 0,
    IcmpInErrors: 0,
    IcmpInCsumErrors: 0,
    IcmpOutMsgs: 0,
    IcmpOutRateLimitGlobal: 0,
    IcmpOutRateLimitHost: 0,
    IpExtInNoRoutes: 0,
    IpExtInTruncatedPkts: 0,
    IpExtInMcastPkts: 0,
    IpExtInBcastPkts: 0,
    IpExtInMcastOctets: 0,
    IpExtInBcastOctets: 0,
    IpExtOutOctets: 0,
    IpExtInCsumErrors: 0,
    IpExtInECT1Pkts: 0,
    IpExtInECT0Pkts: 0,
    IpExtInCEPkts: 0,
    IpExtReasmOverlaps: 0,
    TcpExtIPReversePathFilter: 0,
    TcpExtArpFilter: 0,
  };
}

/// Counts under a name that is put together, such as IcmpMsgInType8: for what is rare.
export function countMib(k: { readonly mib: Record<string, number> }, name: string, n = 1): void {
  k.mib[name] = (k.mib[name] ?? 0) + n;
}

/// What a NIC counts on the receive side, whatever the driver shows of it.
export type Hw = {
  rx_packets: number; // good frames accepted by the address filter
  rx_bytes: number; // their bytes, FCS included (igb's GORC); other drivers derive theirs
  rx_crc_errors: number;
  rx_long_length_errors: number; // longer than the NIC was told to take
  rx_multicast: number; // good frames
  rx_broadcast: number;
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
    rx_long_length_errors: 0,
    rx_multicast: 0,
    rx_broadcast: 0,
    rx_missed_errors: 0,
    rx_no_buffer_count: 0,
    rx_fifo_errors: 0,
    rx_errors: 0,
  };
}
