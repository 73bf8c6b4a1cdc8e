/// The live host at the moment that the built page shows, and the words about it in the cartouche.
import type { HostDescription } from '../../src/kernel/host.ts';
import { liveHost } from '../../simulations/live-host/scenario.ts';
import { builtRun } from '../runs.ts';
import { viewOf } from './from_frame.ts';
import type { AtlasView } from './view.ts';

export interface FirstView {
  readonly view: AtlasView;
  readonly words: string;
  readonly seed: number;
  readonly speed: number; // virtual ns for each ns on the wall
}

/// Host alder: igb 1 GbE, 8 CPUs, 2 nodes.
function words({ hostname, nics, cpus, numa }: HostDescription): string {
  const [nic] = nics;
  const speed = nic && nic.speed_mbps > 0 ? ` ${nic.speed_mbps / 1000} GbE` : '';
  return `Host ${hostname}: ${nic ? `${nic.driver}${speed}, ` : ''}${cpus} CPUs, ${numa.length} nodes.`;
}

export function firstView(): FirstView {
  return {
    view: viewOf(builtRun(liveHost).frame),
    words: words(liveHost.host),
    seed: liveHost.seed,
    speed: liveHost.speed,
  };
}
