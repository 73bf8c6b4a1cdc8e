/// getopts: reads options letter by letter, `-ab`, `-o value`, `-ovalue`.
import type { Call } from './builtins.ts';
import type { Running } from './command.ts';
import { complain } from './messages.ts';
import type { Process } from './process.ts';
import { get, set, unset } from './variables.ts';

export function* getopts({ p, argv }: Call): Running {
  const [, spec, name, ...given] = argv;
  if (spec === undefined || name === undefined) {
    yield* complain(p, 'getopts: usage: getopts optstring name [arg ...]');
    return 2;
  }
  const words = argv.length > 3 ? given : p.session.positional;
  const index = Number(get(p, 'OPTIND') ?? 1) || 1;
  const at = p.session.getopts.index === index ? p.session.getopts.at : 1;
  const word = words[index - 1];
  if (word === undefined || !/^-./.test(word) || word === '--') {
    if (word === '--') moveTo(p, index + 1, 1);
    set(p, name, '?');
    return 1;
  }
  return yield* oneLetter(p, { spec, name, words, index, at, word });
}

interface Place {
  readonly spec: string;
  readonly name: string;
  readonly words: readonly string[];
  readonly index: number;
  readonly at: number;
  readonly word: string;
}

function moveTo(p: Process, index: number, at: number): void {
  set(p, 'OPTIND', String(index));
  p.session.getopts = { index, at };
}

function* oneLetter(p: Process, o: Place): Running {
  const letter = o.word[o.at] ?? '';
  const last = o.at + 1 >= o.word.length;
  const letters = o.spec.replace(/^:/, '');
  const known = letter !== ':' && letters.includes(letter);
  unset(p, 'OPTARG');
  if (!known || letters[letters.indexOf(letter) + 1] !== ':') {
    moveTo(p, last ? o.index + 1 : o.index, last ? 1 : o.at + 1);
    set(p, o.name, known ? letter : '?');
    if (!known) yield* report(p, o, letter, 'illegal option');
    return 0;
  }
  const value = last ? o.words[o.index] : o.word.slice(o.at + 1);
  moveTo(p, o.index + (last && value !== undefined ? 2 : 1), 1);
  if (value === undefined) {
    set(p, o.name, o.spec.startsWith(':') ? ':' : '?');
    yield* report(p, o, letter, 'option requires an argument');
    return 0;
  }
  set(p, o.name, letter);
  set(p, 'OPTARG', value);
  return 0;
}

/// A spec that starts with `:` wants the letter in OPTARG instead of a message.
function* report(p: Process, o: Place, letter: string, message: string): Running<void> {
  if (o.spec.startsWith(':')) set(p, 'OPTARG', letter);
  else if (get(p, 'OPTERR') !== '0')
    yield* complain(p, `${p.session.name}: ${message} -- ${letter}`);
}
