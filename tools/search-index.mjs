// Astro integration: collects the text of the built pages, split at headings, into a CLASSIC script,
// search-index.js (self.__softnetSearch = [...]), which loads alike over http and from file://. The
// page builds the index from it in the browser, so results can show an excerpt.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @type {Record<string, string>} */
const ENTITIES = {
  lt: '<',
  gt: '>',
  quot: '"',
  '#34': '"',
  '#39': "'",
  '#x27': "'",
  nbsp: ' ',
  amp: '&',
};

/** @param {string} html */
const text = (html) =>
  html
    .replace(/<(script|style|svg|template)[\s>][\s\S]*?<\/\1>/g, ' ')
    .replace(/<(?:\/?(?:code|b|i|em|strong|a|kbd|abbr|small))(?:\s[^>]*)?>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/&(#?\w+);/g, (whole, name) => ENTITIES[name] ?? whole)
    .replace(/\s+/g, ' ')
    .trim();

/**
 * The sections of one page: [address, page title, heading, text].
 * @param {string} html
 * @param {string} address
 * @returns {[string, string, string, string][]}
 */
function sections(html, address) {
  const title = text(/<title>([\s\S]*?)<\/title>/.exec(html)?.[1] ?? address).replace(
    / · Softnet$/,
    '',
  );
  const main = /<main[^>]*>([\s\S]*)<\/main>/.exec(html)?.[1] ?? '';
  // data-search="off" marks what would only repeat itself on every page: rails, tables of numbers.
  const prose = main.replace(/<(\w+)[^>]*data-search="off"[^>]*>[\s\S]*?<\/\1>/g, ' ');
  return prose.split(/(?=<(?:h[1-3]|li|p|section)[^>]*\sid="[^"]+")/).flatMap((part) => {
    const id = /^<\w+[^>]*?\sid="([^"]*)"/.exec(part)?.[1];
    const label = text(/^<\w+[^>]*?\sdata-title="([^"]*)"/.exec(part)?.[1] ?? '');
    const heading = label || text(/<h[1-3][^>]*>([\s\S]*?)<\/h[1-3]>/.exec(part)?.[1] ?? '');
    const whole = text(part);
    const body = whole.startsWith(heading) ? whole.slice(heading.length).trim() : whole;
    /** @type {[string, string, string, string]} */
    const row = [address + (id ? `#${id}` : ''), title, heading, body];
    return body ? [row] : [];
  });
}

/** @returns {import('astro').AstroIntegration} */
export default function searchIndex() {
  return {
    name: 'search-index',
    hooks: {
      'astro:build:done': ({ dir, logger }) => {
        const out = fileURLToPath(dir);
        const docs = readdirSync(out, { recursive: true })
          .map((file) => String(file).replaceAll('\\', '/'))
          .filter((file) => file.endsWith('.html') && file !== '404.html')
          .sort()
          .flatMap((file) => sections(readFileSync(join(out, file), 'utf8'), file));
        const script = `self.__softnetSearch=${JSON.stringify(docs)};\n`;
        writeFileSync(join(out, 'search-index.js'), script);
        logger.info(`${docs.length} sections, ${(script.length / 1024).toFixed(0)} kB`);
      },
    },
  };
}
