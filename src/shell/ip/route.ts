/// ip route: which object function a verb calls, and ip route show and flush.
/// Left out: IPv6 routes beyond those that the kernel makes, saving and restoring.
import { inet_rtm_delroute } from '../../kernel/fib_frontend.ts';
import { RT_TABLE_LOCAL, RT_TABLE_MAIN } from '../../kernel/fib_rules.ts';
import type { Io, Running } from '../command.ts';
import { jsonText } from '../json_writer.ts';
import { changeRoute, ROUTE_VERBS } from './route_change.ts';
import { routeGet } from './route_get.ts';
import {
  listRoutes,
  routeJson,
  routes6,
  routeText,
  tableExists,
  type Listed,
} from './route_print.ts';
import {
  destination,
  protocolNumber,
  scopeNumber,
  tableNumber,
  typeNumber,
} from './route_words.ts';
import type { Style } from './style.ts';
import { forbidden, incomplete, noDevice, notModelled, wrongArgument } from './trouble.ts';

const SHOW = ['list', 'show', 'lst'];
/// Verbs in the tool's order, which decides what a shortened word means.
const VERBS = [...SHOW, 'get', ...Object.keys(ROUTE_VERBS), 'flush', 'help'];

export function* route(io: Io, style: Style, words: readonly string[]): Running {
  const [typed = 'show', ...rest] = words;
  const verb = VERBS.find((name) => name.startsWith(typed));
  if (verb === undefined) {
    yield* io.err.line(`Command "${typed}" is unknown, try "ip route help".`);
    return 255;
  }
  if (SHOW.includes(verb)) return yield* showRoutes(io, style, rest);
  if (verb === 'get') return yield* routeGet(io, style, rest);
  if (verb === 'flush') return yield* flushRoutes(io, rest);
  if (verb === 'help') return yield* notModelled(io, 'route help');
  return yield* changeRoute(io, verb, rest);
}

interface Filter {
  table: number; // -1 all, -2 cache
  dev: string;
  root: { readonly number: number; readonly length: number } | null;
  match: { readonly number: number; readonly length: number } | null;
  exact: { readonly number: number; readonly length: number } | null;
  protocol: number;
  scope: number;
  type: number;
  via: number;
}

function* parseFilter(io: Io, words: readonly string[], verb: string): Running<Filter | number> {
  const filter: Filter = {
    ...{ table: RT_TABLE_MAIN, dev: '', root: null, match: null, exact: null },
    ...{ protocol: -1, scope: -1, type: -1, via: -1 },
  };
  const keys = ['table', 'dev', 'oif', 'proto', 'protocol', 'scope', 'type', 'via', 'to'];
  for (let i = 0; i < words.length; i++) {
    let word = words[i]!;
    if (word === 'cache' || word === 'cached') {
      filter.table = -2;
      continue;
    }
    const keyed = keys.includes(word);
    let next = keyed ? words[++i] : word;
    let kind: 'exact' | 'root' | 'match' = 'exact';
    if (!keyed || word === 'to') {
      word = 'to';
      if (next === 'root' || next === 'match' || next === 'exact') {
        kind = next;
        next = words[++i];
      }
    }
    if (next === undefined) return yield* incomplete(io);
    if (word === 'to') {
      const prefix = destination(next);
      if (prefix === null) return yield* notModelled(io, `route ${verb} ${next}`);
      filter[kind] = prefix;
    } else if (word === 'dev' || word === 'oif') filter.dev = next;
    else {
      const status = yield* takeNumber(io, filter, word, next);
      if (status !== null) return status;
    }
  }
  return filter;
}

function* takeNumber(io: Io, filter: Filter, key: string, word: string): Running<number | null> {
  if (key === 'table') {
    const named: Readonly<Record<string, number>> = { all: -1, cache: -2 };
    const table = named[word] ?? tableNumber(word);
    if (table === null) return yield* wrongArgument(io, word, 'table id value is invalid\n');
    filter.table = table;
    return null;
  }
  const number =
    key === 'scope'
      ? scopeNumber(word)
      : key === 'type'
        ? typeNumber(word)
        : key === 'via'
          ? (destination(word)?.number ?? null)
          : protocolNumber(word);
  if (number === null) return yield* wrongArgument(io, word, `invalid "${key}"\n`);
  filter[key === 'proto' ? 'protocol' : (key as 'scope' | 'type' | 'via' | 'protocol')] = number;
  return null;
}

function lengthOf(prefix: { readonly length: number }): number {
  return prefix.length < 0 ? 32 : prefix.length;
}

function agree(a: number, b: number, bits: number): boolean {
  return bits === 0 || (a ^ b) >>> (32 - bits) === 0;
}

function passes(io: Io, filter: Filter, { key, fa }: Listed): boolean {
  const { exact, root, match } = filter;
  const length = 32 - fa.slen;
  return (
    (filter.table === -1 || fa.table === filter.table) &&
    (filter.dev === '' || io.k.devs[fa.dev]?.name === filter.dev) &&
    (filter.protocol < 0 || fa.protocol === filter.protocol) &&
    (filter.scope < 0 || fa.scope === filter.scope) &&
    (filter.type < 0 || fa.type === filter.type) &&
    (filter.via < 0 || fa.gw === filter.via) &&
    (exact === null || (key === exact.number && length === lengthOf(exact))) &&
    (root === null || (length >= lengthOf(root) && agree(key, root.number, lengthOf(root)))) &&
    (match === null || (length <= lengthOf(match) && agree(key, match.number, length)))
  );
}

function* showRoutes(io: Io, style: Style, words: readonly string[]): Running {
  const filter = yield* parseFilter(io, words, 'show');
  if (typeof filter === 'number') return filter;
  if (filter.dev !== '' && !io.k.devs.some((one) => one.name === filter.dev))
    return yield* noDevice(io, filter.dev);
  const six = style.family === 'inet6';
  const known = [RT_TABLE_MAIN, RT_TABLE_LOCAL, -1, -2].includes(filter.table);
  if (!six && !known && !tableExists(io.k, filter.table)) {
    yield* io.err.line('Error: ipv4: FIB table does not exist.');
    yield* io.err.line('Dump terminated');
    return 2;
  }
  const one = filter.table !== -1;
  const found = six ? [] : listRoutes(io.k).filter((listed) => passes(io, filter, listed));
  const wants6 = six || (filter.table === -1 && style.family === 'any');
  const tables = filter.table === -1 ? [RT_TABLE_MAIN, RT_TABLE_LOCAL] : [filter.table];
  const found6 =
    wants6 && filter.exact === null && filter.root === null
      ? tables.flatMap((id) => routes6(io.k, id, style))
      : [];
  const mine6 = found6.filter(({ dev }) => filter.dev === '' || dev === filter.dev);
  if (style.json) {
    const all = [...found.map((r) => routeJson(io.k, r, one)), ...mine6.map(({ json }) => json)];
    yield* io.out.write(jsonText(all, style.pretty) + '\n');
    return 0;
  }
  for (const listed of found)
    yield* io.out.line(routeText(io.k, listed, style, one, filter.dev !== ''));
  for (const { text } of mine6) yield* io.out.line(text);
  return 0;
}

/// ip route flush: deletes what the filter lets through; the cache is the kernel's own affair.
function* flushRoutes(io: Io, words: readonly string[]): Running {
  if (words.length === 0) {
    yield* io.err.line('"ip route flush" requires arguments.');
    return 1;
  }
  if (words[0] === 'cache' && words.length === 1) return io.uid === 0 ? 0 : yield* forbidden(io);
  const filter = yield* parseFilter(io, words, 'flush');
  if (typeof filter === 'number') return filter;
  if (filter.dev !== '' && !io.k.devs.some((one) => one.name === filter.dev))
    return yield* noDevice(io, filter.dev);
  if (io.uid !== 0) return yield* forbidden(io);
  const gone = listRoutes(io.k).filter((listed) => passes(io, filter, listed));
  for (const { key, fa } of gone)
    inet_rtm_delroute(
      io.k,
      key,
      fa.slen,
      fa.table,
      fa.tos,
      (other) => other === fa || same(other, fa),
    );
  return 0;
}

function same(a: Listed['fa'], b: Listed['fa']): boolean {
  return a.type === b.type && a.priority === b.priority && a.gw === b.gw && a.dev === b.dev;
}
