/// Every tool of the host, by the name it is called by.
import type { Command } from '../command.ts';
import { arp } from './arp.ts';
import { arping } from './arping.ts';
import { awk, gawk } from './awk.ts';
import { basename } from './basename.ts';
import { bash, sh } from './bash.ts';
import { bpftool } from './bpftool.ts';
import { bridge } from './bridge.ts';
import { cat } from './cat.ts';
import { chmod } from './chmod.ts';
import { cmp } from './cmp.ts';
import { column } from './column.ts';
import { comm } from './comm.ts';
import { conntrack } from './conntrack.ts';
import { cp, mv } from './cp.ts';
import { cut } from './cut.ts';
import { date } from './date.ts';
import { diff } from './diff.ts';
import { dirname } from './dirname.ts';
import { dmesg } from './dmesg.ts';
import { env } from './env.ts';
import { ethtool } from './ethtool.ts';
import { expr } from './expr.ts';
import { find } from './find.ts';
import { fold } from './fold.ts';
import { grep, egrep, fgrep } from './grep.ts';
import { head } from './head.ts';
import { hwstampCtl } from './hwstamp_ctl.ts';
import { whoami, id, hostname, uname, nproc, clear, uptime } from './identity.ts';
import { ifconfig } from './ifconfig.ts';
import { incomingCpu, incomingNapiId } from './incoming.ts';
import { ip } from './ip.ts';
import { iperf3 } from './iperf3.ts';
import {
  ip6tables,
  ip6tablesRestore,
  ip6tablesSave,
  iptables,
  iptablesRestore,
  iptablesSave,
} from './iptables.ts';
import { less, more } from './less.ts';
import { ls } from './ls.ts';
import { lscpu } from './lscpu.ts';
import { lsirq } from './lsirq.ts';
import { free, lsmod, lspci, getconf } from './machine.ts';
import { modprobe } from './modprobe.ts';
import { mkdir, rmdir } from './mkdir.ts';
import { netstat } from './netstat.ts';
import { nft } from './nft.ts';
import { nl } from './nl.ts';
import { nstat } from './nstat.ts';
import { numactl } from './numactl.ts';
import { od } from './od.ts';
import { paste } from './paste.ts';
import { ping } from './ping.ts';
import { ps, pgrep } from './ps.ts';
import { readlink, realpath } from './readlink.ts';
import { rev } from './rev.ts';
import { rm } from './rm.ts';
import { route } from './route.ts';
import { sed } from './sed.ts';
import { seq } from './seq.ts';
import { sleep } from './sleep.ts';
import { sort } from './sort.ts';
import { ss } from './ss.ts';
import { stat } from './stat.ts';
import { sudo } from './sudo.ts';
import { sysctl } from './sysctl.ts';
import { tac } from './tac.ts';
import { tail } from './tail.ts';
import { nice } from './nice.ts';
import { renice } from './renice.ts';
import { taskset } from './taskset.ts';
import { tc } from './tc.ts';
import { tcpdump } from './tcpdump.ts';
import { tcpsink } from './tcpsink.ts';
import { tee } from './tee.ts';
import { tftp } from './tftp.ts';
import { timeout } from './timeout.ts';
import { top } from './top.ts';
import { touch } from './touch.ts';
import { tr } from './tr.ts';
import { traffic } from './traffic.ts';
import { udpsink } from './udpsink.ts';
import { uniq } from './uniq.ts';
import { watch } from './watch.ts';
import { wc } from './wc.ts';
import { which } from './which.ts';
import { xargs } from './xargs.ts';
import { xdpsock } from './xdp_sock.ts';
import { xxd } from './xxd.ts';
import { yes } from './yes.ts';

const all: readonly Command[] = [
  arp,
  arping,
  awk,
  basename,
  bash,
  bpftool,
  bridge,
  cat,
  chmod,
  clear,
  cmp,
  column,
  comm,
  conntrack,
  cp,
  cut,
  date,
  diff,
  dirname,
  dmesg,
  egrep,
  env,
  ethtool,
  expr,
  fgrep,
  find,
  fold,
  free,
  gawk,
  getconf,
  grep,
  head,
  hostname,
  id,
  hwstampCtl,
  incomingCpu,
  incomingNapiId,
  ifconfig,
  ip,
  ip6tables,
  ip6tablesRestore,
  ip6tablesSave,
  iperf3,
  iptables,
  iptablesRestore,
  iptablesSave,
  less,
  ls,
  lscpu,
  lsirq,
  lsmod,
  lspci,
  mkdir,
  modprobe,
  more,
  mv,
  netstat,
  nft,
  nl,
  nproc,
  nstat,
  numactl,
  od,
  paste,
  pgrep,
  ping,
  ps,
  readlink,
  realpath,
  rev,
  rm,
  rmdir,
  route,
  sed,
  seq,
  sh,
  sleep,
  sort,
  ss,
  stat,
  sudo,
  sysctl,
  tac,
  tail,
  nice,
  renice,
  taskset,
  tc,
  tcpdump,
  tcpsink,
  tee,
  tftp,
  timeout,
  top,
  touch,
  tr,
  traffic,
  udpsink,
  uname,
  uniq,
  uptime,
  watch,
  wc,
  which,
  whoami,
  xargs,
  xdpsock,
  xxd,
  yes,
];

export const commands: ReadonlyMap<string, Command> = new Map(
  all.map((command) => [command.name, command]),
);
