/// arping, of iputils 20240905: asks for the link address of an IPv4 address, once a second, and times the answers.
/// It hears them by a packet socket, beside the kernel's own ARP.
/// Left out: names, duplicate address detection (-D), unasked announcements (-A, -U), a source address (-s), and the
/// choice of a device; the order of a late answer among several.
import { closePacket, openPacket, packet_recvmsg } from '../../kernel/af_packet.ts';
import { arpReplyFlow, sendArpRequest } from '../../kernel/arp_request.ts';
import { hardwareAddresses } from '../../kernel/hardware_address.ts';
import { createTask } from '../../kernel/sched/task.ts';
import type { Kernel } from '../../kernel/state.ts';
import { Killed, type Command, type Io, type Running } from '../command.ts';
import { parseAddress } from '../ip/prefix.ts';
import { notModelled, parseOptions, spelled } from '../options.ts';

const ETH_P_ARP = 0x0806;
const ARPOP_REPLY = 2;
const SECOND = 1_000_000_000;
const POLL_NS = 1_000_000;

interface Run {
  readonly at: number; // index into packet.socks
  readonly dev: number; // index into devs
  readonly flow: number;
  readonly quiet: boolean;
  readonly first: boolean; // -f: one answer is enough
  broadcast: boolean; // -b, or nobody has answered yet
  readonly always: boolean; // -b
  sent: number;
  broadcasts: number;
  received: number;
  asked: number; // ns: when the last request went
}

function* run(io: Io): Running {
  const parsed = parseOptions(io.argv.slice(1), { short: 'c:I:fqbw:i:DAUs:V' });
  if ('fault' in parsed) {
    yield* io.err.line(`arping: ${parsed.fault}`);
    return 2;
  }
  const left = parsed.options.find(({ name }) => !'cIfqb'.includes(name));
  if (left) return yield* notModelled(io, spelled(left));
  const value = (name: string): string | undefined =>
    parsed.options.findLast((one) => one.name === name)?.value;
  const has = (name: string): boolean => parsed.options.some((one) => one.name === name);
  const [target = ''] = parsed.operands;
  const count = has('c') ? Number(value('c')) : Infinity;
  if (parseAddress(target) === null || !(count >= 1)) return yield* notModelled(io, target);
  if (io.uid !== 0) {
    yield* io.err.line('arping: socket: Operation not permitted');
    return 2;
  }
  const dev = io.k.devs.findIndex((one) => one.name === value('I') && one.up);
  const own = io.k.devs[dev]?.addrs.find((text) => !text.includes(':'))?.split('/')[0];
  if (own === undefined || dev === 0)
    return yield* notModelled(io, `-I ${value('I') ?? 'missing'}`);
  yield* io.out.line(`ARPING ${target} from ${own} ${io.k.devs[dev]!.name}`);
  const wishes = { quiet: has('q'), first: has('f'), broadcast: true, always: has('b') };
  return yield* exchange(io, count, {
    ...{ at: openSocket(io.k, dev), dev, flow: arpReplyFlow(io.k, dev, own, target), ...wishes },
    ...{ sent: 0, broadcasts: 0, received: 0, asked: 0 },
  });
}

function openSocket(k: Kernel, dev: number): number {
  const task = createTask(k, {
    ...{ comm: 'arping', kind: 'other', kthread: false, uid: 0, pinned: false, cpu: 0 },
  });
  return openPacket(k, task, { dev, protocol: ETH_P_ARP, type: 2 });
}

/// The last request is waited for as long as the others. Ctrl-C ends it with what it has.
function* exchange(io: Io, count: number, r: Run): Running {
  try {
    while (r.sent < count && !(r.first && r.received > 0)) {
      r.sent++;
      if (r.broadcast) r.broadcasts++;
      r.asked = io.k.now;
      sendArpRequest(io.k, r.dev, r.flow);
      yield* listen(io, r, io.k.now + SECOND);
    }
  } catch (error) {
    if (!(error instanceof Killed) || error.status !== 130) throw error;
  } finally {
    const po = io.k.packet.socks[r.at]!;
    io.k.tasks[io.k.socks[po.sock]!.reader]!.exited = true;
    closePacket(io.k, r.at);
  }
  yield* io.out.line(`Sent ${r.sent} probes (${r.broadcasts} broadcast(s))`);
  yield* io.out.line(`Received ${r.received} response(s)`);
  return r.received > 0 ? 0 : 1;
}

function* listen(io: Io, r: Run, until: number): Running<void> {
  while (io.k.now < until && !(r.first && r.received > 0)) {
    const copy = packet_recvmsg(io.k, io.k.packet.socks[r.at]!);
    if (copy === null) yield { kind: 'sleep', ns: Math.min(POLL_NS, until - io.k.now) };
    else if (copy.flow === r.flow && copy.icmp === ARPOP_REPLY) {
      r.received++;
      r.broadcast = r.always;
      if (r.quiet) continue;
      const us = Math.floor((copy.at - r.asked) / 1000);
      const time = `${Math.floor(us / 1000)}.${String(us % 1000).padStart(3, '0')}ms`;
      const mac = hardwareAddresses(io.k, copy).src.toUpperCase();
      yield* io.out.line(`Unicast reply from ${io.k.flows.saddr[r.flow]} [${mac}]  ${time}`);
    }
  }
}

export const arping: Command = {
  name: 'arping',
  summary: 'ask for the link address of a neighbour and time the answers',
  usage: 'arping -I DEVICE [-c COUNT] [-f] [-q] [-b] ADDRESS',
  run,
};
