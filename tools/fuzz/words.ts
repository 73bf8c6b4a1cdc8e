/// What random command lines and share links are made of.
import type { Stream } from '../../src/engine/random.ts';
import { integer } from '../../src/engine/random.ts';
import { commands } from '../../src/shell/commands/index.ts';

// Every command there is, and what is no command but does something.
const COMMANDS = [
  ...commands.keys(),
  ...'help history cd [ export unset local declare eval source type nosuch'.split(' '),
];
const OPTIONS =
  '-a -i -g -G -c -C -S -l -L -k -K -x -X -n -N -s -d -h -w -q -v -e -f -r -1 -A2 --help --json --version -z -n5 -- -j -p -u -m'.split(
    ' ',
  );
const WORDS =
  'eth0 eth1 lo eth9 rx tx 256 4096 0 -1 99999999999999999999 1e9 on off combined rx-usecs adaptive-rx link show set dev up down promisc mtu addr net.core.netdev_budget net.core.rmem_max net.ipv4.tcp_rmem /proc/net/softnet_stat /proc/interrupts /proc/sys/net/core/netdev_budget /sys/class/net/eth0/queues/rx-0/rps_cpus /sys/class/net/eth0 /proc/irq/33/smp_affinity /tmp/x /dev/null start stop udp --rate 1M --flows 4 --size 64 --for 1ms ff f,ff 0-3 a b c . .. ~ * ? [a-z] [[:foo:]] [[.] 10.0.0.1 fe80::1 [::1]:80 224.0.0.1 tcp udp4 icmp add del list table ip6 nat chain filter input rule ruleset -A -I INPUT -t -j DROP ACCEPT MASQUERADE -p --dport 9000 xdp obj sec qdisc ingress clsact flower action drop mirred flow-type dst-port ntuple prog map dump name route rule neigh bridge vlan 8080 accept :: noread stamps --ip --connections clients syn tcp_bbr x=1 $x ${x:-y} ${x#*} $((1+2)) $((1/0)) $(echo hi) `pwd` "a b" \'c d\' \\ é 日本 \u0000'.split(
    ' ',
  );
const JOINS = [
  ' | ',
  ' || ',
  ' && ',
  '; ',
  ' > /tmp/x ',
  ' >> /tmp/x ',
  ' < /proc/net/dev ',
  ' 2>&1 ',
  ' & ',
  '\n',
  ' | head -3 | ',
  ' > /proc/sys/net/core/netdev_budget ',
];
const WRAPS = [
  (s: string) => `for i in 1 2 3; do ${s}; done`,
  (s: string) => `while true; do ${s}; done`,
  (s: string) => `if ${s}; then echo y; fi`,
  (s: string) => `(${s})`,
  (s: string) => `{ ${s}; }`,
  (s: string) => `f() { ${s}; }; f`,
  (s: string) => `x=$(${s}); echo "$x"`,
  (s: string) => `case x in x) ${s};; esac`,
  (s: string) => `cat <<E\n${s}\nE`,
  (s: string) => `watch -n 0.1 '${s}'`,
];
const CHARS = '\'"`$(){}[]<>|&;*?!#~\\ \t\nabc019=-+/%^:,.@';

function pick<T>(random: Stream, from: readonly T[]): T {
  return from[integer(random, from.length)]!;
}

/// A line that is mostly grammatical, sometimes plain noise.
export function randomLine(random: Stream): string {
  if (integer(random, 8) === 0) return noise(random, 60);
  let line = simple(random);
  for (let more = integer(random, 3); more > 0; more--)
    line += pick(random, JOINS) + simple(random);
  if (integer(random, 5) === 0) line = pick(random, WRAPS)(line);
  return integer(random, 10) === 0 ? damaged(random, line) : line;
}

/// A link fragment that is mostly well-formed, sometimes plain noise.
export function randomLink(random: Stream): string {
  const keys = ['v', 'sim', 'seed', 't', 'rx', 'usecs', 'c', 'budget', 'zzz', ''];
  const values = [
    '1',
    '2',
    'rx-ring',
    'interrupt-moderation',
    'softirq-budget',
    'nothing',
    '7',
    '-1',
    '1e99',
    '520us',
    '12.5ms',
    '9s',
    '256',
    'ethtool+-G+eth0+rx+4096@480us',
    'sleep+9@1us',
    '%',
    '%zz',
    '@',
    '@@',
    '%F0%9F',
    'x'.repeat(5000),
  ];
  let link = integer(random, 4) ? '#v=1&sim=rx-ring' : '#';
  for (let parts = integer(random, 8); parts > 0; parts--)
    link += `&${pick(random, keys)}=${pick(random, values)}`;
  return integer(random, 5) === 0 ? damaged(random, link) : link;
}

function simple(random: Stream): string {
  let line = pick(random, COMMANDS);
  for (let words = integer(random, 5); words > 0; words--)
    line += ' ' + pick(random, integer(random, 3) ? WORDS : OPTIONS);
  return line;
}

function noise(random: Stream, most: number): string {
  let text = '';
  for (let n = integer(random, most); n > 0; n--) text += CHARS[integer(random, CHARS.length)]!;
  return text;
}

/// The text with a piece cut out, doubled or replaced by noise.
function damaged(random: Stream, text: string): string {
  const at = integer(random, text.length + 1);
  const end = Math.min(text.length, at + integer(random, 6));
  const piece = [noise(random, 4), '', text.slice(at, end).repeat(2)][integer(random, 3)]!;
  return text.slice(0, at) + piece + text.slice(end);
}
