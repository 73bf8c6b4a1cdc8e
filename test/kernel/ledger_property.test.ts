/// Random hosts, settings and traffic, set up by typed commands: no packet is ever lost from the ledger, and
/// stepping through the events ends in the same state as running through them.
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { digest } from '../../src/engine/digest.ts';
import { hosts } from '../../src/hardware/hosts.ts';
import type { HostDescription } from '../../src/kernel/host.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { advance, nextTime, stepEvent } from '../../src/kernel/run.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { ms } from './hosts.ts';
import { sitDown, tryLine, type Typist } from './typist.ts';

const EVENTS = 2500;

/// So many runs, or as many as the time allows.
const box = (limit_ms: number) => ({
  numRuns: 40,
  interruptAfterTimeLimit: limit_ms,
  markInterruptAsFailure: false,
});
const QUEUES = '/sys/class/net/eth0/queues/rx-*';

const xdp = (mode: string, rules: string): string =>
  `printf 'program any\\nmap count array entries 1\\n${rules}\\n' > /tmp/any.xdp; ` +
  `ip -force link set dev eth0 ${mode} obj /tmp/any.xdp sec xdp`;
const nft = (rules: string): string =>
  `nft 'add table ip t; add chain ip t c { type filter hook prerouting priority raw; }; ${rules}'`;

/// What may be typed before the traffic, or in the midst of it; a host may refuse some of it.
const SETTINGS = [
  'ethtool -G eth0 rx 64',
  'ethtool -G eth0 rx 1024',
  'ethtool -L eth0 combined 1',
  'ethtool -L eth0 combined 2',
  'ethtool -C eth0 rx-usecs 0',
  'ethtool -C eth0 rx-usecs 200',
  'ethtool -K eth0 gro off',
  'ethtool -K eth0 rx-gro-list on',
  'ethtool -K eth0 rx-udp-gro-forwarding on',
  'ethtool -K eth0 lro on',
  'ethtool -K eth0 rx-all on',
  'ethtool -N eth0 rx-flow-hash udp4 sdfn',
  'ip link set dev eth0 promisc on',
  'ip link set dev eth0 down; ip link set dev eth0 up',
  'ip link set dev eth0 mtu 600',
  `for q in ${QUEUES}; do echo 3 > $q/rps_cpus; done`,
  `for q in ${QUEUES}; do echo 1 > $q/rps_cpus; done`,
  `for q in ${QUEUES}; do echo 2048 > $q/rps_flow_cnt; done`,
  'sysctl -qw net.core.rps_sock_flow_entries=4096',
  'sysctl -qw net.core.flow_limit_cpu_bitmap=3',
  'sysctl -qw net.core.netdev_budget=16',
  'sysctl -qw net.core.netdev_max_backlog=10',
  'sysctl -qw net.core.dev_weight=8 net.core.gro_normal_batch=1',
  'sysctl -qw net.ipv4.ip_forward=1',
  'sysctl -qw net.ipv4.tcp_syncookies=0 net.ipv4.tcp_max_syn_backlog=4',
  'sysctl -qw net.ipv4.tcp_syncookies=2',
  'sysctl -qw "net.ipv4.udp_mem=4 8 12"',
  'sysctl -qw "net.ipv4.tcp_mem=4 8 12"',
  'sysctl -qw net.core.busy_read=50 net.core.busy_poll=50',
  'sysctl -qw net.netfilter.nf_conntrack_max=10',
  'echo 1 > /sys/class/net/eth0/threaded',
  'echo 0 > /sys/class/net/eth0/threaded',
  'echo 2 > /sys/class/net/eth0/napi_defer_hard_irqs; echo 50000 > /sys/class/net/eth0/gro_flush_timeout',
  'echo 0 > /sys/devices/system/cpu/cpu1/online',
  'echo 1 > /sys/devices/system/cpu/cpu1/online',
  xdp('xdp', 'if proto udp count count 0 drop\\npass'),
  xdp('xdpgeneric', 'if proto udp and len 200-2000 drop\\npass'),
  xdp('xdp', 'if dport 9001 tx\\npass'),
  xdp('xdpgeneric', 'if dport 9001 tx\\npass'),
  'ip -force link set dev eth0 xdp off',
  'iptables -t raw -I PREROUTING -p udp --dport 9001 -j DROP',
  'iptables -I INPUT -m conntrack --ctstate INVALID -j DROP',
  'iptables -I INPUT -p udp --dport 9000 -j REJECT',
  'iptables -F; iptables -t raw -F',
  nft('add rule ip t c udp dport 9000 limit rate 1000/second accept'),
  nft('add rule ip t c ct state new counter'),
  'nft flush ruleset',
  'ip link add link eth0 name eth0.10 type vlan id 10; ip link set dev eth0.10 up',
  'tc qdisc add dev eth0 ingress; tc filter add dev eth0 ingress protocol ip prio 1 u32 match ip dport 9001 0xffff action drop',
  'ip link add br0 type bridge; ip link set dev br0 up; ip link set dev eth0 master br0',
  'ip link add link eth0 name mv0 type macvlan; ip link set dev mv0 up',
  'tcpdump -ni eth0 -c 20 &',
  'udpsink 9001 service 3000 rcvbuf 5000 &',
  'udpsink 9000 reuseport noread &',
  'tcpsink 8080 2 &',
  'tcpsink 8080 1 noaccept &',
  'udpsink 9002 stamps 3 &',
  'hwstamp_ctl -i eth0 -r 1 >/dev/null',
  'sysctl -qw net.core.netdev_tstamp_prequeue=0',
  'sysctl -qw net.ipv6.conf.all.forwarding=1',
  'traffic link --pause obeys; ethtool -A eth0 rx on tx on',
  'traffic pause --quanta 2000',
  'ethtool -K eth0 ntuple on; ethtool -N eth0 flow-type udp4 dst-port 9000 action 0',
  'ethtool -K eth0 ntuple on; ethtool -N eth0 flow-type udp4 dst-port 9001 action -1',
  'ethtool -K eth0 rx-vlan-filter off',
  'iptables -I OUTPUT -j DROP',
  'iptables -t nat -A POSTROUTING -j MASQUERADE',
  'iptables -t nat -A PREROUTING -p udp --dport 9001 -j REDIRECT --to-ports 9000',
  'ip6tables -I INPUT -p tcp -j REJECT',
  'kill %1',
  'traffic stop all',
  'traffic reader --port 9000 --service 20us',
];

const udp = fc
  .record({
    rate: fc.constantFrom('3k', '200k', '1M', '3M'),
    size: fc.constantFrom(64, 200, 1518, 4000),
    flows: fc.constantFrom(1, 5, 40),
    pattern: fc.constantFrom('constant', 'poisson', 'burst', 'pareto'),
    port: fc.constantFrom(9000, 9000, 9001, 9),
    more: fc.constantFrom(
      ...['', '', '--bad-fcs 10%', '--bad-csum 10%', '--foreign 20%', '--vlan 10', '--mtu 576'],
      ...['--bad-ip 20% --bad-header options', '--bad-ip 20% --bad-header checksum', '--ip 6'],
      ...['--ip 6 --hop-by-hop 5,30', '--ip 6 --dest-options pad', '--ip 6 --mtu 1280'],
      ...['--to 10.0.0.255', '--to 224.0.0.1', '--to 192.0.2.1', '--ttl 1', '--train 8'],
    ),
  })
  .map(({ rate, size, flows, pattern, port, more }) => {
    const bytes = more.startsWith('--ip 6') ? Math.min(size, 1400) : size;
    return `traffic start udp --rate ${rate} --size ${bytes} --flows ${flows} --pattern ${pattern} --every 100us --burst 40 --port ${port} ${more}`;
  });
const traffic = fc.oneof(
  { weight: 4, arbitrary: udp },
  fc.constantFrom(
    'traffic start icmp --rate 20k',
    'traffic start icmp --rate 5k --size 3000 --mtu 576',
    'traffic start arp --rate 20k',
    'tcpsink 8080 16 & traffic start tcp --port 8080 --connections 3',
    'tcpsink 8080 4 & traffic start clients --port 8080 --rate 5k --count 40 --bytes 3000',
    'traffic start syn --port 8080 --rate 100k --sources 64',
    'tcpsink 8080 16 accept :: & traffic start tcp --ip 6 --port 8080 --connections 3',
    'tcpsink 8080 4 accept :: & traffic start clients --ip 6 --port 8080 --rate 5k --count 40 --bytes 3000',
    'tcpsink 8080 8 accept :: & traffic start syn --ip 6 --port 8080 --rate 100k --sources 64',
  ),
);

const scene = fc.record({
  profile: fc.constantFrom(...Object.keys(hosts)),
  service_ns: fc.constantFrom(0, 2000, 100_000),
  seed: fc.nat(1000),
  before: fc.array(fc.constantFrom(...SETTINGS), { maxLength: 6 }),
  traffic: fc.array(traffic, { minLength: 1, maxLength: 3 }),
  moves: fc.array(fc.record({ after_us: fc.nat(400), line: fc.constantFrom(...SETTINGS) }), {
    maxLength: 4,
  }),
});
type Scene = typeof scene extends fc.Arbitrary<infer T> ? T : never;

/// The host when the traffic has just begun, after long enough for a reset link to be back.
function start(s: Scene): Typist {
  const desc: HostDescription = {
    ...hosts[s.profile]!,
    apps: [
      { comm: 'sink', user: 'alice', port: 9000, cpu: -1, service_ns: s.service_ns, rcvbuf: 0 },
    ],
  };
  const typist = sitDown(desc, s.seed);
  for (const line of s.before) tryLine(typist, line);
  const { k } = typist.host;
  advance(k, k.now + 4000 * ms);
  for (const line of s.traffic) tryLine(typist, line);
  return typist;
}

/// Plays the scene to its end; `go` brings the host to a time.
function play(s: Scene, go: (k: Kernel, until_ns: number) => void): Kernel {
  const typist = start(s);
  const { host } = typist;
  for (const { after_us, line } of s.moves) {
    go(host.k, host.k.now + after_us * 1000);
    tryLine(typist, line);
  }
  go(host.k, host.k.now + ms);
  return host.k;
}

function step(k: Kernel, until_ns: number, look: (k: Kernel) => void): void {
  for (let n = 0; nextTime(k) <= until_ns; n++) {
    stepEvent(k);
    if (n < EVENTS) look(k);
  }
  advance(k, until_ns);
  look(k);
}

describe('any host, with any settings, under any traffic', () => {
  it('accounts for every packet at every event', () => {
    fc.assert(
      fc.property(scene, (s) => void play(s, (k, until_ns) => step(k, until_ns, checkLedger))),
      box(8000),
    );
  });

  it('ends in the same state event by event as in one go', () => {
    fc.assert(
      fc.property(scene, (s) => {
        const stepped = digest(play(s, (k, until_ns) => step(k, until_ns, () => undefined)));
        const whole = digest(play(s, advance));
        if (stepped !== whole) throw new Error(`${stepped} event by event, ${whole} in one go`);
      }),
      box(5000),
    );
  });

  it('leaves no CPU idle with work to do', () => {
    fc.assert(
      fc.property(scene, (s) => {
        const k = play(s, (host, until_ns) => step(host, until_ns, noIdleWork));
        noIdleWork(k);
      }),
      box(4000),
    );
  });
});

function noIdleWork(k: Kernel): void {
  for (const c of k.cpus)
    if (c.online && c.mode === 0 && (c.ready.length > 0 || c.softirq_pending !== 0))
      throw new Error(
        `at ${k.now} ns CPU ${c.id} idles with tasks ${c.ready.join()} and softirqs ${c.softirq_pending}`,
      );
}
