import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { LeftRun, ToWorker } from '../../src/player/protocol.ts';
import { createPagePlayer, type PageMessage, type PagePlayer } from '../../src/ui/page_player.ts';
import { fakeWorker, type FakeWorker } from './fake_worker.ts';

interface Here {
  readonly player: PagePlayer;
  readonly host: FakeWorker;
  readonly shell: FakeWorker;
  readonly heard: PageMessage[];
  readonly started: string[];
}

const left: LeftRun = { playing: true } as unknown as LeftRun;
const line: ToWorker = { type: 'type', line: 'uptime', from: 'terminal' };

async function page(shellComes = true): Promise<Here> {
  const [host, shell] = [fakeWorker(), fakeWorker()];
  const heard: PageMessage[] = [];
  const started: string[] = [];
  const player = createPagePlayer();
  player.join(
    'rx-ring',
    (program) => {
      started.push(program);
      if (program === 'host') return host.start();
      return shellComes ? shell.start() : Promise.reject(new Error('offline'));
    },
    (message) => heard.push(message),
  );
  await vi.waitFor(() => expect(host.told.map(({ type }) => type)).toContain('hidden'));
  host.say({ type: 'prompt', prompt: 'root@alder:~# ', status: 0 });
  return { player, host, shell, heard, started };
}

beforeEach(() => sessionStorage.clear());

describe('the page and its two programs', () => {
  it('begins with the small one and leaves it only when it is asked too much', async () => {
    const { host, shell, started } = await page();
    host.say({ type: 'frame', frame: { at_ns: 1 } as never });
    expect(started).toEqual(['host']);
    expect(shell.told).toEqual([]);
  });

  it('shows a typed line at once, and passes on in order what the small one could not do', async () => {
    const { player, host, shell, started } = await page();
    player.typeLine('uptime');
    expect(player.transcript.lines.at(-1)).toMatchObject({ kind: 'typed', text: 'uptime' });
    await vi.waitFor(() => expect(host.told.at(-1)).toEqual(line));
    host.say({ type: 'beyond', message: line });
    player.send({ type: 'pause' });
    await vi.waitFor(() => expect(host.told.at(-1)).toEqual({ type: 'pause' }));
    host.say({ type: 'beyond', message: { type: 'pause' } });
    expect(started).toEqual(['host', 'shell']);
    expect(host.told.map(({ type }) => type)).not.toContain('leave');
    await vi.waitFor(() => {
      shell.say({ type: 'awake', whole: true });
      expect(host.told.at(-1)).toEqual({ type: 'leave' });
    });
    player.send({ type: 'play', speed: 1 });
    await Promise.resolve();
    host.say({ type: 'left', run: left });
    await vi.waitFor(() => expect(shell.told).toHaveLength(5));
    expect(shell.told.slice(1)).toEqual([
      { type: 'adopt', run: left },
      line,
      { type: 'pause' },
      { type: 'play', speed: 1 },
    ]);
    expect(host.ended).toBe(true);
    player.send({ type: 'pause' });
    await vi.waitFor(() => expect(shell.told.at(-1)).toEqual({ type: 'pause' }));
  });

  it('fetches the shell before anybody has typed, when it is told to prepare', async () => {
    const { player, host, shell } = await page();
    player.prepare();
    await vi.waitFor(() => {
      shell.say({ type: 'awake', whole: true });
      expect(host.told.at(-1)).toEqual({ type: 'leave' });
    });
    host.say({ type: 'left', run: left });
    await vi.waitFor(() => expect(shell.told.at(-1)).toEqual({ type: 'adopt', run: left }));
  });

  it('says so when the shell cannot be had, answers questions with nothing, and goes on', async () => {
    const { player, host, heard } = await page(false);
    const words = player.complete('eth', 3);
    await vi.waitFor(() => expect(host.told.at(-1)?.type).toBe('complete'));
    host.say({ type: 'beyond', message: host.told.at(-1)! });
    expect(await words).toMatchObject({ words: [] });
    expect(host.told.at(-1)).toEqual({ type: 'stay' });
    expect(heard.filter((message) => message.type === 'failed')).toHaveLength(1);
  });
});
