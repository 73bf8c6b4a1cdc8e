// Serves dist/ for reading and for the browser tests: node tools/serve.mjs [--port N] [--base /some/path/]
// `/learn/x` answers with learn/x.html, a folder with its index.html, anything else with 404.html.
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { port: { type: 'string', default: '4321' }, base: { type: 'string', default: '/' } },
});
const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const base = values.base.replace(/\/*$/, '/');

/** @type {Record<string, string>} */
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
  '.json': 'application/json',
};

/** @param {string} path */
const isFile = (path) => existsSync(path) && statSync(path).isFile();

/**
 * The file for a URL path under the base, or nothing.
 * @param {string} path
 */
function find(path) {
  if (!path.startsWith(base)) return undefined;
  const inside = normalize(join(dist, decodeURIComponent(path.slice(base.length))));
  if (!inside.startsWith(dist)) return undefined;
  return [inside, `${inside}.html`, join(inside, 'index.html')].find(isFile);
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {number} status
 * @param {string} file
 */
function send(response, status, file) {
  response.writeHead(status, {
    'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
    'cache-control': 'no-cache',
  });
  createReadStream(file).pipe(response);
}

createServer((request, response) => {
  try {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const file = find(pathname);
    if (file) return send(response, 200, file);
    const missing = join(dist, '404.html');
    if (isFile(missing)) return send(response, 404, missing);
    response.writeHead(404).end('not found\n');
  } catch {
    response.writeHead(400).end('bad request\n'); // a malformed % escape in the URL
  }
}).listen(Number(values.port), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${values.port}${base}`);
});
