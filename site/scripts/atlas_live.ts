/// The live host beating in the atlas: numbers, queues, lanes, and packets that move. The drawing of
/// the build is taken over element by element; nothing is drawn anew.
import { pagePlayer } from '../../src/ui/page_player.ts';
import { count, time } from '../../src/ui/numbers.ts';
import type { Frame } from '../../src/player/protocol.ts';
import type { Scene } from '../../simulations/live-host/scenario.ts';
import { startWorker } from '../../simulations/start_worker.ts';
import { viewOf } from '../atlas/from_frame.ts';
import { lanePaths } from '../atlas/lanes.ts';
import { longestBacklog, phoneTexts } from '../atlas/phone.ts';
import { filled, ringSlots } from '../atlas/queues.ts';
import { type AtlasView, texts } from '../atlas/view.ts';
import { createPackets } from './atlas_packets.ts';

const SLUG = 'live-host';

/// Sets the class `full` on the slots that are, and touches only those that change.
function fill(slots: readonly Element[], full: (slot: number) => boolean): void {
  slots.forEach((slot, i) => {
    if (slot.classList.contains('full') !== full(i)) slot.classList.toggle('full');
  });
}

function drawing(root: HTMLElement) {
  const all = (selector: string) => [...document.querySelectorAll<SVGElement>(selector)];
  const numbers = all('[data-n]');
  const queues = new Map(
    all('[data-slots]').map((group) => [
      group.dataset['slots'] ?? '',
      [...group.querySelectorAll('rect')],
    ]),
  );
  const levels = all('[data-level="budget"]');
  const lanes = all('[data-lane]');
  const bedrock = root.querySelector<SVGElement>('[data-lanes]');
  const box = bedrock
    ? (JSON.parse(bedrock.dataset['lanes'] ?? '{}') as Parameters<typeof lanePaths>[1])
    : null;
  const drops = all('[data-drop]');

  return (view: AtlasView): void => {
    const now = { ...texts(view), ...phoneTexts(view) };
    now['t'] = time(view.at_ns, 's');
    for (const element of numbers) {
      const value = now[element.dataset['n'] ?? ''];
      if (value !== undefined && element.textContent !== value) element.textContent = value;
    }
    view.rings.forEach((ring, i) => {
      const slots = queues.get(`ring:${i}`);
      if (slots) fill(slots, ringSlots(ring, slots.length));
    });
    const narrow = queues.get('phone:backlog');
    if (narrow) fill(narrow, (slot) => slot < filled(longestBacklog(view), narrow.length));
    view.sockets.forEach((socket, i) => {
      const slots = queues.get(`socket:${i}`);
      if (slots) fill(slots, (slot) => slot < filled(socket, slots.length));
    });
    view.backlog.used.forEach((used, i) => {
      const slots = queues.get(`backlog:${i}`);
      if (slots)
        fill(slots, (slot) => slot < filled({ used, limit: view.backlog.limit }, slots.length));
    });
    const share = view.budget ? Math.min(1, view.budget.used / view.budget.limit) : 0;
    for (const level of levels) level.style.transform = `scaleX(${share})`;
    if (view.lanes && box) {
      const paths = lanePaths(view.lanes, box);
      for (const lane of lanes)
        lane.setAttribute('d', paths[lane.dataset['lane'] as keyof typeof paths] ?? '');
    }
    for (const group of drops)
      group.classList.toggle('absent', !(`drop:${group.dataset['drop']}` in now));
  };
}

/// The button that stops and starts the host.
function beatButton(toggle: () => void): (playing: boolean) => void {
  const button = document.querySelector<HTMLButtonElement>('#beat');
  if (!button) return () => undefined;
  button.hidden = false;
  button.addEventListener('click', toggle);
  return (playing) => (button.textContent = playing ? 'Pause the host' : 'Run the host');
}

/// Joins the page's host and lets it run. Called once, when the atlas is in view.
export function start(root: HTMLElement): void {
  const player = pagePlayer();
  const calm = matchMedia('(prefers-reduced-motion: reduce)');
  const draw = drawing(root);
  const packets = createPackets(root);
  const speed = Number(root.dataset['speed'] ?? '1');
  const drawn_ns = Number(root.dataset['at'] ?? '0'); // the moment of the still drawing
  let playing = false;
  let met = false; // the run was met, and sent on
  let last = 0; // when the drawing was last brought up to date, ms
  const show = beatButton(() => player.send(playing ? { type: 'pause' } : { type: 'play', speed }));

  player.join(SLUG, startWorker, (message) => {
    if (message.type !== 'frame') return;
    const { frame } = message;
    if (!met) {
      // A fresh run goes on from the moment that the page already shows.
      met = true;
      if (frame.at_ns < drawn_ns) player.send({ type: 'seek', at_ns: drawn_ns });
      player.send({ type: 'play', speed });
    }
    if (frame.playing !== playing) show((playing = frame.playing));
    if (frame.at_ns < drawn_ns) return;
    const view = viewOf(frame as Frame<Scene>);
    packets.set(view, playing && !calm.matches);
    const scale = document.querySelector('[data-n="capsule"]');
    if (scale) scale.textContent = `One capsule stands for ${count(packets.standsFor())} packets.`;
    // Numbers that flicker are motion too.
    const wait = calm.matches ? 1_000 : 100;
    if (playing && performance.now() - last < wait) return;
    last = performance.now();
    draw(view);
  });
}
