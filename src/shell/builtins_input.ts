/// read, mapfile and readarray.
/// Left out: read -e, -i, -u other than an open descriptor, and -s on a page that shows what is typed.
import type { Builtin, Call } from './builtins.ts';
import { assignArray } from './assign.ts';
import type { Line, Running } from './command.ts';
import { refuse } from './messages.ts';
import type { Process } from './process.ts';
import type { InputStream } from './stream.ts';
import { ifs, isName, keyFor, set, setElement } from './variables.ts';
import { invalidOption } from './builtins_control.ts';

const READ_USAGE =
  'read [-ers] [-a array] [-d delim] [-i text] [-n nchars] [-N nchars] [-p prompt] [-t timeout] [-u fd] [name ...]';

interface Options {
  readonly flags: Set<string>;
  readonly values: Map<string, string>;
  readonly words: string[];
  readonly bad: string | null;
}

function options(argv: readonly string[], plain: string, valued: string): Options {
  const flags = new Set<string>();
  const values = new Map<string, string>();
  let at = 1;
  for (; /^-./.test(argv[at] ?? '') && argv[at] !== '--'; at++) {
    const word = argv[at] ?? '';
    for (let i = 1; i < word.length; i++) {
      const letter = word[i] ?? '';
      if (valued.includes(letter)) {
        values.set(letter, word.slice(i + 1) || (argv[++at] ?? ''));
        break;
      }
      if (!plain.includes(letter)) return { flags, values, words: [], bad: `-${letter}` };
      flags.add(letter);
    }
  }
  if (argv[at] === '--') at++;
  return { flags, values, words: argv.slice(at), bad: null };
}

function* read({ p, argv }: Call): Running {
  const o = options(argv, 'ers', 'adinNptu');
  if (o.bad !== null) return yield* invalidOption(p, 'read', o.bad, READ_USAGE);
  const wrong = o.words.find((word) => !isName(word.replace(/\[.*\]$/, '')));
  if (wrong !== undefined) return yield* refuse(p, `read: \`${wrong}': not a valid identifier`);
  const input = p.fds.get(Number(o.values.get('u') ?? 0))?.in;
  if (!input)
    return yield* refuse(
      p,
      `read: ${o.values.get('u') ?? 0}: invalid file descriptor: Bad file descriptor`,
    );
  const prompt = o.values.get('p');
  if (prompt !== undefined && input.terminal) yield* p.fds.get(2)?.out?.write(prompt) ?? [];
  const found = yield* readText(p, input, o);
  store(p, o, found.text);
  return found.status;
}

interface Found {
  readonly text: string; // escaped characters have a NUL before them
  readonly status: number;
}

function* readText(p: Process, input: InputStream, o: Options): Running<Found> {
  const raw = o.flags.has('r');
  const exact = o.values.has('N');
  const limit = Number(o.values.get('n') ?? o.values.get('N') ?? Infinity);
  const given = o.values.get('d');
  const delimiter = given === undefined ? '\n' : given === '' ? '\0' : (given[0] ?? '\n');
  const deadline = o.values.has('t')
    ? p.machine.host.k.now + Number(o.values.get('t')) * 1e9
    : Infinity;
  let text = '';
  let count = 0;
  while (count < limit) {
    const line = yield* nextChunk(p, input, deadline);
    if (line === 'late') return { text, status: 142 };
    if (line === null) return { text, status: 1 };
    const source = line.nl ? line.text + '\n' : line.text;
    for (let i = 0; i < source.length; i++) {
      const c = source[i] ?? '';
      if (c === delimiter && !exact) {
        giveBack(input, source.slice(i + 1));
        return { text, status: 0 };
      }
      if (c === '\\' && !raw) {
        const escaped = source[++i];
        if (escaped !== undefined && escaped !== '\n') text += '\0' + escaped;
        else continue;
      } else text += c;
      if (++count >= limit) {
        giveBack(input, source.slice(i + 1));
        return { text, status: 0 };
      }
    }
  }
  return { text, status: 0 };
}

function* nextChunk(
  p: Process,
  input: InputStream,
  deadline: number,
): Running<Line | null | 'late'> {
  for (;;) {
    const chunk = input.next();
    if (chunk !== undefined) return chunk;
    if (p.machine.host.k.now >= deadline) return 'late';
    if (deadline === Infinity) yield input.wait;
    else yield { kind: 'sleep', ns: deadline - p.machine.host.k.now, early: true };
  }
}

function giveBack(input: InputStream, text: string): void {
  if (text === '') return;
  const nl = text.endsWith('\n');
  input.unread({ text: nl ? text.slice(0, -1) : text, nl });
}

function store(p: Process, o: Options, text: string): void {
  const array = o.values.get('a');
  if (array !== undefined) {
    const items = split(text, ifs(p), Infinity).map((item) => ({
      key: null,
      text: item,
      append: false,
    }));
    return assignArray(p, array, items, false);
  }
  if (o.words.length === 0) return set(p, 'REPLY', text.replaceAll('\0', ''));
  const values = o.values.has('N')
    ? [text.replaceAll('\0', '')]
    : split(text, ifs(p), o.words.length);
  o.words.forEach((word, i) => {
    const element = /^(\w+)\[(.*)\]$/.exec(word);
    if (element)
      setElement(
        p,
        element[1] ?? '',
        keyFor(p, element[1] ?? '', element[2] ?? ''),
        values[i] ?? '',
      );
    else set(p, word, values[i] ?? '');
  });
}

/// Splits at $IFS into at most `limit` fields; the last takes the rest of the line.
export function split(text: string, separators: string, limit: number): string[] {
  const blank = (c: string) => ' \t\n'.includes(c) && separators.includes(c);
  const fields: string[] = [];
  let i = 0;
  const skipBlanks = () => {
    while (i < text.length && blank(text[i] ?? '')) i++;
  };
  skipBlanks();
  while (i < text.length && fields.length < limit - 1) {
    let field = '';
    for (; i < text.length && !separators.includes(text[i] ?? ''); i++) {
      if (text[i] === '\0') i++;
      field += text[i] ?? '';
    }
    fields.push(field);
    skipBlanks();
    if (i < text.length && separators.includes(text[i] ?? '') && text[i] !== '\0') i++;
    skipBlanks();
  }
  if (i < text.length && limit !== Infinity)
    fields.push(lastField(text.slice(i), separators, blank));
  return fields;
}

/// The rest of a line loses blanks of $IFS at its end, and one separator if that is all that follows.
function lastField(text: string, separators: string, blank: (c: string) => boolean): string {
  let end = text.length;
  while (end > 0 && blank(text[end - 1] ?? '') && text[end - 2] !== '\0') end--;
  const rest = text.slice(0, end);
  const first = [...rest].findIndex((c, i) => separators.includes(c) && rest[i - 1] !== '\0');
  const whole = first >= 0 && first === rest.length - 1 ? rest.slice(0, -1) : rest;
  return whole.replaceAll('\0', '');
}

function* mapfile({ p, argv }: Call): Running {
  const o = options(argv, 't', 'dnOsu');
  if (o.bad !== null) {
    const usage =
      'mapfile [-d delim] [-n count] [-O origin] [-s count] [-t] [-u fd] [-C callback] [-c quantum] [array]';
    return yield* invalidOption(p, argv[0] ?? '', o.bad, usage);
  }
  const name = o.words[0] ?? 'MAPFILE';
  const input = p.fds.get(Number(o.values.get('u') ?? 0))?.in;
  if (!isName(name))
    return yield* refuse(p, `${argv[0] ?? ''}: \`${name}': not a valid identifier`);
  if (!input) return 1;
  const count = Number(o.values.get('n') ?? 0) || Infinity;
  const skip = Number(o.values.get('s') ?? 0);
  const delimiter = o.values.has('d') ? o.values.get('d')?.[0] || '\0' : '\n';
  const texts = (yield* input.all()).split(delimiter);
  const last = texts.pop() ?? '';
  const keep = o.flags.has('t') ? '' : delimiter;
  const lines = [...texts.map((text) => text + keep), ...(last === '' ? [] : [last])];
  const items = lines.slice(skip, skip + count).map((text) => ({ key: null, text, append: false }));
  assignArray(p, name, items, o.values.has('O'));
  return 0;
}

export const inputBuiltins: Record<string, Builtin> = { read, mapfile, readarray: mapfile };
