/// The worker's program that every page begins with: a fresh run of any scenario, from its start, to
/// play and to seek. It has no shell, no boot and no registries.
import { serveHere } from '../src/player/worker.ts';
import { scenarioNamed } from './index.ts';

serveHere(scenarioNamed, null);
