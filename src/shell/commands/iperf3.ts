/// iperf3 3.18, the server: listens, takes connections and reads what comes. -D goes into the background.
/// Left out: the client, and the report of a test; what was read shows in ss and in the counters.
import { bindAddress, type Bound } from '../bind_address.ts';
import type { Command, Io, Running } from '../command.ts';
import { startApp, untilKilled } from '../run_app.ts';
import { notModelled, parseOptions, refuseUsage, spelled } from '../options.ts';

const table = {
  short: 'sDp:1vh46c:t:b:P:Ri:n:l:w:A:B:f:J',
  long: { server: 's', daemon: 'D', 'port=': 'p', 'one-off': '1', version: 'v', 'client=': 'c' },
};
const MODELLED = 'sDpv46B';
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
  const asked = parsed.options.find(({ name }) => name === 'B')?.value;
  const bound = bindAddress(io.k, asked ?? (has('4') ? '0.0.0.0' : '::'));
  if (bound === null) return yield* notModelled(io, `-B ${asked}: names of hosts`);
  return yield* serve(io, port, has('D'), bound, has('6'));
}

/// Asked for IPv6 by -6 it sets IPV6_V6ONLY; else its socket takes both families.
function* serve(
  io: Io,
  port: number,
  daemon: boolean,
  bound: Bound | string,
  six: boolean,
): Running {
  const pid =
    typeof bound === 'string'
      ? bound
      : startApp(io, {
          ...{ comm: 'iperf3', cpu: -1, proto: 'tcp', reads: true, service_ns: 0 },
          ...{ port, ...bound, backlog: BACKLOG, v6only: six },
        });
  if (typeof pid === 'string') {
    yield* io.err.line(
      `iperf3: error - unable to start listener for connections: ${pid}\niperf3: exiting`,
    );
    return 1;
  }
  if (daemon) return 0;
  const rule = '-'.repeat(59);
  return yield* untilKilled(io, pid, `${rule}\nServer listening on ${port} (test #1)\n${rule}\n`);
}

export const iperf3: Command = {
  name: 'iperf3',
  summary: 'take TCP connections and read what comes',
  usage: 'iperf3 -s [-D] [-4 | -6] [-B ADDRESS] [-p PORT]',
  run,
};
