// Astro integration: one dist/ that works under any base path over http AND from file://.
//  1. Every root-absolute URL in the HTML becomes relative and names a real file; a link to nothing
//     fails the build, and so does a link to an anchor that its page does not have.
//  2. The ES modules that Astro built are bundled once more into ONE classic script,
//     _astro/portable.js. _astro/portable-boot.js, the first script of every page, loads it only
//     when the page was opened from file://, where browsers refuse module scripts.
// Leans on one internal of Astro, the method astro-island.importWithRetry: the build throws if it
// is gone. 404.html is left alone: it is served at any depth, so it links to nothing.
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const BOOT = `(function(){
var me=document.currentScript,file=location.protocol==="file:",ready;
var mods=(me.dataset.modules||"").split(" ").filter(Boolean).map(function(m){return new URL(m,me.src).href});
self.__portableUrl=me.src;
function bundled(url){return(ready||(ready=new Promise(function(ok,no){
var s=document.createElement("script");s.src=new URL("portable.js",me.src);
s.onload=function(){ok(self.__portable)};s.onerror=no;document.head.append(s)})))
.then(function(all){return all[url.split("/").pop()]()})}
if(file)customElements.whenDefined("astro-island").then(function(C){C.prototype.importWithRetry=bundled});
addEventListener("DOMContentLoaded",function(){mods.forEach(file?bundled:function(u){import(u)})});
})();`;

const TAG = /<[a-z][^\s>]*(?:\s+[^\s=>]+(?:=(?:"[^"]*"|'[^']*'|[^\s>]*))?)+\s*\/?>/gi;
const ATTR = /(\s(?:href|src|poster|component-url|renderer-url|before-hydration-url)=")([^"]*)"/g;
const MODULE = /<script type="module" src="([^"]*)"><\/script>/g;

/** @param {string} dir */
const filesIn = (dir) =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

/**
 * Bundles the entries into one classic script that maps file names to import functions.
 * @param {Set<string>} entries
 * @param {string} target
 */
async function bundle(entries, target) {
  const table = [...entries].map(
    (file) => `${JSON.stringify(basename(file))}:()=>import(${JSON.stringify(file)})`,
  );
  const build = await rolldown({
    input: '\0portable',
    transform: {
      define: { 'import.meta.url': 'self.__portableUrl', 'import.meta.resolve': 'undefined' },
    },
    plugins: [
      {
        name: 'portable',
        resolveId: (id) => (id === '\0portable' ? id : null),
        load: (id) => (id === '\0portable' ? `self.__portable={${table.join(',')}}` : null),
        // No module preloads: there is nothing to fetch on file://.
        transform: (code) => code.replace(/__vite__mapDeps\(\[[\d,]*\]\)/g, '[]'),
      },
    ],
  });
  await build.write({ file: target, format: 'iife', codeSplitting: false, minify: true });
}

/** @returns {import('astro').AstroIntegration} */
export default function portable({ keepAbsolute = ['404.html'] } = {}) {
  return {
    name: 'portable',
    hooks: {
      'astro:build:done': async ({ dir, logger }) => {
        const out = fileURLToPath(dir);
        const assets = join(out, '_astro');
        /** @type {Set<string>} */
        const entries = new Set();
        /** @type {string[]} */
        const broken = [];
        /** @type {{ from: string, file: string, id: string }[]} */
        const anchors = [];

        /** @param {string} url */
        const find = (url) => {
          const [, path = '', tail = ''] = /^([^?#]*)(.*)$/s.exec(url) ?? [];
          const p = decodeURI(path.slice(1));
          const file = [p, p.replace(/\/?$/, '.html'), join(p, 'index.html')]
            .map((candidate) => join(out, candidate))
            .find((candidate) => existsSync(candidate) && statSync(candidate).isFile());
          return file ? { file, tail } : undefined;
        };

        /** @param {string} file */
        const rewrite = (file) => {
          const name = relative(out, file);
          /** @param {string} target */
          const to = (target) => {
            const path = relative(dirname(file), target).replaceAll('\\', '/') || basename(target);
            return encodeURI(path.startsWith('.') ? path : `./${path}`);
          };
          /** @type {string[]} */
          const modules = [];
          let html = readFileSync(file, 'utf8').replace(MODULE, (_tag, url) => {
            const hit = find(url);
            if (!hit) throw new Error(`portable: ${name} asks for the script ${url}`);
            entries.add(hit.file);
            modules.push(basename(hit.file));
            return '';
          });
          html = html.replace(TAG, (tag) =>
            tag.replace(ATTR, (whole, attr, url) => {
              if (attr === ' href="' && url.startsWith('#') && url.length > 1)
                anchors.push({ from: name, file, id: url.slice(1) });
              if (!url.startsWith('/') || url.startsWith('//')) return whole;
              const hit = find(url);
              if (!hit) {
                broken.push(`${name}: ${url}`);
                return whole;
              }
              if (attr.includes('-url=')) entries.add(hit.file);
              if (hit.tail.startsWith('#'))
                anchors.push({ from: name, file: hit.file, id: hit.tail.slice(1) });
              return `${attr}${to(hit.file)}${hit.tail}"`;
            }),
          );
          if (html.includes('<astro-island') && !html.includes('importWithRetry'))
            throw new Error('portable: the astro-island runtime changed, see tools/portable.mjs');
          const data = modules.length ? ` data-modules="${modules.join(' ')}"` : '';
          const boot = `<script src="${to(join(assets, 'portable-boot.js'))}"${data}></script>`;
          writeFileSync(file, html.replace('<head>', `<head>${boot}`));
        };

        filesIn(out)
          .filter((file) => file.endsWith('.html') && !keepAbsolute.includes(relative(out, file)))
          .forEach(rewrite);
        for (const { from, file, id } of anchors) {
          // SVG <use> of a symbol and links within a page: both need the id in that page.
          if (file.endsWith('.html') && !readFileSync(file, 'utf8').includes(`id="${id}"`))
            broken.push(`${from}: no #${id} in ${relative(out, file)}`);
        }
        if (broken.length) throw new Error(`portable: broken links\n  ${broken.join('\n  ')}`);

        writeFileSync(join(assets, 'portable-boot.js'), BOOT);
        const target = join(assets, 'portable.js');
        await bundle(entries, target);
        const size = (statSync(target).size / 1024).toFixed(0);
        logger.info(`${entries.size} entries, portable.js ${size} kB`);
      },
    },
  };
}
