import { createRequire } from 'node:module';
import { expect, test, type Page } from '@playwright/test';
import { pages } from './pages.ts';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly target: unknown; readonly failureSummary?: string }[];
}

/// Everything a page says or asks for that it should not.
function watch(page: Page): string[] {
  const seen: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      seen.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => seen.push(`exception: ${error.message}`));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (
      !['127.0.0.1', ''].includes(url.hostname) &&
      url.protocol !== 'blob:' &&
      url.protocol !== 'data:'
    )
      seen.push(`request elsewhere: ${request.url()}`);
  });
  page.on('requestfailed', (request) => seen.push(`failed: ${request.url()}`));
  return seen;
}

async function violations(page: Page): Promise<string[]> {
  // The policy of the page forbids foreign scripts, so axe comes in through the debugger.
  await page.evaluate(await import('node:fs').then((fs) => fs.readFileSync(axe, 'utf8')));
  const found = await page.evaluate(async () => {
    // Without preload: axe would fetch the style sheets, which file:// forbids.
    const { axe } = window as unknown as {
      axe: { run(options: object): Promise<{ violations: Violation[] }> };
    };
    return (await axe.run({ preload: false })).violations;
  });
  return found.map(
    (one) =>
      `${one.id}: ${one.nodes
        .map((node) => JSON.stringify(node.target))
        .join(' ')
        .slice(0, 400)}`,
  );
}

for (const path of pages) {
  for (const scheme of ['light', 'dark'] as const) {
    test(`${path} in ${scheme}: axe finds nothing, nothing is asked elsewhere, no error is printed`, async ({
      page,
    }) => {
      const seen = watch(page);
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
      await page.goto(path);
      await expect(page.locator('h1')).toHaveCount(1);
      await page.waitForLoadState('networkidle');
      expect(await violations(page)).toEqual([]);
      expect(seen).toEqual([]);
    });
  }

  test(`${path} at 390 px does not scroll sideways`, async ({ page }) => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(path);
    const wide = await page.evaluate(
      () => document.documentElement.scrollWidth - window.innerWidth,
    );
    expect(wide).toBeLessThanOrEqual(0);
  });
}
