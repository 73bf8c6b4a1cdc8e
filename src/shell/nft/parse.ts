/// The commands of nft. Stands for base_cmd and what is below it in src/parser_bison.y of nftables 1.1.3;
/// those that add are in parse_add.ts.
/// Left out, each saying so: objects by name, monitor, describe, export, import, reset, and the ARP and
/// bridge families.
import type { Kernel } from '../../kernel/state.ts';
import { recover } from './blocks.ts';
import type { Cmd, Listing } from './cmd.ts';
import type { Token } from './lexer.ts';
import { Adder } from './parse_add.ts';
import { NAMED_OBJECTS, type Spec } from './reader.ts';
import type { Trouble } from './trouble.ts';
import { Absent, span, type Place } from './trouble.ts';

const MAX_ERRORS = 10;
const ABSENT_COMMANDS = ['monitor', 'describe', 'export', 'import', 'reset', 'include', 'undefine'];

/// Everything that was read, and what was wrong with it.
export interface Parsed {
  readonly cmds: Cmd[];
  readonly troubles: Trouble[];
}

/// Reads all commands. Throws Absent for what nft has and this one has not.
export function parse(k: Kernel, tokens: readonly Token[]): Parsed {
  const reader = new Commands(k, tokens);
  reader.readAll();
  return { cmds: reader.cmds, troubles: reader.troubles };
}

class Commands extends Adder {
  readAll(): void {
    const { cursor } = this;
    while (!cursor.atEnd() && this.troubles.length < MAX_ERRORS) {
      if (cursor.atSeparator()) cursor.next();
      else
        recover(cursor, this.complain, () => {
          this.readCommand();
          if (!cursor.atSeparator() && !cursor.atEnd()) throw cursor.unexpected();
        });
    }
  }

  protected readCommand(): void {
    const { cursor } = this;
    const from = cursor.peek();
    if (from.kind !== 'string') throw cursor.unexpected();
    if (ABSENT_COMMANDS.includes(from.text)) throw new Absent(`nft ${from.text}`);
    switch (from.text) {
      case 'add':
      case 'create':
        cursor.next();
        return this.readAdd(from.text, from.place);
      case 'insert':
      case 'replace':
        cursor.next();
        cursor.takes('rule');
        return this.readRuleCommand(from.text, from.place);
      case 'delete':
      case 'destroy':
        cursor.next();
        return this.readDelete(from.text, from.place);
      case 'list':
        cursor.next();
        return this.readList(from.place);
      case 'flush':
        cursor.next();
        return this.readFlush(from.place);
      case 'rename':
        cursor.next();
        return this.readRename(from.place);
      case 'get':
        cursor.next();
        cursor.need('element');
        return this.readElementCommand('get', from.place);
      default:
        return this.readAdd('add', from.place);
    }
  }

  protected readDelete(op: 'delete' | 'destroy', from: Place): void {
    const { cursor } = this;
    const destroy = op === 'destroy';
    const { text } = cursor.peek();
    if (cursor.takes('table')) return this.deleteTable(destroy, from);
    if (cursor.takes('chain')) {
      const { family, table, name, handle, places } = this.nameOrHandle('chain');
      const names = { family, table, chain: name, handle };
      return this.change({ type: 'delchain', ...names, nonrec: false, destroy }, from, places);
    }
    if (cursor.takes('rule')) {
      const { family, table, name, places } = this.innerSpec('chain');
      cursor.need('handle');
      const number = cursor.number();
      const names = { family, table, chain: name, handle: Number(number.text) };
      const all = { ...places, handle: number.place };
      return this.change({ type: 'delrule', ...names, destroy }, from, all);
    }
    if (cursor.takes('element')) return this.readElementCommand(op, from);
    if (text === 'set' || text === 'map') {
      cursor.next();
      const { family, table, name, handle, places } = this.nameOrHandle('set');
      return this.change(
        { type: 'delset', family, table, set: name, handle, destroy },
        from,
        places,
      );
    }
    if (cursor.takes('flowtable')) {
      const { family, table, name, places } = this.innerSpec('flowtable');
      return this.change(
        { type: 'delflowtable', family, table, flowtable: name, destroy },
        from,
        places,
      );
    }
    if (NAMED_OBJECTS.includes(text)) throw new Absent(`nft ${op} ${text}`);
    throw cursor.unexpected();
  }

  protected deleteTable(destroy: boolean, from: Place): void {
    const { cursor } = this;
    const family = this.family();
    if (cursor.takes('handle')) {
      const { text, place } = cursor.number();
      const message = {
        type: 'deltable',
        family,
        table: '',
        handle: Number(text),
        destroy,
      } as const;
      return this.change(message, from, { handle: place });
    }
    const { text, place } = cursor.name();
    const message = { type: 'deltable', family, table: text, handle: 0, destroy } as const;
    this.change(message, from, { table: place });
  }

  protected readFlush(from: Place): void {
    const { cursor } = this;
    if (cursor.takes('ruleset')) {
      const family = cursor.atSeparator() || cursor.atEnd() ? '' : this.family();
      const message = { type: 'deltable', family, table: '', handle: 0, destroy: true } as const;
      return this.change(message, from, {});
    }
    if (cursor.takes('table')) {
      const { family, table, places } = this.tableSpec();
      const message = { type: 'delrule', family, table, chain: '', handle: 0 } as const;
      return this.change({ ...message, destroy: false }, from, places);
    }
    if (cursor.takes('chain')) {
      const { family, table, name, places } = this.innerSpec('chain');
      const message = { type: 'delrule', family, table, chain: name, handle: 0 } as const;
      return this.change({ ...message, destroy: false }, from, places);
    }
    if (cursor.takes('set') || cursor.takes('map')) {
      const { family, table, name, places } = this.innerSpec('set');
      const message = { type: 'delsetelem', family, table, set: name, elements: null } as const;
      return this.change({ ...message, destroy: false }, from, places);
    }
    throw cursor.unexpected();
  }

  protected readRename(from: Place): void {
    this.cursor.need('chain');
    const { family, table, name, places } = this.innerSpec('chain');
    const to = this.cursor.name();
    this.change({ type: 'renamechain', family, table, chain: name, name: to.text }, from, places);
  }

  protected readList(from: Place): void {
    const { cursor } = this;
    const { text } = cursor.peek();
    const list = (what: string, spec: Partial<Spec>, family: string): void => {
      const { table = '', name = '', places = {} } = spec;
      const whole = span(from, cursor.last());
      const cmd: Listing = { do: 'list', what, family, table, name, whole, places };
      this.cmds.push(cmd);
    };
    const plural = ['ruleset', 'tables', 'chains', 'sets', 'maps', 'flowtables', 'counters'];
    if ([...plural, 'quotas', 'limits', 'meters', 'secmarks', 'synproxys'].includes(text)) {
      cursor.next();
      const all = cursor.atSeparator() || cursor.atEnd();
      return list(text, {}, all ? '' : this.family());
    }
    if (cursor.takes('table')) {
      const spec = this.tableSpec();
      return list('table', spec, spec.family);
    }
    const what = text === 'map' ? 'set' : text;
    if (['chain', 'set', 'map', 'flowtable'].includes(text)) {
      cursor.next();
      const spec = this.innerSpec(what);
      return list(text, spec, spec.family);
    }
    if (text === 'hooks' || NAMED_OBJECTS.includes(text)) throw new Absent(`nft list ${text}`);
    throw cursor.unexpected();
  }
}
