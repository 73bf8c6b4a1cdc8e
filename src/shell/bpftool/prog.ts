/// bpftool prog: the programs that are loaded.
/// Of a program whose rules were not made of byte code there are no sizes to print, and none are printed.
/// Left out: load and pin (there is no /sys/fs/bpf here), dump, run, trace, JSON.
import type { BpfProg } from '../../kernel/xdp/types.ts';
import { formatMoment, momentOf, wallClock } from '../clock.ts';
import type { Io, Running } from '../command.ts';
import { fail, idOf, notModelled } from './words.ts';

/// `bpftool prog show`.
export function* progShow(io: Io, words: readonly string[]): Running {
  if (io.uid !== 0) return yield* fail(io, "can't get next program: Operation not permitted");
  const [kind, word] = words;
  if (kind === undefined) {
    for (const prog of live(io)) yield* printProg(io, prog);
    return 0;
  }
  if (kind !== 'id' && kind !== 'name' && kind !== 'tag')
    return yield* notModelled(io, `prog show ${kind}`);
  const id = idOf(word);
  const found = live(io).filter((prog) =>
    kind === 'id' ? prog.id === id : kind === 'name' ? prog.name === word : prog.tag === word,
  );
  if (kind === 'id' && !found.length)
    return yield* fail(io, `get by id (${word}): No such file or directory`);
  for (const prog of found) yield* printProg(io, prog);
  return found.length ? 0 : 255;
}

function live(io: Io): BpfProg[] {
  return io.k.bpf.progs.filter((prog) => prog.id !== 0).sort((a, b) => a.id - b.id);
}

function* printProg(io: Io, prog: BpfProg): Running<void> {
  const { out, k } = io;
  const loaded = wallClock(k) - BigInt(Math.round(k.now - prog.loaded_ns));
  const at = formatMoment(momentOf(loaded), '%Y-%m-%dT%H:%M:%S%z');
  const sizes = [
    prog.xlated > 0 ? `xlated ${prog.xlated}B` : '',
    prog.jited > 0 ? `jited ${prog.jited}B` : '',
    'memlock 4096B',
    prog.maps.length > 0 ? `map_ids ${prog.maps.map((at) => k.bpf.maps[at]!.id).join(',')}` : '',
  ];
  const gpl = prog.gpl ? '  gpl' : '';
  const runs =
    prog.run_time_ns > 0 ? ` run_time_ns ${prog.run_time_ns} run_cnt ${prog.run_cnt}` : '';
  yield* out.line(`${prog.id}: ${prog.type}  name ${prog.name}  tag ${prog.tag}${gpl}${runs}`);
  yield* out.line(`\tloaded_at ${at}  uid ${prog.uid}`);
  yield* out.line(`\t${sizes.filter((part) => part !== '').join('  ')}`);
  yield* out.line(`\tbtf_id ${prog.btf_id}`);
}
