/// npm run conformance -- transcripts|vectors [--dir DIR] [--only GLOB] [--verbose] [--json] [--baseline]
///
/// Compares the simulated host with recorded ones, and its algorithms with the real kernel's.
/// --baseline: fail when a figure is below test/reference/baseline.json; with --raise, write today's.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parseRecorded } from './conformance/recorded.ts';
import { replay, total, type SessionScore } from './conformance/transcripts.ts';
import { runVectors, type VectorScore } from './conformance/vectors.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const baselineFile = join(root, 'test/reference/baseline.json');
const usage =
  'usage: conformance transcripts|vectors [--dir DIR] [--only GLOB] [--verbose] [--json] [--baseline] [--raise]';

interface Baseline {
  transcripts: { exact: number; shape: number; exit: number };
  vectors: Record<string, number>; // cases passed, by file
}

const { values, positionals } = options();
const what = positionals[0] as 'transcripts' | 'vectors';
const dir = values.dir ?? join(root, 'test/reference', what);
if (!existsSync(dir)) stop(`conformance: ${dir}: no such folder`);
const files = readdirSync(dir)
  .filter((name) => name.endsWith('.json') && matches(name.replace(/\.json$/, ''), values.only))
  .sort();
if (what === 'transcripts') transcripts();
else await vectors();

function transcripts(): void {
  const scores = files.map((file) =>
    replay(parseRecorded(readFileSync(join(dir, file), 'utf8'), file), values.verbose === true),
  );
  const sum = total(scores);
  if (values.json) console.log(JSON.stringify({ sessions: scores, total: sum }));
  else for (const score of scores) console.log(row(score));
  if (values.baseline) {
    const floor = baseline().transcripts;
    holds('exact lines', sum.exact, floor.exact);
    holds('shape lines', sum.shape, floor.shape);
    holds('exit codes', sum.exit, floor.exit);
    const { exact, shape, exit } = sum;
    if (values.raise) save({ ...baseline(), transcripts: { exact, shape, exit } });
  }
  console.log(
    `steps whose tools and forms are modelled here: shape ${sum.known.shape}/${sum.known.lines}`,
  );
  console.log(
    `transcripts: exact ${sum.exact}/${sum.lines} shape ${sum.shape}/${sum.lines} exit ${sum.exit}/${sum.steps}`,
  );
}

async function vectors(): Promise<void> {
  const scores: VectorScore[] = [];
  for (const file of files) scores.push(await runVectors(join(dir, file), values.verbose === true));
  const passed = scores.reduce((sum, score) => sum + score.passed, 0);
  const cases = scores.reduce((sum, score) => sum + score.cases, 0);
  if (values.json) console.log(JSON.stringify({ files: scores, passed, cases }));
  else
    for (const { name, passed, cases, modelled } of scores)
      console.log(`${name.padEnd(24)} ${passed}/${cases}${modelled ? '' : '  not modelled yet'}`);
  if (values.baseline) {
    for (const score of scores)
      holds(score.name, score.passed, baseline().vectors[score.name] ?? 0);
    if (values.raise)
      save({ ...baseline(), vectors: Object.fromEntries(scores.map((s) => [s.name, s.passed])) });
  }
  console.log(`vectors: ${passed}/${cases}`);
}

function row(score: SessionScore): string {
  const share = (part: number, whole: number) =>
    `${((100 * part) / Math.max(1, whole)).toFixed(0)} %`.padStart(6);
  return `${score.id.padEnd(32)} exact ${share(score.exact, score.lines)} shape ${share(score.shape, score.lines)} exit ${score.exit}/${score.steps}`;
}

function baseline(): Baseline {
  if (!existsSync(baselineFile))
    return { transcripts: { exact: 0, shape: 0, exit: 0 }, vectors: {} };
  return JSON.parse(readFileSync(baselineFile, 'utf8')) as Baseline;
}

function save(next: Baseline): void {
  writeFileSync(baselineFile, JSON.stringify(next, null, 1) + '\n');
}

function holds(name: string, now: number, floor: number): void {
  if (now >= floor) return;
  console.error(`${name}: ${now}, below the baseline of ${floor}`);
  process.exitCode = 1;
}

/// A glob with * and ? against a name; no pattern matches all.
function matches(name: string, glob: string | undefined): boolean {
  if (glob === undefined) return true;
  const pattern = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${pattern}$`).test(name);
}

function options() {
  try {
    const parsed = parseArgs({
      allowPositionals: true,
      options: {
        dir: { type: 'string' },
        only: { type: 'string' },
        verbose: { type: 'boolean' },
        json: { type: 'boolean' },
        baseline: { type: 'boolean' },
        raise: { type: 'boolean' },
      },
    });
    if (!['transcripts', 'vectors'].includes(parsed.positionals[0] ?? '')) stop(usage);
    return parsed;
  } catch (error) {
    return stop(`conformance: ${(error as Error).message}\n${usage}`);
  }
}

function stop(text: string): never {
  console.error(text);
  process.exit(2);
}
