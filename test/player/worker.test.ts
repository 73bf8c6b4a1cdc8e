import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ToWorker } from '../../src/player/protocol.ts';
import { Page } from './page.ts';

const ms = 1_000_000;

function page(scenario = 'rx-ring', link = '', stored = ''): Page {
  const made = new Page();
  made.send({ type: 'restore', scenario, link, stored });
  made.pass(2_000);
  expect(made.all('failed')).toEqual([]);
  return made;
}

describe('the worker', () => {
  it('shows a microscope at its beginning, with the whole curve, and then rests', () => {
    const here = page();
    expect(here.frame).toMatchObject({
      at_ns: 0,
      playing: false,
      known_ns: 9 * ms,
      length_ns: 9 * ms,
    });
    expect(here.frame.prediction?.answer).toBe(2);
    expect(here.frame.landmarks.find((mark) => mark.kind === 'drop')?.label).toBe(
      'hw:rx_queue_drops',
    );
    expect(here.all('prompt').at(-1)).toEqual({
      type: 'prompt',
      prompt: 'root@alder:~# ',
      status: 0,
    });
    expect(here.idle).toBe(true);
  });

  it('plays at the speed that is asked for, and stops at the end', () => {
    const here = page();
    here.send({ type: 'play', speed: 0.001 });
    here.pass(1_000);
    expect(here.frame.playing).toBe(true);
    expect(here.frame.at_ns / ms).toBeCloseTo(1, 1);
    here.pass(10_000);
    expect(here.frame).toMatchObject({ at_ns: 9 * ms, playing: false });
    expect(here.idle).toBe(true);
  });

  it('plays from the beginning again when it stands at the end', () => {
    const here = page();
    here.send({ type: 'seek', at_ns: 9 * ms });
    here.pass(100);
    here.send({ type: 'play', speed: 0.001 });
    here.pass(500);
    expect(here.frame.at_ns / ms).toBeCloseTo(0.5, 1);
  });

  it('posts at most 30 frames a second while a live host plays in real time', () => {
    const here = page('live-host');
    const before = here.all('frame').length;
    here.pass(1_000);
    expect(here.all('frame').length - before).toBeLessThanOrEqual(31);
    expect(here.all('frame').length - before).toBeGreaterThan(20);
    expect(here.frame.at_ns / ms).toBeGreaterThan(2_500);
    expect(here.frame.lanes?.cpus).toHaveLength(8);
  });

  it('names the functions that this traffic meets: UDP’s, not TCP’s', () => {
    const here = page('live-host');
    here.pass(1_000);
    const words = here.all('frame').flatMap(({ frame }) => frame.cpus.map((cpu) => cpu.words));
    expect(words).toContain('udp-sink in udp_recvmsg');
    expect(words.filter((each) => /tcp/.test(each))).toEqual([]);
  });

  it('does nothing while nobody looks', () => {
    const here = page('live-host');
    here.send({ type: 'hidden', hidden: true });
    here.pass(100);
    const { length } = here.heard;
    here.pass(10_000);
    expect(here.heard).toHaveLength(length);
    const left_ns = here.frame.at_ns;
    here.send({ type: 'hidden', hidden: false });
    here.pass(200);
    expect(here.frame.at_ns - left_ns).toBeGreaterThan(50 * ms);
    expect(here.frame.at_ns - left_ns).toBeLessThan(400 * ms);
  });

  it('lets a paused run play on while a command sleeps, a second of the reader at most', () => {
    const here = page('live-host');
    here.send({ type: 'pause' });
    here.send({ type: 'type', line: 'traffic stop all', from: 'terminal' });
    here.pass(100);
    const before_ns = here.frame.at_ns;
    here.send({ type: 'type', line: 'sleep 3; echo awake', from: 'terminal' });
    here.pass(500);
    expect(here.frame).toMatchObject({ playing: true, busy: true });
    here.pass(20_000);
    expect(here.printed).toEqual(['awake']);
    expect(here.frame).toMatchObject({ playing: false, busy: false });
    expect(here.frame.at_ns - before_ns).toBe(3_000 * ms);
  });

  it('stops a sleeping command with the run, and goes on with it', () => {
    const here = page();
    here.send({ type: 'seek', at_ns: ms });
    here.pass(100);
    here.send({ type: 'type', line: 'sleep 1; echo awake', from: 'terminal' });
    here.pass(200);
    here.send({ type: 'pause' });
    here.pass(5_000);
    expect(here.frame).toMatchObject({ playing: false, busy: true });
    expect(here.printed).toEqual([]);
    here.send({ type: 'interrupt' });
    here.pass(200);
    expect(here.frame.busy).toBe(false);
    expect(here.all('prompt').at(-1)?.status).toBe(130);
  });

  it('shares a moment that another page opens', () => {
    const here = page();
    here.send({ type: 'seek', at_ns: 1_500_000 });
    here.pass(100);
    here.send({ type: 'type', line: 'ethtool -C eth0 rx-usecs 50', from: 'knob' });
    here.send({ type: 'type', line: 'cat /proc/interrupts | grep eth0-TxRx-4', from: 'terminal' });
    here.pass(500);
    here.send({ type: 'share', id: 1 });
    const [{ hash } = { hash: '' }] = here.all('shared');
    expect(hash).toBe(
      '#v=1&sim=rx-ring&seed=7&t=1500us&usecs=50@1500us&c=cat+/proc/interrupts+%7C+grep+eth0-TxRx-4@1500us',
    );
    const there = page('rx-ring', hash);
    expect(there.frame).toMatchObject({
      at_ns: 1_500_000,
      ledger: here.frame.ledger,
      scene: here.frame.scene,
    });
    expect(there.printed).toEqual(expect.arrayContaining(here.printed));
  });

  it('finds the run again that was stored', () => {
    const here = page();
    here.send({ type: 'type', line: 'x=42', from: 'terminal' });
    here.pass(500);
    const stored = here.all('store').at(-1)?.text ?? '';
    const back = page('rx-ring', '', stored);
    back.send({ type: 'type', line: 'echo $x', from: 'terminal' });
    back.pass(500);
    expect(back.printed.at(-1)).toBe('42');
  });

  it('gives a notice and a fresh run for a broken link', () => {
    const here = page('rx-ring', '#v=1&sim=rx-ring&rx=banana');
    expect(here.all('notice')).toHaveLength(1);
    expect(here.frame.at_ns).toBe(0);
  });

  it('steps through the traced steps, forwards and backwards', () => {
    const here = page();
    const drop = here.frame.landmarks.find((mark) => mark.kind === 'drop');
    here.send({ type: 'seek', at_ns: drop?.at_ns ?? 0 });
    here.pass(100);
    expect(here.frame.step).toMatchObject({
      step: 'IN-03',
      cpu: -1,
      reason: 'hw:rx_queue_drops',
      at_ns: drop?.at_ns,
    });
    const there = here.frame.step;
    here.send({ type: 'step', direction: 1 });
    here.pass(100);
    expect(here.frame.step).not.toEqual(there);
    expect(here.frame.step?.at_ns).toBeGreaterThanOrEqual(drop?.at_ns ?? 0);
    here.send({ type: 'step', direction: -1 });
    here.pass(100);
    expect(here.frame.step).toEqual(there);
  });

  it('takes back the samples that a typed line cuts off', () => {
    const here = page();
    here.send({ type: 'seek', at_ns: 3 * ms });
    here.pass(100);
    here.send({ type: 'type', line: 'ethtool -C eth0 rx-usecs 3', from: 'knob' });
    const cut = here.all('series').at(-1);
    expect(cut?.from).toBe(300);
    expect(cut?.samples.values[0]).toEqual([]);
    here.pass(2_000);
    expect(
      here
        .all('series')
        .slice(here.all('series').indexOf(cut!) + 1)
        .flatMap((one) => one.samples.values[0] ?? []),
    ).toHaveLength(601);
  });

  it('answers completions and explanations', () => {
    const here = page();
    here.send({ type: 'complete', id: 3, line: 'ethto', cursor: 5 });
    here.send({ type: 'explain', id: 4, ref: 'tunable:net.core.netdev_budget' });
    here.send({ type: 'explain', id: 5, ref: 'counter:nonsense' });
    expect(here.all('completions')[0]).toMatchObject({ id: 3, from: 0, words: ['ethtool'] });
    expect(here.all('explained').map((one) => one.card?.value ?? null)).toEqual(['300', null]);
  });

  it('survives any order of messages', () => {
    const message = fc.oneof(
      fc.record({
        type: fc.constant('play' as const),
        speed: fc.constantFrom(0.001, 1, -1, Infinity),
      }),
      fc.record({
        type: fc.constant('seek' as const),
        at_ns: fc.constantFrom(0, 1.5 * ms, 9 * ms, 1_234_567.8, -5),
      }),
      fc.record({
        type: fc.constant('step' as const),
        direction: fc.constantFrom(1 as const, -1 as const),
      }),
      fc.record({
        type: fc.constant('type' as const),
        line: fc.constantFrom(
          'sleep 0.001',
          'read x',
          'ethtool -G eth0 rx 512',
          'exit',
          '(sleep 0.002; echo x) &',
          '|',
        ),
        from: fc.constantFrom('terminal' as const, 'knob' as const),
      }),
      fc.constantFrom<ToWorker>(
        { type: 'pause' },
        { type: 'interrupt' },
        { type: 'answer', line: 'yes' },
        { type: 'hidden', hidden: true },
        { type: 'hidden', hidden: false },
        { type: 'share', id: 1 },
        { type: 'columns', columns: NaN },
      ),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(message, fc.integer({ min: 0, max: 60 })), { maxLength: 12 }),
        (script) => {
          const here = page();
          for (const [sent, wall_ms] of script) {
            here.send(sent);
            here.pass(wall_ms);
          }
          return here.all('failed').length === 0;
        },
      ),
      { numRuns: 25 },
    );
  });
});
