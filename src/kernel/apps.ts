/// Applications that use the network: tasks and their sockets come together, and go together.
/// Left out: what else a program does; exec, files, signals other than its end.
import { makeEpoll, planOf, setReadOptions } from './app_options.ts';
import { cpusIn, maskOf } from './cpumask.ts';
import { ep_insert, ep_remove, sleepInEpoll } from './epoll.ts';
import type { ReadOptions } from './host.ts';
import { openRaw } from './raw.ts';
import { createTask } from './sched/task.ts';
import { closeSock, openUdp, type BindOptions } from './sock.ts';
import { waitExclusive } from './sock_wait.ts';
import type { Kernel, Task } from './state.ts';
import { closeConnection } from './tcp/close_connection.ts';
import { closeListener, openListener } from './tcp/listener.ts';
import { setUdpGro } from './udp_segment.ts';

export interface Application extends BindOptions, ReadOptions {
  readonly comm: string;
  readonly uid: number;
  readonly cpu: number; // CPU it starts on; -1: the last one
  readonly pinned?: boolean; // to that CPU: whenever one is named
  readonly pid?: number;
  readonly proto: 'udp' | 'tcp' | 'raw';
  readonly port: number; // raw: IP protocol number
  readonly reads: boolean; // it reads what comes, or accepts; else it only holds the socket
  readonly service_ns: number; // user time for each datagram or read
  readonly backlog?: number; // TCP: what listen() asks for
}

type Refused = 'EADDRINUSE' | 'ENODEV';

/// Starts an application: the index of its first task, or why it cannot have its socket.
export function spawn(k: Kernel, app: Application): number | Refused {
  const first = makeThread(k, app, 0, app.pid, undefined);
  const main = k.tasks[first]!;
  const sock = open(k, first, app);
  if (typeof sock === 'string') {
    k.tasks.pop();
    return sock;
  }
  main.sock = sock;
  const shared = app.reads && app.epoll?.shared ? makeEpoll(k, app.epoll, app.uid === 0) : -1;
  begin(k, app, first, shared);
  for (let i = 1; i < (app.threads ?? 1); i++) {
    const index = makeThread(k, app, i, undefined, main.pid);
    k.tasks[index]!.sock = app.reuseport ? mustOpen(k, index, app) : sock;
    begin(k, app, index, shared);
  }
  k.config_version++;
  return first;
}

function makeThread(
  k: Kernel,
  app: Application,
  i: number,
  pid: number | undefined,
  tgid: number | undefined,
): number {
  const own = app.thread_cpus?.[i];
  const cpu = own ?? (app.cpu >= 0 ? app.cpu : startCpu(k, app, i));
  return createTask(k, {
    comm: app.comm,
    kind: !app.reads ? 'other' : app.proto === 'tcp' && !app.epoll ? 'acceptor' : 'reader',
    ...{ kthread: false, uid: app.uid, cpu },
    pinned: own !== undefined || (app.pinned ?? app.cpu >= 0),
    ...(app.cpus === undefined ? {} : { cpus_allowed: maskOf([...app.cpus], k.desc.cpus) }),
    ...(app.nice === undefined ? {} : { nice: app.nice }),
    service_ns: app.service_ns,
    ...(pid === undefined ? {} : { pid }),
    ...(tgid === undefined ? {} : { tgid }),
  });
}

/// Threads start on CPUs of their own, from the last one that they may use.
function startCpu(k: Kernel, app: Application, i: number): number {
  const online = k.cpus.filter((c) => c.online).map((c) => c.id);
  const allowed = app.cpus ? online.filter((cpu) => app.cpus!.includes(cpu)) : online;
  const cpus = allowed.length > 0 ? allowed : online;
  return cpus[(cpus.length * (i + 1) - 1 - i) % cpus.length]!;
}

function open(k: Kernel, task: number, app: Application): number | Refused {
  const made = openSocket(k, task, app);
  if (typeof made === 'string') return made;
  const sk = k.socks[made]!;
  sk.task = k.tasks[task]!.tgid;
  setReadOptions(k, sk, app, app.uid === 0);
  if (app.reads && (app.epoll || ((app.threads ?? 1) > 1 && !app.reuseport))) sk.waits = [];
  if (app.proto === 'tcp' && app.reads)
    sk.accept = { service_ns: app.service_ns, read: true, accepted: 0 };
  return made;
}

function openSocket(k: Kernel, task: number, app: Application): number | Refused {
  const each = app.incoming_cpu_each ? { incoming_cpu: k.tasks[task]!.cpu } : {};
  const options = { ...app, ...each };
  if (app.proto === 'udp') return openUdp(k, task, app.port, options);
  if (app.proto === 'raw') return openRaw(k, task, app.port, app.rcvbuf ?? 0);
  return openListener(k, task, app.port, app.backlog ?? 4096, options);
}

/// The socket of a further thread: who could bind the first one can bind this.
function mustOpen(k: Kernel, task: number, app: Application): number {
  const sock = open(k, task, app);
  if (typeof sock === 'string') throw new Error(`${app.comm}, a further socket: ${sock}`);
  return sock;
}

/// The thread waits for the first packet.
function begin(k: Kernel, app: Application, index: number, shared: number): void {
  if (!app.reads) return;
  const task = k.tasks[index]!;
  const sk = k.socks[task.sock]!;
  if (!app.epoll) {
    task.plan = planOf(app, -1);
    return waitExclusive(sk, index);
  }
  const epoll = shared >= 0 ? shared : makeEpoll(k, app.epoll, app.uid === 0);
  const { edge = false, exclusive = false } = app.epoll;
  const watched = k.epolls[epoll]!.items.some((item) => item.sock === task.sock);
  if (!watched) ep_insert(k, k.cpus[task.cpu]!, epoll, task.sock, edge, exclusive);
  task.plan = planOf(app, epoll);
  sleepInEpoll(k, task, index);
}

/// Threads of a process by index, the first one included.
export function threadsOf(k: Kernel, tgid: number): Task[] {
  return k.tasks.filter((task) => task.tgid === tgid && !task.exited);
}

/// sched_setaffinity(): the CPUs of a task. One that runs elsewhere moves when it is next woken or has to
/// wait; the kernel moves it at once. EINVAL when no CPU of the mask is online.
export function setTaskCpus(k: Kernel, task: Task, mask: readonly number[]): 'EINVAL' | null {
  const online = k.cpus.filter((c) => c.online).map((c) => c.id);
  const cpus = cpusIn(mask).filter((cpu) => online.includes(cpu));
  if (cpus.length === 0) return 'EINVAL';
  task.cpus_allowed = maskOf(
    cpusIn(mask).filter((cpu) => cpu < k.desc.cpus),
    k.desc.cpus,
  );
  k.config_version++;
  return null;
}

/// An application ends: its sockets are closed, and those of the threads it has started. A system call in
/// hand comes to its end first.
export function endApp(k: Kernel, pid: number): void {
  k.socks.forEach((sk, at) => {
    if (sk.task === 0 || k.tasks[sk.reader]?.tgid !== pid) return;
    const c = k.cpus[k.tasks[sk.reader]!.cpu]!;
    for (const entry of sk.waits ?? []) if (entry.epoll >= 0) ep_remove(k, entry.epoll, at);
    sk.waits = null;
    if (sk.gro_enabled) closeUdpGro(k, at);
    if (sk.listen) closeListener(k, c, at);
    else if (sk.tcp) closeConnection(k, c, at);
    else closeSock(k, sk);
  });
  for (const task of k.tasks) if (task.tgid === pid) endTask(k, task);
  k.config_version++;
}

function endTask(k: Kernel, task: Task): void {
  task.exited = true;
  const epoll = task.plan?.epoll ?? -1;
  if (epoll < 0) return;
  k.epolls[epoll]!.waits = [];
  task.plan!.events = [];
}

function closeUdpGro(k: Kernel, at: number): void {
  setUdpGro(k, k.socks[at]!, false);
  k.udp_encap_needed--;
}
