/// Pipes and subshells: each stage is a process of its own and a task of the scheduler, so `yes |
/// head` streams and ends. Also `!` and `time`.
/// Left out: shopt lastpipe.
import type { CommandNode, Pipeline, Redirect, Subshell } from 'unbash';
import { Killed } from './command.ts';
import type { Running } from './command.ts';
import { commandNode, runSubshell } from './evaluate.ts';
import { complain } from './messages.ts';
import { Abort, BREATH, fork } from './process.ts';
import type { Process } from './process.ts';
import { tellOfJobs } from './run_command.ts';
import { spawn } from './scheduler.ts';
import type { Task } from './scheduler.ts';
import { makePipe, PIPE_WAIT } from './stream.ts';
import type { Descriptor } from './stream.ts';

const NESTING_LIMIT = 100; // subshells inside subshells

export function* pipeline(p: Process, n: Pipeline | Subshell): Running {
  if (n.type === 'Subshell') return remember(p, [yield* stageStatus(p, n)]);
  const start_ns = p.machine.host.k.now;
  const timed = n.prefixes.find((prefix) => prefix.type === 'Time');
  const negated = n.prefixes.filter((prefix) => prefix.type === 'Negation').length % 2 === 1;
  if (negated) p.conditions++;
  const statuses = yield* runStages(p, n);
  if (negated) p.conditions--;
  if (timed)
    yield* complain(p, timeReport(p.machine.host.k.now - start_ns, timed.posix !== undefined));
  const status = remember(p, statuses);
  return negated ? (status === 0 ? 1 : 0) : status;
}

/// Sets PIPESTATUS, and gives the status of the whole.
function remember(p: Process, statuses: readonly number[]): number {
  const items = Object.fromEntries(statuses.map((status, i) => [String(i), String(status)]));
  p.session.arrays['PIPESTATUS'] = { associative: false, items };
  const failed = p.session.options['pipefail']
    ? statuses.filter((status) => status !== 0).at(-1)
    : undefined;
  return failed ?? statuses.at(-1) ?? 0;
}

function* runStages(p: Process, n: Pipeline): Running<number[]> {
  const [only] = n.commands;
  if (!only) return [0]; // `time` or `!` alone
  if (n.commands.length === 1) return [yield* commandNode(p, only)];
  const tasks = startStages(p, n);
  try {
    while (tasks.some((task) => task.status === null)) yield PIPE_WAIT;
  } finally {
    for (const task of tasks) if (task.status === null) task.pending ??= new Killed(130);
  }
  yield* tellOfJobs(p);
  return tasks.map((task) => task.status ?? 0);
}

function startStages(p: Process, n: Pipeline): Task[] {
  const { scheduler } = p.machine;
  const tasks: Task[] = [];
  let input: Descriptor | undefined;
  n.commands.forEach((command, i) => {
    const last = i === n.commands.length - 1;
    const pipe = last ? undefined : makePipe(scheduler.progress);
    const child = fork(p);
    const fds = new Map(p.fds);
    if (input) fds.set(0, input);
    if (pipe) fds.set(1, { out: pipe.output });
    child.fds = fds;
    const ends = [input, pipe && { out: pipe.output }];
    const whole = n.operators[i] === '|&' ? withErrors(command) : command;
    tasks.push(spawn(scheduler, stage(child, whole, ends), p.group));
    input = pipe && { in: pipe.input };
  });
  return tasks;
}

/// `a |& b` is `a 2>&1 | b`: the redirection comes after the command's own.
function withErrors(command: CommandNode): CommandNode {
  const at = { pos: command.pos, end: command.end };
  const target = { type: 'Word', text: '1', value: '1', ...at } as const;
  const redirect: Redirect = {
    type: 'Redirect',
    operator: '>&',
    descriptor: { type: 'FileDescriptor', value: 2, ...at },
    target,
    ...at,
  };
  if (command.type === 'Command') {
    const { name, prefix, args } = command;
    return {
      type: 'Command',
      name,
      prefix,
      suffix: [...command.suffix, redirect],
      args,
      redirects: [...command.redirects, redirect],
      ...at,
    };
  }
  if (command.type === 'Redirected')
    return { ...command, redirects: [...command.redirects, redirect] };
  if (command.type === 'Function' || command.type === 'Coproc') return command;
  return { type: 'Redirected', command, redirects: [redirect], ...at };
}

/// One stage; when it ends, its ends of the pipes are closed, so that the others notice.
function* stage(
  child: Process,
  command: CommandNode,
  ends: readonly (Descriptor | undefined)[],
): Running {
  try {
    yield BREATH; // so that a signal finds it inside the `try`
    return yield* stageStatus(child, command, child);
  } finally {
    for (const end of ends) {
      end?.in?.close();
      end?.out?.close();
    }
  }
}

/// Runs a command as a subshell of `p`; `ready` is the process if it was made before.
function* stageStatus(p: Process, command: CommandNode, ready?: Process): Running {
  if (p.subshell > NESTING_LIMIT) {
    throw new Abort(`softnet: subshells may be nested ${NESTING_LIMIT} deep here`);
  }
  const child = ready ?? fork(p);
  if (command.type === 'Subshell') return yield* runSubshell(child, command.body.commands);
  return yield* runSubshell(child, [
    { type: 'Statement', pos: command.pos, end: command.end, command, background: undefined },
  ]);
}

function timeReport(ns: number, posix: boolean): string {
  const text = (seconds: number) => {
    if (posix) return seconds.toFixed(2);
    const minutes = Math.floor(seconds / 60);
    return `${minutes}m${(seconds - 60 * minutes).toFixed(3)}s`;
  };
  const join = posix ? ' ' : '\t';
  // A command here takes no CPU time: what passes is virtual time that it slept.
  return `${posix ? '' : '\n'}real${join}${text(ns / 1e9)}\nuser${join}${text(0)}\nsys${join}${text(0)}`;
}
