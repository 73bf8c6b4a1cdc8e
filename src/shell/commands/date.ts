/// date: the host's clock in virtual time.
/// Left out: setting the clock, -d with words (`-d @SECONDS` is there), -f, -r and time zones.
import { formatMoment, momentOf, wallClock } from '../clock.ts';
import type { Command, Io, Running } from '../command.ts';
import {
  answerCommon,
  common,
  fail,
  notModelled,
  parseOptions,
  refuseUsage,
  spelled,
} from '../options.ts';

const table = {
  short: 'ud:RI::s:f:r:',
  long: {
    utc: 'u',
    universal: 'u',
    'date=': 'd',
    'rfc-email': 'R',
    'iso-8601[=]': 'I',
    'rfc-3339=': 'rfc-3339',
    'set=': 's',
    ...common,
  },
};

const ISO: Record<string, string> = {
  date: '%Y-%m-%d',
  hours: '%Y-%m-%dT%H%:z',
  minutes: '%Y-%m-%dT%H:%M%:z',
  seconds: '%Y-%m-%dT%H:%M:%S%:z',
  ns: '%Y-%m-%dT%H:%M:%S,%N%:z',
};

function* run(io: Io): Running {
  const parsed = parseOptions(io.argv.slice(1), table);
  if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
  if (yield* answerCommon(io, date, 'GNU coreutils 9.7', parsed.options)) return 0;
  let format = '%a %b %e %H:%M:%S %Z %Y';
  let wall = wallClock(io.k);
  for (const option of parsed.options) {
    if (option.name === 'R') format = '%a, %d %b %Y %H:%M:%S %z';
    else if (option.name === 'I') format = ISO[option.value || 'date'] ?? ISO['date'] ?? '';
    else if (option.name === 'd') {
      const seconds = /^@(-?\d+)$/.exec(option.value);
      if (option.value === 'now') continue;
      if (!seconds) return yield* notModelled(io, `-d '${option.value}'`);
      wall = BigInt(seconds[1] ?? 0) * 1_000_000_000n;
    } else if (option.name !== 'u') return yield* notModelled(io, spelled(option));
  }
  const [operand, extra] = parsed.operands;
  if (extra !== undefined) return yield* refuseUsage(io, `extra operand '${extra}'`);
  if (operand !== undefined && !operand.startsWith('+')) {
    if (!/^\d+(\.\d+)?$/.test(operand)) return yield* fail(io, `invalid date '${operand}'`);
    return yield* notModelled(io, 'setting the clock');
  }
  yield* io.out.line(formatMoment(momentOf(wall), operand?.slice(1) ?? format));
  return 0;
}

export const date: Command = {
  name: 'date',
  summary: 'print the host’s clock, which runs in virtual time',
  usage: 'date [-u] [-R] [-I[FMT]] [-d @SECONDS] [+FORMAT]',
  run,
};
