/// The names of Linux 6.12 (functions, structs, drop reasons, counters) with the file that defines
/// them, for the checks that the build makes. Read from the recorded table; never sent to a browser.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const TABLE = join(process.cwd(), 'test/reference/kernel-symbols.tsv');

export type SymbolKind = 'f' | 's' | 'e' | 't' | 'd' | 'm';
export interface KernelSymbol {
  readonly file: string;
  readonly line: number;
}

let table: ReadonlyMap<string, KernelSymbol> | undefined;

function read(): ReadonlyMap<string, KernelSymbol> {
  const found = new Map<string, KernelSymbol>();
  for (const row of readFileSync(TABLE, 'utf8').split('\n')) {
    const [kind, name, file, line] = row.split('\t');
    if (!kind || kind.startsWith('#') || !name) continue;
    const key = `${kind}:${name}`;
    // A name with several definitions: the first one in the table.
    if (!found.has(key)) found.set(key, { file: file ?? '', line: Number(line) });
  }
  return found;
}

/// Where the kernel defines a name, or undefined when it does not.
export function kernelSymbol(kind: SymbolKind, name: string): KernelSymbol | undefined {
  table ??= read();
  return table.get(`${kind}:${name}`);
}

/// Where the kernel defines a function; throws for a name that it does not have.
export function kernelFunction(name: string): KernelSymbol {
  const symbol = kernelSymbol('f', name);
  if (!symbol) throw new Error(`no kernel function ${name}() in Linux 6.12`);
  return symbol;
}
