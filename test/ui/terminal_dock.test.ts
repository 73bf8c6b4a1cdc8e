import { fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import { beforeEach, describe, expect, it } from 'vitest';
import TerminalDock from '../../src/ui/TerminalDock.svelte';
import { createPagePlayer } from '../../src/ui/page_player.ts';
import './browser_stubs.ts';
import { fakePrograms, type FakePrograms } from './fake_programs.ts';

let worker: FakePrograms;

async function page(): Promise<HTMLElement> {
  localStorage.setItem('softnet:terminal', 'plain');
  worker = fakePrograms();
  const { container } = render(TerminalDock, {
    scenario: 'rx-ring',
    hostname: 'alder',
    suggestions: ['ethtool -g eth0'],
    start: worker.start,
    player: createPagePlayer(),
  });
  await waitFor(() => expect(worker.told.map((message) => message.type)).toContain('restore'));
  worker.say({ type: 'prompt', prompt: 'root@alder:~# ', status: 0 });
  return container;
}
const typed = (line: string) => ({ type: 'type', line, from: 'terminal' });

beforeEach(() => {
  localStorage.clear();
});

describe('TerminalDock', () => {
  it('opens with the key t, remembers it, and shows the host’s prompt', async () => {
    await page();
    expect(screen.queryByRole('log')).toBeNull();
    await fireEvent.keyDown(document.body, { key: 't' });
    expect(await screen.findByLabelText('Command line, root@alder:~#')).toBeTruthy();
    expect(localStorage.getItem('softnet:dock')).toBe('open');
  });

  it('types a suggestion, and shows line and output in the log', async () => {
    await page();
    await fireEvent.click(screen.getByRole('button', { name: 'ethtool -g eth0' }));
    await waitFor(() => expect(worker.told.at(-1)).toEqual(typed('ethtool -g eth0')));
    worker.say({
      type: 'output',
      from: 'terminal',
      chunks: [{ stream: 'out', text: 'RX:\t\t256', nl: true }],
    });
    const log = await screen.findByRole('log');
    await waitFor(() =>
      expect(log.textContent).toMatch(/root@alder:~# ethtool -g eth0\s*RX:\t\t256/),
    );
  });

  it('runs what the page asks for', async () => {
    await page();
    dispatchEvent(new CustomEvent('softnet:type', { detail: { line: 'uptime' } }));
    await waitFor(() => expect(worker.told.at(-1)).toEqual(typed('uptime')));
    dispatchEvent(new CustomEvent('softnet:type', { detail: null }));
    expect(worker.told.at(-1)).toEqual(typed('uptime'));
  });

  it('answers a command that reads the terminal', async () => {
    await page();
    await fireEvent.keyDown(document.body, { key: 't' });
    const field = await screen.findByLabelText<HTMLInputElement>('Command line, root@alder:~#');
    worker.say({ type: 'input' });
    await fireEvent.input(field, { target: { value: 'yes' } });
    await fireEvent.submit(field.form!);
    await waitFor(() => expect(worker.told.at(-1)).toEqual({ type: 'answer', line: 'yes' }));
  });

  it('explains a number that knows what it is, from the keyboard', async () => {
    await page();
    await fireEvent.keyDown(document.body, { key: 't' });
    const marks = [{ start: 4, end: 7, ref: 'counter:rx_missed_errors@eth0' }];
    worker.say({
      type: 'output',
      from: 'terminal',
      chunks: [{ stream: 'out', text: 'rx: 398', nl: true, marks }],
    });
    (await screen.findByRole('button', { name: '398' })).focus();
    await waitFor(() =>
      expect(worker.told.at(-1)).toMatchObject({ type: 'explain', ref: marks[0]?.ref }),
    );
    const card = {
      name: 'rx_missed_errors, eth0',
      meaning: 'Frames without a descriptor.',
      unit: 'frames',
      value: '398',
      step: 'IN-03',
      context: 'hw' as const,
      moved_by: 'the NIC',
      also_in: 'ip -s link',
      if_it_grows: 'longer ring',
      source: '',
    };
    worker.say({ type: 'explained', id: 1, card });
    expect((await screen.findByRole('tooltip')).textContent).toContain(
      'Frames without a descriptor.',
    );
  });

  it('stops a command with Ctrl-C and recalls lines with the arrow keys', async () => {
    await page();
    await fireEvent.keyDown(document.body, { key: 't' });
    const field = await screen.findByLabelText<HTMLInputElement>('Command line, root@alder:~#');
    await fireEvent.input(field, { target: { value: 'sleep 9' } });
    await fireEvent.submit(field.form!);
    await fireEvent.keyDown(field, { key: 'ArrowUp' });
    expect(field.value).toBe('sleep 9');
    await fireEvent.keyDown(field, { key: 'c', ctrlKey: true });
    await waitFor(() => expect(worker.told.at(-1)).toEqual({ type: 'interrupt' }));
    expect(field.value).toBe('');
  });
});
