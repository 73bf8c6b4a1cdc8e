/// The targets that iptables has here: their options, what they become in the kernel, and how -L shows
/// them. Stands for the extensions libxt_*.c and libipt_*.c, and their translation for nft.
/// Left out: every other target, and options that are not listed.
import { addressNumber } from '../../kernel/flows.ts';
import type { NftExpr } from '../../kernel/netfilter/types.ts';
import { absent, badParameter } from './fault.ts';
import { optionOf, valueOf, type Option, type Rule } from './rule.ts';
import * as values from './values.ts';
import { wordTable } from '../word_table.ts';

export interface Target {
  readonly options: Readonly<Record<string, ((text: string) => string) | string | null>>; // null: no value
  readonly tables: readonly string[]; // empty: any
  readonly make: (rule: Rule) => readonly NftExpr[];
  readonly show: (rule: Rule) => string;
  /// The name that -L shows, and the options that -S writes, where they differ.
  readonly shownAs?: string;
  readonly defaults?: readonly Option[];
}

const flag = (rule: Rule, name: string): boolean => optionOf(rule, name) !== undefined;

// With names of ICMP codes as nft has them.
const REJECTS: Readonly<Record<string, readonly [code: number, nft: string]>> = wordTable({
  'icmp-net-unreachable': [0, 'reject with icmp net-unreachable'],
  'icmp-host-unreachable': [1, 'reject with icmp host-unreachable'],
  'icmp-proto-unreachable': [2, 'reject with icmp prot-unreachable'],
  'icmp-port-unreachable': [3, 'reject'],
  'icmp-net-prohibited': [9, 'reject with icmp net-prohibited'],
  'icmp-host-prohibited': [10, 'reject with icmp host-prohibited'],
  'icmp-admin-prohibited': [13, 'reject with icmp admin-prohibited'],
  'tcp-reset': [0, 'reject with tcp reset'],
});
const REJECT_ALIASES: Readonly<Record<string, string>> = wordTable({
  ...{ 'net-unreach': 'icmp-net-unreachable', 'host-unreach': 'icmp-host-unreachable' },
  ...{ 'proto-unreach': 'icmp-proto-unreachable', 'port-unreach': 'icmp-port-unreachable' },
  ...{ 'net-prohib': 'icmp-net-prohibited', 'host-prohib': 'icmp-host-prohibited' },
  ...{ 'tcp-rst': 'tcp-reset', 'admin-prohib': 'icmp-admin-prohibited' },
});

function rejectWith(text: string): string {
  const name = REJECT_ALIASES[text] ?? text;
  if (!Object.hasOwn(REJECTS, name)) throw badParameter(`unknown reject type "${text}"`);
  return name;
}

const LEVELS = ['emerg', 'alert', 'crit', 'error', 'warning', 'notice', 'info', 'debug'];

function level(text: string): string {
  if (/^[0-7]$/.test(text)) return text;
  const at = LEVELS.findIndex((name) => name.startsWith(text.toLowerCase()) && text !== '');
  if (at < 0) throw badParameter(`log-level ${text} is unknown`);
  return String(at);
}

const LOG_FLAGS = [
  ['log-tcp-sequence', 1],
  ['log-tcp-options', 2],
  ['log-ip-options', 4],
  ['log-uid', 8],
] as const;

function logFlags(rule: Rule): number {
  return LOG_FLAGS.reduce((sum, [name, bit]) => sum | (flag(rule, name) ? bit : 0), 0);
}

// An address or range, with ports behind a colon.
function natAddress(text: string): string {
  const [addresses = '', range] = text.split(':');
  for (const one of addresses.split('-'))
    if (one !== '' && !/^\d{1,3}(\.\d{1,3}){3}$/.test(one))
      throw badParameter(`Bad IP address "${one}"`);
  if (range === undefined) return text;
  return `${addresses}:${natPorts(range)}`;
}

function natPorts(text: string): string {
  for (const one of text.split('-'))
    if (!/^\d+$/.test(one) || Number(one) === 0 || Number(one) > 65535)
      throw badParameter(`Port \`${text}' not valid`);
  return text;
}

type NatType = 'snat' | 'dnat' | 'masquerade' | 'redirect';

function nat(rule: Rule, type: NatType, to: string): NftExpr {
  const [addresses = '', range = ''] = to.split(':');
  const numbers = (text: string, read: (one: string) => number): number[] =>
    text === '' ? [] : text.split('-').map(read);
  const flags = ['random', 'random-fully', 'persistent']
    .filter((name) => flag(rule, name))
    .map((name) => (name === 'random-fully' ? 'fully-random' : name));
  const where = to === '' ? '' : ` to ${to}`;
  const also = flags.length > 0 ? ` ${flags.join(',')}` : '';
  return {
    ...{ kind: 'nat', type, family: '', flags },
    addr: numbers(addresses, addressNumber).map((one) => [one]),
    port: numbers(range, Number),
    xt: `${type}${where}${also}`,
  };
}

function showFlags(rule: Rule): string {
  return ['random', 'random-fully', 'persistent']
    .filter((name) => flag(rule, name))
    .map((name) => ` ${name}`)
    .join('');
}

const NAT_FLAGS = { random: null, 'random-fully': null };

// --set-xmark value/mask; the other ways of setting a mark are forms of it.
function markParts(rule: Rule): [value: number, mask: number] {
  return values.mark('set-xmark', valueOf(rule, 'set-xmark'));
}

function markShown(rule: Rule): string {
  const [value, mask] = markParts(rule);
  if (mask === 0) return ` MARK xor ${values.hex(value)}`;
  if (value === 0) return ` MARK and ${values.hex(~mask)}`;
  if (mask === value) return ` MARK or ${values.hex(value)}`;
  if (mask === 0xffff_ffff) return ` MARK set ${values.hex(value)}`;
  return ` MARK xset ${values.hex(value)}/${values.hex(mask)}`;
}

function markXt(value: number, mask: number): string {
  if (mask === 0xffff_ffff) return `meta mark set ${values.hex(value)}`;
  if (mask === 0) return `meta mark set mark xor ${values.hex(value)}`;
  if (value === mask) return `meta mark set mark or ${values.hex(value)}`;
  if (value === 0) return `meta mark set mark and ${values.hex(~mask)}`;
  return `meta mark set mark and ${values.hex(~mask)} xor ${values.hex(value)}`;
}

function notrack(): readonly NftExpr[] {
  return [{ kind: 'notrack', xt: 'notrack' }];
}

const xmark = (text: string): string => {
  const [value, mask] = values.mark('set-xmark', text);
  return `${values.hex(value)}/${values.hex(mask)}`;
};

export const TARGETS: Readonly<Record<string, Target>> = wordTable({
  REJECT: {
    tables: ['filter'],
    options: { 'reject-with': rejectWith },
    defaults: [{ name: 'reject-with', not: false, value: 'icmp-port-unreachable' }],
    make: (rule) => {
      const name = valueOf(rule, 'reject-with');
      const [code, xt] = REJECTS[name]!;
      const type = name === 'tcp-reset' ? 'tcp reset' : 'icmp';
      if (type === 'tcp reset' && rule.proto !== 6)
        throw absent('iptables: tcp-reset without -p tcp');
      return [{ kind: 'reject', type, code, family: 0, xt }];
    },
    show: (rule) => ` reject-with ${valueOf(rule, 'reject-with')}`,
  },
  LOG: {
    tables: [],
    options: {
      'log-prefix': (text) => text.slice(0, 29),
      'log-level': level,
      'log-tcp-sequence': null,
      'log-tcp-options': null,
      'log-ip-options': null,
      'log-uid': null,
    },
    make: (rule) => [
      {
        ...{ kind: 'log', prefix: valueOf(rule, 'log-prefix') },
        ...{ level: Number(valueOf(rule, 'log-level') || 4), flags: logFlags(rule) },
      },
    ],
    show: (rule) => {
      const prefix = valueOf(rule, 'log-prefix');
      const shown = prefix === '' ? '' : ` prefix "${prefix}"`;
      return ` LOG flags ${logFlags(rule)} level ${valueOf(rule, 'log-level') || 4}${shown}`;
    },
  },
  MARK: {
    tables: ['mangle'],
    options: {
      'set-xmark': xmark,
      // Bits of the value are set, and those of the mask cleared before.
      'set-mark': (text) => {
        const [value, mask] = values.mark('set-mark', text);
        return `${values.hex(value)}/${values.hex(mask | value)}`;
      },
      'and-mark': (text) => `0x0/${values.hex(~values.number('and-mark', text, 0xffff_ffff))}`,
      'or-mark': (text) => {
        const bits = values.hex(values.number('or-mark', text, 0xffff_ffff));
        return `${bits}/${bits}`;
      },
      'xor-mark': (text) => `${values.hex(values.number('xor-mark', text, 0xffff_ffff))}/0x0`,
    },
    make: (rule) => {
      const [value, mask] = markParts(rule);
      const and = ~mask >>> 0;
      return [{ kind: 'mark', target: 'meta', and, xor: value, xt: markXt(value, mask) }];
    },
    show: markShown,
  },
  CT: {
    tables: ['raw'],
    options: { notrack: null },
    make: notrack,
    show: () => ' NOTRACK',
  },
  NOTRACK: {
    tables: ['raw'],
    options: {},
    shownAs: 'CT',
    make: notrack,
    show: () => ' NOTRACK',
  },
  SNAT: {
    tables: ['nat'],
    options: { 'to-source': natAddress, ...NAT_FLAGS, persistent: null },
    make: (rule) => [nat(rule, 'snat', valueOf(rule, 'to-source'))],
    show: (rule) => ` to:${valueOf(rule, 'to-source')}${showFlags(rule)}`,
  },
  DNAT: {
    tables: ['nat'],
    options: { 'to-destination': natAddress, random: null, persistent: null },
    make: (rule) => [nat(rule, 'dnat', valueOf(rule, 'to-destination'))],
    show: (rule) => ` to:${valueOf(rule, 'to-destination')}${showFlags(rule)}`,
  },
  MASQUERADE: {
    tables: ['nat'],
    options: { 'to-ports': natPorts, ...NAT_FLAGS },
    make: (rule) => {
      const range = valueOf(rule, 'to-ports');
      return [nat(rule, 'masquerade', range === '' ? '' : `:${range}`)];
    },
    show: (rule) => {
      const range = valueOf(rule, 'to-ports');
      return `${range === '' ? '' : ` masq ports: ${range}`}${showFlags(rule)}`;
    },
  },
  REDIRECT: {
    tables: ['nat'],
    options: { 'to-ports': natPorts, random: null },
    make: (rule) => {
      const range = valueOf(rule, 'to-ports');
      return [nat(rule, 'redirect', range === '' ? '' : `:${range}`)];
    },
    show: (rule) => {
      const range = valueOf(rule, 'to-ports');
      return `${range === '' ? '' : ` redir ports ${range}`}${showFlags(rule)}`;
    },
  },
});

/// Targets that iptables has and this host has not.
export const ABSENT_TARGETS =
  'AUDIT CHECKSUM CLASSIFY CONNMARK CONNSECMARK DSCP ECN HL HMARK IDLETIMER LED NETMAP NFLOG NFQUEUE RATEEST SECMARK SET SYNPROXY TCPMSS TCPOPTSTRIP TEE TOS TPROXY TRACE TTL ULOG'.split(
    ' ',
  );
