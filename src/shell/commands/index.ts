/// Every tool of the host, by the name it is called by.
import type { Command } from '../command.ts';
import { bash, sh } from './bash.ts';
import { cat } from './cat.ts';
import { cut } from './cut.ts';
import { date } from './date.ts';
import { env } from './env.ts';
import { ethtool } from './ethtool.ts';
import { grep, egrep, fgrep } from './grep.ts';
import { head } from './head.ts';
import { whoami, id, hostname, uname, nproc, clear, uptime } from './identity.ts';
import { ifconfig } from './ifconfig.ts';
import { ip } from './ip.ts';
import { ls } from './ls.ts';
import { rev } from './rev.ts';
import { seq } from './seq.ts';
import { sleep } from './sleep.ts';
import { sort } from './sort.ts';
import { ss } from './ss.ts';
import { sudo } from './sudo.ts';
import { sysctl } from './sysctl.ts';
import { tac } from './tac.ts';
import { tail } from './tail.ts';
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
import { dmesg } from './dmesg.ts';
import { lscpu } from './lscpu.ts';
import { free, getconf, lsmod, lspci } from './machine.ts';
import { nstat } from './nstat.ts';
import { numactl } from './numactl.ts';
import { pgrep, ps } from './ps.ts';
import { taskset } from './taskset.ts';

const all: readonly Command[] = [
  bash,
  sh,
  cat,
  cut,
  date,
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
  rev,
  seq,
  sleep,
  sort,
  ss,
  sudo,
  sysctl,
  tac,
  tail,
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
  dmesg,
  lscpu,
  free,
  getconf,
  lsmod,
  lspci,
  nstat,
  numactl,
  pgrep,
  ps,
  taskset,
];

export const commands: ReadonlyMap<string, Command> = new Map(all.map((command) => [command.name, command]));
