/// Share links: a run as the hash of a page's address, readable for simple runs:
///   #v=1&sim=rx-ring&seed=7&t=520us&rx=256&c=ethtool+-G+eth0+rx+4096@480us
/// A knob's command stands by the knob's name and value; a command typed in the terminal is `c`, one
/// typed by another control of the page `k`, Ctrl-C `i`, a line that a running command read `a`. `@480us` is the virtual time, left out at 0; `+3` after it counts the breaths of the
/// command then running. The same text is kept when a reader moves to another page.
/// Any text can be decoded: what is broken becomes a notice and a fresh run, never an exception.
import type { Entry, RunState } from './protocol.ts';
import type { Knob, Scenario } from './scenario.ts';

export const linkLimits = {
  chars: 16_000, // of the whole link
  entries: 200,
  line: 2_000, // characters of one command line
  time_ns: 600_000_000_000, // ten minutes: a link is played from its start
  breaths: 1_000_000,
};

export interface Decoded {
  readonly run: RunState;
  readonly notice: string; // '' when the link was whole
}

/// The run that a scenario starts with.
export function freshRun(scenario: Scenario): RunState {
  return { scenario: scenario.slug, seed: scenario.seed, entries: [], at_ns: 0 };
}

/// The link of a run, beginning with '#'; '' and a notice when the run is too long for one.
export function encodeLink(run: RunState, scenario: Scenario): { hash: string; notice: string } {
  const typed = run.entries.filter((entry) => entry.from !== 'setup');
  const words = [
    'v=1',
    `sim=${run.scenario}`,
    `seed=${run.seed}`,
    `t=${timeWord(run.at_ns)}`,
    ...typed.map((entry) => entryWord(entry, scenario)),
  ];
  const hash = `#${words.join('&')}`;
  const fits =
    hash.length <= linkLimits.chars &&
    typed.length <= linkLimits.entries &&
    run.at_ns <= linkLimits.time_ns &&
    typed.every(
      (entry) => entry.line.length <= linkLimits.line && entry.at_ns <= linkLimits.time_ns,
    );
  return fits ? { hash, notice: '' } : { hash: '', notice: 'This run is too long for a link.' };
}

/// What a page keeps of a run until the reader comes back. Of a live host, which went on for ever,
/// only what was typed is told again, a tenth of a second apart: so it is there at once.
export function storedText(run: RunState, scenario: Scenario): string {
  if (scenario.zoom === 'microscope') return encodeLink(run, scenario).hash;
  const typed = run.entries.filter((entry) => entry.from !== 'setup');
  let at_ns = 0;
  const entries = typed.map((entry, i): Entry => {
    const gap_ns = entry.at_ns - (typed[i - 1]?.at_ns ?? 0);
    at_ns += Math.min(gap_ns, 100_000_000);
    return { ...entry, at_ns };
  });
  return encodeLink({ ...run, entries, at_ns }, scenario).hash;
}

/// The run that a link tells, for a page of `scenario`. Total: any text gives a run.
export function decodeLink(link: string, scenario: Scenario): Decoded {
  const fresh = (why: string): Decoded => ({
    run: freshRun(scenario),
    notice: `The link could not be read (${why}): this is a fresh run.`,
  });
  const text = link.replace(/^#/, '');
  if (text === '') return { run: freshRun(scenario), notice: '' };
  if (text.length > linkLimits.chars) return fresh('it is too long');
  const pairs = text.split('&').map(pairOf);
  const version = pairs.find(([key]) => key === 'v')?.[1];
  if (version !== '1')
    return fresh(version === undefined ? 'it has no version' : 'another version');
  const sim = pairs.find(([key]) => key === 'sim')?.[1];
  if (sim !== scenario.slug) return fresh('it belongs to another simulation');
  const found = { seed: scenario.seed, at_ns: 0, entries: [] as Entry[] };
  for (const [key, value] of pairs) {
    const fault = value === null ? 'a wrong escape' : readPair(found, key, value, scenario);
    if (fault !== '') return fresh(fault);
  }
  if (found.entries.length > linkLimits.entries) return fresh('too many commands');
  if (found.entries.some((entry, i) => i > 0 && entry.at_ns < found.entries[i - 1]!.at_ns)) {
    return fresh('the commands are not in the order of their times');
  }
  return { run: { scenario: scenario.slug, ...found }, notice: '' };
}

/// A knob's name and value when the line is one that it types.
export function knobOf(scenario: Scenario, line: string): { knob: Knob; value: number } | null {
  for (const knob of scenario.knobs) {
    const value = knob.values.find((stop) => knob.command(stop) === line);
    if (value !== undefined) return { knob, value };
  }
  return null;
}

/// A time in the largest unit that says it exactly: 520us, 1500ns, 2s.
export function timeWord(ns: number): string {
  if (ns % 1_000_000_000 === 0) return `${ns / 1_000_000_000}s`;
  if (ns % 1_000_000 === 0) return `${ns / 1_000_000}ms`;
  if (ns % 1_000 === 0) return `${ns / 1_000}us`;
  return `${ns}ns`;
}

/// Nanoseconds of such a word; null when it is none or beyond the limit.
export function timeOf(word: string): number | null {
  const parts = /^([0-9]{1,15})(ns|us|ms|s)$/.exec(word);
  if (!parts) return null;
  const unit = { ns: 1, us: 1_000, ms: 1_000_000, s: 1_000_000_000 }[parts[2] as 'ns'];
  const ns = Number(parts[1]) * unit;
  return ns <= linkLimits.time_ns ? ns : null;
}

/// A line as a run holds it: lone surrogates, which no link can carry, become U+FFFD.
export function wellFormed(line: string): string {
  return line.replace(
    /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g,
    '\uFFFD',
  );
}

function readPair(
  found: { seed: number; at_ns: number; entries: Entry[] },
  key: string,
  value: string,
  scenario: Scenario,
): string {
  if (key === 'v' || key === 'sim') return '';
  if (key === 'seed') {
    found.seed = /^[0-9]{1,10}$/.test(value) ? Number(value) : -1;
    return found.seed >= 0 && found.seed <= 0xffff_ffff ? '' : 'the seed is not a number';
  }
  if (key === 't') {
    const at = timeOf(value);
    if (at === null) return 'the time is not one';
    found.at_ns = at;
    return '';
  }
  const entry = entryOf(key, value, scenario);
  if (typeof entry === 'string') return entry;
  found.entries.push(entry);
  return '';
}

/// The entry of one `key=value`, or what is wrong with it.
function entryOf(key: string, value: string, scenario: Scenario): Entry | string {
  const parts = /^([^]*?)(?:@([0-9]+(?:ns|us|ms|s))(?:\+([0-9]{1,7}))?)?$/.exec(value);
  const at_ns = parts?.[2] === undefined ? 0 : timeOf(parts[2]);
  const breaths = parts?.[3] === undefined ? {} : { breaths: Number(parts[3]) };
  if (at_ns === null || Number(parts?.[3] ?? 0) > linkLimits.breaths)
    return 'a time is out of range';
  const text = parts?.[1] ?? '';
  if (text.length > linkLimits.line) return 'a command is too long';
  if (key === 'c') return { at_ns, line: text, from: 'terminal', ...breaths };
  if (key === 'k') return { at_ns, line: text, from: 'knob', ...breaths };
  if (key === 'a') return { at_ns, line: text, from: 'answer', ...breaths };
  if (key === 'i' && text === '') return { at_ns, line: '\u0003', from: 'terminal', ...breaths };
  const knob = scenario.knobs.find((one) => one.name === key);
  if (!knob) return `it sets “${key.slice(0, 40)}”, which this simulation does not have`;
  const stop = knob.values.find((one) => String(one) === text);
  if (stop === undefined) return `${key} cannot be “${text.slice(0, 40)}”`;
  return { at_ns, line: knob.command(stop), from: 'knob', ...breaths };
}

function entryWord(entry: Entry, scenario: Scenario): string {
  const breaths = entry.breaths === undefined ? '' : `+${entry.breaths}`;
  const time = entry.at_ns === 0 && breaths === '' ? '' : `@${timeWord(entry.at_ns)}${breaths}`;
  if (entry.line === '\u0003') return `i=${time || '@0s'}`;
  const knob = entry.from === 'knob' ? knobOf(scenario, entry.line) : null;
  if (knob) return `${knob.knob.name}=${knob.value}${time}`;
  const key = { terminal: 'c', knob: 'k', answer: 'a', setup: 'c' }[entry.from];
  // A line that itself ends like a time needs the time written out.
  const ambiguous = /@[0-9]+(?:ns|us|ms|s)(?:\+[0-9]{1,7})?$/.test(entry.line);
  return `${key}=${escape(entry.line)}${time === '' && ambiguous ? '@0s' : time}`;
}

/// Percent-escapes what an address or a chat program could mistake, and leaves the rest readable.
function escape(line: string): string {
  return encodeURIComponent(wellFormed(line))
    .replace(/%20/g, '+')
    .replace(/%(2F|3A|2C|3D|40)/g, (code) => decodeURIComponent(code));
}

/// Splits at the first '='; the value is null when its escapes are broken.
function pairOf(text: string): [string, string | null] {
  const at = text.indexOf('=');
  const key = at < 0 ? text : text.slice(0, at);
  const value = at < 0 ? '' : text.slice(at + 1);
  try {
    // The '+' of a breath count follows the time; every other one stands for a blank.
    const [, line = '', tail = ''] =
      /^([^]*?)(@[0-9]+(?:ns|us|ms|s)\+[0-9]{1,7})?$/.exec(value) ?? [];
    return [key, decodeURIComponent(line.replace(/\+/g, ' ')) + tail];
  } catch {
    return [key, null];
  }
}
