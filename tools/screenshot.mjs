// Makes docs/front.png: the front page of the built site, its host some seconds in. By hand, after a
// build: node tools/screenshot.mjs [FILE]. CHROMIUM_PATH names another Chromium than Playwright's.
import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';
import sharp from 'sharp'; // comes with Astro

const SECONDS = 4; // of the host's time, so that every storey has numbers
const file = process.argv[2] ?? fileURLToPath(new URL('../docs/front.png', import.meta.url));
const executablePath = process.env.CHROMIUM_PATH;

const browser = await chromium.launch({
  ...(executablePath ? { executablePath } : {}),
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
});
try {
  const page = await browser.newPage({
    viewport: { width: 1440, height: 900 },
    colorScheme: 'light',
  });
  await page.goto(new URL('../dist/index.html', import.meta.url).href);
  await page.waitForFunction(
    (seconds) => parseFloat(document.querySelector('[data-n="t"]')?.textContent ?? '0') >= seconds,
    SECONDS,
    { timeout: 60_000 },
  );
  // A palette keeps the drawing as it is at a third of the size.
  await sharp(await page.screenshot())
    .png({ palette: true, effort: 10 })
    .toFile(file);
  console.log(file);
} finally {
  await browser.close();
}
