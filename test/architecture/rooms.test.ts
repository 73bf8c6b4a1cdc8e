import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/// The rooms of the house from left to right; a file imports from its own room and those before it.
/// kernel and hardware sit side by side: the kernel composes the drivers, the drivers use its types.
const ROOMS = [
  'src/engine',
  'src/kernel',
  'src/shell',
  'src/player',
  'src/ui',
  'simulations',
  'content',
  'site',
];

function roomOf(path: string): number {
  const room = ROOMS.findIndex((name) => path.startsWith(`${name}/`));
  return path.startsWith('src/hardware/') ? ROOMS.indexOf('src/kernel') : room;
}

const files = ['src', 'simulations', 'content', 'site'].flatMap((top) =>
  readdirSync(join(root, top), { recursive: true, encoding: 'utf8' })
    .map((name) => join(top, name))
    .filter((name) => /\.(ts|mjs|svelte|astro|mdx)$/.test(name)),
);

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  const found = text.matchAll(
    /^\s*(?:import|export)[^'"\n]*?(?:\{[^}]*\}[^'"]*?)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm,
  );
  return [...found].map((m) => (m[1] ?? m[2])!);
}

/// Where a relative import points, as a path from the root; null for a package.
function target(file: string, spec: string): string | null {
  if (!spec.startsWith('.')) return null;
  return relative(root, resolve(root, dirname(file), spec.replace(/\?.*$/, '')));
}

describe('the rooms of the house', () => {
  it('has files in every room of the core', () => {
    for (const room of ROOMS.slice(0, 6))
      expect(
        files.some((file) => file.startsWith(`${room}/`)),
        room,
      ).toBe(true);
  });

  it('imports go left only', () => {
    const wrong = files.flatMap((file) =>
      importsOf(file).flatMap((spec) => {
        const to = target(file, spec);
        return to !== null && roomOf(to) > roomOf(file) ? [`${file} imports ${to}`] : [];
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('kernel and hardware have no import cycle, types aside', () => {
    const graph = new Map<string, string[]>();
    for (const file of files.filter((name) => /^src\/(engine|kernel|hardware)\//.test(name))) {
      const text = readFileSync(join(root, file), 'utf8');
      const values = [...text.matchAll(/^(?:import|export) (?!type\b)[^;]*?from '([^']+)'/gm)];
      graph.set(
        file,
        values.map((m) => target(file, m[1]!)).filter((to) => to !== null),
      );
    }
    expect(cycle(graph)).toEqual([]);
  });
});

/// One cycle of the graph as a list of its nodes; empty when there is none.
function cycle(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): string[] => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node];
    if (done.has(node)) return [];
    path.push(node);
    for (const next of graph.get(node) ?? []) {
      const found = visit(next);
      if (found.length > 0) return found;
    }
    path.pop();
    done.add(node);
    return [];
  };
  for (const node of graph.keys()) {
    const found = visit(node);
    if (found.length > 0) return found;
  }
  return [];
}

describe('names and sizes', () => {
  const symbols = new Set(
    readFileSync(join(root, 'test/reference/kernel-symbols.tsv'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('f\t'))
      .map((line) => line.split('\t')[1]!),
  );

  it('every snake_case function of the kernel and the drivers is a kernel function', () => {
    const strangers = files
      .filter((file) => /^src\/(kernel|hardware)\//.test(file))
      .flatMap((file) => {
        const text = readFileSync(join(root, file), 'utf8');
        return [...text.matchAll(/^(?:export )?function\*? (_*[a-z0-9]+_[a-z0-9_]*)\(/gm)]
          .map((m) => m[1]!)
          .filter((name) => !symbols.has(name))
          .map((name) => `${file}: ${name}`);
      });
    expect(strangers).toEqual([]);
  });

  it('no file is over 400 lines without saying why', () => {
    const long = files.filter((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      return (
        /\.(ts|svelte|astro)$/.test(file) &&
        !file.includes('/data/') &&
        text.split('\n').length > 401 &&
        !/long because/i.test(text)
      );
    });
    expect(long).toEqual([]);
  });

  it('every step names a function of the kernel', async () => {
    const { STEPS } = await import('../../src/kernel/steps.ts');
    expect(STEPS).toHaveLength(78);
    expect(
      STEPS.filter((step) => !symbols.has(step.fn)).map((step) => `${step.id} ${step.fn}`),
    ).toEqual([]);
  });

  it('nothing left unfinished or switched off', () => {
    const marks = files.filter((file) =>
      /\b(TODO|FIXME|XXX)\b|coming soon|lorem ipsum/i.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(marks).toEqual([]);
  });
});
