/// bpftool 7.5: the XDP programs and maps of the host, and what is attached where. The objects are in ../bpftool/.
import type { Command, Io, Running } from '../command.ts';
import { mapDelete, mapDump, mapLookup, mapShow, mapUpdate } from '../bpftool/map.ts';
import { netAttach, netDetach, netShow } from '../bpftool/net.ts';
import { progShow } from '../bpftool/prog.ts';
import { notModelled } from '../bpftool/words.ts';

type Verb = (io: Io, words: string[]) => Running;

const VERBS: Readonly<Record<string, Readonly<Record<string, Verb>>>> = {
  prog: { show: progShow, list: progShow },
  map: {
    ...{ show: mapShow, list: mapShow, dump: mapDump, update: mapUpdate },
    ...{ delete: mapDelete, lookup: mapLookup },
  },
  net: { show: netShow, list: netShow, attach: netAttach, detach: netDetach },
};
const ABSENT = ['link', 'cgroup', 'perf', 'feature', 'btf', 'gen', 'struct_ops', 'iter'];

function* run(io: Io): Running {
  const [typed, verb, ...rest] = io.argv.slice(1);
  if (typed === undefined) {
    yield* io.err.line('Usage: bpftool [OPTIONS] OBJECT { COMMAND | help }');
    yield* io.err.line('       OBJECT := { prog | map | net | version }');
    return 255;
  }
  if (typed === 'version' || typed === '-V' || typed === '--version') {
    yield* io.out.write('bpftool v7.5.0\nusing libbpf v1.5\nfeatures:\n');
    return 0;
  }
  if (typed.startsWith('-')) return yield* notModelled(io, typed);
  const object = Object.keys(VERBS).find((name) => name.startsWith(typed));
  if (object === undefined) {
    if (ABSENT.some((name) => name.startsWith(typed))) return yield* notModelled(io, typed);
    yield* io.err.line(`Error: ${typed} not found`);
    return 255;
  }
  const verbs = VERBS[object]!;
  const name = verb === undefined ? 'show' : Object.keys(verbs).find((one) => one.startsWith(verb));
  if (name === undefined) return yield* notModelled(io, `${object} ${verb}`);
  return yield* verbs[name]!(io, rest);
}

export const bpftool: Command = {
  name: 'bpftool',
  summary: 'show and change XDP programs and maps',
  usage: 'bpftool { prog | map | net } COMMAND',
  run,
};
