/// sed: GNU sed 4.9. -i works on the reader's own files. Left out, and said so: the e command and flag,
/// --debug.
import { strerror } from '../../kernel/errno.ts';
import type { Command, Io, Running } from '../command.ts';
import { files } from '../files.ts';
import { allLines, openInput } from '../inputs.ts';
import { fail, notModelled, parseOptions, spelled } from '../options.ts';
import type { Option } from '../options.ts';
import { absolute } from '../paths.ts';
import { TooHard } from '../regex.ts';
import { SedInput } from '../sed/input.ts';
import { SedOutput, WriteFiles } from '../sed/outputs.ts';
import { NotModelled, parseScript } from '../sed/parse.ts';
import { SedRun } from '../sed/run.ts';
import { ScriptFault } from '../sed/script.ts';
import type { Script } from '../sed/script.ts';
import type { Chunk } from '../sed/source.ts';
import { capture } from '../stream.ts';

const table = {
  short: 'bsnrzuEe:f:l:i::V:',
  long: {
    binary: 'b',
    debug: 'debug',
    'expression=': 'e',
    'file=': 'f',
    'follow-symlinks': 'b',
    help: 'help',
    'in-place[=]': 'i',
    'line-length=': 'l',
    'null-data': 'z',
    'zero-terminated': 'z',
    quiet: 'n',
    posix: 'b',
    'regexp-extended': 'E',
    sandbox: 'sandbox',
    separate: 's',
    silent: 'n',
    unbuffered: 'u',
    version: 'version',
  },
};

interface Job {
  quiet: boolean;
  extended: boolean;
  separate: boolean;
  zero: boolean;
  inPlace: string | null; // the suffix of the copy; '' for none
  width: number;
  chunks: Chunk[];
}

const usageLine = 'Usage: sed [OPTION]... {script-only-if-no-other-script} [input-file]...\n';

export const sed: Command = {
  name: 'sed',
  summary: 'Edits lines by a script.',
  usage: "sed [-nErsz] [-i[SUFFIX]] [-e SCRIPT] [-f FILE] ['SCRIPT'] [FILE]...",
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), table);
    if ('fault' in parsed) {
      yield* io.err.write(`sed: ${parsed.fault}\n${usageLine}`);
      return 1;
    }
    const job: Job = {
      quiet: false,
      extended: false,
      separate: false,
      zero: false,
      inPlace: null,
      width: 70,
      chunks: [],
    };
    for (const option of parsed.options) {
      const status = yield* readOption(io, job, option);
      if (status !== null) return status;
    }
    const operands = [...parsed.operands];
    if (job.chunks.length === 0) {
      const text = operands.shift();
      if (text === undefined) {
        yield* io.err.write(usageLine);
        return 1;
      }
      job.chunks.push({ text, file: null });
    }
    return yield* parseAndRun(io, job, operands.length > 0 ? operands : ['-']);
  },
};

/// Takes one option in; a status where the command ends with it.
function* readOption(io: Io, job: Job, option: Option): Running<number | null> {
  const { name, value } = option;
  if (name === 'n') job.quiet = true;
  else if (name === 'E' || name === 'r') job.extended = true;
  else if (name === 's') job.separate = true;
  else if (name === 'z') job.zero = true;
  else if (name === 'i') [job.inPlace, job.separate] = [value, true];
  else if (name === 'e') job.chunks.push({ text: value, file: null });
  else if (name === 'f') {
    const opened = openInput(io, value);
    if (typeof opened === 'string')
      return yield* fail(io, `couldn't open file ${value}: ${strerror(opened)}`);
    const lines = yield* allLines(opened.input);
    job.chunks.push({ text: lines.map(({ text }) => text).join('\n'), file: value });
  } else if (name === 'l') {
    if (!/^\d+$/.test(value)) return yield* fail(io, `invalid line length: ${value}`);
    job.width = Number(value);
  } else if (name === 'help') {
    yield* io.out.write(`${usageLine}${sed.summary}\n`);
    return 0;
  } else if (name === 'version') {
    yield* io.out.line('sed (GNU sed) 4.9');
    return 0;
  } else if (!'bu'.includes(name)) return yield* notModelled(io, spelled(option));
  return null;
}

function* parseAndRun(io: Io, job: Job, names: readonly string[]): Running {
  try {
    const script = parseScript(job.chunks, job.extended);
    return yield* runScript(io, job, script, names);
  } catch (error) {
    if (error instanceof ScriptFault) {
      yield* io.err.line(
        error.message.startsWith('softnet: ') ? error.message : `sed: ${error.message}`,
      );
      return error.status;
    }
    if (error instanceof NotModelled) return yield* notModelled(io, error.message);
    if (!(error instanceof TooHard)) throw error;
    yield* io.err.line('softnet: this back-reference takes too many steps to match here');
    return 4;
  }
}

function* runScript(io: Io, job: Job, script: Script, names: readonly string[]): Running {
  const end = job.zero ? '\0' : '\n';
  const stdout = new SedOutput(io.out, end);
  const writes = new WriteFiles(io, stdout, end);
  for (const { name, text, substitution } of script.commands) {
    const file = name === 'w' || name === 'W' ? text : (substitution?.file ?? undefined);
    const refused = file === undefined ? null : writes.prepare(file);
    if (refused)
      return yield* fail(io, `couldn't open file ${file ?? ''}: ${strerror(refused)}`, 4);
  }
  const editable = job.inPlace === null ? names : yield* ownFiles(io, names);
  const input = new SedInput(io, editable, job);
  const run = new SedRun(io, script, input, stdout, writes, {
    quiet: job.quiet || script.quiet,
    width: job.width,
  });
  if (job.inPlace !== null) editInPlace(io, job.inPlace, end, input, run);
  const status = yield* run.run();
  if (job.inPlace !== null) yield* input.finish();
  const failed = writes.finish();
  if (failed) return yield* fail(io, `couldn't flush ${failed.name}: ${strerror(failed.error)}`, 4);
  if (status !== 0) return status;
  return editable.length < names.length ? 4 : input.status;
}

/// -i makes a new file beside the old one, which only works among the reader's own files.
function* ownFiles(io: Io, names: readonly string[]): Running<string[]> {
  const own: string[] = [];
  for (const name of names) {
    const path = absolute(io, name);
    const stat = files.stat(io, path);
    if (typeof stat !== 'string' && stat.kind === 'dir')
      yield* io.err.line(`sed: couldn't edit ${name}: not a regular file`);
    else if (/^\/(?:proc|sys|dev)\//.test(path)) yield* notModelled(io, `-i on ${name}`);
    else own.push(name);
  }
  return own;
}

/// What is printed while a file is read becomes the file.
function editInPlace(io: Io, suffix: string, end: string, input: SedInput, run: SedRun): void {
  const stdout = run.out;
  let held = capture();
  input.onOpen = function* () {
    held = capture();
    run.out = new SedOutput(held.output, end);
  };
  input.onClose = function* ({ name }) {
    run.out = stdout;
    const path = absolute(io, name);
    const old = io.session.files[path] ?? '';
    const copy = suffix.includes('*')
      ? suffix.replaceAll('*', path.slice(path.lastIndexOf('/') + 1))
      : '';
    const copyPath = suffix.includes('/')
      ? copy
      : copy === ''
        ? path + suffix
        : `${path.slice(0, path.lastIndexOf('/') + 1)}${copy}`;
    const refused =
      (suffix === '' ? null : files.write(io, copyPath, old, { append: false })) ??
      files.write(io, path, held.text(), { append: false });
    if (refused) yield* io.err.line(`sed: couldn't open file ${name}: ${strerror(refused)}`);
  };
}
