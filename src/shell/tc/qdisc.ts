/// Queueing disciplines as the boot leaves them: noqueue on lo, else fq_codel, under mq where a
/// device has several transmit queues. Nothing is sent, so nothing has passed through them.
/// Left out: every other discipline, changes, statistics that would move.
import type { Kernel, NetDevice } from '../../kernel/state.ts';
import { rootQdisc, txQueues } from '../ip/link_record.ts';
import type { Json } from '../json_writer.ts';

export interface Qdisc {
  readonly kind: 'noqueue' | 'mq' | 'fq_codel';
  readonly dev: string;
  readonly parent: number; // transmit queue, from 1, under an mq; 0: it is the root
  readonly refcnt: number; // 0: not shown
}

/// The disciplines of a device: the root, then the queues from the last to the first.
export function qdiscs(k: Kernel, dev: NetDevice): Qdisc[] {
  const kind = rootQdisc(k, dev);
  const refcnt = kind === 'mq' ? 0 : 2;
  const root: Qdisc = { kind, dev: dev.name, parent: 0, refcnt };
  if (kind !== 'mq') return [root];
  const queues = dev.rx.length;
  const children = Array.from({ length: queues }, (_, i): Qdisc => {
    return { kind: 'fq_codel', dev: dev.name, parent: queues - i, refcnt: 0 };
  });
  return txQueues(k, dev) ? [root, ...children] : [root];
}

const FQ_CODEL =
  'limit 10240p flows 1024 quantum 1514 target 5ms interval 100ms memory_limit 32Mb ecn drop_batch 64 ';

/// Lines for one discipline. `named` adds the device, `level` the statistics.
export function qdiscLines(qdisc: Qdisc, named: string, level: number): string[] {
  const { kind, parent, refcnt } = qdisc;
  const place = parent ? `parent :${parent} ` : 'root ';
  const lines = [
    `qdisc ${kind} 0: ${named}${place}${refcnt ? `refcnt ${refcnt} ` : ''}` +
      (kind === 'fq_codel' ? FQ_CODEL : ''),
  ];
  if (!level) return lines;
  lines.push(' Sent 0 bytes 0 pkt (dropped 0, overlimits 0 requeues 0) ');
  lines.push(' backlog 0b 0p requeues 0');
  if (kind === 'fq_codel')
    lines.push(
      '  maxpacket 0 drop_overlimit 0 new_flow_count 0 ecn_mark 0',
      '  new_flows_len 0 old_flows_len 0',
    );
  return lines;
}

export function qdiscJson(qdisc: Qdisc, named: boolean, level: number): Json {
  const { kind, parent, refcnt } = qdisc;
  const options =
    kind === 'fq_codel'
      ? {
          ...{ limit: 10240, flows: 1024, quantum: 1514, target: 4999, interval: 99999 },
          ...{ memory_limit: 33554432, ecn: true, drop_batch: 64 },
        }
      : {};
  return {
    kind,
    handle: '0:',
    ...(named && { dev: qdisc.dev }),
    ...(parent ? { parent: `:${parent}` } : { root: true }),
    ...(refcnt && { refcnt }),
    options,
    ...(level && {
      ...{ bytes: 0, packets: 0, drops: 0, overlimits: 0, requeues: 0, backlog: 0, qlen: 0 },
    }),
  };
}
