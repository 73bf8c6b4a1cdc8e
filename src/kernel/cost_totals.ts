/// Totals to hold the costs against: what a packet costs one CPU from the ring to its end, as others have
/// measured it, and as this host measures it on itself when it is flooded. A test keeps the two within a
/// factor of 1.5.
/// Left out: everything that is not in the receive softirq: the hard interrupt, the application.
import { COSTS, type CostName } from './costs.ts';
import { cpuTimes } from './piece.ts';
import { advance } from './run.ts';
import type { Cpu, Kernel, NetDevice } from './state.ts';

export interface CostTotal {
  readonly id: string;
  readonly name: string; // what becomes of the packet
  readonly known_ns: number;
  readonly known: 'published' | 'measured'; // by others, or by us on a real kernel
  readonly source: string;
  /// What a reader types to set it up: 64-byte UDP on one queue of eth0.
  readonly setup: readonly string[];
  readonly steps: readonly CostName[]; // what it passes, in order
}

/// What the flood of every total is.
export const FLOOD = 'traffic start udp --dev eth0 --size 64 --flows 1';

const PAPER = 'XDP paper (CoNEXT 2018)';
const DATA = 'xdp-project/xdp-paper, benchmarks';

const DRIVER: readonly CostName[] = ['igb_clean_rx_irq', 'bpf_prog_run_xdp'];
const TO_IP: readonly CostName[] = [
  'igb_clean_rx_irq',
  'igb_build_skb',
  'napi_gro_receive',
  '__netif_receive_skb_core',
  'deliver_ptype_list_skb',
  'ip_rcv',
  'nf_hook_slow',
];
const TO_INPUT: readonly CostName[] = [...TO_IP, 'ip_route_input_noref', 'ip_local_deliver'];

function xdp(name: string, rules: string): string[] {
  const file = `/root/${name}.xdp`;
  return [
    `printf 'program ${name}\\n${rules}' > ${file}`,
    `ip link set dev eth0 xdp obj ${file} sec xdp`,
  ];
}

export const COST_TOTALS: readonly CostTotal[] = [
  {
    id: 'xdp-drop',
    name: 'dropped by XDP in the driver',
    known_ns: 41.6,
    known: 'published',
    source: `${PAPER}: 24 million a second`,
    setup: [...xdp('drop_all', 'drop\\n'), `${FLOOD} --rate 30M`],
    steps: DRIVER,
  },
  {
    id: 'xdp-tx',
    name: 'sent back by XDP_TX',
    known_ns: 61.6,
    known: 'published',
    source: `${DATA}/bench01_baseline.org: 16,230,538 a second`,
    setup: [...xdp('send_back', 'tx\\n'), `${FLOOD} --rate 25M`],
    steps: [...DRIVER, 'xdp_tx'],
  },
  {
    id: 'xdp-redirect',
    name: 'sent out of eth1 by XDP_REDIRECT',
    known_ns: 115.6,
    known: 'published',
    source: `${DATA}/bench05_xdp_redirect.org: 8,649,872 a second`,
    setup: [
      'ip link set dev eth1 xdp obj /opt/lab/xdp_pass.o sec xdp',
      ...xdp(
        'redirect',
        'map ports devmap entries 1\\nentry ports 0 3\\nredirect ports 0 else drop\\n',
      ),
      `${FLOOD} --rate 15M`,
    ],
    steps: [...DRIVER, 'xdp_do_redirect'],
  },
  {
    id: 'raw-drop',
    name: 'dropped by iptables in raw PREROUTING',
    known_ns: 206.7,
    known: 'published',
    source: `${DATA}/bench01_baseline.org: 4,837,269 a second`,
    setup: [
      'iptables -t raw -I PREROUTING -p udp --dport 9:19 -j DROP',
      `${FLOOD} --port 9 --rate 8M`,
    ],
    steps: [...TO_IP, 'nft_do_chain', 'nft_rule', 'kfree_skb_reason'],
  },
  {
    id: 'input-drop',
    name: 'dropped by iptables in filter INPUT',
    known_ns: 301.2,
    known: 'published',
    source: `${DATA}/bench01_baseline.org: 3,319,718 a second`,
    setup: [
      'iptables -t filter -I INPUT -p udp --dport 9:19 -j DROP',
      `${FLOOD} --port 9 --rate 6M`,
    ],
    steps: [...TO_INPUT, 'nft_do_chain', 'nft_rule', 'kfree_skb_reason'],
  },
  {
    id: 'udp',
    name: 'delivered to a UDP socket',
    known_ns: 538,
    known: 'measured',
    source: 'half of 1.03 to 1.13 us of sending and receive softirq, measured over a veth pair',
    setup: [`${FLOOD} --port 9000 --rate 3M`],
    steps: [
      ...TO_INPUT,
      'ip_protocol_deliver_rcu',
      '__udp4_lib_lookup',
      '__udp_enqueue_schedule_skb',
    ],
  },
  {
    id: 'conntrack-drop',
    name: 'tracked, and dropped in filter INPUT',
    known_ns: 549.6,
    known: 'published',
    source: `${DATA}/bench01_baseline.org: 1,819,409 a second`,
    setup: [
      'iptables -I INPUT -p udp --dport 9:19 -j DROP',
      'iptables -I INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      `${FLOOD} --port 9 --rate 4M`,
    ],
    steps: [
      ...TO_INPUT,
      'nf_conntrack_in',
      'nf_conntrack_find_get',
      'init_conntrack',
      'nft_do_chain',
      'nft_rule',
      'nft_rule',
      'kfree_skb_reason',
    ],
  },
  {
    id: 'forward',
    name: 'forwarded out of eth1',
    known_ns: 574.8,
    known: 'published',
    source: `${DATA}/bench04_fwd.org: 1,739,672 a second by a single route`,
    setup: ['sysctl -w net.ipv4.ip_forward=1', `${FLOOD} --to 10.0.1.1 --rate 4M`],
    steps: [...TO_IP, 'ip_route_input_noref', 'ip_forward', 'dev_queue_xmit'],
  },
];

/// What a total's named steps cost, ns. The rest of what is measured is the poll itself and the softirq around
/// it, shared by the frames of a poll.
export function stepsNs({ steps }: CostTotal): number {
  return steps.reduce((sum, name) => sum + COSTS[name].ns, 0);
}

/// Softirq time of the CPU for each frame that the device's driver takes, ns, ksoftirqd's included, over
/// `window_ns` of the time to come. The host must be flooded, on one queue.
export function softirqPerFrame(k: Kernel, dev: NetDevice, c: Cpu, window_ns: number): number {
  const spent = (): number => {
    const { softirq, kthread } = cpuTimes(k, c);
    return softirq + kthread;
  };
  const taken = (): number => dev.rx.reduce((sum, q) => sum + q.packets, 0);
  const [time, frames] = [spent(), taken()];
  advance(k, k.now + window_ns);
  return (spent() - time) / (taken() - frames);
}
