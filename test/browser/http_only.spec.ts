import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from '@playwright/test';
import { built, pages } from './pages.ts';

/// What only a server can show: the service worker, the 404 page, what is fetched when.

test('a visitor who has been here reads other pages without a network', async ({
  page,
  context,
}) => {
  await page.goto('index.html');
  await page.evaluate(() => navigator.serviceWorker.ready);
  await expect
    .poll(() =>
      page.evaluate(async () =>
        (
          await Promise.all(
            (await caches.keys()).map(
              async (name) => (await (await caches.open(name)).keys()).length,
            ),
          )
        ).reduce((a, b) => a + b, 0),
      ),
    )
    .toBeGreaterThan(20);
  await page.reload();
  await context.setOffline(true);
  await page.goto('ingress/rx-ring.html');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('DMA into the RX ring');
  await page.goto('path.html');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
});

test('an address that does not exist gets the 404 page and its status, at any depth', async ({
  page,
}) => {
  const answer = await page.goto('no/such/page.html');
  expect(answer?.status()).toBe(404);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
});

for (const path of pages)
  test(`${path}: at most 25 kB of script to read it, at most 120 kB more for what runs in it, no shell or terminal unasked`, async ({
    page,
  }) => {
    const scripts = new Map<string, number>();
    page.on('response', (response) => {
      if (response.request().resourceType() !== 'script' || !response.url().startsWith('http'))
        return;
      const name = new URL(response.url()).pathname.replace(/^\/some\/base\//, '');
      if (!scripts.has(name))
        scripts.set(name, gzipSync(readFileSync(built(name)), { level: 9 }).length);
    });
    const sum = () => [...scripts.values()].reduce((bytes, one) => bytes + one, 0);
    // Until the load event: text and first frame are in the HTML, islands wait for an idle moment.
    await page.goto(path, { waitUntil: 'load' });
    const first = sum();
    await page.waitForLoadState('networkidle');
    await page.waitForTimeout(3_000);
    expect(
      [...scripts.keys()].filter((name) => /xterm|\/Terminal\.|player\.worker/.test(name)),
    ).toEqual([]);
    console.log(`${path}: ${first} B to read, ${sum() - first} B more`);
    expect(first).toBeLessThanOrEqual(25_000);
    expect(sum() - first).toBeLessThanOrEqual(120_000);
  });
