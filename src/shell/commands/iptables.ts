/// iptables, iptables-save and iptables-restore, of iptables 1.8.11: rules for IPv4 in the tables that the
/// whole world knows, kept in nf_tables.
/// Left out: ip6tables, arptables and ebtables.
import type { Command, Io, Running } from '../command.ts';
import { files } from '../files.ts';
import { carryOut, noTable } from '../iptables/carry_out.ts';
import { Fault, VERSION, absent } from '../iptables/fault.ts';
import { parse } from '../iptables/parse.ts';
import { TABLES } from '../iptables/ruleset.ts';
import { restore, save } from '../iptables/save.ts';
import { absolute } from '../paths.ts';

function* guarded(io: Io, work: () => string): Running {
  try {
    yield* io.out.write(work());
    return 0;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    yield* io.err.write(error.message);
    return error.status;
  }
}

function run(io: Io): Running {
  return guarded(io, () => {
    const line = parse(io.argv.slice(1));
    if (line.command === 'V') return `iptables ${VERSION} (nf_tables)\n`;
    if (line.command === 'h') throw absent('iptables --help');
    return carryOut(io.k, line, io.uid);
  });
}

function needRoot(io: Io, name: string): void {
  if (io.uid === 0) return;
  const says = 'Could not fetch rule set generation id: Permission denied (you must be root)';
  throw new Fault(`${name} ${VERSION} (nf_tables): ${says}\n`, 4);
}

function runSave(io: Io): Running {
  return guarded(io, () => {
    let table = '';
    let counters = false;
    const words = io.argv.slice(1);
    while (words.length > 0) {
      const word = words.shift()!;
      if (word === '-c' || word === '--counters') counters = true;
      else if (word === '-t' || word === '--table') table = words.shift() ?? '';
      else if (word === '-V') return `iptables-save ${VERSION} (nf_tables)\n`;
      else throw absent(`iptables-save ${word}`);
    }
    if (table !== '' && !Object.hasOwn(TABLES, table)) throw noTable(table);
    needRoot(io, 'iptables-save');
    return save(io.k, table, counters);
  });
}

function* runRestore(io: Io): Running {
  let keep = false;
  let counters = false;
  let file = '';
  for (const word of io.argv.slice(1)) {
    if (word === '-n' || word === '--noflush') keep = true;
    else if (word === '-c' || word === '--counters') counters = true;
    else if (word.startsWith('-')) {
      yield* io.err.line(`softnet: not modelled here: iptables-restore ${word}`);
      return 1;
    } else file = word;
  }
  let text = '';
  if (file === '') text = yield* io.in.all();
  else {
    const found = files.read(io, absolute(io, file));
    if (typeof found === 'string') {
      yield* io.err.line(`Can't open ${file}: ${file}`);
      return 1;
    }
    text = found.lines.map((line) => line.text).join('\n');
  }
  return yield* guarded(io, () => {
    needRoot(io, 'iptables-restore');
    restore(io.k, text.split('\n'), keep, counters);
    return '';
  });
}

export const iptables: Command = {
  name: 'iptables',
  summary: 'rules of the IPv4 packet filter, in its classic tables',
  usage: 'iptables [-t TABLE] -A|-D|-I|-C CHAIN RULE, iptables -L|-S|-F|-Z [CHAIN] [-v] [-n]',
  run,
};

export const iptablesSave: Command = {
  name: 'iptables-save',
  summary: 'all iptables rules as text',
  usage: 'iptables-save [-c] [-t TABLE]',
  run: runSave,
};

export const iptablesRestore: Command = {
  name: 'iptables-restore',
  summary: 'put saved iptables rules in force',
  usage: 'iptables-restore [-c] [-n] [FILE]',
  run: runRestore,
};

export const ip6tables: Command = {
  name: 'ip6tables',
  summary: 'rules of the IPv6 packet filter (not modelled)',
  usage: 'ip6tables ...',
  *run(io) {
    yield* io.err.line('softnet: not modelled here: ip6tables; nft knows the ip6 family');
    return 1;
  },
};
