/// The same for a page: `digests` as a global.
import { digests } from './runs.ts';

Object.assign(globalThis, { digests });
