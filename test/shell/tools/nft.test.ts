import { describe, expect, it } from 'vitest';
import { digest } from '../../../src/engine/digest.ts';
import type { Kernel } from '../../../src/kernel/state.ts';
import { nft } from '../../../src/shell/commands/nft.ts';
import { hostLike, type, type Typed } from './typing.ts';

const run = (k: Kernel, line: string, uid = 0): Typed => type(nft, k, `nft ${line}`, { uid });

function withChain(family = 'inet'): Kernel {
  const k = hostLike('virtio');
  run(k, `add table ${family} t`);
  run(k, `add chain ${family} t c`);
  return k;
}

/// What nft shows of one rule that was typed; the error's first line where it refuses.
function shown(rule: string, family = 'inet'): string {
  const k = withChain(family);
  const { err } = run(k, `add rule ${family} t c ${rule}`);
  return err === ''
    ? run(k, `list chain ${family} t c`).out.split('\n')[2]!.trim()
    : err.split('\n')[0]!;
}

/// Runs a script from standard input.
function script(k: Kernel, text: string, options = '-f -'): Typed {
  const result = { out: '', err: '' };
  const sink = (name: 'out' | 'err') => ({
    *write(piece: string) {
      result[name] += piece;
    },
    *line(piece: string) {
      result[name] += `${piece}\n`;
    },
  });
  const argv = ['nft', ...options.split(' ')];
  const input = {
    *all() {
      return text;
    },
  };
  const io = { k, argv, uid: 0, in: input, out: sink('out'), err: sink('err') };
  const step = nft.run(io as unknown as Parameters<typeof nft.run>[0]).next();
  return { ...result, status: Number(step.value), marks: [] };
}

const RULESET = `table inet filter {
	set blocked {
		type ipv4_addr
		flags interval
		elements = { 10.0.0.77, 192.0.2.0/24,
			     198.51.100.1-198.51.100.9 }
	}

	map ways {
		type inet_service : verdict
		elements = { 22 : accept, 80 : jump web, 443 : jump web }
	}

	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		iifname "lo" accept
		ip saddr @blocked counter packets 0 bytes 0 drop
		tcp dport vmap @ways
		tcp flags syn / fin,syn,rst,ack limit rate 10/second burst 5 packets log prefix "syn: " accept
		udp dport { 53, 123, 1024-2047 } accept comment "some ports"
		reject with icmpx admin-prohibited
	}

	chain web {
		ip saddr . tcp dport { 10.0.0.1 . 80, 10.0.0.2 . 443 } accept
	}
}
table ip nat {
	chain out {
		type nat hook postrouting priority srcnat; policy accept;
		oifname "eth1" masquerade
		ip daddr 10.0.0.0/8 snat to 10.0.1.2-10.0.1.9
	}

	chain in {
		type nat hook prerouting priority dstnat - 5; policy accept;
		tcp dport 8080 redirect to :80
	}
}
`;

describe('nft', () => {
  it('lists a ruleset in the form in which it can be read again', () => {
    const k = hostLike('virtio');
    expect(script(k, RULESET)).toMatchObject({ err: '', status: 0 });
    expect(run(k, 'list ruleset').out).toBe(RULESET);
    expect(script(k, `flush ruleset\n${RULESET}`).err).toBe('');
    expect(run(k, 'list ruleset').out).toBe(RULESET);
  });

  it('carries out all of a file or nothing of it', () => {
    const k = withChain();
    const before = digest(k.nf.tables);
    const text =
      'table ip x { chain y { }\n}\nadd rule inet t c accept\nadd rule inet t nosuch drop\n';
    const { err, status } = script(k, text);
    expect(err).toBe(
      '/dev/stdin:4:17-22: Error: Could not process rule: No such file or directory\n' +
        'add rule inet t nosuch drop\n                ^^^^^^\n',
    );
    expect(status).toBe(1);
    expect(run(k, 'list tables').out).toBe('table inet t\n');
    k.nf.tables[0]!.hgenerator = 1;
    expect(digest(k.nf.tables)).toBe(before);
  });

  it('only tries with -c', () => {
    const k = hostLike('virtio');
    expect(script(k, RULESET, '-c -f -').status).toBe(0);
    expect(run(k, 'list ruleset').out).toBe('');
  });

  it('leaves out what goes without saying', () => {
    expect(shown('meta l4proto udp udp dport 9')).toBe('udp dport 9');
    expect(shown('ip protocol udp udp dport 9', 'ip')).toBe('udp dport 9');
    expect(shown('meta nfproto ipv4 ip saddr 10.0.0.1')).toBe('ip saddr 10.0.0.1');
    expect(shown('meta l4proto udp counter udp dport 9')).toBe(
      'meta l4proto udp counter packets 0 bytes 0 udp dport 9',
    );
  });

  it.each([
    ['ct state new,established', 'ct state established,new'],
    ['tcp flags & (fin | syn | rst | ack) == syn', 'tcp flags syn / fin,syn,rst,ack'],
    ['tcp flags & (syn | ack) == 0', 'tcp flags ! syn,ack'],
    ['tcp dport { https, ssh }', 'tcp dport { 22, 443 }'],
    ['mark 0x10', 'meta mark 0x00000010'],
    ['meta mark set mark or 0x1', 'meta mark set meta mark | 0x00000001'],
    [
      'limit rate over 1 mbytes/second burst 4 kbytes',
      'limit rate over 1 mbytes/second burst 4 kbytes',
    ],
    ['icmp type 8', 'icmp type echo-request'],
    ['ip dscp 0x2e', 'ip dscp ef'],
    ['log prefix x level warn', 'log prefix "x"'],
    ['ip saddr 10.1.2.3/8', 'ip saddr 10.0.0.0/8'],
    ['ip6 saddr fe80::/10', 'ip6 saddr fe80::/10'],
    ['queue num 3 bypass', 'queue flags bypass to 3'],
    ['ether saddr 52:54:0:12:34:50', 'ether saddr 52:54:00:12:34:50'],
    ['udp dport 1-9 iifname != "eth*"', 'udp dport 1-9 iifname != "eth*"'],
  ])('shows %s as %s', (typed, listed) => {
    expect(shown(typed)).toBe(listed);
  });

  it.each([
    ['tcp port 80', 'Error: syntax error, unexpected string'],
    ['udp dport 9 tcp dport 80', 'Error: conflicting protocols specified: udp vs. tcp'],
    ['accept counter', 'Error: Statement after terminal statement has no effect'],
    ['tcp dport 99999', 'Error: Service out of range'],
    ['iif nosuch', 'Error: Interface does not exist'],
    ['ip saddr @nosuch', 'Error: No such file or directory'],
    ['jump nosuch', 'Error: Could not process rule: No such file or directory'],
    [
      'masquerade to :80',
      'Error: transport protocol mapping is only valid after transport protocol match',
    ],
    ['dup to 10.0.0.1', 'softnet: not modelled here: nft: dup'],
  ])('refuses %s', (typed, says) => {
    expect(shown(typed)).toBe(says);
  });

  it('marks the two places that contradict each other', () => {
    const k = withChain();
    expect(run(k, 'add rule inet t c accept counter').err).toBe(
      'Error: Statement after terminal statement has no effect\n' +
        'add rule inet t c accept counter\n                  ~~~~~~ ^^^^^^^\n',
    );
  });

  it('asks what was meant when a name is nearly right', () => {
    const k = hostLike('virtio');
    run(k, 'add table inet filter');
    run(k, 'add chain inet filter input');
    expect(run(k, 'list chain inet filter inputs').err).toContain(
      "No such file or directory; did you mean chain 'input' in table inet 'filter'?",
    );
    expect(run(k, 'delete table inet fliter').err).toContain(
      "did you mean table 'filter' in family inet?",
    );
  });

  it('gives the kernel’s errors for what is there, missing or in use', () => {
    const k = withChain();
    run(k, 'add set inet t s "{ type ipv4_addr; }"');
    run(k, 'add rule inet t c ip saddr @s accept');
    const says = (line: string): string => run(k, line).err.split('\n')[0]!;
    expect(says('create table inet t')).toBe('Error: Could not process rule: File exists');
    expect(says('add table inet t')).toBe('');
    expect(says('delete set inet t s')).toBe(
      'Error: Could not process rule: Device or resource busy',
    );
    run(k, 'add chain inet t d');
    run(k, 'add rule inet t d jump c');
    expect(says('delete chain inet t c')).toBe(
      'Error: Could not process rule: Device or resource busy',
    );
    expect(says('destroy chain inet t nosuch')).toBe('');
    expect(says('add chain inet t n "{ type nat hook forward priority 0; }"')).toBe(
      'Error: Could not process rule: Operation not supported',
    );
    expect(says('add element inet t s { 10.0.0.0/8 }')).toContain("You must add 'flags interval'");
  });

  it('puts a rule where it is told to, and replaces one under its handle', () => {
    const k = withChain();
    for (const port of [1, 2]) run(k, `add rule inet t c udp dport ${port}`);
    run(k, 'insert rule inet t c udp dport 3');
    run(k, 'add rule inet t c position 2 udp dport 4');
    run(k, 'replace rule inet t c handle 3 udp dport 5');
    run(k, 'insert rule inet t c index 1 udp dport 6');
    const ports = [...run(k, '-a list chain inet t c').out.matchAll(/dport (\d) # handle (\d)/g)];
    expect(ports.map(([, port, handle]) => `${port}:${handle}`)).toEqual([
      '3:4',
      '6:6',
      '1:2',
      '4:5',
      '5:3',
    ]);
  });

  it('adds, finds, merges and removes elements', () => {
    const k = withChain();
    run(k, 'add set inet t s "{ type ipv4_addr; flags interval; auto-merge; }"');
    run(k, 'add element inet t s { 10.0.0.0/25, 10.0.0.128/25, 10.0.2.1 }');
    expect(run(k, 'list set inet t s').out).toContain('elements = { 10.0.0.0/24, 10.0.2.1 }');
    expect(run(k, 'get element inet t s { 10.0.0.9 }').out).toContain('elements = { 10.0.0.0/24 }');
    expect(run(k, 'get element inet t s { 10.0.1.1 }').status).toBe(1);
    run(k, 'delete element inet t s { 10.0.2.1 }');
    run(k, 'flush set inet t s');
    expect(run(k, 'list set inet t s').out).not.toContain('elements');
  });

  it('says of a rule’s numbers what they count', () => {
    const k = withChain();
    run(k, 'add rule inet t c counter packets 3 bytes 138');
    expect(run(k, 'list ruleset').marks).toEqual([
      { text: '3', ref: 'counter:nft:packets' },
      { text: '138', ref: 'counter:nft:bytes' },
    ]);
  });

  it('needs root, but finds a wrong word first', () => {
    const k = hostLike('virtio');
    expect(run(k, 'list ruleset', 1000).err).toBe(
      'Operation not permitted (you must be root)\n' +
        'netlink: Error: cache initialization failed: Operation not permitted\n',
    );
    expect(run(k, 'lost ruleset', 1000).err).toContain('syntax error');
  });

  it('shows what iptables wrote in its own form, and warns', () => {
    const k = withChain('ip');
    const table = k.nf.tables[0]!;
    run(k, 'add rule ip t c counter meta mark set 7');
    const [rule] = table.chains[0]!.rules;
    rule!.exprs = rule!.exprs.map((expr) =>
      expr.kind === 'mark' ? { ...expr, xt: 'meta mark set 0x7' } : expr,
    );
    const { out, err } = run(k, 'list ruleset');
    expect(out).toContain('\t\tcounter packets 0 bytes 0 meta mark set 0x7\n');
    expect(err).toBe('# Warning: table ip t is managed by iptables-nft, do not touch!\n');
  });

  it.each([
    'constructor',
    '__proto__ accept',
    'tcp dport constructor',
    'ct state toString',
    'meta pkttype valueOf',
    'limit rate 5 constructor/second',
    'reject with icmp type constructor',
    'log flags constructor',
    'quota 5 constructor',
  ])('knows no word that only JavaScript knows: %s', (rule) => {
    expect(shown(rule)).toMatch(/^Error: /);
  });

  it('gives up on definitions that double with each line', () => {
    const lines = Array.from({ length: 40 }, (_, i) => `define a${i + 1} = { $a${i}, $a${i} }`);
    const { err } = script(hostLike('virtio'), `define a0 = { 1, 2 }\n${lines.join('\n')}\n`);
    expect(err).toBe('softnet: not modelled here: nft: definitions of that size\n');
  });

  it('takes a set of twenty thousand addresses, and three thousand sets of two, in a moment', () => {
    const address = (i: number): string => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
    const many = Array.from({ length: 20_000 }, (_, i) => address(7 * i)).join(', ');
    const k = withChain('ip');
    script(k, `add set ip t s { type ipv4_addr; }\nadd element ip t s { ${many} }\n`);
    expect(k.nf.tables[0]!.sets[0]!.elements).toHaveLength(20_000);
    const own = Array.from(
      { length: 3000 },
      (_, i) => `add rule ip t c ip saddr { ${address(i)}, 1.1.1.1 } drop`,
    );
    script(k, `${own.join('\n')}\n`);
    expect(k.nf.tables[0]!.chains[0]!.rules).toHaveLength(3000);
  });
});
