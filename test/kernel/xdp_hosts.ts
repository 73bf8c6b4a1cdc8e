/// Hosts with XDP programs and AF_XDP sockets for the tests.
import { hosts } from '../../src/hardware/hosts.ts';
import { boot } from '../../src/kernel/boot.ts';
import { advance } from '../../src/kernel/run.ts';
import type { Kernel, NetDevice } from '../../src/kernel/state.ts';
import { dev_xdp_attach, type XdpMode } from '../../src/kernel/xdp/attach.ts';
import { bpf_prog_load, progPut } from '../../src/kernel/xdp/load.ts';
import { mapRows } from '../../src/kernel/xdp/maps.ts';
import type { BpfMap, XdpSock } from '../../src/kernel/xdp/types.ts';
import { xsk_bind, type XskBind } from '../../src/kernel/xdp/xsk.ts';
import { parseProgram } from '../../src/shell/bpftool/source.ts';
import { createSession } from '../../src/shell/shell.ts';
import { typed } from '../../tools/typed.ts';
import { eth0, ms } from './hosts.ts';

/// A host of that profile with one queue, and readers on port 9000.
export function machine(profile: string, queues = 1): Kernel {
  const base = hosts[profile]!;
  const nics = base.nics.map((nic) => ({ ...nic, queues }));
  const app = { comm: 'sink', user: 'alice', port: 9000, cpu: -1, service_ns: 0, rcvbuf: 0 };
  return boot({ ...base, nics, apps: [app] }, 1);
}

/// Loads a program and attaches it; throws when the kernel refuses.
export function attach(k: Kernel, dev: NetDevice, source: string, mode: XdpMode = 'drv'): void {
  const prog = bpf_prog_load(k, parseProgram(source), 0);
  if (typeof prog !== 'number') throw new Error(`${prog.errno}: ${prog.log}`);
  const result = dev_xdp_attach(k, dev, prog, mode, false);
  progPut(k, prog);
  if (!result.ok) throw new Error(`${result.errno} ${result.extack ?? ''}`);
}

/// The errno of the verifier, or 'loaded'.
export function refused(source: string): string {
  const result = bpf_prog_load(machine('virtio'), parseProgram(source), 0);
  return typeof result === 'number' ? 'loaded' : result.errno;
}

export const mapNamed = (k: Kernel, name: string): BpfMap =>
  k.bpf.maps.find((map) => map.name === name)!;

/// What a map of counters has, by key.
export const counted = (k: Kernel, name: string): number[] =>
  mapRows(k, mapNamed(k, name)).map((row) => row.values.reduce((a, b) => a + b, 0));

/// How xdpsock -r -p binds.
export const RXDROP: XskBind = {
  ...{ queue: 0, copy: false, zerocopy: false, need_wakeup: true, polls: true, len: 64 },
  ...{ app: 'rxdrop', comm: 'xdpsock', uid: 0, cpu: 6 },
};

/// A host whose eth0 has an AF_XDP socket with its program; what xdpsock makes. The link is up again.
export function withXsk(profile: string, want: Partial<XskBind>): { k: Kernel; xs: XdpSock } {
  const k = machine(profile);
  const dev = eth0(k);
  const at = xsk_bind(k, dev, { ...RXDROP, ...want });
  if (typeof at !== 'number') throw new Error(at);
  attach(k, dev, 'map xsks xskmap entries 4\nredirect xsks queue else pass');
  if (want.app !== 'txonly') mapNamed(k, 'xsks').values[0] = k.bpf.xsks[at]!.sock;
  for (let i = 0; i < 300 && !dev.carrier; i++) advance(k, k.now + 10 * ms);
  return { k, xs: k.bpf.xsks[at]! };
}

/// Frames of the UMEM, wherever they are: the ring must not lose one.
export function umemFrames(k: Kernel, xs: XdpSock): number {
  const q = k.devs[xs.dev]!.rx[xs.queue]!;
  const pooled = (k.devs[xs.dev]!.xdp?.pools[xs.queue] ?? -1) >= 0;
  const inHand = pooled && k.napis[q.napi]!.stage === 2 ? 1 : 0;
  return xs.fill + xs.count + xs.outstanding + (pooled ? q.ready + q.used + inHand : 0);
}

/// A terminal on a host.
export function terminal(profile: string) {
  const host = { k: boot(hosts[profile]!, 1) };
  const session = createSession(host.k, 'root');
  const say = (line: string) => {
    const got = typed(host, session, line, { columns: null, limit_ns: 60e9 });
    return { out: got.stdout, err: got.stderr, status: got.status };
  };
  return { host, say };
}
