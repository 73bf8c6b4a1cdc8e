/// ss's filter language: sport and dport, src and dst, with and, or, not and brackets.
/// Left out: prefixes, devices, marks, cgroups, and services by name.
import { address6 } from '../../kernel/address.ts';

export interface Endpoints {
  readonly local: string; // '' any
  readonly port: number;
  readonly peer: string; // '' none
  readonly peer_port: number;
  readonly six: boolean; // of an IPv6 socket
}

type Test = (socket: Endpoints) => boolean;

const COMPARE: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '=': (a, b) => a === b,
  '==': (a, b) => a === b,
  eq: (a, b) => a === b,
  '!=': (a, b) => a !== b,
  ne: (a, b) => a !== b,
  neq: (a, b) => a !== b,
  '>': (a, b) => a > b,
  gt: (a, b) => a > b,
  '<': (a, b) => a < b,
  lt: (a, b) => a < b,
  '>=': (a, b) => a >= b,
  ge: (a, b) => a >= b,
  geq: (a, b) => a >= b,
  '<=': (a, b) => a <= b,
  le: (a, b) => a <= b,
  leq: (a, b) => a <= b,
};

/// The test that some words ask for; null when they are no filter.
export function parseFilter(words: readonly string[]): Test | null {
  const tokens = words.flatMap((word) =>
    word
      .replace(/([()]|[<>!=]=?|&&?|\|\|?)/g, ' $1 ')
      .split(/\s+/)
      .filter(Boolean),
  );
  if (!tokens.length) return () => true;
  let at = 0;
  const test = either();
  return test && at === tokens.length ? test : null;

  function either(): Test | null {
    let left = both();
    while (left && ['or', '|', '||'].includes(tokens[at] ?? '')) {
      at++;
      const [a, b] = [left, both()];
      left = b && ((socket) => a(socket) || b(socket));
    }
    return left;
  }

  function both(): Test | null {
    let left = one();
    while (left && at < tokens.length && ![')', 'or', '|', '||'].includes(tokens[at]!)) {
      if (['and', '&', '&&'].includes(tokens[at]!)) at++;
      const [a, b] = [left, one()];
      left = b && ((socket) => a(socket) && b(socket));
    }
    return left;
  }

  function one(): Test | null {
    const token = tokens[at++];
    if (token === 'not' || token === '!') {
      const inner = one();
      return inner && ((socket) => !inner(socket));
    }
    if (token === '(') {
      const inner = either();
      return tokens[at++] === ')' ? inner : null;
    }
    if (token === 'sport' || token === 'dport') return port(token);
    return token === 'src' || token === 'dst' ? address(token) : null;
  }

  function port(token: string): Test | null {
    const compare = COMPARE[tokens[at] ?? ''];
    if (compare) at++;
    const number = /^:?(\d+)$/.exec(tokens[at++] ?? '')?.[1];
    if (number === undefined) return null;
    const check = compare ?? COMPARE['=']!;
    return (socket) => check(token === 'sport' ? socket.port : socket.peer_port, Number(number));
  }

  function address(token: string): Test | null {
    if (['=', '==', 'eq'].includes(tokens[at] ?? '')) at++;
    const form = /^(?:\[([\da-f:]+)\]|([\d.*]*))(?::(\d+|\*))?$/i;
    const [, long, four = '', number] = form.exec(tokens[at++] ?? '-') ?? [];
    const host = long === undefined ? four : address6(long);
    if (host === null || (!host && number === undefined)) return null;
    return (socket) => {
      const [address, mine] =
        token === 'src' ? [socket.local, socket.port] : [socket.peer, socket.peer_port];
      // An IPv4 address also stands for its IPv6 form.
      const any = socket.six && long !== undefined ? '::' : '0.0.0.0';
      const plain = address.replace(/^::ffff:(?=.*\.)/, '') || any;
      const sameHost = !host || host === '*' || host === plain;
      return sameHost && (number === undefined || number === '*' || Number(number) === mine);
    };
  }
}
