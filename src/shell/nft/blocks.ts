/// What stands in braces behind `table`, `chain`, `set`, `map` and `flowtable`.
/// Stands for the *_block rules of src/parser_bison.y of nftables 1.1.3.
import type { NewChain, NewSetSpec } from '../../kernel/netfilter/nf_tables_message.ts';
import { NF_ACCEPT, NF_DROP, type NftBase } from '../../kernel/netfilter/types.ts';
import { NF_IP_PRI } from '../../kernel/netfilter/hook_lists.ts';
import type { Kernel } from '../../kernel/state.ts';
import type { Cursor } from './cursor.ts';
import {
  emptySpec,
  readElements,
  readFields,
  readMs,
  typeNamed,
  type Elements,
  type KeyType,
} from './expressions.ts';
import type { RuleDraft } from './rule_draft.ts';
import { readRule } from './statements.ts';
import { Absent, Trouble, span, type Place } from './trouble.ts';
import { wordTable } from '../word_table.ts';

/// What reading goes on with when something in a block was wrong.
export type Complain = (trouble: Trouble) => void;

/// Reads statements in braces; an error costs the rest of its line.
export function readBlock(cursor: Cursor, complain: Complain, one: () => void): void {
  cursor.need('{');
  for (;;) {
    if (cursor.atSeparator()) cursor.next();
    else if (cursor.takes('}')) return;
    else if (cursor.atEnd()) throw cursor.unexpected();
    else recover(cursor, complain, one);
  }
}

/// Does one thing; what was wrong is told, and the line skipped.
export function recover(cursor: Cursor, complain: Complain, one: () => void): void {
  try {
    one();
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    complain(error);
    while (!cursor.atSeparator() && !cursor.atEnd()) cursor.next();
  }
}

const HOOKS = ['prerouting', 'input', 'forward', 'output', 'postrouting', 'ingress'];
const TYPES = ['filter', 'nat', 'route'] as const;

export const PRIORITIES: Readonly<Record<string, number>> = wordTable({
  raw: NF_IP_PRI.RAW,
  mangle: NF_IP_PRI.MANGLE,
  dstnat: NF_IP_PRI.NAT_DST,
  filter: NF_IP_PRI.FILTER,
  security: NF_IP_PRI.SECURITY,
  srcnat: NF_IP_PRI.NAT_SRC,
});

/// What a chain's block says.
export interface ChainBlock {
  base: NftBase | null;
  policy: number | null;
  comment: string;
  rules: { draft: RuleDraft; place: Place }[];
  places: Record<string, Place>;
}

export function readChainBlock(
  k: Kernel,
  cursor: Cursor,
  family: string,
  complain: Complain,
): ChainBlock {
  const block: ChainBlock = { base: null, policy: null, comment: '', rules: [], places: {} };
  readBlock(cursor, complain, () => {
    if (cursor.sees('type')) readHook(cursor, family, block);
    else if (cursor.takes('policy')) readPolicy(cursor, block);
    else if (cursor.takes('flags')) throw new Absent('nft: chain flags');
    else if (cursor.sees('comment')) {
      cursor.next();
      block.comment = cursor.quoted().text;
    } else {
      const from = cursor.peek().place;
      const draft = readRule(k, cursor, family);
      block.rules.push({ draft, place: span(from, cursor.last()) });
    }
    if (!cursor.atSeparator() && !cursor.sees('}')) throw cursor.unexpected();
  });
  return block;
}

function readPolicy(cursor: Cursor, block: ChainBlock): void {
  if (cursor.takes('accept')) block.policy = NF_ACCEPT;
  else if (cursor.takes('drop')) block.policy = NF_DROP;
  else throw cursor.unexpected();
}

function readHook(cursor: Cursor, family: string, block: ChainBlock): void {
  cursor.need('type');
  const named = cursor.next();
  const type = TYPES.find((name) => name === named.text);
  if (!type) throw new Trouble(named.place, 'unknown chain type');
  cursor.need('hook');
  const at = cursor.next();
  if (at.text === 'egress') throw new Absent('nft: the egress hook');
  const hook = HOOKS.indexOf(at.text);
  if (hook < 0) throw new Trouble(at.place, 'unknown chain hook');
  const ingress = at.text === 'ingress';
  if (family === 'netdev' ? !ingress : ingress && family !== 'inet')
    throw new Trouble(at.place, `The ${family} family does not support this hook`);
  const from = cursor.peek().place;
  const devices = readDevices(cursor);
  if (devices.length > 0) block.places['device'] = span(from, cursor.last());
  const priority = readPriority(cursor);
  if (ingress && devices.length === 0)
    throw new Trouble(
      span(named.place, cursor.last()),
      "Missing `device' in this chain definition",
    );
  if (!ingress && devices.length > 0)
    throw new Trouble(block.places['device']!, 'This chain type cannot be bound to device');
  block.places['type'] = named.place;
  block.base = {
    type,
    hook: family === 'netdev' ? 0 : hook,
    priority,
    policy: NF_ACCEPT,
    devices,
    counted: false,
    packets: 0,
    bytes: 0,
  };
}

function readDevices(cursor: Cursor): string[] {
  if (cursor.takes('device')) return [cursor.quoted().text];
  if (!cursor.takes('devices')) return [];
  cursor.need('=');
  cursor.need('{');
  const names: string[] = [];
  do names.push(cursor.quoted().text);
  while (cursor.takes(','));
  cursor.need('}');
  return names;
}

/// priority filter + 10, priority -500
function readPriority(cursor: Cursor): number {
  cursor.need('priority');
  const from = cursor.peek();
  let value = 0;
  if (from.kind === 'string') {
    const named = PRIORITIES[cursor.next().text];
    if (named === undefined)
      throw new Trouble(from.place, 'invalid priority expression symbol in this context.');
    value = named;
    if (cursor.peek().kind === 'sign' && !cursor.sees('+') && !cursor.sees('-')) return value;
    if (cursor.atSeparator()) return value;
  }
  if (cursor.takes('-')) return value - Number(cursor.number().text);
  cursor.takes('+');
  return value + Number(cursor.number().text);
}

/// What a set's block says: the set, and its elements where they were written.
export interface SetBlock {
  spec: NewSetSpec;
  elements: Elements | null;
}

export function readSetBlock(
  k: Kernel,
  cursor: Cursor,
  map: boolean,
  complain: Complain,
  name: Place,
): SetBlock {
  let spec = emptySpec([]);
  let types: KeyType[] = [];
  let elements: Elements | null = null;
  readBlock(cursor, complain, () => {
    if (cursor.sees('type') || cursor.sees('typeof')) {
      const read = readKey(cursor, map);
      types = read.types;
      const fields = types.map((type) => type.type);
      spec = { ...spec, fields, data: read.data, typeof: read.of };
    } else if (cursor.takes('elements')) {
      cursor.need('=');
      elements = readElements(k, cursor, types, spec.data);
    } else spec = { ...spec, ...readSetLine(cursor) };
    if (!cursor.atSeparator() && !cursor.sees('}')) throw cursor.unexpected();
  });
  if (spec.fields.length === 0)
    throw new Trouble(name, `${map ? 'map' : 'set'} definition does not specify key`);
  return { spec, elements };
}

function readKey(cursor: Cursor, map: boolean): { types: KeyType[]; data: string; of: string } {
  let types: KeyType[] = [];
  let of = '';
  if (cursor.takes('typeof')) {
    const sides = readFields(cursor);
    types = sides.map((side) => side.field);
    of = sides.map((side) => side.field.name).join(' . ');
  } else {
    cursor.need('type');
    do {
      const { text, place } = cursor.next();
      const type = typeNamed(text);
      if (!type) throw new Trouble(place, `unknown datatype ${text}`);
      types.push(type);
    } while (cursor.takes('.'));
  }
  if (!map) return { types, data: '', of };
  cursor.need(':');
  const { text } = cursor.next();
  if (text !== 'verdict') throw new Absent('nft: maps that give a value');
  return { types, data: 'verdict', of };
}

const SET_FLAGS = ['constant', 'interval', 'timeout', 'dynamic'] as const;

type Draft = { -readonly [K in keyof NewSetSpec]?: NewSetSpec[K] };

function readSetLine(cursor: Cursor): Draft {
  const draft: Draft = {};
  if (cursor.takes('flags'))
    do {
      const flag = SET_FLAGS.find((name) => cursor.takes(name));
      if (!flag) throw cursor.unexpected();
      draft[flag] = true;
    } while (cursor.takes(','));
  else if (cursor.takes('timeout')) {
    draft.default_timeout_ns = readMs(cursor) * 1_000_000;
    draft.timeout = true;
  } else if (cursor.takes('gc-interval')) throw new Absent('nft: gc-interval');
  else if (cursor.takes('auto-merge')) draft.auto_merge = true;
  else if (cursor.takes('size')) draft.size = Number(cursor.number().text);
  else if (cursor.takes('comment')) draft.comment = cursor.quoted().text;
  else if (cursor.takes('policy')) throw new Absent('nft: set policies');
  else if (cursor.sees('counter') || cursor.sees('limit') || cursor.sees('quota'))
    throw new Absent('nft: statements of set elements');
  else throw cursor.unexpected();
  return draft;
}

/// hook ingress priority 0; devices = { eth0, eth1 };
export function readFlowtableBlock(
  cursor: Cursor,
  complain: Complain,
): { priority: number; devices: string[] } {
  const block = { priority: 0, devices: [] as string[] };
  readBlock(cursor, complain, () => {
    if (cursor.takes('hook')) {
      const { text, place } = cursor.next();
      if (text !== 'ingress') throw new Trouble(place, 'unknown chain hook');
      block.priority = readPriority(cursor);
    } else if (cursor.sees('devices')) block.devices = readDevices(cursor);
    else if (cursor.sees('flags') || cursor.sees('counter'))
      throw new Absent('nft: flags and counters of flowtables');
    else throw cursor.unexpected();
  });
  return block;
}

/// The message for a chain that was read.
export function chainMessage(
  names: { family: NewChain['family']; table: string; chain: string },
  block: ChainBlock | null,
  excl: boolean,
): NewChain {
  const { base = null, policy = null, comment = '' } = block ?? {};
  return { type: 'newchain', ...names, excl, base, policy, comment };
}
