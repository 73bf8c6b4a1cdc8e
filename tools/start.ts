/// Prints the start of a scenario as text: what `virtual:start/SLUG` holds.
import { startOf } from '../src/player/open_run.ts';
import { scenarioNamed } from '../simulations/index.ts';

const slug = process.argv[2] ?? '';
const scenario = scenarioNamed(slug);
if (!scenario) throw new Error(`no scenario is called "${slug}"`);
process.stdout.write(startOf(scenario));
