/// The prompt: $PS1 if it is set, else the one of the recorded distribution.
/// Left out: \j \l \s \v \V \A and the other times of day.
import type { Kernel } from '../kernel/state.ts';
import type { Session } from './session.ts';

const DEFAULT = '\\u@\\h:\\w\\$ ';

export function prompt(k: Kernel, session: Session): string {
  const home = session.vars['HOME'] ?? '';
  const inside = home !== '' && (session.cwd === home || session.cwd.startsWith(home + '/'));
  const short = inside ? '~' + session.cwd.slice(home.length) : session.cwd;
  const values: Record<string, string> = {
    u: session.user,
    h: k.desc.hostname.split('.')[0] ?? '',
    H: k.desc.hostname,
    w: short,
    W: short.split('/').at(-1) || '/',
    $: session.user === 'root' ? '#' : '$',
    n: '\n',
    '!': String(session.history.length + 1),
    '#': String(session.lines + 1),
    e: '\x1b',
    '[': '',
    ']': '',
    '\\': '\\',
  };
  return (session.vars['PS1'] ?? DEFAULT).replace(
    /\\(.)/g,
    (whole, letter: string) => values[letter] ?? whole,
  );
}
