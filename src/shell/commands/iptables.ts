/// iptables, iptables-save and iptables-restore, of iptables 1.8.11: rules for IPv4 in the tables that the
/// whole world knows, kept in nf_tables; and the same three for IPv6.
/// Left out: arptables and ebtables.
import { strerror } from '../../kernel/errno.ts';
import type { Command, Io, Running } from '../command.ts';
import { files } from '../files.ts';
import { carryOut, notRoot } from '../iptables/carry_out.ts';
import { Fault, VERSION, absent, type Speaker } from '../iptables/fault.ts';
import { parse } from '../iptables/parse.ts';
import { TABLES } from '../iptables/ruleset.ts';
import { LineFault, restore, save } from '../iptables/save.ts';
import { IP6TABLES, IPTABLES, type Variant } from '../iptables/variant.ts';
import { absolute } from '../paths.ts';

function* guarded(io: Io, program: string, work: () => string): Running {
  const complain = function* (fault: Fault, line: number): Running {
    const speaker: Speaker = { program, line };
    yield* io.err.write(fault.text(speaker));
    return fault.status;
  };
  try {
    yield* io.out.write(work());
    return 0;
  } catch (error) {
    if (error instanceof LineFault) return yield* complain(error.fault, error.line);
    if (error instanceof Fault) return yield* complain(error, -1);
    throw error;
  }
}

function run(io: Io, v: Variant): Running {
  return guarded(io, v.program, () => {
    const line = parse(io.argv.slice(1), v);
    if (line.command === 'V') return `${v.program} ${VERSION} (nf_tables)\n`;
    if (line.command === 'h') throw absent(`${v.program} --help`);
    return carryOut(io.k, v, line, io.uid);
  });
}

function runSave(io: Io, v: Variant): Running {
  const program = `${v.program}-save`;
  return guarded(io, program, () => {
    let table = '';
    let counters = false;
    const words = io.argv.slice(1);
    while (words.length > 0) {
      const word = words.shift()!;
      if (word === '-c' || word === '--counters') counters = true;
      else if (word === '-t' || word === '--table') table = words.shift() ?? '';
      else if (word === '-V') return `${program} ${VERSION} (nf_tables)\n`;
      else throw absent(`${program} ${word}`);
    }
    if (io.uid !== 0) throw notRoot();
    if (table !== '' && !Object.hasOwn(TABLES, table))
      throw new Fault(`Table \`${table}' does not exist\n`, 1);
    return save(io.k, v, table, counters);
  });
}

function* runRestore(io: Io, v: Variant): Running {
  const program = `${v.program}-restore`;
  let keep = false;
  let counters = false;
  let file = '';
  for (const word of io.argv.slice(1)) {
    if (word === '-n' || word === '--noflush') keep = true;
    else if (word === '-c' || word === '--counters') counters = true;
    else if (word.startsWith('-')) {
      yield* io.err.line(`softnet: not modelled here: ${program} ${word}`);
      return 1;
    } else file = word;
  }
  let text = '';
  if (file === '') text = yield* io.in.all();
  else {
    const found = files.read(io, absolute(io, file));
    if (typeof found === 'string') {
      yield* io.err.line(`Can't open ${file}: ${strerror(found)}`);
      return 1;
    }
    text = found.lines.map((line) => line.text).join('\n');
  }
  return yield* guarded(io, program, () => {
    if (io.uid !== 0) throw notRoot();
    restore(io.k, v, text.split('\n'), keep, counters);
    return '';
  });
}

export const iptables: Command = {
  name: 'iptables',
  summary: 'rules of the IPv4 packet filter, in its classic tables',
  usage: 'iptables [-t TABLE] -A|-D|-I|-C CHAIN RULE, iptables -L|-S|-F|-Z [CHAIN] [-v] [-n]',
  run: (io) => run(io, IPTABLES),
};

export const iptablesSave: Command = {
  name: 'iptables-save',
  summary: 'all iptables rules as text',
  usage: 'iptables-save [-c] [-t TABLE]',
  run: (io) => runSave(io, IPTABLES),
};

export const iptablesRestore: Command = {
  name: 'iptables-restore',
  summary: 'put saved iptables rules in force',
  usage: 'iptables-restore [-c] [-n] [FILE]',
  run: (io) => runRestore(io, IPTABLES),
};

export const ip6tables: Command = {
  name: 'ip6tables',
  summary: 'rules of the IPv6 packet filter, in its classic tables',
  usage: 'ip6tables [-t TABLE] -A|-D|-I|-C CHAIN RULE, ip6tables -L|-S|-F|-Z [CHAIN] [-v] [-n]',
  run: (io) => run(io, IP6TABLES),
};

export const ip6tablesSave: Command = {
  name: 'ip6tables-save',
  summary: 'all ip6tables rules as text',
  usage: 'ip6tables-save [-c] [-t TABLE]',
  run: (io) => runSave(io, IP6TABLES),
};

export const ip6tablesRestore: Command = {
  name: 'ip6tables-restore',
  summary: 'put saved ip6tables rules in force',
  usage: 'ip6tables-restore [-c] [-n] [FILE]',
  run: (io) => runRestore(io, IP6TABLES),
};
