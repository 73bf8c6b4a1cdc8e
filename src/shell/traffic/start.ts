/// traffic start: the words after it, as a sender's specification.
import type { Kernel, NetDevice, Source } from '../../kernel/state.ts';
import type { SourceSpec } from '../../kernel/traffic.ts';
import { parseAmount, parseShare, parseTime } from './amounts.ts';

const PATTERNS: readonly Source['pattern'][] = ['constant', 'poisson', 'burst', 'onoff', 'pareto'];
const SHORTEST = 64; // bytes: the shortest frame of Ethernet, with its FCS
const HEADER_AND_FCS = 18;
const PREAMBLE_AND_GAP = 20;
const FASTEST = 200e6; // frames a second: above 100 Gb/s of the shortest frames
const MOST_FLOWS = 10_000;
const DEFAULT_RATE = 100_000;

type Setting = (words: Words, text: string) => string | null;

/// What was asked for, as it is read.
interface Words {
  dev: string;
  rate: number | 'line' | null;
  size: number;
  flows: number;
  port: number;
  pattern: Source['pattern'];
  burst: number;
  every: number | null;
  count: number | null;
  for: number | null;
  badFcs: number;
  foreign: number;
}

/// Reads an option's text into a field, or says what the option needs.
function whole(
  key: 'size' | 'flows' | 'port' | 'burst' | 'count',
  least: number,
  most: number,
): Setting {
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

function share(key: 'badFcs' | 'foreign'): Setting {
  return (words, text) => {
    const part = parseShare(text);
    if (part === null) return 'needs a share such as 5%';
    words[key] = part;
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
  '--size': whole('size', SHORTEST, 65_553),
  '--flows': whole('flows', 1, MOST_FLOWS),
  '--port': whole('port', 1, 65_535),
  '--pattern': (words, text) => {
    const pattern = PATTERNS.find((name) => name === text);
    if (!pattern) return `needs one of ${PATTERNS.join(', ')}`;
    words.pattern = pattern;
    return null;
  },
  '--burst': whole('burst', 1, 1_000_000_000),
  '--every': time('every'),
  '--count': whole('count', 1, 1_000_000_000_000),
  '--for': time('for'),
  '--bad-fcs': share('badFcs'),
  '--foreign': share('foreign'),
};

/// A sender's specification; or a sentence about what is wrong.
export function parseStart(k: Kernel, words: readonly string[]): SourceSpec | string {
  const asked: Words = {
    ...{ dev: '', rate: null, size: SHORTEST, flows: 8, port: 9000, pattern: 'constant' },
    ...{ burst: 1024, every: null, count: null, for: null, badFcs: 0, foreign: 0 },
  };
  const seen = new Set<string>();
  for (let i = 0; i < words.length; i += 2) {
    const name = words[i]!;
    const setting = Object.hasOwn(SETTINGS, name) ? SETTINGS[name] : undefined;
    if (!setting) return `unknown option '${name}'`;
    const text = words[i + 1];
    if (text === undefined) return `${name} needs a value`;
    const trouble = setting(asked, text);
    if (trouble) return `${name} ${trouble}, not '${text}'`;
    seen.add(name);
  }
  if (asked.pattern === 'constant' && seen.has('--burst')) asked.pattern = 'burst';
  return specOf(k, asked, words);
}

function specOf(k: Kernel, asked: Words, words: readonly string[]): SourceSpec | string {
  const index = asked.dev
    ? k.devs.findIndex((dev) => dev.name === asked.dev)
    : k.devs.findIndex((dev) => dev.path >= 0);
  const dev = k.devs[index];
  if (!dev) return `no device '${asked.dev}'`;
  if (dev.path < 0) return `${dev.name} has no wire`;
  const largest = dev.mtu + HEADER_AND_FCS;
  if (asked.size > largest)
    return `--size ${asked.size} is more than ${dev.name} takes: ${largest}`;
  const pps = rateOf(dev, asked);
  if (typeof pps === 'string') return pps;
  const spread =
    asked.pattern === 'burst' || asked.pattern === 'onoff' || asked.pattern === 'pareto';
  return {
    dev: index,
    pattern: asked.pattern,
    pps,
    len: asked.size,
    burst: asked.burst,
    period_ns: spread ? (asked.every ?? 10_000_000) : 0,
    flows: asked.flows,
    dport: asked.port,
    ...(asked.count !== null && { limit: asked.count }),
    ...(asked.for !== null && { stop_at: k.now + asked.for }),
    bad_fcs: asked.badFcs,
    foreign: asked.foreign,
    label: ['udp', ...words].join(' '),
  };
}

/// Frames a second; a burst without a rate comes as fast as the link.
function rateOf(dev: NetDevice, asked: Words): number | string {
  if (asked.rate === 'line') {
    if (dev.speed_mbps <= 0) return `${dev.name} has no line rate: give one such as --rate 1M`;
    return Math.floor((dev.speed_mbps * 1e6) / 8 / (asked.size + PREAMBLE_AND_GAP));
  }
  return asked.rate ?? (asked.pattern === 'burst' ? 0 : DEFAULT_RATE);
}
