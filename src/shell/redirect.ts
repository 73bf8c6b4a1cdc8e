/// Redirections: what each file descriptor of a command leads to.
/// Left out: noclobber, /dev/tcp and /dev/udp, and sockets.
import type { HereDoc, Redirect, Redirection, Word, WordPart } from 'unbash';
import { strerror } from '../kernel/errno.ts';
import type { ErrnoName } from '../kernel/errno.ts';
import type { Running } from './command.ts';
import { addQuoted, makeFields, single } from './fields.ts';
import { addWord, expandText, expandWords } from './expand.ts';
import { kernelPath } from './glob.ts';
import { complain } from './messages.ts';
import { contextOf, errorPrefix } from './process.ts';
import type { Process } from './process.ts';
import {
  failingOutput,
  fileOutput,
  inputFrom,
  inputOfLines,
  inputOfText,
  outputTo,
} from './stream.ts';
import type { Descriptor } from './stream.ts';
import { set } from './variables.ts';

type Table = Map<number, Descriptor>;

/// The descriptors with the redirections applied, in order. null: one failed, and it is printed.
export function* redirected(
  p: Process,
  redirects: readonly Redirection[],
): Running<ReadonlyMap<number, Descriptor> | null> {
  if (redirects.length === 0) return p.fds;
  const table: Table = new Map(p.fds);
  for (const redirect of redirects) {
    const message = yield* apply(p, table, redirect);
    if (message === null) continue;
    yield* complain(p, errorPrefix(p) + message);
    return null;
  }
  return table;
}

function* apply(p: Process, table: Table, redirect: Redirection): Running<string | null> {
  const fd = descriptorOf(p, table, redirect);
  if (redirect.type === 'HereDoc') {
    table.set(fd ?? 0, { in: inputOfText(yield* hereDocument(p, redirect)) });
    return null;
  }
  if (redirect.type === 'HereString') {
    const text = redirect.target ? yield* expandText(p, redirect.target) : '';
    table.set(fd ?? 0, { in: inputOfText(text + '\n') });
    return null;
  }
  if (!redirect.target) return 'syntax error near a redirection';
  const words = yield* expandWords(p, [redirect.target]);
  const [word] = words;
  if (words.length !== 1 || word === undefined)
    return `${redirect.target.text}: ambiguous redirect`;
  return open(p, table, redirect, fd, word, redirect.target);
}

/// The number before the operator; `{name}>` picks a free one from 10 and stores it.
function descriptorOf(p: Process, table: Table, redirect: Redirection): number | null {
  const d = redirect.descriptor;
  if (!d) return null;
  if (d.type === 'FileDescriptor') return d.value;
  let fd = 10;
  while (table.has(fd)) fd++;
  set(p, d.name, String(fd));
  return fd;
}

function* hereDocument(p: Process, doc: HereDoc): Running<string> {
  const body = doc.body;
  const stripped = doc.operator === '<<-';
  if (doc.delimiter?.quoted || !body.parts)
    return stripped ? body.text.replace(/^\t+/gm, '') : body.text;
  const fields = makeFields(null);
  addQuoted(fields, '');
  const word: Word = {
    type: 'Word',
    text: body.text,
    value: body.text,
    pos: body.pos,
    end: body.end,
    parts: stripped ? withoutTabs(body.parts) : body.parts,
  };
  yield* addWord(p, fields, word, true);
  return single(fields).text;
}

/// <<- drops the tabs at the start of each line of the source, not those from expansions.
function withoutTabs(parts: readonly WordPart[]): WordPart[] {
  let fresh = true;
  return parts.map((part) => {
    const starts = fresh;
    fresh = part.type === 'Literal' && part.value.endsWith('\n');
    if (part.type !== 'Literal') return part;
    const value = part.value.replace(/\n\t+/g, '\n');
    return { ...part, value: starts ? value.replace(/^\t+/, '') : value };
  });
}

function open(
  p: Process,
  table: Table,
  redirect: Redirect,
  fd: number | null,
  word: string,
  target: Word,
): string | null {
  switch (redirect.operator) {
    case '<':
    case '<>':
      return openToRead(p, table, fd ?? 0, word);
    case '>':
    case '>|':
      return openToWrite(p, table, [fd ?? 1], word, false);
    case '>>':
      return openToWrite(p, table, [fd ?? 1], word, true);
    case '&>':
      return openToWrite(p, table, [1, 2], word, false);
    case '&>>':
      return openToWrite(p, table, [1, 2], word, true);
    case '>&':
      if (!/^(\d+-?|-)$/.test(word)) {
        return fd === null
          ? openToWrite(p, table, [1, 2], word, false)
          : `${target.text}: ambiguous redirect`;
      }
      return duplicate(table, fd ?? 1, word);
    case '<&':
      if (!/^(\d+-?|-)$/.test(word)) return `${target.text}: ambiguous redirect`;
      return duplicate(table, fd ?? 0, word);
  }
}

function duplicate(table: Table, fd: number, word: string): string | null {
  if (word === '-') {
    table.delete(fd);
    return null;
  }
  const from = parseInt(word, 10);
  const source = table.get(from);
  if (!source) return `${from}: ${strerror('EBADF')}`;
  table.set(fd, source);
  if (word.endsWith('-') && from !== fd) table.delete(from);
  return null;
}

/// /dev/stdin, /dev/fd/3 and the like name descriptors that are already open.
function alreadyOpen(path: string): number | null {
  const named: Record<string, number> = { '/dev/stdin': 0, '/dev/stdout': 1, '/dev/stderr': 2 };
  const found = /^\/(?:dev|proc\/self)\/fd\/(\d)$/.exec(path);
  return named[path] ?? (found ? Number(found[1]) : null);
}

function openToRead(p: Process, table: Table, fd: number, word: string): string | null {
  const path = kernelPath(p.machine.fs, contextOf(p), word);
  const same = alreadyOpen(path);
  if (same !== null) return duplicate(table, fd, String(same));
  if (path === '/dev/null') {
    table.set(fd, { in: inputOfText('') });
    return null;
  }
  if (path === '/dev/zero' || path === '/dev/urandom') return `softnet: not modelled here: ${path}`;
  const read = word === '' ? 'ENOENT' : p.machine.fs.read(contextOf(p), path);
  if (typeof read === 'string') return `${word}: ${strerror(read)}`;
  const stat = p.machine.fs.stat(contextOf(p), path);
  const input = inputOfLines(read.lines);
  const regular = typeof stat !== 'string' && stat.kind === 'file';
  table.set(fd, { in: regular ? { ...input, size: stat.size } : input });
  return null;
}

function openToWrite(
  p: Process,
  table: Table,
  fds: readonly number[],
  word: string,
  append: boolean,
): string | null {
  const path = kernelPath(p.machine.fs, contextOf(p), word);
  const same = alreadyOpen(path);
  const descriptor =
    same === null ? deviceOrFile(p, path, word, append) : (table.get(same) ?? 'EBADF');
  if (typeof descriptor === 'string') return `${word}: ${strerror(descriptor)}`;
  for (const fd of fds) table.set(fd, descriptor);
  return null;
}

function deviceOrFile(
  p: Process,
  path: string,
  word: string,
  append: boolean,
): Descriptor | ErrnoName {
  if (word === '') return 'ENOENT';
  if (path === '/dev/null') return { out: outputTo({ put: () => true }) };
  if (path === '/dev/full') return { out: failingOutput('ENOSPC') };
  const { fs } = p.machine;
  const refused = fs.write(contextOf(p), path, '', { append });
  if (refused !== null) return refused;
  return {
    out: fileOutput((text) => fs.write(contextOf(p), path, text, { append: true })),
    in: inputFrom({ next: () => null }),
  };
}
