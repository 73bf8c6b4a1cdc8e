/// tc qdisc add, replace, change, link and delete, at the root of a device. Stands for
/// tc_qdisc_modify() of iproute2 6.15 (tc/tc_qdisc.c).
/// Left out: parents, estimators, size tables: they say so.
import { tc_get_qdisc, tc_modify_qdisc } from '../../kernel/sch_api.ts';
import { addIngress, deleteIngress } from '../../kernel/sch_ingress.ts';
import type { Io, Running } from '../command.ts';
import { answer, forbidden, incomplete, noDevice, wrongArgument } from '../ip/trouble.ts';
import { absentKinds, kinds, readOptions } from './kinds.ts';

export type Change = 'add' | 'change' | 'replace' | 'link' | 'delete';

interface Line {
  dev: string | null;
  handle: number; // 0: none given
  root: boolean;
  kind: string;
  rest: readonly string[]; // after the kind
  ingress: '' | 'ingress' | 'clsact';
}

const FLAGS: Readonly<Record<Change, { create: boolean; exclusive: boolean; replace: boolean }>> = {
  add: { create: true, exclusive: true, replace: false },
  change: { create: false, exclusive: false, replace: false },
  replace: { create: true, exclusive: false, replace: true },
  link: { create: false, exclusive: false, replace: true },
  delete: { create: false, exclusive: false, replace: false },
};

export function* qdiscChange(io: Io, change: Change, words: readonly string[]): Running {
  const line = yield* readLine(io, words);
  if (typeof line === 'number') return line;
  if (line.ingress !== '') return yield* ingressChange(io, change, line.dev, line.ingress);
  const dev = line.dev === null ? null : io.k.devs.find((one) => one.name === line.dev);
  if (line.kind !== '' && !Object.hasOwn(kinds, line.kind)) {
    if (absentKinds.has(line.kind)) return yield* absent(io, `qdisc ${change} ... ${line.kind}`);
    if (line.rest.length > 0) {
      yield* io.err.line(
        `Unknown qdisc "${line.kind}", hence option "${line.rest[0]}" is unparsable`,
      );
      return 1;
    }
  }
  const read = Object.hasOwn(kinds, line.kind)
    ? readOptions(line.kind, line.rest)
    : { options: {} };
  if ('says' in read) {
    yield* io.err.write(read.says);
    return read.status;
  }
  if (dev === undefined) return yield* noDevice(io, line.dev!);
  if (io.uid !== 0) return yield* forbidden(io);
  if (dev === null) return yield* answer(io, { ok: false, errno: 'ENODEV' });
  if (!line.root) return yield* absent(io, `qdisc ${change} without root`);
  const { handle, kind } = line;
  const { options } = read;
  return yield* answer(
    io,
    change === 'delete'
      ? tc_get_qdisc(io.k, dev, kind, handle)
      : tc_modify_qdisc(io.k, dev, { ...FLAGS[change], handle, kind, options }),
  );
}

/// tc qdisc add dev DEV ingress, or clsact.
function* ingressChange(
  io: Io,
  change: Change,
  name: string | null,
  kind: 'ingress' | 'clsact',
): Running {
  const dev = io.k.devs.find((one) => one.name === name);
  if (name !== null && !dev) return yield* noDevice(io, name);
  if (io.uid !== 0) return yield* forbidden(io);
  if (!dev) return yield* answer(io, { ok: false, errno: 'ENODEV' });
  if (change === 'delete') return yield* answer(io, deleteIngress(io.k, dev, kind));
  if (change === 'replace' && dev.ingress?.kind === kind) return 0;
  return yield* answer(io, addIngress(io.k, dev, kind));
}

function* absent(io: Io, what: string): Running {
  yield* io.err.line(`softnet: not modelled here: tc ${what}`);
  return 1;
}

/// The words up to the discipline's name; a number is the exit status of what was wrong with them.
function* readLine(io: Io, words: readonly string[]): Running<Line | number> {
  const line: Line = { dev: null, handle: 0, root: false, kind: '', rest: [], ingress: '' };
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === 'root') line.root = true;
    else if (word === 'ingress' || word === 'clsact') line.ingress = word;
    else if (['parent', 'estimator', 'stab'].includes(word))
      return yield* absent(io, `qdisc ... ${word}`);
    else if (word === 'dev' || word === 'handle') {
      const next = words[++i];
      if (next === undefined) return yield* incomplete(io);
      if (word === 'dev') line.dev = next;
      else {
        const [, major] = /^([0-9a-f]{1,4})(:.*)?$/i.exec(next) ?? [];
        if (major === undefined) return yield* wrongArgument(io, next, 'invalid qdisc ID');
        line.handle = Number.parseInt(major, 16);
      }
    } else {
      line.kind = word.slice(0, 15);
      line.rest = words.slice(i + 1);
      return line;
    }
  }
  return line;
}
