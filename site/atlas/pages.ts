/// Which steps have a page, and where.
import { getCollection, type CollectionEntry } from 'astro:content';
import { STEPS } from '../../src/kernel/steps.ts';

const TRACKS = ['ingress', 'egress', 'forward', 'loopback'];

/// The step pages in the order in which one reads them.
export async function stepPages(): Promise<CollectionEntry<'pages'>[]> {
  const pages = await getCollection('pages');
  const place = (page: CollectionEntry<'pages'>) =>
    TRACKS.indexOf(page.id.split('/')[0] ?? '') * 1000 + page.data.order;
  return pages.sort((a, b) => place(a) - place(b));
}

/// Address of the page of each step that has one. A page that explains several steps stands for all.
export async function addresses(): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const pages = await stepPages();
  for (const { id } of STEPS) {
    const page =
      pages.find(({ data }) => data.step === id) ??
      pages.find(({ data }) => data.steps.includes(id));
    if (page) found.set(id, `/${page.id}`);
  }
  return found;
}
