/// What the map shows of the host at one moment: picked out of a frame of the live host, at build
/// time for the still drawing and in the page while it runs. Nothing here is computed by the map
/// itself: what the frame does not say has no number on the drawing.
import type { Context, StepId } from '../../src/kernel/steps.ts';
import { count, percent, short } from '../../src/ui/numbers.ts';
import type { Lanes } from '../../src/player/protocol.ts';

export interface AtlasView {
  readonly at_ns: number;
  readonly bits_in: number; // on the wire of all NICs, b/s
  readonly rates: Partial<Record<StepId, number>>; // packets a second through a step
  readonly rings: readonly Ring[];
  readonly vectors: readonly { readonly irq: number; readonly cpu: number }[];
  readonly interrupts: number; // device interrupts a second
  readonly budget: Fill | null; // packets that a net_rx_action() takes on average; null: none ran
  readonly ksoftirqd: { readonly cpu: number; readonly share: number } | null; // busiest one
  readonly backlog: { readonly used: readonly number[]; readonly limit: number };
  readonly sockets: readonly Fill[]; // receive memory of each application's socket, bytes
  readonly apps: readonly { readonly comm: string; readonly cpu: number }[];
  readonly drops: readonly Drop[];
  readonly busy: number; // share of all CPUs, 0 to 1
  readonly lanes: Lanes | null;
}

export interface Fill {
  readonly used: number;
  readonly limit: number;
}
export interface Ring extends Fill {
  readonly head: number; // slot the NIC writes next
  readonly tail: number; // slot the poll reads next
}

/// Packets lost a second, by the counter or drop reason that says so.
export interface Drop {
  readonly step: StepId;
  readonly reason: string;
  readonly context: Context;
  readonly rate: number;
  readonly packets: number; // since the run began
}

/// Stations beside which the drawing has room for a drop and its reason.
export const DROP_STEPS: readonly StepId[] = ['IN-01', 'IN-03', 'IN-15', 'IN-22', 'IN-28', 'IN-U1'];

/// What loses most at a step now, or has lost most so far.
export function worst(view: AtlasView, step: StepId): Drop | undefined {
  return view.drops
    .filter((drop) => drop.step === step)
    .reduce<Drop | undefined>(
      (most, drop) =>
        most && (most.rate - drop.rate || most.packets - drop.packets) >= 0 ? most : drop,
      undefined,
    );
}

/// A rate in the shortest form that keeps four digits: [214.6, kpps].
export function rate(perSecond: number, unit = 'pps'): readonly [string, string] {
  const scale = perSecond >= 1e6 ? [1e6, 'M'] : perSecond >= 1e3 ? [1e3, 'k'] : [1, ''];
  const [by, prefix] = scale as [number, string];
  return [short(perSecond / by), prefix + (prefix && unit.startsWith('irq') ? ' ' : '') + unit];
}

/// 2.1 k/s, 12/s
export function perSecond(value: number): string {
  const [digits, unit] = rate(value, '/s');
  return digits + (unit === '/s' ? '' : ' ') + unit;
}

/// Stations that carry their rate as a number.
export const NUMBERED: readonly StepId[] = ['IN-01', 'IN-03', 'IN-12', 'IN-22', 'IN-U1', 'IN-35'];

/// Every text on the drawing that changes, by the name of the element that holds it.
export function texts(view: AtlasView): Record<string, string> {
  const out: Record<string, string> = {};
  for (const id of NUMBERED) {
    const value = view.rates[id];
    if (value === undefined) continue;
    [out[`rate:${id}`], out[`unit:${id}`]] = rate(value);
  }
  const [bits, unit] = rate(view.bits_in, 'b/s');
  out['bits'] = `${bits} ${unit}`;
  view.rings.forEach((ring, i) => (out[`ring:${i}`] = count(ring.used)));
  [out['irqs'], out['irqs:unit']] = rate(view.interrupts, 'irq/s');
  out['budget'] = view.budget ? short(view.budget.used, 3) : '0';
  out['budget:of'] = view.budget ? `of ${count(view.budget.limit)}` : 'packets';
  if (view.ksoftirqd) {
    out['ksoftirqd'] = `ksoftirqd/${view.ksoftirqd.cpu}`;
    out['ksoftirqd:share'] = percent(view.ksoftirqd.share);
    out['ksoftirqd:cpu'] = `of CPU ${view.ksoftirqd.cpu}`;
  }
  out['backlog'] = count(Math.max(...view.backlog.used, 0));
  const memory = view.sockets.reduce((sum, socket) => sum + socket.used, 0);
  out['sockets'] = short(memory / 1024);
  for (const step of DROP_STEPS) {
    const drop = worst(view, step);
    if (!drop) continue;
    out[`drop:${step}`] = drop.rate > 0 ? perSecond(drop.rate) : count(drop.packets);
    out[`why:${step}`] = drop.reason.replace('hw:', '');
  }
  out['busy'] = percent(view.busy);
  return out;
}
