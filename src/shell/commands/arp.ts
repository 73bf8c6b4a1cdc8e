/// arp, of net-tools 2.10: the neighbour table as the older tool shows it.
/// Left out: changing it, names instead of numbers.
import { addressText } from '../../kernel/flows.ts';
import { NUD, neighState } from '../../kernel/neighbour.ts';
import type { Kernel, Neighbour } from '../../kernel/state.ts';
import type { Command, Io, Running } from '../command.ts';

const HEADING = 'Address                  HWtype  HWaddress           Flags Mask            Iface';

function line(k: Kernel, n: Neighbour): string {
  const state = neighState(k, n);
  const address = addressText(n.addr).padEnd(23);
  const name = k.devs[n.dev]!.name;
  if (state & (NUD.INCOMPLETE | NUD.FAILED))
    return `${address}  ${' '.repeat(8)}(incomplete)${' '.repeat(30)}${name}`;
  const flags = state & NUD.PERMANENT ? 'CM' : 'C';
  return `${address}  ether   ${n.lladdr.padEnd(19)} ${flags.padEnd(21)} ${name}`;
}

function* run(io: Io): Running {
  const words = io.argv.slice(1);
  if (!words.every((word) => word === '-n' || word === '-an') || words.length === 0) {
    yield* io.err.line(`softnet: not modelled here: arp ${words.join(' ')}`.trimEnd());
    return 1;
  }
  if (io.k.neighs.length === 0) return 0;
  yield* io.out.line(HEADING);
  for (const n of io.k.neighs.toReversed()) yield* io.out.line(line(io.k, n));
  return 0;
}

export const arp: Command = {
  name: 'arp',
  summary: 'show the neighbour table',
  usage: 'arp -n',
  run,
};
