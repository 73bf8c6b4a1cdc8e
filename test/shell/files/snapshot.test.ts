import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { hosts } from '../../../src/hardware/hosts.ts';
import { boot } from '../../../src/kernel/boot.ts';
import { strerror } from '../../../src/kernel/errno.ts';
import { files } from '../../../src/shell/files.ts';
import type { FsContext } from '../../../src/shell/filesystem.ts';
import { rootOn } from './root.ts';

/// What was recorded of one file: see test/reference/transcripts/README.md.
interface Recorded {
  readonly mode: string;
  readonly content?: string;
  readonly unreadable?: boolean;
  readonly error?: string;
}

interface Snapshot {
  readonly files: Record<string, Recorded>;
  readonly links_and_dirs: readonly string[];
}

function snapshot(profile: string): Snapshot {
  const path = `test/reference/transcripts/snapshots/snapshot-${profile}.json`;
  return JSON.parse(readFileSync(path, 'utf8')) as Snapshot;
}

function content(io: FsContext, path: string): string {
  const read = files.read(io, path);
  if (typeof read === 'string') return strerror(read);
  return read.lines.map((line) => line.text + (line.nl ? '\n' : '')).join('');
}

function score(profile: string) {
  const host = hosts[profile];
  if (!host) throw new Error(`no host ${profile}`);
  const io = rootOn(boot(host, 1));
  const recorded = snapshot(profile);
  const found = { files: 0, exist: 0, mode: 0, content: 0, links: 0 };
  for (const [path, file] of Object.entries(recorded.files)) {
    found.files++;
    const stat = files.lstat(io, path);
    if (typeof stat === 'string') continue;
    found.exist++;
    if (stat.mode === Number.parseInt(file.mode.slice(2), 8)) found.mode++;
    if (file.unreadable || content(io, path) === (file.error ?? file.content)) found.content++;
  }
  for (const entry of recorded.links_and_dirs) {
    const [path = '', target] = entry.split(' -> ');
    const stat = files.lstat(io, path);
    if (typeof stat !== 'string' && (target ? stat.target === target : stat.kind === 'dir'))
      found.links++;
  }
  const all = recorded.links_and_dirs.length;
  console.log(
    `${profile}: of ${found.files} files ${found.exist} exist, ${found.mode} with the mode, ` +
      `${found.content} with the content; links and directories ${found.links} of ${all}`,
  );
  return { ...found, all };
}

// The floors may only rise. What is missing is what the model leaves out: memory statistics, the
// routing trie, netlink sockets, addresses of modules, and the few packets sent while booting.
it.each([
  ['igb', 2198, 2166],
  ['virtio', 1994, 1958],
  ['laptop', 1450, 1424],
  ['wide', 2023, 1998],
])(
  'shows the files of the recorded %s host: %i of them, %i word for word',
  (profile, exist, same) => {
    const found = score(profile);
    expect(found.exist).toBeGreaterThanOrEqual(exist);
    expect(found.mode).toBe(found.exist);
    expect(found.content).toBeGreaterThanOrEqual(same);
    expect(found.links).toBe(found.all);
  },
);
