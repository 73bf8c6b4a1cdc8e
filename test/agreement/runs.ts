/// Runs that every JavaScript engine must end in the same state: each a host, the command lines that set
/// it up, and how long it then goes on. Between them they use all mechanisms of the receive side.
import { digest } from '../../src/engine/digest.ts';
import { hosts } from '../../src/hardware/hosts.ts';
import { boot } from '../../src/kernel/boot.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { advance } from '../../src/kernel/run.ts';
import { createSession } from '../../src/shell/shell.ts';
import { typed } from '../../tools/typed.ts';

interface AgreementRun {
  readonly name: string;
  readonly host: string;
  readonly seed: number;
  readonly lines: readonly string[];
  readonly ms: number;
}

const flood = 'traffic start udp --rate 400k --flows 64';

export const agreementRuns: readonly AgreementRun[] = [
  { name: 'a flood on igb', host: 'alder', seed: 1, lines: [flood], ms: 8 },
  {
    name: 'random arrivals, RPS and RFS',
    host: 'alder',
    seed: 2,
    lines: [
      'for q in /sys/class/net/eth0/queues/rx-*; do echo ff > $q/rps_cpus; done',
      'sysctl -qw net.core.rps_sock_flow_entries=4096 net.core.netdev_budget=100',
      'traffic start udp --rate 300k --flows 40 --pattern poisson',
      'traffic start udp --rate 100k --flows 7 --pattern pareto --every 1ms',
    ],
    ms: 8,
  },
  {
    name: 'TCP through GRO to a listener',
    host: 'virtio',
    seed: 3,
    lines: ['tcpsink 8080 128 &', 'traffic start tcp --connections 4 --port 8080 --rate 40k'],
    ms: 20,
  },
  {
    name: 'a SYN flood',
    host: 'virtio',
    seed: 4,
    lines: ['tcpsink 8080 16 noaccept &', 'traffic start syn --rate 50k --sources 200 --port 8080'],
    ms: 20,
  },
  {
    name: 'rules, limits and connection tracking',
    host: 'alder',
    seed: 5,
    lines: [
      'nft add table inet f',
      "nft add chain inet f in '{ type filter hook input priority 0; policy accept; }'",
      'nft add rule inet f in udp dport 9000 limit rate 20000/second burst 50 packets counter accept',
      'nft add rule inet f in ct state new counter',
      'nft add rule inet f in udp dport 9000 counter drop',
      flood,
    ],
    ms: 8,
  },
  {
    name: 'TCP over IPv6 on pages of a pool',
    host: 'mlx5',
    seed: 6,
    lines: [
      'tcpsink 8080 64 accept :: &',
      'ip6tables -A INPUT -m conntrack --ctstate INVALID -j DROP',
      'traffic start tcp --ip 6 --connections 3 --port 8080 --rate 100k',
      'traffic start clients --ip 6 --port 8080 --rate 5k --count 40 --bytes 3000',
    ],
    ms: 12,
  },
  {
    name: 'a wire that is paused, rules of the NIC, zero-copy AF_XDP, time stamps',
    host: 'ixgbe',
    seed: 7,
    lines: [
      'ethtool -K eth0 ntuple on',
      'while [ $(cat /sys/class/net/eth0/carrier) = 0 ]; do sleep 0.1; done',
      'ethtool -N eth0 flow-type udp4 dst-port 9001 action 2',
      'udpsink 9000 stamps 3 >/dev/null & xdpsock -r -i eth0 -q 2 -z -p -n 1 >/dev/null & sleep 0.9; ' +
        'traffic start udp --rate 3M --flows 1 --for 6ms; ' +
        'traffic start udp --rate 1M --flows 4 --port 9001 --for 6ms',
    ],
    ms: 6,
  },
];

/// The digest of each run's end, by name. Throws when a command fails or a packet is missing.
export function digests(): Record<string, string> {
  return Object.fromEntries(agreementRuns.map((one) => [one.name, digestOf(one)]));
}

function digestOf({ name, host: profile, seed, lines, ms }: AgreementRun): string {
  const host = { k: boot(hosts[profile]!, seed) };
  const session = createSession(host.k, 'root');
  for (const line of lines) {
    const { status, stderr } = typed(host, session, line, { columns: null, limit_ns: 1e9 });
    if (status !== 0) throw new Error(`${name}: ${line}: exit ${status}: ${stderr}`);
  }
  advance(host.k, host.k.now + ms * 1_000_000);
  checkLedger(host.k);
  if (host.k.ledger.offered < 100) throw new Error(`${name}: only ${host.k.ledger.offered} frames`);
  return digest(host.k);
}
