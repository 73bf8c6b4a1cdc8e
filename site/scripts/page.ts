/// What every page does: the theme switch, the menu on small screens, the `/` key, search on demand,
/// and the service worker. Kept small: it is the only script a reader needs.

const root = document.documentElement;
const dark = matchMedia('(prefers-color-scheme: dark)');

function isDark(): boolean {
  return root.dataset['theme'] ? root.dataset['theme'] === 'dark' : dark.matches;
}

function themeSwitch(button: HTMLElement): void {
  const show = () => button.setAttribute('aria-pressed', String(isDark()));
  show();
  dark.addEventListener('change', show);
  button.addEventListener('click', () => {
    const choice = isDark() ? 'light' : 'dark';
    root.dataset['theme'] = choice;
    try {
      localStorage.setItem('softnet-theme', choice);
    } catch {
      // Storage refused: the choice lasts for this page.
    }
    show();
  });
}

function menu(button: HTMLElement): void {
  const header = button.closest<HTMLElement>('.top');
  const nav = header?.querySelector('nav');
  if (!header || !nav) return;
  button.addEventListener('click', () => {
    const open = header.classList.toggle('open');
    button.setAttribute('aria-expanded', String(open));
    header.style.setProperty('--nav-height', `${nav.offsetHeight}px`);
  });
  header.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && header.classList.contains('open')) button.click();
  });
}

function search(box: HTMLElement): void {
  const load = async () => (await import('./search.ts')).attach(box);
  box.addEventListener('focusin', () => void load(), { once: true });
}

function slashKey(input: HTMLInputElement | null): void {
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || !input) return;
    const target = event.target;
    if (target instanceof Element && target.closest('input, textarea, select, [contenteditable]'))
      return;
    if (!input.offsetParent) document.getElementById('menu')?.click();
    event.preventDefault();
    input.focus();
  });
}

for (const button of document.querySelectorAll<HTMLElement>('#theme')) themeSwitch(button);
for (const button of document.querySelectorAll<HTMLElement>('#menu')) menu(button);
for (const box of document.querySelectorAll<HTMLElement>('[data-search]')) search(box);
slashKey(document.querySelector('[data-search="keyed"] input'));

/// Keeps the site for use without a network, once the page has all it needs. Refused (private
/// windows, plain http) it changes nothing: the site only does not work offline.
function keepOffline(home: HTMLLinkElement): void {
  navigator.serviceWorker.register(new URL('sw.js', home.href)).catch(() => undefined);
}

const home = document.querySelector<HTMLLinkElement>('link[rel="home"]');
if (
  import.meta.env.PROD &&
  home &&
  location.protocol.startsWith('http') &&
  'serviceWorker' in navigator
) {
  // This script may come after the load event.
  if (document.readyState === 'complete') keepOffline(home);
  else addEventListener('load', () => keepOffline(home));
}
