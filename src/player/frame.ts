/// One moment of a run as the page draws it: the scene of the scenario, and what every scenario has:
/// the ledger, the CPUs, the knobs, the marks.
import { ledgerOf } from '../kernel/ledger.ts';
import type { Cpu, Kernel } from '../kernel/state.ts';
import { functionOf } from './functions.ts';
import { lanesBetween } from './lanes.ts';
import { landmarksOf } from './landmarks.ts';
import type { CpuView, Frame, Lanes, StepView } from './protocol.ts';
import { linkMarks } from './page_clock.ts';
import { hostTime, lengthOf, pageEntries, pageTime } from './run.ts';
import type { Run } from './run.ts';
import { isBusy } from './tty.ts';
import { busyShares, knownUntil, pastOf } from './timeline.ts';

/// How the run is being played, which the run itself does not know.
export interface Playing {
  readonly playing: boolean;
  readonly pace: number; // share of the wanted speed, 0 to 1
  readonly step: StepView | null;
}

export function frameOf(run: Run, how: Playing): Frame {
  const { k } = run.machine.host;
  const marks = landmarksOf(run.marks, run.entries, linkMarks(run.clock), k.now);
  return {
    at_ns: pageTime(run, k.now),
    length_ns: pageTime(run, lengthOf(run)),
    known_ns: pageTime(run, Math.max(k.now, knownUntil(run.timeline))),
    ...how,
    busy: isBusy(run.machine.terminal),
    scene: run.scenario.scene(k, pastOf(run.timeline, k.now)),
    ledger: ledgerOf(k),
    knobs: run.scenario.knobs.map((knob) => knob.read(k)),
    cpus: cpusOf(run, k),
    lanes: lanesOf(run, k),
    landmarks: marks.map(({ until_ns, ...mark }) => ({
      ...mark,
      at_ns: pageTime(run, mark.at_ns),
      ...(until_ns !== undefined && { until_ns: pageTime(run, until_ns) }),
    })),
    entries: pageEntries(run),
    prediction: run.prediction,
  };
}

function cpusOf(run: Run, k: Kernel): CpuView[] {
  const shares = busyShares(run.timeline, k);
  return k.cpus.map((cpu) => {
    const { context } = cpu.running;
    return { id: cpu.id, node: cpu.node, context, words: wordsOf(k, cpu), busy: shares[cpu.id]! };
  });
}

/// What a CPU does, in words: "ksoftirqd/0 in net_rx_action, 48 of 300".
function wordsOf(k: Kernel, cpu: Cpu): string {
  const { context, step } = cpu.running;
  if (context === 'idle') return 'idle';
  const task = k.tasks.find((one) => one.pid === cpu.current);
  const own = context === 'hardirq' ? 'hard IRQ' : context;
  const who = context === 'hardirq' || context === 'softirq' ? own : (task?.comm ?? own);
  return step < 0 ? who : `${who} in ${functionOf(step)}`;
}

function lanesOf(run: Run, k: Kernel): Lanes | null {
  if (!run.lanes || run.scenario.lanes_ns === undefined) return null;
  const now_ns = Math.max(run.origin_ns, k.now);
  const page_ns = Math.max(0, pageTime(run, now_ns) - run.scenario.lanes_ns);
  const from_ns = hostTime(run, page_ns);
  const lanes = lanesBetween(run.lanes, k, from_ns, now_ns);
  return {
    ...lanes,
    from_ns: page_ns,
    to_ns: pageTime(run, now_ns),
    cpus: lanes.cpus.map((lane) => ({
      ...lane,
      edges: lane.edges.map((edge) => pageTime(run, from_ns + edge) - page_ns),
    })),
  };
}
