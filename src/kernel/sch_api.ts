/// Queueing disciplines as they are configured: which one is at a device's root, and its settings.
/// Stands for tc_modify_qdisc() and tc_get_qdisc() (net/sched/sch_api.c) and attach_default_qdiscs()
/// (net/sched/sch_generic.c). The host sends nothing, so none of them has a packet to queue yet.
/// Left out: disciplines below the root other than mq's own, classes, filters, ingress, and every
/// discipline that is not in QDISC_DEFAULTS.
import { done, fails, type Result } from './errno.ts';
import type { Kernel, NetDevice, Qdisc } from './state.ts';

export type QdiscOptions = Readonly<Record<string, number | boolean>>;

const ETH_HLEN = 14;
const FIRST_AUTO_HANDLE = 0x8001;

/// Frame length that disciplines reckon with. include/net/pkt_sched.h:psched_mtu()
function psched_mtu(dev: NetDevice): number {
  return dev.mtu + ETH_HLEN;
}

/// The settings of a fresh discipline, by its name. Sizes in bytes, times in us, rates in bit/s.
export const QDISC_DEFAULTS: Readonly<Record<string, (dev: NetDevice) => QdiscOptions>> = {
  noqueue: () => ({}),
  mq: () => ({}),
  pfifo_fast: () => ({}),
  pfifo: (dev) => ({ limit: dev.txqueuelen || 1 }),
  bfifo: (dev) => ({ limit: (dev.txqueuelen || 1) * psched_mtu(dev) }),
  fq: (dev) => ({
    ...{ limit: 10_000, flow_limit: 100, buckets: 1024, maxrate: 0 },
    ...{ quantum: 2 * psched_mtu(dev), initial_quantum: 10 * psched_mtu(dev) },
  }),
  fq_codel: (dev) => ({
    ...{ limit: 10_240, flows: 1024, quantum: psched_mtu(dev), target: 4999, interval: 99_999 },
    ...{ memory_limit: 32 << 20, ecn: true, drop_batch: 64 },
  }),
};

export interface QdiscRequest {
  readonly create: boolean; // NLM_F_CREATE
  readonly exclusive: boolean; // NLM_F_EXCL
  readonly replace: boolean; // NLM_F_REPLACE
  readonly handle: number; // major number; 0: none given
  readonly kind: string; // '': none given
  readonly options: QdiscOptions;
}

/// Adds, replaces or changes the discipline at the root. net/sched/sch_api.c:tc_modify_qdisc()
export function tc_modify_qdisc(k: Kernel, dev: NetDevice, request: QdiscRequest): Result {
  const root = dev.qdisc.handle === 0 ? null : dev.qdisc; // a default one counts as none
  const { handle, kind } = request;
  if (handle !== 0 && root?.handle !== handle) {
    if (root && !request.replace) return fails('EEXIST', 'NLM_F_REPLACE needed to override');
    return qdisc_create(k, dev, request);
  }
  if (!root) return qdisc_create(k, dev, request);
  const other = kind !== '' && kind !== root.kind;
  const { create, replace, exclusive } = request;
  if (handle === 0 && other && (create ? replace || exclusive : !replace && !exclusive))
    return qdisc_create(k, dev, { ...request, create: true });
  if (exclusive) return fails('EEXIST', 'Exclusivity flag on, cannot modify');
  if (other) return fails('EINVAL', 'Invalid qdisc name');
  return qdisc_change(k, root, request.options);
}

function qdisc_create(k: Kernel, dev: NetDevice, request: QdiscRequest): Result {
  if (!request.create)
    return fails('ENOENT', 'Qdisc not found. To create specify NLM_F_CREATE flag');
  const defaults = QDISC_DEFAULTS[request.kind];
  if (!defaults) return fails('ENOENT', 'Specified qdisc kind is unknown');
  const handle = request.handle || qdisc_alloc_handle(k);
  dev.qdisc = withLeaves(k, dev, {
    kind: request.kind,
    handle,
    options: { ...defaults(dev), ...request.options },
    leaf: null,
  });
  k.config_version++;
  return done;
}

// One counter for all devices: 8001: 8002: ...
function qdisc_alloc_handle(k: Kernel): number {
  k.qdisc_handles++;
  return FIRST_AUTO_HANDLE + ((k.qdisc_handles - 1) % 0x7ffe);
}

function qdisc_change(k: Kernel, root: Qdisc, options: QdiscOptions): Result {
  const names = Object.keys(options);
  if (names.length === 0) return done;
  if (Object.keys(root.options).length === 0)
    return fails('EINVAL', 'Change operation not supported by specified qdisc');
  // fq_codel's table of flows is made once.
  if (root.kind === 'fq_codel' && names.includes('flows')) return fails('EINVAL');
  root.options = { ...root.options, ...options };
  k.config_version++;
  return done;
}

/// Deletes the discipline at the root: the default one takes its place. `kind` and `handle` are what
/// the request names, '' and 0 for nothing. net/sched/sch_api.c:tc_get_qdisc()
export function tc_get_qdisc(k: Kernel, dev: NetDevice, kind: string, handle: number): Result {
  const root = dev.qdisc;
  if (handle !== 0 && root.handle !== handle) return fails('EINVAL', 'Invalid handle');
  if (kind !== '' && kind !== root.kind) return fails('EINVAL', 'Invalid qdisc name');
  if (root.handle === 0) return fails('ENOENT', 'Cannot delete qdisc with handle of zero');
  attach_default_qdiscs(k, dev);
  k.config_version++;
  return done;
}

/// Gives a device the discipline that it has when nobody chose one: noqueue on lo, else
/// net.core.default_qdisc, under mq where there are several transmit queues.
/// net/sched/sch_generic.c:attach_default_qdiscs()
export function attach_default_qdiscs(k: Kernel, dev: NetDevice): void {
  const kind = dev.path < 0 ? 'noqueue' : transmitQueues(k, dev) > 1 ? 'mq' : defaultKind(k);
  const options = { ...QDISC_DEFAULTS[kind]?.(dev) };
  dev.qdisc = withLeaves(k, dev, { kind, handle: 0, options, leaf: null });
}

/// mq has a default discipline for each transmit queue, all alike.
function withLeaves(k: Kernel, dev: NetDevice, root: Qdisc): Qdisc {
  if (root.kind !== 'mq') return root;
  const kind = defaultKind(k);
  const options = { ...QDISC_DEFAULTS[kind]?.(dev) };
  return { ...root, leaf: { kind, handle: 0, options, leaf: null } };
}

function defaultKind(k: Kernel): string {
  return k.sysctl['net.core.default_qdisc'] ?? 'fq_codel';
}

/// Transmit queues that the device was made with (numtxqueues).
export function transmitQueues(k: Kernel, dev: NetDevice): number {
  return k.desc.nics[k.devs.indexOf(dev) - 1]?.queues ?? 1;
}
