/// A host at the moment its virtual time begins: booted, interfaces up, applications waiting for
/// their first datagram.
/// Left out: boot itself; `uptime_ns` of the description says how long ago it was.
import { addSlot, createAgenda } from '../engine/agenda.ts';
import { stream } from '../engine/random.ts';
import { ethtoolDefaults } from '../hardware/driver.ts';
import { BACKLOG_PATH } from '../hardware/driver_path.ts';
import { bootSysctls } from './boot_defaults.ts';
import { emptyMask } from './cpumask.ts';
import { startUp } from './dev.ts';
import { setUpDisk } from './disk_vectors.ts';
import { pathAt, pathIndex } from './driver_table.ts';
import { bootRoutes } from './fib_frontend.ts';
import { createLinks } from './links.ts';
import { createPacketState } from './packet_types.ts';
import { createFib } from './fib_rules.ts';
import { PIECE, TICK } from './events.ts';
import type { HostDescription, NicDescription } from './host.ts';
import { checkHost } from './host_check.ts';
import { createBpf } from './xdp/types.ts';
import { drawSecrets } from './hash_secrets.ts';
import { assignVector } from './irq.ts';
import { createHw, createMib } from './mib.ts';
import { createNf } from './netfilter/types.ts';
import { createNapi, setUpNic } from './nic.ts';
import { printkAt } from './printk.ts';
import { DROP_REASONS } from './reasons.ts';
import { netdev_rss_key_fill } from './rss.ts';
import { spawn } from './apps.ts';
import { attach_default_qdiscs } from './sch_api.ts';
import { createTask, ksoftirqdPid } from './sched/task.ts';
import { createSkbPool } from './skb.ts';
import type { Cpu, Kernel, NetDevice } from './state.ts';
import { createFlowControl, createHwTstamp } from './wire_state.ts';
import { hotOf, initialSysctls } from './sysctl.ts';

const FIRST_NIC_IRQ_NUMA = 32; // root ports and disks of the recorded two-node machines take 24 to 31
const FIRST_NIC_IRQ = 28;
const FCS = 4;

/// Boots the host. The same description and seed always give the same state. Throws when the
/// description is of no possible host.
export function boot(desc: HostDescription, seed: number): Kernel {
  checkHost(desc);
  const sysctl = { ...initialSysctls(desc), ...bootSysctls(desc.memory_mib, desc.buffer_pages) };
  const k: Kernel = {
    desc,
    seed,
    now: 0,
    agenda: createAgenda(),
    cpus: [],
    irqs: [],
    devs: [],
    napis: [],
    tasks: [],
    socks: [],
    epolls: [],
    sources: [],
    remotes: [],
    skbs: createSkbPool(),
    flows: {
      count: 0,
      free: [],
      family: [],
      proto: [],
      ethertype: [],
      saddr: [],
      daddr: [],
      src: [],
      dst: [],
      sport: [],
      dport: [],
      ttl: [],
      tos: [],
      dev: [],
      rss: [],
      queue: [],
      version: [],
      hash: [],
      flow_label: [],
      hopopts: [],
      dstopts: [],
      variant: [],
      variant_hash: [],
      rss_l4: [],
      ehash: [],
      sock: [],
      rt_key: [],
      rt: [],
      syn: [],
      remote: [],
    },
    fib: createFib(),
    neighs: [],
    frags: { mem: 0, queues: [], slot: -1 },
    frags6: { mem: 0, queues: [], slot: -1 },
    peers: [],
    icmp: { credit: 0, stamp: 0, random: stream(seed, 'icmp'), ipid: 0 },
    net_ratelimit: { begin: -1, printed: 0, missed: 0 },
    sysctl,
    stored: {},
    hot: hotOf(sysctl),
    mib: createMib(),
    ip6_mib: {},
    cookie_last: 0,
    udp_memory_allocated: 0,
    tcp_memory_allocated: 0,
    tcp_memory_pressure: 0,
    tcp_sockets_allocated: 0,
    lhash2: [],
    ehash: new Int32Array(1024).fill(-1),
    udp_table: [],
    raw_table: [],
    reqs: [],
    req_free: -1,
    reuseports: [],
    secrets: drawSecrets(seed),
    udp_encap_needed: 0,
    rps_needed: 0,
    rps_sock_flow_table: null,
    rps_ipis: [],
    resched_ipis: [],
    nf: createNf(),
    bpf: createBpf(),
    packet: createPacketState(),
    tc: { actions: [], indices: {} },
    ledger: {
      offered: 0,
      delivered: 0,
      consumed: 0,
      forwarded: 0,
      drops: new Float64Array(DROP_REASONS.length),
    },
    netstamp_wanted: 0,
    trace: null,
    qdisc_handles: 0,
    config_version: 0,
    dmesg: [],
  };
  bootCpus(k);
  bootDevices(k);
  bootApps(k);
  for (const { before_us, text } of desc.boot_log ?? []) printkAt(k, -1000 * before_us, text);
  return k;
}

function bootCpus(k: Kernel): void {
  for (let id = 0; id < k.desc.cpus; id++) {
    const node = k.desc.numa.findIndex((cpus) => cpus.includes(id));
    const backlog = createNapi(id, -1, id, -1, BACKLOG_PATH, k.hot.dev_rx_weight);
    k.napis.push(backlog);
    const c = createCpu(id, Math.max(0, node), backlog.id);
    c.slot = addSlot(k.agenda, PIECE, id);
    c.tick_slot = addSlot(k.agenda, TICK, id);
    if (k.desc.busier_cpus?.includes(id)) c.vectors = 1;
    k.cpus.push(c);
    k.rps_ipis.push(0);
    k.resched_ipis.push(0);
  }
  for (const c of k.cpus)
    createTask(k, {
      comm: `ksoftirqd/${c.id}`,
      kind: 'ksoftirqd',
      kthread: true,
      uid: 0,
      cpu: c.id,
      pinned: true,
      pid: ksoftirqdPid(c.id),
    });
}

function createCpu(id: number, node: number, backlog: number): Cpu {
  return {
    id,
    node,
    online: true,
    going_down: false,
    poll_list: [],
    in_net_rx_action: false,
    in_napi_threaded_poll: false,
    processed: 0,
    dropped: 0,
    time_squeeze: 0,
    received_rps: 0,
    flow_limit_count: 0,
    flow_limit: null,
    backlog,
    input_head: -1,
    input_tail: -1,
    input_qlen: 0,
    process_head: -1,
    process_tail: -1,
    process_qlen: 0,
    input_queue_head: 0,
    input_queue_tail: 0,
    rps_ipi_list: [],
    tcp_fw_alloc: 0,
    udp_fw_alloc: 0,
    softirq_pending: 0,
    softirqs: new Array<number>(10).fill(0),
    softirq: {
      active: false,
      end: 0,
      max_restart: 0,
      pending: 0,
      entered: false,
      rounds: 0,
      closing: false,
    },
    net_rx: { active: false, budget: 0, time_limit: 0, list: [], repoll: [], napi: -1 },
    mode: 0,
    running: { context: 'idle', step: -1, since: 0 },
    busy_until: 0,
    piece_ns: 0,
    cursor_ns: 0,
    skb: -1,
    current: 0,
    curr: -1,
    last: -1,
    need_resched: false,
    runqueue: [],
    ready: [],
    min_vruntime: 0,
    time: { hardirq: 0, softirq: 0, kthread: 0, process: 0, user: 0, idle: 0 },
    idle_since: 0,
    irqs_handled: 0,
    ticks: 0,
    vectors: 0,
    slot: -1,
    tick_slot: -1,
  };
}

function bootDevices(k: Kernel): void {
  const rssKey = netdev_rss_key_fill(k.seed);
  k.devs.push(createDevice(k, null, []));
  for (const nic of k.desc.nics) k.devs.push(createDevice(k, nic, rssKey.slice(0, 40)));
  let irq = k.desc.numa.length > 1 ? FIRST_NIC_IRQ_NUMA : FIRST_NIC_IRQ;
  k.desc.nics.forEach((nic, i) => {
    irq = setUpNic(k, k.devs[i + 1]!, nic.queues, irq);
  });
  for (const disk of k.desc.disks ?? []) irq = setUpDisk(k, disk, irq);
  k.desc.nics.forEach((nic, i) => {
    for (const queue of nic.boot_tx_queues ?? []) sentWhileBooting(k, i + 1, queue);
  });
  k.desc.nics.forEach((nic, i) => tookWhileBooting(k.devs[i + 1]!, nic.boot_frames ?? []));
  for (const dev of k.devs) {
    startUp(dev);
    attach_default_qdiscs(k, dev);
  }
  bootRoutes(k);
}

// The packets were sent before virtual time 0; what remains of them is that the queue's interrupt has
// moved to a CPU of its hint.
function sentWhileBooting(k: Kernel, dev: number, queue: number): void {
  const vectors = pathAt(k.devs[dev]!.path).vectors(k, k.devs[dev]!);
  const entry = vectors.findIndex((vector) => vector.tx === queue);
  const desc = k.irqs.filter((irq) => irq.dev === dev)[entry];
  if (!desc?.pending) return;
  desc.pending = false;
  assignVector(k, desc);
}

// Frames that came before virtual time 0: only the NIC and its driver remember them.
function tookWhileBooting(dev: NetDevice, lengths: readonly number[]): void {
  for (const len of lengths) {
    dev.hw.rx_packets++;
    dev.hw.rx_bytes += len + FCS;
    dev.rx[0]!.packets++;
    dev.rx[0]!.bytes += len;
  }
}

function createDevice(k: Kernel, nic: NicDescription | null, rssKey: number[]): NetDevice {
  const path = nic ? pathIndex(nic.driver) : -1;
  if (nic && path < 0)
    throw new Error(`${nic.name} has the driver ${nic.driver}, which is not modelled`);
  const defaults = ethtoolDefaults(nic);
  return {
    ifindex: k.devs.length + 1,
    name: nic?.name ?? 'lo',
    driver: nic?.driver ?? '',
    path,
    mac: nic?.mac ?? '00:00:00:00:00:00',
    up: false,
    carrier: false,
    promisc: 0,
    allmulti: 0,
    mtu: nic ? 1500 : 65536,
    txqueuelen: 1000,
    addrs: [nic?.address ?? '127.0.0.1/8'],
    addrs6: [],
    peer: nic?.peer ?? '127.0.0.1',
    speed_mbps: nic?.speed_mbps ?? -1,
    numa_node: nic?.numa_node ?? -1,
    pci: nic?.pci ?? '',
    rx: nic ? [] : [loopbackQueue(k)],
    tx: nic ? [] : [{ packets: 0, bytes: 0, xps_cpus: emptyMask(k.desc.cpus) }],
    fifos: [],
    ...defaults,
    hw: createHw(),
    rss_key: rssKey,
    gro_max_size: 65536,
    gro_ipv4_max_size: 65536,
    threaded: false,
    rx_dropped: 0,
    rx_otherhost_dropped: 0,
    link_down_until: 0,
    carrier_changes: 0,
    qdisc: { kind: 'noqueue', handle: 0, options: {}, leaf: null },
    wire_ps: 0,
    wire_turn: [],
    pauses: [],
    fc: createFlowControl(nic?.partner_pause),
    hwtstamp: createHwTstamp(),
    propagation_ns: 10_000,
    outgoing: [],
    outgoing_ps: 0,
    outgoing_slot: -1,
    rss_version: 0,
    link_slot: -1,
    xdp: null,
    xdp_prog: -1,
    xdp_counts: [],
    links: createLinks(),
    ingress: null,
    ...{ xps_maps: null, traffic_classes: null },
    rx_hooks: 0,
  };
}

// lo has one receive queue in sysfs and no ring.
function loopbackQueue(k: Kernel): NetDevice['rx'][number] {
  return {
    dev: 0,
    index: 0,
    napi: -1,
    slots: new Int32Array(0),
    head: 0,
    tail: 0,
    used: 0,
    ready: 0,
    cleaned: 0,
    packets: 0,
    bytes: 0,
    drops: 0,
    alloc_failed: 0,
    polls: 0,
    arms: 0,
    copied: 0,
    lro_packets: 0,
    lro_bytes: 0,
    interrupts: 0,
    kicks: 0,
    buffers: 0,
    rps_cpus: emptyMask(k.desc.cpus),
    rps_map: [],
    rps_flow_cnt: 0,
    rps_flow_table: null,
    fifo: 0,
    pages: null,
  };
}

function bootApps(k: Kernel): void {
  for (const app of k.desc.apps) {
    const { comm, port, cpu } = app;
    const made = spawn(k, {
      ...app,
      ...{ reads: true, proto: app.proto ?? 'udp', uid: app.user === 'root' ? 0 : 1000 },
      cpu: cpu >= 0 ? cpu : app.cpus === undefined ? k.desc.cpus - 1 : -1,
      pinned: cpu >= 0,
    });
    if (typeof made === 'string') throw new Error(`${comm}, port ${port}: ${made}`);
  }
  k.config_version = 0;
}
