/// Reads a sed script. Left out, and said so when met: the e command and the e flag of s.
import { posixRegex, RegexError } from '../regex.ts';
import type { Address, Command, Pattern, Script, Selection, Substitution } from './script.ts';
import { ScriptFault } from './script.ts';
import { Source } from './source.ts';
import type { Chunk } from './source.ts';
import { mapCharacters, plainRegex, plainText, readDelimited, replacementPieces } from './text.ts';

/// Something of GNU sed's that is not modelled here.
export class NotModelled extends Error {}

type Draft = { -readonly [K in keyof Command]: Command[K] };

export function parseScript(chunks: readonly Chunk[], extended: boolean): Script {
  return new Parser(chunks, extended).script();
}

class Parser {
  private readonly commands: Draft[] = [];
  private readonly blocks: Draft[] = [];
  private readonly labels = new Map<string, number>();
  private readonly source: Source;
  private readonly extended: boolean;
  private readonly quiet: boolean;

  constructor(chunks: readonly Chunk[], extended: boolean) {
    this.source = new Source(chunks);
    this.extended = extended;
    this.quiet = /^#n(?:\n|$)/.test(chunks[0]?.text ?? '');
  }

  script(): Script {
    for (;;) {
      this.source.skipSpace();
      if (this.source.peek() === '') break;
      this.command();
    }
    if (this.blocks.length > 0) throw this.source.fault("unmatched `{'", 0);
    for (const command of this.commands) this.resolve(command);
    return { commands: this.commands, quiet: this.quiet };
  }

  private resolve(command: Draft): void {
    if (!/^[btT]$/.test(command.name)) return;
    if (command.text === '') {
      command.target = this.commands.length;
      return;
    }
    const target = this.labels.get(command.text ?? '');
    if (target === undefined)
      throw new ScriptFault(`can't find label for jump to \`${command.text ?? ''}'`, 4);
    command.target = target;
  }

  private command(): void {
    const select = this.selection();
    const name = this.source.next();
    if (name === '') throw this.source.fault('missing command');
    const draft: Draft = { name, select, index: this.commands.length };
    if (select.from?.kind === 'zero' && select.to?.kind !== 'regex')
      throw this.source.fault('invalid usage of line address 0');
    this.arguments(draft);
    if (name !== '#') this.commands.push(draft);
  }

  private selection(): Selection {
    const from = this.address();
    if (from?.kind === 'plus' || from?.kind === 'multiple')
      throw this.source.fault('invalid usage of +N or ~N as first address');
    let to: Address | null = null;
    this.source.skipBlanks();
    if (from && this.source.peek() === ',') {
      this.source.next();
      this.source.skipBlanks();
      to = this.address();
      if (!to) {
        this.source.next();
        throw this.source.fault("unexpected `,'");
      }
      this.source.skipBlanks();
    }
    let negated = false;
    while (this.source.peek() === '!') {
      this.source.next();
      if (negated) throw this.source.fault("multiple `!'s");
      negated = true;
      this.source.skipBlanks();
    }
    return { from, to, negated };
  }

  private address(): Address | null {
    const { source } = this;
    const ch = source.peek();
    if (/^\d$/.test(ch)) return this.numbered();
    if (ch === '$') {
      source.next();
      return { kind: 'last' };
    }
    if (ch === '/' || ch === '\\') {
      source.next();
      const delimiter = ch === '\\' ? source.next() : ch;
      return { kind: 'regex', regex: this.addressRegex(delimiter) };
    }
    if (ch === '+' || ch === '~') {
      source.next();
      const digits = source.digits();
      if (digits === '') throw source.fault(`expected number after ${ch}`);
      return ch === '+'
        ? { kind: 'plus', count: Number(digits) }
        : { kind: 'multiple', of: Number(digits) };
    }
    return null;
  }

  private numbered(): Address {
    const { source } = this;
    const number = Number(source.digits());
    source.skipBlanks();
    if (source.peek() === '~') {
      source.next();
      return { kind: 'step', first: number, step: Number(source.digits() || 0) };
    }
    return number === 0 ? { kind: 'zero' } : { kind: 'line', number };
  }

  private addressRegex(delimiter: string): Pattern {
    const { source } = this;
    const text = readDelimited(source, delimiter, true);
    if (text === null) throw source.fault('unterminated address regex');
    let [icase, multiline] = [false, false];
    while (/^[IM]$/.test(source.peek())) {
      if (source.next() === 'I') icase = true;
      else multiline = true;
    }
    return this.regex(text, icase, multiline);
  }

  private regex(text: string, icase: boolean, multiline: boolean): Pattern {
    if (text === '') return null;
    try {
      return posixRegex(plainRegex(text), {
        dialect: this.extended ? 'sed-E' : 'sed',
        icase,
        multiline,
      });
    } catch (error) {
      if (!(error instanceof RegexError)) throw error;
      if (error.message.startsWith('character class syntax'))
        throw new ScriptFault(error.message, 4);
      throw this.source.fault(error.message);
    }
  }

  private arguments(draft: Draft): void {
    const { source } = this;
    switch (draft.name) {
      case '#':
        if (draft.select.from) throw source.fault("comments don't accept any addresses");
        source.restOfLine();
        return;
      case '{':
        this.blocks.push(draft);
        return;
      case '}':
        return this.closeBlock(draft);
      case ':':
        return this.label(draft);
      case 'b':
      case 't':
      case 'T':
        draft.text = this.word();
        return;
      case 'a':
      case 'i':
      case 'c':
        draft.text = this.insertedText();
        return;
      case 'r':
      case 'R':
      case 'w':
      case 'W':
        source.skipBlanks();
        draft.text = source.restOfLine();
        if (draft.text === '') throw source.fault('missing filename in r/R/w/W commands');
        return;
      case 'q':
      case 'Q':
        if (draft.select.to) throw source.fault('command only uses one address');
        source.skipBlanks();
        draft.number = Number(source.digits() || 0);
        return this.endOfCommand();
      case 'l':
        source.skipBlanks();
        draft.number = Number(source.digits() || -1);
        return this.endOfCommand();
      case 's':
        draft.substitution = this.substitution();
        return;
      case 'y':
        draft.map = this.map();
        return this.endOfCommand();
      case 'e':
        throw new NotModelled('the e command');
      case 'v':
        this.word();
        return;
      default:
        if (!'=dDFgGhHnNpPxz'.includes(draft.name))
          throw source.fault(`unknown command: \`${draft.name}'`);
        this.endOfCommand();
    }
  }

  private endOfCommand(): void {
    const { source } = this;
    source.skipBlanks();
    const ch = source.peek();
    if (ch === '' || ch === '\n' || ch === ';') {
      source.next();
      return;
    }
    if (ch === '}' || ch === '#') return;
    source.next();
    throw source.fault('extra characters after command');
  }

  private closeBlock(draft: Draft): void {
    const open = this.blocks.pop();
    if (!open) throw this.source.fault("unexpected `}'");
    if (draft.select.from) throw this.source.fault("} doesn't want any addresses");
    open.target = draft.index;
    this.endOfCommand();
  }

  private label(draft: Draft): void {
    const { source } = this;
    if (draft.select.from) throw source.fault(": doesn't want any addresses");
    source.skipBlanks();
    let name = '';
    while (!/^[\n;]?$/.test(source.peek())) name += source.next();
    draft.text = name.replace(/\s+$/, '');
    if (draft.text === '') throw source.fault('":" lacks a label');
    this.labels.set(draft.text, draft.index);
  }

  private word(): string {
    const { source } = this;
    source.skipBlanks();
    let name = '';
    while (!/^[\s;]?$/.test(source.peek())) name += source.next();
    return name;
  }

  /// `a\` and the text on the next line, or `a text` on the same one. A backslash before the newline
  /// takes the next line too.
  private insertedText(): string {
    const { source } = this;
    source.skipBlanks();
    const ch = source.peek();
    if (ch === '') throw source.fault("expected \\ after `a', `c' or `i'");
    if (ch === '\\') {
      source.next();
      if (source.blankLine() && source.next() === '') return '';
    }
    let text = '';
    for (;;) {
      const next = source.next();
      if (next === '' || next === '\n') break;
      text += next;
      if (next === '\\') text += source.next();
    }
    return `${plainText(text)}\n`;
  }

  private substitution(): Substitution {
    const { source } = this;
    const delimiter = source.next();
    const regexText =
      delimiter === '' || delimiter === '\n' || delimiter === '\\'
        ? null
        : readDelimited(source, delimiter, true);
    const replacement = regexText === null ? null : readDelimited(source, delimiter, false);
    if (regexText === null || replacement === null) throw source.fault("unterminated `s' command");
    const flags = this.flags();
    const pieces = replacementPieces(replacement);
    const groups = Math.max(
      0,
      ...pieces.map((piece) => (typeof piece === 'object' && 'group' in piece ? piece.group : 0)),
    );
    const pattern = this.regex(regexText, flags.icase, flags.multiline);
    if (pattern && groups > pattern.groups)
      throw source.fault(`invalid reference \\${groups} on \`s' command's RHS`);
    return {
      pattern,
      pieces,
      groups,
      global: flags.global,
      print: flags.print,
      number: flags.number,
      file: flags.file,
    };
  }

  private flags(): {
    icase: boolean;
    multiline: boolean;
    global: boolean;
    print: number;
    number: number;
    file: string | null;
  } {
    const { source } = this;
    const flags = {
      icase: false,
      multiline: false,
      global: false,
      print: 0,
      number: 0,
      file: null as string | null,
    };
    for (;;) {
      const ch = source.peek();
      if (ch === '}' || ch === '#') break;
      source.next();
      if (ch === 'i' || ch === 'I') flags.icase = true;
      else if (ch === 'm' || ch === 'M') flags.multiline = true;
      else if (ch === 'e') throw new NotModelled('the e flag of s');
      else if (ch === 'p') {
        if (flags.print > 0) throw source.fault("multiple `p' options to `s' command");
        flags.print++;
      } else if (ch === 'g') {
        if (flags.global) throw source.fault("multiple `g' options to `s' command");
        flags.global = true;
      } else if (ch === 'w') {
        source.skipBlanks();
        flags.file = source.restOfLine();
        if (flags.file === '') throw source.fault('missing filename in r/R/w/W commands');
        break;
      } else if (/^\d$/.test(ch)) {
        if (flags.number > 0) throw source.fault("multiple number options to `s' command");
        flags.number = Number(ch + source.digits());
        if (flags.number === 0) throw source.fault("number option to `s' command may not be zero");
      } else if (ch === '' || ch === '\n' || ch === ';') break;
      else if (!/^[ \t\r]$/.test(ch)) throw source.fault("unknown option to `s'");
    }
    return { ...flags, number: flags.number || 1 };
  }

  private map(): ReadonlyMap<string, string> {
    const { source } = this;
    const delimiter = source.next();
    const first = delimiter === '' ? null : readDelimited(source, delimiter, false);
    const second = first === null ? null : readDelimited(source, delimiter, false);
    if (first === null || second === null) throw source.fault("unterminated `y' command");
    const from = mapCharacters(first);
    const to = mapCharacters(second);
    if (!from || !to) throw source.fault("strings for `y' command are different lengths");
    if (from.length !== to.length)
      throw source.fault("strings for `y' command are different lengths");
    const map = new Map<string, string>();
    from.forEach((ch, i) => {
      if (!map.has(ch)) map.set(ch, to[i] as string);
    });
    return map;
  }
}
