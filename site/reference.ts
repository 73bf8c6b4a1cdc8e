/// Addresses of the reference page's entries: one for each tunable and counter that the registries
/// explain. They know more names than that (every sysctl of the host), which have no entry here.
import { type Counter, counter, counters } from '../src/kernel/counters.ts';
import { type Tunable, tunable, tunables } from '../src/kernel/tunables.ts';

const anchor = (kind: 't' | 'c', id: string): string =>
  `${kind}-${id.replace(/\*/g, 'X').replace(/[^\w.-]+/g, '-')}`;

export const tunableAnchor = ({ id }: Tunable): string => anchor('t', id);
export const counterAnchor = ({ id }: Counter): string => anchor('c', id);

/// The explained tunable of that id, or undefined.
export function explainedTunable(id: string): Tunable | undefined {
  const found = tunable(id);
  return found ? tunables().find((entry) => entry.id === found.id) : undefined;
}

/// The explained counter of that id, or undefined.
export function explainedCounter(id: string): Counter | undefined {
  const found = counter(id);
  return found ? counters().find((entry) => entry.id === found.id) : undefined;
}

/// Where the reference explains the number that a mark in an output points at; undefined when it does
/// not. A mark's ref is `counter:NAME@WHERE` or `tunable:NAME@WHERE`.
export function referenceOf(ref: string): string | undefined {
  const [, kind, id = ''] = /^(counter|tunable):([^@]*)/.exec(ref) ?? [];
  if (kind === 'tunable') {
    const entry = explainedTunable(id);
    return entry && `/reference#${tunableAnchor(entry)}`;
  }
  const entry = kind === 'counter' ? explainedCounter(id) : undefined;
  return entry && `/reference#${counterAnchor(entry)}`;
}
