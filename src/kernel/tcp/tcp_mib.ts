/// The SNMP counters that an established connection moves, as fixed fields, by their nstat names
/// (net/ipv4/proc.c). Counters that nothing here moves are not among them.

export type TcpMib = ReturnType<typeof createTcpMib>;

/// All of them at 0.
export function createTcpMib() {
  return {
    TcpInSegs: 0,
    TcpOutSegs: 0,
    TcpInErrs: 0,
    TcpInCsumErrors: 0,
    TcpPassiveOpens: 0,
    TcpEstabResets: 0,
    TcpCurrEstab: 0,
    TcpExtTCPHPHits: 0,
    TcpExtTCPPureAcks: 0,
    TcpExtTCPHPAcks: 0,
    TcpExtTCPRcvCoalesce: 0,
    TcpExtTCPOFOQueue: 0,
    TcpExtTCPOFODrop: 0,
    TcpExtTCPOFOMerge: 0,
    TcpExtTCPRcvCollapsed: 0,
    TcpExtTCPRcvQDrop: 0,
    TcpExtTCPZeroWindowDrop: 0,
    TcpExtTCPWantZeroWindowAdv: 0,
    TcpExtTCPToZeroWindowAdv: 0,
    TcpExtTCPFromZeroWindowAdv: 0,
    TcpExtPruneCalled: 0,
    TcpExtRcvPruned: 0,
    TcpExtOfoPruned: 0,
    TcpExtTCPBacklogDrop: 0,
    TcpExtTCPBacklogCoalesce: 0,
    TcpExtDelayedACKs: 0,
    TcpExtDelayedACKLocked: 0,
    TcpExtDelayedACKLost: 0,
    TcpExtTCPDSACKOldSent: 0,
    TcpExtTCPDSACKOfoSent: 0,
    TcpExtTCPAckCompressed: 0,
    TcpExtTCPACKSkippedSeq: 0,
    TcpExtTCPACKSkippedPAWS: 0,
    TcpExtTCPACKSkippedChallenge: 0,
    TcpExtTCPChallengeACK: 0,
    TcpExtTCPSYNChallenge: 0,
    TcpExtPAWSEstab: 0,
  };
}
