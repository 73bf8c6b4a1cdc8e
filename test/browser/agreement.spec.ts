import { fileURLToPath } from 'node:url';
import { expect, test } from '@playwright/test';
import puppeteer from 'puppeteer-core';
import { rolldown } from 'rolldown';
import { digests } from '../agreement/runs.ts';

/// Same seed and same commands, same state: in Node, Chromium and Firefox.

type WithDigests = typeof globalThis & { digests: typeof digests };
const take = (): Record<string, string> => (globalThis as WithDigests).digests();

let program = '';
test.beforeAll(async () => {
  const input = fileURLToPath(new URL('../agreement/page.ts', import.meta.url));
  const build = await rolldown({ input, platform: 'browser' });
  const { output } = await build.generate({ format: 'iife' });
  program = output[0].code;
});

test('Chromium ends every run in the state that Node ends it in', async ({ page }) => {
  await page.goto('about:blank');
  await page.addScriptTag({ content: program });
  expect(await page.evaluate(take)).toEqual(digests());
});

test('Firefox ends every run in the state that Node ends it in', async () => {
  const executablePath = process.env.FIREFOX_PATH;
  test.skip(!executablePath, 'no Firefox is installed');
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: executablePath!,
    headless: true,
  });
  try {
    const page = await browser.newPage();
    await page.addScriptTag({ content: program });
    expect(await page.evaluate(take)).toEqual(digests());
  } finally {
    await browser.close();
  }
});
