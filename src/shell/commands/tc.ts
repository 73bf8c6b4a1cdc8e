/// tc, of iproute2 6.15: shows the queueing disciplines, and changes the one at a device's root.
/// Left out: classes. Filters and actions are in ../tc/filter.ts.
import type { Kernel, NetDevice } from '../../kernel/state.ts';
import type { Command, Io, Running } from '../command.ts';
import { paint, type Style } from '../ip/style.ts';
import { forbidden, incomplete, noDevice } from '../ip/trouble.ts';
import { kinds } from '../tc/kinds.ts';
import { jsonText } from '../json_writer.ts';
import { actionsCommand, filterCommand } from '../tc/filter.ts';
import { qdiscChange } from '../tc/modify.ts';
import { handleText, ingressLines, qdiscJson, qdiscLines, qdiscs } from '../tc/qdisc.ts';

const WRONG_LINE = 255;
const OBJECTS = ['qdisc', 'class', 'filter', 'chain', 'actions', 'monitor', 'exec', 'help'];
const CHANGES = ['add', 'change', 'replace', 'link', 'delete'] as const;
const QDISC_USAGE = `Usage: tc qdisc [ add | del | replace | change | show ] dev STRING
       [ handle QHANDLE ] [ root | ingress | clsact | parent CLASSID ]
       [ estimator INTERVAL TIME_CONSTANT ]
       [ stab [ help | STAB_OPTIONS] ]
       [ ingress_block BLOCK_INDEX ] [ egress_block BLOCK_INDEX ]
       [ [ QDISC_KIND ] [ help | OPTIONS ] ]

       tc qdisc { show | list } [ dev STRING ] [ QDISC_ID ] [ invisible ]
Where:
QDISC_KIND := { [p|b]fifo | tbf | prio | red | etc. }
OPTIONS := ... try tc qdisc add <desired QDISC_KIND> help
STAB_OPTIONS := ... try tc qdisc add stab help
QDISC_ID := { root | ingress | handle QHANDLE | parent CLASSID }
`;

interface Wishes {
  stats: number;
  json: boolean;
  pretty: boolean;
  color: boolean;
}

const OPTIONS: readonly (readonly [string, (wishes: Wishes) => void])[] = [
  ['-statistics', (wishes) => wishes.stats++],
  ['-stats', (wishes) => wishes.stats++],
  ['-details', () => undefined],
  ['-raw', () => undefined],
  ['-pretty', (wishes) => (wishes.pretty = true)],
  ['-json', (wishes) => (wishes.json = true)],
  ['-color', () => undefined],
  ['-nm', () => undefined],
  ['-oneline', () => undefined],
];

function* run(io: Io): Running {
  const wishes = { stats: 0, json: false, pretty: false, color: io.columns !== null };
  const words = io.argv.slice(1);
  while (words[0]?.startsWith('-')) {
    const typed = words.shift()!;
    if (typed.length > 1 && '-Version'.startsWith(typed)) {
      yield* io.out.line('tc utility, iproute2-6.15.0, libbpf 1.5.0');
      return 0;
    }
    const option = OPTIONS.find(([name]) => name.startsWith(typed));
    if (!option) {
      yield* io.err.line(`Option "${typed}" is unknown, try "tc -help".`);
      return WRONG_LINE;
    }
    option[1](wishes);
  }
  const [typed, verb = 'show', ...rest] = words;
  const object = typed && OBJECTS.find((name) => name.startsWith(typed));
  if (object === 'qdisc' || object === 'class') return yield* table(io, wishes, object, verb, rest);
  const given = words.slice(1);
  if (object === 'filter') return yield* filterCommand(io, wishes.stats > 0, given);
  if (object === 'actions') return yield* actionsCommand(io, wishes.stats > 0, given);
  if (!object && typed) {
    yield* io.err.line(`Object "${typed}" is unknown, try "tc help".`);
    return WRONG_LINE;
  }
  if (!object || object === 'help') {
    yield* io.err.line('Usage:\ttc [ OPTIONS ] qdisc [ show [ dev STRING ] ]');
    return typed ? 0 : WRONG_LINE;
  }
  return yield* notModelled(io, object);
}

function* notModelled(io: Io, what: string): Running {
  yield* io.err.line(`softnet: not modelled here: tc ${what}`);
  return 1;
}

function* table(
  io: Io,
  wishes: Wishes,
  object: string,
  verb: string,
  words: readonly string[],
): Running {
  const change = CHANGES.find((name) => name.startsWith(verb));
  if (change && object === 'qdisc') return yield* qdiscChange(io, change, words);
  if (object === 'qdisc' && verb === 'help') {
    yield* io.err.write(QDISC_USAGE);
    return 0;
  }
  const at = words.indexOf('dev');
  const name = at < 0 ? null : words[at + 1];
  if (name === undefined) return yield* incomplete(io);
  const dev = name === null ? null : io.k.devs.find((one) => one.name === name);
  if (dev === undefined) return yield* noDevice(io, name!);
  if (change) {
    if (io.uid !== 0) return yield* forbidden(io);
    return yield* notModelled(io, `${object} ${change}`);
  }
  if (!['show', 'list', 'lst'].some((one) => one.startsWith(verb))) {
    yield* io.err.line(`Command "${verb}" is unknown, try "tc ${object} help".`);
    return WRONG_LINE;
  }
  const chosen = dev ? [dev] : io.k.devs;
  if (object === 'class') for (const one of chosen) yield* showClasses(io, one);
  else return yield* showQdiscs(io, wishes, chosen, dev !== null);
  return 0;
}

function* showQdiscs(io: Io, wishes: Wishes, devs: readonly NetDevice[], one: boolean): Running {
  const all = devs.flatMap((dev) => qdiscs(io.k, dev));
  const strange = all.find((row) => !Object.hasOwn(kinds, row.qdisc.kind));
  if (strange) {
    yield* io.err.line(`softnet: not modelled here: the discipline ${strange.qdisc.kind}`);
    return 1;
  }
  if (wishes.json) {
    yield* io.out.write(
      jsonText(
        all.map((row) => qdiscJson(row, !one, wishes.stats)),
        wishes.pretty,
      ) + '\n',
    );
    return 0;
  }
  const style = { color: wishes.color } as Style;
  for (const dev of devs) {
    const named = one ? '' : `dev ${paint(style, 'device', `${dev.name} `)}`;
    for (const qdisc of qdiscs(io.k, dev))
      for (const line of qdiscLines(qdisc, named, wishes.stats)) yield* io.out.line(line);
    for (const line of ingressLines(dev, named, wishes.stats)) yield* io.out.line(line);
  }
  return 0;
}

/// An mq has a class for each transmit queue; fq_codel has one for each flow that waits: none.
function* showClasses(io: Io, dev: NetDevice): Running<void> {
  if (dev.qdisc.kind !== 'mq') return;
  const { handle } = dev.qdisc;
  for (let queue = 1; queue <= dev.rx.length; queue++)
    yield* io.out.line(`class mq ${handle ? handleText(handle) : ':'}${queue.toString(16)} root `);
}

function complete(k: Kernel, words: readonly string[]): readonly string[] {
  if (words.length <= 2) return ['qdisc', 'class', '-s'];
  return [
    'show',
    'replace',
    'delete',
    'dev',
    'root',
    ...Object.keys(kinds),
    ...k.devs.map((dev) => dev.name),
  ];
}

export const tc: Command = {
  name: 'tc',
  summary: 'show and change queueing disciplines',
  usage: 'tc [OPTIONS] qdisc [show|add|replace|change|delete] [dev DEVICE] [root KIND]',
  run,
  complete,
};
