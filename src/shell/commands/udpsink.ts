/// udpsink: binds a UDP port and reads it, or never reads; it runs until it is killed. Ours: the recorded
/// hosts used a few lines of Python for this.
import { bindAddress } from '../bind_address.ts';
import type { Command, Io, Running } from '../command.ts';
import { startApp, untilKilled } from '../run_app.ts';
import { printStamps } from '../packet_stamps.ts';

const usage =
  'udpsink PORT [bind ADDRESS] [v6only] [rcvbuf BYTES] [service NS] [cpu N] [reuseport] [noread] [stamps N]';

interface Wishes {
  port: number;
  rcvbuf: number;
  service_ns: number;
  cpu: number;
  reuseport: boolean;
  reads: boolean;
  bind: string;
  v6only: boolean;
  stamps: number; // packets whose time stamps it prints, and then ends; 0: it does not ask for any
}

function parse(words: readonly string[]): Wishes | null {
  const [port = '', ...rest] = words;
  if (!/^\d+$/.test(port) || Number(port) < 1 || Number(port) > 65535) return null;
  const wishes: Wishes = {
    ...{ port: Number(port), rcvbuf: 0, service_ns: 0, cpu: -1, reuseport: false, reads: true },
    ...{ bind: '0.0.0.0', v6only: false, stamps: 0 },
  };
  while (rest.length > 0) {
    const word = rest.shift()!;
    if (word === 'reuseport') wishes.reuseport = true;
    else if (word === 'noread') wishes.reads = false;
    else if (word === 'v6only') wishes.v6only = true;
    else if (word === 'bind') wishes.bind = rest.shift() ?? '';
    else {
      const number = rest.shift() ?? '';
      if (!/^\d+$/.test(number)) return null;
      if (word === 'rcvbuf') wishes.rcvbuf = Number(number);
      else if (word === 'service') wishes.service_ns = Number(number);
      else if (word === 'cpu') wishes.cpu = Number(number);
      else if (word === 'stamps') wishes.stamps = Number(number);
      else return null;
    }
  }
  return wishes;
}

function* run(io: Io): Running {
  const wishes = parse(io.argv.slice(1));
  const bound = wishes && bindAddress(io.k, wishes.bind);
  const known = wishes && (!wishes.v6only || wishes.bind.includes(':'));
  if (!wishes || !bound || !known || wishes.cpu >= io.k.desc.cpus) {
    yield* io.err.line(`usage: ${usage}`);
    return 2;
  }
  if (typeof bound === 'string') return yield* refused(io, bound);
  const { port, rcvbuf, service_ns, cpu, reuseport, reads, v6only, stamps } = wishes;
  const pid = startApp(io, {
    ...{ comm: 'udpsink', proto: 'udp', port, rcvbuf, service_ns, cpu, reuseport, reads },
    ...bound,
    ...(v6only && { v6only }),
    ...(stamps > 0 && { timestamps: { kind: 'timestamping', keep: stamps } }),
  });
  if (typeof pid === 'number')
    return stamps > 0 ? yield* printStamps(io, pid, stamps) : yield* untilKilled(io, pid);
  return yield* refused(io, pid);
}

function* refused(io: Io, why: string): Running {
  yield* io.err.line(`udpsink: bind: ${why}`);
  return 1;
}

export const udpsink: Command = {
  name: 'udpsink',
  summary: 'read a UDP port',
  usage,
  run,
};
