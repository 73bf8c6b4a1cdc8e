// Vite plugin: `virtual:start/SLUG` is a module whose default export is the start of that scenario as
// text (src/player/start.ts). It is computed by the player itself, in a process of its own, so that
// `astro dev` never shows one that an older program has made. With Node 24, which runs TypeScript.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const PREFIX = 'virtual:start/';
const root = fileURLToPath(new URL('..', import.meta.url));
const node = `${root}node_modules/.bin/node`;
const ROOMS = /\/(?:src\/(?:engine|kernel|hardware|shell|player)|simulations)\/.*\.ts$/;

/** @returns {import('vite').Plugin} */
export default function starts() {
  return {
    name: 'starts',
    resolveId: (id) => (id.startsWith(PREFIX) ? `\0${id}` : null),
    async load(id) {
      if (!id.startsWith(`\0${PREFIX}`)) return null;
      const slug = id.slice(PREFIX.length + 1);
      const { stdout } = await promisify(execFile)(node, [`${root}tools/start.ts`, slug], {
        maxBuffer: 16 * 1024 * 1024,
      });
      return `export default ${JSON.stringify(stdout)};`;
    },
    hotUpdate({ file }) {
      if (!ROOMS.test(file)) return;
      const { moduleGraph } = this.environment;
      for (const [id, module] of moduleGraph.idToModuleMap)
        if (id.startsWith(`\0${PREFIX}`)) moduleGraph.invalidateModule(module);
    },
  };
}
