/// paste: lines of several files side by side. Left out: -z.
import { strerror } from '../../kernel/errno.ts';
import type { Command, Input, Io, Line, Running } from '../command.ts';
import { openInput } from '../inputs.ts';
import { bare, quoted } from '../names.ts';
import { answerCommon, common, fail, notModelled, parseOptions, refuseUsage } from '../options.ts';

const table = {
  short: 'd:sz',
  long: { 'delimiters=': 'd', serial: 's', 'zero-terminated': 'z', ...common },
};

export const paste: Command = {
  name: 'paste',
  summary: 'Writes the lines of several files side by side.',
  usage: 'paste [-s] [-d LIST] [FILE]...',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), table);
    if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
    if (yield* answerCommon(io, paste, 'GNU coreutils 9.7', parsed.options)) return 0;
    let serial = false;
    let delimiters = ['\t'];
    for (const { name, value } of parsed.options) {
      if (name === 'z') return yield* notModelled(io, '-z');
      if (name === 's') serial = true;
      else {
        const list = delimiterList(value);
        if (!list)
          return yield* fail(
            io,
            `delimiter list ends with an unescaped backslash: ${quoted(value)}`,
          );
        delimiters = list;
      }
    }
    const names = parsed.operands.length > 0 ? parsed.operands : ['-'];
    return serial
      ? yield* oneByOne(io, names, delimiters)
      : yield* sideBySide(io, names, delimiters);
  },
};

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  '\\': '\\',
  '0': '',
  b: '\b',
  f: '\f',
  r: '\r',
  v: '\v',
};

/// The delimiters in turn; an empty one is \0. Null for a backslash at the end.
function delimiterList(text: string): string[] | null {
  const list: string[] = [];
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== '\\') list.push(text.charAt(i));
    else {
      const next = text[++i];
      if (next === undefined) return null;
      list.push(escapes[next] ?? next);
    }
  }
  return list.length > 0 ? list : [''];
}

/// All inputs, or null after the complaint about the first that does not open.
function* openAll(io: Io, names: readonly string[]): Running<Input[] | null> {
  const inputs: Input[] = [];
  for (const name of names) {
    const opened = openInput(io, name);
    if (typeof opened === 'string') {
      yield* io.err.line(`${io.argv[0] ?? ''}: ${bare(name)}: ${strerror(opened)}`);
      return null;
    }
    inputs.push(opened.input);
  }
  return inputs;
}

function* sideBySide(io: Io, names: readonly string[], delimiters: readonly string[]): Running {
  const inputs = yield* openAll(io, names);
  if (!inputs) return 1;
  for (;;) {
    const lines: (Line | null)[] = [];
    for (const input of inputs) lines.push(yield* input.line());
    if (lines.every((line) => line === null)) return 0;
    const parts = lines.map(
      (line, i) =>
        (i === 0 ? '' : (delimiters[(i - 1) % delimiters.length] ?? '')) + (line?.text ?? ''),
    );
    yield* io.out.line(parts.join(''));
  }
}

function* oneByOne(io: Io, names: readonly string[], delimiters: readonly string[]): Running {
  let status = 0;
  for (const name of names) {
    const opened = openInput(io, name);
    if (typeof opened === 'string') {
      status = yield* fail(io, `${bare(name)}: ${strerror(opened)}`);
      continue;
    }
    let text = '';
    for (let i = 0; ; i++) {
      const line = yield* opened.input.line();
      if (line === null) break;
      text += (i === 0 ? '' : (delimiters[(i - 1) % delimiters.length] ?? '')) + line.text;
    }
    yield* io.out.line(text);
  }
  return status;
}
