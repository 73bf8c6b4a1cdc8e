/// udpsink: binds a UDP port and reads it, or never reads; it runs until it is killed. Ours: the recorded
/// hosts used a few lines of Python for this.
import type { Command, Io, Running } from '../command.ts';
import { startApp, untilKilled } from '../run_app.ts';

const usage = 'udpsink PORT [rcvbuf BYTES] [service NS] [cpu N] [reuseport] [noread]';

interface Wishes {
  port: number;
  rcvbuf: number;
  service_ns: number;
  cpu: number;
  reuseport: boolean;
  reads: boolean;
}

function parse(words: readonly string[]): Wishes | null {
  const [port = '', ...rest] = words;
  if (!/^\d+$/.test(port) || Number(port) < 1 || Number(port) > 65535) return null;
  const wishes: Wishes = {
    ...{ port: Number(port), rcvbuf: 0, service_ns: 0, cpu: -1, reuseport: false, reads: true },
  };
  while (rest.length > 0) {
    const word = rest.shift()!;
    if (word === 'reuseport') wishes.reuseport = true;
    else if (word === 'noread') wishes.reads = false;
    else {
      const number = rest.shift() ?? '';
      if (!/^\d+$/.test(number)) return null;
      if (word === 'rcvbuf') wishes.rcvbuf = Number(number);
      else if (word === 'service') wishes.service_ns = Number(number);
      else if (word === 'cpu') wishes.cpu = Number(number);
      else return null;
    }
  }
  return wishes;
}

function* run(io: Io): Running {
  const wishes = parse(io.argv.slice(1));
  if (!wishes || wishes.cpu >= io.k.desc.cpus) {
    yield* io.err.line(`usage: ${usage}`);
    return 2;
  }
  const pid = startApp(io, { comm: 'udpsink', proto: 'udp', ...wishes });
  if (typeof pid === 'number') return yield* untilKilled(io, pid);
  yield* io.err.line(`udpsink: bind: ${pid}`);
  return 1;
}

export const udpsink: Command = {
  name: 'udpsink',
  summary: 'read a UDP port',
  usage,
  run,
};
