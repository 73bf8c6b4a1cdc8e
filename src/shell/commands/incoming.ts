/// incoming_napi_id and incoming_cpu: a server that prints by which NAPI instance, or on which CPU, the last packet of
/// each of its first connections came, and then ends. incoming_cpu is a helper of the recorded hosts, of whose output
/// nothing was recorded; the other one is ours, and so is what both print: the peer, and what getsockopt() says of
/// SO_INCOMING_NAPI_ID or SO_INCOMING_CPU after the first data.
/// net/core/sock.c:sk_getsockopt()
import { endApp } from '../../kernel/apps.ts';
import type { Sock } from '../../kernel/state.ts';
import type { Command, Io, Running } from '../command.ts';
import { startApp } from '../run_app.ts';

const LOOK_NS = 1_000_000; // how often it looks at its connections
const MOST = 4096; // connections

function* run(io: Io, name: string, valueOf: (sk: Sock) => number): Running {
  const [port = '', count = '', ...rest] = io.argv.slice(1);
  const numbers = [port, count].every((word) => /^\d{1,5}$/.test(word) && Number(word) > 0);
  if (!numbers || rest.length > 0 || Number(port) > 65535 || Number(count) > MOST) {
    yield* io.err.line(`usage: ${name} PORT N`);
    return 2;
  }
  const pid = startApp(io, {
    ...{ comm: name, proto: 'tcp', port: Number(port), cpu: -1 },
    ...{ backlog: Number(count), reads: true, service_ns: 0 },
  });
  if (typeof pid === 'number') return yield* printEach(io, pid, Number(count), valueOf);
  yield* io.err.line(`${name}: bind: ${pid}`);
  return 1;
}

/// A line for each connection that has brought data, in the order in which they were made.
function* printEach(io: Io, pid: number, count: number, valueOf: (sk: Sock) => number): Running {
  const { k } = io;
  const printed = new Set<number>();
  try {
    for (;;) {
      for (const [index, sk] of k.socks.entries()) {
        const ours = sk.task === pid && sk.tcp !== null && sk.tcp.bytes_received > 0;
        if (!ours || printed.has(index) || printed.size === count) continue;
        printed.add(index);
        yield* io.out.line(`${sk.peer}:${sk.peer_port} ${valueOf(sk)}`);
      }
      if (printed.size === count) return 0;
      yield { kind: 'sleep', ns: LOOK_NS };
    }
  } finally {
    endApp(k, pid);
  }
}

export const incomingNapiId: Command = {
  name: 'incoming_napi_id',
  summary: "show which NAPI instances a server's connections come by",
  usage: 'incoming_napi_id PORT N',
  run: (io) => run(io, 'incoming_napi_id', (sk) => sk.napi_id),
};

export const incomingCpu: Command = {
  name: 'incoming_cpu',
  summary: "show which CPUs a server's connections come on",
  usage: 'incoming_cpu PORT N',
  run: (io) => run(io, 'incoming_cpu', (sk) => sk.incoming_cpu),
};
