/// Loading an object as libbpf 1.5 does, with what it says when that fails.
/// Left out: several programs in one object, other program types, pinned maps.
import { strerror, type ErrnoName } from '../../kernel/errno.ts';
import { bpf_prog_load } from '../../kernel/xdp/load.ts';
import type { ProgType } from '../../kernel/xdp/types.ts';
import { typeOf, type Rejected } from '../../kernel/xdp/verify.ts';
import type { Io, Running } from '../command.ts';
import { files } from '../files.ts';
import { parseProgram, SourceTrouble } from './source.ts';

const NUMBERS: Partial<Record<ErrnoName, number>> = {
  ...{ EPERM: 1, ENOENT: 2, E2BIG: 7, EBADF: 9, EACCES: 13, EEXIST: 17, ENODEV: 19, EINVAL: 22 },
  ...{ ENOSPC: 28, EOVERFLOW: 75, EOPNOTSUPP: 95 },
};

/// Loads the program of a section: its index in BpfState.progs, with one reference for the caller; null when that
/// failed and the reason is printed. `offload`: for a NIC, which none here takes. `type`: what the loader wants it for.
export function* loadObject(
  io: Io,
  path: string,
  section: string,
  offload: boolean,
  type: ProgType = 'xdp',
): Running<number | null> {
  const at = path.startsWith('/') ? path : `${io.session.cwd}/${path}`;
  const read = files.read(io, at);
  if (typeof read === 'string') {
    yield* io.err.line(`Error opening object ${path}: ${strerror(read)}`);
    yield* io.err.line('Cannot initialize ELF context!');
    return null;
  }
  const draft = parse(read.lines.map((line) => line.text).join('\n'));
  if (draft instanceof SourceTrouble) {
    yield* io.err.line(`softnet: ${path}:${draft.line}: ${draft.message}`);
    return null;
  }
  if (draft.section !== section) {
    yield* io.err.line(`object file doesn't contain sec ${section}`);
    return null;
  }
  if (typeOf(draft) !== type) {
    const wants = type === 'xdp' ? 'none of tc' : 'tc or classifier';
    yield* io.err.line(`softnet: ${path}: section ${section}, where ${wants} is wanted`);
    return null;
  }
  if (io.uid !== 0) {
    yield* io.err.line(
      "libbpf: Error in bpf_object__probe_loading():Operation not permitted(1). Couldn't load trivial BPF program. Make sure your kernel supports BPF (CONFIG_BPF_SYSCALL=y) and/or that RLIMIT_MEMLOCK is set to big enough value.",
    );
    yield* io.err.line(`libbpf: failed to load object '${path}'`);
    return null;
  }
  const loaded: number | Rejected = offload
    ? { errno: 'EINVAL', log: '' }
    : bpf_prog_load(io.k, draft, io.uid);
  if (typeof loaded === 'number') return loaded;
  yield* tellRejected(io, draft.name, path, loaded);
  return null;
}

function parse(text: string) {
  try {
    return parseProgram(text);
  } catch (trouble) {
    if (trouble instanceof SourceTrouble) return trouble;
    throw trouble;
  }
}

function* tellRejected(io: Io, name: string, path: string, why: Rejected): Running<void> {
  const prog = `libbpf: prog '${name}'`;
  yield* io.err.line(`${prog}: BPF program load failed: ${strerror(why.errno)}`);
  if (why.log !== '') {
    yield* io.err.line(`${prog}: -- BEGIN PROG LOAD LOG --`);
    yield* io.err.line(why.log);
    yield* io.err.line('-- END PROG LOAD LOG --');
  }
  yield* io.err.line(`${prog}: failed to load: -${NUMBERS[why.errno] ?? 22}`);
  yield* io.err.line(`libbpf: failed to load object '${path}'`);
}
