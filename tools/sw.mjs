// Astro integration: writes a small service worker that keeps the whole of dist/ for use without a
// network. The cache is named by a hash of the files, so a new build replaces the old one whole.
// portable.js is left out: only file:// pages load it, and those have no service worker.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @param {string} version
 * @param {string[]} files
 */
const worker = (version, files) => `const CACHE=${JSON.stringify(`softnet-${version}`)};
const FILES=${JSON.stringify(files)};
addEventListener("install",(e)=>e.waitUntil(caches.open(CACHE).then((c)=>c.addAll(FILES.map((u)=>new Request(u,{cache:"reload"})))).then(()=>skipWaiting())));
addEventListener("activate",(e)=>e.waitUntil(caches.keys().then((names)=>Promise.all(names.filter((n)=>n.startsWith("softnet-")&&n!==CACHE).map((n)=>caches.delete(n)))).then(()=>clients.claim())));
addEventListener("fetch",(e)=>{const r=e.request,u=new URL(r.url);
if(r.method!=="GET"||u.origin!==location.origin)return;
u.search="";u.hash="";if(u.pathname.endsWith("/"))u.pathname+="index.html";
e.respondWith(caches.open(CACHE).then(async(c)=>await c.match(u.href)||await c.match(u.href+".html")||fetch(r)))});
`;

/** @returns {import('astro').AstroIntegration} */
export default function serviceWorker() {
  return {
    name: 'service-worker',
    hooks: {
      'astro:build:done': ({ dir, logger }) => {
        const out = fileURLToPath(dir);
        const hash = createHash('sha256');
        const files = readdirSync(out, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name))
          .filter((file) => !/[\\/](portable|sw)\.js$/.test(file))
          .sort()
          .map((file) => {
            const name = file.slice(out.length).replaceAll('\\', '/');
            hash.update(name).update(readFileSync(file));
            return encodeURI(name);
          });
        writeFileSync(join(out, 'sw.js'), worker(hash.digest('hex').slice(0, 12), files));
        logger.info(`${files.length} files kept for use without a network`);
      },
    },
  };
}
