/// bpftool net: what is attached to devices.
/// Left out: flow dissector and netfilter programs (none are modelled, and none listed), JSON.
import { strerror } from '../../kernel/errno.ts';
import type { Kernel, NetDevice } from '../../kernel/state.ts';
import { attachedProg, dev_xdp_attach, type XdpMode } from '../../kernel/xdp/attach.ts';
import type { Io, Running } from '../command.ts';
import { fail, idOf, notModelled } from './words.ts';
import { wordTable } from '../word_table.ts';

const MODES: Readonly<Record<string, XdpMode>> = wordTable({
  xdp: 'none',
  xdpgeneric: 'skb',
  xdpdrv: 'drv',
  xdpoffload: 'hw',
});

/// `bpftool net show [dev NAME]`.
export function* netShow(io: Io, words: readonly string[]): Running {
  if (io.uid !== 0) return yield* fail(io, "can't query prog: Operation not permitted");
  const [key, name] = words;
  if (key !== undefined && key !== 'dev') return yield* fail(io, `expected 'dev', got: '${key}'?`);
  if (name !== undefined && !io.k.devs.some((dev) => dev.name === name))
    return yield* fail(io, `invalid ifname ${name}`);
  yield* io.out.line('xdp:');
  for (const dev of io.k.devs) {
    const attached = attachedProg(io.k, dev);
    if (!attached || (name !== undefined && dev.name !== name)) continue;
    const mode = attached.mode === 'xdp' ? 'driver' : 'generic';
    yield* io.out.line(`${dev.name}(${dev.ifindex}) ${mode} id ${attached.prog.id}`);
  }
  yield* io.out.line('\ntc:');
  for (const dev of io.k.devs)
    if (name === undefined || dev.name === name)
      for (const line of tcLines(io.k, dev)) yield* io.out.line(line);
  yield* io.out.write('\nflow_dissector:\n\nnetfilter:\n\n');
  return 0;
}

/// The bpf filters of a device, as netlink_dumper.c prints them.
function tcLines(k: Kernel, dev: NetDevice): string[] {
  const sides = dev.ingress === null ? [] : (['ingress', 'egress'] as const);
  return sides.flatMap((side) =>
    dev
      .ingress![side].chains.flatMap((chain) => chain.protos)
      .flatMap((tp) => tp.filters)
      .flatMap(({ match }) =>
        match.kind === 'bpf'
          ? `${dev.name}(${dev.ifindex}) clsact/${side} ${match.name} id ${k.bpf.progs[match.prog]!.id}`
          : [],
      ),
  );
}

/// `bpftool net attach TYPE id N dev NAME [overwrite]`.
export function* netAttach(io: Io, words: readonly string[]): Running {
  const [type = '', handle, id, key, name, last] = words;
  const mode = MODES[type];
  if (mode === undefined) return yield* notModelled(io, `net attach ${type}`);
  const prog = io.k.bpf.progs.findIndex((one) => one.id !== 0 && one.id === idOf(id));
  if (handle !== 'id') return yield* notModelled(io, `net attach ${type} ${handle ?? ''}`);
  if (prog < 0) return yield* fail(io, `get by id (${id}): No such file or directory`);
  if (key !== 'dev' || name === undefined) return yield* fail(io, `expected 'dev'`);
  if (io.k.bpf.progs[prog]!.type !== 'xdp')
    return yield* fail(io, `interface ${type} attach failed: ${strerror('EINVAL')}`);
  return yield* change(io, type, name, prog, mode, last !== 'overwrite', 'attach');
}

/// `bpftool net detach TYPE dev NAME`.
export function* netDetach(io: Io, words: readonly string[]): Running {
  const [type = '', key, name] = words;
  const mode = MODES[type];
  if (mode === undefined) return yield* notModelled(io, `net detach ${type}`);
  if (key !== 'dev' || name === undefined) return yield* fail(io, `expected 'dev'`);
  return yield* change(io, type, name, -1, mode, false, 'detach');
}

function* change(
  io: Io,
  type: string,
  name: string,
  prog: number,
  mode: XdpMode,
  noexist: boolean,
  verb: string,
): Running {
  const dev = io.k.devs.find((one) => one.name === name);
  if (!dev) return yield* fail(io, `invalid interface`);
  const result =
    io.uid === 0
      ? dev_xdp_attach(io.k, dev, prog, mode, noexist)
      : { ok: false as const, errno: 'EPERM' as const };
  if (result.ok) return 0;
  if ('extack' in result && result.extack !== undefined)
    yield* io.err.line(`libbpf: Kernel error message: ${result.extack}`);
  return yield* fail(io, `interface ${type} ${verb} failed: ${strerror(result.errno)}`);
}
