/// Runs a whole AWK program: BEGIN, the records of the files with the rules, END.
import { strerror } from '../../kernel/errno.ts';
import type { Io, Running } from '../command.ts';
import { breath, openInput } from '../inputs.ts';
import { AwkArray } from './array.ts';
import type { Program, Rule } from './ast.ts';
import { slotOf } from './builtin_names.ts';
import { evaluate, Leaving } from './evaluate.ts';
import { runBody } from './execute.ts';
import type { Flow } from './execute.ts';
import { unescapeText } from './lexer.ts';
import { RecordReader } from './reader.ts';
import type { RecordText } from './reader.ts';
import { Runtime } from './runtime.ts';
import { toText, toNumber, toBoolean, UserText } from './values.ts';
import { Fatal } from './ast.ts';

export interface Start {
  readonly file: string; // 'cmd. line' or the program file's name
  readonly assignments: readonly (readonly [name: string, text: string])[]; // -v
  readonly separator: string | null; // -F
  readonly operands: readonly string[];
}

export function* runAwk(io: Io, program: Program, start: Start): Running {
  const run = new Run(new Runtime(io, program, start.file), start);
  return yield* run.all();
}

class Run {
  private readonly ranges = new Set<Rule>(); // ranges that are open
  private readonly rt: Runtime;
  private readonly start: Start;

  constructor(rt: Runtime, start: Start) {
    this.rt = rt;
    this.start = start;
    this.prepare();
  }

  private prepare(): void {
    const { rt, start } = this;
    const environ = new AwkArray();
    for (const [name, text] of rt.io.env) environ.set(name, new UserText(text));
    const argv = new AwkArray();
    ['awk', ...start.operands].forEach((word, i) => argv.set(String(i), new UserText(word)));
    rt.globals[slotOf('ENVIRON')] = environ;
    rt.globals[slotOf('ARGV')] = argv;
    rt.globals[slotOf('ARGC')] = start.operands.length + 1;
    if (start.separator !== null) this.assign('FS', start.separator);
    for (const [name, text] of start.assignments) this.assign(name, text);
  }

  private assign(name: string, text: string): void {
    const slot = this.rt.program.globals.get(name);
    if (slot === undefined) return; // the program does not use it
    const value = new UserText(unescapeText(text).text);
    this.rt.write(
      { name, local: false, slot },
      name === 'FS' || name === 'RS' ? value.text : value,
    );
  }

  *all(): Running {
    const { rt } = this;
    const { rules } = rt.program;
    const files = new MainFiles(rt, (name, text) => this.assign(name, text));
    rt.input = files;
    const flow = yield* this.rules(rules.filter(({ kind }) => kind === 'BEGIN'));
    const reads = rules.some(({ kind }) => kind !== 'BEGIN');
    if (flow !== 'exit' && reads) yield* this.records(files, rules);
    yield* this.rules(rules.filter(({ kind }) => kind === 'END'));
    yield* rt.streams.closeAll();
    return rt.status;
  }

  /// Runs the bodies of rules that have no pattern.
  private *rules(rules: readonly Rule[]): Running<Flow> {
    for (const { body } of rules) {
      const flow = yield* this.guarded(() => runBody(this.rt, body ?? []));
      if (flow === 'exit') return flow;
    }
    return null;
  }

  private *guarded(work: () => Running<Flow>): Running<Flow> {
    const { rt } = this;
    try {
      return yield* work();
    } catch (error) {
      if (!(error instanceof Leaving)) throw error;
      rt.locals = [];
      rt.depth = 0;
      return error.flow;
    }
  }

  private *records(files: MainFiles, rules: readonly Rule[]): Running<void> {
    const { rt } = this;
    const main = rules.filter(({ kind }) => kind === 'main');
    const beginFile = rules.filter(({ kind }) => kind === 'BEGINFILE');
    const endFile = rules.filter(({ kind }) => kind === 'ENDFILE');
    files.onFile = {
      begin: () => this.rules(beginFile),
      end: () => this.rules(endFile),
    };
    for (let count = 1; ; count++) {
      if (count % 512 === 0) yield breath;
      const record = yield* files.next();
      if (files.left || record === null) return;
      rt.newRecord(record);
      const flow = yield* this.guarded(() => this.record(main));
      if (flow === 'exit') return;
      if (flow === 'nextfile') files.skipFile();
    }
  }

  private *record(rules: readonly Rule[]): Running<Flow> {
    const { rt } = this;
    for (const rule of rules) {
      rt.line = rule.line;
      if (!(yield* this.matches(rule))) continue;
      if (rule.body === null) {
        yield* rt.io.out.write(rt.getRecord() + rt.text(rt.special('ORS')));
        continue;
      }
      const flow = yield* runBody(rt, rule.body);
      if (flow === 'next' || flow === 'nextfile' || flow === 'exit') return flow;
    }
    return null;
  }

  private *matches(rule: Rule): Running<boolean> {
    if (!rule.test) return true;
    if (!rule.until) return toBoolean(yield* evaluate(this.rt, rule.test));
    if (!this.ranges.has(rule)) {
      if (!toBoolean(yield* evaluate(this.rt, rule.test))) return false;
      this.ranges.add(rule);
    }
    if (toBoolean(yield* evaluate(this.rt, rule.until))) this.ranges.delete(rule);
    return true;
  }
}

/// The files named by ARGV, one after another; `name=value` assigns when its turn comes.
class MainFiles {
  left = false; // exit in BEGINFILE or ENDFILE
  onFile: { begin: () => Running<Flow>; end: () => Running<Flow> } | null = null;
  private reader: RecordReader | null = null;
  private at = 1;
  private opened = false; // some file was named
  private readonly rt: Runtime;
  private readonly assign: (name: string, text: string) => void;

  constructor(rt: Runtime, assign: (name: string, text: string) => void) {
    this.rt = rt;
    this.assign = assign;
  }

  skipFile(): void {
    this.reader = new RecordReader({
      *line() {
        return null;
      },
      *all() {
        return '';
      },
    });
  }

  *next(): Running<RecordText | null> {
    for (;;) {
      if (!this.reader && !(yield* this.open())) return null;
      if (this.left) return null;
      const record = this.reader ? yield* this.reader.next(this.rt.recordSeparator()) : null;
      if (record) return record;
      this.reader = null;
      if (this.onFile && (yield* this.onFile.end()) === 'exit') this.left = true;
      if (this.left) return null;
    }
  }

  private *open(): Running<boolean> {
    const { rt } = this;
    const argv = rt.globals[slotOf('ARGV')] as AwkArray;
    for (;;) {
      const argc = toNumber(rt.special('ARGC'));
      if (this.at >= argc) {
        if (this.opened) return false;
        return yield* this.start('-', '');
      }
      const word = toText(argv.items.get(String(this.at++)), '%.6g');
      const assignment = /^([A-Za-z_]\w*)=([^]*)$/.exec(word);
      if (assignment) this.assign(assignment[1] ?? '', assignment[2] ?? '');
      else if (word !== '' && (yield* this.start(word, word))) return true;
    }
  }

  private *start(name: string, shown: string): Running<boolean> {
    const { rt } = this;
    this.opened = true;
    const opened = openInput(rt.io, name);
    if (opened === 'EISDIR') {
      yield* rt.io.err.line(
        `awk: ${place(rt)}warning: command line argument \`${name}' is a directory: skipped`,
      );
      return false;
    }
    if (typeof opened === 'string') {
      const why = `cannot open file \`${name}' for reading: ${strerror(opened)}`;
      throw new Fatal(`${place(rt)}fatal: ${why}`);
    }
    rt.startFile(shown);
    this.reader = new RecordReader(opened.input);
    if (this.onFile && (yield* this.onFile.begin()) === 'exit') this.left = true;
    return true;
  }
}

// Before the first statement gawk names no line.
function place(rt: Runtime): string {
  return rt.line === 0 ? '' : rt.place();
}
