/// The time stamps of packets as a program prints them that has asked for them with SO_TIMESTAMPING: the NIC's, the
/// kernel's, and when recvmsg() returned. Ours, as the program is.
import { endApp } from '../kernel/apps.ts';
import type { Kernel, StampRecord } from '../kernel/state.ts';
import { wallClock } from './clock.ts';
import type { Io, Running } from './command.ts';

const LOOK_NS = 1_000_000; // how often the printer looks for more

/// Prints a line for each of the first `count` packets that the program reads, and ends it.
export function* printStamps(io: Io, pid: number, count: number): Running {
  const { k } = io;
  const sk = k.socks.find((one) => one.task === pid)!;
  let printed = 0;
  try {
    yield* io.out.line(
      `${'HARDWARE'.padEnd(21)}${'SOFTWARE'.padEnd(22)}${'READ'.padEnd(22)}CPU  LATER`,
    );
    while (printed < count) {
      const log = sk.stamps?.log ?? [];
      for (; printed < Math.min(count, log.length); printed++)
        yield* io.out.line(stampLine(k, log[printed]!));
      if (printed < count) yield { kind: 'sleep', ns: LOOK_NS };
    }
  } finally {
    endApp(k, pid);
  }
  return 0;
}

/// One packet: its stamps as seconds since 1970, and how much later each is than the one before, in us.
function stampLine(k: Kernel, { hardware, software, read, cpu }: StampRecord): string {
  const later = [
    ...(hardware >= 0 && software >= 0 ? [micros(software - hardware)] : []),
    micros(read - Math.max(hardware, software)),
  ];
  const times = [hardware, software, read].map((at) => clockText(k, at).padEnd(20));
  return `${times.join('  ')}  ${String(cpu).padEnd(3)}  ${later.join(' ')}`;
}

function micros(ns: number): string {
  const whole = Math.round(ns);
  return `+${Math.floor(whole / 1000)}.${String(whole % 1000).padStart(3, '0')}us`;
}

function clockText(k: Kernel, at: number): string {
  if (at < 0) return '-';
  const wall = wallClock(k) - BigInt(Math.round(k.now)) + BigInt(Math.round(at));
  const seconds = wall / 1_000_000_000n;
  return `${seconds}.${String(wall % 1_000_000_000n).padStart(9, '0')}`;
}
