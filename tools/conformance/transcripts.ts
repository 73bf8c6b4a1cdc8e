/// Replays a recorded session on the simulated host: boots the profile that the file names, types
/// its commands in order at their times, and scores what is printed against the record.
import { boot } from '../../src/kernel/boot.ts';
import { hosts } from '../../src/hardware/hosts.ts';
import type { Session } from '../../src/shell/session.ts';
import { createSession } from '../../src/shell/shell.ts';
import { typed as typeAndWait } from '../typed.ts';
import { align } from './align.ts';
import { advancePeer, openPeer, peerDoes, staysBehind } from './peer.ts';
import { withinReach } from './reach.ts';
import type { Recorded, RecordedStep } from './recorded.ts';

export interface SessionScore {
  readonly id: string;
  readonly exact: number;
  readonly shape: number;
  readonly lines: number;
  readonly exit: number; // exit statuses that agree
  readonly steps: number;
  readonly known: { readonly shape: number; readonly lines: number }; // steps whose tools and forms are modelled
}

const SECOND = 1e9;
const NOT_MODELLED = 'softnet: not modelled here';
const TIMEOUT_NS = 60 * SECOND; // the recorder interrupted a command after a minute

/// Scores one session; `verbose` prints every step that differs, with both outputs.
export function replay(recorded: Recorded, verbose: boolean): SessionScore {
  const typed = recorded.steps.filter((step) => step.on !== 'peer');
  const desc = hosts[recorded.host.profile];
  const score = {
    id: recorded.id,
    exact: 0,
    shape: 0,
    lines: 0,
    exit: 0,
    steps: typed.length,
    known: { shape: 0, lines: 0 },
  };
  if (!desc) {
    for (const step of typed)
      score.lines += align(step.stdout, '').lines + align(step.stderr, '').lines;
    return score;
  }
  const first = typed[0]?.uptime ?? desc.uptime_ns / SECOND;
  const host = { k: boot({ ...desc, uptime_ns: Math.round(first * SECOND) }, 1) };
  const peer = openPeer();
  const shells = new Map<string, Session>();
  recorded.steps.forEach((step, at) => {
    if (step.on === 'peer') return peerDoes(host.k, peer, step.cmd, pause(recorded.steps, at));
    if (step.uptime !== undefined)
      advancePeer(host.k, peer, Math.round((step.uptime - first) * SECOND));
    one(step);
  });
  return score;

  function one(step: RecordedStep): void {
    const user = step.user === 'alice' ? 'alice' : 'root';
    let session = shells.get(user);
    if (!session) shells.set(user, (session = createSession(host.k, user)));
    const got = typeAndWait(host, session, step.cmd, {
      columns: step.tty_columns ?? null,
      limit_ns: TIMEOUT_NS,
      leaves: true,
    });
    const out = align(step.stdout, got.stdout);
    const err = align(step.stderr, got.stderr);
    score.exact += out.exact + err.exact;
    score.shape += out.shape + err.shape;
    score.lines += out.lines + err.lines;
    if (withinReach(step.cmd) && !got.stderr.includes(NOT_MODELLED)) {
      score.known.shape += out.shape + err.shape;
      score.known.lines += out.lines + err.lines;
    }
    if (got.status === step.exit) score.exit++;
    if (verbose && (out.shape + err.shape < out.lines + err.lines || got.status !== step.exit))
      show(recorded.id, step, got);
  }
}

export function total(scores: readonly SessionScore[]): Omit<SessionScore, 'id'> {
  const sum = { exact: 0, shape: 0, lines: 0, exit: 0, steps: 0, known: { shape: 0, lines: 0 } };
  for (const score of scores) {
    sum.exact += score.exact;
    sum.shape += score.shape;
    sum.lines += score.lines;
    sum.exit += score.exit;
    sum.steps += score.steps;
    sum.known.shape += score.known.shape;
    sum.known.lines += score.known.lines;
  }
  return sum;
}

/// Seconds that the record leaves for what the peer does: the gap between the typed steps around it,
/// shared out among the peer's commands in it that took time.
function pause(steps: readonly RecordedStep[], at: number): number {
  const typed = (step: RecordedStep): boolean => step.on !== 'peer';
  const before = steps.slice(0, at).findLast((step) => step.uptime !== undefined);
  const after = steps.slice(at).find((step) => step.uptime !== undefined);
  const start = steps.slice(0, at).findLastIndex(typed) + 1;
  const end = at + steps.slice(at).findIndex(typed);
  const others = steps.slice(start, Math.max(at + 1, end)).filter((step) => !staysBehind(step.cmd));
  const gap = (after?.uptime ?? 0) - ((before?.uptime ?? 0) + (before?.took ?? 0));
  return Math.max(0.1, (gap * 0.9) / Math.max(1, others.length));
}

function show(
  id: string,
  step: RecordedStep,
  got: { stdout: string; stderr: string; status: number },
): void {
  console.log(`\n[${id}] $ ${step.cmd}`);
  console.log(`real ${step.exit}: ${JSON.stringify(step.stdout + step.stderr).slice(0, 2000)}`);
  console.log(`ours ${got.status}: ${JSON.stringify(got.stdout + got.stderr).slice(0, 2000)}`);
}
