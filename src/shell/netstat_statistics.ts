/// What netstat -s says: the counters of /proc/net/snmp and netstat in sentences. Those without a sentence
/// are printed by name, and only when they are not zero.
/// Stands for statistics.c of net-tools 2.10.
/// Left out: the histograms of ICMP types.
import type { Kernel } from '../kernel/state.ts';
import { netstatNames, snmpNames } from './data/net_files.ts';
import { mibValue } from './proc/snmp.ts';
import { value, type Piece } from './marked.ts';

/// Sentences by counter; # stands for the number. A leading ? leaves out a zero.
const SENTENCES: Readonly<Record<string, string>> = {
  IpForwarding: 'Forwarding: #',
  IpInReceives: '# total packets received',
  IpInHdrErrors: '?# with invalid headers',
  IpInAddrErrors: '?# with invalid addresses',
  IpForwDatagrams: '# forwarded',
  IpInUnknownProtos: '?# with unknown protocol',
  IpInDiscards: '# incoming packets discarded',
  IpInDelivers: '# incoming packets delivered',
  IpOutRequests: '# requests sent out',
  IpOutDiscards: '?# outgoing packets dropped',
  IpOutNoRoutes: '?# dropped because of missing route',
  IpReasmTimeout: '?# fragments dropped after timeout',
  IpReasmReqds: '?# reassemblies required',
  IpReasmOKs: '?# packets reassembled ok',
  IpReasmFails: '?# packet reassemblies failed',
  IpFragOKs: '?# fragments received ok',
  IpFragFails: '?# fragments failed',
  IpFragCreates: '?# fragments created',
  IcmpInMsgs: '# ICMP messages received',
  IcmpInErrors: '# input ICMP message failed',
  IcmpOutMsgs: '# ICMP messages sent',
  IcmpOutErrors: '# ICMP messages failed',
  TcpActiveOpens: '# active connection openings',
  TcpPassiveOpens: '# passive connection openings',
  TcpAttemptFails: '# failed connection attempts',
  TcpEstabResets: '# connection resets received',
  TcpCurrEstab: '# connections established',
  TcpInSegs: '# segments received',
  TcpOutSegs: '# segments sent out',
  TcpRetransSegs: '# segments retransmitted',
  TcpInErrs: '# bad segments received',
  TcpOutRsts: '# resets sent',
  UdpInDatagrams: '# packets received',
  UdpNoPorts: '# packets to unknown port received',
  UdpInErrors: '# packet receive errors',
  UdpOutDatagrams: '# packets sent',
  UdpRcvbufErrors: '# receive buffer errors',
  UdpSndbufErrors: '# send buffer errors',
  TcpExtSyncookiesSent: '?# SYN cookies sent',
  TcpExtSyncookiesRecv: '?# SYN cookies received',
  TcpExtSyncookiesFailed: '?# invalid SYN cookies received',
  TcpExtEmbryonicRsts: '?# resets received for embryonic SYN_RECV sockets',
  TcpExtPruneCalled: '?# packets pruned from receive queue because of socket buffer overrun',
  TcpExtRcvPruned: '?# packets pruned from receive queue',
  TcpExtOfoPruned: '?# packets dropped from out-of-order queue because of socket buffer overrun',
  TcpExtDelayedACKs: '?# delayed acks sent',
  TcpExtDelayedACKLocked: '?# delayed acks further delayed because of locked socket',
  TcpExtDelayedACKLost: '?Quick ack mode was activated # times',
  TcpExtListenOverflows: '?# times the listen queue of a socket overflowed',
  TcpExtListenDrops: '?# SYNs to LISTEN sockets dropped',
  TcpExtTCPHPHits: '?# packet headers predicted',
  TcpExtTCPPureAcks: '?# acknowledgments not containing data payload received',
  TcpExtTCPHPAcks: '?# predicted acknowledgments',
  TcpExtTCPTimeouts: '?# other TCP timeouts',
  TcpExtTCPRcvCollapsed: '?# packets collapsed in receive queue due to low socket buffer',
  TcpExtTCPDSACKOldSent: '?# DSACKs sent for old packets',
  TcpExtTCPDSACKOfoSent: '?# DSACKs sent for out of order packets',
  TcpExtTCPMemoryPressures: '?TCP ran low on memory # times',
};

/// In these sections a counter without a sentence is printed by its name.
const BY_NAME = /^(TcpExt|IpExt|MPTcpExt)/;

/// Which sections -t and -u choose; both or neither: all.
const CHOSEN: Readonly<Record<string, 't' | 'u'>> = { Tcp: 't', TcpExt: 't', Udp: 'u' };

/// The lines, each as pieces to print.
export function statisticsLines(k: Kernel, tcp: boolean, udp: boolean): Piece[][] {
  const all = tcp === udp;
  const lines: Piece[][] = [];
  for (const heading of [...snmpNames.split('\n'), ...netstatNames.split('\n')]) {
    const [prefix = '', ...columns] = heading.split(' ');
    const section = prefix.slice(0, -1);
    if (section === 'IcmpMsg' || (!all && !wanted(section, tcp))) continue;
    const rows = columns.flatMap((column) => sentence(k, section, column));
    if (rows.length === 0 && section === 'IpExt') continue;
    if (rows.length === 0 && section === 'TcpExt') continue;
    lines.push([prefix], ...rows);
  }
  return lines;
}

function wanted(section: string, tcp: boolean): boolean {
  if (section === 'Ip' || section === 'Icmp') return false;
  const letter = CHOSEN[section];
  return letter === undefined || (letter === 't') === tcp;
}

function sentence(k: Kernel, section: string, column: string): Piece[][] {
  const name = section + column;
  const count = mibValue(k, name);
  const known = SENTENCES[name];
  const number = value(count, `counter:${name}`);
  if (known === undefined)
    return BY_NAME.test(section) && count !== 0 ? [[`    ${column}: `, number]] : [];
  if (known.startsWith('?') && count === 0) return [];
  const [before = '', after = ''] = known.replace(/^\?/, '').split('#');
  return [[`    ${before}`, number, after]];
}
