/// `npm run shell`: a terminal on a simulated host. `-c LINE` runs one line, standard input that is
/// no terminal is run as typed lines, and a terminal gets a prompt. Virtual time passes at once. Jobs left
/// in the background go on for one second of the host's time; then the host ends.
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { hosts } from '../src/hardware/hosts.ts';
import { boot } from '../src/kernel/boot.ts';
import { advance } from '../src/kernel/run.ts';
import type { Kernel } from '../src/kernel/state.ts';
import { Killed } from '../src/shell/command.ts';
import type { Running } from '../src/shell/command.ts';
import { isIncomplete } from '../src/shell/parse.ts';
import {
  complete,
  createSession,
  jobsRunning,
  background,
  prompt,
  run,
} from '../src/shell/shell.ts';
import type { Sinks } from '../src/shell/shell.ts';

const USAGE = `usage: npm run shell -- [--host NAME] [--seed N] [--user root|alice] [-c LINE]
hosts: ${Object.keys(hosts).join(' ')}
`;

function options() {
  try {
    return parseArgs({
      options: {
        host: { type: 'string', default: 'igb' },
        seed: { type: 'string', default: '1' },
        user: { type: 'string', default: 'root' },
        command: { type: 'string', short: 'c' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    return complain(error instanceof Error ? error.message : String(error));
  }
}

function complain(text: string): never {
  process.stderr.write(`${text}\n${USAGE}`);
  process.exit(2);
}

const LINGER_NS = 1e9;

const wanted = options();
if (wanted.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const desc = hosts[wanted.host] ?? complain(`no host ${wanted.host}`);
if (!/^\d+$/.test(wanted.seed)) complain(`no seed ${wanted.seed}`);
const user =
  wanted.user === 'root' || wanted.user === 'alice'
    ? wanted.user
    : complain(`no user ${wanted.user}`);
const host: { k: Kernel } = { k: boot(desc, Number(wanted.seed)) };
// At a prompt it is a login shell, as on a real console: its messages begin with -bash:.
const session = createSession(host.k, user, wanted.command === undefined && process.stdin.isTTY);

process.stdout.on('error', () => process.exit(141)); // the reader of our output is gone

const typed: string[] = [];
let interrupted = false;
let ended = true; // nothing more will be typed

const sinks: Sinks = {
  out: (line) => void process.stdout.write(line.text + (line.nl ? '\n' : '')),
  err: (line) => void process.stderr.write(line.text + (line.nl ? '\n' : '')),
  input: () => typed.shift() ?? (ended ? null : undefined),
  columns: process.stdout.isTTY ? process.stdout.columns : null,
};

/// Runs something to its end, or until the host's clock is at `until` ns (null then). Node's loop gets
/// a turn at every breath, so Ctrl-C arrives.
async function drive<T>(running: Running<T>, until = Infinity): Promise<T | null> {
  let result = running.next();
  for (let turns = 0; !result.done; turns++) {
    if (host.k.now >= until) return null;
    const wait = result.value;
    if (wait.kind === 'sleep') advance(host.k, Math.min(until, host.k.now + wait.ns));
    if (wait.kind === 'input' || turns % 64 === 0)
      await new Promise((resolve) => setTimeout(resolve, wait.kind === 'input' ? 20 : 0));
    if (interrupted) {
      interrupted = false;
      result = running.throw(new Killed(130));
    } else result = running.next();
  }
  return result.value;
}

async function lineByLine(lines: AsyncIterable<string>): Promise<void> {
  let pending = '';
  for await (const line of lines) {
    pending = pending === '' ? line : `${pending}\n${line}`;
    if (isIncomplete(pending)) continue;
    await drive(run(host, session, pending, sinks));
    pending = '';
    if (session.exited) return;
  }
  if (pending !== '') await drive(run(host, session, pending, sinks));
}

async function atTerminal(): Promise<void> {
  ended = false;
  const reader = createInterface({
    input: process.stdin,
    output: process.stdout,
    completer: (line: string) => {
      const found = complete(host.k, session, line, line.length);
      return [found.words, line.slice(found.from)];
    },
  });
  const pending: { text: string; busy: boolean } = { text: '', busy: false };
  const ask = () => {
    reader.setPrompt(pending.text === '' ? prompt(host.k, session) : '> ');
    reader.prompt();
  };
  reader.on('SIGINT', () => {
    if (pending.busy) interrupted = true;
    else {
      pending.text = '';
      process.stdout.write('^C\n');
      ask();
    }
  });
  await new Promise<void>((resolve) => {
    reader.on('close', resolve);
    reader.on('line', (line) => {
      if (pending.busy) {
        typed.push(line);
        return;
      }
      pending.text = pending.text === '' ? line : `${pending.text}\n${line}`;
      if (isIncomplete(pending.text)) return ask();
      const source = pending.text;
      pending.text = '';
      pending.busy = true;
      void drive(run(host, session, source, sinks)).then(() => {
        pending.busy = false;
        if (session.exited) reader.close();
        else ask();
      });
    });
    ask();
  });
}

if (wanted.command !== undefined) await drive(run(host, session, wanted.command, sinks));
else if (process.stdin.isTTY) await atTerminal();
else await lineByLine(createInterface({ input: process.stdin, crlfDelay: Infinity }));
if (!session.exited && jobsRunning(session) > 0) {
  const over = await drive(background(host, session, sinks), host.k.now + LINGER_NS);
  if (over === null) process.stderr.write('jobs in the background were still running\n');
}
process.exitCode = session.status;
