/// Turns what was typed into an absolute path. `..` after a symbolic link goes to the parent of what
/// the link leads to, as the kernel's path walk does: /sys/class/net/eth0/device/../msi_irqs.
import { files } from './files.ts';
import type { FsContext } from './filesystem.ts';

const maxLinks = 40; // MAXSYMLINKS, include/linux/namei.h

export function absolute(io: FsContext, path: string): string {
  const whole = path.startsWith('/') ? path : `${io.session.cwd}/${path}`;
  const parts = whole.split('/').filter((part) => part !== '' && part !== '.');
  if (!parts.includes('..')) return '/' + parts.join('/');
  return walk(io, parts, parts.lastIndexOf('..') + 1, { links: 0 });
}

/// The path with every link followed, or null where a part is missing or the links go round.
export function realPath(io: FsContext, path: string): string | null {
  const whole = path.startsWith('/') ? path : `${io.session.cwd}/${path}`;
  const parts = whole.split('/').filter((part) => part !== '' && part !== '.');
  const count = { links: 0 };
  const found = walk(io, parts, parts.length, count);
  return count.links > maxLinks ? null : found;
}

/// Follows the links in the first `upTo` parts.
function walk(
  io: FsContext,
  parts: readonly string[],
  upTo: number,
  count: { links: number },
): string {
  let at: string[] = [];
  for (const [i, part] of parts.entries()) {
    if (part === '..') {
      at.pop();
      continue;
    }
    at.push(part);
    const stat = i < upTo && count.links <= maxLinks ? files.lstat(io, '/' + at.join('/')) : null;
    if (stat === null || typeof stat === 'string' || stat.kind !== 'link') continue;
    count.links++;
    const target = (stat.target ?? '').split('/').filter((name) => name !== '' && name !== '.');
    const base = stat.target?.startsWith('/') ? [] : at.slice(0, -1);
    const joined = [...base, ...target];
    at = walk(io, joined, joined.length, count)
      .split('/')
      .filter((name) => name !== '');
  }
  return '/' + at.join('/');
}
