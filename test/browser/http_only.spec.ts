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

/// The host's program and what starts it: its worker, the link to it, and the start of one run.
function isHost(name: string): boolean {
  return /_astro\/(host\.worker|worker_link|start_worker|live-host|rx-ring|interrupt-moderation|softirq-budget)\./.test(
    name,
  );
}

for (const path of pages)
  test(`${path}: at most 25 kB of script before the host, at most 120 kB more with it, no terminal unasked`, async ({
    page,
  }) => {
    const scripts = new Map<string, number>();
    page.on('response', (response) => {
      if (response.request().resourceType() !== 'script' || !response.url().startsWith('http'))
        return;
      const name = new URL(response.url()).pathname.replace(/^\/some\/base\//, '');
      scripts.set(name, gzipSync(readFileSync(built(name)), { level: 9 }).length);
    });
    await page.goto(path);
    await page.waitForLoadState('networkidle');
    await page.waitForTimeout(3_000);
    const names = [...scripts.keys()];
    expect(names.filter((name) => /xterm|TerminalBody/i.test(name))).toEqual([]);
    const host = names.filter((name) => isHost(name));
    const sum = (some: string[]) =>
      some.reduce((bytes, name) => bytes + (scripts.get(name) ?? 0), 0);
    console.log(
      `${path}: ${sum(names.filter((name) => !host.includes(name)))} B to read, ${sum(host)} B for the host`,
    );
    expect(sum(names.filter((name) => !host.includes(name)))).toBeLessThanOrEqual(25_000);
    expect(sum(host)).toBeLessThanOrEqual(120_000);
  });
