/// The page's clock. It counts from the end of the prelude, and it runs fast while the link is down and
/// so nothing can happen: igb takes half a second of the host's time to get its link back after
/// `ethtool -G`, and a microscope shows milliseconds. Such a dead span is a short stretch of the page's
/// time. Everything that is known of a run has the host's time; the page is told the page's.
import type { Kernel } from '../kernel/state.ts';
import type { Landmark, Scenario } from './scenario.ts';

export interface PageClock {
  readonly origin_ns: number; // the host's time at the page's moment 0
  readonly stretch_ns: number; // of the page's time, for a dead span; 0: the clock never runs fast
  dead: DeadSpan[]; // in order of time
}

export interface DeadSpan {
  readonly from_ns: number; // host's time
  readonly until_ns: number;
  readonly page_ns: number; // page's time at from_ns
  end_ns: number; // until_ns, or where the next span took over
}

export function createClock({ prelude_ns, zoom, length_ns }: Scenario): PageClock {
  const stretch_ns = zoom === 'microscope' ? Math.ceil(length_ns / 20) : 0;
  return { origin_ns: prelude_ns, stretch_ns, dead: [] };
}

/// A moment of the host on the page's clock, ns; negative in the prelude.
export function pageOf(clock: PageClock, host_ns: number): number {
  const span = clock.dead.findLast((one) => one.from_ns <= host_ns);
  if (!span) return host_ns - clock.origin_ns;
  if (host_ns < span.end_ns) return within(clock, span, host_ns);
  return within(clock, span, span.end_ns) + host_ns - span.end_ns;
}

/// The first moment of the host at which the page's clock shows `page_ns`.
export function hostOf(clock: PageClock, page_ns: number): number {
  const span = clock.dead.findLast((one) => one.page_ns <= page_ns);
  if (!span) return clock.origin_ns + page_ns;
  const end_ns = within(clock, span, span.end_ns);
  if (page_ns >= end_ns) return span.end_ns + page_ns - end_ns;
  const length_ns = span.until_ns - span.from_ns;
  return span.from_ns + Math.ceil(((page_ns - span.page_ns) * length_ns) / clock.stretch_ns);
}

/// Notes that the host has just become dead, if it has. Whoever computes the run finds the same spans.
export function noteDead(clock: PageClock, k: Kernel): void {
  if (clock.stretch_ns === 0 || k.now < clock.origin_ns) return;
  const until_ns = deadUntil(k);
  const last = clock.dead.at(-1);
  if (until_ns - k.now <= clock.stretch_ns || (last && until_ns <= last.until_ns)) return;
  const page_ns = pageOf(clock, k.now);
  if (last && k.now < last.end_ns) last.end_ns = k.now;
  clock.dead.push({ from_ns: k.now, until_ns, page_ns, end_ns: until_ns });
}

/// Forgets the spans that began at a moment or later.
export function cutClock(clock: PageClock, at_ns: number): void {
  clock.dead = clock.dead.filter((span) => span.from_ns < at_ns);
  const last = clock.dead.at(-1);
  if (last) last.end_ns = last.until_ns;
}

/// Where the link went and came back, with the host's times.
export function linkMarks(clock: PageClock): Landmark[] {
  return clock.dead.flatMap(({ from_ns, until_ns, end_ns }): Landmark[] => {
    const ms = Math.round((until_ns - from_ns) / 1e6);
    const mark = { kind: 'link', context: 'hw' } as const;
    const down = `link down, ${ms} ms shown in short`;
    return [
      { ...mark, at_ns: from_ns, until_ns: end_ns, label: down },
      ...(end_ns === until_ns ? [{ ...mark, at_ns: until_ns, label: 'link up' }] : []),
    ];
  });
}

function within(clock: PageClock, span: DeadSpan, host_ns: number): number {
  const length_ns = span.until_ns - span.from_ns;
  return span.page_ns + Math.floor(((host_ns - span.from_ns) * clock.stretch_ns) / length_ns);
}

/// Until when every device that anybody sends to is without its link; without traffic, any device.
function deadUntil(k: Kernel): number {
  const fed = k.sources.filter((source) => source.active);
  if (fed.length === 0) return Math.max(...k.devs.map((dev) => dev.link_down_until));
  return Math.min(...fed.map((source) => k.devs[source.dev]!.link_down_until));
}
