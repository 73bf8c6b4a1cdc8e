/// iperf3 3.18, the server: listens, takes connections and reads what comes. -D goes into the background.
/// Left out: the client, and the report of a test; what was read shows in ss and in the counters.
import { strerror } from '../../kernel/errno.ts';
import { endApp, spawn } from '../../kernel/apps.ts';
import type { Command, Io, Running } from '../command.ts';
import { inherited } from '../inherited.ts';
import { jobPid } from '../job_pid.ts';
import { notModelled, parseOptions, refuseUsage, spelled } from '../options.ts';
import { pass } from './sleep.ts';

const table = {
  short: 'sDp:1vh46c:t:b:P:Ri:n:l:w:A:B:f:J',
  long: { server: 's', daemon: 'D', 'port=': 'p', 'one-off': '1', version: 'v', 'client=': 'c' },
};
const MODELLED = 'sDpv46';
const BACKLOG = 0x7fff_ffff; // net.core.somaxconn decides
const DEFAULT_PORT = 5201;

function* run(io: Io): Running {
  const parsed = parseOptions(io.argv.slice(1), table);
  if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault, 1);
  const other = parsed.options.find(({ name }) => !MODELLED.includes(name));
  if (other) return yield* notModelled(io, spelled(other));
  const has = (name: string): boolean => parsed.options.some((one) => one.name === name);
  if (has('v')) {
    yield* io.out.line('iperf 3.18 (cJSON 1.7.15)');
    return 0;
  }
  if (!has('s')) {
    yield* io.err.line(
      'iperf3: parameter error - must either be a client (-c) or server (-s)\n\n' +
        "Usage: iperf3 [-s|-c host] [options]\nTry `iperf3 --help' for more information.",
    );
    return 1;
  }
  const port = Number(parsed.options.find(({ name }) => name === 'p')?.value ?? DEFAULT_PORT);
  return yield* serve(io, port, has('D'), has('4'));
}

function* serve(io: Io, port: number, daemon: boolean, four: boolean): Running {
  const app = { comm: 'iperf3', uid: io.uid, cpu: -1, proto: 'tcp' as const, reads: true };
  const address = four ? '0.0.0.0' : '*';
  const task = spawn(io.k, {
    ...{ ...app, port, address, backlog: BACKLOG, service_ns: 0, pid: jobPid(io) },
    ...inherited(io),
  });
  if (typeof task === 'string') {
    yield* io.err.line(
      `iperf3: error - unable to start listener for connections: ${strerror(task)}\niperf3: exiting`,
    );
    return 1;
  }
  if (daemon) return 0;
  const { pid } = io.k.tasks[task]!;
  try {
    const rule = '-'.repeat(59);
    yield* io.out.write(`${rule}\nServer listening on ${port} (test #1)\n${rule}\n`);
    yield* pass(Infinity);
  } finally {
    endApp(io.k, pid);
  }
  return 0;
}

export const iperf3: Command = {
  name: 'iperf3',
  summary: 'take TCP connections and read what comes',
  usage: 'iperf3 -s [-D] [-4] [-p PORT]',
  run,
};
