/// Every tool of the host, by the name it is called by.
import type { Command } from '../command.ts';
import { awk, gawk } from './awk.ts';
import { bash, sh } from './bash.ts';
import { cat } from './cat.ts';
import { chmod } from './chmod.ts';
import { cut } from './cut.ts';
import { date } from './date.ts';
import { dmesg } from './dmesg.ts';
import { env } from './env.ts';
import { ethtool } from './ethtool.ts';
import { grep, egrep, fgrep } from './grep.ts';
import { head } from './head.ts';
import { whoami, id, hostname, uname, nproc, clear, uptime } from './identity.ts';
import { ifconfig } from './ifconfig.ts';
import { ip } from './ip.ts';
import { ls } from './ls.ts';
import { lscpu } from './lscpu.ts';
import { free, lsmod, lspci, getconf } from './machine.ts';
import { netstat } from './netstat.ts';
import { nstat } from './nstat.ts';
import { numactl } from './numactl.ts';
import { ps, pgrep } from './ps.ts';
import { rev } from './rev.ts';
import { seq } from './seq.ts';
import { sleep } from './sleep.ts';
import { sort } from './sort.ts';
import { ss } from './ss.ts';
import { sudo } from './sudo.ts';
import { sysctl } from './sysctl.ts';
import { tac } from './tac.ts';
import { tail } from './tail.ts';
import { taskset } from './taskset.ts';
import { tc } from './tc.ts';
import { tee } from './tee.ts';
import { timeout } from './timeout.ts';
import { tr } from './tr.ts';
import { traffic } from './traffic.ts';
import { uniq } from './uniq.ts';
import { watch } from './watch.ts';
import { wc } from './wc.ts';
import { xargs } from './xargs.ts';
import { yes } from './yes.ts';

const all: readonly Command[] = [
  awk,
  gawk,
  bash,
  sh,
  cat,
  chmod,
  cut,
  date,
  dmesg,
  env,
  ethtool,
  grep,
  egrep,
  fgrep,
  head,
  whoami,
  id,
  hostname,
  uname,
  nproc,
  clear,
  uptime,
  ifconfig,
  ip,
  ls,
  lscpu,
  free,
  lsmod,
  lspci,
  getconf,
  netstat,
  nstat,
  numactl,
  ps,
  pgrep,
  rev,
  seq,
  sleep,
  sort,
  ss,
  sudo,
  sysctl,
  tac,
  tail,
  taskset,
  tc,
  tee,
  timeout,
  tr,
  traffic,
  uniq,
  watch,
  wc,
  xargs,
  yes,
];

export const commands: ReadonlyMap<string, Command> = new Map(
  all.map((command) => [command.name, command]),
);
