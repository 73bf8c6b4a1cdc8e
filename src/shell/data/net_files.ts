/// Names of the counters in /proc/net/snmp, netstat, snmp6 and xfrm_stat, in the kernel's order, and the
/// files of /proc that say the same on every recorded host. Recorded on Linux 6.12.107.
/// Sources: net/ipv4/proc.c, net/ipv6/proc.c, net/mptcp/mib.c, net/xfrm/xfrm_proc.c.

/// /proc/net/snmp: a protocol a line.
export const snmpNames = `
Ip: Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams InUnknownProtos InDiscards InDelivers OutRequests OutDiscards OutNoRoutes ReasmTimeout ReasmReqds ReasmOKs ReasmFails FragOKs FragFails FragCreates OutTransmits
Icmp: InMsgs InErrors InCsumErrors InDestUnreachs InTimeExcds InParmProbs InSrcQuenchs InRedirects InEchos InEchoReps InTimestamps InTimestampReps InAddrMasks InAddrMaskReps OutMsgs OutErrors OutRateLimitGlobal OutRateLimitHost OutDestUnreachs OutTimeExcds OutParmProbs OutSrcQuenchs OutRedirects OutEchos OutEchoReps OutTimestamps OutTimestampReps OutAddrMasks OutAddrMaskReps
Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors
Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors
UdpLite: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors
`.trim();

/// /proc/net/netstat: a protocol a line.
export const netstatNames = `
TcpExt: SyncookiesSent SyncookiesRecv SyncookiesFailed EmbryonicRsts PruneCalled RcvPruned OfoPruned OutOfWindowIcmps LockDroppedIcmps ArpFilter TW TWRecycled TWKilled PAWSActive PAWSEstab DelayedACKs DelayedACKLocked DelayedACKLost ListenOverflows ListenDrops TCPHPHits TCPPureAcks TCPHPAcks TCPRenoRecovery TCPSackRecovery TCPSACKReneging TCPSACKReorder TCPRenoReorder TCPTSReorder TCPFullUndo TCPPartialUndo TCPDSACKUndo TCPLossUndo TCPLostRetransmit TCPRenoFailures TCPSackFailures TCPLossFailures TCPFastRetrans TCPSlowStartRetrans TCPTimeouts TCPLossProbes TCPLossProbeRecovery TCPRenoRecoveryFail TCPSackRecoveryFail TCPRcvCollapsed TCPBacklogCoalesce TCPDSACKOldSent TCPDSACKOfoSent TCPDSACKRecv TCPDSACKOfoRecv TCPAbortOnData TCPAbortOnClose TCPAbortOnMemory TCPAbortOnTimeout TCPAbortOnLinger TCPAbortFailed TCPMemoryPressures TCPMemoryPressuresChrono TCPSACKDiscard TCPDSACKIgnoredOld TCPDSACKIgnoredNoUndo TCPSpuriousRTOs TCPMD5NotFound TCPMD5Unexpected TCPMD5Failure TCPSackShifted TCPSackMerged TCPSackShiftFallback TCPBacklogDrop PFMemallocDrop TCPMinTTLDrop TCPDeferAcceptDrop IPReversePathFilter TCPTimeWaitOverflow TCPReqQFullDoCookies TCPReqQFullDrop TCPRetransFail TCPRcvCoalesce TCPOFOQueue TCPOFODrop TCPOFOMerge TCPChallengeACK TCPSYNChallenge TCPFastOpenActive TCPFastOpenActiveFail TCPFastOpenPassive TCPFastOpenPassiveFail TCPFastOpenListenOverflow TCPFastOpenCookieReqd TCPFastOpenBlackhole TCPSpuriousRtxHostQueues BusyPollRxPackets TCPAutoCorking TCPFromZeroWindowAdv TCPToZeroWindowAdv TCPWantZeroWindowAdv TCPSynRetrans TCPOrigDataSent TCPHystartTrainDetect TCPHystartTrainCwnd TCPHystartDelayDetect TCPHystartDelayCwnd TCPACKSkippedSynRecv TCPACKSkippedPAWS TCPACKSkippedSeq TCPACKSkippedFinWait2 TCPACKSkippedTimeWait TCPACKSkippedChallenge TCPWinProbe TCPKeepAlive TCPMTUPFail TCPMTUPSuccess TCPDelivered TCPDeliveredCE TCPAckCompressed TCPZeroWindowDrop TCPRcvQDrop TCPWqueueTooBig TCPFastOpenPassiveAltKey TcpTimeoutRehash TcpDuplicateDataRehash TCPDSACKRecvSegs TCPDSACKIgnoredDubious TCPMigrateReqSuccess TCPMigrateReqFailure TCPPLBRehash TCPAORequired TCPAOBad TCPAOKeyNotFound TCPAOGood TCPAODroppedIcmps
IpExt: InNoRoutes InTruncatedPkts InMcastPkts OutMcastPkts InBcastPkts OutBcastPkts InOctets OutOctets InMcastOctets OutMcastOctets InBcastOctets OutBcastOctets InCsumErrors InNoECTPkts InECT1Pkts InECT0Pkts InCEPkts ReasmOverlaps
MPTcpExt: MPCapableSYNRX MPCapableSYNTX MPCapableSYNACKRX MPCapableACKRX MPCapableFallbackACK MPCapableFallbackSYNACK MPCapableSYNTXDrop MPCapableSYNTXDisabled MPCapableEndpAttempt MPFallbackTokenInit MPTCPRetrans MPJoinNoTokenFound MPJoinSynRx MPJoinSynBackupRx MPJoinSynAckRx MPJoinSynAckBackupRx MPJoinSynAckHMacFailure MPJoinAckRx MPJoinAckHMacFailure MPJoinSynTx MPJoinSynTxCreatSkErr MPJoinSynTxBindErr MPJoinSynTxConnectErr DSSNotMatching DSSCorruptionFallback DSSCorruptionReset InfiniteMapTx InfiniteMapRx DSSNoMatchTCP DataCsumErr OFOQueueTail OFOQueue OFOMerge NoDSSInWindow DuplicateData AddAddr AddAddrTx AddAddrTxDrop EchoAdd EchoAddTx EchoAddTxDrop PortAdd AddAddrDrop MPJoinPortSynRx MPJoinPortSynAckRx MPJoinPortAckRx MismatchPortSynRx MismatchPortAckRx RmAddr RmAddrDrop RmAddrTx RmAddrTxDrop RmSubflow MPPrioTx MPPrioRx MPFailTx MPFailRx MPFastcloseTx MPFastcloseRx MPRstTx MPRstRx RcvPruned SubflowStale SubflowRecover SndWndShared RcvWndShared RcvWndConflictUpdate RcvWndConflict MPCurrEstab Blackhole
`.trim();

/// /proc/net/snmp6.
export const snmp6Names = `
Ip6InReceives
Ip6InHdrErrors
Ip6InTooBigErrors
Ip6InNoRoutes
Ip6InAddrErrors
Ip6InUnknownProtos
Ip6InTruncatedPkts
Ip6InDiscards
Ip6InDelivers
Ip6OutForwDatagrams
Ip6OutRequests
Ip6OutDiscards
Ip6OutNoRoutes
Ip6ReasmTimeout
Ip6ReasmReqds
Ip6ReasmOKs
Ip6ReasmFails
Ip6FragOKs
Ip6FragFails
Ip6FragCreates
Ip6InMcastPkts
Ip6OutMcastPkts
Ip6InOctets
Ip6OutOctets
Ip6InMcastOctets
Ip6OutMcastOctets
Ip6InBcastOctets
Ip6OutBcastOctets
Ip6InNoECTPkts
Ip6InECT1Pkts
Ip6InECT0Pkts
Ip6InCEPkts
Ip6OutTransmits
Icmp6InMsgs
Icmp6InErrors
Icmp6OutMsgs
Icmp6OutErrors
Icmp6InCsumErrors
Icmp6OutRateLimitHost
Icmp6InDestUnreachs
Icmp6InPktTooBigs
Icmp6InTimeExcds
Icmp6InParmProblems
Icmp6InEchos
Icmp6InEchoReplies
Icmp6InGroupMembQueries
Icmp6InGroupMembResponses
Icmp6InGroupMembReductions
Icmp6InRouterSolicits
Icmp6InRouterAdvertisements
Icmp6InNeighborSolicits
Icmp6InNeighborAdvertisements
Icmp6InRedirects
Icmp6InMLDv2Reports
Icmp6OutDestUnreachs
Icmp6OutPktTooBigs
Icmp6OutTimeExcds
Icmp6OutParmProblems
Icmp6OutEchos
Icmp6OutEchoReplies
Icmp6OutGroupMembQueries
Icmp6OutGroupMembResponses
Icmp6OutGroupMembReductions
Icmp6OutRouterSolicits
Icmp6OutRouterAdvertisements
Icmp6OutNeighborSolicits
Icmp6OutNeighborAdvertisements
Icmp6OutRedirects
Icmp6OutMLDv2Reports
Udp6InDatagrams
Udp6NoPorts
Udp6InErrors
Udp6OutDatagrams
Udp6RcvbufErrors
Udp6SndbufErrors
Udp6InCsumErrors
Udp6IgnoredMulti
Udp6MemErrors
UdpLite6InDatagrams
UdpLite6NoPorts
UdpLite6InErrors
UdpLite6OutDatagrams
UdpLite6RcvbufErrors
UdpLite6SndbufErrors
UdpLite6InCsumErrors
UdpLite6MemErrors
`.trim();

/// /proc/net/xfrm_stat.
export const xfrmNames = `
XfrmInError
XfrmInBufferError
XfrmInHdrError
XfrmInNoStates
XfrmInStateProtoError
XfrmInStateModeError
XfrmInStateSeqError
XfrmInStateExpired
XfrmInStateMismatch
XfrmInStateInvalid
XfrmInTmplMismatch
XfrmInNoPols
XfrmInPolBlock
XfrmInPolError
XfrmOutError
XfrmOutBundleGenError
XfrmOutBundleCheckError
XfrmOutNoStates
XfrmOutStateProtoError
XfrmOutStateModeError
XfrmOutStateSeqError
XfrmOutStateExpired
XfrmOutPolBlock
XfrmOutPolDead
XfrmOutPolError
XfrmFwdHdrError
XfrmOutStateInvalid
XfrmAcquireError
XfrmOutStateDirError
XfrmInStateDirError
`.trim();

/// Whole files, by path.
export const constantFiles: Readonly<Record<string, string>> = {
  '/proc/cgroups': `#subsys_name	hierarchy	num_cgroups	enabled
cpuset	0	1	1
cpu	0	1	1
cpuacct	0	1	1
blkio	0	1	1
memory	0	1	1
devices	0	1	1
freezer	0	1	1
net_cls	0	1	1
perf_event	0	1	1
net_prio	0	1	1
hugetlb	0	1	1
pids	0	1	1
rdma	0	1	1
misc	0	1	1`,
  '/proc/devices': `Character devices:
  1 mem
  4 /dev/vc/0
  4 tty
  4 ttyS
  5 /dev/tty
  5 /dev/console
  5 /dev/ptmx
  7 vcs
 10 misc
 13 input
 29 fb
128 ptm
136 pts
153 spi
245 virtio-portsdev
246 bsg
247 ptp
248 pps
249 rtc
250 cxl
251 dma_heap
252 dax
253 tpm
254 gpiochip

Block devices:
254 virtblk
259 blkext`,
  '/proc/filesystems': `nodev	sysfs
nodev	tmpfs
nodev	proc
nodev	cgroup
nodev	cgroup2
nodev	devtmpfs
nodev	debugfs
nodev	tracefs
nodev	securityfs
nodev	sockfs
nodev	bpf
nodev	pipefs
nodev	ramfs
nodev	hugetlbfs
nodev	devpts
	fuseblk
nodev	fuse
nodev	fusectl
nodev	virtiofs
nodev	mqueue
nodev	pstore
	ext3
	ext2
	ext4`,
  '/proc/net/anycast6': ``,
  '/proc/net/connector': `Name            ID
cn_proc         1:1`,
  '/proc/net/icmp': `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops             `,
  '/proc/net/icmp6': `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops`,
  '/proc/net/ip6_flowlabel': `Label S Owner  Users  Linger Expires  Dst                              Opt`,
  '/proc/net/ip6_mr_cache': `Group                            Origin                           Iif      Pkts  Bytes     Wrong  Oifs`,
  '/proc/net/ip6_mr_vif': `Interface      BytesIn  PktsIn  BytesOut PktsOut Flags`,
  '/proc/net/ip_mr_cache': `Group    Origin   Iif     Pkts    Bytes    Wrong Oifs`,
  '/proc/net/ip_mr_vif': `Interface      BytesIn  PktsIn  BytesOut PktsOut Flags Local    Remote`,
  '/proc/net/mcfilter': `Idx Device        MCA        SRC    INC    EXC`,
  '/proc/net/mcfilter6': `Idx Device                Multicast Address                   Source Address    INC    EXC`,
  '/proc/net/netfilter/nf_log': ` 0 NONE ()
 1 NONE ()
 2 NONE ()
 3 NONE ()
 4 NONE ()
 5 NONE ()
 6 NONE ()
 7 NONE ()
 8 NONE ()
 9 NONE ()
10 NONE ()`,
  '/proc/net/packet': `sk               RefCnt Type Proto  Iface R Rmem   User   Inode`,
  '/proc/net/protocols': `protocol  size sockets  memory press maxhdr  slab module     cl co di ac io in de sh ss gs se re bi br ha uh gp em
PACKET    1536      0      -1   NI       0   no   kernel      n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n
MPTCPv6   2128      0       0   no       0   yes  kernel      y  y  y  n  y  y  y  y  y  y  y  y  n  n  y  y  y  n
PINGv6    1200      0      -1   NI       0   yes  kernel      y  y  y  n  n  y  n  n  y  y  y  y  y  y  y  y  y  n
RAWv6     1200      0      -1   NI       0   yes  kernel      y  y  y  n  y  y  y  n  y  y  y  y  y  y  y  y  n  n
UDPLITEv6 1344      0       0   NI       0   yes  kernel      y  y  y  n  y  y  y  n  y  y  y  y  n  n  y  y  y  n
UDPv6     1344      0       0   NI       0   yes  kernel      y  y  y  n  y  y  y  n  y  y  y  y  n  n  y  y  y  n
TCPv6     2560      0       0   no     320   yes  kernel      y  y  y  y  y  y  y  y  y  y  y  y  n  y  y  y  y  y
XDP       1024      0      -1   NI       0   no   kernel      n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n
UNIX-STREAM 1024      0      -1   NI       0   yes  kernel      y  n  n  n  n  n  n  n  n  n  n  n  n  n  n  y  n  n
UNIX      1024      0      -1   NI       0   yes  kernel      y  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n
UDP-Lite  1152      0       0   NI       0   yes  kernel      y  y  y  n  y  y  y  n  y  y  y  y  n  n  y  y  y  n
MPTCP     1968      0       0   no       0   yes  kernel      y  y  y  n  y  y  y  y  y  y  y  y  n  n  y  y  y  n
PING       992      0      -1   NI       0   yes  kernel      y  y  y  n  n  y  n  n  y  y  y  y  y  y  y  y  y  n
RAW       1000      0      -1   NI       0   yes  kernel      y  y  y  n  y  y  y  n  y  y  y  y  y  y  y  y  n  n
UDP       1152      0       0   NI       0   yes  kernel      y  y  y  n  y  y  y  n  y  y  y  y  n  n  y  y  y  n
TCP       2368      0       0   no     320   yes  kernel      y  y  y  y  y  y  y  y  y  y  y  y  n  y  y  y  y  y
NETLINK   1088      0      -1   NI       0   no   kernel      n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n`,
  '/proc/net/psched': `000003e8 00000040 000f4240 3b9aca00`,
  '/proc/net/raw': `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops`,
  '/proc/net/rt_cache': `Iface	Destination	Gateway 	Flags		RefCnt	Use	Metric	Source		MTU	Window	IRTT	TOS	HHRef	HHUptod	SpecDst                          `,
  '/proc/net/tcp': `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     `,
  '/proc/net/tcp6': `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode`,
  '/proc/net/udplite': `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops            `,
  '/proc/net/udplite6': `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops`,
  '/proc/net/unix': `Num       RefCount Protocol Flags    Type St Inode Path`,
  '/proc/net/wireless': `Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE
 face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22`,
  '/proc/version': `Linux version 6.12.107+deb13-amd64 (kernel@lists.example.org) (x86_64-linux-gnu-gcc-14 (Debian 14.2.0-19) 14.2.0, GNU ld (GNU Binutils for Debian) 2.44) #1 SMP PREEMPT_DYNAMIC Debian 6.12.107-1 (2026-08-29)`,
};
