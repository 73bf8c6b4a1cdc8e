/// When a sender's frames are due: at a constant rate, at random, in bursts, or on and off. Times come from a
/// counter of frames, not from adding up gaps, so they do not drift.
/// Left out: the wire, which may be taken or paused; traffic.ts.
import { exponential, sojourn } from '../engine/random.ts';
import type { Source } from './state.ts';

/// When the source's next frame is due, ns; Infinity when it has made its last.
export function nextDue(source: Source): number {
  if (made(source) >= source.limit) return Infinity;
  const due = dueTime(source);
  return due > source.stop_at ? Infinity : due;
}

/// Frames so far, those included that have not left the switch.
function made(source: Source): number {
  return source.sent + source.waiting + source.lost;
}

/// When the next frame is due on a free link, ns.
function dueTime(source: Source): number {
  switch (source.pattern) {
    case 'constant':
      return source.started + spaced(made(source), source.pps);
    case 'burst': {
      const round = Math.floor(made(source) / source.burst);
      const within = made(source) - round * source.burst;
      const gap = source.pps > 0 ? spaced(within, source.pps) : 0;
      return source.started + round * source.period_ns + gap;
    }
    case 'poisson':
      return previous(source) + Math.ceil(exponential(source.random, 1e9 / source.pps));
    case 'onoff':
    case 'pareto':
      return onOff(source);
  }
}

function previous(source: Source): number {
  return made(source) === 0 ? source.started : source.due_ns;
}

/// n frames at that rate, ns, rounded down; whole seconds apart so that nothing is lost.
function spaced(n: number, pps: number): number {
  const seconds = Math.floor(n / pps);
  return seconds * 1_000_000_000 + Math.floor(((n - seconds * pps) * 1e9) / pps);
}

/// Frames at a constant rate while on; on and off times are random, each half a period in the mean.
function onOff(source: Source): number {
  for (;;) {
    const due = source.state_start_ns + spaced(source.state_sent, source.pps);
    if (due < source.state_end_ns) {
      source.state_sent++;
      return due;
    }
    const tail = source.pattern === 'pareto' ? 'pareto' : 'exponential';
    const mean = source.period_ns / 2;
    const off = made(source) === 0 ? 0 : Math.ceil(sojourn(source.random, mean, tail));
    source.state_start_ns = source.state_end_ns + off;
    source.state_end_ns = source.state_start_ns + Math.ceil(sojourn(source.random, mean, tail));
    source.state_sent = 0;
  }
}
