/// nstat of iproute2 6.15: protocol counters, or what they grew by since it was last called. The last
/// values are in /tmp/.nstat.uUID, as with the real tool.
/// Left out: the daemon (-d, -t) and the averages that it keeps, so the last column is 0.0.
import type { Command, Io, Running } from '../command.ts';
import { files } from '../files.ts';
import { print, value } from '../marked.ts';
import { notModelled, parseOptions, spelled } from '../options.ts';
import { matcher } from '../pattern.ts';
import { protocolCounters } from '../proc/snmp.ts';

const table = {
  short: 'hVzrnasd:t:jp',
  long: {
    help: 'h',
    version: 'V',
    zeros: 'z',
    reset: 'r',
    nooutput: 'n',
    ignore: 'a',
    noupdate: 's',
    'scan=': 'd',
    'interval=': 't',
    json: 'j',
    pretty: 'p',
  },
};

const usage = `Usage: nstat [OPTION] [ PATTERN [ PATTERN ] ]
   -h, --help           this message
   -a, --ignore         ignore history
   -d, --scan=SECS      sample every statistics every SECS
   -j, --json           format output in JSON
   -n, --nooutput       do history only
   -p, --pretty         pretty print
   -r, --reset          reset history
   -s, --noupdate       don't update history
   -t, --interval=SECS  report average over the last SECS
   -V, --version        output version information
   -z, --zeros          show entries with zero activity
`;

function history(io: Io, path: string): Map<string, number> {
  const read = files.read(io, path);
  const old = new Map<string, number>();
  for (const { text } of typeof read === 'string' ? [] : read.lines) {
    const [name = '', number = ''] = text.split(/\s+/);
    if (!name.startsWith('#')) old.set(name, Number(number));
  }
  return old;
}

function line(name: string, count: number): string {
  return `${name.padEnd(32)}${String(count).padEnd(16)}${'0.0'.padStart(6)}`;
}

function* show(io: Io, names: readonly string[], flags: ReadonlySet<string>): Running {
  const path = `/tmp/.nstat.u${io.uid}`;
  const old = flags.has('a') || flags.has('r') ? new Map<string, number>() : history(io, path);
  const patterns = names.map((name) => matcher(name, false));
  const now = protocolCounters(io.k);
  if (!flags.has('n')) {
    yield* io.out.line('#kernel');
    for (const { name, value: count } of now) {
      const grown = count - (old.get(name) ?? 0);
      if (grown === 0 && !flags.has('z')) continue;
      if (patterns.length > 0 && !patterns.some((fits) => fits(name))) continue;
      const digits = String(grown);
      const rest = `${' '.repeat(Math.max(0, 16 - digits.length))}${'0.0'.padStart(6)}`;
      yield* print(io.out, name.padEnd(32), value(digits, `counter:${name}`), rest);
    }
  }
  if (!flags.has('s')) {
    const kept = now.map(({ name, value: count }) => line(name, count));
    files.write(io, path, `#kernel\n${kept.join('\n')}\n`, { append: false });
  }
  return 0;
}

export const nstat: Command = {
  name: 'nstat',
  summary: 'show protocol counters, or what they grew by',
  usage: 'nstat [-ahjnprsVz] [PATTERN]...',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), table);
    if ('fault' in parsed) {
      yield* io.err.write(`nstat: ${parsed.fault}\n${usage}`);
      return 255;
    }
    const flags = new Set(parsed.options.map(({ name }) => name));
    const left = parsed.options.find(({ name }) => 'dtjp'.includes(name));
    if (left) return yield* notModelled(io, spelled(left));
    if (flags.has('h')) {
      yield* io.err.write(usage);
      return 0;
    }
    if (flags.has('V')) {
      yield* io.out.line('nstat utility, iproute2-6.15.0');
      return 0;
    }
    return yield* show(io, parsed.operands, flags);
  },
  complete: (k) => protocolCounters(k).map(({ name }) => name),
};
