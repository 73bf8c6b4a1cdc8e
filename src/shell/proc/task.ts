/// /proc/PID: what a task is, as far as the host knows it.
/// Stands for fs/proc/array.c, and proc_sched_show_task() in kernel/sched/debug.c.
/// Left out: memory, files, signals and everything else that no task here has.
import { printList, printMask } from '../../kernel/cpumask.ts';
import { baseSlice } from '../../kernel/sched/fair.ts';
import type { Kernel, Task } from '../../kernel/state.ts';
import { value } from '../marked.ts';
import { dir, file, row, type DirNode, type Entry } from '../nodes.ts';
import { net } from './net.ts';

/// The letter that ps and top show for a task's state. Idle kernel threads sleep interruptibly.
export function stateLetter(task: Task): 'R' | 'S' {
  return task.state === 'sleeping' ? 'S' : 'R';
}

/// Threads of the task's process that still run.
function threadsOf(k: Kernel, task: Task): Task[] {
  return k.tasks.filter((one) => one.tgid === task.tgid && !one.exited);
}

function status(k: Kernel, task: Task) {
  const letter = stateLetter(task);
  const ids = `${task.uid}\t${task.uid}\t${task.uid}\t${task.uid}`;
  return [
    row(`Name:\t${task.comm}`),
    row(`State:\t${letter} (${letter === 'R' ? 'running' : 'sleeping'})`),
    row(`Tgid:\t${task.tgid}`),
    row(`Pid:\t${task.pid}`),
    row(`PPid:\t${task.kthread ? 2 : 1}`),
    row(`Uid:\t${ids}`),
    row(`Gid:\t${ids}`),
    row(`Kthread:\t${task.kthread ? 1 : 0}`),
    row(`Threads:\t${threadsOf(k, task).length}`),
    row(`Cpus_allowed:\t${printMask(task.cpus_allowed, k.desc.cpus)}`),
    row(`Cpus_allowed_list:\t${printList(task.cpus_allowed)}`),
    row(`voluntary_ctxt_switches:\t${task.nvcsw}`),
    row(`nonvoluntary_ctxt_switches:\t${task.nivcsw}`),
  ];
}

/// /proc/PID/stat up to the field `processor`; fields that the host does not keep are 0. That of a process
/// has the time of all its threads. fs/proc/array.c:do_task_stat()
function statLine(k: Kernel, task: Task, whole: boolean) {
  const threads = threadsOf(k, task);
  const ns = whole ? threads.reduce((sum, one) => sum + one.runtime, 0) : task.runtime;
  const fields = new Array<string | number>(52).fill(0);
  fields[0] = task.pid;
  fields[1] = `(${task.comm})`;
  fields[2] = stateLetter(task);
  fields[3] = task.kthread ? 2 : 1;
  fields[14] = Math.floor(ns / 10_000_000);
  fields[17] = 20 + task.nice;
  fields[18] = task.nice;
  fields[19] = threads.length;
  fields[38] = task.cpu;
  return [row(fields.join(' '))];
}

/// kernel/sched/debug.c:proc_sched_show_task(), what the host keeps of it.
function schedRows(k: Kernel, task: Task) {
  const line = (name: string, text: string | number) =>
    row(`${name.padEnd(45)}:${String(text).padStart(21)}`);
  return [
    row(`${task.comm} (${task.pid}, #threads: ${threadsOf(k, task).length})`),
    row('-'.repeat(67)),
    line('se.vruntime', milliseconds(Math.max(0, task.vruntime))),
    row(
      `${'se.sum_exec_runtime'.padEnd(45)}:${' '.repeat(21 - milliseconds(task.runtime).length)}`,
      value(milliseconds(task.runtime), `counter:task:runtime@${task.pid}`),
    ),
    line('nr_switches', task.nvcsw + task.nivcsw),
    line('nr_voluntary_switches', task.nvcsw),
    line('nr_involuntary_switches', task.nivcsw),
    line('se.load.weight', task.weight * 1024),
    line('policy', 0),
    line('prio', 120 + task.nice),
    line('se.slice', baseSlice(k)),
  ];
}

/// /proc/PID, and with `whole` false /proc/PID/task/TID.
export function taskDirectory(k: Kernel, task: Task, whole = true): DirNode {
  return dir({
    cmdline: file(() => (task.kthread ? [] : [{ text: task.comm, nl: false }])),
    comm: file(() => task.comm, { mode: 0o644 }),
    net: () => net(k),
    sched: file(() => schedRows(k, task)),
    stat: file(() => statLine(k, task, whole)),
    status: file(() => status(k, task)),
    ...(whole ? { task: () => threadDirectories(k, task) } : {}),
  });
}

function threadDirectories(k: Kernel, task: Task): DirNode {
  const entries: Record<string, Entry> = {};
  for (const one of threadsOf(k, task)) entries[one.pid] = () => taskDirectory(k, one, false);
  return dir(entries);
}

function milliseconds(ns: number): string {
  return `${Math.floor(ns / 1_000_000)}.${String(ns % 1_000_000).padStart(6, '0')}`;
}
