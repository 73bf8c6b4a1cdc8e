/// What makes the still atlas answer: station cards at once, the live host when the drawing is in view
/// and the browser is idle. Both parts are fetched only then.

const atlas = document.querySelector<HTMLElement>('softnet-atlas');

function cards(root: HTMLElement): void {
  let card: Promise<typeof import('./station_card.ts')> | undefined;
  const stepOf = (event: Event) =>
    event.target instanceof Element ? event.target.closest<SVGGElement>('[data-step]') : null;
  const show = async (event: Event) => {
    const row = stepOf(event);
    card ??= import('./station_card.ts');
    (await card).show(root, row);
  };
  for (const kind of ['pointerover', 'focusin', 'focusout'] as const)
    root.addEventListener(
      kind,
      (event) => void show(kind === 'focusout' ? new Event('none') : event),
    );
  root.addEventListener('pointerleave', () => void show(new Event('none')));
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') void show(new Event('none'));
  });
}

/// Calls `act` once the element is in view and the browser has nothing better to do.
function whenSeen(element: HTMLElement, act: () => void): void {
  const seen = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    seen.disconnect();
    if ('requestIdleCallback' in window) requestIdleCallback(act, { timeout: 3_000 });
    else setTimeout(act, 500);
  });
  seen.observe(element);
}

if (atlas) {
  cards(atlas);
  whenSeen(atlas, () => void import('./atlas_live.ts').then((live) => live.start(atlas)));
}
