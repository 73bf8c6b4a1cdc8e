/// `npm run sim -- SCENARIO [--seed N] [--set KNOB=VALUE]... [--until TIME] [--json]`: runs a scenario
/// to its end and prints its ledger, its counters and the digest of the host. The same words give the
/// same bytes.
import { digest } from '../src/engine/digest.ts';
import { checkLedger, ledgerOf } from '../src/kernel/ledger.ts';
import { cpuTimes } from '../src/kernel/piece.ts';
import type { Kernel } from '../src/kernel/state.ts';
import { finish } from '../src/player/console.ts';
import { openRun } from '../src/player/open_run.ts';
import type { Entry, OutputChunk } from '../src/player/protocol.ts';
import { seek } from '../src/player/run.ts';
import type { Run } from '../src/player/run.ts';
import type { Scenario } from '../src/player/scenario.ts';
import { timeOf, timeWord } from '../src/player/share.ts';
import { scenarioNamed, scenarios } from '../simulations/index.ts';

interface Wish {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly entries: readonly Entry[];
  readonly until_ns: number;
  readonly json: boolean;
}

/// What was asked for, or what is wrong with it.
function parse(words: readonly string[]): Wish | string {
  const [slug, ...options] = words;
  if (slug === undefined || slug.startsWith('-')) return `name a scenario: ${names()}`;
  const scenario = scenarioNamed(slug);
  if (!scenario) return `no scenario "${slug}"; there are ${names()}`;
  let seed = scenario.seed;
  let until_ns = scenario.length_ns;
  let json = false;
  const entries: Entry[] = [];
  for (let i = 0; i < options.length; i++) {
    const option = options[i];
    if (option === '--json') {
      json = true;
      continue;
    }
    const value = options[++i];
    if (option !== '--seed' && option !== '--set' && option !== '--until')
      return `unknown option "${option}"`;
    if (value === undefined) return `${option} needs a value`;
    if (option === '--seed') {
      if (!/^[0-9]{1,9}$/.test(value))
        return `"${value}" is not a seed: a number of up to nine digits`;
      seed = Number(value);
    } else if (option === '--until') {
      const time = timeOf(value);
      if (time === null) return `"${value}" is not a time: 520us, 3ms, 2s`;
      until_ns = time;
    } else {
      const entry = setting(scenario, value);
      if (typeof entry === 'string') return entry;
      entries.push(entry);
    }
  }
  return { scenario, seed, entries, until_ns, json };
}

/// The command that `--set KNOB=VALUE` types at moment 0.
function setting(scenario: Scenario, text: string): Entry | string {
  const [name, value, ...rest] = text.split('=');
  const knob = scenario.knobs.find((one) => one.name === name);
  if (!knob)
    return `${scenario.slug} has no knob "${name}"; it has ${scenario.knobs.map((one) => one.name).join(', ')}`;
  const stop = knob.values.find((one) => String(one) === value);
  if (stop === undefined || rest.length > 0)
    return `${knob.name} cannot be "${value ?? ''}"; it can be ${knob.values.join(', ')}`;
  return { at_ns: 0, line: knob.command(stop), from: 'knob' };
}

function names(): string {
  return scenarios.map((scenario) => scenario.slug).join(', ');
}

type CpuTime = ReturnType<typeof cpuTimes>;

/// Each CPU's time by context since boot, ns.
function cpuTime(k: Kernel): CpuTime[] {
  return k.cpus.map((cpu) => cpuTimes(k, cpu));
}

function less(time: CpuTime, before: CpuTime | undefined): CpuTime {
  const since = { ...time };
  for (const context of Object.keys(time) as (keyof CpuTime)[])
    since[context] -= before?.[context] ?? 0;
  return since;
}

/// The end of a run as plain data.
function report(run: Run, wish: Wish, before: readonly CpuTime[], printed: readonly OutputChunk[]) {
  const { k } = run.machine.host;
  return {
    scenario: wish.scenario.slug,
    seed: wish.seed,
    until: timeWord(wish.until_ns),
    settings: Object.fromEntries(wish.scenario.knobs.map((knob) => [knob.name, knob.read(k)])),
    ledger: ledgerOf(k),
    counters: {
      interrupts: Object.fromEntries(
        k.devs
          .filter((dev) => dev.driver !== '')
          .map((dev) => [dev.name, dev.rx.map((queue) => queue.interrupts)]),
      ),
      time_squeeze: k.cpus.map((cpu) => cpu.time_squeeze),
      processed: k.cpus.map((cpu) => cpu.processed),
      cpu_ns_since_moment_0: cpuTime(k).map((time, cpu) => less(time, before[cpu])),
      mib: Object.fromEntries(Object.entries(k.mib).filter(([, value]) => value !== 0)),
    },
    printed: printed.filter((chunk) => chunk.stream === 'err').map((chunk) => chunk.text),
    prediction: run.prediction,
    digest: digest(k),
  };
}

/// The report as text for people.
function table(end: ReturnType<typeof report>): string {
  const rows: [string, string | number][] = [
    ['scenario', `${end.scenario}, seed ${end.seed}, ${end.until}`],
    ...Object.entries(end.settings),
    ['offered', end.ledger.offered],
    ['delivered', end.ledger.delivered],
    ...end.ledger.queued.map((row): [string, number] => [`queued, ${row.where}`, row.packets]),
    ...end.ledger.dropped.map((row): [string, number] => [`dropped, ${row.reason}`, row.packets]),
    ...Object.entries(end.counters.interrupts).map(([dev, counts]): [string, string] => [
      `interrupts, ${dev}`,
      counts.join(' '),
    ]),
    ['time_squeeze, by CPU', end.counters.time_squeeze.join(' ')],
    ...(end.prediction ? [['answer', end.prediction.why] as [string, string]] : []),
    ['digest', end.digest],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

const wish = parse(process.argv.slice(2));
if (typeof wish === 'string') {
  console.error(`sim: ${wish}`);
  process.exit(2);
}
const printed: OutputChunk[] = [];
const { scenario, seed, entries, until_ns } = wish;
const run = openRun(
  scenario,
  { scenario: scenario.slug, seed, entries, at_ns: 0 },
  (_from, chunk) => {
    printed.push(chunk);
  },
);
finish(run);
const before = cpuTime(run.machine.host.k);
seek(run, run.origin_ns + until_ns);
finish(run);
checkLedger(run.machine.host.k);
const end = report(run, wish, before, printed);
console.log(wish.json ? JSON.stringify(end, null, 2) : table(end));
