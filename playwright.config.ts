import { defineConfig } from '@playwright/test';

const port = 4399;
const base = '/some/base/';

/// The same specs run twice: over http under a sub-path, and from disk.
export default defineConfig({
  testDir: 'test/browser',
  testMatch: '*.spec.ts',
  outputDir: '.cache/playwright',
  reporter: [['line'], ['json', { outputFile: '.cache/browser.json' }]],
  workers: 2,
  timeout: 60_000,
  use: {
    browserName: 'chromium',
    launchOptions: {
      ...(process.env.CHROMIUM_PATH ? { executablePath: process.env.CHROMIUM_PATH } : {}),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  projects: [
    { name: 'http', use: { baseURL: `http://127.0.0.1:${port}${base}` } },
    {
      name: 'file',
      use: { baseURL: new URL('./dist/', import.meta.url).href },
      testIgnore: ['http_only.spec.ts', 'firefox.spec.ts', 'agreement.spec.ts'],
    },
  ],
  webServer: {
    command: `node tools/serve.mjs --port ${port} --base ${base}`,
    url: `http://127.0.0.1:${port}${base}index.html`,
    reuseExistingServer: false,
  },
});
