/// What a reader downloads: gzipped script of every built page, by when it is needed.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { scenarios } from '../../simulations/index.ts';

const dist = fileURLToPath(new URL('../../dist', import.meta.url));

const slugs = scenarios.map((scenario) => scenario.slug); // a run's start is a chunk of that name

export interface PageSize {
  readonly page: string;
  readonly first: number; // bytes, gzipped: what the page runs to be read; text and first frame are in the HTML
  readonly islands: number; // what comes at an idle moment: the frame, the closed terminal, Svelte
  readonly later: number; // the host: its worker, what starts it, and the largest start of a run
}

/// Sizes of all pages; empty when there is no build.
export function pageSizes(): PageSize[] {
  if (!existsSync(dist)) return [];
  return readdirSync(dist, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.html'))
    .sort()
    .map(sizesOf);
}

function sizesOf(page: string): PageSize {
  const html = readFileSync(join(dist, page), 'utf8');
  const inline = [...html.matchAll(/<script[^>]*>([^<]+)<\/script>/g)]
    .map((m) => m[1] ?? '')
    .join('');
  const first = closure(namesIn(html, /\ssrc="([^"]+\.js)"|data-modules="([^"]*)"/g));
  const islands = closure(namesIn(html, /(?:component-url|renderer-url)="([^"]+\.js)"/g));
  for (const name of first) islands.delete(name);
  const host = closure(
    new Set(scripts().filter((name) => /^(host\.worker|worker_link|start_worker)\b/.test(name))),
  );
  const starts = scripts().filter((name) => slugs.includes(name.split('.')[0] ?? ''));
  for (const name of [...first, ...islands]) host.delete(name);
  const later = weight(host) + Math.max(0, ...starts.map(gzipped));
  const own = inline ? gzipSync(inline).length : 0;
  return { page, first: weight(first) + own, islands: weight(islands), later };
}

function namesIn(html: string, pattern: RegExp): Set<string> {
  const found = [...html.matchAll(pattern)].flatMap((m) => (m[1] ?? m[2] ?? '').split(' '));
  return new Set(found.filter(Boolean).map((path) => basename(path)));
}

function scripts(): string[] {
  return readdirSync(join(dist, '_astro')).filter((name) => name.endsWith('.js'));
}

function weight(names: Iterable<string>): number {
  return [...names].reduce((sum, name) => sum + gzipped(name), 0);
}

/// The files and what they import at once.
function closure(start: ReadonlySet<string>): Set<string> {
  const all = new Set<string>();
  const open = [...start];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (all.has(name) || !existsSync(join(dist, '_astro', name))) continue;
    all.add(name);
    open.push(...staticImports(name));
  }
  return all;
}

function text(name: string): string {
  return readFileSync(join(dist, '_astro', name), 'utf8');
}

function staticImports(name: string): string[] {
  return [...text(name).matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g)].map((m) => m[1]!);
}

function gzipped(name: string): number {
  return gzipSync(readFileSync(join(dist, '_astro', name)), { level: 9 }).length;
}
