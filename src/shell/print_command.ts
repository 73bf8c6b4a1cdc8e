/// A syntax tree printed as bash prints commands: `type f`, `declare -f`, job lines.
/// Left out: here-documents inside functions are printed in one piece after the command.
import type {
  Command,
  CommandNode,
  CompoundList,
  Redirection,
  Statement,
  TestExpression,
  Word,
  Assignment,
  AndOr,
  PipelineNode,
} from 'unbash';
import { parseScript } from './parse.ts';

const STEP = 4;

/// One command, as a job line shows it.
export function commandText(n: PipelineNode | AndOr): string {
  return print(n, 0);
}

/// `f () \n{ \n    body\n}`: what `type f` and `declare -f f` show.
export function functionText(name: string, source: string): string {
  const definition = parseScript(source).groups[0]?.[0]?.command;
  if (definition?.type !== 'Function' || definition.body.type === 'CompoundList')
    return `${name} () \n${source}`;
  return `${name} () \n${functionBody(definition.body, 0)}`;
}

function functionBody(body: CommandNode, indent: number): string {
  const pad = ' '.repeat(indent);
  const inner = body.type === 'Redirected' ? body.command : body;
  const after = body.type === 'Redirected' ? ' ' + body.redirects.map(redirect).join(' ') : '';
  const pad2 = ' '.repeat(indent + STEP);
  const text =
    inner.type === 'BraceGroup'
      ? list(inner.body, indent + STEP, '\n')
      : print(inner, indent + STEP);
  return `${pad}{ \n${pad2}${text}\n${pad}}${after}`;
}

/// Commands of a list; `between` is a newline in blocks and a blank on one line.
function list(l: CompoundList, indent: number, between: '\n' | ' '): string {
  return statements(l.commands, indent, between);
}

function statements(all: readonly Statement[], indent: number, between: '\n' | ' '): string {
  const gap = between === '\n' ? '\n' + ' '.repeat(indent) : ' ';
  return all
    .map((s, i) => {
      const text = print(s.command, indent);
      const last = i === all.length - 1;
      return s.background ? text + ' &' + (last ? '' : gap) : text + (last ? '' : ';' + gap);
    })
    .join('');
}

function block(l: CompoundList, indent: number): string {
  return ' '.repeat(indent + STEP) + statements(l.commands, indent + STEP, '\n') + ';';
}

function print(n: PipelineNode | AndOr, indent: number): string {
  const pad = ' '.repeat(indent);
  switch (n.type) {
    case 'AndOr':
      return n.commands
        .map((c, i) => (i === 0 ? '' : ` ${n.operators[i - 1] ?? ''} `) + print(c, indent))
        .join('');
    case 'Pipeline': {
      const prefixes = n.prefixes
        .map((x) => (x.type === 'Time' ? (x.posix ? 'time -p ' : 'time ') : '! '))
        .join('');
      return (
        prefixes +
        n.commands
          .map(
            (c, i) =>
              (i === 0 ? '' : ` ${n.operators[i - 1] === '|&' ? '2>&1 |' : '|'} `) +
              print(c, indent),
          )
          .join('')
      );
    }
    case 'Command':
      return simple(n);
    case 'Redirected':
      return `${print(n.command, indent)} ${n.redirects.map(redirect).join(' ')}`;
    case 'Subshell':
      return `( ${list(n.body, indent, indent > 0 ? '\n' : ' ')} )`;
    case 'BraceGroup':
      return indent === 0
        ? `{ ${list(n.body, 0, ' ')}; }`
        : `{ \n${block(n.body, indent).slice(0, -1)}\n${pad}}`;
    case 'If': {
      let out = `if ${list(n.clause, indent, ' ')}; then\n${block(n.then, indent)}\n${pad}`;
      n.elif.forEach((branch, i) => {
        const inner = indent + STEP * (i + 1);
        const p = ' '.repeat(indent + STEP * i);
        out =
          out.slice(0, out.length - p.length) +
          `${p}else\n${' '.repeat(inner)}if ${list(branch.clause, inner, ' ')}; then\n${block(branch.then, inner)}\n${' '.repeat(inner)}`;
      });
      const depth = indent + STEP * n.elif.length;
      if (n.else) out += `else\n${block(n.else, depth)}\n${' '.repeat(depth)}`;
      for (let i = n.elif.length; i > 0; i--) out += `fi;\n${' '.repeat(indent + STEP * (i - 1))}`;
      return out + 'fi';
    }
    case 'For': {
      const words = n.wordlist ? n.wordlist.map((w) => w.text).join(' ') : '"$@"';
      return `for ${n.name.text} in ${words};\n${pad}do\n${block(n.body, indent)}\n${pad}done`;
    }
    case 'Select':
      return `select ${n.name.text} in ${(n.wordlist ?? []).map((w) => w.text).join(' ')};\n${pad}do\n${block(n.body, indent)}\n${pad}done`;
    case 'While':
      return `${n.kind} ${list(n.clause, indent, ' ')}; do\n${block(n.body, indent)}\n${pad}done`;
    case 'ArithmeticFor': {
      const part = (e: unknown) => (e === undefined ? '1' : arithmetic(e));
      return `for ((${part(n.initialize)}; ${part(n.test)}; ${part(n.update)}))\n${pad}do\n${block(n.body, indent)}\n${pad}done`;
    }
    case 'Case': {
      const items = n.items.map((item) => {
        const body =
          item.body.commands.length > 0
            ? `\n${' '.repeat(indent + 2 * STEP)}${statements(item.body.commands, indent + 2 * STEP, '\n')}`
            : '\n';
        return `${' '.repeat(indent + STEP)}${item.pattern.map((w) => w.text).join(' | ')})${body}\n${' '.repeat(indent + STEP)}${item.terminator ?? ';;'}`;
      });
      return `case ${n.word.text} in \n${items.join('\n')}\n${pad}esac`;
    }
    case 'TestCommand':
      return `[[ ${condition(n.expression)} ]]`;
    case 'ArithmeticCommand':
      return `((${n.body}))`;
    case 'Function':
      return `function ${n.name.text} () \n${n.body.type === 'CompoundList' ? '' : functionBody(n.body, indent)}`;
    case 'Coproc':
      return 'coproc';
  }
}

/// Redirections come last, whatever their place was.
function simple(n: Command): string {
  const parts: (Word | Assignment | Redirection)[] = [
    ...n.prefix,
    ...(n.name ? [n.name] : []),
    ...n.suffix,
  ];
  return [...parts.filter((x) => !isRedirect(x)), ...parts.filter(isRedirect)].map(piece).join(' ');
}

/// Arithmetic in the head of a for loop, from its tree.
function arithmetic(e: unknown): string {
  const node = e as {
    type: string;
    operator?: string;
    left?: unknown;
    right?: unknown;
    operand?: unknown;
    prefix?: boolean;
    value?: string;
    expression?: unknown;
    test?: unknown;
    consequent?: unknown;
    alternate?: unknown;
    text?: string;
  };
  switch (node.type) {
    case 'ArithmeticBinary':
      return `${arithmetic(node.left)}${node.operator ?? ''}${arithmetic(node.right)}`;
    case 'ArithmeticUnary':
      return node.prefix
        ? `${node.operator ?? ''}${arithmetic(node.operand)}`
        : `${arithmetic(node.operand)}${node.operator ?? ''}`;
    case 'ArithmeticTernary':
      return `${arithmetic(node.test)}?${arithmetic(node.consequent)}:${arithmetic(node.alternate)}`;
    case 'ArithmeticGroup':
      return `(${arithmetic(node.expression)})`;
    default:
      return node.value ?? node.text ?? '';
  }
}

function isRedirect(x: Word | Assignment | Redirection): x is Redirection {
  return x.type === 'Redirect' || x.type === 'HereString' || x.type === 'HereDoc';
}

function piece(x: Word | Assignment | Redirection): string {
  return isRedirect(x) ? redirect(x) : x.text;
}

function redirect(r: Redirection): string {
  const fd = r.descriptor
    ? r.descriptor.type === 'FileDescriptor'
      ? String(r.descriptor.value)
      : `{${r.descriptor.name}}`
    : '';
  if (r.type === 'HereDoc')
    return `${fd}${r.operator}${r.delimiter?.text ?? ''}\n${r.body.text}${r.delimiter?.value ?? ''}`;
  const target = r.target?.text ?? '';
  if (r.type === 'HereString') return `${fd}<<< ${target}`;
  if (r.operator === '>&' || r.operator === '<&') {
    return /^(\d+-?|-)$/.test(target)
      ? `${fd === '' ? (r.operator === '>&' ? '1' : '0') : fd}${r.operator}${target}`
      : `&> ${target}`;
  }
  return `${fd}${r.operator} ${target}`;
}

function condition(e: TestExpression): string {
  switch (e.type) {
    case 'TestUnary':
      return `${e.operator} ${e.operand.text}`;
    case 'TestBinary':
      return `${e.left.text} ${e.operator} ${e.right.text}`;
    case 'TestLogical':
      return e.operands.map(condition).join(` ${e.operator} `);
    case 'TestNot':
      return '! '.repeat(e.negations.length) + condition(e.operand);
    case 'TestGroup':
      return `( ${condition(e.expression)} )`;
  }
}
