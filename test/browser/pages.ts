import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const dist = fileURLToPath(new URL('../../dist', import.meta.url));

/// Every page of the built site, as a path relative to its root, the 404 page aside: it is served at
/// any depth and has its own test.
export const pages: readonly string[] = readdirSync(dist, { recursive: true, encoding: 'utf8' })
  .map((name) => name.replaceAll('\\', '/'))
  .filter((name) => name.endsWith('.html') && name !== '404.html')
  .sort();

/// Files of the build by name, for size checks.
export function built(name: string): string {
  return join(dist, name);
}
