/// The worker's program with the shell: whatever is typed on the host. A page fetches it when somebody
/// types, or opens a run in which somebody has typed.
import { openRun, takeOver } from '../src/player/open_run.ts';
import { serveHere } from '../src/player/worker.ts';
import { scenarioNamed } from './index.ts';

serveHere(scenarioNamed, { openRun, takeOver });
