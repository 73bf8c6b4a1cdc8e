/// Queueing disciplines as tc shows them: the root, then under an mq one for each transmit queue, from
/// the last to the first. Nothing is sent, so nothing has passed through them.
/// Left out: statistics that would move.
import { transmitQueues } from '../../kernel/sch_api.ts';
import type { Kernel, NetDevice, Qdisc } from '../../kernel/state.ts';
import type { Json } from '../json_writer.ts';
import { kinds } from './kinds.ts';

export interface QdiscRow {
  readonly qdisc: Qdisc;
  readonly dev: string;
  readonly parent: string; // 8001:1, :1; '': it is the root
  readonly refcnt: number; // 0: not shown
}

/// A handle as tc writes it: 8001:
export function handleText(handle: number): string {
  return `${handle.toString(16)}:`;
}

/// The disciplines of a device, in tc's order.
export function qdiscs(k: Kernel, dev: NetDevice): QdiscRow[] {
  const { qdisc, name } = dev;
  const refcnt = qdisc.kind === 'mq' ? 0 : transmitQueues(k, dev) + 1;
  const root: QdiscRow = { qdisc, dev: name, parent: '', refcnt };
  const { leaf } = qdisc;
  if (!leaf) return [root];
  const queues = dev.rx.length;
  const above = qdisc.handle === 0 ? ':' : handleText(qdisc.handle);
  const children = Array.from({ length: queues }, (_, i): QdiscRow => {
    return { qdisc: leaf, dev: name, parent: above + (queues - i).toString(16), refcnt: 0 };
  });
  return [root, ...children];
}

/// Lines for one discipline. `named` adds the device, `level` the statistics.
export function qdiscLines(row: QdiscRow, named: string, level: number): string[] {
  const { qdisc, parent, refcnt } = row;
  const kind = kinds[qdisc.kind];
  const place = parent ? `parent ${parent} ` : 'root ';
  const lines = [
    `qdisc ${qdisc.kind} ${handleText(qdisc.handle)} ${named}${place}` +
      `${refcnt ? `refcnt ${refcnt} ` : ''}${kind?.text(qdisc.options) ?? ''}`,
  ];
  if (!level) return lines;
  lines.push(' Sent 0 bytes 0 pkt (dropped 0, overlimits 0 requeues 0) ');
  lines.push(' backlog 0b 0p requeues 0');
  return [...lines, ...(kind?.statistics ?? [])];
}

/// The ingress or clsact discipline of a device; nothing waits in it.
export function ingressLines(dev: NetDevice, named: string, level: number): string[] {
  if (dev.ingress === null) return [];
  const { kind, ingress } = dev.ingress;
  // ingress ends in a rule of dashes, as its parameters are printed.
  const head = `qdisc ${kind} ffff: ${named}parent ffff:fff1 ${kind === 'ingress' ? '---------------- ' : ''}`;
  if (!level) return [head];
  return [
    head,
    ` Sent ${ingress.bytes} bytes ${ingress.packets} pkt (dropped ${ingress.drops}, overlimits 0 requeues 0) `,
    ' backlog 0b 0p requeues 0',
  ];
}

export function qdiscJson(row: QdiscRow, named: boolean, level: number): Json {
  const { qdisc, parent, refcnt } = row;
  return {
    kind: qdisc.kind,
    handle: handleText(qdisc.handle),
    ...(named && { dev: row.dev }),
    ...(parent ? { parent } : { root: true }),
    ...(refcnt && { refcnt }),
    options: kinds[qdisc.kind]?.json(qdisc.options) ?? {},
    ...(level && {
      ...{ bytes: 0, packets: 0, drops: 0, overlimits: 0, requeues: 0, backlog: 0, qlen: 0 },
    }),
  };
}
