/// Full-text search in the page: MiniSearch over the sections that the build collected. The sections
/// come as a classic script, so they load over http and from file:// alike.
import MiniSearch from 'minisearch';

type Row = readonly [address: string, page: string, heading: string, body: string];
interface Section {
  readonly id: number;
  readonly address: string;
  readonly page: string;
  readonly heading: string;
  readonly body: string;
}

const MOST = 12; // results shown

// Words as an engineer writes them: rx_missed_errors, net.core.rmem_max and rx-usecs stay whole and
// are found by their parts too.
function words(text: string): string[] {
  return text.split(/[^\p{L}\p{N}_.\-/]+/u).flatMap((word) => {
    const whole = word.replace(/^[.\-/]+|[.\-/]+$/g, '');
    const parts = whole.split(/[_.\-/]+/).filter(Boolean);
    return parts.length > 1 ? [whole, ...parts] : parts;
  });
}

const home = () =>
  new URL('.', document.querySelector<HTMLLinkElement>('link[rel="home"]')?.href ?? location.href);

function loadSections(): Promise<readonly Row[]> {
  const loaded = () => (self as { __softnetSearch?: readonly Row[] }).__softnetSearch;
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = new URL('search-index.js', home()).href;
    script.onload = () => resolve(loaded() ?? []);
    script.onerror = () => reject(new Error('search-index.js did not load'));
    document.head.append(script);
  });
}

interface Index {
  readonly sections: readonly Section[];
  readonly engine: MiniSearch<Section>;
}
let index: Promise<Index> | undefined;

async function build(): Promise<Index> {
  const rows = await loadSections();
  const sections = rows.map(([address, page, heading, body], id) => ({
    id,
    address,
    page,
    heading,
    body,
  }));
  const engine = new MiniSearch<Section>({
    fields: ['heading', 'page', 'body'],
    tokenize: words,
    searchOptions: {
      boost: { heading: 4, page: 2 },
      prefix: true,
      fuzzy: 0.15,
      combineWith: 'AND',
    },
  });
  engine.addAll(sections);
  return { sections, engine };
}

/// The part of a text around the first matched word, with the words marked.
function excerpt(body: string, terms: readonly string[]): DocumentFragment {
  const lower = body.toLowerCase();
  const first = Math.min(
    ...terms.map((term) => lower.indexOf(term)).filter((at) => at >= 0),
    body.length,
  );
  const start =
    first === body.length ? 0 : Math.max(0, body.lastIndexOf(' ', Math.max(0, first - 50)) + 1);
  const end = body.length > start + 150 ? body.lastIndexOf(' ', start + 150) : body.length;
  const piece = `${start > 0 ? '… ' : ''}${body.slice(start, end)}${end < body.length ? ' …' : ''}`;
  const fragment = document.createDocumentFragment();
  const escaped = [...terms]
    .sort((a, b) => b.length - a.length)
    .map((t) => t.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'));
  for (const part of piece.split(new RegExp(`(${escaped.join('|') || '$^'})`, 'iu'))) {
    if (!terms.includes(part.toLowerCase())) {
      fragment.append(part);
      continue;
    }
    const mark = document.createElement('mark');
    mark.textContent = part;
    fragment.append(mark);
  }
  return fragment;
}

function option(section: Section, terms: readonly string[], id: string): HTMLLIElement {
  const item = document.createElement('li');
  item.id = id;
  item.setAttribute('role', 'option');
  item.setAttribute('aria-selected', 'false');
  const link = document.createElement('a');
  link.href = new URL(section.address, home()).href;
  link.tabIndex = -1;
  const name = document.createElement('b');
  name.textContent = section.heading || section.page;
  const where = document.createElement('small');
  where.textContent = section.heading && section.heading !== section.page ? section.page : '';
  const text = document.createElement('p');
  text.append(excerpt(section.body, terms));
  link.append(name, where, text);
  item.append(link);
  return item;
}

/// Makes one search box work. Called at its first focus.
export function attach(box: HTMLElement): void {
  const input = box.querySelector('input');
  const panel = box.querySelector<HTMLElement>('.found');
  const list = box.querySelector('ul');
  const state = box.querySelector('.state');
  if (!input || !panel || !list || !state) return;
  let chosen = -1;

  const open = (is: boolean) => {
    panel.hidden = !is;
    input.setAttribute('aria-expanded', String(is));
  };
  const choose = (next: number) => {
    const items = [...list.children];
    items[chosen]?.setAttribute('aria-selected', 'false');
    chosen = items.length ? (next + items.length) % items.length : -1;
    const item = items[chosen];
    item?.setAttribute('aria-selected', 'true');
    item?.scrollIntoView({ block: 'nearest' });
    if (item) input.setAttribute('aria-activedescendant', item.id);
    else input.removeAttribute('aria-activedescendant');
  };

  const show = async () => {
    const query = input.value.trim();
    chosen = -1;
    if (!query) return open(false);
    open(true);
    if (!index) state.textContent = 'Loading the index';
    index ??= build();
    try {
      const { engine, sections } = await index;
      if (input.value.trim() !== query) return;
      const hits = engine.search(query);
      state.textContent = hits.length
        ? hits.length > MOST
          ? `${MOST} of ${hits.length} places`
          : ''
        : `Nothing found for “${query}”. Try one word: a counter, a function, a step.`;
      list.replaceChildren(
        ...hits.slice(0, MOST).flatMap((hit, i) => {
          const section = sections[Number(hit.id)];
          return section ? [option(section, hit.terms, `${list.id}-${i}`)] : [];
        }),
      );
      choose(0);
    } catch {
      index = undefined;
      list.replaceChildren();
      state.textContent = import.meta.env.PROD
        ? 'The search index could not be loaded.'
        : 'The search index is made by the build: there is none in development.';
    }
  };

  input.addEventListener('input', () => void show());
  input.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown') choose(chosen + 1);
    else if (event.key === 'ArrowUp') choose(chosen - 1);
    else if (event.key === 'Enter') list.children[chosen]?.querySelector('a')?.click();
    else if (event.key === 'Escape' && !panel.hidden) open(false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  box.addEventListener('focusin', () => {
    if (input.value.trim()) void show();
  });
  box.addEventListener('focusout', (event) => {
    if (!(event.relatedTarget instanceof Node && box.contains(event.relatedTarget))) open(false);
  });
  // A click on a result must not take the focus first, or the list closes under the pointer.
  panel.addEventListener('pointerdown', (event) => event.preventDefault());
  // A result on the page that is already open only moves the view.
  list.addEventListener('click', () => open(false));
  if (input.value.trim()) void show();
}
