/// awk: GNU awk 5.2.1 with the parts of it that awk/ has. Left out, and said so: -i, -l, -M, -p, -o, -D,
/// -d, --lint and the other long options of gawk.
import { strerror } from '../../kernel/errno.ts';
import { Fatal, NotModelled, SyntaxFault } from '../awk/ast.ts';
import type { Program } from '../awk/ast.ts';
import { runAwk } from '../awk/main.ts';
import type { Start } from '../awk/main.ts';
import { parseAwk } from '../awk/parser.ts';
import { unescapeText } from '../awk/lexer.ts';
import { FlushFailed } from '../awk/streams.ts';
import type { Command, Io, Running } from '../command.ts';
import { allLines, openInput } from '../inputs.ts';
import { notModelled, parseOptions, spelled } from '../options.ts';
import { TooHard } from '../regex.ts';

const table = {
  short: 'F:v:f:bcCd::D::e:E:gGhi:IkLl::Mno::Op::PrsStVW;:',
  long: {
    'field-separator=': 'F',
    'assign=': 'v',
    'file=': 'f',
    'source=': 'e',
    'characters-as-bytes': 'b',
    traditional: 'c',
    copyright: 'C',
    'non-decimal-data': 'n',
    optimize: 'O',
    posix: 'P',
    're-interval': 'r',
    sandbox: 'S',
    'use-lc-numeric': 'N',
    lint: 'L',
    help: 'h',
    version: 'V',
  },
  posix: true,
};

export const awk: Command = awkAs('awk');
export const gawk: Command = awkAs('gawk');

function awkAs(name: string): Command {
  return {
    name,
    summary: 'Runs a program of patterns and actions over lines of fields.',
    usage: `${name} [-F SEPARATOR] [-v NAME=VALUE]... 'PROGRAM' | -f FILE [FILE]...`,
    run: runCommand,
  };
}

function* runCommand(io: Io): Running {
  const parsed = parseOptions(io.argv.slice(1), table);
  if ('fault' in parsed) {
    yield* io.err.line(`${io.argv[0] ?? 'awk'}: ${parsed.fault}`);
    return yield* usage(io);
  }
  const operands = [...parsed.operands];
  const sources: { text: string; file: string }[] = [];
  const assignments: (readonly [string, string])[] = [];
  let separator: string | null = null;
  for (const option of parsed.options) {
    const { name, value } = option;
    if (name === 'F') separator = value;
    else if (name === 'v') {
      const match = /^([^=]*)=([^]*)$/.exec(value);
      if (!match) return yield* fatal(io, `\`${value}' argument to \`-v' not in \`var=value' form`);
      const [, variable = '', text = ''] = match;
      if (!/^[A-Za-z_]\w*$/.test(variable))
        return yield* fatal(io, `\`${variable}' is not a legal variable name`);
      for (const warning of unescapeText(text).warnings)
        yield* io.err.line(`awk: warning: ${warning}`);
      assignments.push([variable, text]);
    } else if (name === 'f') {
      const read = yield* readSource(io, value);
      if (read === null) return 2;
      sources.push({ text: read, file: value });
    } else if (name === 'e') sources.push({ text: value, file: 'cmd. line' });
    else if (name === 'V') {
      yield* io.out.line('GNU Awk 5.2.1');
      return 0;
    } else if (name === 'h') {
      yield* io.out.write(`Usage: ${awk.usage}\n${awk.summary}\n`);
      return 0;
    } else if (!'bgGnNOrsSk'.includes(name)) return yield* notModelled(io, spelled(option));
  }
  if (sources.length === 0) {
    const text = operands.shift();
    if (text === undefined) return yield* usage(io);
    sources.push({ text, file: 'cmd. line' });
  }
  const start: Start = { file: sources[0]?.file ?? '', assignments, separator, operands };
  return yield* parseAndRun(io, sources.map(({ text }) => text).join('\n'), start);
}

function* usage(io: Io): Running {
  const name = io.argv[0] ?? 'awk';
  yield* io.err.write(
    `Usage: ${name} [POSIX or GNU style options] -f progfile [--] file ...\n` +
      `Usage: ${name} [POSIX or GNU style options] [--] 'program' file ...\n`,
  );
  return 1;
}

function* fatal(io: Io, text: string): Running {
  yield* io.err.line(`awk: fatal: ${text}`);
  return 2;
}

function* readSource(io: Io, name: string): Running<string | null> {
  const opened = openInput(io, name);
  if (typeof opened === 'string') {
    yield* fatal(io, `cannot open source file \`${name}' for reading: ${strerror(opened)}`);
    return null;
  }
  const lines = yield* allLines(opened.input);
  return lines.map(({ text }) => text).join('\n');
}

function* parseAndRun(io: Io, source: string, start: Start): Running {
  let program: Program;
  try {
    program = parseAwk(source, start.file);
    for (const warning of program.warnings) yield* io.err.line(`awk: ${warning}`);
    return yield* runAwk(io, program, start);
  } catch (error) {
    if (error instanceof SyntaxFault) {
      for (const line of error.message.split('\n')) yield* io.err.line(`awk: ${line}`);
      return 1;
    }
    if (error instanceof Fatal || error instanceof FlushFailed) {
      yield* io.err.line(`awk: ${error instanceof FlushFailed ? 'fatal: ' : ''}${error.message}`);
      return 2;
    }
    if (error instanceof NotModelled) return yield* notModelled(io, error.message, 2);
    if (!(error instanceof TooHard)) throw error;
    yield* io.err.line('softnet: this regular expression takes too many steps to match here');
    return 2;
  }
}
