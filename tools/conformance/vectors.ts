/// Runs the cases of a vector file through the function that the host itself runs. The adapter of
/// a mechanism is src/kernel/vectors/<mechanism>.ts, exporting `run(case)`: null when our outcome
/// equals the recorded one, else a sentence that says what differs.
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface VectorScore {
  readonly name: string;
  readonly passed: number;
  readonly cases: number;
  readonly modelled: boolean;
}

interface Adapter {
  run(one: unknown): string | null;
}

/// Score of one file; `verbose` prints each failing case.
export async function runVectors(file: string, verbose: boolean): Promise<VectorScore> {
  const name = basename(file, '.json');
  const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: { id: string }[] };
  const adapter = await adapterOf(name);
  let passed = 0;
  for (const one of adapter ? cases : []) {
    const differs = outcome(adapter!, one);
    if (differs === null) passed++;
    else if (verbose) console.log(`${one.id}: ${differs}`);
  }
  return { name, passed, cases: cases.length, modelled: adapter !== null };
}

function outcome(adapter: Adapter, one: unknown): string | null {
  try {
    return adapter.run(one);
  } catch (error) {
    return `throws ${(error as Error).message}`;
  }
}

async function adapterOf(name: string): Promise<Adapter | null> {
  const path = fileURLToPath(new URL(`../../src/kernel/vectors/${name}.ts`, import.meta.url));
  return existsSync(path) ? ((await import(path)) as Adapter) : null;
}
