/// CPU lanes as paths: one path for each context, so that a redraw sets a handful of attributes.
import type { Lanes, LaneContext } from '../../src/player/protocol.ts';

export interface LaneBox {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export type LanePaths = Partial<Record<LaneContext, string>>;

const NODE_GAP = 3;

/// The y of each lane's top, and the height of a lane, with a gap between NUMA nodes.
export function rows(
  lanes: Lanes,
  box: LaneBox,
): { readonly tops: readonly number[]; readonly height: number } {
  const gaps = lanes.cpus.filter(
    (lane, i) => i > 0 && lane.node !== lanes.cpus[i - 1]?.node,
  ).length;
  const pitch = (box.bottom - box.top - gaps * NODE_GAP) / Math.max(1, lanes.cpus.length);
  let gap = 0;
  const tops = lanes.cpus.map((lane, i) => {
    if (i > 0 && lane.node !== lanes.cpus[i - 1]?.node) gap += NODE_GAP;
    return box.top + i * pitch + gap;
  });
  return { tops, height: pitch - 1.1 };
}

/// Paths for the pieces of every lane. Idle time is the lane's own ground.
export function lanePaths(lanes: Lanes, box: LaneBox): LanePaths {
  const paths: LanePaths = {};
  const span = lanes.to_ns - lanes.from_ns;
  if (span <= 0) return paths;
  const scale = (box.right - box.left) / span;
  const { tops, height } = rows(lanes, box);
  lanes.cpus.forEach((lane, cpu) => {
    const y = (tops[cpu] ?? 0).toFixed(1);
    lane.contexts.forEach((context, i) => {
      if (context === 'idle') return;
      const from = lane.edges[i] ?? 0;
      const to = lane.edges[i + 1] ?? span;
      const width = Math.max(0.6, (to - from) * scale);
      const piece = `M${(box.left + from * scale).toFixed(1)} ${y}h${width.toFixed(1)}v${height.toFixed(1)}h-${width.toFixed(1)}z`;
      paths[context] = (paths[context] ?? '') + piece;
    });
  });
  return paths;
}
