/// Programs and maps being loaded and let go. Stands for bpf_prog_load() and map_create() in kernel/bpf/syscall.c,
/// and for what libbpf asks of the kernel before it loads an object.
/// Left out: pinning in /sys/fs/bpf, so a program lives as long as it is attached; BTF itself.
import { jhash } from '../jhash.ts';
import type { Kernel } from '../state.ts';
import { cpu_map_free } from './cpumap.ts';
import { bpfMapUpdate, createMap } from './maps.ts';
import type { BpfProg } from './types.ts';
import { typeOf, verify, type ProgramDraft, type Rejected } from './verify.ts';

// libbpf loads small programs to see what the kernel can do. Each takes an id: on the recorded host, one
// `ip link set … xdp obj` after the other takes six.
const PROBES = 5;
const NAME_LEN = 15; // BPF_OBJ_NAME_LEN with its NUL

/// Loads a program with its maps: its index in BpfState.progs, or why the kernel refuses it. It has no
/// references yet: attach it or call progPut().
export function bpf_prog_load(k: Kernel, draft: ProgramDraft, uid: number): number | Rejected {
  k.bpf.next_prog_id += PROBES;
  const checked = verify(draft);
  if ('errno' in checked) return checked;
  const maps = draft.maps.map((spec) => createMap(k, spec));
  const wrong = fillMaps(k, draft, maps);
  for (const at of maps) k.bpf.maps[at]!.refs++;
  const prog: BpfProg = {
    id: k.bpf.next_prog_id++,
    type: typeOf(draft),
    name: draft.name.slice(0, NAME_LEN),
    tag: draft.object?.tag ?? tagOf(checked.rules),
    gpl: draft.gpl,
    loaded_ns: k.now,
    uid,
    xlated: draft.object?.xlated ?? 0,
    jited: draft.object?.jited ?? 0,
    btf_id: k.bpf.next_btf_id++,
    maps,
    rules: checked.rules,
    buckets: checked.buckets,
    run_cnt: 0,
    run_time_ns: 0,
    refs: 1,
  };
  for (const at of maps) k.bpf.maps[at]!.btf_id = prog.btf_id;
  const free = k.bpf.progs.findIndex((each) => each.id === 0);
  const index = free < 0 ? k.bpf.progs.push(prog) - 1 : free;
  k.bpf.progs[index] = prog;
  if (wrong === null) return index;
  progPut(k, index);
  return wrong;
}

function fillMaps(k: Kernel, draft: ProgramDraft, maps: readonly number[]): Rejected | null {
  for (const { line, map, value, ...key } of draft.entries) {
    const at = maps[draft.maps.findIndex((spec) => spec.name === map)];
    if (at === undefined) return { errno: 'EBADF', log: `line ${line}: no map ${map}` };
    const errno = bpfMapUpdate(k, k.bpf.maps[at]!, key, value, 'any');
    if (errno !== null) return { errno, log: `line ${line}: map ${map} refuses the element` };
  }
  return null;
}

/// Rules have no byte code whose SHA-1 could be the tag: this is a hash of their numbers.
function tagOf(rules: BpfProg['rules']): string {
  const bytes = Array.from(JSON.stringify(rules), (letter) => letter.charCodeAt(0) & 255);
  const word = (seed: number): string => jhash(bytes, seed).toString(16).padStart(8, '0');
  return word(0) + word(1);
}

/// One reference less; the last one frees the program, and with it maps that no other has.
export function progPut(k: Kernel, index: number): void {
  const prog = k.bpf.progs[index]!;
  if (--prog.refs > 0) return;
  for (const at of prog.maps) {
    const map = k.bpf.maps[at]!;
    if (--map.refs > 0) continue;
    if (map.type === 'cpumap') cpu_map_free(k, map);
    map.id = 0;
  }
  prog.id = 0;
}
