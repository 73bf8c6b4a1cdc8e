/// What the storeys of the narrow drawing say of the host: one line each, by the name of the element
/// that holds it.
import { count } from '../../src/ui/numbers.ts';
import { type AtlasView, type Fill, perSecond, rate, texts } from './view.ts';

/// The fuller of the queues, and which one it is.
function fullest(queues: readonly Fill[]): { readonly fill: Fill; readonly index: number } | null {
  const [first] = queues;
  if (!first) return null;
  return queues.reduce(
    (best, fill, index) => (fill.used > best.fill.used ? { fill, index } : best),
    { fill: first, index: 0 },
  );
}

const backlogs = ({ backlog }: AtlasView): Fill[] =>
  backlog.used.map((used) => ({ used, limit: backlog.limit }));

/// The longest backlog, as the phone draws it.
export function longestBacklog(view: AtlasView): Fill {
  return fullest(backlogs(view))?.fill ?? { used: 0, limit: view.backlog.limit };
}

export function phoneTexts(view: AtlasView): Record<string, string> {
  const now = texts(view);
  const words = (name: string, queue: ReturnType<typeof fullest>) =>
    queue ? `${name} ${queue.index}: ${count(queue.fill.used)} of ${count(queue.fill.limit)}` : '';
  const memory = view.sockets.reduce((sum, socket) => sum + socket.limit, 0) / 1024;
  const lost = view.drops.reduce((sum, drop) => sum + drop.rate, 0);
  const arrives = rate(view.rates['IN-01'] ?? 0).join(' ');
  return {
    'phone:socket': `receive memory ${now['sockets']} of ${count(memory)} KiB`,
    'phone:core': words('backlog of CPU', fullest(backlogs(view))),
    'phone:napi': `budget: a run uses ${now['budget']} ${now['budget:of']}`,
    'phone:driver': `${now['irqs']} ${now['irqs:unit']}`,
    'phone:nic': words('ring', fullest(view.rings)),
    'phone:wire': `${arrives} in${lost > 0 ? `, ${perSecond(lost)} lost` : ''}`,
  };
}
