import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import smallProgram from '../../tools/small_program.mjs';
import { describe, expect, it } from 'vitest';
import { digest } from '../../src/engine/digest.ts';
import { frameOf } from '../../src/player/frame.ts';
import { machineAt } from '../../src/player/snapshots.ts';
import { openRun, startOf } from '../../src/player/open_run.ts';
import type { Frame, FromWorker, LeftRun, ToWorker } from '../../src/player/protocol.ts';
import { beginRun, hostTime, seek, traceFor, work } from '../../src/player/run.ts';
import type { Run } from '../../src/player/run.ts';
import type { Scenario } from '../../src/player/scenario.ts';
import { freshRun } from '../../src/player/share.ts';
import { unpackStart } from '../../src/player/start.ts';
import { stepAt } from '../../src/player/steps.ts';
import { scenarioNamed, scenarios as all } from '../../simulations/index.ts';
import { Page } from './page.ts';

const scenarios = all.filter((scenario) => !scenario.whole);
const ms = 1_000_000;
const silent = (): void => undefined;

function fromStart(scenario: Scenario): Run {
  const { snapshot } = unpackStart(startOf(scenario), scenario);
  const machine = machineAt(snapshot, traceFor(scenario), null);
  return beginRun(scenario, freshRun(scenario), machine, silent);
}

/// Shows a moment, counted as the page does, and gives all that a page may see of it.
function shown(run: Run, page_ns: number): unknown {
  seek(run, hostTime(run, page_ns));
  work(run, () => false);
  const frame = frameOf(run, { playing: false, pace: 1, step: stepAt(run, null) });
  return { frame, digest: digest(run.machine.host.k) };
}

/// The small program, with a page that has opened a fresh run.
function small(slug: string, link = ''): Page {
  const page = new Page(null, startOf(scenarioNamed(slug)!));
  page.send({ type: 'restore', scenario: slug, link, stored: '' });
  return page.pass(1_000);
}

function whole(slug: string): Page {
  const page = new Page();
  page.send({ type: 'restore', scenario: slug, link: '', stored: '' });
  return page.pass(1_000);
}

/// What the page does when the small program sends a message back.
function change(from: Page): Page {
  from.send({ type: 'leave' });
  const to = new Page();
  const run: LeftRun | null = from.all('left').at(-1)!.run;
  to.send({ type: 'adopt', run });
  for (const { message } of from.all('beyond')) to.send(message);
  return to.pass(1_000);
}

const type = (line: string): ToWorker => ({ type: 'type', line, from: 'terminal' });

describe.each(scenarios.map((scenario) => [scenario.slug, scenario] as const))(
  'the small program with %s',
  (_slug, scenario) => {
    it('shows what the whole one shows', () => {
      const light = fromStart(scenario);
      const full = openRun(scenario, freshRun(scenario), silent);
      for (const share of [0, 0.3, 0.301, 0.9, 0.1])
        expect(shown(light, scenario.length_ns * share)).toEqual(
          shown(full, scenario.length_ns * share),
        );
    });
  },
);

describe('the small program', () => {
  it('plays, steps and shares, and knows the prompt', () => {
    const here = small('rx-ring');
    expect(here.all('prompt').at(-1)?.prompt).toBe('root@alder:~# ');
    here.send({ type: 'play', speed: 0.001 });
    here.pass(20_000);
    expect(here.frame).toMatchObject({ at_ns: 9 * ms, playing: false });
    here.send({ type: 'step', direction: -1 });
    here.pass(100);
    expect(here.frame.step?.step).toMatch(/^IN-/);
    here.send({ type: 'share', id: 1 });
    expect(here.all('shared')[0]?.hash).toMatch(/^#v=1&sim=rx-ring&seed=7&t=/);
    expect([...here.all('beyond'), ...here.all('failed')]).toEqual([]);
  });

  it('begins again from the start, and sends back a run with another seed', () => {
    const here = small('rx-ring');
    const open = (seed: number): ToWorker => ({
      type: 'open',
      run: { scenario: 'rx-ring', seed, entries: [], at_ns: 0 },
    });
    here.send({ type: 'seek', at_ns: ms });
    here.pass(100);
    here.send(open(7));
    here.pass(100);
    expect(here.frame.at_ns).toBe(0);
    here.send(open(8));
    expect(here.all('beyond')).toEqual([{ type: 'beyond', message: open(8) }]);
  });

  it('sends back a link in which somebody typed, and a broken one gives a notice', () => {
    const link = '#v=1&sim=rx-ring&seed=7&t=1ms&c=uptime';
    expect(small('rx-ring', link).all('beyond')[0]?.message).toMatchObject({ link });
    const there = change(small('rx-ring', link));
    expect(there.frame.at_ns).toBe(ms);
    expect(there.frame.entries.map((entry) => entry.line)).toContain('uptime');
    expect(small('rx-ring', '#v=1&sim=rx-ring&rx=x').all('notice')).toHaveLength(1);
  });

  it('sends back everything after a typed line, in order, and plays on', () => {
    const here = small('live-host');
    const sent: ToWorker[] = [type('x=1'), { type: 'pause' }, type('echo $x')];
    for (const message of sent) here.send(message);
    const before_ns = here.frame.at_ns;
    here.pass(200);
    expect(here.all('beyond').map(({ message }) => message)).toEqual(sent);
    expect(here.frame.at_ns).toBeGreaterThan(before_ns);
    const there = change(here);
    expect(there.printed).toEqual(['1']);
    expect(there.frame.playing).toBe(false);
    const still = here.heard.length;
    here.pass(1_000);
    expect(here.heard).toHaveLength(still);
  });

  it('goes on when the other program could not be had', () => {
    const here = small('rx-ring');
    here.send(type('uptime'));
    here.send({ type: 'stay' });
    here.send({ type: 'seek', at_ns: ms });
    here.pass(100);
    expect(here.frame.at_ns).toBe(ms);
    expect(here.all('prompt')).toHaveLength(2);
  });
});

describe('a run that was handed over', () => {
  it.each(scenarios.map(({ slug }) => slug))('stands where it stood: %s', (slug) => {
    const here = small(slug);
    here.send({ type: 'pause' });
    here.send({ type: 'seek', at_ns: 2.5 * ms });
    here.pass(2_000);
    const { frame } = here;
    const there = change(here);
    expect(there.frame).toEqual(frame);
    expect([...there.all('ready'), ...there.all('series')]).toEqual([]);
  });

  it('goes on as one that always had the shell', () => {
    const here = small('rx-ring');
    const always = whole('rx-ring');
    for (const page of [here, always]) {
      page.send({ type: 'seek', at_ns: 4 * ms });
      page.pass(100);
      page.send(type('ethtool -C eth0 rx-usecs 50; uptime'));
      page.pass(100);
    }
    const there = change(here);
    for (const at_ns of [8 * ms, ms, 6 * ms])
      for (const page of [there, always]) {
        page.send({ type: 'seek', at_ns });
        page.pass(500);
      }
    expect(there.frame).toEqual(always.frame);
    expect(there.printed).toEqual(always.printed);
    expect(there.all('prompt').at(-1)).toEqual(always.all('prompt').at(-1));
  });

  it('can be changed at moment 0, before the prelude', () => {
    const here = small('rx-ring');
    here.send({ type: 'type', line: 'ethtool -G eth0 rx 4096', from: 'knob' });
    const there = change(here);
    there.send({ type: 'seek', at_ns: 9 * ms });
    there.pass(500);
    expect(there.frame.knobs[0]).toBe(4096);
    expect(there.frame.ledger.dropped).toEqual([]);
  });
});

/// The small program as a page gets it.
async function built() {
  const input = fileURLToPath(new URL('../../simulations/host.worker.ts', import.meta.url));
  const build = await rolldown({ input, plugins: [smallProgram()] });
  const { output } = await build.generate({ format: 'iife', minify: true });
  return output[0];
}

describe('what a page loads', () => {
  it('has neither shell nor registries in the small program, and fits in its budget', async () => {
    const { code, modules } = await built();
    const strangers = Object.entries(modules)
      .filter(([, part]) => part.renderedLength > 0)
      .map(([id]) => id)
      .filter((id) =>
        /\/shell\/(?!command\.ts)|unbash|\/kernel\/(boot|counters|tunables|data)/.test(id),
      );
    expect(strangers).toEqual([]);
    const starts = scenarios.map((scenario) => gzipSync(startOf(scenario), { level: 9 }).length);
    expect(gzipSync(code, { level: 9 }).length + Math.max(...starts)).toBeLessThan(85_000);
  });

  it.each(scenarios.map((one) => [one.slug, one] as const))(
    'is whole: alone it runs %s',
    async (slug, scenario) => {
      const { code } = await built();
      const posted: FromWorker[] = [];
      const self: {
        postMessage: (message: FromWorker) => void;
        onmessage?: (event: { data: ToWorker }) => void;
      } = { postMessage: (message) => void posted.push(message) };
      let act: (() => void) | null = null;
      const setTimeout = (next: () => void): void => void (act = next);
      runInNewContext(code, { self, setTimeout, performance });
      const tell = (data: ToWorker): void => {
        self.onmessage?.({ data });
        for (let next = act; next; next = act) {
          act = null;
          next();
        }
      };
      tell({ type: 'start', start: startOf(scenario) });
      self.onmessage?.({ data: { type: 'restore', scenario: slug, link: '', stored: '' } });
      const at_ns = scenario.length_ns / 2;
      self.onmessage?.({ data: { type: 'pause' } });
      tell({ type: 'seek', at_ns });
      expect(posted.filter((message) => message.type === 'failed')).toEqual([]);
      const frame = posted.findLast((message) => message.type === 'frame')?.frame;
      const full = openRun(scenario, freshRun(scenario), silent);
      const expected = shown(full, at_ns) as { frame: Frame };
      expect(frame?.at_ns).toBe(expected.frame.at_ns);
      expect(JSON.stringify(frame?.ledger)).toBe(JSON.stringify(expected.frame.ledger));
      expect(JSON.stringify(frame?.scene)).toBe(JSON.stringify(expected.frame.scene));
    },
  );
});
