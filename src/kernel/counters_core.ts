/// Counters of the kernel itself: /proc/net/softnet_stat, /proc/interrupts, /proc/softirqs, /proc/stat,
/// sockets.
import { complete, type Counter, type CounterRow } from './counters_entry.ts';

const softnetRows: readonly CounterRow[] = [
  {
    id: 'softnet_stat:processed',
    meaning: 'Packets that went up the stack on this CPU, those of its backlog included.',
    step: 'IN-17',
    moved_by: 'each packet in __netif_receive_skb_core(), and each that process_backlog() takes',
    if_it_grows: 'The CPU receives. With RPS a packet counts on both CPUs.',
    source: 'net/core/dev.c:__netif_receive_skb_core',
  },
  {
    id: 'softnet_stat:dropped',
    meaning: 'Packets refused because the backlog of this CPU was full.',
    step: 'IN-15',
    moved_by: 'enqueue_to_backlog() with netdev_max_backlog packets waiting, or flow limit',
    also_in: 'rx_dropped of the device',
    if_it_grows: 'The CPU that RPS chose is too slow: spread wider, or raise netdev_max_backlog.',
    source: 'net/core/dev.c:enqueue_to_backlog',
  },
  {
    id: 'softnet_stat:time_squeeze',
    meaning: 'Times that a run of the receive softirq stopped with work left over.',
    step: 'IN-08',
    moved_by: 'net_rx_action() at the end of its budget or its time',
    if_it_grows: 'Work is put off, not lost. Look whether the ring overflows meanwhile (IN-03).',
    source: 'net/core/dev.c:net_rx_action',
  },
  {
    id: 'softnet_stat:received_rps',
    meaning: 'Times that this CPU was interrupted by another to work on its backlog.',
    step: 'IN-15',
    moved_by: 'rps_trigger_softirq(), once for each batch of packets that RPS sent here',
    also_in: 'row CAL of /proc/interrupts, with other calls',
    if_it_grows: 'RPS is at work.',
    source: 'net/core/dev.c:rps_trigger_softirq',
  },
  {
    id: 'softnet_stat:flow_limit_count',
    meaning: 'Packets that flow limit refused; counted on the CPU that would have queued them.',
    step: 'IN-15',
    moved_by: 'skb_flow_limit() when a flow owns over half of the last 128 packets',
    also_in: 'dropped of the CPU that was to get them',
    if_it_grows: 'One flow floods a backlog; the others are protected from it.',
    source: 'net/core/dev.c:skb_flow_limit',
  },
  {
    id: 'softnet_stat:backlog_len',
    meaning: 'Packets that wait in the backlog of this CPU now.',
    step: 'IN-15',
    moved_by: 'enqueue_to_backlog() and process_backlog()',
    if_it_grows: 'A gauge: above netdev_max_backlog packets are dropped.',
  },
  {
    id: 'softnet_stat:cpu',
    meaning: 'The number of the CPU, since CPUs that are offline have no row.',
    step: '',
    unit: '',
  },
  {
    id: 'softnet_stat:input_qlen',
    meaning: 'Packets in the part of the backlog that others add to.',
    step: 'IN-15',
    moved_by: 'enqueue_to_backlog()',
  },
  {
    id: 'softnet_stat:process_qlen',
    meaning: 'Packets in the part of the backlog that is being worked on.',
    step: 'IN-16',
    moved_by: 'process_backlog()',
  },
];

const softirqs: readonly (readonly [name: string, meaning: string])[] = [
  ['HI', 'urgent tasklets'],
  ['TIMER', 'timers of the kernel'],
  ['NET_TX', 'finished transmissions and stopped queues'],
  ['NET_RX', 'received packets (net_rx_action)'],
  ['BLOCK', 'finished disk requests'],
  ['IRQ_POLL', 'polled disk controllers'],
  ['TASKLET', 'ordinary tasklets'],
  ['SCHED', 'balancing of tasks between CPUs'],
  ['HRTIMER', 'high-resolution timers'],
  ['RCU', 'callbacks of read-copy-update'],
];

const interruptRows: readonly CounterRow[] = [
  {
    id: 'interrupts:N',
    meaning: 'Interrupts of this device line that the CPU took.',
    step: 'IN-05',
    moved_by:
      'each message of the NIC that reaches a CPU; rows of other devices keep their boot value',
    also_in: 'the intr line of /proc/stat',
    if_it_grows: 'Slower than the packets is good: NAPI polls instead (IN-06).',
    source: 'kernel/irq/proc.c:show_interrupts',
  },
  {
    id: 'interrupts:RES',
    meaning: 'Interrupts that told this CPU to look for a task to run.',
    step: 'IN-34',
    moved_by: 'a wake-up from another CPU, added to the value at boot',
    if_it_grows: 'Readers are woken from other CPUs than their own.',
  },
  {
    id: 'interrupts:CAL',
    meaning: 'Function calls that other CPUs asked of this one.',
    step: 'IN-15',
    moved_by: 'RPS, added to the value at boot; other calls are not modelled',
    also_in: 'received_rps in softnet_stat',
  },
  ...(
    [
      ['LOC', 'Interrupts of the local timer of the CPU.'],
      ['TLB', 'Requests to forget cached page translations.'],
      ['MCP', 'Polls for machine errors.'],
    ] as const
  ).map(([name, meaning]): CounterRow => ({ id: `interrupts:${name}`, meaning, step: '' })),
  ...'NMI SPU PMI IWI RTR TRM THR DFR MCE ERR MIS PIN NPI PIW'
    .split(' ')
    .map((name): CounterRow => ({
      id: `interrupts:${name}`,
      meaning: 'An interrupt of the processor itself, which this host never takes.',
      step: '',
    })),
];

const times: readonly (readonly [name: string, meaning: string, step: Counter['step']])[] = [
  ['user', 'in programs', 'IN-35'],
  ['nice', 'in programs of low priority', ''],
  ['system', 'in the kernel for programs, and in kernel threads such as ksoftirqd', 'IN-35'],
  ['idle', 'with nothing to do', ''],
  ['iowait', 'idle while a disk worked', ''],
  ['irq', 'in hard interrupts', 'IN-05'],
  ['softirq', 'in softirqs outside ksoftirqd', 'IN-07'],
  ['steal', 'taken by the hypervisor', ''],
  ['guest', 'running a guest', ''],
  ['guest_nice', 'running a guest of low priority', ''],
];

const moving = new Set(['user', 'system', 'idle', 'irq', 'softirq']);

const otherRows: readonly CounterRow[] = [
  {
    id: 'stat:intr',
    meaning: 'Interrupts since boot: all together, then for each number.',
    step: 'IN-05',
    moved_by: 'every interrupt',
    source: 'fs/proc/stat.c:show_stat',
  },
  {
    id: 'stat:softirq_total',
    meaning: 'Softirqs since boot.',
    step: 'IN-07',
    moved_by: 'every softirq that ran',
    also_in: '/proc/softirqs',
  },
  {
    id: 'sock:rmem_alloc',
    meaning: 'Memory of the packets in the receive queue of the socket, truesize.',
    step: 'IN-U1',
    unit: 'bytes',
    shown: '/proc/net/udp, rx_queue; ss -uam, r of skmem',
    moved_by: 'each datagram queued or read',
    if_it_grows: 'The reader is slow; at the limit (rb) datagrams are dropped.',
    source: 'net/ipv4/udp.c:__udp_enqueue_schedule_skb',
  },
  {
    id: 'sock:drops',
    meaning: 'Datagrams that this socket could not take.',
    step: 'IN-U1',
    unit: 'datagrams',
    shown: '/proc/net/udp, last column; ss -uam, d of skmem',
    moved_by: 'a full receive buffer, or no memory for UDP',
    also_in: 'UdpRcvbufErrors and UdpMemErrors, for all sockets together',
    if_it_grows: 'The reader is too slow or its buffer too small for bursts.',
    source: 'net/ipv4/udp.c:__udp_queue_rcv_skb',
  },
  {
    id: 'sockstat:udp_mem',
    meaning: 'Memory that all UDP sockets have reserved.',
    step: 'IN-U1',
    unit: 'pages of 4096 bytes',
    shown: '/proc/net/sockstat, UDP mem',
    moved_by: '__sk_mem_raise_allocated() and its counterpart',
    if_it_grows: 'Compare with net.ipv4.udp_mem.',
    source: 'net/ipv4/proc.c:sockstat_seq_show',
  },
  {
    id: 'task:runtime',
    meaning: 'Time that the task has spent on a CPU.',
    step: 'IN-35',
    unit: 'ms',
    shown: '/proc/PID/sched',
    moved_by: 'the scheduler',
  },
];

const groups = {
  softnet: {
    shown: '/proc/net/softnet_stat',
    unit: 'packets',
    source: 'net/core/net-procfs.c:softnet_seq_show',
  },
  interrupts: {
    shown: '/proc/interrupts',
    unit: 'interrupts',
    source: 'arch/x86/kernel/irq.c:arch_show_interrupts',
  },
  softirqs: { shown: '/proc/softirqs', unit: 'runs', source: 'kernel/softirq.c:handle_softirqs' },
  stat: { shown: '/proc/stat', unit: '10 ms', source: 'fs/proc/stat.c:show_stat' },
} as const;

export const coreCounters: readonly Counter[] = [
  ...softnetRows.map((row) => complete(row, groups.softnet)),
  ...interruptRows.map((row) => complete(row, groups.interrupts)),
  ...softirqs.map(([name, what]) =>
    complete(
      {
        id: `softirqs:${name}`,
        meaning: `Times that the CPU ran the softirq for ${what}.`,
        step: name === 'NET_RX' ? 'IN-07' : '',
        moved_by: name === 'NET_RX' ? 'each run of net_rx_action()' : '',
      },
      groups.softirqs,
    ),
  ),
  ...times.map(([name, what, step]) =>
    complete(
      {
        id: `stat:${name}`,
        meaning: `Time of the CPU ${what}, since boot.`,
        step,
        moved_by: moving.has(name) ? 'the work of the CPU' : '',
      },
      groups.stat,
    ),
  ),
  ...otherRows.map((row) => complete(row, { ...groups.stat, unit: 'events' })),
];
