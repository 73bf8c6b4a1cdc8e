/// $( ), backticks and <( ): a subshell whose output becomes text or a file to read.
/// Left out: >( ), and streaming through <( ): the command there runs to its end first.
import type { CommandExpansionPart, ParsedScript, ProcessSubstitutionPart } from 'unbash';
import type { Running } from './command.ts';
import { runSubshell } from './evaluate.ts';
import { expandWords } from './expand.ts';
import { describeFault } from './messages.ts';
import { parseScript } from './parse.ts';
import { Abort, contextOf, deeper, errorPrefix, fork } from './process.ts';
import type { Process } from './process.ts';
import { strerror } from '../kernel/errno.ts';
import { capture, inputOfLines } from './stream.ts';
import { kernelPath } from './glob.ts';

export function* commandSubstitution(p: Process, part: CommandExpansionPart): Running<string> {
  const file = part.script ? fileToRead(part.script) : undefined;
  const text = file ? yield* readFile(p, file) : yield* output(p, part.script, part.text);
  return text.replace(/\n+$/, '');
}

/// Runs a script in a subshell and gives what it wrote.
function* output(p: Process, script: ParsedScript | undefined, text: string): Running<string> {
  if (!script || script.errors?.length) {
    const inner = text.startsWith('`') ? text.slice(1, -1) : text.slice(2, -1);
    const fault = parseScript(inner).fault;
    if (fault) throw new Abort(describeFault(p, fault, 'command substitution: '), 1);
    return '';
  }
  const caught = capture();
  const child: Process = { ...fork(p), substitutions: p.substitutions + 1 };
  deeper(child);
  if (script.source !== undefined) child.source = script.source;
  child.session.options['errexit'] = false; // shopt inherit_errexit is off by default
  child.fds = new Map(p.fds).set(1, { out: caught.output });
  p.substituted = yield* runSubshell(child, script.commands);
  return caught.text();
}

/// $(< file)
function fileToRead(script: ParsedScript): ParsedScript['commands'][number]['command'] | undefined {
  const command = script.commands.length === 1 ? script.commands[0]?.command : undefined;
  if (command?.type !== 'Command' || command.name || command.prefix.length !== 1) return undefined;
  const redirect = command.prefix[0];
  return redirect?.type === 'Redirect' && redirect.operator === '<' && !redirect.descriptor
    ? command
    : undefined;
}

function* readFile(
  p: Process,
  command: NonNullable<ReturnType<typeof fileToRead>>,
): Running<string> {
  const redirect = command.type === 'Command' ? command.prefix[0] : undefined;
  const target = redirect?.type === 'Redirect' ? redirect.target : undefined;
  const [path = ''] = target ? yield* expandWords(p, [target]) : [];
  const read = p.machine.fs.read(contextOf(p), kernelPath(p.machine.fs, contextOf(p), path));
  if (typeof read === 'string') {
    yield* p.fds.get(2)?.out?.line(`${errorPrefix(p)}${path}: ${strerror(read)}`) ?? nothing();
    p.substituted = 1;
    return '';
  }
  p.substituted = 0;
  return yield* inputOfLines(read.lines).all();
}

function* nothing(): Running<void> {}

/// The path of a file that holds the command's output.
export function* processSubstitution(p: Process, part: ProcessSubstitutionPart): Running<string> {
  if (part.operator === '>') throw new Abort('softnet: not modelled here: >( )');
  const text = yield* output(p, part.script, part.text);
  const files = p.session.files;
  let fd = 63;
  while (Object.hasOwn(files, `/dev/fd/${fd}`)) fd--;
  files[`/dev/fd/${fd}`] = text;
  p.temporary.push(`/dev/fd/${fd}`);
  return `/dev/fd/${fd}`;
}
