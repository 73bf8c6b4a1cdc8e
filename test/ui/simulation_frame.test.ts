import { fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Entry } from '../../src/player/protocol.ts';
import SimulationFrame from '../../src/ui/SimulationFrame.svelte';
import { createPagePlayer } from '../../src/ui/page_player.ts';
import './browser_stubs.ts';
import { fakeWorker, type FakeWorker } from './fake_worker.ts';
import { frame, samples, sheet } from './fixtures.ts';

let worker: FakeWorker;

async function page(): Promise<HTMLElement> {
  worker = fakeWorker();
  const picture = () => import('./Square.svelte');
  const { container } = render(SimulationFrame<{ used: number }>, {
    sheet,
    still: frame,
    start: worker.start,
    picture,
    player: createPagePlayer(),
  });
  await waitFor(() => expect(worker.told.map((message) => message.type)).toContain('restore'));
  worker.say({ type: 'ready', scenario: 'rx-ring' });
  worker.say({ type: 'series', from: 0, samples });
  return container;
}

const lastTold = () => worker.told.at(-1);

beforeEach(() => {
  sessionStorage.clear();
  history.replaceState(null, '', '/');
});

describe('SimulationFrame', () => {
  it('asks for the run of the link that the page was opened with', async () => {
    history.replaceState(null, '', '/#v=1&sim=rx-ring&seed=9');
    await page();
    expect(worker.told[0]).toEqual({
      type: 'restore',
      scenario: 'rx-ring',
      link: '#v=1&sim=rx-ring&seed=9',
      stored: '',
    });
  });

  it('keeps the still picture until the reader’s run begins', async () => {
    await page();
    worker.say({ type: 'frame', frame: { ...frame, at_ns: 0, scene: { used: 0 } } });
    await new Promise((done) => setTimeout(done, 50));
    expect(screen.queryByTestId('picture')).toBeNull();
    worker.say({ type: 'frame', frame: { ...frame, playing: true } });
    expect((await screen.findByTestId('picture')).textContent).toBe('256 in use');
  });

  it('plays and pauses by button and by the space bar', async () => {
    const container = await page();
    await fireEvent.click(screen.getByRole('button', { name: 'Play' }));
    await waitFor(() => expect(lastTold()).toEqual({ type: 'play', speed: 0.001 }));
    worker.say({ type: 'frame', frame: { ...frame, playing: true } });
    await screen.findByRole('button', { name: 'Pause' });
    await fireEvent.keyDown(container.querySelector('section')!, { key: ' ' });
    await waitFor(() => expect(lastTold()).toEqual({ type: 'pause' }));
  });

  it('steps with the arrow keys, but not while a slider has the focus', async () => {
    const container = await page();
    await fireEvent.keyDown(container.querySelector('section')!, { key: 'ArrowRight' });
    await waitFor(() => expect(lastTold()).toEqual({ type: 'step', direction: 1 }));
    const before = worker.told.length;
    await fireEvent.keyDown(screen.getByRole('slider', { name: 'Time' }), { key: 'ArrowLeft' });
    await new Promise((done) => setTimeout(done, 20));
    expect(worker.told).toHaveLength(before);
  });

  it('goes to the first drop', async () => {
    await page();
    await fireEvent.click(screen.getByRole('button', { name: 'First drop' }));
    await waitFor(() => expect(lastTold()).toEqual({ type: 'seek', at_ns: 172_000 }));
  });

  it('begins anew with the settings of now, and keeps the old curves to compare', async () => {
    const container = await page();
    const typed: Entry = { at_ns: 600_000, line: 'ethtool -G eth0 rx 4096', from: 'terminal' };
    worker.say({ type: 'frame', frame: { ...frame, knobs: [4096], entries: [typed] } });
    await screen.findByTestId('picture');
    await fireEvent.click(screen.getByRole('button', { name: 'Restart' }));
    await waitFor(() =>
      expect(lastTold()).toEqual({
        type: 'open',
        run: {
          scenario: 'rx-ring',
          seed: 7,
          entries: [{ ...typed, at_ns: 0, from: 'knob' }],
          at_ns: 0,
        },
      }),
    );
    await waitFor(() => expect(container.textContent).toContain('dotted: Ring size 256'));
  });

  it('tells the answer only when the run shown has come to it', async () => {
    const container = await page();
    const prediction = { answer: 1, why: 'The ring was full.' };
    await fireEvent.click(screen.getByRole('button', { name: 'none' }));
    worker.say({ type: 'frame', frame: { ...frame, prediction } });
    await screen.findByTestId('picture');
    expect(container.textContent).not.toContain('The ring was full.');
    worker.say({ type: 'frame', frame: { ...frame, at_ns: 1_100_000, prediction } });
    await waitFor(() => expect(container.textContent).toContain('It is 480.'));
  });

  it('shows the share link in a field when it cannot be copied', async () => {
    await page();
    await fireEvent.click(screen.getByRole('button', { name: 'Share' }));
    await waitFor(() => expect(lastTold()?.type).toBe('share'));
    worker.say({ type: 'shared', id: 1, hash: '#v=1&sim=rx-ring', notice: '' });
    const field = await screen.findByLabelText<HTMLInputElement>('Share link');
    expect(field.value).toMatch(/#v=1&sim=rx-ring$/);
    expect(location.hash).toBe('#v=1&sim=rx-ring');
  });

  it('says so when the worker cannot be loaded, and stays readable', async () => {
    const start = () => Promise.reject(new Error('offline'));
    const picture = () => import('./Square.svelte');
    render(SimulationFrame<{ used: number }>, {
      sheet,
      still: frame,
      start,
      picture,
      player: createPagePlayer(),
    });
    expect(await screen.findByText(/could not be loaded/)).toBeTruthy();
  });
});
