import { expect, test } from '@playwright/test';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';

/// One pass in Firefox, from disk, with the origin rules that a reader has: Playwright's own Firefox
/// cannot be fetched everywhere, so the system's is driven over WebDriver BiDi.

const firefox = process.env.FIREFOX_PATH;
const dist = new URL('../../dist/', import.meta.url).href;

test.describe('Firefox, from disk', () => {
  test.skip(!firefox, 'no Firefox is installed');
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];

  test.beforeAll(async () => {
    browser = await puppeteer.launch({
      browser: 'firefox',
      executablePath: firefox!,
      headless: true,
      extraPrefsFirefox: {
        'security.fileuri.strict_origin_policy': true,
        'privacy.file_unique_origin': true,
      },
    });
    page = await browser.newPage();
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    page.on('pageerror', (error) => errors.push((error as Error).message));
  });
  test.afterAll(async () => {
    await browser?.close();
  });

  test('the front page beats', async () => {
    await page.goto(`${dist}index.html`);
    const clock = () =>
      page.evaluate(() => /t = ([0-9.]+)/.exec(document.body.textContent ?? '')?.[1]);
    const before = await clock();
    await expect.poll(clock, { timeout: 30_000 }).not.toBe(before);
  });

  test('the terminal changes the ring of the picture', async () => {
    await page.goto(`${dist}ingress/rx-ring.html`);
    await page.waitForSelector('button[aria-label="Terminal"]:not([disabled])');
    await page.click('button[aria-label="Terminal"]');
    const plain = await page.waitForSelector('::-p-text(Plain text)');
    await plain?.click();
    await page.waitForSelector('section.dock form input');
    await page.click('button[aria-label="Restart"]');
    await page.type('section.dock form input', 'ethtool -G eth0 rx 4096\n');
    await page.waitForFunction(
      () =>
        /of 4.?096/.test(
          document.querySelector('[role="img"][aria-label^="Ring"]')?.getAttribute('aria-label') ??
            '',
        ),
      { timeout: 30_000 },
    );
  });

  test('search finds a counter', async () => {
    await page.goto(`${dist}path.html`);
    await page.keyboard.press('/');
    await page.keyboard.type('rx_missed_errors');
    await page.waitForFunction(
      () => /RX ring/.test(document.querySelector('header')?.textContent ?? ''),
      { timeout: 20_000 },
    );
  });

  test('nothing was printed as an error', () => {
    expect(errors).toEqual([]);
  });
});
