/// The commands of nft that add: tables with what is in them, chains, rules, sets, elements, flowtables.
/// Stands for add_cmd, create_cmd, insert_cmd and replace_cmd in src/parser_bison.y of nftables 1.1.3.
/// Left out: objects by name; they say so.
import type { NewRule } from '../../kernel/netfilter/nf_tables_message.ts';
import {
  chainMessage,
  readBlock,
  readChainBlock,
  readFlowtableBlock,
  readSetBlock,
  type ChainBlock,
} from './blocks.ts';
import type { Cmd, Places } from './cmd.ts';
import { isKeyword } from './cursor.ts';
import { FAMILIES, NAMED_OBJECTS, Reader, type Spec } from './reader.ts';
import type { RuleDraft } from './rule_draft.ts';
import { readRule } from './statements.ts';
import { Absent, Trouble, type Place } from './trouble.ts';

export class Adder extends Reader {
  protected readAdd(op: 'add' | 'create', from: Place): void {
    const { cursor } = this;
    const { text } = cursor.peek();
    if (cursor.takes('table')) return this.readTable(op, from);
    if (cursor.takes('chain')) return this.readChain(op, from);
    if (op === 'add' && cursor.takes('rule')) return this.readRuleCommand('add', from);
    if (text === 'set' || text === 'map') {
      cursor.next();
      return this.readSet(op, from, text === 'map');
    }
    if (cursor.takes('element')) return this.readElementCommand(op, from);
    if (cursor.takes('flowtable')) return this.readFlowtable(op, from);
    if (NAMED_OBJECTS.includes(text)) throw new Absent(`nft ${op} ${text}`);
    if (op === 'add' && (FAMILIES.includes(text) || !isKeyword(text)))
      return this.readRuleCommand('add', from);
    throw cursor.unexpected();
  }

  protected readTable(op: 'add' | 'create', from: Place): void {
    const { cursor } = this;
    const spec = this.tableSpec();
    const message = {
      type: 'newtable',
      family: spec.family,
      table: spec.table,
      excl: op === 'create',
      dormant: false,
      comment: '',
    } as const;
    if (!cursor.sees('{')) return this.change(message, from, spec.places);
    const at = this.cmds.length;
    let [dormant, comment]: [boolean, string] = [false, ''];
    readBlock(cursor, this.complain, () => {
      if (cursor.takes('flags')) {
        const { text, place } = cursor.next();
        if (text !== 'dormant') throw new Trouble(place, `unknown table option ${text}`);
        dormant = true;
      } else if (cursor.takes('comment')) comment = cursor.quoted().text;
      else this.readInTable(spec);
    });
    const whole = spec.places['table']!;
    this.cmds.splice(at, 0, {
      do: 'change',
      message: { ...message, dormant, comment },
      whole,
      places: spec.places,
      parts: [],
      refs: [],
      index: -1,
    });
    this.rulesLast(at);
  }

  // Rules come after all chains and sets of a table, since they may name any of them.
  protected rulesLast(at: number): void {
    const block = this.cmds.splice(at);
    const later = (cmd: Cmd): boolean =>
      cmd.do === 'change' && ['newrule', 'newsetelem'].includes(cmd.message.type);
    const elements = (cmd: Cmd): boolean =>
      cmd.do === 'change' && cmd.message.type === 'newsetelem';
    const rule = (cmd: Cmd): boolean => later(cmd) && !elements(cmd);
    for (const cmd of block) if (!later(cmd)) this.cmds.push(cmd);
    for (const cmd of block) if (elements(cmd)) this.cmds.push(cmd);
    for (const cmd of block) if (rule(cmd)) this.cmds.push(cmd);
  }

  protected readInTable(spec: Spec): void {
    const { cursor } = this;
    const { text, kind } = cursor.peek();
    const inner = (what: string): Spec => {
      cursor.next();
      const name = cursor.name();
      return { ...spec, name: name.text, places: { ...spec.places, [what]: name.place } };
    };
    if (kind !== 'string') throw cursor.unexpected();
    if (text === 'chain') this.addChain('add', inner('chain'), null);
    else if (text === 'set' || text === 'map')
      this.addSet('add', inner('set'), text === 'map', null);
    else if (text === 'flowtable') this.addFlowtable('add', inner('flowtable'), null);
    else if (NAMED_OBJECTS.includes(text)) throw new Absent(`nft: ${text} by name`);
    else throw cursor.unexpected();
    if (!cursor.atSeparator() && !cursor.sees('}')) throw cursor.unexpected();
  }

  protected readChain(op: 'add' | 'create', from: Place): void {
    this.addChain(op, this.innerSpec('chain'), from);
  }

  protected addChain(op: 'add' | 'create', spec: Spec, from: Place | null): void {
    const { cursor } = this;
    const names = { family: spec.family, table: spec.table, chain: spec.name };
    let block: ChainBlock | null = null;
    if (cursor.sees('{')) block = readChainBlock(this.k, cursor, spec.family, this.complain);
    const places = { ...spec.places, ...block?.places };
    const message = chainMessage(names, block, op === 'create');
    this.change(message, from ?? spec.places['chain']!, places);
    for (const { draft, place } of block?.rules ?? [])
      this.addRule('append', { ...names, position: 0 }, draft, place, spec.places, -1);
  }

  protected readSet(op: 'add' | 'create', from: Place, map: boolean): void {
    this.addSet(op, this.innerSpec('set'), map, from);
  }

  protected addSet(op: 'add' | 'create', spec: Spec, map: boolean, from: Place | null): void {
    const { family, table, name, places } = spec;
    const place = places['set']!;
    const block = readSetBlock(this.k, this.cursor, map, this.complain, place);
    const names = { family, table, set: name };
    const excl = op === 'create';
    this.change({ type: 'newset', ...names, excl, spec: block.spec }, from ?? place, places);
    if (!block.elements) return;
    const { elements, places: parts } = block.elements;
    this.change({ type: 'newsetelem', ...names, elements, excl: false }, from ?? place, places, {
      parts,
    });
  }

  protected readFlowtable(op: 'add' | 'create', from: Place): void {
    this.addFlowtable(op, this.innerSpec('flowtable'), from);
  }

  protected addFlowtable(op: 'add' | 'create', spec: Spec, from: Place | null): void {
    const block = readFlowtableBlock(this.cursor, this.complain);
    const { family, table, name, places } = spec;
    this.change(
      { type: 'newflowtable', family, table, flowtable: name, excl: op === 'create', ...block },
      from ?? places['flowtable']!,
      places,
    );
  }

  protected readRuleCommand(op: 'add' | 'insert' | 'replace', from: Place): void {
    const { cursor } = this;
    const spec = this.innerSpec('chain');
    let position = 0;
    let index = -1;
    let places = spec.places;
    for (const word of ['handle', 'position', 'index'])
      if (cursor.takes(word)) {
        const number = cursor.number();
        places = { ...places, handle: number.place, position: number.place, index: number.place };
        if (word === 'index') index = Number(number.text);
        else position = Number(number.text);
      }
    if (op === 'replace' && position === 0) throw cursor.unexpected('handle');
    const { family, table, name: chain } = spec;
    const draft = readRule(this.k, cursor, family);
    const mode = op === 'insert' ? 'insert' : op === 'replace' ? 'replace' : 'append';
    this.addRule(mode, { family, table, chain, position }, draft, from, places, index);
  }

  protected addRule(
    mode: NewRule['mode'],
    names: Pick<NewRule, 'family' | 'table' | 'chain' | 'position'>,
    draft: RuleDraft,
    from: Place,
    places: Places,
    index: number,
  ): void {
    const { exprs, sets, comment, refs } = draft;
    const message: NewRule = {
      ...{ type: 'newrule', ...names, exprs, sets, mode, comment, origin: 'nft', xt: '' },
    };
    const inBlock = from.line !== this.cursor.last().line || this.cursor.sees('}');
    this.change(message, from, places, {
      ...{ parts: draft.places, refs, index },
      ...(inBlock && { whole: from }),
    });
  }
}
