/// The targets that iptables has here: their options, what they become in the kernel, and how -L shows
/// them. Stands for the extensions libxt_*.c, libipt_*.c and libip6t_*.c, and their translation for nft.
/// Left out: every other target, and options that are not listed.
import { readWords } from '../../kernel/netfilter/packet.ts';
import type { NftExpr } from '../../kernel/netfilter/types.ts';
import { SERVICES } from '../nft/services.ts';
import { absent, badParameter } from './fault.ts';
import { optionOf, valueOf, type Option, type Rule } from './rule.ts';
import * as values from './values.ts';
import { wordTable } from '../word_table.ts';

/// Reads a value; `proto` is that of -p.
export type ReadOption = (text: string, six: boolean, proto: number) => string;

export interface Target {
  readonly options: Readonly<Record<string, ReadOption | null>>; // null: no value
  readonly make: (rule: Rule, six: boolean) => readonly NftExpr[];
  readonly show: (rule: Rule, numeric: boolean) => string;
  /// The name that -L shows, and the options that -S writes, where they differ.
  readonly shownAs?: string;
  readonly defaults?: (six: boolean) => readonly Option[];
}

const flag = (rule: Rule, name: string): boolean => optionOf(rule, name) !== undefined;

// By name: the other name, the code, and how nft shows it. extensions/libipt_REJECT.c, libip6t_REJECT.c
type Reject = readonly [alias: string, code: number, nft: string];
const REJECTS: Readonly<Record<string, Reject>> = wordTable({
  'icmp-net-unreachable': ['net-unreach', 0, 'reject with icmp type net-unreachable'],
  'icmp-host-unreachable': ['host-unreach', 1, 'reject with icmp type host-unreachable'],
  'icmp-proto-unreachable': ['proto-unreach', 2, 'reject with icmp type prot-unreachable'],
  'icmp-port-unreachable': ['port-unreach', 3, 'reject'],
  'icmp-net-prohibited': ['net-prohib', 9, 'reject with icmp type net-prohibited'],
  'icmp-host-prohibited': ['host-prohib', 10, 'reject with icmp type host-prohibited'],
  'tcp-reset': ['tcp-rst', 0, 'reject with tcp reset'],
  'icmp-admin-prohibited': ['admin-prohib', 13, 'reject with icmp type admin-prohibited'],
});
const REJECTS6: Readonly<Record<string, Reject>> = wordTable({
  'icmp6-no-route': ['no-route', 0, 'reject with icmpv6 type no-route'],
  'icmp6-adm-prohibited': ['adm-prohibited', 1, 'reject with icmpv6 type admin-prohibited'],
  'icmp6-addr-unreachable': ['addr-unreach', 3, 'reject with icmpv6 type addr-unreachable'],
  'icmp6-port-unreachable': ['port-unreach', 4, 'reject'],
  'tcp-reset': ['tcp-reset', 0, 'reject with tcp reset'],
  'icmp6-policy-fail': ['policy-fail', 5, 'reject with icmpv6 type policy-fail'],
  'icmp6-reject-route': ['reject-route', 6, 'reject with icmpv6 type reject-route'],
});

// The first that begins with the word.
function rejectWith(text: string, six: boolean): string {
  const low = text.toLowerCase();
  const found = Object.entries(six ? REJECTS6 : REJECTS).find(
    ([name, [alias]]) => name.startsWith(low) || alias.startsWith(low),
  );
  if (!found) throw badParameter(`unknown reject type "${text}"`);
  return found[0];
}

const LEVELS = ['emerg', 'alert', 'crit', 'error', 'warning', 'notice', 'info', 'debug'];

function level(text: string): string {
  if (/^[0-7]$/.test(text)) return text;
  const at = text === 'panic' ? 0 : LEVELS.indexOf(text);
  if (at < 0) throw badParameter(`log level "${text}" unknown\n`);
  return String(at);
}

const LOG_FLAGS = [
  ['log-tcp-sequence', 1, 'tcp-sequence'],
  ['log-tcp-options', 2, 'tcp-options'],
  ['log-ip-options', 4, 'ip-options'],
  ['log-uid', 8, 'uid'],
  ['log-macdecode', 32, 'macdecode'],
] as const;

function logFlags(rule: Rule): number {
  return LOG_FLAGS.reduce((sum, [name, bit]) => sum | (flag(rule, name) ? bit : 0), 0);
}

// An address or range, with ports behind a colon; an IPv6 one that has ports stands in brackets.
// extensions/libxt_NAT.c:parse_to()
function natAddress(text: string, six: boolean, proto: number): string {
  const { addresses, ports } = natParts(text, six);
  const shown = addresses.map((one) => {
    const words = six ? readWords(one) : /^\d{1,3}(\.\d{1,3}){3}$/.test(one) ? [one] : null;
    if (!words || (!six && one.split('.').some((part) => Number(part) > 255)))
      throw badParameter(`Bad IP address "${one}"`);
    return six ? values.address6Text(words.map(Number)) : one;
  });
  const range = [...new Set(shown)].join('-');
  if (ports === '') return range;
  return `${six && range !== '' ? `[${range}]` : range}:${natPorts(ports, six, proto)}`;
}

function natParts(text: string, six: boolean): { addresses: string[]; ports: string } {
  const inside = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (text.includes('[') && (!inside || !six)) throw badParameter('Invalid address format');
  const colons = text.split(':').length - 1;
  const [addresses = '', ports = ''] = inside
    ? [inside[1], inside[2]]
    : colons === 1
      ? text.split(':')
      : [text];
  return { addresses: addresses === '' ? [] : addresses.split('-'), ports };
}

// net/netfilter: tcp, udp, icmp, dccp, sctp
const WITH_PORTS = [6, 17, 1, 33, 132];

function natPorts(text: string, _six: boolean, proto: number): string {
  if (!WITH_PORTS.includes(proto))
    throw badParameter('Need TCP, UDP, SCTP or DCCP with port specification');
  if (text.includes('/')) throw absent('iptables: a base port behind a range of ports');
  const [first = '', last, more] = text.split('-');
  const low = /^\d+$/.test(first) ? Number(first) : (SERVICES[first] ?? -1);
  if (low < 0 || low > 65535) throw badParameter(`Port \`${first}' not valid`);
  if (last === undefined) return String(low);
  if (more !== undefined || !/^\d+$/.test(last) || Number(last) > 65535)
    throw badParameter(`Port \`${last}' not valid`);
  if (Number(last) < low) throw badParameter(`Port range \`${last}' funky`);
  return Number(last) === low ? String(low) : `${low}-${Number(last)}`;
}

type NatType = 'snat' | 'dnat' | 'masquerade' | 'redirect';

function nat(rule: Rule, type: NatType, to: string): NftExpr {
  const { addresses, ports } = natParts(to, to.includes('['));
  const flags = ['random', 'random-fully', 'persistent']
    .filter((name) => flag(rule, name))
    .map((name) => (name === 'random-fully' ? 'fully-random' : name));
  const where = to === '' ? '' : ` to ${to}`;
  const also = flags.length > 0 ? ` ${flags.join(',')}` : '';
  return {
    ...{ kind: 'nat', type, family: '', flags },
    addr: addresses.map((one) => [...values.addressWords(one)]),
    port: ports === '' ? [] : ports.split('-').map(Number),
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
  if (value === 0) return ` MARK and ${values.hex(~mask)}`;
  if (mask === value) return ` MARK or ${values.hex(value)}`;
  if (mask === 0) return ` MARK xor ${values.hex(value)}`;
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
    options: { 'reject-with': rejectWith },
    defaults: (six) => [
      {
        ...{ name: 'reject-with', not: false },
        value: six ? 'icmp6-port-unreachable' : 'icmp-port-unreachable',
      },
    ],
    make: (rule, six) => {
      const name = valueOf(rule, 'reject-with');
      const [, code, xt] = (six ? REJECTS6 : REJECTS)[name]!;
      const type = name === 'tcp-reset' ? 'tcp reset' : six ? 'icmpv6' : 'icmp';
      return [{ kind: 'reject', type, code, family: 0, xt }];
    },
    show: (rule) => ` reject-with ${valueOf(rule, 'reject-with')}`,
  },
  LOG: {
    options: {
      'log-prefix': (text) => text.slice(0, 29),
      'log-level': level,
      'log-tcp-sequence': null,
      'log-tcp-options': null,
      'log-ip-options': null,
      'log-uid': null,
      'log-macdecode': null,
    },
    make: (rule) => [
      {
        ...{ kind: 'log', prefix: valueOf(rule, 'log-prefix') },
        ...{ level: Number(valueOf(rule, 'log-level') || 4), flags: logFlags(rule) },
      },
    ],
    show: (rule, numeric) => {
      const prefix = valueOf(rule, 'log-prefix');
      const shown = prefix === '' ? '' : ` prefix "${prefix}"`;
      const number = Number(valueOf(rule, 'log-level') || 4);
      if (numeric) return ` LOG flags ${logFlags(rule)} level ${number}${shown}`;
      const set = LOG_FLAGS.filter(([name]) => flag(rule, name)).map(([, , word]) => ` ${word}`);
      return ` LOG level ${LEVELS[number]!}${set.join('')}${shown}`;
    },
  },
  MARK: {
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
    options: { notrack: null },
    make: notrack,
    show: () => ' CT notrack',
  },
  NOTRACK: {
    options: {},
    shownAs: 'CT',
    make: notrack,
    show: () => ' NOTRACK',
  },
  SNAT: {
    options: { 'to-source': natAddress, ...NAT_FLAGS, persistent: null },
    make: (rule) => [nat(rule, 'snat', valueOf(rule, 'to-source'))],
    show: (rule) => ` to:${valueOf(rule, 'to-source')}${showFlags(rule)}`,
  },
  DNAT: {
    options: { 'to-destination': natAddress, random: null, persistent: null },
    make: (rule) => [nat(rule, 'dnat', valueOf(rule, 'to-destination'))],
    show: (rule) => ` to:${valueOf(rule, 'to-destination')}${showFlags(rule)}`,
  },
  MASQUERADE: {
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
