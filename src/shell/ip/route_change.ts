/// ip route add, replace, change, append, prepend, delete. Stands for iproute_modify() of iproute2.
/// Left out: several next hops, nexthop objects, encapsulation, realms, IPv6.
import { inet_rtm_delroute, inet_rtm_newroute } from '../../kernel/fib_frontend.ts';
import { RT_TABLE_LOCAL, RT_TABLE_MAIN } from '../../kernel/fib_rules.ts';
import { plainRoute } from '../../kernel/fib_semantics.ts';
import { RTN, SCOPE, type InsertFlags } from '../../kernel/fib_trie.ts';
import type { FibAlias } from '../../kernel/state.ts';
import type { Io, Running } from '../command.ts';
import { parseAddress } from './prefix.ts';
import { METRIC_NAMES } from './route_print.ts';
import {
  cNumber,
  destination,
  protocolNumber,
  scopeNumber,
  tableNumber,
  typeNumber,
} from './route_words.ts';
import {
  answer,
  forbidden,
  garbage,
  incomplete,
  noDevice,
  notModelled,
  wrongArgument,
} from './trouble.ts';

/// What each verb asks the kernel for; null: to delete.
export const ROUTE_VERBS: Readonly<Record<string, InsertFlags | null>> = {
  add: { excl: true, replace: false, append: false, create: true },
  change: { excl: false, replace: true, append: false, create: false },
  chg: { excl: false, replace: true, append: false, create: false },
  replace: { excl: false, replace: true, append: false, create: true },
  prepend: { excl: false, replace: false, append: false, create: true },
  append: { excl: false, replace: false, append: true, create: true },
  delete: null,
};

/// What was written; null and '' mean that it was not.
interface Words {
  to: { readonly number: number; readonly length: number } | null;
  type: number | null;
  gw: number | null;
  src: number | null;
  dev: string;
  table: number | null;
  scope: number | null;
  protocol: number | null;
  metric: number | null;
  tos: number;
  onlink: boolean;
  mtuLock: boolean;
  metrics: Record<string, number>;
}

const PLAIN = ['via', 'src', 'dev', 'oif', 'table', 'scope', 'protocol', 'proto', 'to', 'tos'];
const ABSENT = ['nexthop', 'nhid', 'encap', 'realms', 'expires', 'from', 'as', 'congctl', 'pref'];
const METRIC_WORDS = ['metric', 'priority', 'preference'];

function* parse(io: Io, verb: string, list: readonly string[]): Running<Words | number> {
  const words: Words = {
    ...{ to: null, type: null, gw: null, src: null, dev: '', table: null, scope: null },
    ...{ protocol: null, metric: null, tos: 0, onlink: false, mtuLock: false, metrics: {} },
  };
  for (let i = 0; i < list.length; i++) {
    const word = list[i]!;
    if (ABSENT.includes(word)) return yield* notModelled(io, `route ${verb} ... ${word}`);
    if (word === 'onlink') {
      words.onlink = true;
      continue;
    }
    const type = typeNumber(word);
    if (type !== null) {
      words.type = type;
      continue;
    }
    const keyed =
      PLAIN.includes(word) || METRIC_WORDS.includes(word) || METRIC_NAMES.includes(word);
    let next = keyed ? list[++i] : word;
    if (next === 'inet' && word === 'via') next = list[++i];
    if (word === 'mtu' && next === 'lock') {
      words.mtuLock = true;
      next = list[++i];
    }
    if (next === undefined) return yield* incomplete(io);
    const status = yield* take(io, words, keyed ? word : 'to', next);
    if (status !== null) return status;
  }
  return words;
}

/// Takes one keyword with its word; null when all is well.
function* take(io: Io, words: Words, key: string, word: string): Running<number | null> {
  const wrong = (why: string): Running => wrongArgument(io, word, why);
  if (key === 'to') return yield* takeDestination(io, words, word);
  if (key === 'via' || key === 'src') {
    const number = parseAddress(word);
    if (number === null) {
      yield* io.err.line(`Error: any valid address is expected rather than "${word}".`);
      return 1;
    }
    words[key === 'via' ? 'gw' : 'src'] = number;
    return null;
  }
  if (key === 'dev' || key === 'oif') {
    words.dev = word;
    return null;
  }
  const number = numberFor(key, word);
  if (number === null) return yield* wrong(complaint(key));
  if (key === 'table') words.table = number;
  else if (key === 'scope') words.scope = number;
  else if (key === 'protocol' || key === 'proto') words.protocol = number;
  else if (METRIC_WORDS.includes(key)) words.metric = number;
  else if (key === 'tos') words.tos = number;
  else words.metrics[key] = number;
  return null;
}

function numberFor(key: string, word: string): number | null {
  if (key === 'table') return tableNumber(word);
  if (key === 'scope') return scopeNumber(word);
  if (key === 'protocol' || key === 'proto') return protocolNumber(word);
  return cNumber(key === 'rto_min' || key.startsWith('rtt') ? word.replace(/ms$/, '') : word);
}

function complaint(key: string): string {
  if (key === 'table') return '"table" value is invalid\n';
  if (key === 'scope') return 'invalid "scope" value\n';
  if (key === 'protocol' || key === 'proto') return '"protocol" value is invalid\n';
  if (key === 'tos') return '"tos" value is invalid\n';
  return `"${METRIC_WORDS.includes(key) ? 'metric' : key}" value is invalid\n`;
}

function* takeDestination(io: Io, words: Words, word: string): Running<number | null> {
  if (words.to !== null) return yield* garbage(io, 'to', word);
  const to = destination(word);
  if (to === null) {
    if (/^[0-9a-f:]+(\/\d+)?$/i.test(word) && word.includes(':'))
      return yield* notModelled(io, 'route changes for IPv6');
    yield* io.err.line(`Error: any valid prefix is expected rather than "${word}".`);
    return 1;
  }
  words.to = to;
  return null;
}

export function* changeRoute(io: Io, verb: string, list: readonly string[]): Running {
  const words = yield* parse(io, verb, list);
  if (typeof words === 'number') return words;
  const dev = words.dev === '' ? -1 : io.k.devs.findIndex((one) => one.name === words.dev);
  if (words.dev !== '' && dev < 0) return yield* noDevice(io, words.dev);
  if (io.uid !== 0) return yield* forbidden(io);
  const to = words.to ?? { number: 0, length: 0 };
  const slen = to.length < 0 ? 0 : 32 - to.length;
  const how = ROUTE_VERBS[verb]!;
  if (how === null) {
    const table = words.table ?? tableFor(words.type);
    const matches = (fa: FibAlias): boolean => fits(words, dev, fa);
    return yield* answer(io, inet_rtm_delroute(io.k, to.number, slen, table, words.tos, matches));
  }
  return yield* answer(io, inet_rtm_newroute(io.k, to.number, routeOf(words, slen, dev), how));
}

function tableFor(type: number | null): number {
  const local = type === RTN.LOCAL || type === RTN.BROADCAST || type === RTN.ANYCAST;
  return local ? RT_TABLE_LOCAL : RT_TABLE_MAIN;
}

/// The request of an addition, with iproute2's own scope where none was written.
function routeOf(words: Words, slen: number, dev: number): FibAlias {
  const type = words.type ?? RTN.UNICAST;
  let { scope } = words;
  if (scope === null) {
    if (type === RTN.LOCAL) scope = SCOPE.HOST;
    else if (type === RTN.BROADCAST || type === RTN.ANYCAST || type === RTN.MULTICAST)
      scope = SCOPE.LINK;
    else scope = type === RTN.UNICAST && words.gw === null ? SCOPE.LINK : SCOPE.UNIVERSE;
  }
  return plainRoute({
    slen,
    dev,
    type,
    scope,
    table: words.table ?? tableFor(type),
    tos: words.tos,
    gw: words.gw ?? 0,
    prefsrc: words.src ?? 0,
    priority: words.metric ?? 0,
    protocol: words.protocol ?? 3,
    onlink: words.onlink,
    metrics: words.metrics,
    mtu_lock: words.mtuLock,
  });
}

/// A deletion removes the first route that has all that was written.
function fits(words: Words, dev: number, fa: FibAlias): boolean {
  return (
    (words.type === null || fa.type === words.type) &&
    (words.scope === null || words.scope === SCOPE.NOWHERE || fa.scope === words.scope) &&
    (words.src === null || fa.prefsrc === words.src) &&
    (words.protocol === null || fa.protocol === words.protocol) &&
    (words.metric === null || fa.priority === words.metric) &&
    (words.gw === null || fa.gw === words.gw) &&
    (dev < 0 || fa.dev === dev)
  );
}
