/// A running AWK program: its variables, the record, and what the special variables do when they are
/// read or written.
import type { Io, Running } from '../command.ts';
import type { Regex } from '../regex.ts';
import { Fatal } from './ast.ts';
import type { Expr, FunctionDef, Name, Program } from './ast.ts';
import { AwkArray } from './array.ts';
import { slotOf, specialNames } from './builtin_names.ts';
import { Random } from './rand.ts';
import { AwkRecord } from './record.ts';
import type { RecordText, Separator } from './reader.ts';
import { Regexps } from './regexps.ts';
import { splitBlanks, splitChar, splitContents, splitRegex, splitWidths } from './split.ts';
import type { Splitter } from './split.ts';
import { Streams } from './streams.ts';
import { toBoolean, toNumber, toText, UserText } from './values.ts';
import type { Value } from './values.ts';

/// A local that was passed on before it was known to be an array: when it becomes one, so does the
/// variable it came from.
export class Untyped {
  readonly becomes: (array: AwkArray) => void;
  constructor(becomes: (array: AwkArray) => void) {
    this.becomes = becomes;
  }
}

export type Slot = Value | AwkArray | Untyped;

const S = {
  NF: slotOf('NF'),
  NR: slotOf('NR'),
  FNR: slotOf('FNR'),
  FS: slotOf('FS'),
  OFS: slotOf('OFS'),
  RS: slotOf('RS'),
  RT: slotOf('RT'),
  FILENAME: slotOf('FILENAME'),
  CONVFMT: slotOf('CONVFMT'),
  IGNORECASE: slotOf('IGNORECASE'),
  FPAT: slotOf('FPAT'),
  FIELDWIDTHS: slotOf('FIELDWIDTHS'),
};

/// Variables that say how a record is cut into fields.
const cutting = new Set([S.FS, S.FPAT, S.FIELDWIDTHS, S.RS, S.IGNORECASE]);

export interface MainInput {
  /// The next record of the files named on the command line.
  next(): Running<RecordText | null>;
  skipFile(): void;
}

export class Runtime {
  readonly io: Io;
  readonly program: Program;
  readonly globals: Slot[] = [];
  locals: Slot[] = [];
  readonly record = new AwkRecord();
  readonly streams: Streams;
  readonly random = new Random();
  readonly regexps = new Regexps();
  input: MainInput | null = null;
  line = 0; // of the statement that runs
  depth = 0; // user functions on the stack
  steps = 0;
  returned: Value = undefined;
  status = 0;
  readonly functions: ReadonlyMap<string, FunctionDef>;
  private splitter: Splitter | null = null;
  private splitBy: 'FS' | 'FPAT' | 'FIELDWIDTHS' = 'FS';
  private readonly file: string;

  constructor(io: Io, program: Program, file: string) {
    this.io = io;
    this.program = program;
    this.file = file;
    this.functions = program.functions;
    this.streams = new Streams(io);
    const start: Partial<Record<(typeof specialNames)[number], Slot>> = {
      NR: 0,
      FNR: 0,
      FS: ' ',
      OFS: ' ',
      ORS: '\n',
      RS: '\n',
      RT: '',
      SUBSEP: '\x1c',
      CONVFMT: '%.6g',
      OFMT: '%.6g',
      RSTART: 0,
      RLENGTH: -1,
      FILENAME: '',
      IGNORECASE: 0,
      FPAT: '[^[:space:]]+',
      FIELDWIDTHS: '',
      ERRNO: '',
    };
    for (const [slot, name] of specialNames.entries()) this.globals[slot] = start[name];
  }

  /// Stops the program. The place of the statement and the record go before the message.
  fatal(message: string): Fatal {
    return new Fatal(`${this.place()}fatal: ${message}`);
  }

  place(): string {
    const fnr = toNumber(this.plain(this.globals[S.FNR]));
    const file = toText(this.plain(this.globals[S.FILENAME]), '%d') || '-';
    return `${this.file}:${this.line}: ${fnr > 0 ? `(FILENAME=${file} FNR=${fnr}) ` : ''}`;
  }

  *warn(message: string): Running<void> {
    yield* this.io.err.line(`awk: ${this.place()}warning: ${message}`);
  }

  get convfmt(): string {
    const value = this.globals[S.CONVFMT];
    return typeof value === 'string' ? value : toText(this.plain(value), '%.6g');
  }

  text(value: Value): string {
    return typeof value === 'string' ? value : toText(value, this.convfmt);
  }

  special(name: (typeof specialNames)[number]): Value {
    return this.plain(this.globals[slotOf(name)]);
  }

  private plain(slot: Slot): Value {
    return slot instanceof AwkArray || slot instanceof Untyped ? undefined : slot;
  }

  /// The value of a variable.
  read(name: Name): Value {
    const slot = name.local ? this.locals[name.slot] : this.globals[name.slot];
    if (!name.local && name.slot === S.NF) return this.record.count(this.fieldSplitter());
    if (slot instanceof AwkArray)
      throw this.fatal(`attempt to use array \`${name.name}' in a scalar context`);
    return slot instanceof Untyped ? undefined : slot;
  }

  write(name: Name, value: Value): void {
    const slots = name.local ? this.locals : this.globals;
    if (slots[name.slot] instanceof AwkArray)
      throw this.fatal(`attempt to use array \`${name.name}' in a scalar context`);
    const cuts = !name.local && cutting.has(name.slot);
    // The record at hand is still cut the old way.
    if (cuts) this.record.count(this.fieldSplitter());
    slots[name.slot] = value;
    if (!name.local && name.slot < specialNames.length) this.specialWritten(name.slot, value);
  }

  private specialWritten(slot: number, value: Value): void {
    if (slot === S.NF) {
      const count = Math.trunc(toNumber(value));
      if (count < 0) throw this.fatal('NF set to negative value');
      this.record.setCount(count, this.fieldSplitter());
    } else if (cutting.has(slot)) {
      if (slot === S.FS) this.splitBy = 'FS';
      else if (slot === S.FPAT) this.splitBy = 'FPAT';
      else if (slot === S.FIELDWIDTHS) this.splitBy = 'FIELDWIDTHS';
      this.splitter = null;
    }
  }

  /// The array behind a name; a variable without a value becomes one.
  array(name: Name): AwkArray {
    const slots = name.local ? this.locals : this.globals;
    const slot = slots[name.slot];
    if (slot instanceof AwkArray) return slot;
    if (slot !== undefined && !(slot instanceof Untyped))
      throw this.fatal(
        name.local
          ? `attempt to use scalar parameter \`${name.name}' as an array`
          : `attempt to use scalar \`${name.name}' as an array`,
      );
    const array = new AwkArray();
    slots[name.slot] = array;
    slot?.becomes(array);
    return array;
  }

  /// Passes a bare variable to a function: an array as itself, one without a value as untyped.
  pass(name: Name): Slot {
    const slots = name.local ? this.locals : this.globals;
    const slot = slots[name.slot];
    if (slot instanceof AwkArray) return slot;
    if (slot === undefined || slot instanceof Untyped) {
      return new Untyped((array) => {
        if (slots[name.slot] instanceof AwkArray) return;
        slots[name.slot] = array;
        slot?.becomes(array);
      });
    }
    return this.read(name);
  }

  /// A regular expression of the program, or made of a text.
  regex(source: string): Regex {
    const found = this.regexps.get(source, toBoolean(this.plain(this.globals[S.IGNORECASE])));
    if (typeof found === 'string') throw this.fatal(`invalid regexp: ${found}: /${source}/`);
    return found;
  }

  /// The expression that an operand of ~, split() or gsub() stands for.
  pattern(expr: Expr | undefined, value: Value): Regex {
    return this.regex(expr?.kind === 'regex' ? expr.source : this.text(value));
  }

  getRecord(): string {
    return this.record.wholeText(this.text(this.plain(this.globals[S.OFS])), this.convfmt);
  }

  getField(index: number): Value {
    if (index < 0) throw this.fatal(`attempt to access field ${index}`);
    if (index === 0)
      return this.record.wholeValue(this.text(this.plain(this.globals[S.OFS])), this.convfmt);
    return this.record.get(index, this.fieldSplitter());
  }

  setField(index: number, value: Value): void {
    if (index < 0) throw this.fatal(`attempt to access field ${index}`);
    if (index === 0)
      this.record.set(
        this.text(value),
        typeof value === 'number' ? value : new UserText(this.text(value)),
      );
    else this.record.setField(index, value, this.fieldSplitter());
  }

  newRecord({ text, terminator }: RecordText): void {
    this.record.set(text);
    this.globals[S.RT] = terminator;
    this.countRecord();
  }

  /// One more for NR.
  countInAll(): void {
    this.globals[S.NR] = toNumber(this.plain(this.globals[S.NR])) + 1;
  }

  /// One more for NR and FNR.
  countRecord(): void {
    this.countInAll();
    this.globals[S.FNR] = toNumber(this.plain(this.globals[S.FNR])) + 1;
  }

  startFile(name: string): void {
    this.globals[S.FILENAME] = name;
    this.globals[S.FNR] = 0;
  }

  fieldSplitter(): Splitter {
    this.splitter ??= this.makeSplitter();
    return this.splitter;
  }

  private makeSplitter(): Splitter {
    const paragraphs = this.text(this.plain(this.globals[S.RS])) === '';
    if (this.splitBy === 'FPAT')
      return splitContents(this.regex(this.text(this.plain(this.globals[S.FPAT]))));
    if (this.splitBy === 'FIELDWIDTHS') {
      const widths = splitWidths(this.text(this.plain(this.globals[S.FIELDWIDTHS])));
      if (!widths)
        throw this.fatal(
          'invalid FIELDWIDTHS value, for field 1, near `' +
            this.text(this.plain(this.globals[S.FIELDWIDTHS])) +
            "'",
        );
      return widths;
    }
    return this.splitterFor(this.text(this.plain(this.globals[S.FS])), paragraphs);
  }

  /// How a separator given as text parts fields. In paragraph mode a newline parts them too.
  splitterFor(separator: string, paragraphs = false): Splitter {
    if (separator === ' ') return splitBlanks;
    if (separator === '') return (text) => [...text];
    const single = separator.length === 1 && separator !== '\\';
    if (single && !toBoolean(this.plain(this.globals[S.IGNORECASE])))
      return splitChar(separator, paragraphs);
    const source =
      single && /[[\]^$.|()*+?{}]/.test(separator)
        ? `[${separator}]`
        : separator === '\\'
          ? '\\\\'
          : separator;
    return splitRegex(this.regex(paragraphs ? `(${source})|\n` : source));
  }

  recordSeparator(): Separator {
    const rs = this.globals[S.RS];
    if (rs === '\n') return { kind: 'line' };
    const text = this.text(this.plain(rs));
    if (text === '\n') return { kind: 'line' };
    if (text === '') return { kind: 'paragraph' };
    if (text.length === 1) return { kind: 'char', char: text };
    return { kind: 'regex', regex: this.regex(text) };
  }
}
