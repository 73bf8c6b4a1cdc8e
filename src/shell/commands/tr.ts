/// tr: translates, squeezes or deletes characters, byte by byte as GNU tr does.
/// Left out: equivalence classes of more than the character itself.
import type { Command, Io, Running } from '../command.ts';
import { fromBytes, toBytes } from '../bytes.ts';
import { forEachLine } from '../inputs.ts';
import { answerCommon, common, fail, parseOptions, refuseUsage } from '../options.ts';
import { quoted } from '../names.ts';
import { expandSet, SetError } from '../tr_set.ts';
import type { TrSet } from '../tr_set.ts';

const table = {
  short: 'cCdst',
  long: { complement: 'c', delete: 'd', 'squeeze-repeats': 's', 'truncate-set1': 't', ...common },
  posix: true,
};

interface Job {
  readonly drop: Uint8Array | null; // 256 flags
  readonly map: Uint8Array | null;
  readonly squeeze: Uint8Array | null;
}

export const tr: Command = {
  name: 'tr',
  summary: 'Translates, squeezes or deletes characters of standard input.',
  usage: 'tr [-cdst] SET1 [SET2]',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), table);
    if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
    if (yield* answerCommon(io, tr, 'GNU coreutils 9.7', parsed.options)) return 0;
    const asked = new Set(parsed.options.map(({ name }) => (name === 'C' ? 'c' : name)));
    const wrong = operandFault(parsed.operands, asked);
    if (wrong) return yield* refuseUsage(io, wrong);
    try {
      return yield* translate(io, makeJob(parsed.operands, asked));
    } catch (error) {
      if (error instanceof SetError) return yield* fail(io, error.message);
      throw error;
    }
  },
};

function operandFault(operands: readonly string[], asked: ReadonlySet<string>): string | null {
  const least = asked.has('d') === asked.has('s') ? 2 : 1;
  const most = asked.has('d') && !asked.has('s') ? 1 : 2;
  const last = operands.at(-1);
  if (last === undefined) return 'missing operand';
  if (operands.length < least) {
    const why = asked.has('d')
      ? 'Two strings must be given when both deleting and squeezing repeats.'
      : 'Two strings must be given when translating.';
    return `missing operand after ${quoted(last)}\n${why}`;
  }
  if (operands.length <= most) return null;
  const extra = `extra operand ${quoted(operands[most] ?? '')}`;
  if (operands.length !== 2) return extra;
  return `${extra}\nOnly one string may be given when deleting without squeezing repeats.`;
}

function makeJob(operands: readonly string[], asked: ReadonlySet<string>): Job {
  const first = expandSet(operands[0] ?? '', false);
  const flags = asked.has('c') ? complementFlags(first.bytes) : setFlags(first.bytes);
  const second =
    operands[1] === undefined ? null : expandSet(operands[1], true, lengthOf(first, flags, asked));
  if (asked.has('d'))
    return {
      drop: flags,
      map: null,
      squeeze: second && asked.has('s') ? setFlags(second.bytes) : null,
    };
  if (!second) return { drop: null, map: null, squeeze: flags };
  const map = makeMap(first, flags, second, asked);
  return { drop: null, map, squeeze: asked.has('s') ? setFlags(second.bytes) : null };
}

function lengthOf(first: TrSet, flags: Uint8Array, asked: ReadonlySet<string>): number {
  return asked.has('c') ? flags.filter((flag) => flag === 1).length : first.bytes.length;
}

function setFlags(bytes: readonly number[]): Uint8Array {
  const flags = new Uint8Array(256);
  for (const byte of bytes) flags[byte] = 1;
  return flags;
}

function complementFlags(bytes: readonly number[]): Uint8Array {
  return setFlags(bytes).map((flag) => 1 - flag);
}

function makeMap(
  first: TrSet,
  flags: Uint8Array,
  second: TrSet,
  asked: ReadonlySet<string>,
): Uint8Array {
  const from = asked.has('c') ? [...flags.keys()].filter((byte) => flags[byte] === 1) : first.bytes;
  const to = second.bytes;
  if (to.length === 0 && !asked.has('t') && from.length > 0)
    throw new SetError('when not truncating set1, string2 must be non-empty');
  checkClasses(first, second, asked);
  const map = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  from.forEach((byte, i) => {
    if (i < to.length) map[byte] = to[i] as number;
    else if (!asked.has('t')) map[byte] = to.at(-1) as number;
  });
  return map;
}

/// [:lower:] may stand for [:upper:] at the same place, and for nothing else.
function checkClasses(first: TrSet, second: TrSet, asked: ReadonlySet<string>): void {
  for (const { at, name } of second.classes) {
    if (name !== 'upper' && name !== 'lower')
      throw new SetError(
        "when translating, the only character classes that may appear in\nstring2 are 'upper' and 'lower'",
      );
    const partner = first.classes.find((other) => other.at === at);
    if (asked.has('c') || !partner || (partner.name !== 'upper' && partner.name !== 'lower'))
      throw new SetError('misaligned [:upper:] and/or [:lower:] construct');
  }
}

function* translate(io: Io, job: Job): Running {
  let previous = -1; // last byte written, for squeezing
  yield* forEachLine(io.in, function* (line) {
    const bytes = toBytes(line.nl ? line.text + '\n' : line.text);
    const result = new Uint8Array(bytes.length);
    let length = 0;
    for (const byte of bytes) {
      if (job.drop?.[byte]) continue;
      const next = job.map ? (job.map[byte] as number) : byte;
      if (job.squeeze?.[next] && next === previous) continue;
      previous = next;
      result[length++] = next;
    }
    yield* io.out.write(fromBytes(result.subarray(0, length)));
  });
  return 0;
}
