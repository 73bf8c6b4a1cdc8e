/// The card beside a station: number and name, context, function, one line, and the value now.
import { type StepId, stepOf } from '../../src/kernel/steps.ts';
import { contextName } from '../../src/ui/contexts.ts';
import { ONE_LINES } from '../atlas/one_lines.ts';

const svg = 'http://www.w3.org/2000/svg';

function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  made.append(...children);
  return made;
}

function mark(context: string): SVGSVGElement {
  const sign = document.createElementNS(svg, 'svg');
  sign.setAttribute('class', `mark c-${context}`);
  sign.setAttribute('viewBox', '0 0 12 12');
  const use = document.createElementNS(svg, 'use');
  use.setAttribute('href', `#m-${context}`);
  sign.append(use);
  return sign;
}

/// The number that the drawing shows at a station now, if it shows one.
function valueNow(root: HTMLElement, id: string): string {
  const number = root.querySelector(`[data-n="rate:${id}"]`)?.textContent?.trim();
  const unit = root.querySelector(`[data-n="unit:${id}"]`)?.textContent?.trim();
  return number ? `${number} ${unit ?? ''}` : '';
}

function fill(card: HTMLElement, root: HTMLElement, row: SVGGElement): void {
  const step = stepOf(row.dataset['step'] as StepId);
  const facts = element(
    'dl',
    element('dt', 'function'),
    element('dd', element('code', `${step.fn}()`)),
  );
  const now = valueNow(root, step.id);
  if (now) facts.append(element('dt', 'now'), element('dd', element('b', now)));
  card.replaceChildren(
    element('h3', `${step.id} ${step.name}`),
    element('p', mark(step.context), ` ${contextName[step.context]}`),
    element('p', ONE_LINES[step.id as StepId]),
    facts,
  );
}

/// Beside the station, on the side where there is room.
function place(card: HTMLElement, root: HTMLElement, row: SVGGElement): void {
  const dot = row.querySelector('circle') ?? row;
  const [frame, at] = [root.getBoundingClientRect(), dot.getBoundingClientRect()];
  const x = at.left + at.width / 2 - frame.left;
  const y = at.top + at.height / 2 - frame.top;
  const left = x < frame.width / 2 ? x + 26 : x - card.offsetWidth - 26;
  const top = Math.min(
    Math.max(4, y - card.offsetHeight / 3),
    frame.height - card.offsetHeight - 4,
  );
  card.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
}

/// Shows the card of a row of the map, or hides it.
export function show(root: HTMLElement, row: SVGGElement | null): void {
  const card = root.querySelector<HTMLElement>('#station');
  if (!card) return;
  card.hidden = row === null;
  if (!row) return;
  fill(card, root, row);
  place(card, root, row);
}
