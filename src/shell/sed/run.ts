/// Runs a sed script over its input, cycle by cycle.
import type { Io, Line, Running } from '../command.ts';
import { breath, openInput } from '../inputs.ts';
import type { Regex } from '../regex.ts';
import { RecordReader } from '../awk/reader.ts';
import type { SedInput } from './input.ts';
import { unambiguous } from './list.ts';
import type { SedOutput, WriteFiles } from './outputs.ts';
import type { Address, Command, Pattern, Script, Substitution } from './script.ts';
import { ScriptFault } from './script.ts';
import { substitute } from './substitute.ts';

export interface RunOptions {
  readonly quiet: boolean;
  readonly width: number; // of l
}

const longestSpace = 1 << 24;

/// What a cycle ends with: the normal end, no printing, D's restart, or leaving altogether.
type End = 'normal' | 'delete' | 'restart' | 'quit' | 'leave';

type Queued =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'file' | 'line'; readonly name: string };

export class SedRun {
  out: SedOutput;
  private space = ''; // the pattern space
  private origin: Line = { text: '', nl: true }; // the line it came from
  private hold = '';
  private queue: Queued[] = []; // what a, r and R print at the end of the cycle
  private substituted = false; // for t
  private status = 0;
  private lastRegex: Regex | null = null;
  private readonly ranges = new Map<number, number>(); // open ranges: command to its last line, or -1
  private readonly readers = new Map<string, RecordReader | null>(); // of R
  private steps = 0;
  private readonly io: Io;
  private readonly script: Script;
  private readonly input: SedInput;
  private readonly files: WriteFiles;
  private readonly options: RunOptions;

  constructor(
    io: Io,
    script: Script,
    input: SedInput,
    out: SedOutput,
    files: WriteFiles,
    options: RunOptions,
  ) {
    this.io = io;
    this.script = script;
    this.input = input;
    this.out = out;
    this.files = files;
    this.options = options;
  }

  *run(): Running {
    let restart = false;
    for (;;) {
      if (!restart && !(yield* this.read())) break;
      const end = yield* this.cycle();
      if ((end === 'normal' || end === 'quit') && !this.options.quiet) yield* this.printSpace();
      if (end !== 'leave') yield* this.flushQueue();
      if (end === 'quit' || end === 'leave') return this.status;
      restart = end === 'restart';
    }
    return this.status;
  }

  private *read(): Running<boolean> {
    yield* this.flushQueue();
    const line = yield* this.input.next();
    if (!line) return false;
    this.space = line.text;
    this.origin = line;
    this.substituted = false;
    return true;
  }

  private *printSpace(): Running<void> {
    yield* this.out.line(this.space, this.origin);
  }

  private *flushQueue(): Running<void> {
    const queue = this.queue;
    this.queue = [];
    for (const item of queue) {
      if (item.kind === 'text') yield* this.out.text(item.text);
      else if (item.kind === 'file') yield* this.copyFile(item.name);
      else yield* this.copyLine(item.name);
    }
  }

  /// A file that cannot be read is passed over in silence.
  private *copyFile(name: string): Running<void> {
    const opened = openInput(this.io, name);
    if (typeof opened !== 'string') yield* this.out.text(yield* opened.input.all());
  }

  private *copyLine(name: string): Running<void> {
    let reader = this.readers.get(name);
    if (reader === undefined) {
      const opened = openInput(this.io, name);
      reader = typeof opened === 'string' ? null : new RecordReader(opened.input);
      this.readers.set(name, reader);
    }
    const record = reader ? yield* reader.next({ kind: 'line' }) : null;
    if (record) yield* this.out.line(record.text, { text: '', nl: true });
  }

  private *cycle(): Running<End> {
    const { commands } = this.script;
    for (let at = 0; at < commands.length;) {
      if (++this.steps % 512 === 0) yield breath;
      const command = commands[at] as Command;
      if (!(yield* this.selects(command))) {
        at = command.name === '{' ? (command.target as number) + 1 : at + 1;
        continue;
      }
      const outcome = yield* this.execute(command);
      if (typeof outcome === 'string') return outcome;
      at = outcome ?? at + 1;
      if (this.space.length > longestSpace || this.hold.length > longestSpace)
        throw new ScriptFault(
          `softnet: the pattern space is limited to ${longestSpace} characters here`,
          4,
        );
    }
    return 'normal';
  }

  private *selects(command: Command): Running<boolean> {
    const { from, to, negated } = command.select;
    if (!from) return true;
    const inside = to ? yield* this.inRange(command, from, to) : yield* this.matches(from);
    return inside !== negated;
  }

  private *matches(address: Address): Running<boolean> {
    const { number } = this.input;
    switch (address.kind) {
      case 'line':
        return number === address.number;
      case 'last':
        return yield* this.input.atEnd();
      case 'regex':
        return this.regex(address.regex).test(this.space);
      case 'step':
        if (address.step <= 0) return number === address.first;
        return number >= address.first && (number - address.first) % address.step === 0;
      default:
        return false;
    }
  }

  private *inRange(command: Command, from: Address, to: Address): Running<boolean> {
    const { number } = this.input;
    const end = this.ranges.get(command.index);
    if (end === undefined) {
      const opens = from.kind === 'zero' ? number === 1 : yield* this.matches(from);
      if (!opens) return false;
      // The end may be seen on the first line only where the range began before it: 0,/re/.
      if (from.kind === 'zero') return yield* this.rangeGoesOn(command, to);
      const last = this.lastLine(to);
      if (last >= 0 && last <= number) return true;
      if (to.kind === 'last' && (yield* this.input.atEnd())) return true;
      this.ranges.set(command.index, last);
      return true;
    }
    if (end >= 0 && number > end) {
      this.ranges.delete(command.index);
      // The lines jumped over the end: the range is only this line if it opens one.
      return from.kind === 'line' ? false : yield* this.inRange(command, from, to);
    }
    return yield* this.rangeGoesOn(command, to);
  }

  /// A line inside an open range, which it may close.
  private *rangeGoesOn(command: Command, to: Address): Running<boolean> {
    const end = this.ranges.get(command.index) ?? this.lastLine(to);
    const closes = end >= 0 ? this.input.number >= end : yield* this.matches(to);
    if (closes) this.ranges.delete(command.index);
    else this.ranges.set(command.index, end);
    return true;
  }

  /// The line at which a range that begins here ends, if that is known already; else -1.
  private lastLine(to: Address): number {
    const { number } = this.input;
    if (to.kind === 'line') return to.number;
    if (to.kind === 'plus') return number + to.count;
    if (to.kind === 'multiple') return to.of <= 0 ? number : number + to.of - (number % to.of);
    return -1;
  }

  private regex(pattern: Pattern): Regex {
    const regex = pattern ?? this.lastRegex;
    if (!regex) throw new ScriptFault('-e expression #1, char 0: no previous regular expression');
    this.lastRegex = regex;
    return regex;
  }

  /// Gives how the cycle ends, where to go on, or null: with the next command.
  private *execute(command: Command): Running<End | number | null> {
    switch (command.name) {
      case 'b':
        return command.target as number;
      case 't':
      case 'T': {
        const jumps = this.substituted === (command.name === 't');
        this.substituted = false;
        return jumps ? (command.target as number) : null;
      }
      case 'd':
        return 'delete';
      case 'D':
        if (!this.space.includes('\n')) return 'delete';
        this.space = this.space.slice(this.space.indexOf('\n') + 1);
        return 'restart';
      case 'n':
        if (yield* this.input.nothingLeft()) return 'quit';
        if (!this.options.quiet) yield* this.printSpace();
        return (yield* this.read()) ? null : 'leave';
      case 'N':
        return yield* this.appendNext();
      case 'q':
      case 'Q':
        this.status = command.number ?? 0;
        return command.name === 'q' ? 'quit' : 'leave';
      case 'c':
        // In a range the text comes once, at its end.
        if (!command.select.to || command.select.negated || !this.ranges.has(command.index))
          yield* this.out.text(command.text ?? '');
        return 'delete';
      case 's':
        return yield* this.substitute(command.substitution as Substitution);
      default:
        yield* this.plain(command);
        return null;
    }
  }

  private *appendNext(): Running<End | null> {
    if (yield* this.input.nothingLeft()) return 'quit';
    const { space, substituted } = this;
    if (!(yield* this.read())) return 'quit';
    this.space = `${space}\n${this.space}`;
    this.substituted = substituted;
    return null;
  }

  private *substitute(s: Substitution): Running<null> {
    const result = yield* substitute(this.space, s, this.regex(s.pattern));
    if (result === null) return null;
    this.space = result;
    this.substituted = true;
    if (s.print > 0) yield* this.printSpace();
    if (s.file !== null) yield* this.files.get(s.file).line(this.space, this.origin);
    return null;
  }

  /// Commands that go on with the next one.
  private *plain(command: Command): Running<void> {
    const { text = '' } = command;
    switch (command.name) {
      case 'p':
        return yield* this.printSpace();
      case 'P':
        return yield* this.out.line(this.space.split('\n')[0] ?? '', {
          ...this.origin,
          nl: this.origin.nl || this.space.includes('\n'),
        });
      case '=':
        return yield* this.out.text(`${this.input.number}\n`);
      case 'F':
        return yield* this.out.text(`${this.input.fileName}\n`);
      case 'l':
        return yield* this.out.text(
          unambiguous(
            this.space,
            command.number !== undefined && command.number >= 0
              ? command.number
              : this.options.width,
          ),
        );
      case 'i':
        return yield* this.out.text(text);
      case 'a':
        this.queue.push({ kind: 'text', text });
        return;
      case 'r':
      case 'R':
        this.queue.push({ kind: command.name === 'r' ? 'file' : 'line', name: text });
        return;
      case 'w':
        return yield* this.files.get(text).line(this.space, this.origin);
      case 'W':
        return yield* this.files
          .get(text)
          .line(this.space.split('\n')[0] ?? '', { text: '', nl: true });
      case 'y':
        this.space = [...this.space].map((ch) => command.map?.get(ch) ?? ch).join('');
        return;
      default:
        this.moveHold(command.name);
    }
  }

  /// The commands of the hold space, and z.
  private moveHold(name: string): void {
    if (name === 'g') this.space = this.hold;
    else if (name === 'G') this.space += `\n${this.hold}`;
    else if (name === 'h') this.hold = this.space;
    else if (name === 'H') this.hold += `\n${this.space}`;
    else if (name === 'x') [this.space, this.hold] = [this.hold, this.space];
    else if (name === 'z') this.space = '';
  }
}
