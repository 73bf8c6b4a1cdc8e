/// echo and printf, as bash has them built in.
import { backslashEscape } from './escapes.ts';
import { stdout } from './builtins.ts';
import type { Builtin, Call } from './builtins.ts';
import type { Running } from './command.ts';
import { keyFor, set, setElement } from './variables.ts';
import { complain, refuse } from './messages.ts';
import { formatPrintf } from './printf.ts';
import { errorPrefix } from './process.ts';

function* echo({ p, argv }: Call): Running {
  let at = 1;
  let newline = true;
  let escapes = p.session.options['xpg_echo'] ?? false;
  for (; /^-[neE]+$/.test(argv[at] ?? ''); at++) {
    for (const letter of (argv[at] ?? '').slice(1)) {
      if (letter === 'n') newline = false;
      else escapes = letter === 'e';
    }
  }
  const text = argv.slice(at).join(' ');
  const { text: shown, stopped } = escapes
    ? backslashEscape(text, 'echo')
    : { text, stopped: false };
  yield* stdout(p).write(newline && !stopped ? shown + '\n' : shown);
  return 0;
}

function* printf({ p, argv }: Call): Running {
  let at = 1;
  let variable: string | null = null;
  if (argv[at] === '-v') {
    variable = argv[at + 1] ?? '';
    at += 2;
  }
  if (argv[at] === '--') at++;
  const format = argv[at];
  if (format === undefined) {
    yield* complain(p, 'printf: usage: printf [-v var] format [arguments]');
    return 2;
  }
  const { text, problems } = formatPrintf(format, argv.slice(at + 1));
  if (variable === null) yield* stdout(p).write(text);
  else {
    const found = /^([A-Za-z_]\w*)(?:\[(.+)\])?$/.exec(variable);
    if (!found) return yield* refuse(p, `printf: \`${variable}': not a valid identifier`, 2);
    const name = found[1] ?? '';
    if (found[2] === undefined) set(p, name, text);
    else setElement(p, name, keyFor(p, name, found[2]), text);
  }
  for (const problem of problems) yield* complain(p, `${errorPrefix(p)}printf: ${problem}`);
  return problems.some((problem) => !problem.startsWith('warning')) ? 1 : 0;
}

export const outputBuiltins: Record<string, Builtin> = { echo, printf };
