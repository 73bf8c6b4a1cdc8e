/// ip link set … xdp: a program out of an object, or none; and how ip link shows it.
/// Stands for ip/iplink_xdp.c of iproute2 6.15.
/// Left out: pinned programs (there is no /sys/fs/bpf here), `program NAME`, `verbose`.
import type { Result } from '../../kernel/errno.ts';
import type { Kernel, NetDevice } from '../../kernel/state.ts';
import { attachedProg, dev_xdp_attach, type XdpMode } from '../../kernel/xdp/attach.ts';
import { progPut } from '../../kernel/xdp/load.ts';
import type { BpfProg } from '../../kernel/xdp/types.ts';
import { loadObject } from '../bpftool/load.ts';
import type { Io, Running } from '../command.ts';
import type { Json } from '../json_writer.ts';
import { incomplete, notModelled } from './trouble.ts';

const MODES: Readonly<Record<string, XdpMode>> = {
  xdp: 'none',
  xdpgeneric: 'skb',
  xdpdrv: 'drv',
  xdpoffload: 'hw',
};
const DEFAULT_SECTION = 'prog';

/// What was asked for: a loaded program, of which one reference is ours, or -1 to take it out.
export interface XdpRequest {
  readonly prog: number;
  readonly mode: XdpMode;
}

/// Whether a word of `ip link set` is about XDP.
export function isXdpWord(word: string): boolean {
  return Object.hasOwn(MODES, word);
}

/// Reads the words after `xdp`, which it takes off the list, and loads the object; a number is an exit status.
export function* parseXdp(io: Io, key: string, words: string[]): Running<XdpRequest | number> {
  const mode = MODES[key]!;
  const word = words.shift();
  if (word === undefined) return yield* incomplete(io);
  if (word === 'off' || word === 'none') return { prog: -1, mode };
  if (!['object', 'object-file', 'obj'].includes(word))
    return yield* notModelled(io, `link set ... ${key} ${word}`);
  const path = words.shift();
  if (path === undefined) return yield* incomplete(io);
  let section = DEFAULT_SECTION;
  if (words[0] === 'section' || words[0] === 'sec') {
    words.shift();
    const name = words.shift();
    if (name === undefined) return yield* incomplete(io);
    section = name;
  }
  const prog = yield* loadObject(io, path, section, mode === 'hw');
  return prog === null ? 255 : { prog, mode };
}

/// Sends the request to the kernel and closes the program's descriptor.
export function applyXdp(
  k: Kernel,
  dev: NetDevice,
  { prog, mode }: XdpRequest,
  force: boolean,
): Result & { readonly warning?: string } {
  const result = dev_xdp_attach(k, dev, prog, mode, !force);
  if (prog >= 0) progPut(k, prog);
  return result;
}

/// The word on the first line of a device with a program: `xdp ` of ip link, `xdp/id:3 ` of ip address.
export function xdpWord(k: Kernel, dev: NetDevice, link: boolean): string {
  const attached = attachedProg(k, dev);
  if (attached === null) return '';
  return link ? `${attached.mode} ` : `${attached.mode}/id:${attached.prog.id} `;
}

/// The line about the program; null where there is none.
export function xdpLine(k: Kernel, dev: NetDevice, details: boolean): string | null {
  const attached = attachedProg(k, dev);
  if (attached === null) return null;
  const { id, name, tag, loaded_ns, uid, btf_id } = attached.prog;
  const more = details
    ? `load_time ${k.desc.uptime_ns + loaded_ns} created_by_uid ${uid} btf_id ${btf_id} `
    : '';
  return `    prog/xdp id ${id} name ${name} tag ${tag} jited ${more}`;
}

/// The same as JSON.
export function xdpJson(k: Kernel, dev: NetDevice, details: boolean): Json | null {
  const attached = attachedProg(k, dev);
  if (attached === null) return null;
  const mode = attached.mode === 'xdp' ? 1 : 2;
  const prog = progJson(k, attached.prog, details);
  return { mode, prog, attached: [{ mode, prog }] };
}

function progJson(k: Kernel, prog: BpfProg, details: boolean): Json {
  const { id, name, tag, uid, btf_id } = prog;
  const more = details
    ? { load_time: k.desc.uptime_ns + prog.loaded_ns, created_by_uid: uid, btf_id }
    : {};
  return { id, name, tag, jited: 1, ...more };
}
