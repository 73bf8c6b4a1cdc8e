/// npm run fuzz -- [--lines N] [--links N] [--seed N]
/// The long form of the fuzz slice in the tests: 100,000 lines and 10,000 links unless said otherwise.
import { parseArgs } from 'node:util';
import { fuzzLines, fuzzLinks, type Findings } from './fuzz/fuzz.ts';

const { values } = parseArgs({
  options: { lines: { type: 'string' }, links: { type: 'string' }, seed: { type: 'string' } },
});
const seed = Number(values.seed ?? 1);
const clock = () => performance.now();
report('command lines', fuzzLines(Number(values.lines ?? 100_000), seed, clock));
report('share links', fuzzLinks(Number(values.links ?? 10_000), seed, clock));

function report(what: string, { tried, failures, slowest_ms, slowest }: Findings): void {
  for (const failure of failures.slice(0, 20)) console.log(failure);
  console.log(
    `${what}: ${tried} tried, ${failures.length} failed; slowest ${slowest_ms.toFixed(0)} ms: ${JSON.stringify(slowest.slice(0, 200))}`,
  );
  if (failures.length > 0) process.exitCode = 1;
}
