/// The rules of `ethtool -N DEV flow-type`: reading their words, and printing them as `ethtool -n` does.
/// Stands for rxclass.c of ethtool 6.14. Rules for TCP, UDP, SCTP and plain IP over IPv4 and IPv6 are read whole.
/// Left out: the values of rules of other kinds, RSS contexts, VLANs, MAC addresses, virtual functions.
import { address6, addressText6 } from '../../kernel/address.ts';
import { addressNumber, addressText } from '../../kernel/flows.ts';
import { addressWords, isSix } from '../../kernel/rxnfc_rules.ts';
import type { NtupleRule } from '../../kernel/state.ts';

const RULE_TYPES = /^((tcp|udp|sctp|ah|esp|ip)[46]|ether)$/;
const COMMON = ['vlan-etype', 'vlan', 'user-def', 'dst-mac', 'action', 'vf', 'queue', 'loc'];

/// Options of a rule by kind of flow.
function ruleOptions(type: string): readonly string[] {
  if (type === 'ether')
    return ['src', 'dst', 'proto', ...COMMON.filter((name) => name !== 'dst-mac')];
  const six = type.endsWith('6');
  const upper = /^(ah|esp)/.test(type)
    ? ['spi']
    : type.startsWith('ip')
      ? ['l4data', 'spi', 'src-port', 'dst-port', 'l4proto']
      : ['src-port', 'dst-port'];
  return ['src-ip', 'dst-ip', six ? 'tclass' : 'tos', ...upper, ...COMMON];
}

/// A rule as it was typed.
export interface TypedRule {
  readonly rule: NtupleRule;
  readonly placed: boolean; // a location was given; else the tool finds one
  readonly further: string; // a word that stands for something not modelled; '' none
}

/// What is wrong with the words, for the stream that the tool writes it to.
export interface Complaint {
  readonly to: 'out' | 'err';
  readonly text: string;
}

const SYNTAX: Complaint = { to: 'err', text: 'Add rule, invalid syntax' };
const U32 = 0xffff_ffff;

type NumberField = 'tos' | 'proto' | 'sport' | 'dport';

const ADDRESSES: Readonly<Record<string, 'src' | 'dst'>> = { 'src-ip': 'src', 'dst-ip': 'dst' };

/// The options with numbers that are read whole: the field, and the largest value.
const NUMBERS: Readonly<Record<string, readonly [NumberField, number]>> = {
  tos: ['tos', 0xff],
  tclass: ['tos', 0xff],
  l4proto: ['proto', 0xff],
  'src-port': ['sport', 0xffff],
  'dst-port': ['dport', 0xffff],
};

/// The rule in the words after `flow-type`.
export function parseRule(words: readonly string[]): TypedRule | Complaint {
  const [type = '', ...rest] = words;
  if (!RULE_TYPES.test(type)) return SYNTAX;
  const whole = /^(tcp|udp|sctp|ip)[46]$/.test(type);
  const made = { rule: emptyRule(type), placed: false, further: whole ? '' : type };
  const options = ruleOptions(type);
  const seen = new Set<string>();
  for (let i = 0; i < rest.length;) {
    const name = rest[i++]!;
    if (!options.includes(name))
      return { to: 'out', text: `Add rule, unrecognized option[${name}]` };
    const value = rest[i++];
    if (value === undefined) break; // the tool does not mind
    const bad: Complaint = { to: 'err', text: `Invalid ${name} value[${value}]` };
    if (seen.has(name) || !takeValue(made, name, value, whole)) return bad;
    seen.add(name);
    if (rest[i] !== 'm' && rest[i] !== `${name}-mask`) continue;
    const mask = rest[i + 1];
    if (mask === undefined) return SYNTAX;
    if (!takeMask(made.rule, name, mask, whole))
      return { to: 'err', text: `Invalid ${name} mask[${mask}]` };
    i += 2;
  }
  for (const other of ['queue', 'vf'])
    if (seen.has('action') && seen.has(other))
      return { to: 'err', text: `action and ${other} are not compatible` };
  return made;
}

function emptyRule(type: string): NtupleRule {
  const zero = (): number[] => new Array<number>(type.endsWith('6') ? 4 : 1).fill(0);
  return {
    ...{ location: 0, flow_type: type as NtupleRule['flow_type'], queue: 0 },
    ...{ src: zero(), src_mask: zero(), dst: zero(), dst_mask: zero() },
    ...{ tos: 0, tos_mask: 0, proto: 0, proto_mask: 0 },
    ...{ sport: 0, sport_mask: 0, dport: 0, dport_mask: 0 },
  };
}

/// Puts an option's value into the rule; false when it cannot be read.
function takeValue(
  made: { readonly rule: NtupleRule; placed: boolean; further: string },
  name: string,
  text: string,
  whole: boolean,
): boolean {
  const { rule } = made;
  if (name === 'action' || name === 'queue' || name === 'loc') {
    const value = integer(text, name === 'action' ? Number.MAX_SAFE_INTEGER : U32);
    const drop = name === 'action' && text === '-1';
    if (value === null && !drop) return false;
    if (name === 'loc') {
      made.placed = true;
      rule.location = value!;
    } else rule.queue = drop ? -1 : value!;
    return true;
  }
  const end = whole ? ADDRESSES[name] : undefined;
  if (end !== undefined) {
    const words = address(rule, text);
    if (words === null) return false;
    rule[end] = words;
    rule[`${end}_mask`] = words.map(() => U32);
    return true;
  }
  const field = whole ? NUMBERS[name] : undefined;
  if (field === undefined) {
    made.further ||= name;
    return true;
  }
  const value = integer(text, field[1]);
  if (value === null) return false;
  rule[field[0]] = value;
  rule[`${field[0]}_mask`] = field[1];
  return true;
}

/// A mask's set bits are those that do not matter.
function takeMask(rule: NtupleRule, name: string, text: string, whole: boolean): boolean {
  if (name === 'action' || name === 'queue' || name === 'loc' || name === 'vf') return false;
  const end = whole ? ADDRESSES[name] : undefined;
  if (end !== undefined) {
    const words = address(rule, text);
    if (words !== null) rule[`${end}_mask`] = words.map((word) => ~word >>> 0);
    return words !== null;
  }
  const field = NUMBERS[name];
  if (!whole || field === undefined) return true;
  const value = integer(text, field[1]);
  if (value === null) return false;
  rule[`${field[0]}_mask`] = ~value & field[1];
  return true;
}

/// A number as strtoull() with base 0 reads it, at most `most`.
function integer(text: string, most: number): number | null {
  const match = /^\+?(?:0x([0-9a-f]+)|(0[0-7]*)|([1-9]\d*))$/i.exec(text);
  if (!match) return null;
  const [, hex, octal, decimal] = match;
  const value = hex ? parseInt(hex, 16) : octal ? parseInt(octal, 8) : Number(decimal);
  return value <= most ? value : null;
}

/// An address of the rule's family in words.
function address(rule: NtupleRule, text: string): number[] | null {
  if (isSix(rule)) {
    const known = address6(text);
    return known === null ? null : addressWords(known);
  }
  try {
    return [addressNumber(text)];
  } catch {
    return null;
  }
}

const NAMES = { tcp: 'TCP over IPv', udp: 'UDP over IPv', sctp: 'SCTP over IPv', ip: 'Raw IPv' };

function wordsText(words: readonly number[]): string {
  if (words.length === 1) return addressText(words[0]!);
  return addressText6(
    words.flatMap((word) => [24, 16, 8, 0].map((shift) => (word >>> shift) & 255)),
  );
}

/// The lines of a rule, the empty one after it included.
export function ruleLines(rule: NtupleRule): string[] {
  const hex = (value: number): string => `0x${value.toString(16)}`;
  const ignored = (mask: number, most: number): number => (~mask & most) >>> 0;
  const addresses = (['src', 'dst'] as const).map((field) => {
    const mask = wordsText(rule[`${field}_mask`].map((word) => ignored(word, U32)));
    return `\t${field === 'src' ? 'Src' : 'Dest'} IP addr: ${wordsText(rule[field])} mask: ${mask}`;
  });
  const kind = rule.flow_type.slice(0, -1) as keyof typeof NAMES;
  const l4 = (high: number, low: number): number => ((high << 16) | low) >>> 0;
  const upper =
    kind === 'ip'
      ? [
          `\tProtocol: ${rule.proto} mask: ${hex(ignored(rule.proto_mask, 0xff))}`,
          `\tL4 bytes: ${hex(l4(rule.sport, rule.dport))} mask: ${hex(ignored(l4(rule.sport_mask, rule.dport_mask), U32))}`,
        ]
      : [
          `\tSrc port: ${rule.sport} mask: ${hex(ignored(rule.sport_mask, 0xffff))}`,
          `\tDest port: ${rule.dport} mask: ${hex(ignored(rule.dport_mask, 0xffff))}`,
        ];
  return [
    `Filter: ${rule.location}`,
    `\tRule Type: ${NAMES[kind]}${isSix(rule) ? 6 : 4}`,
    ...addresses,
    `\t${isSix(rule) ? 'Traffic Class' : 'TOS'}: ${hex(rule.tos)} mask: ${hex(ignored(rule.tos_mask, 0xff))}`,
    ...upper,
    rule.queue < 0 ? '\tAction: Drop' : `\tAction: Direct to queue ${rule.queue}`,
    '',
  ];
}
