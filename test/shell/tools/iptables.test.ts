import { describe, expect, it } from 'vitest';
import { iptables, iptablesRestore, iptablesSave } from '../../../src/shell/commands/iptables.ts';
import { nft } from '../../../src/shell/commands/nft.ts';
import type { Kernel } from '../../../src/kernel/state.ts';
import { hostLike, type } from './typing.ts';

const run = (k: Kernel, line: string) => type(iptables, k, `iptables ${line}`);
const rules = (k: Kernel, table = 'filter') =>
  run(k, `-t ${table} -S`)
    .out.split('\n')
    .filter((line) => line.startsWith('-A'));

describe('rules as they are written', () => {
  it.each([
    [
      'filter',
      '-A INPUT -s 10.0.0.0/8 ! -i eth1 -p tcp -m tcp --sport 1024:65535 --dport 22 -j ACCEPT',
    ],
    ['filter', '-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j DROP'],
    ['filter', '-A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT'],
    [
      'filter',
      '-A INPUT -p icmp -m icmp --icmp-type 8 -j REJECT --reject-with icmp-host-unreachable',
    ],
    ['filter', '-A INPUT -m limit --limit 10/min -j LOG --log-prefix "in: " --log-level 6'],
    ['filter', '-A FORWARD ! -d 10.1.2.3/32 -o eth+ -m mark --mark 0x1/0xff -j DROP'],
    ['filter', '-A INPUT -m state --state NEW -m comment --comment hello -j RETURN'],
    ['mangle', '-A PREROUTING -j MARK --set-xmark 0x0/0xfffffff0'],
    ['nat', '-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.1.5:8080'],
    ['nat', '-A POSTROUTING -s 10.0.0.0/24 -j SNAT --to-source 10.0.1.2-10.0.1.4'],
  ])('%s: %s comes back as it was', (table, line) => {
    const k = hostLike('igb');
    expect(run(k, `-t ${table} ${line}`)).toMatchObject({ err: '', status: 0 });
    expect(rules(k, table)).toEqual([line]);
    expect(run(k, `-t ${table} ${line.replace('-A', '-C')}`).status).toBe(0);
    expect(run(k, `-t ${table} ${line.replace('-A', '-D')}`).status).toBe(0);
    expect(rules(k, table)).toEqual([]);
  });

  it('are what nft lists', () => {
    const k = hostLike('igb');
    run(k, '-A INPUT -s 10.0.0.0/8 -p tcp -m multiport --dports 443,80 -j ACCEPT');
    run(k, '-A INPUT -m conntrack --ctstate INVALID -j REJECT');
    run(k, '-A INPUT -p icmp --icmp-type 8 -j ACCEPT');
    run(k, '-t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080');
    const { out } = type(nft, k, 'nft list ruleset');
    expect(out).toContain(
      'ip saddr 10.0.0.0/8 ip protocol tcp tcp dport { 443, 80 } counter packets 0 bytes 0 accept',
    );
    expect(out).toContain(
      'ip protocol icmp icmp type echo-request counter packets 0 bytes 0 accept',
    );
    expect(out).toContain('ct state invalid counter packets 0 bytes 0 reject');
    expect(out).toContain('tcp dport 80 counter packets 0 bytes 0 redirect to :8080');
  });
});

describe('chains', () => {
  it('are inserted into, replaced, renamed and removed by number and name', () => {
    const k = hostLike('igb');
    for (const port of [1, 2, 3]) run(k, `-A INPUT -p udp --dport ${port}`);
    run(k, '-I INPUT 2 -p udp --dport 9');
    run(k, '-R INPUT 1 -p udp --dport 8');
    run(k, '-D INPUT 3');
    expect(rules(k).map((line) => line.split(' ').at(-1))).toEqual(['8', '9', '3']);
    run(k, '-N one');
    expect(run(k, '-N one')).toMatchObject({ err: 'iptables: Chain already exists.\n', status: 1 });
    run(k, '-E one two');
    expect(run(k, '-S two').out).toBe('-N two\n');
    expect(run(k, '-X two').status).toBe(0);
    expect(run(k, '-L two').err).toBe('iptables: No chain/target/match by that name.\n');
  });

  it('say what is wrong', () => {
    const k = hostLike('igb');
    expect(run(k, '-D INPUT -p udp')).toMatchObject({
      err: 'iptables: Bad rule (does a matching rule exist in that chain?).\n',
      status: 1,
    });
    expect(run(k, '-R INPUT 1 -p udp').err).toBe('iptables: Index of replacement too big.\n');
    expect(run(k, '-I INPUT 5 -p udp').err).toBe('iptables: Index of insertion too big.\n');
    expect(run(k, '').status).toBe(2);
    expect(run(k, '-A INPUT -m recent')).toMatchObject({
      err: 'softnet: not modelled here: iptables: match recent\n',
      status: 1,
    });
    expect(k.nf.tables).toEqual([]);
  });
});

describe('saving', () => {
  it('gives a text that restores the same rules', () => {
    const k = hostLike('igb');
    run(k, '-P FORWARD DROP');
    run(k, '-N WEB');
    run(k, '-A INPUT -p tcp --dport 80 -j WEB');
    run(k, '-A WEB -m comment --comment "a b" -j ACCEPT');
    const strip = (text: string) => text.replace(/^#.*\n/gm, '');
    const saved = strip(type(iptablesSave, k, 'iptables-save').out);
    const other = hostLike('igb');
    const io = { all: saved };
    expect(restoreFrom(other, io.all)).toBe(0);
    expect(strip(type(iptablesSave, other, 'iptables-save').out)).toBe(saved);
  });

  it('changes nothing when a line is wrong, or COMMIT is missing', () => {
    const k = hostLike('virtio');
    run(k, '-A INPUT -p udp -j DROP');
    const before = run(k, '-S').out;
    expect(restoreFrom(k, '*filter\n-A INPUT -p tcp -j ACCEPT\n-A NOWHERE -j DROP\nCOMMIT\n')).toBe(
      1,
    );
    expect(run(k, '-S').out).toBe(before);
    expect(restoreFrom(k, '*filter\n-A INPUT -p tcp -j ACCEPT\n')).toBe(1);
    expect(run(k, '-S').out).toBe(before);
    expect(restoreFrom(k, '*filter\n-A INPUT -p tcp -j ACCEPT\nCOMMIT\n')).toBe(0);
    expect(rules(k)).toEqual(['-A INPUT -p tcp -j ACCEPT']);
  });

  it('takes ten thousand rules in a moment', () => {
    const k = hostLike('virtio');
    const lines = Array.from(
      { length: 10_000 },
      (_, i) => `-A INPUT -s 10.0.${i >> 8}.${i & 255} -j DROP`,
    );
    expect(restoreFrom(k, `*filter\n${lines.join('\n')}\nCOMMIT\n`)).toBe(0);
    expect(rules(k)).toHaveLength(10_000);
  });
});

describe('what cannot be', () => {
  const help = "Try `iptables -h' or 'iptables --help' for more information.\n";
  const says = (text: string): string => `iptables v1.8.11 (nf_tables): ${text}\n`;
  it.each([
    ['stray', `Bad argument \`stray'\n${help}`, 2],
    ['-6 -A INPUT -j DROP', help, 2],
    ['-A INPUT -o eth0 -j DROP', says("Can't use --out-interface with INPUT") + help, 2],
    ['-A INPUT -p udp -p tcp', says('multiple --protocol options not allowed') + help, 2],
    [
      '-A INPUT -p icmp --icmp-type router',
      says("Ambiguous ICMP type `router': `router-advertisement' or `router-solicitation'?") + help,
      2,
    ],
    [
      '-t nat -A PREROUTING -j DNAT',
      says('DNAT: option "--to-destination" must be specified\n') + help,
      2,
    ],
    [
      '-t nat -A PREROUTING -j DNAT --to-destination 10.0.0.9:80',
      says('Need TCP, UDP, SCTP or DCCP with port specification') + help,
      2,
    ],
    ['-N REJECT', says('chain name may not clash with target name') + help, 2],
    [
      '-A INPUT -j SNAT --to-source 10.0.0.9',
      says(' RULE_APPEND failed (Invalid argument): rule in chain INPUT'),
      4,
    ],
    [
      '-I INPUT -j REJECT --reject-with tcp-reset',
      says(' RULE_INSERT failed (Invalid argument): rule in chain INPUT'),
      4,
    ],
  ])('is refused: iptables %s', (line, err, status) => {
    const k = hostLike('virtio');
    expect(run(k, line)).toMatchObject({ out: '', err, status });
    expect(rules(k)).toEqual([]);
  });

  it('has its line of the saved text in what is said', () => {
    const k = hostLike('virtio');
    const name = 'iptables-restore';
    const before = `${name} v1.8.11 (nf_tables): `;
    const after = `Try \`${name} -h' or '${name} --help' for more information.\n`;
    expect(complaintOf(k, '*filter\n-A INPUT -p nosuch\nCOMMIT\n')).toBe(
      `${before}unknown protocol "nosuch" specified\nError occurred at line: 2\n${after}`,
    );
    expect(complaintOf(k, '*filter\n-A NOWHERE -j DROP\nCOMMIT\n')).toBe(
      `${name}: line 2 failed: No chain/target/match by that name.\n`,
    );
    expect(complaintOf(k, '*filter\n-A INPUT\n-A INPUT -j CT --notrack\nCOMMIT\n')).toBe(
      `${before}\nline 3: RULE_APPEND failed (Invalid argument): rule in chain INPUT\n`,
    );
  });
});

describe('-L without -n', () => {
  it('has names for what -n has numbers for', () => {
    const k = hostLike('virtio');
    run(k, '-A INPUT -p tcp --syn --dport 22 ! -s 10.0.0.0/8 -j LOG --log-uid --log-level debug');
    run(k, '-A INPUT -p 47 -m mark ! --mark 1 -j ACCEPT');
    const row = (how: string, at: number) => run(k, `-L INPUT ${how}`).out.split('\n')[at + 2];
    expect(row('', 0)).toBe(
      'LOG        tcp  -- !10.0.0.0/8           anywhere             tcp dpt:ssh flags:FIN,SYN,RST,ACK/SYN LOG level debug uid',
    );
    expect(row('-n', 0)).toBe(
      'LOG        tcp  -- !10.0.0.0/8           0.0.0.0/0            tcp dpt:22 flags:0x17/0x02 LOG flags 8 level 7',
    );
    expect(row('', 1)).toBe(
      'ACCEPT     gre  --  anywhere             anywhere             mark match ! 0x1',
    );
    expect(row('-v', 1)).toBe(
      '    0     0 ACCEPT     gre  --  any    any     anywhere             anywhere             mark match ! 0x1',
    );
    expect(row('-vn', 1)).toBe(
      '    0     0 ACCEPT     47   --  *      *       0.0.0.0/0            0.0.0.0/0            mark match ! 0x1',
    );
  });
});

describe('words that every object of JavaScript knows', () => {
  it.each([
    '-A INPUT -p constructor',
    '-A INPUT -p tcp --dport constructor',
    '-A INPUT -m constructor',
    '-A INPUT -j toString',
    '-A INPUT -p icmp --icmp-type valueOf',
  ])('mean nothing to iptables %s', (line) => {
    const k = hostLike('virtio');
    expect(run(k, line).status).not.toBe(0);
    expect(rules(k)).toEqual([]);
  });
});

function complaintOf(k: Kernel, text: string): string {
  let said = '';
  restoreFrom(k, text, (piece) => {
    said += piece;
  });
  return said;
}

function restoreFrom(
  k: Kernel,
  text: string,
  hear: (piece: string) => void = () => undefined,
): number {
  const sink = { *write() {}, *line() {}, *pass() {} };
  const err = {
    ...sink,
    *write(piece: string) {
      hear(piece);
    },
  };
  const input = {
    *all() {
      return text;
    },
  };
  const io = { k, argv: ['iptables-restore'], uid: 0, in: input, out: sink, err };
  const running = iptablesRestore.run(io as never);
  const step = running.next();
  return step.done ? step.value : -1;
}
