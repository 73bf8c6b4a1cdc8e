/// The XDP objects of the recorded hosts in /opt/lab, and a firewall to change. They hold the rules that stand for
/// their byte code (source.ts): the tags and sizes are the recorded ones, the bytes of the real files are not here.

const HEAD = '# The rules that stand for this object. Softnet runs rules, not BPF byte code.\n';

const XDP_DROP = `${HEAD}program xdp_drop_prog
license GPL
object 57cd311f2e27366b xlated 16
drop
`;

const XDP_PASS = `${HEAD}program xdp_pass_prog
license GPL
object 3b185187f1855c4c xlated 16
pass
`;

const XDP_DROPUDP = `${HEAD}program xdp_udp
license GPL
object 158e79909004b26a xlated 248 jited 161
map drops array entries 1
if ipv4 and proto udp count drops 0 drop
pass
`;

const FIREWALL = `# A firewall in XDP: rules, first match decides. Change it and load it with
#   ip -force link set dev eth0 xdp obj /opt/lab/firewall.xdp sec xdp
program xdp_firewall
license GPL
map hits percpu_array entries 2
map blocked lpm_trie entries 64
entry blocked 198.18.0.0/15

if src in blocked count hits 0 drop
if proto udp and dport 9 count hits 1 drop
pass
`;

/// Files that a fresh session finds, by path.
export const labFiles: Readonly<Record<string, string>> = {
  '/opt/lab/firewall.xdp': FIREWALL,
  '/opt/lab/xdp_drop.o': XDP_DROP,
  '/opt/lab/xdp_dropudp.o': XDP_DROPUDP,
  '/opt/lab/xdp_pass.o': XDP_PASS,
};
