/// ethtool -x and -X: the indirection table, key and function of receive-side scaling.
import { driverOf } from '../../hardware/driver.ts';
import { ethtool_set_rxfh, rxfhSizes } from '../../kernel/ethtool_ops_rss.ts';
import type { Running } from '../command.ts';
import { jsonText, type Json } from '../json_writer.ts';
import { print, value, type Piece } from '../marked.ts';
import {
  badArguments,
  deviceOf,
  deviceToRead,
  ioctlError,
  netlinkError,
  notModelled,
  notSupported,
  type Call,
} from './call.ts';
import { parseParameters } from './parameters.ts';

const PER_LINE = 8;
const CANNOT_SET = 'Cannot set RX flow hash configuration';

export function* showRxfh(call: Call): Running {
  const { io } = call;
  const values = yield* parseParameters(call, '-x', { context: 'u32' });
  if (!values) return 1;
  const dev = yield* deviceToRead(call);
  if (!dev) return 1;
  if (!driverOf(dev).rss) return yield* notSupported(call);
  if (values.get('context')) {
    yield* netlinkError(call, { ok: false, errno: 'EOPNOTSUPP' });
    return 1;
  }
  const sizes = rxfhSizes(io.k, dev);
  const key = dev.rss_key.slice(0, sizes.key);
  if (call.json) {
    const object: Record<string, Json> = { ifname: dev.name };
    if (sizes.indir) object['rss-indirection-table'] = dev.rss_indir;
    if (key.length) object['rss-hash-key'] = key;
    object['rss-hash-function'] = 'toeplitz';
    object['rss-input-transformation'] = { 'symmetric-xor': false };
    yield* io.out.write(jsonText([object], true) + '\n');
    return 0;
  }
  yield* io.out.line('');
  yield* io.out.line(
    `RX flow hash indirection table for ${dev.name} with ${dev.rx.length} RX ring(s):`,
  );
  if (!sizes.indir) yield* io.out.line('Operation not supported');
  for (let at = 0; at < sizes.indir; at += PER_LINE) yield* tableLine(call, dev.rss_indir, at);
  yield* io.out.line('RSS hash key:');
  yield* io.out.line(key.length ? key.map(hex).join(':') : 'Operation not supported');
  for (const line of [
    ...['RSS hash function:', '    toeplitz: on', '    xor: off', '    crc32: off'],
    ...['RSS input transformation:', '    symmetric-xor: off'],
  ])
    yield* io.out.line(line);
  return 0;
}

function* tableLine(call: Call, table: readonly number[], at: number): Running<void> {
  const ref = `tunable:ethtool:rxfh:indir@${call.devname}`;
  const pieces: Piece[] = [`${String(at).padStart(5)}: `];
  for (const queue of table.slice(at, at + PER_LINE)) {
    const digits = String(queue);
    pieces.push(' '.repeat(Math.max(1, 6 - digits.length)), value(digits, ref));
  }
  yield* print(call.io.out, ...pieces);
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

interface Wishes {
  equal: number;
  start: number;
  weights: number[] | null;
  key: string | null;
  fallback: boolean; // the word `default`
  further: boolean; // a word that stands for something not modelled
}

/// The words after the device; null when they are no request.
function parseWishes(args: readonly string[]): Wishes | null {
  const wishes: Wishes = {
    ...{ equal: 0, start: 0, weights: null, key: null, fallback: false, further: false },
  };
  for (let i = 0; i < args.length; i++) {
    const word = args[i]!;
    if (word === 'default') wishes.fallback = true;
    else if (word === 'delete') wishes.further = true;
    else if (word === 'weight') {
      const weights: number[] = [];
      while (/^\d/.test(args[i + 1] ?? '')) weights.push(integer(args[++i]) ?? NaN);
      if (!weights.length || weights.some(Number.isNaN)) return null;
      wishes.weights = weights;
    } else {
      const next = args[++i];
      if (next === undefined) return null;
      if (word === 'hkey') wishes.key = next;
      else if (word === 'hfunc' || word === 'xfrm' || word === 'context') wishes.further = true;
      else if (word === 'equal' || word === 'start') {
        const n = integer(next);
        if (n === null || (word === 'equal' && n < 1)) return null;
        wishes[word] = n;
      } else return null;
    }
  }
  return wishes;
}

function integer(word: string | undefined): number | null {
  return word !== undefined && /^\d{1,9}$/.test(word) ? Number(word) : null;
}

/// Words that cannot stand together, and what the tool says of them.
function contradiction(wishes: Wishes): string | null {
  const { equal, weights, fallback, start } = wishes;
  if (equal && weights) return 'Equal and weight options are mutually exclusive';
  if (equal && fallback) return 'Equal and default options are mutually exclusive';
  if (weights && fallback) return 'Weight and default options are mutually exclusive';
  if (start && fallback) return 'Start and default options are mutually exclusive';
  if (start && !equal && !weights) return 'Start must be used with equal or weight options';
  return null;
}

/// The table for equal or weighted shares; a sentence when the weights cannot be met.
export function indirectionTable(
  size: number,
  { equal, start, weights }: { equal: number; start: number; weights: readonly number[] | null },
): number[] | string {
  if (equal) return Array.from({ length: size }, (_, i) => start + (i % equal));
  const sum = weights!.reduce((a, b) => a + b, 0);
  if (sum === 0) return 'At least one weight must be non-zero';
  if (sum > size) return 'Total weight exceeds the size of the indirection table';
  const table: number[] = [];
  let queue = -1;
  for (let i = 0, partial = 0; i < size; i++) {
    while (i >= Math.floor((size * partial) / sum)) partial += weights![++queue]!;
    table.push(start + queue);
  }
  return table;
}

export function* setRxfh(call: Call): Running {
  const { io } = call;
  const wishes = parseWishes(call.args);
  if (!wishes || !call.args.length) return yield* badArguments(io);
  const clash = contradiction(wishes);
  if (clash) return yield* complain(call, clash);
  if (wishes.further) return yield* notModelled(io, `-X ${call.args.join(' ')}`);
  const dev = deviceOf(call);
  if (!dev || !driverOf(dev).rss) {
    const rings = dev && driverOf(dev).answersRings;
    const table = wishes.key === null ? 'indirection table size' : 'indir size and key size';
    const what = rings ? `RX flow hash ${table}` : 'RX ring count';
    yield* ioctlError(io, `Cannot get ${what}`, dev ? 'EOPNOTSUPP' : 'ENODEV');
    return 1;
  }
  const sizes = rxfhSizes(io.k, dev);
  let key: number[] | undefined;
  if (wishes.key !== null) {
    if (!sizes.key) return yield* complain(call, `${CANNOT_SET}:\n Hash key setting not supported`);
    const bytes = parseKey(wishes.key, sizes.key);
    if (typeof bytes === 'string') return yield* complain(call, bytes, 2);
    key = bytes;
  }
  const table =
    wishes.equal || wishes.weights
      ? indirectionTable(sizes.indir, wishes)
      : wishes.fallback
        ? 'default'
        : undefined;
  if (typeof table === 'string' && table !== 'default') return yield* complain(call, table);
  const result =
    io.uid === 0
      ? ethtool_set_rxfh(io.k, dev, { ...(table && { indir: table }), ...(key && { key }) })
      : ({ ok: false, errno: 'EPERM' } as const);
  if (result.ok) return 0;
  yield* ioctlError(io, CANNOT_SET, result.errno);
  return 1;
}

function* complain(call: Call, text: string, status = 1): Running {
  yield* call.io.err.write(`${text}\n`);
  return status;
}

/// The bytes of a key written as hexadecimal pairs with colons, or what is wrong with it.
function parseKey(text: string, size: number): number[] | string {
  const pairs = text.split(':');
  if (pairs.some((pair) => !/^[0-9a-f]{2}$/i.test(pair))) return 'Invalid RSS hash key format';
  if (pairs.length > size) return `Key is too long for device (${size + 1} > ${size})`;
  if (pairs.length < size) return `Key is too short for device (${pairs.length} < ${size})`;
  return pairs.map((pair) => Number.parseInt(pair, 16));
}
