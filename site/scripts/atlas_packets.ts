/// Packets that move along the route of the atlas: capsules at constant speed, their distance following
/// the rate, taken out where the host drops. They move only while the host runs and the page is seen.
import { SPEED, pointAt, ratesAlong, route, standsFor } from '../atlas/route.ts';
import { at } from '../atlas/stations.ts';
import type { AtlasView } from '../atlas/view.ts';

const SIDING_MS = 240; // a drop leaves along its siding
const STAY_MS = 1_000; // and stays to be seen
const MOST = 120;

interface Capsule {
  readonly element: SVGRectElement;
  s: number; // distance along the route
  passed: number; // stations passed
  lost: { readonly since: number; readonly x: number; readonly y: number } | null;
}

export interface Packets {
  set(view: AtlasView, moving: boolean): void;
  standsFor(): number;
}

export function createPackets(root: HTMLElement): Packets {
  const group = root.querySelector('.packets');
  let way = route(false);
  let rates: readonly number[] = [];
  let offered = 0;
  let each = 1;
  let moving = false;
  let last = 0;
  let due = 0; // distance that the next capsule waits for
  let owed: number[] = []; // by station: what it still lets pass, in capsules

  function make(): Capsule {
    const element = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
    element.setAttribute('rx', '3');
    group?.append(element);
    return { element, s: 0, passed: 0, lost: null };
  }

  function place({ element }: Capsule, x: number, y: number, level: boolean): void {
    const [w, h] = level ? [13, 7] : [7, 11];
    element.setAttribute('width', String(w));
    element.setAttribute('height', String(h));
    element.style.transform = `translate(${(x - w / 2).toFixed(1)}px, ${(y - h / 2).toFixed(1)}px)`;
  }

  /// Whether the host let this capsule pass the station: packets that it kept of those that came.
  function passes(station: number): boolean {
    const before = station === 0 ? offered : (rates[station - 1] ?? 0);
    const after = rates[station] ?? before;
    owed[station] = (owed[station] ?? 0) + (before > 0 ? Math.min(1, after / before) : 1);
    if (owed[station] < 1 - 1e-6) return false;
    owed[station] -= 1;
    return true;
  }

  function move(capsule: Capsule, by: number, now: number): boolean {
    if (capsule.lost) {
      const share = Math.min(1, (now - capsule.lost.since) / SIDING_MS);
      place(capsule, capsule.lost.x + 18 * share, capsule.lost.y + 9 * share, true);
      capsule.element.classList.add('lost');
      return now - capsule.lost.since < SIDING_MS + STAY_MS;
    }
    capsule.s += by;
    const station = way.stations[capsule.passed];
    if (station && capsule.s >= station.s) {
      if (!passes(capsule.passed)) {
        const [x, y] = at(station.step);
        capsule.lost = { since: now, x, y };
        return true;
      }
      capsule.passed++;
    }
    const { x, y, level } = pointAt(way, capsule.s);
    place(capsule, x, y, level);
    return capsule.s < way.length;
  }

  function tick(now: number): void {
    if (!moving || document.hidden) return;
    const by = last ? Math.min(0.1, (now - last) / 1000) * SPEED : 0;
    last = now;
    due -= by;
    if (offered > 0 && due <= 0 && capsules.length < MOST) {
      capsules.push(make());
      due += (SPEED * each) / offered;
    }
    capsules = capsules.filter((capsule) => {
      const stays = move(capsule, by, now);
      if (!stays) capsule.element.remove();
      return stays;
    });
    requestAnimationFrame(tick);
  }

  /// The still picture's capsules set out from where they stand.
  let capsules = [...(group?.querySelectorAll('rect') ?? [])].map((element): Capsule => {
    const s = Number(element.dataset['s']);
    return {
      element,
      s,
      passed: way.stations.filter((station) => station.s <= s).length,
      lost: null,
    };
  });

  function run(): void {
    last = 0;
    requestAnimationFrame(tick);
  }
  document.addEventListener('visibilitychange', () => {
    if (moving && !document.hidden) run();
  });

  return {
    set(view, to) {
      const rps = (view.rates['IN-15'] ?? 0) > 0;
      if (rps !== way.stations.some(({ step }) => step === 'IN-15')) {
        way = route(rps);
        owed = [];
        for (const capsule of capsules)
          capsule.passed = way.stations.filter(({ s }) => s <= capsule.s).length;
      }
      rates = ratesAlong(way, view);
      offered = view.rates['IN-01'] ?? 0;
      // Change the scale only when the capsules would crowd or thin out.
      const wanted = standsFor(offered);
      if (wanted > each || wanted * 5 < each) each = wanted;
      if (to === moving) return;
      moving = to;
      if (!moving) return;
      run();
    },
    standsFor: () => each,
  };
}
