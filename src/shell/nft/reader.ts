/// What reading any command of nft needs: names with their places, handles, and the list of what was read.
import type { Family } from '../../kernel/netfilter/types.ts';
import type { Kernel } from '../../kernel/state.ts';
import type { Complain } from './blocks.ts';
import type { Change, Cmd, ElementChange, Places } from './cmd.ts';
import { Cursor } from './cursor.ts';
import type { Token } from './lexer.ts';
import type { Trouble } from './trouble.ts';
import { Absent, span, type Place } from './trouble.ts';

export const FAMILIES = ['ip', 'ip6', 'inet', 'netdev'];
export const NAMED_OBJECTS = ['counter', 'quota', 'limit', 'secmark', 'synproxy', 'ct', 'tunnel'];

/// Table, chain or set as they were typed.
export interface Spec {
  readonly family: Family;
  readonly table: string;
  readonly name: string;
  readonly places: Places;
}

export class Reader {
  readonly k: Kernel;
  readonly cursor: Cursor;
  readonly cmds: Cmd[] = [];
  readonly troubles: Trouble[] = [];
  protected readonly complain: Complain = (trouble) => {
    this.troubles.push(trouble);
  };

  constructor(k: Kernel, tokens: readonly Token[]) {
    this.k = k;
    this.cursor = new Cursor(tokens);
  }

  protected family(): Family {
    const { cursor } = this;
    const { text } = cursor.peek();
    if ((text === 'arp' || text === 'bridge') && cursor.peek().kind === 'string')
      throw new Absent(`nft: the ${text} family`);
    if (!FAMILIES.includes(text)) return 'ip';
    cursor.next();
    return text as Family;
  }

  protected tableSpec(): Spec {
    const family = this.family();
    const { text, place } = this.cursor.name();
    return { family, table: text, name: '', places: { table: place } };
  }

  /// A table and a name in it; `what` is how the place of the name is called.
  protected innerSpec(what: string): Spec {
    const spec = this.tableSpec();
    const { text, place } = this.cursor.name();
    return { ...spec, name: text, places: { ...spec.places, [what]: place } };
  }

  protected change(
    message: Change['message'],
    from: Place,
    places: Places,
    more: Partial<Change> = {},
  ): void {
    const whole = span(from, this.cursor.last());
    const base = { do: 'change', message, whole, places, parts: [], refs: [], index: -1 } as const;
    this.cmds.push({ ...base, ...more });
  }

  protected takeBraces(): Token[] {
    const { cursor } = this;
    if (!cursor.sees('{')) throw cursor.unexpected("'{'");
    const tokens: Token[] = [];
    while (!cursor.sees('}')) {
      if (cursor.atEnd()) throw cursor.unexpected();
      tokens.push(cursor.next());
    }
    tokens.push(cursor.next());
    return [...tokens, { kind: 'end', text: '', place: cursor.last() }];
  }

  protected readElementCommand(op: ElementChange['op'], from: Place): void {
    const spec = this.innerSpec('set');
    const { family, table, name, places } = spec;
    const tokens = this.takeBraces();
    const whole = span(from, this.cursor.last());
    this.cmds.push({ do: 'elements', op, family, table, set: name, tokens, whole, places });
  }

  protected nameOrHandle(what: string): Spec & { handle: number } {
    const spec = this.tableSpec();
    if (this.cursor.takes('handle')) {
      const { text, place } = this.cursor.number();
      return { ...spec, handle: Number(text), places: { ...spec.places, handle: place } };
    }
    const { text, place } = this.cursor.name();
    return { ...spec, name: text, handle: 0, places: { ...spec.places, [what]: place } };
  }
}
