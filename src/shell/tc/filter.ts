/// tc filter and tc actions: filters on a device's ingress. Stands for tc/tc_filter.c and tc/m_action.c of iproute2
/// 6.15.
/// Left out: filters of queueing disciplines that send, shared blocks, chains with templates, get, JSON.
import { deleteAction, addAction } from '../../kernel/act_api.ts';
import { tc_del_tfilter, tc_new_tfilter, type FilterRequest } from '../../kernel/cls_api.ts';
import type { Kernel } from '../../kernel/state.ts';
import type { TcBlock, TcFilter, TcFilterKind, U32Key } from '../../kernel/tc/types.ts';
import { progPut } from '../../kernel/xdp/load.ts';
import type { Io, Running } from '../command.ts';
import { answer, forbidden, noDevice } from '../ip/trouble.ts';
import { actionLines, classId, classText, parseActions, TcFault, Words } from './actions.ts';
import {
  emptyMatch,
  flowerLines,
  parseFlower,
  parseU32,
  protocolNumber,
  protocolText,
  u32Lines,
} from './filter_match.ts';
import { bpfLine, readBpf } from './filter_bpf.ts';
import { readCount } from './units.ts';

const KINDS: readonly TcFilterKind[] = ['u32', 'flower', 'matchall', 'basic', 'fw', 'bpf'];
const ABSENT = ['cgroup', 'flow', 'route', 'rsvp', 'tcindex'];
const VERBS = ['add', 'change', 'replace', 'delete', 'get', 'show', 'list', 'lst', 'help'];

/// tc filter ...
export function* filterCommand(io: Io, stats: boolean, words: readonly string[]): Running {
  const typed = words[0] ?? 'show';
  const verb = VERBS.find((name) => name.startsWith(typed));
  if (verb === undefined) {
    yield* io.err.line(`Command "${typed}" is unknown, try "tc filter help".`);
    return 255;
  }
  try {
    const w = new Words(words.slice(1));
    if (verb === 'show' || verb === 'list' || verb === 'lst') return yield* show(io, stats, w);
    if (verb === 'get' || verb === 'help')
      throw new TcFault(`softnet: not modelled here: tc filter ${verb}`);
    return yield* change(io, verb, w);
  } catch (error) {
    if (!(error instanceof TcFault)) throw error;
    yield* io.err.line(error.message);
    return error.status;
  }
}

interface Place {
  dev: string;
  side: '' | 'ingress' | 'egress';
  handle: string;
  prio: number;
  chain: number;
  protocol: number; // 0: not said
  kind: string; // '': not said
}

/// The words up to the filter's kind.
function readPlace(w: Words): Place {
  const place: Place = { dev: '', side: '', handle: '', prio: 0, chain: 0, protocol: 0, kind: '' };
  for (;;) {
    const word = w.peek();
    if (word === undefined) return place;
    w.take();
    if (word === 'dev') place.dev = w.take();
    else if (word === 'ingress' || word === 'egress') place.side = word;
    else if (word === 'parent') place.side = side(w.take());
    else if (word === 'root') throw new TcFault('softnet: not modelled here: tc filter ... root');
    else if (word === 'block') throw new TcFault('softnet: not modelled here: tc filter ... block');
    else if (word === 'handle') place.handle = w.take();
    else if (word === 'prio' || word === 'pref' || word === 'preference') {
      const prio = readCount(w.take());
      if (prio === null || prio > 0xffff)
        throw new TcFault('Error: argument "prio" is wrong: invalid priority value', 255);
      place.prio = prio;
    } else if (word === 'chain') place.chain = readCount(w.take()) ?? 0;
    else if (word === 'protocol') {
      const text = w.take();
      const protocol = protocolNumber(text);
      if (protocol === null)
        throw new TcFault(`Error: argument "${text}" is wrong: invalid protocol`, 255);
      place.protocol = protocol;
    } else {
      place.kind = word;
      return place;
    }
  }
}

/// ffff: is the ingress discipline, ffff:fff2 and ffff:fff3 the two sides of clsact.
function side(parent: string): Place['side'] {
  if (parent === 'ffff:' || parent === 'ffff:fff2') return 'ingress';
  if (parent === 'ffff:fff3') return 'egress';
  throw new TcFault(`softnet: not modelled here: tc filter ... parent ${parent}`);
}

function* change(io: Io, verb: string, w: Words): Running {
  const place = readPlace(w);
  if (place.kind && !KINDS.includes(place.kind as TcFilterKind)) {
    if (ABSENT.includes(place.kind))
      throw new TcFault(`softnet: not modelled here: tc filter ${place.kind}`);
    if (w.peek() !== undefined)
      throw new TcFault(`Unknown filter "${place.kind}", hence option "${w.peek()}" is unparsable`);
  }
  // Nothing that is sent passes filters, so none is taken.
  if (verb !== 'delete' && place.side === 'egress')
    throw new TcFault('softnet: not modelled here: tc filter ... egress');
  const loaded = verb !== 'delete' && place.kind === 'bpf' ? yield* readBpf(io, w) : null;
  if (typeof loaded === 'number') return loaded;
  const read = verb === 'delete' ? null : readFilter(io.k, verb, place, w);
  const request = read !== null && loaded !== null ? { ...read, ...loaded } : read;
  const dev = io.k.devs.find((one) => one.name === place.dev);
  if (place.dev && !dev) return yield* noDevice(io, place.dev);
  if (io.uid !== 0) {
    yield* forbidden(io);
    return yield* noTalk(io);
  }
  if (!dev)
    throw new TcFault(
      "Error: Parent Qdisc doesn't exists.\nWe have an error talking to the kernel",
      2,
    );
  const ingress = place.side !== 'egress';
  const { chain, prio, protocol, kind } = place;
  const status = yield* answer(
    io,
    request === null
      ? tc_del_tfilter(io.k, dev, { ingress, chain, prio, protocol, kind, handle: handleOf(place) })
      : tc_new_tfilter(io.k, dev, request),
  );
  if (status !== 0 && loaded?.match.kind === 'bpf') progPut(io.k, loaded.match.prog);
  return status === 0 ? 0 : yield* noTalk(io);
}

function* noTalk(io: Io): Running {
  yield* io.err.line('We have an error talking to the kernel');
  return 2;
}

/// A handle is a number; u32's is table:bucket:node, of which the node names the filter.
function handleOf(place: Place): number {
  if (place.handle === '') return 0;
  const node = /^([0-9a-f]*):([0-9a-f]*):([0-9a-f]+)$/i.exec(place.handle)?.[3];
  if (place.kind === 'u32' || node !== undefined) return Number.parseInt(node ?? '0', 16);
  const number = readCount(place.handle.split('/')[0]!);
  if (number === null) throw new TcFault('Illegal "handle"');
  return number;
}

function readFilter(k: Kernel, verb: string, place: Place, w: Words): FilterRequest {
  const kind = place.kind as TcFilterKind;
  if (place.kind === '')
    throw new TcFault(
      'Error: Filter kind and protocol must be specified.\nWe have an error talking to the kernel',
      2,
    );
  const protocol = place.protocol || 3;
  let match = emptyMatch(kind, protocol);
  let classid = 0;
  let skip_hw = false;
  let actions: FilterRequest['actions'] = [];
  const keys: U32Key[] = [];
  const flower = match.kind === 'flower' ? { ...match.key } : {};
  for (let word = w.peek(); word !== undefined; word = w.peek()) {
    w.take();
    if (word === 'action') actions = parseActions(k, w);
    else if (word === 'classid' || word === 'flowid') classid = classId(w.take());
    else if (word === 'skip_hw') skip_hw = true;
    else if (word === 'skip_sw')
      throw new TcFault('softnet: not modelled here: tc filter ... skip_sw');
    else if (kind === 'u32' && word === 'match') parseU32(w, keys);
    else if (
      kind === 'u32' &&
      ['ht', 'link', 'divisor', 'offset', 'hashkey', 'order', 'police'].includes(word)
    )
      throw new TcFault(`softnet: not modelled here: tc filter u32 ${word}`);
    else if (kind === 'basic' && word === 'match')
      throw new TcFault('softnet: not modelled here: tc filter basic match');
    else if (kind !== 'flower' || !parseFlower(w, flower, word))
      throw new TcFault(`What is "${word}"?`);
  }
  if (kind === 'u32') match = { kind, keys };
  else if (kind === 'flower') match = { kind, key: flower };
  else if (kind === 'fw') match = { kind, ...mark(place) };
  return {
    ingress: place.side !== 'egress',
    create: verb !== 'change',
    exclusive: verb === 'add',
    ...{ chain: place.chain, prio: place.prio, protocol, kind, handle: handleOf(place) },
    ...{ classid, match, skip_hw, actions },
  };
}

/// The mark is fw's handle, with a mask where one is given.
function mark(place: Place): { mark: number; mask: number } {
  const [value = '0', mask = '0xffffffff'] = place.handle.split('/');
  return { mark: readCount(value) ?? 0, mask: readCount(mask) ?? 0xffff_ffff };
}

function* show(io: Io, stats: boolean, w: Words): Running {
  const place = readPlace(w);
  const dev = io.k.devs.find((one) => one.name === place.dev);
  if (place.dev && !dev) return yield* noDevice(io, place.dev);
  if (!dev) throw new TcFault('Must specify netdevice or block');
  if (!dev.ingress) {
    if (!place.side) return 0;
    throw new TcFault("Error: Parent Qdisc doesn't exists.", 2);
  }
  const block = place.side === 'egress' ? dev.ingress.egress : dev.ingress.ingress;
  for (const line of filterLines(io.k, block, place, stats)) yield* io.out.line(line);
  return 0;
}

/// Every filter of a block with its actions, as lines.
export function filterLines(
  k: Kernel,
  block: TcBlock,
  place: Pick<Place, 'prio' | 'protocol'>,
  stats: boolean,
): string[] {
  const lines: string[] = [];
  for (const chain of block.chains)
    for (const tp of chain.protos) {
      if (place.prio !== 0 && tp.prio !== place.prio) continue;
      if (place.protocol !== 0 && tp.protocol !== place.protocol) continue;
      const named = place.protocol === 0 ? `protocol ${protocolText(tp.protocol)} ` : '';
      const pref = place.prio === 0 ? `pref ${tp.prio} ` : '';
      const front = `filter ${named}${pref}${tp.kind} chain ${chain.index} `;
      lines.push(front);
      if (tp.kind === 'u32') lines.push(`${front}fh 800: ht divisor 1 `);
      // flower keeps them in the order in which it asks them.
      const filters =
        tp.kind === 'flower' ? [...tp.filters].sort((a, b) => a.handle - b.handle) : tp.filters;
      for (const filter of filters) lines.push(...oneFilter(k, filter, front, stats));
    }
  return lines;
}

function oneFilter(k: Kernel, f: TcFilter, front: string, stats: boolean): string[] {
  const lines = matchLines(k, f, front, stats);
  f.actions.forEach((id, i) => {
    const action = k.tc.actions.find((one) => one.id === id)!;
    lines.push(...actionLines(k, action, i + 1, stats));
  });
  // The tool ends a filter with a newline after that of its last action.
  if (f.actions.length > 0) lines.push('');
  return lines;
}

function matchLines(k: Kernel, f: TcFilter, front: string, stats: boolean): string[] {
  const { match } = f;
  const hw = f.skip_hw ? ['  skip_hw', '  not_in_hw'] : ['  not_in_hw'];
  const hex = f.handle.toString(16);
  switch (match.kind) {
    case 'u32': {
      const flow =
        f.classid !== 0
          ? `flowid ${classText(f.classid)} `
          : f.actions.length > 0
            ? 'terminal flowid '
            : '';
      const counts = stats ? `(rule hit ${f.pcnt} success ${f.hits})` : '';
      const head = `${front}fh 800::${hex} order ${f.handle} key ht 800 bkt 0 ${flow}`;
      return [
        `${head}${f.skip_hw ? 'skip_hw ' : ''}not_in_hw ${counts}`,
        ...u32Lines(match.keys, stats ? f.hits : null),
      ];
    }
    case 'bpf':
      return [bpfLine(k, f, front)];
    case 'flower': {
      const id = f.classid === 0 ? '' : `classid ${classText(f.classid)} `;
      return [`${front}handle 0x${hex} ${id}`, ...flowerLines(match.key), ...hw];
    }
    case 'matchall': {
      const id = f.classid === 0 ? '' : `flowid ${classText(f.classid)} `;
      const counts = stats ? ` (rule hit ${f.hits})` : '';
      return [`${front}handle 0x${hex} ${id}`, ...hw.slice(0, -1), `${hw.at(-1)}${counts}`];
    }
    case 'fw': {
      const id = f.classid === 0 ? '' : `classid ${classText(f.classid)} `;
      const mask = match.mask === 0xffff_ffff ? ' ' : `/0x${match.mask.toString(16)} `;
      // fw ends its own line before the actions begin theirs.
      const line = `${front}handle 0x${match.mark.toString(16)}${mask}${id}`;
      return f.actions.length > 0 ? [line, ''] : [line];
    }
    case 'basic': {
      const id = f.classid === 0 ? '' : `flowid ${classText(f.classid)} `;
      return [`${front}handle 0x${hex} ${id}`];
    }
  }
}

/// tc actions add, delete, list.
export function* actionsCommand(io: Io, stats: boolean, words: readonly string[]): Running {
  const w = new Words(words);
  try {
    const verb = w.take();
    if (['ls', 'list', 'lst', 'show'].includes(verb)) return yield* listActions(io, stats, w);
    if (io.uid !== 0) return yield* forbidden(io);
    w.took('action');
    if (verb === 'add') {
      for (const one of parseActions(io.k, w)) {
        const status = yield* answer(io, addAction(io.k, one));
        if (status !== 0) return yield* noTalk(io);
      }
      return 0;
    }
    if (verb === 'del' || verb === 'delete') {
      const kind = w.take();
      if (!w.took('index'))
        throw new TcFault('softnet: not modelled here: tc actions delete without index');
      const status = yield* answer(io, deleteAction(io.k, kind, readCount(w.take()) ?? 0));
      return status === 0 ? 0 : yield* noTalk(io);
    }
    throw new TcFault(`softnet: not modelled here: tc actions ${verb}`);
  } catch (error) {
    if (!(error instanceof TcFault)) throw error;
    yield* io.err.line(error.message);
    return error.status;
  }
}

function* listActions(io: Io, stats: boolean, w: Words): Running {
  w.took('action');
  const kind = w.take();
  const found = io.k.tc.actions.filter((one) => one.spec.kind === kind);
  yield* io.out.line(`total acts ${found.length}`);
  for (const [i, action] of found.entries()) {
    yield* io.out.line('');
    for (const line of actionLines(io.k, action, i, stats)) yield* io.out.line(line);
  }
  return 0;
}
