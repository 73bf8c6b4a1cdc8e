/// ping, of iputils 20240905: echo requests to the machine at the other end of a wire.
/// Left out: names, IPv6, fragments to the host itself, adaptive and flood mode, record route, timestamps, reports
/// of unreachable hosts.
import { echoFlow, sendEcho } from '../../kernel/echo_request.ts';
import { strerror } from '../../kernel/errno.ts';
import { openRaw, raw_recvmsg } from '../../kernel/raw.ts';
import { flowKey, ip_route_output_key_hash, type OutputRoute } from '../../kernel/route.ts';
import { createTask } from '../../kernel/sched/task.ts';
import { closeSock } from '../../kernel/sock.ts';
import type { Kernel, RawCopy, Sock } from '../../kernel/state.ts';
import type { Command, Io, Running } from '../command.ts';
import { addressText, parseAddress } from '../ip/prefix.ts';

const IP_AND_ICMP = 28; // bytes of the two headers
const POLL_NS = 1_000_000;
const SECOND = 1_000_000_000;
const DEFAULT_WAIT = 10 * SECOND; // MAXWAIT
// All types but EchoReply, DestUnreach, SourceQuench, Redirect, TimeExceeded, ParameterProblem.
const ICMP_FILTER = ~((1 << 0) | (1 << 3) | (1 << 4) | (1 << 5) | (1 << 11) | (1 << 12));

interface Settings {
  count: number; // Infinity: until stopped
  interval: number; // ns
  size: number; // bytes of data
  wait: number; // ns for an answer
  deadline: number; // ns for all; Infinity
  fragment: boolean;
  quiet: boolean;
  tos: number;
  dest: string | null;
}

/// Seconds such as 0.2, in ns; null: not a number.
function nanoseconds(word: string): number | null {
  return /^\d*\.?\d+$|^\d+\.$/.test(word) ? Math.round(Number(word) * SECOND) : null;
}

const WITH_VALUE = 'ciswWMtQIpl';

/// The words of the command line; a number is the exit status of what was wrong with them.
function* parse(io: Io): Running<Settings | number> {
  const s: Settings = {
    ...{ count: Infinity, interval: SECOND, size: 56, wait: DEFAULT_WAIT, deadline: Infinity },
    ...{ fragment: true, quiet: false, tos: 0, dest: null },
  };
  const words = io.argv.slice(1);
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (!/^-./.test(word)) {
      s.dest = word;
      continue;
    }
    for (let at = 1; at < word.length; at++) {
      const letter = word[at]!;
      if (!WITH_VALUE.includes(letter)) {
        if (letter === 'q') s.quiet = true;
        else if (letter !== 'n' && letter !== '4') return yield* absent(io, `-${letter}`);
        continue;
      }
      const value = word.slice(at + 1) || words[++i];
      if (value === undefined) {
        yield* io.err.line(`ping: option requires an argument -- '${letter}'`);
        return 2;
      }
      const status = yield* take(io, s, letter, value);
      if (status !== null) return status;
      break;
    }
  }
  return s;
}

function* take(io: Io, s: Settings, letter: string, value: string): Running<number | null> {
  if (letter === 'M') {
    if (!['do', 'dont', 'want', 'probe'].includes(value)) {
      yield* io.err.line('ping: wrong value for -M: do, dont, want, probe are valid ones.');
      return 2;
    }
    s.fragment = value === 'dont' || value === 'want';
    return null;
  }
  const number = letter === 'Q' ? Number(value) : nanoseconds(value);
  if (number === null || Number.isNaN(number)) {
    yield* io.err.line(`ping: invalid argument: '${value}'`);
    return 1;
  }
  if (letter === 'c') s.count = Number(value);
  else if (letter === 'i') s.interval = number;
  else if (letter === 's') s.size = Number(value);
  else if (letter === 'W') s.wait = number;
  else if (letter === 'w') s.deadline = number;
  else if (letter === 'Q') s.tos = number;
  else return yield* absent(io, `-${letter}`);
  return null;
}

function* absent(io: Io, what: string): Running {
  yield* io.err.line(`softnet: not modelled here: ping ${what}`);
  return 1;
}

/// What is known of a run, times in us.
interface Run {
  readonly id: number;
  sent: number;
  received: number;
  errors: number;
  readonly times: number[];
  readonly sentAt: number[]; // ns, by sequence number
  start: number; // ns
  last: number; // ns: of the last packet that left or came
}

function* run(io: Io): Running {
  const settings = yield* parse(io);
  if (typeof settings === 'number') return settings;
  if (settings.dest === null) {
    yield* io.err.line('ping: usage error: Destination address required');
    return 1;
  }
  if (io.uid !== 0) {
    yield* io.err.line('ping: socktype: SOCK_RAW');
    yield* io.err.line('ping: socket: Operation not permitted');
    yield* io.err.line('ping: => missing cap_net_raw+p capability or setuid?');
    return 2;
  }
  const daddr = parseAddress(settings.dest);
  if (daddr === null) return yield* absent(io, `a name or IPv6: ${settings.dest}`);
  const out = ip_route_output_key_hash(io.k, flowKey({ daddr, tos: settings.tos }));
  if (typeof out === 'string') {
    yield* io.err.line(`ping: connect: ${strerror(out)}`);
    return 2;
  }
  if (out.dev === 0 && settings.size + IP_AND_ICMP > out.mtu)
    return yield* absent(io, 'in fragments to the host itself');
  return yield* exchange(io, settings, out, daddr);
}

function openSocket(k: Kernel): Sock {
  const spec = { comm: 'ping', kind: 'other', kthread: false, uid: 0, pinned: false } as const;
  const task = createTask(k, { ...spec, cpu: 0 });
  const sk = k.socks[openRaw(k, task, 1, 0)]!;
  sk.icmp_filter = ICMP_FILTER;
  return sk;
}

function* exchange(io: Io, s: Settings, out: OutputRoute, daddr: number): Running {
  const { k } = io;
  const sk = openSocket(k);
  const flow = echoFlow(k, out, daddr, sk.task & 0xffff);
  const name = addressText(daddr);
  const run: Run = {
    ...{ id: flow, sent: 0, received: 0, errors: 0, times: [], sentAt: [] },
    ...{ start: k.now, last: k.now },
  };
  const total = s.size + IP_AND_ICMP;
  yield* io.out.line(`PING ${name} (${name}) ${s.size}(${total}) bytes of data.`);
  try {
    while (run.sent < s.count && k.now < run.start + s.deadline) {
      run.sentAt.push(k.now);
      run.sent++;
      run.last = k.now;
      const err = sendEcho(k, out, flow, total, s.fragment, run.sent);
      if (err !== null) {
        if (err !== 'EPERM') run.errors++; // of that the kernel keeps no error message
        yield* io.err.line(`ping: sendmsg: ${strerror(err)}`);
      }
      const wait = run.sent < s.count ? s.interval : waitFor(s, run);
      yield* listen(io, s, run, sk, Math.min(k.now + wait, run.start + s.deadline));
    }
  } finally {
    closeSock(k, sk);
    k.tasks[sk.reader]!.exited = true;
  }
  yield* summary(io, run, name);
  return run.received > 0 ? 0 : 1;
}

/// After the last request: at least as long as -W says, unless every answer has come.
function waitFor(s: Settings, run: Run): number {
  return run.errors > 0 ? Math.min(s.wait, SECOND) : s.wait;
}

/// Takes answers until a time, or until the last one has come.
function* listen(io: Io, s: Settings, run: Run, sk: Sock, until: number): Running<void> {
  const { k } = io;
  for (;;) {
    const copy = sk.copies[0];
    if (copy) {
      raw_recvmsg(sk);
      if (isOurs(k, run, copy.flow)) yield* answered(io, s, run, copy);
      continue;
    }
    const done = run.sent >= s.count && run.received + run.errors >= run.sent && run.errors === 0;
    if (done || k.now >= until) return;
    yield { kind: 'sleep', ns: Math.min(POLL_NS, until - k.now) };
  }
}

/// Is it an echo reply with our identifier?
function isOurs({ flows }: Kernel, run: Run, flow: number): boolean {
  return flows.sport[flow]! >>> 8 === 0 && flows.dport[flow] === flows.dport[run.id];
}

function* answered(io: Io, s: Settings, run: Run, { at, len, flow }: RawCopy): Running<void> {
  const seq = ++run.received;
  const us = Math.floor((at - run.sentAt[seq - 1]!) / 1000);
  run.times.push(us);
  run.last = at;
  if (s.quiet) return;
  const { saddr, ttl } = io.k.flows;
  const tail = `icmp_seq=${seq} ttl=${ttl[flow]} time=${timeText(us)} ms`;
  yield* io.out.line(
    `${Math.max(len, s.size + IP_AND_ICMP) - 20} bytes from ${saddr[flow]}: ${tail}`,
  );
}

/// Microseconds as milliseconds with three figures.
function timeText(us: number): string {
  const places = us >= 99_950 ? 0 : us >= 9995 ? 1 : us >= 1000 ? 2 : 3;
  return (us / 1000).toFixed(places);
}

function milliseconds(us: number): string {
  return `${Math.floor(us / 1000)}.${String(us % 1000).padStart(3, '0')}`;
}

/// The integer square root that ping takes.
function root(a: number): number {
  let before = Infinity;
  let x = a;
  while (x > 0 && x < before) {
    before = x;
    x = Math.floor((x + Math.floor(a / x)) / 2);
  }
  return before === Infinity ? 0 : before;
}

function* summary(io: Io, run: Run, name: string): Running<void> {
  const { sent, received, errors, times } = run;
  const loss = sent === 0 ? 0 : Math.floor(((sent - received) * 100) / sent);
  const took = Math.floor((run.last - run.start + 500_000) / 1_000_000);
  yield* io.out.line('');
  yield* io.out.line(`--- ${name} ping statistics ---`);
  yield* io.out.line(
    `${sent} packets transmitted, ${received} received, ` +
      `${errors ? `+${errors} errors, ` : ''}${loss}% packet loss, time ${took}ms`,
  );
  if (times.length === 0) return yield* io.out.line('');
  const sum = times.reduce((all, one) => all + one, 0);
  const squares = times.reduce((all, one) => all + one * one, 0);
  const mean = Math.floor(sum / times.length);
  const deviation = root(Math.floor(squares / times.length) - mean * mean);
  const figures = [Math.min(...times), mean, Math.max(...times), deviation].map(milliseconds);
  yield* io.out.line(`rtt min/avg/max/mdev = ${figures.join('/')} ms`);
}

export const ping: Command = {
  name: 'ping',
  summary: 'send echo requests to a host and time the answers',
  usage: 'ping [-c COUNT] [-i INTERVAL] [-s SIZE] [-W TIMEOUT] [-M HINT] DESTINATION',
  run,
};
