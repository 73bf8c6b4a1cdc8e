/// From commands that were read to messages for the kernel, with what nft finds wrong before it asks the kernel,
/// and how it words what the kernel refuses. Stands for src/evaluate.c and src/cmd.c of nftables 1.1.3.
import { strerror } from '../../kernel/errno.ts';
import type { BatchError } from '../../kernel/netfilter/nfnetlink.ts';
import type { NftMessage } from '../../kernel/netfilter/nf_tables_message.ts';
import type { Kernel } from '../../kernel/state.ts';
import type { Change, Cmd, ElementChange, Listing, Places } from './cmd.ts';
import { Cursor } from './cursor.ts';
import { readElements, typeNamed, type KeyType } from './expressions.ts';
import { intervalMessages } from './intervals.ts';
import { Known } from './known.ts';
import { Trouble, type Place } from './trouble.ts';

/// A message with what is needed to say where it went wrong.
export interface Sent {
  readonly message: NftMessage;
  readonly whole: Place;
  readonly places: Places;
  readonly parts: readonly Place[];
}

/// What one command comes to: messages, or something to show.
export type Task =
  | { readonly do: 'send'; readonly sent: readonly Sent[] }
  | { readonly do: 'list'; readonly cmd: Listing }
  | { readonly do: 'get'; readonly cmd: ElementChange; readonly tokens: ElementChange['tokens'] };

/// Checks all commands. Every command with something wrong gives one trouble.
export function evaluate(k: Kernel, cmds: readonly Cmd[]): { tasks: Task[]; troubles: Trouble[] } {
  const known = new Known(k);
  const tasks: Task[] = [];
  const troubles: Trouble[] = [];
  for (const cmd of cmds) {
    try {
      const task = taskOf(k, known, cmd);
      tasks.push(task);
      if (task.do === 'send') for (const { message } of task.sent) known.after(message);
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
      troubles.push(error);
    }
  }
  return { tasks, troubles };
}

function taskOf(k: Kernel, known: Known, cmd: Cmd): Task {
  if (cmd.do === 'list') {
    checkListing(known, cmd);
    return { do: 'list', cmd };
  }
  if (cmd.do === 'elements') return elementTask(k, known, cmd);
  const { message, places, whole, parts } = cmd;
  checkNames(known, cmd);
  if (message.type !== 'newsetelem')
    return { do: 'send', sent: [{ message: positioned(k, cmd), whole, places, parts }] };
  const spec = known.set(message.family, message.table, message.set);
  const messages = spec ? intervalMessages(k, message, spec, parts) : [message];
  return { do: 'send', sent: messages.map((one) => ({ message: one, whole, places, parts })) };
}

const NEED_TABLE = new Set(['newchain', 'newset', 'newflowtable', 'renamechain']);

function checkNames(known: Known, cmd: Change): void {
  const { message, places, refs } = cmd;
  if (message.type === 'deltable' || message.type === 'newtable') return;
  const { family, table } = message;
  const flushed = message.type === 'delsetelem' && message.elements === null;
  const needs = NEED_TABLE.has(message.type) || flushed || refs.length > 0 || cmd.index >= 0;
  if (needs && !known.table(family, table))
    throw new Trouble(places['table']!, known.noTable(table));
  if (message.type === 'renamechain' && !known.chain(family, table, message.chain))
    throw new Trouble(places['chain']!, known.noChain(message.chain));
  if (flushed && !known.set(family, table, message.set))
    throw new Trouble(places['set']!, known.noSet(message.set));
  for (const ref of refs) {
    const spec = known.set(family, table, ref.name);
    if (!spec) throw new Trouble(ref.place, known.noSet(ref.name));
    if (spec.fields.join() !== ref.types.join())
      throw new Trouble(
        ref.place,
        `datatype mismatch, expected ${ref.types.join(' . ')}, expression has type ${spec.fields.join(' . ')}`,
      );
  }
}

/// `index N` becomes the handle of the N-th rule.
function positioned(k: Kernel, cmd: Change): NftMessage {
  const { message, index, places } = cmd;
  if (message.type !== 'newrule' || index < 0) return message;
  const table = k.nf.tables.find(
    (one) => one.family === message.family && one.name === message.table,
  );
  const rule = table?.chains.find((one) => one.name === message.chain)?.rules[index];
  if (!rule) throw new Trouble(places['index']!, `Could not process rule: ${strerror('ENOENT')}`);
  return { ...message, position: rule.handle };
}

function elementTask(k: Kernel, known: Known, cmd: ElementChange): Task {
  const { family, table, set, places, whole, op } = cmd;
  if (!known.table(family, table)) throw new Trouble(places['table']!, known.noTable(table));
  const spec = known.set(family, table, set);
  if (!spec) throw new Trouble(places['set']!, known.noSet(set));
  if (op === 'get') return { do: 'get', cmd, tokens: cmd.tokens };
  const adds = op === 'add' || op === 'create';
  const types = typesOf(spec.fields);
  // What a map's element leads to need not be said when it is taken away.
  const data = adds ? spec.data : '';
  const read = readElements(k, new Cursor(withoutData(cmd, adds)), types, data);
  if (read.interval && !spec.interval)
    throw new Trouble(
      read.places[0]!,
      `You must add 'flags interval' to your ${spec.data === '' ? 'set' : 'map'} declaration if you want to add range elements`,
    );
  const names = { family: family as 'ip', table, set };
  const { elements, places: parts } = read;
  const message = adds
    ? ({ type: 'newsetelem', ...names, elements, excl: op === 'create' } as const)
    : ({ type: 'delsetelem', ...names, elements, destroy: op === 'destroy' } as const);
  const messages =
    message.type === 'newsetelem' ? intervalMessages(k, message, spec, parts) : [message];
  return { do: 'send', sent: messages.map((one) => ({ message: one, whole, places, parts })) };
}

function withoutData(cmd: ElementChange, adds: boolean): ElementChange['tokens'] {
  if (adds) return cmd.tokens;
  let skipping = false;
  return cmd.tokens.filter(({ text, kind }) => {
    if (kind === 'sign' && text === ':') skipping = true;
    else if (kind === 'sign' && (text === ',' || text === '}')) skipping = false;
    return !skipping;
  });
}

export function typesOf(fields: readonly string[]): KeyType[] {
  return fields.map((name) => typeNamed(name) ?? { type: 'integer', bits: 32 });
}

function checkListing(known: Known, { what, family, table, name, places }: Listing): void {
  if (table === '') return;
  if (!known.table(family, table)) throw new Trouble(places['table']!, known.noTable(table));
  if (what === 'chain' && !known.chain(family, table, name))
    throw new Trouble(places['chain']!, known.noChain(name));
  if (what !== 'set' && what !== 'map') return;
  const spec = known.set(family, table, name);
  if (!spec) throw new Trouble(places['set']!, known.noSet(name));
  if ((spec.data === '') !== (what === 'set'))
    throw new Trouble(places['set']!, strerror('ENOENT'));
}

/// Where and how nft reports a message that the kernel refused.
export function refusal(k: Kernel, sent: Sent, error: BatchError): { place: Place; says: string } {
  const { attr, index, errno } = error;
  const part = attr === 'element' || attr === 'expr' ? sent.parts[index] : undefined;
  const named = attr === null ? undefined : sent.places[attr];
  const place = part ?? named ?? sent.whole;
  const plain = `Could not process rule: ${strerror(errno)}`;
  if (errno !== 'ENOENT' || !named) return { place, says: plain };
  return { place, says: meant(k, sent.message, attr) ?? plain };
}

// Only what was deleted, or the chain of a rule, is looked for among the names that there are.
function meant(k: Kernel, message: NftMessage, attr: BatchError['attr']): string | null {
  const known = new Known(k);
  const hint = (says: string): string | null => (says.includes(';') ? says : null);
  if (attr === 'table' && message.type !== 'deltable') return null;
  if (message.type === 'deltable') return hint(known.noTable(message.table));
  if (attr === 'chain' && 'chain' in message) return hint(known.noChain(message.chain));
  if (attr === 'set' && 'set' in message) return hint(known.noSet(message.set));
  return null;
}
