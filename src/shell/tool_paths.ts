/// Where the tools are installed on Debian 13, whose /bin and /sbin are links into /usr.

const SBIN = new Set(
  (
    'arp ethtool ifconfig ip ip6tables iptables iptables-save iptables-restore nft tc bpftool conntrack sysctl modprobe lsmod route ' +
    'tcpdump chcpu bridge rtmon swapon'
  ).split(' '),
);
const OURS = new Set(['traffic', 'udpsink']); // made for this site; on no real host

export function toolPath(name: string): string {
  // tcpsink is a helper of the recorded hosts.
  if (OURS.has(name) || name === 'tcpsink') return `/usr/local/bin/${name}`;
  return `${SBIN.has(name) ? '/usr/sbin' : '/usr/bin'}/${name}`;
}
