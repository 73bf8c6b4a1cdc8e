/// Walking through the words of nft's language, and the sentence for a word that does not fit. Bison
/// names the word, and what it would have taken where that is at most four things.
import type { Token } from './lexer.ts';
import { Trouble, type Place } from './trouble.ts';
import { wordTable } from '../word_table.ts';

// Words of the language: an unexpected one is named by itself, any other is a "string".
const KEYWORDS = new Set(
  (
    'accept add all and bypass burst bytes chain chains comment constant continue counter create ct daddr ' +
    'day define delete destroy device devices dnat drop dscp dynamic ecn elements element ether eq export ' +
    'fanout flags flow flowtable flowtables flush fully-random get goto group gt ge handle hook hour ' +
    'icmp icmpv6 icmpx id iif iifname iiftype inet inet6 index include insert interval ip ip6 jump l4proto ' +
    'last length level limit list log lt le map maps mark masquerade meta meter meters minute monitor ne ' +
    'netdev neq nexthdr nfproto notrack numgen oif oifname oiftype or over packets performance persistent ' +
    'pkttype policy position prefix priority protocol queue quota random rate redirect reject rename ' +
    'replace reset return rt rule rules ruleset saddr second set sets size snat snaplen state synproxy table tables ' +
    'tcp th timeout to ttl type typeof udp until update used vlan vmap week with auto-merge describe arp bridge ' +
    'dport sport map'
  ).split(' '),
);

export class Cursor {
  readonly tokens: readonly Token[];
  at = 0;
  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  peek(ahead = 0): Token {
    return this.tokens[Math.min(this.at + ahead, this.tokens.length - 1)]!;
  }

  /// Whether the next word is this sign or plain word.
  sees(text: string): boolean {
    const { kind, text: found } = this.peek();
    return found === text && (kind === 'sign' || kind === 'string');
  }

  next(): Token {
    const token = this.peek();
    if (this.at < this.tokens.length - 1) this.at++;
    return token;
  }

  /// Takes the word if it is this one.
  takes(text: string): boolean {
    if (!this.sees(text)) return false;
    this.at++;
    return true;
  }

  /// The end of the last word taken.
  last(): Place {
    return this.tokens[Math.max(0, this.at - 1)]!.place;
  }

  /// Takes this word, or it is an error.
  need(text: string): Token {
    if (!this.sees(text)) throw this.unexpected(tokenName(text));
    return this.next();
  }

  /// A name: what nft's grammar calls an identifier.
  name(): Token {
    const token = this.peek();
    if (token.kind !== 'string' || (KEYWORDS.has(token.text) && token.text !== 'last'))
      throw this.unexpected('string');
    return this.next();
  }

  number(): Token {
    if (this.peek().kind !== 'number') throw this.unexpected('number');
    return this.next();
  }

  quoted(): Token {
    if (this.peek().kind !== 'quoted string' && this.peek().kind !== 'string')
      throw this.unexpected();
    return this.next();
  }

  atSeparator(): boolean {
    return this.peek().kind === 'newline' || this.sees(';');
  }

  atEnd(): boolean {
    return this.peek().kind === 'end';
  }

  /// The error for the next word.
  unexpected(...expected: string[]): Trouble {
    const token = this.peek();
    const wanted = expected.length > 0 ? `, expecting ${expected.join(' or ')}` : '';
    return new Trouble(token.place, `syntax error, unexpected ${nameOf(token)}${wanted}`);
  }
}

function tokenName(text: string): string {
  return /^[a-z]/.test(text) ? text : signName(text);
}

const SIGN_NAMES: Readonly<Record<string, string>> = wordTable({
  ...{ ';': 'semicolon', ',': 'comma', ':': 'colon' },
});
const LITERAL = new Set(['{', '}', '(', ')', '[', ']', '=', '$']);

function signName(sign: string): string {
  return SIGN_NAMES[sign] ?? (LITERAL.has(sign) ? `'${sign}'` : sign);
}

function nameOf({ kind, text }: Token): string {
  if (kind === 'end') return 'end of file';
  if (kind === 'asterisk') return 'string with a trailing asterisk';
  if (kind === 'sign') return signName(text);
  if (kind !== 'string') return kind;
  return KEYWORDS.has(text) ? text : 'string';
}

export function isKeyword(text: string): boolean {
  return KEYWORDS.has(text);
}
