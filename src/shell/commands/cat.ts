/// cat: writes files to standard output.
import { toBytes } from '../bytes.ts';
import type { Command, Io, Line, Running } from '../command.ts';
import { forEachInput, forEachLine } from '../inputs.ts';
import { prefixed } from '../line_marks.ts';
import { answerCommon, common, parseOptions, refuseUsage } from '../options.ts';
import type { Option } from '../options.ts';

const table = {
  short: 'AbeEnstTuv',
  long: {
    'show-all': 'A',
    'number-nonblank': 'b',
    'show-ends': 'E',
    number: 'n',
    'squeeze-blank': 's',
    'show-tabs': 'T',
    'show-nonprinting': 'v',
    ...common,
  },
};

interface Style {
  readonly number: 'none' | 'all' | 'nonblank';
  readonly ends: boolean;
  readonly tabs: boolean;
  readonly nonprinting: boolean;
  readonly squeeze: boolean;
}

export const cat: Command = {
  name: 'cat',
  summary: 'Writes files to standard output.',
  usage: 'cat [-AbeEnstTuv] [FILE]...',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), table);
    if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
    if (yield* answerCommon(io, cat, 'GNU coreutils 9.7', parsed.options)) return 0;
    const writeLine = lineWriter(io, styleOf(parsed.options));
    return yield* forEachInput(io, parsed.operands, ({ input }) => forEachLine(input, writeLine));
  },
};

function styleOf(options: readonly Option[]): Style {
  const has = (names: string): boolean => options.some(({ name }) => names.includes(name));
  return {
    number: has('b') ? 'nonblank' : has('n') ? 'all' : 'none',
    ends: has('AeE'),
    tabs: has('AtT'),
    nonprinting: has('Aetv'),
    squeeze: has('s'),
  };
}

function lineWriter(io: Io, style: Style): (line: Line) => Running<void> {
  let number = 0;
  let blanks = 0;
  let midLine = false; // the last file did not end its line
  return function* (line) {
    const blank = line.text === '' && !midLine;
    blanks = blank ? blanks + 1 : 0;
    if (style.squeeze && blanks > 1) return;
    const numbered =
      !midLine && (style.number === 'all' || (style.number === 'nonblank' && !blank));
    midLine = !line.nl;
    const text = shown(line.text, style) + (style.ends && line.nl ? '$' : '');
    const shownLine = text === line.text ? line : { text, nl: line.nl };
    yield* io.out.pass(
      numbered ? prefixed(`${String(++number).padStart(6)}\t`, shownLine) : shownLine,
    );
  };
}

/// ^I for a tab, ^X for control characters, M-x for bytes above 127.
function shown(text: string, style: Style): string {
  if (!style.tabs && !style.nonprinting) return text;
  let result = '';
  for (const ch of text) result += shownChar(ch, style);
  return result;
}

function shownChar(ch: string, style: Style): string {
  const code = ch.codePointAt(0) ?? 0;
  if (ch === '\t') return style.tabs ? '^I' : ch;
  if (!style.nonprinting) return ch;
  if (code >= 128) return [...toBytes(ch)].map(shownHighByte).join('');
  return shownByte(code);
}

function shownByte(code: number): string {
  if (code < 32) return `^${String.fromCharCode(code + 64)}`;
  return code === 127 ? '^?' : String.fromCharCode(code);
}

function shownHighByte(byte: number): string {
  return `M-${shownByte(byte - 128)}`;
}
