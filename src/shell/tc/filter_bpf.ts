/// tc filter ... bpf da obj FILE sec NAME: a program out of an object decides. Stands for tc/f_bpf.c of iproute2 6.15.
/// Left out: programs without direct-action, classic BPF, pinned programs, skip_sw.
import type { FilterRequest } from '../../kernel/cls_api.ts';
import type { TcFilter } from '../../kernel/tc/types.ts';
import type { Kernel } from '../../kernel/state.ts';
import { loadObject } from '../bpftool/load.ts';
import type { Io, Running } from '../command.ts';
import { classId, classText, TcFault, type Words } from './actions.ts';

const DEFAULT_SECTION = 'classifier';
const ABSENT = ['bytecode', 'bc', 'bytecode-file', 'bcf', 'object-pinned', 'pinned', 'pin', 'fd'];
const MORE = ['action', 'police', 'skip_sw', 'export', 'exp', 'verbose', 'verb'];

/// The part of a request that the words behind `bpf` make; a number is an exit status. The program is loaded, with
/// one reference for the filter.
export function* readBpf(
  io: Io,
  w: Words,
): Running<Pick<FilterRequest, 'classid' | 'match' | 'skip_hw'> | number> {
  let object = '';
  let section = DEFAULT_SECTION;
  let direct = false;
  let classid = 0;
  let skip_hw = false;
  for (let word = w.peek(); word !== undefined; word = w.peek()) {
    w.take();
    if (word === 'run') continue;
    if (word === 'da' || word === 'direct-action') direct = true;
    else if (['obj', 'object', 'object-file'].includes(word)) object = w.take();
    else if (word === 'sec' || word === 'section') section = w.take();
    else if (word === 'classid' || word === 'flowid') classid = classId(w.take());
    else if (word === 'skip_hw') skip_hw = true;
    else if (ABSENT.includes(word) || MORE.includes(word))
      throw new TcFault(`softnet: not modelled here: tc filter bpf ${word}`);
    else throw new TcFault(`What is "${word}"?`);
  }
  if (object === '' || !direct)
    throw new TcFault('softnet: not modelled here: tc filter bpf without da and obj');
  const prog = yield* loadObject(io, object, section, false, 'sched_cls');
  if (prog === null) {
    yield* io.err.line('Unable to load program');
    return 1;
  }
  const name = `${object.slice(object.lastIndexOf('/') + 1)}:[${section}]`;
  return { classid, match: { kind: 'bpf', prog, name }, skip_hw };
}

/// The line of such a filter.
export function bpfLine(k: Kernel, f: TcFilter, front: string): string {
  if (f.match.kind !== 'bpf') throw new Error(`a filter of kind ${f.match.kind}`);
  const prog = k.bpf.progs[f.match.prog]!;
  const flow = f.classid === 0 ? '' : `flowid ${classText(f.classid)} `;
  const hw = f.skip_hw ? 'skip_hw not_in_hw' : 'not_in_hw';
  const { id, name, tag } = prog;
  return `${front}handle 0x${f.handle.toString(16)} ${flow}${f.match.name} direct-action ${hw} id ${id} name ${name} tag ${tag} jited `;
}
