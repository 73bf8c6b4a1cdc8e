/// The pace of a playing run: how far virtual time should be by now, and whether the machine keeps
/// up. A clock on the wall is handed in, so that a test can hold it.

/// No more wall time than this is ever caught up with: a page that slept does not race.
const patience_ms = 100;
const window_ms = 500; // over which the share is measured

export interface Pace {
  speed: number; // virtual ns for each ns on the wall
  from_ms: number; // on the wall, and
  from_ns: number; // in the run: the point from which targets are counted
  share: number; // of the wanted speed that was reached lately, 0 to 1
  since: { ms: number; lost_ms: number }; // the window of the share
}

export function startPace(speed: number, wall_ms: number, now_ns: number): Pace {
  return {
    speed,
    from_ms: wall_ms,
    from_ns: now_ns,
    share: 1,
    since: { ms: wall_ms, lost_ms: 0 },
  };
}

/// The virtual time to be at now. When the run lags too far behind, the rest is given up.
export function targetOf(pace: Pace, wall_ms: number, now_ns: number): number {
  const wanted_ns = pace.from_ns + (wall_ms - pace.from_ms) * 1e6 * pace.speed;
  const lag_ms = (wanted_ns - now_ns) / (1e6 * pace.speed);
  if (lag_ms > patience_ms) {
    pace.from_ms = wall_ms - patience_ms;
    pace.from_ns = now_ns;
    pace.since.lost_ms += lag_ms - patience_ms;
  }
  measure(pace, wall_ms);
  return Math.floor(pace.from_ns + (wall_ms - pace.from_ms) * 1e6 * pace.speed);
}

function measure(pace: Pace, wall_ms: number): void {
  const elapsed_ms = wall_ms - pace.since.ms;
  if (elapsed_ms < window_ms) return;
  pace.share = Math.max(0, 1 - pace.since.lost_ms / elapsed_ms);
  pace.since = { ms: wall_ms, lost_ms: 0 };
}
