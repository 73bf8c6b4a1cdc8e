/// route, of net-tools 2.10: the main table as the older tool shows it.
/// Left out: changing it, names instead of numbers, other tables and families.
import { addressText } from '../../kernel/flows.ts';
import { RT_TABLE_MAIN } from '../../kernel/fib_rules.ts';
import { RTN } from '../../kernel/fib_trie.ts';
import type { Command, Io, Running } from '../command.ts';
import { listRoutes, type Listed } from '../ip/route_print.ts';

const HEADING = 'Destination     Gateway         Genmask         Flags Metric Ref    Use Iface';

function line(io: Io, { key, fa }: Listed): string {
  const refused = fa.type === RTN.UNREACHABLE || fa.type === RTN.PROHIBIT;
  const flags = `${refused ? '!' : 'U'}${fa.gw ? 'G' : ''}${fa.slen === 0 ? 'H' : ''}`;
  const mask = fa.slen === 32 ? 0 : (-1 << fa.slen) >>> 0;
  const columns = [addressText(key), addressText(fa.gw), addressText(mask)].map((text) =>
    text.padEnd(15),
  );
  const name = io.k.devs[fa.dev]?.name ?? '*';
  return `${columns.join(' ')} ${flags.padEnd(5)} ${String(fa.priority).padEnd(6)} 0        0 ${name}`;
}

function* run(io: Io): Running {
  const words = io.argv.slice(1);
  if (!words.every((word) => word === '-n') || words.length === 0) {
    yield* io.err.line(`softnet: not modelled here: route ${words.join(' ')}`.trimEnd());
    return 1;
  }
  yield* io.out.line('Kernel IP routing table');
  yield* io.out.line(HEADING);
  for (const listed of listRoutes(io.k)) {
    const { fa } = listed;
    if (fa.table !== RT_TABLE_MAIN || fa.type === RTN.BROADCAST) continue;
    yield* io.out.line(line(io, listed));
  }
  return 0;
}

export const route: Command = {
  name: 'route',
  summary: 'show the main routing table',
  usage: 'route -n',
  run,
};
