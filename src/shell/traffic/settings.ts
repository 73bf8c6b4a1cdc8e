/// The options of `traffic start`: each reads its text into what was asked for, or says what it needs.
import { HEADERS, type BadHeader, type Protocol } from '../../kernel/frame_shape.ts';
import type { Source } from '../../kernel/state.ts';
import { parseAmount, parseShare, parseTime } from './amounts.ts';

export const PATTERNS: readonly Source['pattern'][] = [
  'constant',
  'poisson',
  'burst',
  'onoff',
  'pareto',
];
export const BAD_HEADERS = Object.keys(HEADERS) as readonly BadHeader[];
export const SHORTEST = 64; // bytes: the shortest frame of Ethernet, with its FCS
const LONGEST = 65_553; // a whole IPv4 packet with Ethernet's header and FCS
const FASTEST = 200e6; // frames a second: above 100 Gb/s of the shortest frames
const MOST_FLOWS = 10_000;

/// What can be started: ready-made frames, or a host that speaks TCP.
export type Kind = Exclude<Protocol, 'tcp' | 'tcp-syn'> | 'tcp' | 'clients' | 'syn';
export const KINDS: readonly Kind[] = ['udp', 'icmp', 'arp', 'tcp', 'clients', 'syn'];

/// What was asked for, as it is read.
export interface Words {
  dev: string;
  rate: number | 'line' | null;
  size: number;
  flows: number;
  port: number | null;
  ports: number;
  sport: number;
  sources: number | null;
  to: string;
  ip: 4 | 6;
  ttl: number;
  tos: number;
  vlan: number; // 0: no tag
  hopopts: readonly number[] | null; // IPv6: types of hop-by-hop options
  dstopts: readonly number[] | null;
  mtu: number | null;
  train: number | null;
  connections: number;
  bytes: number | null;
  mss: number | null;
  pattern: Source['pattern'];
  burst: number;
  every: number | null;
  count: number | null;
  for: number | null;
  badFcs: number;
  badIp: number;
  badHeader: BadHeader;
  badCsum: number;
  foreign: number;
}

export const DEFAULTS: Readonly<Words> = {
  dev: '',
  rate: null,
  size: SHORTEST,
  flows: 8,
  port: null,
  ports: 1,
  sport: 10_000,
  sources: null,
  to: '',
  ip: 4,
  ttl: 64,
  tos: 0,
  vlan: 0,
  hopopts: null,
  dstopts: null,
  mtu: null,
  train: null,
  connections: 1,
  bytes: null,
  mss: null,
  pattern: 'constant',
  burst: 1024,
  every: null,
  count: null,
  for: null,
  badFcs: 0,
  badIp: 0,
  badHeader: 'checksum',
  badCsum: 0,
  foreign: 0,
};

/// Reads an option's text into a field, or says what the option needs.
export type Setting = (words: Words, text: string) => string | null;

type Numbers = {
  [K in keyof Words]: number extends Words[K] ? K : never; // may hold any number
}[keyof Words];

function whole(key: Numbers, least: number, most: number): Setting {
  return (words, text) => {
    const number = parseAmount(text);
    if (number === null || number < least || number > most)
      return `needs a number from ${least} to ${most}`;
    words[key] = number;
    return null;
  };
}

function time(key: 'every' | 'for'): Setting {
  return (words, text) => {
    const ns = parseTime(text);
    if (!ns) return 'needs a time such as 10ms (ns, us, ms, s)';
    words[key] = ns;
    return null;
  };
}

function share(key: 'badFcs' | 'foreign' | 'badIp' | 'badCsum'): Setting {
  return (words, text) => {
    const part = parseShare(text);
    if (part === null) return 'needs a share such as 5%';
    words[key] = part;
    return null;
  };
}

function oneOf<T extends string>(
  choices: readonly T[],
  store: (words: Words, choice: T) => void,
): Setting {
  return (words, text) => {
    const choice = choices.find((name) => name === text);
    if (choice === undefined) return `needs one of ${choices.join(', ')}`;
    store(words, choice);
    return null;
  };
}

// Types that the kernel understands otherwise than as unknown ones, beside router alert (5).
const SPECIAL = [0, 1, 7, 49, 194, 201];

/// Types of options of IPv6, with commas: 5,30,0x9e; `pad` for a header of padding alone.
function optionTypes(key: 'hopopts' | 'dstopts'): Setting {
  return (words, text) => {
    const types =
      text === 'pad' ? [] : text.split(',').map((one) => (one === '' ? NaN : Number(one)));
    if (
      types.length > 50 ||
      types.some((type) => !Number.isInteger(type) || type < 0 || type > 255)
    )
      return 'needs types of options from 2 to 255 such as 5,30,158, or pad';
    const special = types.find((type) => SPECIAL.includes(type));
    if (special !== undefined) return `takes no type ${special}: that option is not modelled here`;
    words[key] = types;
    return null;
  };
}

export const SETTINGS: Readonly<Record<string, Setting>> = {
  '--dev': (words, text) => {
    words.dev = text;
    return null;
  },
  '--rate': (words, text) => {
    const rate = text === 'line' ? text : parseAmount(text);
    if (rate === null || rate === 0 || (rate !== 'line' && rate > FASTEST))
      return `needs frames a second such as 200k or 1.5M, at most ${FASTEST / 1e6}M, or 'line'`;
    words.rate = rate;
    return null;
  },
  '--size': whole('size', SHORTEST, LONGEST),
  '--flows': whole('flows', 1, MOST_FLOWS),
  '--port': whole('port', 1, 65_535),
  '--ports': whole('ports', 1, MOST_FLOWS),
  '--sport': whole('sport', 1, 65_535),
  '--sources': whole('sources', 1, MOST_FLOWS),
  '--to': (words, text) => {
    words.to = text;
    return null;
  },
  '--ip': oneOf(['4', '6'], (words, ip) => (words.ip = ip === '6' ? 6 : 4)),
  '--ttl': whole('ttl', 0, 255),
  '--tos': whole('tos', 0, 255),
  '--vlan': whole('vlan', 1, 4094),
  '--hop-by-hop': optionTypes('hopopts'),
  '--dest-options': optionTypes('dstopts'),
  '--mtu': whole('mtu', 68, 65_535),
  '--train': whole('train', 1, 1_000_000),
  '--connections': whole('connections', 1, MOST_FLOWS),
  '--bytes': whole('bytes', 1, 1_000_000_000_000),
  '--mss': whole('mss', 88, 65_483),
  '--pattern': oneOf(PATTERNS, (words, pattern) => (words.pattern = pattern)),
  '--burst': whole('burst', 1, 1_000_000_000),
  '--every': time('every'),
  '--count': whole('count', 1, 1_000_000_000_000),
  '--for': time('for'),
  '--bad-fcs': share('badFcs'),
  '--bad-ip': share('badIp'),
  '--bad-header': oneOf(BAD_HEADERS, (words, kind) => (words.badHeader = kind)),
  '--bad-csum': share('badCsum'),
  '--foreign': share('foreign'),
};

const OF_ANY_TCP = ['--dev', '--rate', '--port', '--ip', '--to'];
const OF_TCP: Readonly<Record<string, readonly string[]>> = {
  tcp: [...OF_ANY_TCP, '--connections', '--bytes', '--mss', '--train'],
  clients: [...OF_ANY_TCP, '--count', '--bytes'],
  syn: [...OF_ANY_TCP, '--sources', '--count'],
};
const ONLY_TCP = ['--connections', '--bytes', '--mss'];

/// The options that a kind of traffic has.
export function optionsOf(kind: Kind): readonly string[] {
  return OF_TCP[kind] ?? Object.keys(SETTINGS).filter((name) => !ONLY_TCP.includes(name));
}

/// What the words ask for, or what is wrong with them; `seen` tells which options were given.
export function readWords(
  kind: Kind,
  words: readonly string[],
): { asked: Words; seen: ReadonlySet<string> } | string {
  const asked: Words = { ...DEFAULTS };
  const seen = new Set<string>();
  const options = optionsOf(kind);
  for (let i = 0; i < words.length; i += 2) {
    const name = words[i]!;
    const setting = options.includes(name) ? SETTINGS[name] : undefined;
    if (!setting) return `unknown option '${name}'`;
    const text = words[i + 1];
    if (text === undefined) return `${name} needs a value`;
    const trouble = setting(asked, text);
    if (trouble) return `${name} ${trouble}, not '${text}'`;
    seen.add(name);
  }
  return { asked, seen };
}
