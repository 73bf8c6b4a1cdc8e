/// Jobs in the background: started with &, listed by `jobs`, waited for, killed. A job is a task of
/// the scheduler and lives as long as the terminal; it is running code, so it is not in the session.
/// Left out: stopping and resuming (Ctrl-Z, fg, bg).
import type { Statement } from 'unbash';
import type { Running } from './command.ts';
import { runSubshell } from './evaluate.ts';
import { complain } from './messages.ts';
import { commandText } from './print_command.ts';
import { BREATH, fork } from './process.ts';
import type { Job, Machine, Process } from './process.ts';
import { kill, spawn } from './scheduler.ts';
import { inputOfText } from './stream.ts';

const JOB_LIMIT = 64; // running at once
const ENDED_LIMIT = 256; // ended and not told of yet; the oldest are forgotten, or a loop would fill the table

export function* startJob(p: Process, statement: Statement): Running {
  forgetOldest(p.jobs);
  const running = p.jobs.filter((job) => job.status === null);
  if (running.length >= JOB_LIMIT) {
    yield* complain(p, `softnet: at most ${JOB_LIMIT} jobs may run at once here`);
    return 1;
  }
  const number =
    Math.max(0, ...running.map((job) => job.number), ...p.jobs.map((job) => job.number)) + 1;
  const pid = p.session.next_pid++;
  const job: Job = {
    number,
    pid,
    group: pid,
    parent: p.session,
    text: commandText(statement.command),
    status: null,
  };
  p.jobs.push(job);
  p.session.last_pid = pid;
  p.session.background++;
  const child = fork(p, pid);
  const interactive = p.session.interactive && p.subshell === 0;
  if (!interactive) child.fds = new Map(p.fds).set(0, { in: inputOfText('') });
  for (const fd of child.fds.values()) fd.out?.hold();
  spawn(p.machine.scheduler, jobBody(child, statement, job), pid);
  if (interactive) yield* complain(p, `[${number}] ${pid}`);
  return 0;
}

function forgetOldest(jobs: Job[]): void {
  if (jobs.length < JOB_LIMIT + ENDED_LIMIT) return;
  const at = jobs.findIndex((job) => job.status !== null);
  if (at >= 0) jobs.splice(at, 1);
}

function* jobBody(child: Process, statement: Statement, job: Job): Running {
  let status = 143;
  try {
    yield BREATH; // so that a signal finds it inside the `try`
    status = yield* runSubshell(child, [{ ...statement, background: undefined }]);
    return status;
  } catch (error) {
    status = statusOf(error);
    throw error;
  } finally {
    job.status = status;
    for (const fd of child.fds.values()) fd.out?.close();
  }
}

function statusOf(error: unknown): number {
  return typeof error === 'object' &&
    error !== null &&
    'status' in error &&
    typeof error.status === 'number'
    ? error.status
    : 1;
}

const SIGNALS: Record<number, string> = {
  130: 'Interrupt',
  137: 'Killed',
  141: 'Broken pipe',
  143: 'Terminated',
};

function stateOf(job: Job): string {
  if (job.status === null) return 'Running';
  if (job.status === 0) return 'Done';
  return SIGNALS[job.status] ?? `Exit ${job.status}`;
}

/// A line of `jobs`: `[1]+  Running                 sleep 5 &`.
export function jobLine(alive: readonly Job[], job: Job): string {
  const mark = job === alive.at(-1) ? '+' : job === alive.at(-2) ? '-' : ' ';
  return `[${job.number}]${mark}  ${stateOf(job).padEnd(24)}${job.text}${job.status === null ? ' &' : ''}`;
}

/// Tells of the jobs that ended, as before a prompt, and forgets them.
export function* reportJobs(p: Process): Running<void> {
  const { jobs } = p;
  for (const job of jobs.filter((j) => j.status !== null)) {
    if (p.session.interactive) yield* complain(p, jobLine(jobs, job));
  }
  const left = jobs.filter((job) => job.status === null);
  jobs.splice(0, jobs.length, ...left);
}

/// The job that %1, %%, %+, %-, %name or a pid names.
export function findJob(jobs: readonly Job[], spec: string): Job | undefined {
  if (spec === '%' || spec === '%%' || spec === '%+') return jobs.at(-1);
  if (spec === '%-') return jobs.at(-2) ?? jobs.at(-1);
  const number = /^%(\d+)$/.exec(spec);
  if (number) return jobs.find((job) => job.number === Number(number[1]));
  if (spec.startsWith('%?')) return jobs.find((job) => job.text.includes(spec.slice(2)));
  if (spec.startsWith('%')) return jobs.find((job) => job.text.startsWith(spec.slice(1)));
  return jobs.find((job) => job.pid === Number(spec));
}

/// Sends a signal to a job: its tasks end with 128 and the signal's number.
export function killJob(machine: Machine, job: Job, signal: number): void {
  kill(machine.scheduler, 128 + signal, (task) => task.group === job.group);
}
