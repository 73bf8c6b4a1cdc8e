import { expect, test, type Page } from '@playwright/test';

/// The stories that the first walk tells, as a person lives them.

const commandLine = (page: Page) =>
  page.getByRole('region', { name: 'Terminal' }).locator('form input');
const log = (page: Page) => page.getByRole('log', { name: 'Terminal output' });

async function openPlainTerminal(page: Page): Promise<void> {
  const toggle = page.getByRole('button', { name: 'Terminal', exact: true });
  await expect(toggle).toBeEnabled();
  if ((await toggle.getAttribute('aria-expanded')) !== 'true') await toggle.click();
  const plain = page.getByRole('button', { name: 'Plain text' });
  await plain.waitFor();
  if ((await plain.getAttribute('aria-pressed')) !== 'true') await plain.click();
  await log(page).waitFor();
}

/// Types a line and waits until the prompt is back.
async function type(page: Page, line: string): Promise<void> {
  const input = commandLine(page);
  await input.fill(line);
  await input.press('Enter');
  await expect(log(page)).toContainText(line);
  await expect(page.getByRole('button', { name: 'Ctrl-C' })).toHaveCount(0, { timeout: 20_000 });
}

/// The moment that is shown, ns, as the track holds it.
function moment(page: Page): Promise<string> {
  return page.getByRole('slider', { name: 'Time' }).inputValue();
}

/// Seeks to the end of the timeline and reads the ledger there.
async function lostAtTheEnd(page: Page): Promise<number> {
  const track = page.getByRole('slider', { name: 'Time' });
  await track.press('End');
  const end = (await track.getAttribute('max')) ?? '';
  await expect.poll(() => moment(page), { timeout: 20_000 }).toBe(end);
  const text = (await page.locator('section.sim').textContent()) ?? '';
  return Number(
    /\+\s*([0-9\s\u00a0\u2009\u202f]+)\s*dropped/.exec(text)?.[1]?.replace(/\D/g, '') ?? NaN,
  );
}

test('new user: the front page names every step and a live host beats in it', async ({ page }) => {
  await page.goto('index.html');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Softnet');
  const text = (await page.locator('main').textContent()) ?? '';
  for (const word of [
    'recvmsg copies the data',
    'DMA into the RX ring',
    'Qdisc enqueue',
    'ip_forward',
    'veth',
  ])
    expect(text).toContain(word);
  for (const slug of [
    'nic-filter',
    'rx-ring',
    'interrupt-moderation',
    'msix-irq',
    'napi',
    'softirq-budget',
  ])
    await expect(page.locator(`main a[href*="${slug}"]`).first()).toBeAttached();
  const clock = page.locator('text=/t = [0-9.]+/').first();
  const before = await clock.textContent();
  await expect.poll(() => clock.textContent(), { timeout: 20_000 }).not.toBe(before);
});

test('learner: predicts, plays, resizes the ring in the terminal, and loses less', async ({
  page,
}) => {
  await page.goto('ingress/rx-ring.html');
  const frame = page.getByRole('region', { name: 'Can the ring absorb the burst?' });
  const guess = frame.getByRole('group', { name: 'Predict first' }).getByRole('button').first();
  await expect(guess).toBeEnabled();
  await guess.click();
  await frame.getByRole('button', { name: 'Restart' }).click();
  await frame.getByRole('button', { name: 'Play' }).click();
  await expect(frame).toContainText(/dropped/i);
  await expect.poll(() => moment(page), { timeout: 30_000 }).not.toBe('0');

  await openPlainTerminal(page);
  await type(page, 'ethtool -g eth0');
  await expect(log(page)).toContainText('Pre-set maximums');
  await type(page, "ethtool -S eth0 | grep -E 'miss|fifo|drop'");
  await expect(log(page)).toContainText('rx_missed_errors');

  const before = await lostAtTheEnd(page);
  expect(before).toBeGreaterThan(0);
  await frame.getByRole('button', { name: 'Restart' }).click();
  await type(page, 'ethtool -G eth0 rx 4096');
  await expect(frame.getByRole('img', { name: /Ring: .* of 4.?096/ })).toBeVisible({
    timeout: 20_000,
  });
  expect(await lostAtTheEnd(page)).toBeLessThan(before);
});

test('learner: scrubs to the first drop and shares the moment', async ({ page, context }) => {
  await page.goto('ingress/rx-ring.html');
  const frame = page.getByRole('region', { name: 'Can the ring absorb the burst?' });
  await frame.getByRole('button', { name: 'First drop' }).click();
  await expect(frame).toContainText('dropped: rx_queue_drops');
  await expect(frame).toContainText('hardware');
  const shown = await moment(page);
  await frame.getByRole('button', { name: 'Share' }).click();
  await expect.poll(() => page.url()).toContain('#v=1&sim=rx-ring');
  const other = await context.newPage();
  await other.goto(page.url());
  await expect.poll(() => moment(other), { timeout: 20_000 }).toBe(shown);
  expect(Number(shown)).toBeGreaterThan(0);
});

test('a broken share link gives a notice and a fresh run', async ({ page }) => {
  await page.goto('ingress/rx-ring.html#v=1&sim=rx-ring&seed=%zz&t=banana');
  await expect(page.getByRole('status').filter({ hasText: /link/i }).first()).toBeVisible();
  await expect(page.getByRole('button', { name: 'Play' })).toBeEnabled();
});

test('an endless loop leaves the page alive and Ctrl-C stops it', async ({ page }) => {
  await page.goto('ingress/rx-ring.html');
  await openPlainTerminal(page);
  const input = commandLine(page);
  await input.fill('while true; do echo y; done');
  await input.press('Enter');
  await page.getByRole('button', { name: 'Ctrl-C' }).click();
  await type(page, 'echo still here');
  await expect(log(page)).toContainText('still here');
});

test('the terminal opens with t, takes keys, and Shift+Tab leaves it', async ({ page }) => {
  await page.goto('ingress/rx-ring.html');
  await expect(page.getByRole('button', { name: 'Terminal', exact: true })).toBeEnabled();
  await page.keyboard.press('t');
  const terminal = page.getByRole('textbox', { name: /Terminal/ });
  await terminal.waitFor({ timeout: 20_000 });
  await terminal.pressSequentially('nproc');
  await page.keyboard.press('Enter');
  await expect(page.locator('.xterm-rows')).toContainText('8', { timeout: 20_000 });
  await page.keyboard.press('Shift+Tab');
  await expect(terminal).not.toBeFocused();
});

test('search finds a counter from the keyboard', async ({ page }) => {
  await page.goto('path.html');
  await page.keyboard.press('/');
  await page.keyboard.type('rx_missed_errors');
  const hit = page
    .getByRole('link', { name: /RX ring/i })
    .or(page.getByRole('option', { name: /RX ring/i }))
    .first();
  await expect(hit).toBeVisible({ timeout: 20_000 });
});

test('the live host plays at once, and stops while nobody looks at it', async ({ page }) => {
  await page.goto('live.html');
  await expect(page.getByRole('button', { name: 'Pause' })).toBeEnabled({ timeout: 20_000 });
  const offered = () => page.locator('text=/offered =/').first().textContent();
  const before = await offered();
  await expect.poll(offered, { timeout: 20_000 }).not.toBe(before);
});
