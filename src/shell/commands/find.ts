/// find: goes through directories. Left out, and said so: tests of times, owners, links and regular
/// expressions, -ok and -execdir.
import { strerror } from '../../kernel/errno.ts';
import type { Command, Io, Running } from '../command.ts';
import { files } from '../files.ts';
import { FindFault, FindUnmodelled, parseFind } from '../find/expression.ts';
import type { Action, Node, Plan, Visit } from '../find/expression.ts';
import { breath } from '../inputs.ts';
import { modeText } from '../ls/entry.ts';
import { quoted } from '../names.ts';
import { fail, notModelled } from '../options.ts';
import { absolute } from '../paths.ts';

export const find: Command = {
  name: 'find',
  summary: 'Goes through directories and shows what it finds.',
  usage: 'find [PATH]... [EXPRESSION]',
  *run(io) {
    const words = io.argv.slice(1);
    let follow = false;
    while (/^-[HLP]$/.test(words[0] ?? '')) follow = words.shift() === '-L';
    const from = words.findIndex((word) => /^-./.test(word) || ['(', ')', '!', ','].includes(word));
    const paths = from < 0 ? words : words.slice(0, from);
    try {
      const walk = new Walk(io, parseFind(from < 0 ? [] : words.slice(from)), follow);
      return yield* walk.all(paths.length > 0 ? paths : ['.']);
    } catch (error) {
      if (error instanceof FindUnmodelled) return yield* notModelled(io, error.message);
      if (error instanceof FindFault) return yield* fail(io, error.message);
      throw error;
    }
  },
};

const deepest = 60; // directories inside directories

class Walk {
  private status = 0;
  private stopped = false;
  private pruned = false;
  private steps = 0;
  private readonly together = new Map<Action, string[]>(); // of -exec ... +
  private readonly io: Io;
  private readonly plan: Plan;
  private readonly follow: boolean;

  constructor(io: Io, plan: Plan, follow: boolean) {
    this.io = io;
    this.plan = plan;
    this.follow = follow;
  }

  *all(paths: readonly string[]): Running {
    for (const path of paths) if (!this.stopped) yield* this.visit(path, 0);
    for (const [action, names] of this.together) {
      if (action.kind === 'exec' && names.length > 0) yield* this.run([...action.words, ...names]);
    }
    return this.status;
  }

  private *complain(path: string, why: string): Running<void> {
    yield* this.io.err.line(`find: ${quoted(path)}: ${why}`);
    this.status = 1;
  }

  private *visit(path: string, depth: number): Running<void> {
    if (++this.steps % 256 === 0) yield breath;
    const place = absolute(this.io, path);
    const stat = this.follow ? files.stat(this.io, place) : files.lstat(this.io, place);
    if (typeof stat === 'string') return yield* this.complain(path, strerror(stat));
    const names = stat.kind === 'dir' ? files.list(this.io, place) : [];
    const entries = typeof names === 'string' ? [] : [...names];
    const name = path.replace(/\/+$/, '').split('/').at(-1) ?? '';
    const visit: Visit = {
      path,
      name: name === '' ? '/' : name,
      kind: stat.kind,
      size: stat.size,
      mode: stat.mode,
      uid: stat.uid,
      depth,
      target: stat.target ?? '',
      entries: entries.length,
    };
    this.pruned = false;
    if (!this.plan.inner && depth >= this.plan.least) yield* this.apply(this.plan.root, visit);
    const goesIn =
      stat.kind === 'dir' &&
      depth < Math.min(this.plan.most, deepest) &&
      !(this.pruned && !this.plan.inner);
    if (goesIn && typeof names === 'string') yield* this.complain(path, strerror(names));
    for (const child of goesIn ? entries : []) {
      if (this.stopped) return;
      yield* this.visit(path.endsWith('/') ? path + child : `${path}/${child}`, depth + 1);
    }
    if (this.plan.inner && depth >= this.plan.least && !this.stopped)
      yield* this.apply(this.plan.root, visit);
  }

  private *apply(node: Node, visit: Visit): Running<boolean> {
    if (this.stopped) return false;
    switch (node.kind) {
      case 'test':
        return node.holds(visit);
      case 'not':
        return !(yield* this.apply(node.of, visit));
      case 'and':
        return (yield* this.apply(node.left, visit)) && (yield* this.apply(node.right, visit));
      case 'or':
        return (yield* this.apply(node.left, visit)) || (yield* this.apply(node.right, visit));
      case 'list':
        yield* this.apply(node.left, visit);
        return yield* this.apply(node.right, visit);
      case 'action':
        return yield* this.act(node.action, visit);
    }
  }

  private *act(action: Action, visit: Visit): Running<boolean> {
    switch (action.kind) {
      case 'print':
        yield* this.io.out.write(visit.path + action.end);
        return true;
      case 'printf':
        yield* this.io.out.write(formatted(action.format, visit));
        return true;
      case 'prune':
        this.pruned = true;
        return true;
      case 'quit':
        this.stopped = true;
        return true;
      case 'exec':
        if (!action.together)
          return (
            (yield* this.run(action.words.map((word) => word.replaceAll('{}', visit.path)))) === 0
          );
        this.together.set(action, [...(this.together.get(action) ?? []), visit.path]);
        return true;
      default: {
        if (visit.path === '.') return true;
        const refused = files.remove(this.io, absolute(this.io, visit.path));
        if (refused) {
          yield* this.io.err.line(
            `find: cannot delete ${quoted(visit.path)}: ${strerror(refused)}`,
          );
          this.status = 1;
        }
        return refused === null;
      }
    }
  }

  private *run(words: readonly string[]): Running {
    const status = yield* this.io.exec(words);
    if (typeof status === 'number') return status;
    yield* this.io.err.line(`find: ${quoted(words[0] ?? '')}: ${strerror(status)}`);
    return 127;
  }
}

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  '\\': '\\',
  '0': '\0',
  a: '\x07',
  r: '\r',
};
const kinds = { file: 'f', dir: 'd', link: 'l' } as const;

function formatted(format: string, visit: Visit): string {
  return format.replace(
    /\\(.)|%(.)/gs,
    (whole, escape: string | undefined, letter: string | undefined) => {
      if (escape !== undefined) return escapes[escape] ?? whole;
      switch (letter) {
        case 'p':
          return visit.path;
        case 'f':
          return visit.name;
        case 'h':
          return visit.path.includes('/') ? visit.path.slice(0, visit.path.lastIndexOf('/')) : '.';
        case 's':
          return String(visit.size);
        case 'm':
          return (visit.mode & 0o7777).toString(8);
        case 'M':
          return modeText({ kind: visit.kind, mode: visit.mode, uid: visit.uid, size: visit.size });
        case 'y':
          return kinds[visit.kind];
        case 'd':
          return String(visit.depth);
        case 'l':
          return visit.target;
        case 'u':
          return visit.uid === 0 ? 'root' : visit.uid === 1000 ? 'alice' : String(visit.uid);
        case '%':
          return '%';
        default:
          throw new FindUnmodelled(`-printf %${letter ?? ''}`);
      }
    },
  );
}
