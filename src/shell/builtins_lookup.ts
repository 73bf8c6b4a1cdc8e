/// Builtins that say what a word is: type, command, help, builtin.
import { builtins, stdout } from './builtins.ts';
import type { Builtin, Call } from './builtins.ts';
import { invalidOption } from './builtins_control.ts';
import type { Running } from './command.ts';
import { kernelPath } from './glob.ts';
import { refuse } from './messages.ts';
import { functionText } from './print_command.ts';
import { contextOf } from './process.ts';
import type { Process } from './process.ts';
import { singleQuote } from './quote.ts';
import { pathOf, runTool } from './run_command.ts';
import { runBuiltin } from './simple_command.ts';
import { interruptible } from './traps.ts';

const KEYWORDS = new Set(
  'if then else elif fi case esac for select while until do done in function time { } ! [[ ]] coproc'.split(
    ' ',
  ),
);

type Kind = 'alias' | 'keyword' | 'function' | 'builtin' | 'file';

function kindsOf(p: Process, name: string): Kind[] {
  const kinds: Kind[] = [];
  if (Object.hasOwn(p.session.aliases, name)) kinds.push('alias');
  if (KEYWORDS.has(name)) kinds.push('keyword');
  if (Object.hasOwn(p.session.functions, name)) kinds.push('function');
  if (builtins.has(name)) kinds.push('builtin');
  if (fileOf(p, name) !== undefined) kinds.push('file');
  return kinds;
}

function fileOf(p: Process, name: string): string | undefined {
  if (!name.includes('/')) return pathOf(p, name);
  const stat = p.machine.fs.stat(contextOf(p), kernelPath(p.machine.fs, contextOf(p), name));
  return typeof stat !== 'string' && stat.kind === 'file' && (stat.mode & 0o111) !== 0
    ? name
    : undefined;
}

function describe(p: Process, name: string, kind: Kind): string {
  switch (kind) {
    case 'alias':
      return `${name} is aliased to \`${p.session.aliases[name] ?? ''}'`;
    case 'keyword':
      return `${name} is a shell keyword`;
    case 'function':
      return `${name} is a function\n${functionText(name, p.session.functions[name] ?? '')}`;
    case 'builtin':
      return `${name} is a shell builtin`;
    case 'file':
      return `${name} is ${fileOf(p, name) ?? ''}`;
  }
}

function* type({ p, argv }: Call): Running {
  const flags = new Set(
    argv.filter((word) => /^-[aftpP]+$/.test(word)).flatMap((word) => [...word.slice(1)]),
  );
  const bad = argv
    .slice(1)
    .find((word) => /^-./.test(word) && !/^-[aftpP]+$/.test(word) && word !== '--');
  if (bad !== undefined)
    return yield* invalidOption(p, 'type', bad, 'type [-afptP] name [name ...]');
  let status = 0;
  for (const name of argv.slice(1).filter((word) => !word.startsWith('-'))) {
    const kinds = flags.has('P')
      ? kindsOf(p, name).filter((kind) => kind === 'file')
      : kindsOf(p, name);
    if (kinds.length === 0) {
      status =
        flags.has('t') || flags.has('p') || flags.has('P')
          ? 1
          : yield* refuse(p, `type: ${name}: not found`);
    }
    for (const kind of flags.has('a') ? kinds : kinds.slice(0, 1)) {
      if (flags.has('t')) yield* stdout(p).line(kind);
      else if (flags.has('p') || flags.has('P')) {
        if (kind === 'file') yield* stdout(p).line(fileOf(p, name) ?? '');
      } else yield* stdout(p).line(describe(p, name, kind));
    }
  }
  return status;
}

function* command({ p, argv }: Call): Running {
  const flags = argv.slice(1).findIndex((word) => !/^-[pvV]+$/.test(word));
  const words = flags < 0 ? [] : argv.slice(flags + 1).filter((word, i) => i > 0 || word !== '--');
  const options = flags < 0 ? argv.slice(1).join('') : argv.slice(1, flags + 1).join('');
  if (options.includes('v') || options.includes('V'))
    return yield* lookUp(p, words, options.includes('V'));
  const [name] = words;
  if (name === undefined) return 0;
  const builtin = builtins.get(name);
  if (builtin) return yield* runBuiltin(p, builtin, words);
  return yield* interruptible(p, () => runTool(p, words));
}

function* lookUp(p: Process, words: readonly string[], verbose: boolean): Running {
  let status = words.length > 0 ? 0 : 1;
  for (const name of words) {
    const [kind] = kindsOf(p, name);
    if (kind === undefined) {
      status = verbose ? yield* refuse(p, `command: ${name}: not found`) : 1;
    } else if (verbose) yield* stdout(p).line(describe(p, name, kind));
    else if (kind === 'alias')
      yield* stdout(p).line(`alias ${name}=${singleQuote(p.session.aliases[name] ?? '')}`);
    else yield* stdout(p).line(kind === 'file' ? (fileOf(p, name) ?? '') : name);
  }
  return status;
}

function* builtinBuiltin({ p, argv }: Call): Running {
  const name = argv[1];
  if (name === undefined) return 0;
  const builtin = builtins.get(name);
  if (!builtin) return yield* refuse(p, `builtin: ${name}: not a shell builtin`);
  return yield* runBuiltin(p, builtin, argv.slice(1));
}

/// Our own help: what this host offers, with one line each. bash's lists its builtins only.
function* help({ p, argv }: Call): Running {
  const out = stdout(p);
  const commands = [...p.machine.commands.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const wanted = argv.slice(1);
  if (wanted.length === 0) {
    yield* out.line('Tools of this host (help NAME shows the usage):');
    const width = Math.max(8, ...commands.map((command) => command.name.length));
    for (const c of commands) yield* out.line(`  ${c.name.padEnd(width)}  ${c.summary}`);
    yield* out.line(`Builtins of the shell: ${[...builtins.keys()].sort().join(' ')}`);
    return 0;
  }
  let status = 0;
  for (const name of wanted) {
    const found = p.machine.commands.get(name);
    if (found) yield* out.write(`${found.name}: ${found.summary}\n${found.usage}\n`);
    else if (builtins.has(name)) yield* out.line(`${name}: builtin of the shell, as in bash`);
    else status = yield* refuse(p, `help: no help topics match \`${name}'.`);
  }
  return status;
}

export const lookupBuiltins: Record<string, Builtin> = {
  type,
  command,
  builtin: builtinBuiltin,
  help,
};
