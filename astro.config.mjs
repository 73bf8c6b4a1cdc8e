// Astro's configuration. The output is one dist/ that works under any base path and from file://
// (tools/portable.mjs makes every URL relative), so `base` stays '/'.
import mdx from '@astrojs/mdx';
import svelte from '@astrojs/svelte';
import { defineConfig } from 'astro/config';
import portable from './tools/portable.mjs';
import searchIndex from './tools/search-index.mjs';
import { shikiClasses } from './tools/shiki-classes.mjs';
import starts from './tools/starts.mjs';
import smallProgram from './tools/small_program.mjs';
import serviceWorker from './tools/sw.mjs';

// withastro/astro#16251: the CSS of a component inside an {#if} that is false at build time is
// dropped from the production build, because Astro's CSS scoping does not see it used.
const keepSvelteCss = {
  name: 'keep-svelte-css',
  enforce: 'post',
  transform(_code, id) {
    if (!/[?&]svelte&type=style/.test(id)) return;
    const meta = this.getModuleInfo(id)?.meta?.vite;
    if (meta) delete meta.cssScopeTo;
  },
};

export default defineConfig({
  srcDir: './site',
  outDir: './dist',
  base: '/',
  devToolbar: { enabled: false },
  build: { format: 'file', inlineStylesheets: 'never' },
  vite: {
    plugins: [keepSvelteCss, starts()],
    worker: { plugins: () => [smallProgram()] },
    build: {
      assetsInlineLimit: 0,
      modulePreload: false,
      rolldownOptions: {
        // "use astro:head-inject", which rolldown reports once for every MDX file.
        onLog: (level, log, next) => {
          if (log.code !== 'MODULE_LEVEL_DIRECTIVE') next(level, log);
        },
      },
    },
    experimental: {
      renderBuiltUrl: (_file, { hostType, ssr }) =>
        hostType === 'js' && !ssr ? { relative: true } : undefined,
    },
  },
  markdown: { shikiConfig: { theme: 'css-variables', transformers: [shikiClasses] } },
  // The service worker comes last: it hashes the final files.
  integrations: [svelte(), mdx(), searchIndex(), portable(), serviceWorker()],
  security: {
    csp: {
      directives: [
        "default-src 'self'",
        "img-src 'self' data:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
      ],
      // xterm's DOM renderer creates style elements; pictures set positions by style attributes.
      styleDirective: {
        resources: [
          { resource: "'self'", kind: 'element' },
          { resource: "'unsafe-inline'", kind: 'element' },
          { resource: "'unsafe-inline'", kind: 'attribute' },
        ],
      },
    },
  },
});
