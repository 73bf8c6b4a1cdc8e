/// What tcpdump was asked for on its command line.
/// Taken and without effect here: -K, -N, -O, -b, and -Z, for there is no user to become.

export const MAX_SNAPLEN = 262_144;
const DEFAULT_BUFFER_KIB = 2048;

export const table = {
  short: 'i:nc:etlqSps:B:DdvV:w:r:xXAUKNObQ:#C:E:F:G:hHIj:JLM:T:uW:y:z:Z:',
  long: {
    version: 'version',
    'interface=': 'i',
    list: 'D',
    'list-interfaces': 'D',
    number: '#',
    'snapshot-length=': 's',
    'buffer-size=': 'B',
    'immediate-mode': 'immediate',
    'no-promiscuous-mode': 'p',
    'packet-buffered': 'U',
    'direction=': 'Q',
    print: 'print',
  },
};

export interface Wishes {
  dev: string;
  names: boolean;
  count: number; // Infinity
  link: boolean;
  times: number; // how many -t
  lines: boolean; // -l
  quiet: boolean;
  absolute: boolean;
  promisc: boolean;
  numbered: boolean;
  snaplen: number;
  buffer_kib: number;
  list: boolean;
  compile: boolean;
  verbose: number; // how many -v
  hex: number; // -x 1, -xx 2: with the link's header
  beside: boolean; // -X: with the text beside it
  ascii: number; // -A
  write: string | null; // -w
  read: string | null; // -r
  print: boolean; // --print: also while writing
  unbuffered: boolean; // -U
  direction: 'in' | 'out' | 'inout';
  expression: string;
}

export function wishesFor(expression: string): Wishes {
  return {
    ...{ dev: '', names: true, count: Infinity, link: false, times: 0, lines: false },
    ...{ quiet: false, absolute: false, promisc: true, numbered: false, snaplen: MAX_SNAPLEN },
    ...{ buffer_kib: DEFAULT_BUFFER_KIB, list: false, compile: false, verbose: 0, hex: 0 },
    ...{ beside: false, ascii: 0, write: null, read: null, print: false, unbuffered: false },
    ...{ direction: 'inout', expression },
  };
}

/// Options that are only counted or switched on.
const SWITCHES: Readonly<Record<string, (wishes: Wishes) => void>> = {
  n: (w) => (w.names = false),
  e: (w) => (w.link = true),
  t: (w) => w.times++,
  l: (w) => (w.lines = true),
  q: (w) => (w.quiet = true),
  S: (w) => (w.absolute = true),
  p: (w) => (w.promisc = false),
  '#': (w) => (w.numbered = true),
  D: (w) => (w.list = true),
  d: (w) => (w.compile = true),
  v: (w) => w.verbose++,
  x: (w) => w.hex++,
  X: (w) => {
    w.hex++;
    w.beside = true;
  },
  A: (w) => w.ascii++,
  U: (w) => (w.unbuffered = true),
  print: (w) => (w.print = true),
};

/// Takes an option: null, or what the tool says.
export function take(wishes: Wishes, name: string, value: string): string | null {
  const flip = SWITCHES[name];
  if (flip) flip(wishes);
  else if (name === 'i') wishes.dev = value;
  else if (name === 'w') wishes.write = value;
  else if (name === 'r') wishes.read = value;
  else if (name === 'c') {
    if (!/^\d+$/.test(value) || Number(value) < 1) return `tcpdump: invalid packet count ${value}`;
    wishes.count = Number(value);
  } else if (name === 's') {
    if (!/^\d+$/.test(value) || Number(value) > MAX_SNAPLEN)
      return `tcpdump: invalid snaplen ${value} (must be >= 0 and <= ${MAX_SNAPLEN})`;
    wishes.snaplen = Number(value) || MAX_SNAPLEN;
  } else if (name === 'B') {
    if (!/^\d+$/.test(value) || Number(value) < 1)
      return `tcpdump: invalid packet buffer size ${value}`;
    wishes.buffer_kib = Number(value);
  } else if (name === 'Q') {
    if (value !== 'in' && value !== 'out' && value !== 'inout')
      return `tcpdump: unknown capture direction \`${value}'`;
    wishes.direction = value;
  } else if (!'KNObZ'.includes(name)) return `softnet: not modelled here: tcpdump -${name}`;
  return null;
}
