/// The program of the page's worker: the player, and every scenario it may be asked for.
import { serveHere } from '../src/player/worker.ts';
import { scenarioNamed } from './index.ts';

serveHere(scenarioNamed);
