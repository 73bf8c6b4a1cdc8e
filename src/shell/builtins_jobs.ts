/// Builtins about jobs and signals: jobs, wait, kill, trap.
import { endApp } from '../kernel/apps.ts';
import { stdout } from './builtins.ts';
import type { Builtin, Call } from './builtins.ts';
import type { Running } from './command.ts';
import { findJob, jobLine, killJob } from './jobs.ts';
import { complain, refuse } from './messages.ts';
import type { Process } from './process.ts';
import { singleQuote } from './quote.ts';
import { PIPE_WAIT } from './stream.ts';

/// Signals by number (signal(7), x86).
const SIGNALS = [
  'EXIT', 'HUP', 'INT', 'QUIT', 'ILL', 'TRAP', 'ABRT', 'BUS', 'FPE', 'KILL', 'USR1', 'SEGV', 'USR2',
  'PIPE', 'ALRM', 'TERM', 'STKFLT', 'CHLD', 'CONT', 'STOP', 'TSTP', 'TTIN', 'TTOU', 'URG', 'XCPU',
  'XFSZ', 'VTALRM', 'PROF', 'WINCH', 'IO', 'PWR', 'SYS',
]; // prettier-ignore

/// Signals that end a process that does not expect them.
const ENDING = new Set([1, 2, 3, 6, 9, 13, 14, 15]);

function signalNumber(word: string): number {
  if (/^\d+$/.test(word)) return Number(word) < SIGNALS.length ? Number(word) : -1;
  return SIGNALS.indexOf(word.toUpperCase().replace(/^SIG/, ''));
}

function* jobs({ p, argv }: Call): Running {
  const flags = argv.slice(1).join('');
  for (const job of p.jobs) {
    if (flags.includes('p')) yield* stdout(p).line(String(job.pid));
    else if (!flags.includes('r') || job.status === null)
      yield* stdout(p).line(jobLine(p.jobs, job));
  }
  return 0;
}

function* wait({ p, argv }: Call): Running {
  const all = p.jobs.filter((job) => job.parent === p.session);
  const words = argv.slice(1).filter((word) => !word.startsWith('-'));
  if (words.length === 0) {
    while (all.some((job) => job.status === null)) yield PIPE_WAIT;
    return 0;
  }
  let status = 0;
  for (const word of words) {
    const job = findJob(all, word);
    if (!job) {
      status = 127;
      if (word.startsWith('%')) yield* refuse(p, `wait: ${word}: no such job`);
      else if (/^\d+$/.test(word))
        yield* refuse(p, `wait: pid ${word} is not a child of this shell`);
      else status = yield* refuse(p, `wait: \`${word}': not a pid or valid job spec`);
      continue;
    }
    while (job.status === null) yield PIPE_WAIT;
    status = job.status;
  }
  return status;
}

function* kill({ p, argv }: Call): Running {
  const [, first = ''] = argv;
  if (first === '-l' || first === '-L') return yield* listSignals(p, argv.slice(2));
  const named = first === '-s' || first === '-n';
  const option = /^-./.test(first) && first !== '--';
  const word = named ? (argv[2] ?? '') : option ? first.slice(1) : 'TERM';
  const signal = signalNumber(word);
  if (signal < 0) return yield* refuse(p, `kill: ${word}: invalid signal specification`);
  const targets = argv.slice(named ? 3 : option || first === '--' ? 2 : 1);
  if (targets.length === 0) {
    yield* complain(
      p,
      'kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]',
    );
    return 2;
  }
  let status = 0;
  for (const target of targets) status = Math.max(status, yield* killOne(p, target, signal));
  return status;
}

function* killOne(p: Process, target: string, signal: number): Running {
  const job = findJob(p.jobs, target);
  if (job) {
    if (job.status === null && signal !== 0) killJob(p.machine, job, signal);
    return 0;
  }
  if (target.startsWith('%')) return yield* refuse(p, `kill: ${target}: no such job`);
  if (!/^-?\d+$/.test(target))
    return yield* refuse(p, `kill: ${target}: arguments must be process or job IDs`);
  const task = p.machine.host.k.tasks.find(
    (other) => other.pid === Number(target) && !other.exited,
  );
  if (!task) return yield* refuse(p, `kill: (${target}) - No such process`);
  if (task.uid !== p.uid && p.uid !== 0)
    return yield* refuse(p, `kill: (${target}) - Operation not permitted`);
  if (task.kthread || signal === 0) return 0; // kernel threads take no signals
  if (ENDING.has(signal)) {
    endApp(p.machine.host.k, task.tgid);
    return 0;
  }
  return yield* refuse(p, `kill: softnet: not modelled here: signals to ${task.comm} (${target})`);
}

function* listSignals(p: Process, words: readonly string[]): Running {
  if (words.length === 0) {
    yield* stdout(p).line(
      SIGNALS.slice(1)
        .map((name, i) => `${i + 1}) SIG${name}`)
        .join(' '),
    );
    return 0;
  }
  for (const word of words) {
    const number = signalNumber(/^\d+$/.test(word) ? String(Number(word) & 127) : word);
    if (number < 0) return yield* refuse(p, `kill: ${word}: invalid signal specification`);
    yield* stdout(p).line(/^\d+$/.test(word) ? (SIGNALS[number] ?? '') : String(number));
  }
  return 0;
}

const UNMODELLED = new Set(['ERR', 'DEBUG', 'RETURN']);

function* trap({ p, argv }: Call): Running {
  const { traps } = p.session;
  const words = argv[1] === '--' ? argv.slice(2) : argv.slice(1);
  if (words[0] === '-l') return yield* listSignals(p, []);
  if (words.length === 0 || words[0] === '-p') return yield* showTraps(p, words.slice(1));
  const single = words.length === 1;
  const action = single ? '-' : (words[0] ?? '');
  let status = 0;
  for (const word of single ? words : words.slice(1)) {
    if (UNMODELLED.has(word.toUpperCase())) {
      status = yield* refuse(p, `trap: softnet: not modelled here: ${word}`);
      continue;
    }
    const name = SIGNALS[signalNumber(word)];
    if (name === undefined)
      status = yield* refuse(p, `trap: ${word}: invalid signal specification`);
    else if (action === '-') delete traps[name];
    else traps[name] = action;
  }
  return status;
}

function* showTraps(p: Process, words: readonly string[]): Running {
  const wanted = words.map((word) => SIGNALS[signalNumber(word)]);
  for (const name of SIGNALS) {
    const action = p.session.traps[name];
    if (action === undefined || (wanted.length > 0 && !wanted.includes(name))) continue;
    yield* stdout(p).line(`trap -- ${singleQuote(action)} ${name === 'EXIT' ? '' : 'SIG'}${name}`);
  }
  return 0;
}

export const jobBuiltins: Record<string, Builtin> = { jobs, wait, kill, trap };
