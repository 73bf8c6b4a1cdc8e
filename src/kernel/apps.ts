/// Applications that use the network: a task and its socket come together, and go together.
/// Left out: what else a program does; exec, files, signals other than its end.
import { createTask } from './sched/task.ts';
import { openRaw } from './raw.ts';
import { closeSock, openUdp, type BindOptions } from './sock.ts';
import type { Kernel } from './state.ts';
import { closeConnection } from './tcp/close_connection.ts';
import { closeListener, openListener } from './tcp/listener.ts';

export interface Application extends BindOptions {
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

/// Starts an application: the index of its task, or why it cannot have its socket.
export function spawn(k: Kernel, app: Application): number | 'EADDRINUSE' | 'ENODEV' {
  const index = createTask(k, {
    comm: app.comm,
    kind: !app.reads ? 'other' : app.proto === 'tcp' ? 'acceptor' : 'reader',
    kthread: false,
    uid: app.uid,
    cpu: app.cpu >= 0 ? app.cpu : lastOnline(k),
    pinned: app.pinned ?? app.cpu >= 0,
    service_ns: app.service_ns,
    ...(app.pid === undefined ? {} : { pid: app.pid }),
  });
  const made = open(k, index, app);
  if (typeof made === 'string') {
    k.tasks.pop();
    return made;
  }
  const task = k.tasks[index]!;
  const sk = k.socks[made]!;
  task.sock = made;
  sk.waiting = app.reads;
  if (app.proto === 'tcp' && app.reads)
    sk.accept = { service_ns: app.service_ns, read: true, accepted: 0 };
  k.config_version++;
  return index;
}

function open(k: Kernel, task: number, app: Application): ReturnType<typeof openUdp> {
  if (app.proto === 'udp') return openUdp(k, task, app.port, app);
  if (app.proto === 'raw') return openRaw(k, task, app.port, app.rcvbuf ?? 0);
  return openListener(k, task, app.port, app.backlog ?? 4096, app);
}

function lastOnline(k: Kernel): number {
  return k.cpus.findLast((c) => c.online)!.id;
}

/// An application ends: its sockets are closed, and those of the threads it has started. A system call in
/// hand comes to its end first.
export function endApp(k: Kernel, pid: number): void {
  k.socks.forEach((sk, at) => {
    if (sk.task === 0 || k.tasks[sk.reader]?.tgid !== pid) return;
    const c = k.cpus[k.tasks[sk.reader]!.cpu]!;
    if (sk.listen) closeListener(k, c, at);
    else if (sk.tcp) closeConnection(k, c, at);
    else closeSock(k, sk);
  });
  for (const task of k.tasks) if (task.tgid === pid) task.exited = true;
  k.config_version++;
}
