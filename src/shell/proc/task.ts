/// /proc/PID: what a task is, as far as the host knows it.
/// Stands for fs/proc/array.c.
/// Left out: memory, files, signals and everything else that no task here has.
import { printList, printMask } from '../../kernel/cpumask.ts';
import type { Kernel, Task } from '../../kernel/state.ts';
import { value } from '../marked.ts';
import { dir, file, row, type DirNode } from '../nodes.ts';
import { net } from './net.ts';

/// The letter that ps and top show for a task's state. Idle kernel threads sleep interruptibly.
export function stateLetter(task: Task): 'R' | 'S' {
  return task.state === 'sleeping' ? 'S' : 'R';
}

function status(k: Kernel, task: Task) {
  const letter = stateLetter(task);
  const ids = `${task.uid}\t${task.uid}\t${task.uid}\t${task.uid}`;
  return [
    row(`Name:\t${task.comm}`),
    row(`State:\t${letter} (${letter === 'R' ? 'running' : 'sleeping'})`),
    row(`Tgid:\t${task.pid}`),
    row(`Pid:\t${task.pid}`),
    row(`PPid:\t${task.kthread ? 2 : 1}`),
    row(`Uid:\t${ids}`),
    row(`Gid:\t${ids}`),
    row(`Kthread:\t${task.kthread ? 1 : 0}`),
    row(`Cpus_allowed:\t${printMask(task.cpus_allowed, k.desc.cpus)}`),
    row(`Cpus_allowed_list:\t${printList(task.cpus_allowed)}`),
  ];
}

/// /proc/PID/stat up to the field `processor`; fields that the host does not keep are 0.
function statLine(task: Task) {
  const ticks = Math.floor(task.runtime / 10_000_000);
  const fields = new Array<string | number>(52).fill(0);
  fields[0] = task.pid;
  fields[1] = `(${task.comm})`;
  fields[2] = stateLetter(task);
  fields[3] = task.kthread ? 2 : 1;
  fields[14] = ticks;
  fields[17] = 20 + task.nice;
  fields[18] = task.nice;
  fields[19] = 1;
  fields[38] = task.cpu;
  return [row(fields.join(' '))];
}

export function taskDirectory(k: Kernel, task: Task): DirNode {
  return dir({
    cmdline: file(() => (task.kthread ? [] : [{ text: task.comm, nl: false }])),
    comm: file(() => task.comm, { mode: 0o644 }),
    net: () => net(k),
    sched: file(() => [
      row(`${task.comm} (${task.pid}, #threads: 1)`),
      row(
        'se.sum_exec_runtime : ',
        value(milliseconds(task.runtime), `counter:task:runtime@${task.pid}`),
      ),
    ]),
    stat: file(() => statLine(task)),
    status: file(() => status(k, task)),
  });
}

function milliseconds(ns: number): string {
  return `${Math.floor(ns / 1_000_000)}.${String(ns % 1_000_000).padStart(6, '0')}`;
}
