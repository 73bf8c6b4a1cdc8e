/// What the vectors of GRO share: a host with a device that hands in frames, and a record of what
/// becomes of them. It is one of the profiles, because GRO needs a device; nothing else in it runs.
import { hosts } from '../../hardware/hosts.ts';
import { boot } from '../boot.ts';
import { isDue, napi_gro_flush, napi_gro_receive, takeFromRxList } from '../gro.ts';
import { FLAG_GSO, setHead } from '../skb.ts';
import * as skb_flags from '../skb.ts';
import type { Cpu, Kernel, Napi, NetDevice, Skb } from '../state.ts';
import { differs } from './bare_host.ts';

export interface GroCase {
  readonly ip_version: number;
  readonly gro_normal_batch: number;
  readonly gro_max_size: number;
  readonly gro_ipv4_max_size: number;
  readonly ops: readonly (readonly (string | number | null)[])[];
  readonly delivered: readonly unknown[];
  readonly results: readonly string[];
  readonly held_after: readonly number[];
}

export interface GroHost {
  readonly k: Kernel;
  readonly c: Cpu;
  readonly dev: NetDevice;
  readonly n: Napi;
  readonly left: { readonly after_op: number; readonly skb: Skb }[]; // packets that went up
}

/// Boots the host, with the sizes of the case.
export function groHost(test: GroCase): GroHost {
  const k = boot(hosts['igb']!, 1);
  const dev = k.devs[1]!;
  dev.gro_max_size = test.gro_max_size;
  dev.gro_ipv4_max_size = test.gro_ipv4_max_size;
  k.hot.gro_normal_batch = test.gro_normal_batch;
  return { k, c: k.cpus[0]!, dev, n: k.napis[dev.rx[0]!.napi]!, left: [] };
}

/// Runs the operations; `frame` makes the packet of an 'rx'. What differs, or null.
export function runOps(
  host: GroHost,
  test: GroCase,
  frame: (op: GroCase['ops'][number]) => Skb,
  told: (skb: Skb) => Readonly<Record<string, unknown>>,
): string | null {
  const { k, c, n } = host;
  const results: string[] = [];
  const held: number[] = [];
  for (const [i, op] of test.ops.entries()) {
    if (op[0] === 'rx') {
      const skb = frame(op);
      const due = napi_gro_receive(k, c, n, skb);
      results.push(whereIs(host, skb));
      if (due) goUp(host, i);
    } else {
      results.push('-');
      if (op[0] === 'tick') k.now += 1_000_000_000 / k.desc.hz;
      else {
        napi_gro_flush(k, c, n, op[0] === 'flush_old');
        goUp(host, i);
      }
    }
    held.push(n.gro.counts.reduce((sum, count) => sum + count, 0));
  }
  napi_gro_flush(k, c, n, false);
  goUp(host, test.ops.length);
  const delivered = host.left.map(({ after_op, skb }) => ({ after_op, ...told(skb) }));
  return (
    differs('results', results, test.results) ??
    differs('held_after', held, test.held_after) ??
    differs('delivered', delivered, test.delivered)
  );
}

function whereIs({ k, n }: GroHost, skb: Skb): string {
  const has = (head: Skb): boolean => {
    for (let each = head; each >= 0; each = k.skbs.next[each]!) if (each === skb) return true;
    return false;
  };
  if (n.gro.heads.some(has)) return 'HELD';
  return has(n.rx_head) || n.rx_late === skb ? 'NORMAL' : 'MERGED';
}

function goUp({ k, c, n, left }: GroHost, after_op: number): void {
  do
    for (let skb = takeFromRxList(k, c, n); skb >= 0; skb = takeFromRxList(k, c, n))
      left.push({ after_op, skb });
  while (isDue(k, n));
}

/// Where the payload is, as the vectors have it: in the head, or in one fragment.
export function layOut(
  k: Kernel,
  skb: Skb,
  headers: number,
  payload: number,
  layout: unknown,
): void {
  const used = 64 + headers;
  if (layout === 'linear') setHead(k.skbs, skb, 2048 - 320, used + payload, 0, 0);
  else setHead(k.skbs, skb, 1024 - 320, used, payload, payload > 0 ? 4096 : 0);
}

const TYPES = ['TCPV4', 'TCPV6', 'UDP_L4', 'TCP_FIXEDID', 'TCP_ECN'] as const;

/// gso_size and the names of the gso_type bits of a packet.
export function gsoOf(k: Kernel, skb: Skb): { gso_size: number; gso_types: string[] } {
  const merged = (k.skbs.flags[skb]! & FLAG_GSO) !== 0;
  const type = merged ? k.skbs.gso_type[skb]! : 0;
  return {
    gso_size: merged ? k.skbs.gso_size[skb]! : 0,
    gso_types: TYPES.filter((name) => type & skb_flags[`SKB_GSO_${name}`]),
  };
}
