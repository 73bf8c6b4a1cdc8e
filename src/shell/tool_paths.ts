/// Where the tools are installed on Debian 13, whose /bin and /sbin are links into /usr.

const SBIN = new Set(
  (
    'arp ethtool ifconfig ip ip6tables ip6tables-save ip6tables-restore iptables iptables-save iptables-restore nft tc bpftool conntrack sysctl modprobe lsmod route ' +
    'tcpdump chcpu bridge rtmon swapon hwstamp_ctl'
  ).split(' '),
);
const OURS = new Set(['traffic', 'udpsink', 'incoming_napi_id']); // made for this site; on no real host

export function toolPath(name: string): string {
  // tcpsink and incoming_cpu are helpers of the recorded hosts.
  if (OURS.has(name) || ['tcpsink', 'incoming_cpu'].includes(name)) return `/usr/local/bin/${name}`;
  return `${SBIN.has(name) ? '/usr/sbin' : '/usr/bin'}/${name}`;
}
