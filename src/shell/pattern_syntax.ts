/// Shell patterns: *, ?, [a-z], [!x], [[:digit:]] and the extended forms +(a|b). In a pattern a
/// backslash makes the next character stand for itself. Read here, matched in pattern.ts.
/// Left out: collating symbols and equivalence classes; ranges go by code point.

export type PatternNode =
  | { readonly kind: 'char'; readonly c: string }
  | { readonly kind: 'any' } // ?
  | { readonly kind: 'star' } // *
  | { readonly kind: 'set'; readonly negated: boolean; readonly items: readonly SetItem[] }
  | {
      readonly kind: 'group';
      readonly op: '?' | '*' | '+' | '@' | '!';
      readonly choices: readonly (readonly PatternNode[])[];
    };

export type SetItem =
  | { readonly kind: 'one'; readonly c: string }
  | { readonly kind: 'range'; readonly from: string; readonly to: string }
  | { readonly kind: 'class'; readonly name: string };

/// Backslashes before everything that a pattern would read as special.
export function quotePattern(text: string): string {
  return text.replace(/[\\*?[\]()|!+@^&-]/g, '\\$&');
}

/// The text with its quoting backslashes removed.
export function unquotePattern(pattern: string): string {
  return pattern.replace(/\\([\s\S])/g, '$1');
}

export function isPattern(pattern: string): boolean {
  return /(^|[^\\])(\\\\)*([*?[]|[?*+@!]\()/.test(pattern);
}

export function parsePattern(pattern: string): PatternNode[] {
  const nodes: PatternNode[] = [];
  for (let i = 0; i < pattern.length;) {
    const c = String.fromCodePoint(pattern.codePointAt(i) ?? 0);
    const closing = /[?*+@!]/.test(c) && pattern[i + 1] === '(' ? closingParen(pattern, i + 1) : -1;
    const bracket = c === '[' ? bracketEnd(pattern, i) : -1;
    if (closing > 0) {
      const choices = splitChoices(pattern.slice(i + 2, closing)).map(parsePattern);
      nodes.push({ kind: 'group', op: c as '?' | '*' | '+' | '@' | '!', choices });
      i = closing + 1;
    } else if (bracket > 0) {
      nodes.push(parseSet(pattern.slice(i + 1, bracket)));
      i = bracket + 1;
    } else if (c === '\\' && i + 1 < pattern.length) {
      const whole = String.fromCodePoint(pattern.codePointAt(i + 1) ?? 0);
      nodes.push({ kind: 'char', c: whole });
      i += 1 + whole.length;
    } else {
      const star = c === '*' && nodes.at(-1)?.kind === 'star'; // a row of stars does what one does
      if (!star)
        nodes.push(
          c === '*' ? { kind: 'star' } : c === '?' ? { kind: 'any' } : { kind: 'char', c },
        );
      i += c.length;
    }
  }
  return nodes;
}

function closingParen(pattern: string, open: number): number {
  let depth = 0;
  for (let i = open; i < pattern.length; i++) {
    if (pattern[i] === '\\') i++;
    else if (pattern[i] === '(') depth++;
    else if (pattern[i] === ')' && --depth === 0) return i;
  }
  return -1;
}

function splitChoices(body: string): string[] {
  const choices: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < body.length; i++) {
    if (body[i] === '\\') i++;
    else if (body[i] === '(') depth++;
    else if (body[i] === ')') depth--;
    else if (body[i] === '|' && depth === 0) {
      choices.push(body.slice(start, i));
      start = i + 1;
    }
  }
  return [...choices, body.slice(start)];
}

/// Where the bracket that opens at `open` closes; -1: it does not, and stands for itself.
function bracketEnd(pattern: string, open: number): number {
  let i = open + 1;
  if (pattern[i] === '!' || pattern[i] === '^') i++;
  if (pattern[i] === ']') i++;
  for (; i < pattern.length; i++) {
    if (pattern[i] === '\\') i++;
    else if (pattern.startsWith('[:', i)) {
      const end = pattern.indexOf(':]', i + 2);
      if (end > 0) i = end + 1;
    } else if (pattern[i] === ']') return i;
    else if (pattern[i] === '/') return -1;
  }
  return -1;
}

function parseSet(body: string): PatternNode {
  const negated = body[0] === '!' || body[0] === '^';
  const members = [
    ...(negated ? body.slice(1) : body).matchAll(/\[:(\w+):\]|\\([\s\S])|([\s\S])/gu),
  ];
  const items: SetItem[] = [];
  for (let i = 0; i < members.length; i++) {
    const [, name, quoted, plain] = members[i] ?? [];
    const from = quoted ?? plain ?? '';
    const to = members[i + 2]?.[2] ?? members[i + 2]?.[3];
    if (name !== undefined) items.push({ kind: 'class', name });
    else if (members[i + 1]?.[3] === '-' && to !== undefined) {
      items.push({ kind: 'range', from, to });
      i += 2;
    } else items.push({ kind: 'one', c: from });
  }
  return { kind: 'set', negated, items };
}
