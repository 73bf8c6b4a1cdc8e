/// conntrack, of conntrack-tools 1.4.8: the table of connections.
/// Left out: -E (events), -I, -U, -G, expectations, other formats than the plain one, and filters beyond
/// protocol, addresses, ports, mark and state.
import { addressText } from '../../kernel/flows.ts';
import { loadConntrack } from '../../kernel/netfilter/conntrack/module.ts';
import { nf_ct_delete } from '../../kernel/netfilter/conntrack/table.ts';
import { TCP_STATE_NAMES } from '../../kernel/netfilter/conntrack/tcp_states.ts';
import {
  IPS_ASSURED,
  IPS_SEEN_REPLY,
  type CtEntry,
} from '../../kernel/netfilter/conntrack/types.ts';
import type { Kernel } from '../../kernel/state.ts';
import type { Command, Io, Running } from '../command.ts';
import { entryText, liveEntries } from '../proc/nf_conntrack.ts';
import { wordTable } from '../word_table.ts';

const VERSION = 'conntrack v1.4.8 (conntrack-tools)';
const LONG: Readonly<Record<string, string>> = wordTable({
  ...{ dump: 'L', delete: 'D', flush: 'F', stats: 'S', count: 'C', event: 'E', version: 'V' },
  ...{ proto: 'p', src: 's', 'orig-src': 's', dst: 'd', 'orig-dst': 'd', mark: 'm', state: '1' },
  ...{ sport: '2', 'orig-port-src': '2', dport: '3', 'orig-port-dst': '3', status: 'u' },
  ...{ 'reply-src': 'r', 'reply-dst': 'q', family: 'f' },
});
const VALUED = 'psdmu123rqf';

interface Wishes {
  readonly command: string;
  readonly filters: readonly (readonly [letter: string, value: string])[];
  readonly unknown: string;
}

function wishesOf(words: readonly string[]): Wishes {
  let command = '';
  const filters: [string, string][] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const letter = word.startsWith('--') ? LONG[word.slice(2)] : /^-([A-Za-z])$/.exec(word)?.[1];
    if (letter === undefined) {
      if (word === 'conntrack') continue; // the table's own name
      return { command, filters, unknown: word };
    }
    if ('LDFSCEV'.includes(letter)) command = letter;
    else if (VALUED.includes(letter)) filters.push([letter, words[++i] ?? '']);
    else return { command, filters, unknown: word };
  }
  return { command, filters, unknown: '' };
}

const PROTOCOLS: Readonly<Record<string, number>> = wordTable({
  icmp: 1,
  tcp: 6,
  udp: 17,
  icmpv6: 58,
});

const FAMILIES: Readonly<Record<string, number>> = wordTable({ ipv4: 2, ipv6: 10 });

function matches(entry: CtEntry, [letter, value]: readonly [string, string]): boolean {
  const [first, reply] = [entry.tuple[0]!, entry.tuple[1]!];
  const text = (family: number, number: number, address: string): string =>
    family === 2 ? addressText(number) : address;
  switch (letter) {
    case 'f':
      return first.family === FAMILIES[value];
    case 'p':
      return first.proto === (PROTOCOLS[value.toLowerCase()] ?? Number(value));
    case 's':
      return text(first.family, first.src, first.saddr) === value;
    case 'd':
      return text(first.family, first.dst, first.daddr) === value;
    case 'r':
      return text(reply.family, reply.src, reply.saddr) === value;
    case 'q':
      return text(reply.family, reply.dst, reply.daddr) === value;
    case 'm':
      return entry.mark === Number(value);
    case '1':
      return entry.tcp !== null && TCP_STATE_NAMES[entry.tcp.state] === value.toUpperCase();
    case '2':
      return first.sport === Number(value);
    case '3':
      return first.dport === Number(value);
    default:
      if (value === 'ASSURED') return (entry.status & IPS_ASSURED) !== 0;
      if (value === 'SEEN_REPLY') return (entry.status & IPS_SEEN_REPLY) !== 0;
      return value === 'UNREPLIED' && !(entry.status & IPS_SEEN_REPLY);
  }
}

// Values that matches() can compare; what the tool takes besides is not modelled.
function understood([letter, value]: readonly [string, string]): boolean {
  if (letter === 'f') return Object.hasOwn(FAMILIES, value);
  if (letter === 'p') return Object.hasOwn(PROTOCOLS, value.toLowerCase()) || isNumber(value);
  if ('m23'.includes(letter)) return isNumber(value);
  if (letter === '1') return TCP_STATE_NAMES.includes(value.toUpperCase());
  if (letter === 'u') return ['ASSURED', 'SEEN_REPLY', 'UNREPLIED'].includes(value);
  return /^[0-9a-f.:]+$/i.test(value);
}

function isNumber(value: string): boolean {
  return /^(\d+|0x[0-9a-f]+)$/i.test(value);
}

function chosen(k: Kernel, { filters }: Wishes): CtEntry[] {
  return liveEntries(k).filter((entry) => filters.every((filter) => matches(entry, filter)));
}

function remove(k: Kernel, entries: readonly CtEntry[]): void {
  const gone = new Set(entries.map(({ id }) => id));
  for (const [index, entry] of k.nf.ct!.entries.entries())
    if (entry.live && gone.has(entry.id)) nf_ct_delete(k, index);
}

function* run(io: Io): Running {
  const { k } = io;
  const wishes = wishesOf(io.argv.slice(1));
  if (wishes.command === 'V') {
    yield* io.out.line(VERSION);
    return 0;
  }
  const { unknown, command, filters } = wishes;
  if (unknown !== '' || command === '' || command === 'E' || !filters.every(understood)) {
    yield* io.err.line(`softnet: not modelled here: ${io.argv.join(' ')}`);
    return 1;
  }
  if (io.uid !== 0) {
    yield* io.err.line(
      `${VERSION}: Operation failed: sorry, you must be root or get CAP_NET_ADMIN capability to do this`,
    );
    return 1;
  }
  const ct = loadConntrack(k);
  switch (wishes.command) {
    case 'C':
      yield* io.out.line(String(ct.count));
      return 0;
    case 'S':
      for (const [cpu, s] of ct.stats.entries())
        yield* io.out.line(
          `cpu=${String(cpu).padEnd(4)}\tfound=${s.found} invalid=${s.invalid} insert=${s.insert} ` +
            `insert_failed=${s.insert_failed} drop=${s.drop} early_drop=${s.early_drop} ` +
            `error=${s.error} search_restart=${s.search_restart} ` +
            `clash_resolve=${s.clash_resolve} chaintoolong=${s.chaintoolong} `,
        );
      return 0;
    case 'F':
      remove(k, liveEntries(k));
      yield* io.err.line(`${VERSION}: connection tracking table has been emptied.`);
      return 0;
    default:
      return yield* listOrDelete(io, wishes);
  }
}

function* listOrDelete(io: Io, wishes: Wishes): Running {
  const entries = chosen(io.k, wishes);
  for (const entry of entries) yield* io.out.line(`${entryText(io.k, entry, false)}use=1`);
  const gone = wishes.command === 'D';
  if (gone) remove(io.k, entries);
  const what = gone ? 'deleted' : 'shown';
  yield* io.err.line(`${VERSION}: ${entries.length} flow entries have been ${what}.`);
  return gone && entries.length === 0 ? 1 : 0;
}

export const conntrack: Command = {
  name: 'conntrack',
  summary: 'show and change the table of tracked connections',
  usage: 'conntrack -L|-D [-p PROTO] [-s ADDR] [-d ADDR], conntrack -S|-C|-F',
  run,
};
