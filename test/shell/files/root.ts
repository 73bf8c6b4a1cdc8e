/// Contexts for tests of the file system: somebody on a host with a fresh session.
import type { Kernel } from '../../../src/kernel/state.ts';
import type { FsContext } from '../../../src/shell/filesystem.ts';
import { newSession } from '../../../src/shell/new_session.ts';

export function rootOn(k: Kernel): FsContext {
  return { k, session: newSession(k, 'root'), uid: 0 };
}

export function aliceOn(k: Kernel): FsContext {
  return { k, session: newSession(k, 'alice'), uid: 1000 };
}
